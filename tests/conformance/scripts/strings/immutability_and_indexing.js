function main() {
  'use strict'; const s = 'abc'; let failed; try { s[0] = 'x'; } catch (e) { failed = e.name; }
  const o = new String('xy'); o.extra = 1;
  return [failed, s, Object.keys(o), typeof o, o == 'xy', o.length, [...o], JSON.stringify(o), String(Symbol('q')), '' + [1, 2], `${{ toString: () => 'T', valueOf: () => 'V' }}`, '' + { toString: () => 'T', valueOf: () => 'V' }, 'b' + 'a' + +'a' + 'a'];
}
