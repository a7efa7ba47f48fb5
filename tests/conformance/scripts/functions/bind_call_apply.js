function greet(greeting, mark) { return `${greeting}, ${this?.name ?? 'nobody'}${mark}`; }
function main() {
  const hi = greet.bind({ name: 'Ada' }, 'Hi');
  function Point(x, y) { this.x = x; this.y = y; }
  const P = Point.bind(null, 1);
  return [hi('!'), hi.name, hi.length, greet.call({ name: 'Bob' }, 'Yo', '?'), greet.apply(undefined, ['Hey', '.']),
    new P(2), new P(2) instanceof Point, Reflect.apply(Math.max, null, [1, 3, 2])];
}
