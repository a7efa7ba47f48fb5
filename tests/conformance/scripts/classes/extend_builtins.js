class Stack extends Array {
  top() { return this[this.length - 1]; }
  static get [Symbol.species]() { return Array; }
}
class HttpError extends Error {
  constructor(status, message) { super(message); this.status = status; }
  get name() { return 'HttpError'; }
}
class DefaultMap extends Map {
  #make;
  constructor(make, entries) { super(entries); this.#make = make; }
  get(key) { if (!this.has(key)) this.set(key, this.#make(key)); return super.get(key); }
}
function main() {
  const s = Stack.from([1, 2, 3]);
  s.push(4);
  const e = new HttpError(404, 'gone');
  const m = new DefaultMap((k) => k.length, [['a', 9]]);
  return { top: s.top(), length: s.length, mapped: s.map((x) => x) instanceof Stack, text: String(e),
    isError: e instanceof Error, status: e.status, m: [m.get('a'), m.get('abc'), m.size] };
}
