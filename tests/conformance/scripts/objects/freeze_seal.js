function attempt(body) { 'use strict'; try { body(); return 'ok'; } catch (error) { return error.name; } }
function main() {
  'use strict';
  const f = Object.freeze({ a: { deep: 1 } }), s = Object.seal({ a: 1 }), p = Object.preventExtensions({ a: 1 });
  return [attempt(() => { f.a = 2; }), attempt(() => { f.a.deep = 2; }), f.a.deep, attempt(() => { s.b = 1; }), attempt(() => { s.a = 2; }), attempt(() => { delete s.a; }), attempt(() => { delete p.a; }), attempt(() => { p.z = 1; }),
    [f, s, p].map((o) => [Object.isFrozen(o), Object.isSealed(o), Object.isExtensible(o)])];
}
