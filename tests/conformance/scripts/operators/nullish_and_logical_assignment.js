function main() {
  let a = null, b = 0, c = 'x', log = [];
  a ??= 'set'; b ||= 5; c &&= c + 'y'; b ??= log.push('never');
  const o = { get v() { log.push('get'); return 1; }, set v(x) { log.push('set'); } };
  o.v ||= 2; o.v &&= 3; o.v ??= 4;
  return { a, b, c, log, mixed: (null || undefined) ?? 'z', zero: 0 ?? 1, empty: '' || 'e' };
}
