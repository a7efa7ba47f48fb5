class Account {
  #balance = 0;
  static #count = 0;
  constructor() { Account.#count += 1; }
  deposit(amount) { this.#balance += amount; return this; }
  get balance() { return this.#balance; }
  static get count() { return Account.#count; }
  static isAccount(value) { return #balance in value; }
}
function main() {
  const a = new Account().deposit(10).deposit(5);
  new Account();
  let refused;
  try { Object.getOwnPropertyDescriptor(Account.prototype, 'balance').get.call({}); }
  catch (error) { refused = error.name; }
  return { balance: a.balance, count: Account.count, is: Account.isAccount(a), isnt: Account.isAccount({}), refused, keys: Object.keys(a) };
}
