function Animal(name) { this.name = name; }
Animal.prototype.speak = function () { return this.name + ' speaks'; };
function Dog(name) { Animal.call(this, name); }
Dog.prototype = Object.create(Animal.prototype, { constructor: { value: Dog } });
Dog.prototype.speak = function () { return Animal.prototype.speak.call(this) + ' woof'; };
function main() {
  const d = new Dog('Rex'), bare = Object.create(null); bare.x = 1;
  return [d.speak(), d.constructor.name, Animal.prototype.isPrototypeOf(d), Object.keys(d), 'toString' in bare, Object.getPrototypeOf(Object.prototype), ({ __proto__: null }) instanceof Object, ({ ['__proto__']: 1 }).hasOwnProperty('__proto__'), JSON.stringify({ __proto__: { a: 1 } })];
}
