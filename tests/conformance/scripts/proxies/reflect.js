class A { constructor() { this.t = new.target?.name; } }
class B {}
function main() {
  const o = { get me() { return this.v; }, v: 1 };
  return [Reflect.get(o, 'me', { v: 9 }), Reflect.set(Object.freeze({ a: 1 }), 'a', 2), Reflect.has(o, 'v'), Reflect.ownKeys({ b: 1, 1: 1, [Symbol.iterator]: 1 }).map(String), Reflect.construct(A, [], B).t, Reflect.construct(A, [], B) instanceof B, Reflect.defineProperty(o, 'x', { value: 3 }), Reflect.getOwnPropertyDescriptor(o, 'x'), Reflect.setPrototypeOf(Object.freeze({}), null), Reflect.isExtensible(o), Reflect.apply(String.prototype.slice, 'hello', [1, 3]), Reflect.deleteProperty(Object.seal({ a: 1 }), 'a')];
}
