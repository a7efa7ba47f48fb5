function main() {
  const s = 'a😀é\u0301';
  return [s.length, [...s].length, s.codePointAt(1), s.charCodeAt(1), String.fromCodePoint(0x1F600, 65), s.at(-1), 'é'.normalize('NFD').length, 'e\u0301'.normalize() === 'é', 'ﬁ'.normalize('NFKC'), 'ß'.toUpperCase(), 'İ'.toLowerCase().length, 'ΑΣ'.toLowerCase(), '\u{1F468}\u200D\u{1F469}', 'abc' < 'abd', '😀' > '\uFFFF', 'z'.localeCompare('a') > 0, 'x\u2028y'.length, encodeURIComponent('é😀 &'), decodeURI('%41%2f'), escape('ü☃'), unescape('%u2603%FC')];
}
