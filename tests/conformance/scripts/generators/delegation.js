function* inner() { const got = yield 'a'; yield got; return 'inner result'; }
function* outer() { const result = yield* inner(); yield result; yield* [1, 2]; yield* 'hé😀'; }
function main() {
  const g = outer();
  return [g.next().value, g.next('sent').value, ...g];
}
