function main() {
  return ['aaa'.match(/a{2}/)[0], 'aaa'.match(/a+?/)[0], 'aaab'.match(/(a+)(a*)b/).slice(1), '<a><b>'.match(/<.*>/)[0], '<a><b>'.match(/<.*?>/)[0], 'abab'.match(/(?:ab)+/)[0], /(a*)*/.exec('b').slice(), /(z)((a+)?(b+)?(c))*/.exec('zaacbbbcac').slice(), /a{0}/.test(''), /\bfoo\b/.test('a foo b'), /(\w)\1/.exec('hello')[0], /^(?:(\d+)x)?\s*(\d+)$/.exec('3').slice(), /[\s\S]/.test('\n'), /[^]/.test('\n'), /a|ab/.exec('abc')[0], /((a)|(ab))((c)|(bc))/.exec('abc').slice(), /\cJ/.test('\n'), /[\b]/.test('\b'), /\0/.test('\0')];
}
