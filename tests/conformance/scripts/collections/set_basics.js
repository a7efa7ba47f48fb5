function main() {
  const s = new Set('hello'); const seen = []; s.add('h').add('z').delete('e');
  const live = new Set([1, 2]); for (const x of live) { seen.push(x); if (x < 3) { live.delete(x); live.add(x + 2); } }
  return [[...s], s.has('l'), s.size, seen, [...s.entries()][0], new Set([NaN, NaN, 0, -0]).size, new Set(null).size, [...new Set([3, 1, 3])].sort(), (() => { try { Set(); } catch (e) { return e.name; } })()];
}
