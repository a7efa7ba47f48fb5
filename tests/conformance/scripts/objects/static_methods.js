function main() {
  const a = { x: 1, y: { z: 2 } };
  const target = Object.assign({ a: 0 }, a, null, { a: 5 }, 'ab');
  return [target, target.y === a.y, Object.entries(a), Object.values('hi'), Object.fromEntries([['k', 1], ['l', 2]]), Object.fromEntries(new Map([[1, 2]])), Object.is(NaN, NaN), Object.hasOwn(a, 'x'), Object.keys([4, 5]), Object.getOwnPropertyNames('ab')];
}
