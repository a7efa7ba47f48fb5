function main() {
  const values = [0, '', '0', null, undefined, false, [], [0], {}, NaN, ' \n', 'NaN'];
  return [values.map((a) => values.map((b) => (a == b ? 1 : 0)).join('')), [] + {}, [] + [], 1 + '2', '3' * '4', true + 1, null + 1, String([1, [2, 3]]), String({}), +'0x1f', +'', +' 12 ', String(+'1 2'), `${[null, undefined]}`, '10' > '9', '10' > 9];
}
