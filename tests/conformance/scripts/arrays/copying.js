// node: 20
function main() {
  const a = [3, 1, 2];
  return [a.toSorted(), a.toReversed(), a.toSpliced(1, 1, 'x', 'y'), a.with(-1, 'last'), a, (() => { try { a.with(5, 1); } catch (e) { return e.name; } })(), [, 1].toReversed(), new Uint8Array([3, 1]).toSorted().join()];
}
