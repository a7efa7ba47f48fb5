function main() {
  const a = [3, 1, 2];
  return [a.push(9, 8), a.pop(), a.shift(), a.unshift(7, 6), a.splice(1, 2, 'x', 'y', 'z'), a, a.reverse().slice(), a.fill(0, 1, -1).slice(), a.copyWithin(0, 4), [1, 2, 3, 4, 5].copyWithin(1, 3), (() => { const b = [1, 2, 3]; b.length = 1; b[4] = 5; return [b.length, JSON.stringify(b), 2 in b]; })()];
}
