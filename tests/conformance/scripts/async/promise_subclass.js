class Task extends Promise { static get [Symbol.species]() { return Promise; } label() { return 'task'; } }
async function main() {
  const t = Task.resolve(1), u = new Task((r) => r(2));
  return [t instanceof Task, t.label(), t.then(() => {}) instanceof Task, await u, await Task.all([t, u]), await t.finally(() => 9)];
}
