class MyArray extends Array { constructor(...args) { super(...args); this.tag = 'mine'; } }
function main() {
  const m = MyArray.from([1, 2, 3]);
  return [m.map((x) => x).tag, m.filter((x) => x > 1) instanceof MyArray, m.slice(1).tag, MyArray.of(5)[0], m.concat([4]).constructor.name, [].concat(m).constructor.name, Array.from.call(Object, [1]).length, m.length];
}
