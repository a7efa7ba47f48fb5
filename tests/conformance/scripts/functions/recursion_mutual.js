function isEven(n) { return n === 0 ? true : isOdd(n - 1); }
function isOdd(n) { return n === 0 ? false : isEven(n - 1); }
const ackermann = (m, n) => m === 0 ? n + 1 : n === 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
function main() { return [isEven(500), isOdd(501), isEven(7), ackermann(2, 5), (function fact(n) { return n < 2 ? 1 : n * fact(n - 1); })(15)]; }
