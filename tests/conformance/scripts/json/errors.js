function main() {
  const attempt = (body) => { try { return body(); } catch (e) { return e.name; } }; const cycle = {}; cycle.self = { cycle };
  return [attempt(() => JSON.stringify(cycle)), attempt(() => JSON.stringify({ get x() { throw new RangeError('g'); } })), attempt(() => JSON.stringify({ toJSON() { throw new EvalError('t'); } })), attempt(() => JSON.stringify(5n)), attempt(() => JSON.stringify([Object(1n)])), attempt(() => JSON.parse('{}', () => { throw new URIError('r'); })), attempt(() => JSON.stringify(new Proxy({}, { ownKeys() { throw new TypeError('p'); } })))];
}
