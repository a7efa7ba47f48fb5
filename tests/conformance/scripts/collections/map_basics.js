function main() {
  const key = {}; const m = new Map([[NaN, 'nan'], [0, 'zero'], ['0', 'string'], [key, 'object']]);
  m.set(-0, 'minus zero').set('new', 1).delete('0');
  const order = [...m.keys()].map(String); const visited = []; const grow = new Map([[1, 1]]);
  for (const [k] of grow) { visited.push(k); if (k < 4) grow.set(k + 1, 1); grow.delete(k); }
  m.forEach((v, k, self) => { if (self !== m) throw 1; });
  return [m.get(NaN), m.get(0), m.get(key), m.get({}) === undefined, m.size, order, visited, Object.is([...new Map([[-0, 1]]).keys()][0], 0), JSON.stringify(m)];
}
