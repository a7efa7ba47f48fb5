function main() {
  let n = 0; const o = { get next() { return n++; } }; const seen = [];
  while (o.next < 5) seen.push(n); do seen.push('d' + n); while (n++ < 7);
  for (let i = 0, j = 10; i < j; i += 3, j -= 1) seen.push([i, j]);
  for (;;) { if (seen.length > 8) break; seen.push('x'); }
  return seen;
}
