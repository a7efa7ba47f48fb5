function main() {
  var x = (1, 2, 3);
  const v = !function () { return false; }();
  const o = new (class { constructor(a) { this.a = a; } })(5);
  void 0;
  return [x, v, o.a, typeof void 0, (() => ({ a: 1 }))().a, (function () { return typeof this; })(), (function () { 'use strict'; return typeof this; })()];
}
