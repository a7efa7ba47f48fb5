function main() {
  const { a, b: renamed = 'default', c: { d, ...inner } = {}, ['comp' + 'uted']: e, ...rest } = { a: 1, c: { d: 2, x: 3, y: 4 }, computed: 5, z: 6, w: 7 };
  let f, g; ({ f, g = f } = { f: 'swap' });
  const { length } = 'hello';
  return { a, renamed, d, inner, e, rest, f, g, length };
}
