// node: 20
function main() {
  return [/^[\p{L}--[a-z]]+$/v.test('ABC'), /^[\p{L}--[a-z]]+$/v.test('ABc'), /[\p{L}&&\p{ASCII}]/v.test('é'), /^\p{RGI_Emoji}$/v.test('👨‍👩‍👧'), /[[a-z]--[aeiou]]/v.exec('aeixo')[0], /[\q{abc|d}]/v.exec('xabc')[0]];
}
