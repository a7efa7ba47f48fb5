// node: 22
function main() {
  const a = new Set([1, 2, 3, 4]), b = new Set([3, 4, 5]), like = { size: 1, has: (x) => x === 2, keys: () => [2].values() };
  return [[...a.union(b)], [...a.intersection(b)], [...a.difference(b)], [...a.symmetricDifference(b)], a.isSubsetOf(b), new Set([3]).isSubsetOf(a), a.isSupersetOf(new Set([1])), a.isDisjointFrom(new Set([9])), [...a.intersection(like)], [...a.union(new Map([['k', 1]]))].length, (() => { try { a.union([1]); } catch (e) { return e.name; } })()];
}
