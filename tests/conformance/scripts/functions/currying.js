const curry = (fn) => function step(...args) { return args.length >= fn.length ? fn(...args) : (...more) => step(...args, ...more); };
const pipe = (...fns) => (x) => fns.reduce((value, fn) => fn(value), x);
const memo = (fn, cache = new Map()) => (n) => cache.has(n) ? cache.get(n) : (cache.set(n, fn(n)), cache.get(n));
const fib = memo((n) => n < 2 ? n : fib(n - 1) + fib(n - 2));
function main() { return [curry((a, b, c) => a + b + c)(1)(2)(3), curry((a, b) => a * b)(4, 5), pipe((x) => x + 1, (x) => x * 2, String)(4), fib(70)]; }
