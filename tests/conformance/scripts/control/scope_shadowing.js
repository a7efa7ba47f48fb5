let outer = 'global let'; var globalVar = 'global var'; const fixed = 1;
function main() {
  const log = [outer]; { let outer = 'block'; log.push(outer); { const outer = 'inner'; log.push(outer); } }
  (function (outer) { log.push(outer); })('parameter');
  try { throw 'caught'; } catch (outer) { log.push(outer); }
  for (let outer of ['loop']) log.push(outer);
  log.push(globalThis.globalVar, globalThis.outer === undefined, this?.globalVar, typeof globalThis.main);
  return log;
}
