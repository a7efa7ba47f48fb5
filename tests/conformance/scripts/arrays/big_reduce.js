function main() {
  const a = Array.from({ length: 20000 }, (_, i) => (i * 2654435761) % 65537);
  a.sort((x, y) => x - y);
  return [a[0], a[10000], a[19999], a.reduce((s, x) => s + x, 0), new Set(a).size, a.filter((x, i) => i && x === a[i - 1]).length];
}
