function main() {
  const o = { d: new Date(5), m: new Map([['k', { deep: new Set([1]) }]]), a: [1, , 3], u: new Uint8Array([1, 2]), n: null, x: undefined, b: 5n, e: new RangeError('r'), r: /a/gi, s: Object('boxed') };
  o.self = o; const c = structuredClone(o); c.m.get('k').deep.add(2);
  const attempt = (b) => { try { b(); return 'ok'; } catch (e) { return e.name; } };
  return [c !== o, c.self === c, c.d.getTime(), o.m.get('k').deep.size, c.m.get('k').deep.size, 1 in c.a, [...c.u], c.n, 'x' in c, String(c.b), c.e.message, c.r.flags, attempt(() => structuredClone(() => {})), attempt(() => structuredClone(Symbol())), attempt(() => structuredClone({ f() {} })), structuredClone({ get g() { return 7; } }), structuredClone('s')];
}
