// A splay tree that is written to all the time: allocation, garbage, and pointers that move.
class Node {
  constructor(key, value) {
    this.key = key;
    this.value = value;
    this.left = null;
    this.right = null;
  }
}

class SplayTree {
  constructor() {
    this.root = null;
    this.size = 0;
  }
  // Brings the node of this key, or its neighbour, to the root (Sleator and Tarjan, top down).
  splay(key) {
    const dummy = new Node(0, null);
    let left = dummy, right = dummy, current = this.root;
    for (;;) {
      if (key < current.key) {
        if (current.left === null) break;
        if (key < current.left.key) {
          const other = current.left;
          current.left = other.right;
          other.right = current;
          current = other;
          if (current.left === null) break;
        }
        right.left = current;
        right = current;
        current = current.left;
      } else if (key > current.key) {
        if (current.right === null) break;
        if (key > current.right.key) {
          const other = current.right;
          current.right = other.left;
          other.left = current;
          current = other;
          if (current.right === null) break;
        }
        left.right = current;
        left = current;
        current = current.right;
      } else break;
    }
    left.right = current.left;
    right.left = current.right;
    current.left = dummy.right;
    current.right = dummy.left;
    this.root = current;
  }
  insert(key, value) {
    const node = new Node(key, value);
    this.size++;
    if (this.root !== null) {
      this.splay(key);
      if (this.root.key === key) {
        this.size--;
        this.root.value = value;
        return;
      }
      if (key > this.root.key) {
        node.left = this.root;
        node.right = this.root.right;
        this.root.right = null;
      } else {
        node.right = this.root;
        node.left = this.root.left;
        this.root.left = null;
      }
    }
    this.root = node;
  }
  remove(key) {
    this.splay(key);
    if (this.root.key !== key) return null;
    const removed = this.root;
    if (removed.left === null) this.root = removed.right;
    else {
      const right = removed.right;
      this.root = removed.left;
      this.splay(key);
      this.root.right = right;
    }
    this.size--;
    return removed;
  }
  greatestBelow(key) {
    this.splay(key);
    if (this.root.key < key) return this.root.key;
    let node = this.root.left;
    if (node === null) return -1;
    while (node.right !== null) node = node.right;
    return node.key;
  }
}

let seed = 49734321;
function random() {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 4294967296;
}

function payload(depth, tag) {
  return depth === 0 ? { array: [0, 1, 2, 3, 4], string: 'leaf ' + tag } : { left: payload(depth - 1, tag), right: payload(depth - 1, tag + 1) };
}

function main() {
  const tree = new SplayTree();
  for (let i = 0; i < 4000; i++) tree.insert(random(), payload(2, i));
  let sum = 0;
  for (let i = 0; i < 45000; i++) {
    const key = random();
    tree.insert(key, payload(2, i));
    const below = tree.greatestBelow(key);
    const gone = tree.remove(below === -1 ? key : below);
    sum = (sum * 31 + gone.value.left.right.string.length + Math.floor(gone.key * 1000)) % 1000000007;
  }
  return { checksum: sum, size: tree.size };
}
