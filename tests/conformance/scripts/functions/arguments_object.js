function sloppy(a, b) { a = 9; arguments[1] = 8; return [arguments[0], b, arguments.length, typeof arguments.callee]; }
function strict(a) { 'use strict'; a = 9; return [arguments[0], [...arguments]]; }
function main() {
  return [sloppy(1, 2, 3), strict(1, 2), (function () { return Array.prototype.slice.call(arguments, 1); })(1, 2, 3)];
}
