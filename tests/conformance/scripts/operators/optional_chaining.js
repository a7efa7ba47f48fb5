function main() {
  const o = { a: { b: () => 'called', c: [1, { d: 2 }] }, n: null };
  let touched = 0;
  return [o?.a?.b?.(), o.x?.y.z.w, o.n?.[touched++], touched, o.a.c?.[1]?.d, o.a.nope?.(), delete o?.a?.c, 'c' in o.a, o.n?.b ?? 'fallback', (o?.a).b(), typeof o.q?.r, null?.x, o.a?.["b"]().length];
}
