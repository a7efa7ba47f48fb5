function main() {
  const s = Symbol('desc'), o = { [s]: 1, [Symbol.for('shared')]: 2, plain: 3 };
  return [String(s), s.description, Symbol.keyFor(Symbol.for('shared')), Symbol.keyFor(s) === undefined, Symbol.for('shared') === Symbol.for('shared'), Object.getOwnPropertySymbols(o).length, JSON.stringify(o), Reflect.ownKeys(o).length, Object(s) == s, typeof Object(s), Symbol().description === undefined, Symbol.iterator.toString()];
}
