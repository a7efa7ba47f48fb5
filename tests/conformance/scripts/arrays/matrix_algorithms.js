const multiply = (a, b) => a.map((row) => b[0].map((_, j) => row.reduce((s, x, k) => s + x * b[k][j], 0)));
function power(m, n) { let r = m.map((row, i) => row.map((_, j) => +(i === j))); while (n) { if (n & 1) r = multiply(r, m); m = multiply(m, m); n >>= 1; } return r; }
function* permutations(a) { if (a.length < 2) yield a; for (let i = 0; i < a.length; i++) for (const p of permutations([...a.slice(0, i), ...a.slice(i + 1)])) yield [a[i], ...p]; }
function main() { return [power([[1, 1], [1, 0]], 50), [...permutations([1, 2, 3])].map((p) => p.join('')), multiply([[1, 2], [3, 4]], [[0, 1], [1, 0]])]; }
