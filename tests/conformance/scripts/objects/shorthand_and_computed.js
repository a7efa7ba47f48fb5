function main() {
  const name = 'n', value = 5, key = { toString: () => 'obj' };
  return { name, value, [key]: 1, [`${name}_${value}`]: true, [1 + 2]: 'three', 'quoted-key': 1, async: 1, get: 2, set: 3, static: 4, class: 5, method() { return 1; }, if: 'keyword', 0.1: 'float', 1e3: 'exp', 0x10: 'hex' };
}
