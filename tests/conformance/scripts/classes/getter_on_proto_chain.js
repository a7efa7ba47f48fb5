function main() {
  const base = { get full() { return `${this.first} ${this.last}`; }, set full(v) { [this.first, this.last] = v.split(' '); } };
  const p = Object.create(base, { first: { value: 'A', writable: true, enumerable: true }, last: { value: 'B', writable: true } });
  p.full = 'Grace Hopper';
  return [p.full, p.first, Object.keys(p), JSON.stringify(p), 'full' in p, Object.hasOwn(p, 'full')];
}
