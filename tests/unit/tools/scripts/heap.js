// Allocation, growth, collection, sorting, strings, promises never run: the heap's shape is compared.
const m = new Map(), s = new Set(), big = [];
for (let i = 0; i < 20000; i++) { m.set("key" + (i * 7919) % 5003, { i, n: [i, String(i)] }); s.add(i % 1009); if (i % 3) m.delete("key" + i); }
for (let i = 0; i < 200; i++) big.push(new Array(i * 10).fill(i).map(String).join("|"));
let cyclic = null; for (let i = 0; i < 3000; i++) { cyclic = { prev: i % 50 ? cyclic : null }; cyclic.self = cyclic; }
let rope = ""; for (let i = 0; i < 20000; i++) rope += String.fromCharCode(97 + (i * i) % 26);
const sorted = Array.from({ length: 5000 }, (_, i) => (i * 2654435761) % 10007).sort((x, y) => x - y);
const words = rope.split("a").sort(); const rev = [...rope].reverse().join("");
const parsed = JSON.parse(JSON.stringify({ words, nested: JSON.parse("[".repeat(200) + "]".repeat(200)) }));
const replaced = rope.replace(/[aeiou]+(?=[^aeiou])/g, (v, at) => `<${v.length}:${at % 7}>`);
const typed = new Float64Array(4096).map((_, i) => Math.sin(i)); typed.copyWithin(100, 0, 2000); typed.set(typed.subarray(5, 900), 50);
const tagged = ((t, ...v) => t.raw.join("~") + v.join())`a${1}\n${2}c`;
[m.size, s.size, big.join("").length, sorted[2500], words.length, rev.length, parsed.words.length, replaced.length, typed.reduce((x, y) => x + y), tagged].join()
