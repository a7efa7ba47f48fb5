function main() {
  const like = { length: 3, 0: 'a', 1: 'b', 2: 'c' };
  const call = (m, ...args) => Array.prototype[m].call(like, ...args);
  return [call('map', (x) => x + x), call('join', '+'), call('slice', 1), call('includes', 'b'), call('push', 'd'), like, Array.from(like), Array.isArray(like), Array.prototype.concat.call(1, 2).length, Array.prototype.map.call('hey', (c) => c.charCodeAt(0)), Array.prototype.every.call('', Boolean)];
}
