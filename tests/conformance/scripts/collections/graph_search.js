function dijkstra(graph, from) {
  const dist = new Map([[from, 0]]), done = new Set();
  for (;;) {
    const [node, d] = [...dist].filter(([n]) => !done.has(n)).sort((a, b) => a[1] - b[1] || (a[0] < b[0] ? -1 : 1))[0] ?? [];
    if (node === undefined) return Object.fromEntries(dist);
    done.add(node);
    for (const [to, w] of Object.entries(graph[node] ?? {})) if (d + w < (dist.get(to) ?? Infinity)) dist.set(to, d + w);
  }
}
function main() { return dijkstra({ a: { b: 7, c: 9, f: 14 }, b: { c: 10, d: 15 }, c: { d: 11, f: 2 }, d: { e: 6 }, f: { e: 9 } }, 'a'); }
