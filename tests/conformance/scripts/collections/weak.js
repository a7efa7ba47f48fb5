function main() {
  const w = new WeakMap(), s = new WeakSet(), k = {}, f = () => {};
  w.set(k, 1).set(f, 2); s.add(k);
  const refused = (body) => { try { body(); return 'ok'; } catch (e) { return e.name; } };
  return [w.get(k), w.get(f), w.has({}), w.delete(k), w.has(k), s.has(k), s.has(f), refused(() => w.set('str', 1)), refused(() => s.add(1)), refused(() => w.set(Symbol.for('r'), 1)), typeof new WeakRef(k).deref(), refused(() => new WeakRef(1)), typeof FinalizationRegistry];
}
