function main() {
  return ['a😀b'.match(/./gu).length, 'a😀b'.match(/./g).length, /^\u{1F600}$/u.test('😀'), /\p{Lu}/u.exec('añÉx')[0], 'Straße Ωmega'.match(/\p{L}+/gu), /\p{Script=Greek}/u.test('α'), /\P{ASCII}/u.test('abc'), 'İıſK'.match(/[a-z]/giu)?.length ?? 0, /\w/iu.test('ſ'), '👨‍👩‍👧'.match(/\p{Emoji}/gu).length, /[\u{1F600}-\u{1F64F}]/u.test('😁'), 'x'.match(/\u{78}/u)[0], /^[^x]$/u.test('😀'), /^[^x]$/.test('😀'), '𠮷'.replace(/./u, '_')];
}
