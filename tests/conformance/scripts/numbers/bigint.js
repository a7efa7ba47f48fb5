function main() {
  const f = (n) => (n < 2n ? 1n : n * f(n - 1n)); const mod = (b, e, m) => { let r = 1n; b %= m; while (e > 0n) { if (e & 1n) r = (r * b) % m; b = (b * b) % m; e >>= 1n; } return r; };
  return [f(30n), 2n ** 100n, -7n / 2n, -7n % 2n, 5n & -2n, -5n >> 1n, 1n << 70n, ~5n, 0xffn, BigInt('0b101'), BigInt(2 ** 60), BigInt.asIntN(8, 255n), BigInt.asUintN(8, -1n), mod(3n, 1000n, 1000000007n), BigInt('-123'), -(-5n), BigInt('  12  '), 123n ** 20n].map(String).concat([1n < 2, 2n == 2, 2n === 2, 1n + 2n === 3n, typeof 1n, [3n, 1, 2n].sort((a, b) => (a < b ? -1 : 1)).map(String), (255n).toString(16), Number(2n ** 64n), parseInt('12n'), 0n ? 't' : 'f', JSON.stringify({ v: String(5n) })]);
}
