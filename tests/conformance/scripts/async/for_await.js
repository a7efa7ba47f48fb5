async function main() {
  const log = [];
  for await (const x of [Promise.resolve(1), 2, new Promise((r) => setTimeout(r, 3, 3))]) log.push(x);
  const source = { [Symbol.asyncIterator]() { let n = 0; return { next: async () => ({ value: n, done: n++ >= 3 }), return: async () => { log.push('closed'); return {}; } }; } };
  for await (const x of source) { log.push(x); if (x === 1) break; }
  try { for await (const x of [Promise.reject(new Error('no'))]) log.push(x); } catch (error) { log.push(error.message); }
  return log;
}
