function main() {
  const log = [];
  const f = new Proxy(function (a, b) { return a + b; }, { apply(t, self, args) { log.push(args.length); return t(...args) * 10; }, construct(t, args, nt) { log.push(nt === f); return { made: args }; } });
  return [f(1, 2), f.call(null, 3, 4), new f(1).made, Reflect.construct(f, [9]).made, typeof f, log, [1, 2].map(new Proxy((x) => x, { apply: (t, s, [x]) => x * 3 }))];
}
