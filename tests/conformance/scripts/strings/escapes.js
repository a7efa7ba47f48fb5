function main() { return ['\x41\u0042\u{43}\t\v\f\b\0'.split('').map((c) => c.charCodeAt(0)), 'line\
continued', `multi
line`, '\'"`', "\u2028".length, '\a\c', `\``, '\u{10FFFF}'.length, `a\
b`]; }
