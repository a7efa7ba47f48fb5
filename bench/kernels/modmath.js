// Modular exponentiation over long numbers kept as arrays of 14-bit digits: integer arithmetic in
// tight loops, as in RSA written in JavaScript.
const BITS = 14, BASE = 1 << BITS, MASK = BASE - 1;

function random(digits, seed) {
  const out = new Array(digits);
  for (let i = 0; i < digits; i++) {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    out[i] = (seed >> 8) & MASK;
  }
  return out;
}

// -1/m0 modulo the base, by Newton's steps.
function inverse(m0) {
  let x = 1;
  for (let i = 0; i < 4; i++) x = (x * (2 - ((m0 * x) & MASK))) & MASK;
  return (BASE - x) & MASK;
}

// Montgomery product a*b/R mod m, digits least significant first.
function multiply(a, b, m, m0inv) {
  const n = m.length;
  const t = new Array(n + 2).fill(0);
  for (let i = 0; i < n; i++) {
    const ai = a[i];
    let carry = 0;
    for (let j = 0; j < n; j++) {
      const v = t[j] + ai * b[j] + carry;
      t[j] = v & MASK;
      carry = v >> BITS;
    }
    let v = t[n] + carry;
    t[n] = v & MASK;
    t[n + 1] += v >> BITS;
    const q = (t[0] * m0inv) & MASK;
    carry = (t[0] + q * m[0]) >> BITS;
    for (let j = 1; j < n; j++) {
      const w = t[j] + q * m[j] + carry;
      t[j - 1] = w & MASK;
      carry = w >> BITS;
    }
    v = t[n] + carry;
    t[n - 1] = v & MASK;
    t[n] = t[n + 1] + (v >> BITS);
    t[n + 1] = 0;
  }
  return reduce(t, m);
}

function reduce(t, m) {
  const n = m.length;
  let less = t[n] === 0;
  for (let i = n - 1; less && i >= 0; i--) {
    if (t[i] < m[i]) break;
    if (t[i] > m[i] || i === 0) less = false;
  }
  const out = new Array(n);
  let borrow = 0;
  for (let i = 0; i < n; i++) {
    let v = less ? t[i] : t[i] - m[i] - borrow;
    borrow = v < 0 ? 1 : 0;
    out[i] = v & MASK;
  }
  return out;
}

function power(base, exponent, m) {
  const m0inv = inverse(m[0]);
  let result = base;
  for (let i = exponent.length * BITS - 1; i >= 0; i--) {
    result = multiply(result, result, m, m0inv);
    if ((exponent[Math.floor(i / BITS)] >> i % BITS) & 1) result = multiply(result, base, m, m0inv);
  }
  return result;
}

function main() {
  const digits = 37; // 518 bits
  const m = random(digits, 11);
  m[0] |= 1;
  m[digits - 1] |= BASE >> 1;
  let value = random(digits, 5);
  value[digits - 1] = 1;
  for (let i = 0; i < 3; i++) value = power(value, random(digits, 77 + i), m);
  let sum = 0;
  for (const digit of value) sum = (sum * 31 + digit) % 1000000007;
  return { checksum: sum };
}
