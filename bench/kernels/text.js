// Building strings, splitting and joining them, maps of words, sorting, JSON out and in.
let seed = 2026;
function random(n) {
  seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
  return (seed >> 8) % n;
}

const SYLLABLES = ['ka', 'ne', 'mi', 'to', 'ra', 'su', 'lo', 'vi', 'été', 'ж', '木', '😀'];

function word() {
  let out = '';
  for (let i = 1 + random(4); i > 0; i--) out += SYLLABLES[random(SYLLABLES.length)];
  return out;
}

function hash(text) {
  let sum = 5381;
  for (let i = 0; i < text.length; i++) sum = (sum * 33 + text.charCodeAt(i)) % 1000000007;
  return sum;
}

function record(i) {
  return {
    id: i,
    name: `${word()} ${word()}`,
    tags: Array.from({ length: random(5) }, word),
    price: random(100000) / 100,
    nested: { ok: random(2) === 1, note: random(3) ? null : `"${word()}"\n\t\\` },
  };
}

function main() {
  let sum = 0;
  for (let round = 0; round < 14; round++) {
    const records = Array.from({ length: 700 }, (_, i) => record(i));
    const json = JSON.stringify(records);
    const back = JSON.parse(json);
    const counts = new Map();
    for (const { name, tags } of back) {
      for (const part of name.split(' ').concat(tags)) counts.set(part, (counts.get(part) || 0) + 1);
    }
    const words = [...counts.entries()].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
    back.sort((a, b) => a.price - b.price || a.id - b.id);
    const page = back.map((r) => `<li id="${r.id}">${r.name.toUpperCase().padEnd(20, '.')}${r.price.toFixed(2)}</li>`).join('\n');
    const tidy = [...page].slice(100, -100).reverse().join('').replace('<', '&lt;').trim();
    sum = (sum + hash(json) * 3 + hash(tidy) * 5 + hash(words.slice(0, 50).join(';'))) % 1000000007;
  }
  return { checksum: sum };
}
