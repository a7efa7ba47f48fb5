function main() {
  const log = [];
  return new Promise((resolve) => {
    Promise.resolve().then(() => log.push(1)).then(() => log.push(4));
    Promise.resolve(Promise.resolve()).then(() => log.push(2));
    new Promise((r) => r(Promise.resolve())).then(() => { log.push('late'); });
    queueMicrotask(() => log.push(3));
    setTimeout(() => { log.push('timer'); resolve(log); }, 5);
    log.push('sync');
  });
}
