function f(a, b = a * 2, { c = b + 1, d: [e = 5] = [] } = {}, ...rest) { return [a, b, c, e, rest, f.length, arguments.length]; }
function tdz(a = b, b) { return [a, b]; }
function main() {
  let name;
  try { tdz(undefined, 1); } catch (error) { name = error.name; }
  return [f(1), f(1, undefined, { c: 0 }), f(1, null, { d: [9] }, 7, 8), name];
}
