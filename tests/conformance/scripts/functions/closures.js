function main() {
  const adders = [];
  for (let i = 0; i < 3; i++) adders.push((x) => x + i);
  var shared = [];
  for (var j = 0; j < 3; j++) shared.push(() => j);
  const counter = (() => { let n = 0; return { up: () => ++n, get value() { return n; } }; })();
  counter.up(); counter.up();
  return [adders.map((f) => f(10)), shared.map((f) => f()), counter.value];
}
