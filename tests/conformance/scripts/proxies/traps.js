function main() {
  const log = [];
  const p = new Proxy({ a: 1 }, {
    get(t, k, r) { log.push('get ' + String(k)); return Reflect.get(t, k, r) ?? `no ${String(k)}`; }, set(t, k, v) { log.push('set ' + k); t[k] = v * 2; return true; },
    has(t, k) { log.push('has ' + k); return k.startsWith('v'); }, deleteProperty(t, k) { log.push('delete ' + k); return delete t[k]; },
    ownKeys() { log.push('ownKeys'); return ['a', 'virtual']; }, getOwnPropertyDescriptor(t, k) { log.push('gopd ' + k); return { value: 7, enumerable: true, configurable: true }; },
  });
  p.b = 5; delete p.a;
  return { b: p.b, nope: p.nope, has: ['v' in p, 'b' in p], keys: Object.keys(p), spread: (() => { try { return { ...p }; } catch (e) { return e.name; } })(), log };
}
