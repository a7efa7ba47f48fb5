// node: 22
function main() {
  const log = []; const r = JSON.parse('{"a":[1,2],"d":"1970-01-01T00:00:00.000Z","drop":1}', function (k, v) { log.push(k); if (k === 'drop') return undefined; return k === 'd' ? new Date(v).getTime() : v; });
  const big = JSON.parse('[12345678901234567890]', (k, v, c) => (c?.source ? 'source' : v));
  const deep = JSON.parse('['.repeat(200) + ']'.repeat(200)); let depth = 0; for (let x = deep; x; x = x[0]) depth++;
  return [r, log, typeof big[0], depth, JSON.stringify(JSON.parse('{"2":1,"1":2,"b":3,"a":4}'))];
}
