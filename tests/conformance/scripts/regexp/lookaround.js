function main() {
  return ['$42 and €17 and 99'.match(/(?<=[$€])\d+/g), '10px 20em 30px'.match(/\d+(?=px)/g), 'foobar foobaz'.match(/foo(?!bar)\w+/g), 'a1 b2 _3'.match(/(?<![a-z])\d/g), '1234567.89'.replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ','), 'abcdef'.match(/(?<=(\w)(\w))f/).slice(), 'aXbX'.split(/(?<=X)/), /^(?=.*\d)(?=.*[a-z]).{4,}$/.test('ab12'), /(?<=^|,)[^,]*(?=,|$)/g[Symbol.match]('a,,b')];
}
