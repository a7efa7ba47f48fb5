function* count(from, to) { for (let i = from; i <= to; i++) { const reset = yield i; if (reset !== undefined) i = reset - 1; } return 'end'; }
function main() {
  const g = count(1, 5);
  const seen = [g.next(), g.next(), g.next(4), g.next(), g.next(), g.next()];
  return { seen, spread: [...count(1, 3)], array: Array.from(count(2, 4), (x) => x * x) };
}
