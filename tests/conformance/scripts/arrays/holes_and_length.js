function attempt(body) { try { return body(); } catch (error) { return error.name; } }
function main() {
  const a = [1, , 3]; const seen = []; a.forEach((x, i) => seen.push(i)); const of = []; for (const x of a) of.push(x === undefined);
  const b = []; b[2 ** 32 - 2] = 'x'; const c = []; c['5'] = 1; c['05'] = 2; c[-1] = 3;
  return [seen, of, Object.keys(a), b.length, c.length, Object.keys(c), attempt(() => { [].length = -1; }), attempt(() => new Array(2 ** 32)), attempt(() => { b.push('y'); }), a.filter(() => true).length, JSON.stringify(a), [...a].length, 1 in [...a]];
}
