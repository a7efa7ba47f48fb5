function run(tasks) {
  const queue = tasks.map((t) => t[1]()), names = tasks.map((t) => t[0]), log = [];
  while (queue.length) {
    const task = queue.shift(), name = names.shift();
    const { value, done } = task.next(log.length);
    log.push(`${name}:${value}`);
    if (!done) { queue.push(task); names.push(name); }
  }
  return log;
}
function main() {
  return run([['a', function* () { yield 1; const n = yield 2; return n; }], ['b', function* () { yield 'x'; }], ['c', function* () { return 'now'; }]]);
}
