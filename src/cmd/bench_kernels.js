// What `neocompute bench engine` measures beside the fresh job: one kind of work each, a few tens of
// milliseconds long, with an answer that shows that it was done.
function calls() {
  const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2));
  return fib(24);
}

function floats() {
  let inside = 0;
  for (let y = 0; y < 60; y++) {
    for (let x = 0; x < 60; x++) {
      let a = 0, b = 0, n = 0;
      for (; n < 60 && a * a + b * b < 4; n++) {
        [a, b] = [a * a - b * b + x / 30 - 1.5, 2 * a * b + y / 30 - 1];
      }
      inside += n === 60 ? 1 : 0;
    }
  }
  return inside;
}

function objects() {
  class Node {
    constructor(key) {
      this.key = key;
      this.left = this.right = null;
    }
  }
  let root = null, seed = 1, depth = 0;
  for (let i = 0; i < 8000; i++) {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    const node = new Node(seed);
    let at = root;
    if (at === null) root = node;
    for (let d = 1; at !== null; d++) {
      const side = node.key < at.key ? 'left' : 'right';
      if (at[side] === null) {
        at[side] = node;
        depth = Math.max(depth, d);
        break;
      }
      at = at[side];
    }
  }
  return depth;
}

function arrays() {
  const numbers = Array.from({ length: 20000 }, (_, i) => (i * 7919) % 20011);
  return numbers.map((x) => x * 2).filter((x) => x % 3 === 0).sort((a, b) => a - b)[1000];
}

function strings() {
  let text = '';
  for (let i = 0; i < 8000; i++) text += `item ${i}; `;
  return text.split('; ').map((s) => s.toUpperCase()).join('|').length;
}

function regexps() {
  const text = 'user42@example.com, nobody, other.name+tag@mail.example.org; '.repeat(200);
  return [...text.matchAll(/(?<user>[\w.+]+)@(?<host>(?:[a-z]+\.)+[a-z]{2,})/g)].length;
}

function json() {
  const rows = Array.from({ length: 1500 }, (_, id) => ({ id, name: `row ${id}`, tags: ['a', 'b'] }));
  return JSON.parse(JSON.stringify(rows)).length;
}
