function main() {
  const a = new Int32Array([5, -3, 9, 0]); const b = new Int32Array(6); b.set(a, 1); b.set([100], 5);
  const attempt = (body) => { try { return body(); } catch (e) { return e.name; } };
  return [[...b], [...a.sort()], [...a.reverse()], [...a.copyWithin(0, 2)], a.reduce((x, y) => x + y), a.every((x) => x > -9), [...a.filter((x) => x > 0)], a.findLast((x) => x < 5), [...new Set(a)], attempt(() => b.set(a, 4)), attempt(() => new Int8Array([1n])), attempt(() => new BigInt64Array([1])), a.join('|'), a.toString(), [...a.keys()], Int8Array.of(127, 128).join(), [...Uint8Array.from('123', (c) => c * 2)], a.lastIndexOf(0), [...a.fill(3, 1, 2)]];
}
