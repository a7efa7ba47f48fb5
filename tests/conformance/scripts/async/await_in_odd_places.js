async function main() {
  const p = (v) => Promise.resolve(v);
  const o = { [await p('key')]: await p(1), async m() { return (await p(this.key)) + 1; } };
  const f = async ({ a = 5 } = {}, ...r) => [await p(a), r.length];
  let s = 0; for (let i = await p(0); i < await p(3); i += await p(1)) s += await p(i);
  const label = `${await p('x')}${await p('y')}`;
  return [o, await o.m(), await f(), await f({ a: 1 }, 2, 3), s, label, await (async () => { switch (await p(2)) { case await p(2): return 'two'; default: return 'other'; } })(), [...await p([1, 2])], (await p({ a: { b: 1 } }))?.a?.b];
}
