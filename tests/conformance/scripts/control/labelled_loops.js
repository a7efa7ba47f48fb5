function main() {
  const out = [];
  outer: for (let i = 0; i < 4; i++) { inner: for (let j = 0; j < 4; j++) { if (j === 2) continue outer; if (i === 2) break outer; if ((i + j) % 2) continue inner; out.push([i, j]); } }
  block: { out.push('in'); if (out.length) break block; out.push('never'); }
  let n = 0; loop: while (true) { do { if (++n > 5) break loop; } while (n % 3); out.push(n); }
  return out;
}
