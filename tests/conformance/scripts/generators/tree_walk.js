class Tree {
  constructor(value, left, right) { Object.assign(this, { value, left, right }); }
  *[Symbol.iterator]() { if (this.left) yield* this.left; yield this.value; if (this.right) yield* this.right; }
}
function main() {
  const insert = (t, v) => !t ? new Tree(v) : v < t.value ? new Tree(t.value, insert(t.left, v), t.right) : new Tree(t.value, t.left, insert(t.right, v));
  return [...[5, 2, 8, 1, 9, 3].reduce(insert, null)];
}
