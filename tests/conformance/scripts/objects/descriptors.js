function main() {
  const o = Object.defineProperties({}, { a: { value: 1 }, b: { get: () => 2, enumerable: true, configurable: true }, c: { value: 3, writable: true, enumerable: true } });
  o.a = 9; o.c = 4;
  const describe = (d) => ({ ...d, get: typeof d.get, set: typeof d.set });
  return { d: Object.entries(Object.getOwnPropertyDescriptors(o)).map(([k, d]) => [k, describe(d)]), json: JSON.stringify(o), names: Object.getOwnPropertyNames(o) };
}
