async function* pages(n) { for (let i = 1; i <= n; i++) { await null; yield { page: i, items: Array.from({ length: i }, (_, k) => k) }; } }
async function* flatten(source) { for await (const { items } of source) yield* items; }
async function main() {
  const seen = [];
  for await (const x of flatten(pages(4))) { if (x === 3) continue; seen.push(x); }
  const g = pages(3);
  const pair = await Promise.all([g.next(), g.next()]);
  return { seen, pages: pair.map((p) => p.value.page), returned: await g.return('bye'), after: await g.next() };
}
