function main() {
  const o = { a: 1, b: 2 };
  with (o) { a = b + 10; var c = a; }
  implicit = 'created';
  const octal = 010;
  return [o, c, implicit, octal, (function () { return this === globalThis; })(), (function (a, a) { return a; })(1, 2)];
}
