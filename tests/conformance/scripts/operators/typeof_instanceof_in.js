function main() {
  return [typeof undefined, typeof null, typeof 1n, typeof Symbol(), typeof (() => {}), typeof class {}, typeof undeclared, [] instanceof Object, Object.create(null) instanceof Object,
    'a' in { a: undefined }, 0 in [1], 1 in [1], 'length' in [], delete [1].length === true];
}
