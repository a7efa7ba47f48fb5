const quick = (a) => a.length < 2 ? a : [...quick(a.slice(1).filter((x) => x < a[0])), a[0], ...quick(a.slice(1).filter((x) => x >= a[0]))];
const search = (a, x, lo = 0, hi = a.length - 1) => { while (lo <= hi) { const mid = (lo + hi) >> 1; if (a[mid] === x) return mid; a[mid] < x ? (lo = mid + 1) : (hi = mid - 1); } return -1; };
function main() { let s = 42; const next = () => (s = (s * 1103515245 + 12345) % 2147483648); const a = quick(Array.from({ length: 300 }, () => next() % 1000)); return [a.slice(0, 10), a.at(-1), search(a, a[77]) >= 0, search(a, -5)]; }
