async function main() {
  const log = [];
  const sleep = (ms, v) => new Promise((r) => setTimeout(r, ms, v));
  const cancelled = setTimeout(() => log.push('never'), 1);
  clearTimeout(cancelled);
  setTimeout((a, b) => log.push(a + b), 2, 'x', 'y');
  log.push(await sleep(25, 'slept'));
  setTimeout(() => log.push('b'), 12); setTimeout(() => log.push('a'), 4); setTimeout(() => log.push('c'), 20);
  await sleep(40);
  return log;
}
