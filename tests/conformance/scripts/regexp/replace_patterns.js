function main() {
  return ['abc'.replace(/b/, "[$`|$&|$'|$$|$1]"), 'abc'.replace(/(b)(c)?/, '<$2$1$3$01>'), 'aaa'.replace('a', 'b'), 'aaa'.replaceAll('a', '$&$&'), 'x1y2'.replace(/\d/g, (d, i) => `(${d * 2}@${i})`), 'abc'.replaceAll(/[ac]/g, (c) => c.toUpperCase()), (() => { try { 'a'.replaceAll(/a/, ''); } catch (e) { return e.name; } })(), 'camelCaseText'.replace(/[A-Z]/g, (c) => '_' + c.toLowerCase()), '  trim  '.replace(/^\s+|\s+$/g, ''), 'aaa'.replace(/a*?/g, '-'), 'abc'.replace(/(?:)/g, '.'), '$1'.replace('$1', '$$1')];
}
