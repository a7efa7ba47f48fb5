function main() {
  const log = [];
  const source = { get a() { log.push('get a'); }, get b() { log.push('get b'); return 2; } };
  const key = (k) => { log.push('key ' + k); return k; };
  const def = (v) => { log.push('default ' + v); return v; };
  const { [key('a')]: a = def(1), [key('b')]: b = def(9) } = source;
  return { a, b, log };
}
