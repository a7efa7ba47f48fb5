function main() {
  let [a, , b = 'x', [c, ...d] = [], ...e] = [1, 2, undefined, [3, 4, 5], 6, 7];
  let x = 1, y = 2, z = 3; [x, y, z] = [z, x, y];
  const [first, second] = new Set(['s', 't']);
  const o = {}; [o.p, o['q']] = 'hé';
  const [[k, v]] = new Map([['key', 'value']]);
  return { a, b, c, d, e, xyz: [x, y, z], first, second, o, k, v };
}
