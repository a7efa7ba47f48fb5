class Lazy { get data() { const value = { made: Lazy.made = (Lazy.made ?? 0) + 1 }; Object.defineProperty(this, 'data', { value, enumerable: true }); return value; } }
function main() { const l = new Lazy(); return [l.data === l.data, Lazy.made, Object.keys(l), JSON.stringify(l)]; }
