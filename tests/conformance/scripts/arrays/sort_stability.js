function main() {
  const items = Array.from({ length: 200 }, (_, i) => ({ i, key: (i * 7919) % 13 }));
  const sorted = [...items].sort((a, b) => a.key - b.key);
  const stable = sorted.every((x, k) => k === 0 || sorted[k - 1].key < x.key || (sorted[k - 1].key === x.key && sorted[k - 1].i < x.i));
  return [stable, [10, 9, 1, undefined, 2, , 'b', 'a'].sort().length, [10, 9, 1].sort(), [3, undefined, 1].sort((a, b) => b - a), ['é', 'z', 'a', 'Z', 'É'].sort(), [true, false, null].sort(), [5, 2].sort(() => 0), (() => { try { [1, 2].sort('x'); } catch (e) { return e.name; } })()];
}
