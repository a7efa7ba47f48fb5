function main() {
  const log = [];
  const iterable = { [Symbol.iterator]() { let n = 0; return { next: () => ({ value: n++, done: n > 5 }), return() { log.push('closed'); return {}; } }; } };
  const [a, b] = iterable;
  for (const x of iterable) if (x === 2) break;
  const [...all] = iterable;
  try { for (const x of iterable) throw new Error('stop'); } catch (error) { log.push(error.message); }
  const m = new Map(Object.entries({ x: 1 }));
  return { a, b, all, log, entries: [...m.entries()], kinds: [m.entries()[Symbol.toStringTag], [][Symbol.iterator]()[Symbol.toStringTag], ''[Symbol.iterator]()[Symbol.toStringTag]] };
}
