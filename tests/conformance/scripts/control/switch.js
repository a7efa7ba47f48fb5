function kind(v) {
  switch (v) { case 1: case 2: return 'small'; case 'one': { let x = 'string'; return x; } case NaN: return 'never'; default: return 'other'; case 3: return 'three'; }
}
function fall(v) { const out = []; switch (v) { case 'a': out.push('a'); default: out.push('d'); case 'b': out.push('b'); break; case 'c': out.push('c'); } return out.join(''); }
function main() { return [[1, 2, 'one', NaN, 3, null].map(kind), ['a', 'b', 'c', 'x'].map(fall)]; }
