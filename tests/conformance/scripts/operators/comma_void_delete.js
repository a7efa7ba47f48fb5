function main() {
  const o = { a: 1, b: 2 }; Object.defineProperty(o, 'fixed', { value: 1 });
  const strictDelete = (function () { 'use strict'; try { delete o.fixed; } catch (error) { return error.name; } })();
  const arr = [1, 2, 3]; delete arr[1];
  return [delete o.a, delete o.nope, delete o.fixed, strictDelete, Object.keys(o), arr.length, 1 in arr, JSON.stringify(arr), (1, 2), void 'x' === undefined];
}
