function main() {
  const g = /a(.)/g, y = /a(.)/y, s = 'xabac ad'; const seen = []; let m;
  while ((m = g.exec(s))) seen.push([m[1], m.index, g.lastIndex]);
  y.lastIndex = 1; const sticky = [y.test(s), y.lastIndex, y.test(s), y.lastIndex, y.test(s), y.lastIndex];
  const d = /b(?<n>c)?/d.exec('abc');
  return [seen, sticky, d.indices[0], d.indices.groups.n, /a.c/s.test('a\nc'), /a.c/.test('a\nc'), 'A\nb'.match(/^b$/m)?.index, /X/i.flags, new RegExp(/x/gi, 'm').flags, /a/dgimsuy.flags, 'aBA'.replace(/a/gi, '-'), /\//.source, new RegExp('/').source, new RegExp('').source, String(new RegExp('\n'))];
}
