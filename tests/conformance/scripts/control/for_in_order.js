function main() {
  const o = { b: 1, 2: 1, a: 1, 1: 1, [Symbol('s')]: 1, '-1': 1, '01': 1 };
  const child = Object.create(o, { own: { value: 1, enumerable: true }, b: { value: 2, enumerable: false } });
  const seen = []; for (const k in child) seen.push(k);
  const removed = []; const d = { x: 1, y: 2, z: 3 }; for (const k in d) { removed.push(k); delete d.y; }
  const onString = []; for (const k in 'ab') onString.push(k);
  for (const k in null) seen.push('never');
  return { seen, keys: Object.keys(o), json: JSON.stringify(o), removed, onString };
}
