function main() {
  const d = new Date(Date.UTC(2026, 10, 23, 1, 2, 3));
  return [d.toDateString(), d.toUTCString(), d.toString().slice(0, 33), d.toTimeString().slice(0, 17), new Date(Date.UTC(-1, 0)).toISOString(), new Date(Date.UTC(12345, 0)).toISOString(), Object.prototype.toString.call(d), d[Symbol.toPrimitive]('default') === d.toString()];
}
