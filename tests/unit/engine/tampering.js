// Replaces what rendering could lean on, with things that count how often they are used.
let ran = 0;
const trap = {
  get: () => ran++,
  ownKeys: () => { ran++; return []; },
  getPrototypeOf: () => { ran++; return null; },
  has: () => ran++,
};
const value = {
  p: new Proxy({ q: 1 }, trap), get g() { ran++; return 1; }, m: new Map([[1, [2]]]), s: 'it', n: -0,
  r: /x/g, d: new Date(0), e: [1, , 3], f() {}, u: new Uint8Array(2),
};
const own = Reflect.ownKeys, define = Object.defineProperty;
const classes = [Object, Array, String, Number, Function, Map, Set, RegExp, Date, Symbol];
for (let i = 0; i < classes.length; i++) {
  const target = classes[i].prototype, keys = own(target);
  for (let k = 0; k < keys.length; k++) {
    if (keys[k] === 'constructor' || keys[k] === '__proto__') continue;
    try {
      define(target, keys[k], { __proto__: null, value: () => { ran++; throw 1; }, configurable: true });
    } catch {}
  }
}
const names = ['get', 'set', 'value', 'enumerable', 'base', 'open', 'close', 'entries', 'isArray',
  'size', 'isError', 'seen', 'writable', 'configurable', 'stack', '0', '1'];
for (let i = 0; i < names.length; i++) {
  define(Object.prototype, names[i], { __proto__: null, get() { ran++; return 'stolen'; }, set() { ran++; } });
}
Reflect.apply = Reflect.ownKeys = Object.getOwnPropertyDescriptor = () => { ran++; throw 1; };
const before = ran;

function main() {
  console.log(value, 'x');
  return ran - before;
}
