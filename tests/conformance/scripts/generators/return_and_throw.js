function* guarded(log) {
  try { yield 1; yield 2; } catch (error) { log.push('caught ' + error); yield 'recovered'; } finally { log.push('finally'); yield 'cleanup'; }
}
function main() {
  const log = [];
  const a = guarded(log); a.next();
  const one = [a.throw('bad'), a.next(), a.next()];
  const b = guarded(log); b.next();
  const two = [b.return('r'), b.next()];
  for (const x of guarded(log)) { if (x === 1) continue; break; }
  return { one, two, log };
}
