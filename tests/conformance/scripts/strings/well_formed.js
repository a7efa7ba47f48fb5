// node: 20
function main() { const lone = 'a\uD800b'; return [lone.isWellFormed(), lone.toWellFormed(), '😀'.isWellFormed(), JSON.stringify(lone), JSON.stringify('\uDC00\uD800'), [...lone].length, (() => { try { encodeURIComponent(lone); } catch (e) { return e.name; } })()]; }
