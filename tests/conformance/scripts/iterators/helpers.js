// node: 22
function* naturals() { let n = 1; for (;;) yield n++; }
function main() {
  return {
    chain: naturals().filter((n) => n % 2).map((n) => n * n).drop(1).take(4).toArray(),
    reduce: [1, 2, 3].values().reduce((a, b) => a + b, 10),
    flat: ['a b', 'c'].values().flatMap((s) => s.split(' ')).toArray(),
    some: naturals().some((n) => n > 10), every: [1, 2].values().every((n) => n < 2), find: naturals().find((n) => n * n > 50),
    from: Iterator.from({ next() { return { done: this.n > 2, value: this.n++ }; }, n: 0 }).toArray(),
  };
}
