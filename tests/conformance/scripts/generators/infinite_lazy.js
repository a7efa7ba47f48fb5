function* naturals() { let n = 0; while (true) yield n++; }
function* take(n, it) { if (n <= 0) return; for (const x of it) { yield x; if (--n <= 0) return; } }
function* filter(f, it) { for (const x of it) if (f(x)) yield x; }
function* primes() { yield 2; const found = [2]; for (const n of filter((x) => x > 2, naturals())) if (found.every((p) => n % p)) { found.push(n); yield n; } }
function main() { return [...take(15, primes())]; }
