function main() {
  const a = [1, NaN, 'x', undefined, 1, -0];
  return [a.indexOf(NaN), a.includes(NaN), a.lastIndexOf(1), a.indexOf(1, 1), a.find((x) => typeof x === 'string'), a.findIndex((x) => x === undefined), a.findLast((x) => x === 1), a.findLastIndex((x) => Object.is(x, -0)), [, 1].includes(undefined), [, 1].indexOf(undefined), a.at(-2), a.at(9) === undefined, a.some((x) => x > 5), [].every((x) => false), a.indexOf(1, -2)];
}
