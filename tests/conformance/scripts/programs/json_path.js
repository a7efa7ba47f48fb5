function get(o, path) { return path.replace(/\[(\d+)\]/g, '.$1').split('.').reduce((v, k) => v?.[k], o); }
function set(o, [k, ...rest], v) { return rest.length ? { ...o, [k]: set(o?.[k] ?? {}, rest, v) } : { ...o, [k]: v }; }
function diff(a, b, path = '') { if (Object.is(a, b)) return []; if (typeof a !== 'object' || typeof b !== 'object' || !a || !b) return [path]; return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((k) => diff(a[k], b[k], `${path}/${k}`)); }
function main() { const o = { users: [{ name: 'A', tags: ['x'] }, { name: 'B' }] }; return [get(o, 'users[0].tags[0]'), get(o, 'users[9].x') ?? null, set({}, ['a', 'b', 'c'], 1), diff({ a: 1, b: { c: 2, d: [1] } }, { a: 1, b: { c: 3, d: [1, 2] } })]; }
