function main() {
  let i = 5; const a = [i++, ++i, i--, --i, i]; let s = '5'; s++; let o = { n: 1 }; o.n += o.n++ + ++o.n; let x = 2; x **= 3; x %= 5; x <<= 2; x >>>= 1; x |= 1; x ^= 7; let b = 1n; b++; b *= 3n;
  return [a, s, o.n, x, String(b), (() => { let y = 'a'; y += 1 + 2; return y; })(), -'3', +true, - -1, !'' + 1];
}
