function main() {
  return [[1, [2, [3, [4]]]].flat(), [1, [2, [3, [4]]]].flat(Infinity), [1, 2].flatMap((x) => [x, [x * 2]]), [1, 2, 3].reduceRight((a, x) => a + x, ''), [[1, 2], [3]].reduce((a, b) => a.concat(b)), Array.from({ length: 3 }, (_, i) => i ** 2), Array.from(new Map([[1, 2]])), Array.of(7).length, new Array(3).length, [...Array(2).keys()], [3, , 5].map((x) => x * 2), [, 'a'].join('-'), [null, undefined, 1].join(), [1, 2, 3, 4].slice(-3, -1), [['a', 1]].entries().next().value, [1, [2, 3]].toString()];
}
