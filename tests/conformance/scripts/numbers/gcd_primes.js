const gcd = (a, b) => (b ? gcd(b, a % b) : a);
function sieve(n) { const s = new Uint8Array(n + 1).fill(1); s[0] = s[1] = 0; for (let i = 2; i * i <= n; i++) if (s[i]) for (let j = i * i; j <= n; j += i) s[j] = 0; return [...s.keys()].filter((i) => s[i]); }
function main() { const p = sieve(2000); return [gcd(1071, 462), p.length, p.at(-1), p.slice(0, 8), [6, 28, 496].map((n) => Array.from({ length: n - 1 }, (_, i) => i + 1).filter((d) => n % d === 0).reduce((a, b) => a + b))]; }
