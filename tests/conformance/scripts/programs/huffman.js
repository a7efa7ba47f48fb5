function main() {
  const text = 'abracadabra', freq = {}; for (const c of text) freq[c] = (freq[c] ?? 0) + 1;
  let nodes = Object.entries(freq).map(([c, n]) => ({ c, n })); while (nodes.length > 1) { nodes.sort((a, b) => a.n - b.n || (a.c < b.c ? -1 : 1)); const [l, r, ...rest] = nodes; nodes = [...rest, { c: l.c + r.c, n: l.n + r.n, l, r }]; }
  const codes = {}; (function walk(node, code) { if (node.l) { walk(node.l, code + '0'); walk(node.r, code + '1'); } else codes[node.c] = code; })(nodes[0], '');
  const bits = [...text].map((c) => codes[c]).join(''); let decoded = '', n = nodes[0]; for (const b of bits) { n = b === '0' ? n.l : n.r; if (!n.l) { decoded += n.c; n = nodes[0]; } } return { codes, length: bits.length, decoded };
}
