function main() {
  const arrow = () => {};
  const object = { method() {}, get g() { return 1; }, ['a' + 1]: () => {}, [Symbol('s')]: () => {}, async *ag() {} };
  const symbol = Object.getOwnPropertySymbols(object)[0];
  let assigned; assigned = function () {};
  return [arrow.name, object.method.name, Object.getOwnPropertyDescriptor(object, 'g').get.name, object.a1.name, object[symbol].name,
    object.ag.name, assigned.name, (class {}).name, (class K {}).name, new Function('a', 'return a').name, (() => {}).name];
}
