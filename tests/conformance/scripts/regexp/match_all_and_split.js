function main() {
  const all = [...'t1t22t'.matchAll(/t(?<d>\d*)/g)].map((m) => [m[0], m.index, m.groups.d]);
  return [all, 'a1b2c3'.split(/\d/), 'a1b2c3'.split(/(\d)/), 'abc'.split(''), 'abc'.split(/(?:)/u), ''.split(','), ''.split(''), 'a,b,c'.split(',', 2), 'A<B>bold</B>'.split(/<(\/)?([^<>]+)>/), 'test'.search(/s/), 'x'.match(/y/), 'aBc'.match(/[A-Z]/g), (() => { try { return 'a'.matchAll(/a/); } catch (e) { return e.name; } })()];
}
