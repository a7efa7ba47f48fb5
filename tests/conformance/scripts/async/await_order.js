async function main() {
  const log = [];
  const task = async (name, steps) => { for (let i = 0; i < steps; i++) { log.push(name + i); await null; } return name; };
  log.push('start');
  const both = Promise.all([task('a', 3), task('b', 2)]);
  log.push('sync');
  queueMicrotask(() => log.push('micro'));
  const names = await both;
  return { log, names };
}
