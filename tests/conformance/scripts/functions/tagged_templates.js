function tag(strings, ...values) { return { cooked: [...strings], raw: [...strings.raw], values, frozen: Object.isFrozen(strings) }; }
function same(strings) { return strings; }
function main() {
  const twice = () => same`x${1}y`;
  return [tag`a${1}\n${'b'}\u0041`, tag``, tag`\unicode`.cooked[0] === undefined, String.raw`C:\new\${1}`, twice() === twice(), `a${`b${'c'}`}`];
}
