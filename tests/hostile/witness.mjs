// The normal job that runs after every attack: it walks over the whole realm, every property of
// everything in reach, so that its answer changes if anything was left behind or is missing.

export const witness = `
function main(n) {
  const seen = new Map();
  const lines = [];
  const name = (key) => typeof key === 'symbol' ? key.toString() : key;
  const walk = (value, path) => {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) {
      lines.push(path + ' ' + typeof value + ' ' + String(value));
      return;
    }
    if (seen.has(value)) { lines.push(path + ' = ' + seen.get(value)); return; }
    seen.set(value, path);
    lines.push(path + ' ' + typeof value + ' ' + Object.isExtensible(value));
    for (const key of Reflect.ownKeys(value)) {
      const d = Reflect.getOwnPropertyDescriptor(value, key);
      const at = path + '.' + name(key);
      lines.push(at + [d.writable, d.enumerable, d.configurable].map(Number).join(''));
      for (const part of ['value', 'get', 'set']) if (part in d) walk(d[part], at + '/' + part);
    }
    walk(Object.getPrototypeOf(value), path + '^');
  };
  walk(globalThis, '');
  return { realm: crypto.sha256(lines.join('\\n')), count: lines.length, double: n * 2 };
}`;
