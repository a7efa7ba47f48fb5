// node: 22
function main() {
  const stock = [{ n: 'apple', t: 'fruit' }, { n: 'leek', t: 'veg' }, { n: 'pear', t: 'fruit' }];
  return [Object.groupBy(stock, ({ t }) => t), [...Map.groupBy(stock, ({ n }) => n.length)].map(([k, v]) => [k, v.length]), Object.getPrototypeOf(Object.groupBy([], () => 1))];
}
