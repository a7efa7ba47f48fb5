function main() {
  const concatable = { length: 2, 0: 'x', 1: 'y', [Symbol.isConcatSpreadable]: true };
  const matcher = { [Symbol.replace]: (s, r) => `${s}|${r}`, [Symbol.split]: (s) => [s, 'split'], [Symbol.search]: () => 42, [Symbol.match]: () => ['m'] };
  return [[1].concat(concatable), 'abc'.replace(matcher, 'r'), 'abc'.split(matcher), 'abc'.search(matcher), 'abc'.match(matcher), Array.prototype[Symbol.unscopables].flat, String({ [Symbol.toStringTag]: 'T' })];
}
