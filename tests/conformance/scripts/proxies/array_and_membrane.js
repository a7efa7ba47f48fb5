function main() {
  const negative = (a) => new Proxy(a, { get: (t, k, r) => (typeof k === 'string' && /^-\d+$/.test(k) ? t[t.length + +k] : Reflect.get(t, k, r)) });
  const observed = []; const watch = (o, path = []) => new Proxy(o, { get: (t, k) => (typeof t[k] === 'object' && t[k] ? watch(t[k], [...path, k]) : t[k]), set: (t, k, v) => { observed.push([...path, k].join('.')); t[k] = v; return true; } });
  const w = watch({ a: { b: { c: 1 } }, l: [1] }); w.a.b.c = 2; w.l.push(3); w.x = 1;
  const n = negative([1, 2, 3]);
  return [n[-1], n[0], n.map((x) => x), n.length, JSON.stringify(n), observed];
}
