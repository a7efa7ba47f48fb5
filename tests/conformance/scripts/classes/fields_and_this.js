class Counter {
  count = 0;
  ['dyn' + 1] = 'd';
  'quoted key' = 1;
  42 = 'number';
  increment = () => { this.count += 1; return this.count; };
  static make = () => new this();
}
function main() {
  const { increment } = Counter.make();
  increment(); increment();
  return [increment(), Object.keys(new Counter())];
}
