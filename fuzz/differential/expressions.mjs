// The grammar of expressions. Each rule is a function (g, depth) => text, where `g` is the program
// being made: g.random chooses, g.name(kind) gives a variable in scope.
//
// Left out, because the standard leaves them to the engine: transcendental Math functions and powers,
// fractions in other bases, locale, time, sort comparators that contradict themselves, the texts of error messages.

const NUMBERS = ['0', '(-0)', '1', '(-1)', '2', '7', '255', '1e3', '0.1', '(-2.5)', '1e21', '1e-7', '5e-324', '(2 ** 31)',
  '(2 ** 32)', '(2 ** 53)', '(-(2 ** 31))', 'NaN', 'Infinity', '(-Infinity)', '0xff', '123456789', '(0.1 + 0.2)', '(1 / 3)'];
const STRINGS = ['""', '"a"', '"abc"', '"A b-C"', '"  x\\t"', '"é"', '"😀x"', '"e\\u0301"', '"\\ud800"', '"12"', '"-3.5"',
  '"1e3"', '"0x1f"', '"length"', '"a,b,,c"', '"aXbXc"', '"ßİ"', '"\\u0000"', '"toString"', '"__proto__x"', '"aaa"', '"\\n"'];
const REGEXPS = ['/a/', '/a/g', '/[a-z]+/gi', '/(\\w)(\\d)?/', '/(?<first>.)(?<rest>.*)/u', '/x*/g', '/^|$/g', '/\\b/g',
  '/(a)|(b)|(c)/g', '/(?<=a)b/', '/[^a]/u', '/\\p{L}/gu', '/a(?!b)/y', '/(?:)/', '/(a*)(a+)?/', '/\\s+|,/', '/./gs', '/(?<!X)[bc]/g'];
const BIGINTS = ['0n', '1n', '(-1n)', '7n', '255n', '(2n ** 64n)', '(-(2n ** 63n))', '123456789012345678901234567890n'];
const KEYS = ['a', 'b', 'c', 'x', 'y', 'length', '0', '1', '2', 'name'];

const number = (g, d) => {
  if (d <= 0 || g.random.chance(25)) return g.random.chance(40) ? g.name('number') : g.random.pick(NUMBERS);
  return g.random.pick([
    () => `(${number(g, d - 1)} ${g.random.pick(['+', '-', '*', '/', '%', '&', '|', '^', '<<', '>>', '>>>'])} ${number(g, d - 1)})`,
    () => `((${number(g, d - 1)}) ** ${g.random.pick(['0', '1'])})`,
    () => `(${g.random.pick(['-', '+', '~', '- -'])}(${any(g, d - 1)}))`,
    () => `Math.${g.random.pick(['abs', 'floor', 'ceil', 'round', 'trunc', 'sign', 'sqrt', 'fround', 'clz32'])}(${any(g, d - 1)})`,
    () => `Math.${g.random.pick(['max', 'min', 'imul'])}(${any(g, d - 1)}, ${number(g, d - 1)})`,
    () => `Number(${any(g, d - 1)})`,
    () => `${g.random.pick(['parseInt', 'parseFloat'])}(${string(g, d - 1)})`,
    () => `parseInt(${string(g, d - 1)}, ${g.random.pick(['2', '8', '10', '16', '0', '37'])})`,
    () => `${string(g, d - 1)}.${g.random.pick(['length', 'indexOf("a")', 'lastIndexOf("a")', 'charCodeAt(1)', 'codePointAt(0)', 'search(/[b-d]/)'])}`,
    () => `${array(g, d - 1)}.${g.random.pick(['length', 'indexOf(1)', 'lastIndexOf("a")', 'findIndex((v) => v > 1)', 'findLastIndex((v) => !v)', 'push(1)', 'unshift(0, 1)'])}`,
    () => `${array(g, d - 1)}.reduce((a, v) => (tick(), a + Number(v)), ${number(g, d - 1)})`,
    () => `(${condition(g, d - 1)} ? ${number(g, d - 1)} : ${number(g, d - 1)})`,
  ])();
};

const string = (g, d) => {
  if (d <= 0 || g.random.chance(25)) return g.random.chance(40) ? g.name('string') : g.random.pick(STRINGS);
  const s = () => string(g, d - 1);
  const i = () => g.random.pick(['0', '1', '2', '-1', '-2', '5', number(g, 0)]);
  return g.random.pick([
    () => `(${s()} + ${any(g, d - 1)})`,
    () => `\`${g.random.pick(['', 'x', '${1}'])}\${${s()}}\${${number(g, d - 1)}}\``,
    () => `${s()}.${g.random.pick(['slice', 'substring', 'substr'])}(${i()}, ${i()})`,
    () => `${s()}.${g.random.pick(['toUpperCase', 'toLowerCase', 'trim', 'trimStart', 'trimEnd', 'normalize', 'valueOf'])}()`,
    () => `${s()}.${g.random.pick(['padStart', 'padEnd'])}(${g.random.below(12)}, ${s()})`,
    () => `${s()}.repeat(${g.random.below(4)})`,
    () => `${s()}.${g.random.pick(['charAt', 'concat'])}(${i()})`,
    () => `String(${s()}.at(${i()}))`,
    () => `${s()}.replace(${g.random.pick(REGEXPS)}, ${g.random.pick(['"[$&]"', '"$1$2"', '"$`"', "\"$'\"", '"$<first>"', '(m, ...r) => (tick(), m + r.length)', '"$$"'])})`,
    () => `${s()}.replaceAll(${g.random.pick(['"a"', '"X"', '""', '/[a-c]/g'])}, ${s()})`,
    () => `${array(g, d - 1)}.join(${s()})`,
    () => `String(${any(g, d - 1)})`,
    () => `String(JSON.stringify(${any(g, d - 1)}, null, ${g.random.pick(['0', '1', '"-"'])}))`,
    () => `((${number(g, d - 1)}) | 0).toString(${g.random.pick(['', '10', '16', '2', '36'])})`,
    () => `(${number(g, d - 1)}).${g.random.pick(['toFixed(2)', 'toPrecision(4)', 'toExponential(3)', 'toFixed(0)'])}`,
    () => `(typeof ${any(g, d - 1)})`,
    () => `Object.prototype.toString.call(${any(g, d - 1)})`,
    () => `${g.random.pick(['encodeURIComponent', 'encodeURI', 'escape'])}(${s()})`,
    () => `(${bigint(g, d - 1)}).toString(${g.random.pick(['', '2', '16'])})`,
    () => `String.fromCodePoint(${g.random.pick(['65', '0x1f600', '0', '0xd800'])}, 97 + ${g.random.below(9)})`,
    () => `${s()}.split(${g.random.pick(['""', '"a"', '","', ...REGEXPS])}).join("|")`,
  ])();
};

const array = (g, d) => {
  if (d <= 0 || g.random.chance(20)) return g.random.chance(50) ? g.name('array') : g.random.pick(['[]', '[1, 2, 3]', '["b", "a", "c"]', '[3, , 1]', '[0, null, undefined, NaN]', '[[1], [2, [3]]]']);
  const a = () => array(g, d - 1);
  const f = () => g.random.pick([`(v) => (tick(), ${g.withParameter('v', () => any(g, d - 2))})`, '(v, i) => i', '(v) => v', '(v) => !v', '(v, i, all) => all.length']);
  return g.random.pick([
    () => `[${g.random.times(0, 4, () => (g.random.chance(15) ? `...${g.random.chance(70) ? a() : string(g, d - 1)}` : any(g, d - 1))).join(', ')}]`,
    () => `${a()}.${g.random.pick(['map', 'filter', 'flatMap'])}(${f()})`,
    () => `${a()}.slice(${g.random.pick(['0', '1', '-2', ''])})`,
    () => `${a()}.concat(${any(g, d - 1)})`,
    () => `${a()}.${g.random.pick(['reverse()', 'flat()', 'flat(Infinity)', 'sort()', 'fill(0, 1)', 'copyWithin(0, 1)', 'splice(1, 1)'])}`,
    () => `${a()}.sort((p, q) => (String(p) < String(q) ? -1 : String(p) > String(q) ? 1 : 0))`,
    () => `${string(g, d - 1)}.split(${g.random.pick(['""', '","', '/[aX]/', '/(b)/'])})`,
    () => `[...${string(g, d - 1)}]`,
    () => `(${string(g, d - 1)}.match(${g.random.pick(REGEXPS)}) ?? [])`,
    () => `[...${string(g, d - 1)}.matchAll(${g.random.pick(REGEXPS.filter((r) => /\/\w*g/.test(r)))})].map((m) => [m.index, ...m])`,
    () => `Object.${g.random.pick(['keys', 'values', 'entries', 'getOwnPropertyNames'])}(${any(g, d - 1)})`,
    () => `Array.from({ length: ${g.random.below(5)} }, (_, i) => ${g.withParameter('i', () => any(g, d - 2))})`,
    () => `[...new Set(${a()})]`,
    () => `[...new Map(${a()}.map((v, i) => [v, i])).entries()]`,
    () => `[...new ${g.random.pick(['Uint8Array', 'Int16Array', 'Float32Array', 'Float64Array', 'Uint8ClampedArray', 'Int32Array'])}(${a()})]`,
    () => `Reflect.ownKeys(${object(g, d - 1)}).map(String)`,
    () => `[...(function* () { ${g.random.times(1, 3, () => `yield ${g.random.chance(20) ? `* ${a()}` : any(g, d - 2)};`).join(' ')} })()]`,
    () => `(([x, ...y] = [], z = x) => [x, z, ...y])(${a()})`,
  ])();
};

/**
 * V8 orders accessors and repeated methods of a literal with a spread otherwise than the standard
 * says: such literals have none.
 */
const plainOrder = (text, i, all) => /^[\w\[".]*:|^\.\.\./.test(text) ||
  !all.some((other, k) => other.startsWith('...') || (k < i && other.slice(0, 6) === text.slice(0, 6)));

const object = (g, d) => {
  if (d <= 0 || g.random.chance(20)) return g.random.chance(50) ? g.name('object') : g.random.pick(['{}', '{ a: 1 }', '{ b: "x", a: [1] }', '{ 1: "n", a: null }', 'null']).replace(/^\{.*\}$/, '($&)');
  const key = () => g.random.pick([g.random.pick(KEYS), g.random.pick(KEYS), `[${string(g, d - 2)}]`, '"q k"', '1.5']);
  const property = () => g.random.pick([
    () => `${key()}: ${any(g, d - 1)}`,
    () => `${key()}: ${any(g, d - 1)}`,
    () => `get ${g.random.pick(['a', 'b', 'g'])}() { tick(); return ${any(g, d - 2)} }`,
    () => `${g.random.pick(['toString', 'valueOf'])}() { return ${g.random.pick([string(g, 0), number(g, 0)])} }`,
    () => `...Object(${object(g, d - 1)})`, // not of a bare string: the engine copies nothing then
    () => `m() { return ${any(g, d - 2)} }`,
  ])();
  return g.random.pick([
    () => `({ ${g.random.times(0, 4, property).filter(plainOrder).join(', ')} })`,
    () => `Object.assign({}, ${object(g, d - 1)}, ${object(g, d - 1)})`,
    () => `Object.fromEntries(${array(g, d - 1)}.map((v, i) => [i, v]))`,
    () => `Object.create(${object(g, d - 1)})`,
    () => `Object.freeze(${object(g, d - 1)})`,
    () => `(({ a, b = 5, ...rest } = {}) => ({ rest, b, a }))(${object(g, d - 1)} ?? {})`,
    () => `JSON.parse(JSON.stringify(${object(g, d - 1)}) ?? "null")`,
    () => `new Proxy(${object(g, d - 1)} ?? {}, { get: (t, k, r) => (tick(), Reflect.get(t, k)) })`,
    () => `${g.random.pick(['/(?<first>.)(?<rest>.*)/u', '/(?<first>a)?b?/'])}.exec(${string(g, d - 1)})?.groups`,
  ])();
};

const bigint = (g, d) => {
  if (d <= 0 || g.random.chance(40)) return g.random.pick(BIGINTS);
  return g.random.pick([
    () => `(${bigint(g, d - 1)} ${g.random.pick(['+', '-', '*', '/', '%', '&', '|', '^'])} ${bigint(g, d - 1)})`,
    () => `(${bigint(g, d - 1)} ${g.random.pick(['<<', '>>'])} ${g.random.below(70)}n)`,
    () => `BigInt.${g.random.pick(['asIntN', 'asUintN'])}(${g.random.below(70)}, ${bigint(g, d - 1)})`,
    () => `(-(${bigint(g, d - 1)}))`,
    () => `BigInt(${g.random.pick(['12', '"34"', '"0xff"', 'true', '2 ** 60', number(g, 0)])})`,
  ])();
};

const condition = (g, d) => {
  if (d <= 0) return g.random.pick(['true', 'false', g.name('number'), g.name('string')]);
  return g.random.pick([
    () => `(${any(g, d - 1)} ${g.random.pick(['===', '!=='])} ${any(g, d - 1)})`,
    // The engine compares a BigInt with a fraction wrongly (conformance: numbers/bigint_with_fraction).
    () => `(plain(${any(g, d - 1)}) ${g.random.pick(['==', '!=', '<', '>', '<=', '>='])} plain(${any(g, d - 1)}))`,
    () => `(${condition(g, d - 1)} ${g.random.pick(['&&', '||'])} ${condition(g, d - 1)})`,
    () => `(!${any(g, d - 1)})`,
    () => `Array.isArray(${any(g, d - 1)})`,
    () => `(${g.random.pick(['"a"', '"length"', '0'])} in ${g.random.chance(50) ? array(g, d - 1) : object(g, d - 1)})`,
    () => `${g.random.pick(REGEXPS)}.test(${string(g, d - 1)})`,
    () => `${array(g, d - 1)}.${g.random.pick(['includes(1)', 'includes(NaN)', 'some(Boolean)', 'every(Number)'])}`,
    () => `${string(g, d - 1)}.${g.random.pick(['includes("a")', 'startsWith("a")', 'endsWith("c", 3)'])}`,
    () => `Object.is(${any(g, d - 1)}, ${any(g, d - 1)})`,
    () => `Number.${g.random.pick(['isInteger', 'isSafeInteger', 'isNaN', 'isFinite'])}(${any(g, d - 1)})`,
    () => `(${any(g, d - 1)} instanceof ${g.random.pick(['Object', 'Array', 'Function'])})`,
  ])();
};

const any = (g, d) => g.random.pick([
  number, number, string, string, array, object, condition, bigint,
  () => g.random.pick(['null', 'undefined', 'true', '(() => 1)', 'Symbol.iterator', g.name('number'), g.name('string')]),
  () => `(${g.random.chance(50) ? g.name('object') : object(g, d - 1)})?.${g.random.pick(KEYS.filter((k) => !/^\d/.test(k)))}`,
  () => `${array(g, d - 1)}[${g.random.pick(['0', '1', '"length"', '-1', number(g, 0)])}]`,
  () => `((${any2(g, d)}) ?? (${any2(g, d)}))`,
  () => g.call(d - 1, any),
])(g, d);

/** Like any, but ends sooner. */
const any2 = (g, d) => (d <= 0 ? number(g, 0) : any(g, d - 1));

export { any, array, condition, number, object, string };
