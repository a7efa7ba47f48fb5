function main() {
  const o = { a: 1, get b() { return 2; }, [Symbol.for('s')]: 3 };
  const copy = { ...o, a: 9, ...null, ...[7] };
  return { copy, max: Math.max(...[1, 5], ...new Set([9])), arr: [...'a😀b', ...[, 1]], sym: copy[Symbol.for('s')], desc: Object.getOwnPropertyDescriptor(copy, 'b') };
}
