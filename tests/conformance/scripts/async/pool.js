async function main(input) {
  let active = 0, most = 0;
  const job = async (n) => { active++; most = Math.max(most, active); await new Promise((r) => setTimeout(r, (n * 7) % 5)); active--; return n * n; };
  const results = []; let next = 0;
  await Promise.all(Array.from({ length: 3 }, async () => { while (next < 10) { const i = next++; results[i] = await job(i); } }));
  return { results, most };
}
