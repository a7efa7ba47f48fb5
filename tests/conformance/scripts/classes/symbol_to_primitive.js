class Money {
  constructor(amount, currency) { Object.assign(this, { amount, currency }); }
  [Symbol.toPrimitive](hint) {
    return hint === 'number' ? this.amount : hint === 'string' ? `${this.amount} ${this.currency}` : this.amount * 2;
  }
  get [Symbol.toStringTag]() { return 'Money'; }
  static [Symbol.hasInstance](value) { return typeof value?.amount === 'number'; }
}
function main() {
  const m = new Money(5, 'EUR');
  return [+m, `${m}`, m + 1, m > 4, Object.prototype.toString.call(m), ({ amount: 1 }) instanceof Money, 5 instanceof Money];
}
