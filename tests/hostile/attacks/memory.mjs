// Everything that takes memory: the limit of the job holds, whatever the script catches.

const main = (body) => `function main() { ${body} }`;
const over = ['memory_exceeded', 'gas_exhausted'];
const limits = { memory_limit: 33554432, gas_limit: 1000000000, timeout: 4 };

const eaters = {
  'doubling a string': 'let s = "@MARK@"; for (;;) s += s',
  'flattening ropes': 'const a = []; let s = "@MARK@"; for (;;) { s += "x"; a.push(s + s) }',
  'doubling an array': 'let a = [1]; for (;;) a = [...a, ...a]',
  'pushing for ever': 'const a = []; for (;;) a.push({ m: "@MARK@" })',
  'pushing, with every error caught': 'const a = []; for (;;) try { for (;;) a.push(new Array(1000).fill(a)) } catch { a.length -= 1 }',
  'maps': 'const m = new Map(); for (let i = 0; ; i++) m.set(i, "@MARK@" + i)',
  'sets of symbols': 'const s = new Set(); for (;;) s.add(Symbol("@MARK@"))',
  'registered symbols': 'for (let i = 0; ; i++) Symbol.for("@MARK@" + i)',
  'property names': 'const o = {}; for (let i = 0; ; i++) o["@MARK@" + i] = i',
  'closures': 'let f = () => 0; for (;;) { const g = f; f = () => g }',
  'bound functions': 'let f = () => 0; for (;;) f = f.bind(null, f)',
  'typed arrays': 'const a = []; for (;;) a.push(new Float64Array(100000).fill(1))',
  'typed arrays that nobody touches': 'const a = []; for (;;) a.push(new ArrayBuffer(1e6))',
  'one array buffer of 2 GiB': 'return new ArrayBuffer(2 ** 31 - 1).byteLength',
  'a resizable buffer': 'const b = new ArrayBuffer(1, { maxByteLength: 2 ** 31 - 1 }); for (let i = 1; ; i *= 2) b.resize(i)',
  'BigInts': 'let n = 1n; for (;;) n <<= 1000000n',
  'generators that never end': 'const a = []; function* g() { yield new Array(100) } for (;;) { const i = g(); i.next(); a.push(i) }',
  'promises that never settle': 'const a = []; for (;;) a.push(new Promise(() => {}).then(() => "@MARK@"))',
  'microtasks': 'for (;;) queueMicrotask(() => "@MARK@")',
  'regular expressions': 'const a = []; for (let i = 0; ; i++) a.push(new RegExp("(?<n" + i + ">a|b)+" + i))',
  'functions from text': 'const a = []; for (let i = 0; ; i++) a.push(new Function("return " + i))',
  'classes': 'let C = class {}; for (;;) C = class extends C { #x = 1; static y = new Array(10) }',
  'proxies around proxies': 'let p = {}; for (;;) p = new Proxy(p, {})',
  'getters': 'const o = {}; for (let i = 0; ; i++) Object.defineProperty(o, "g" + i, { get: () => i })',
  'errors with stacks': 'const a = []; for (;;) a.push(new Error("@MARK@"))',
  'cycles that only a collector frees, kept': 'const a = []; for (;;) { const x = { a }; x.self = x; a.push(x) }',
  'weak maps': 'const w = new WeakMap(), a = []; for (;;) { const k = {}; w.set(k, new Array(100)); a.push(k) }',
  'a sparse array filled from the end': 'const a = []; for (let i = 4e9; ; i--) a[i] = i',
  'array length': 'const a = []; a.length = 2 ** 32 - 1; a.fill(0); return 1',
  'matches of a long text': 'return [..."x".repeat(1e7).matchAll(/x/g)].length',
  'split of a long text': 'return "x".repeat(2e7).split("").length',
  'JSON.parse of a wide array': 'return JSON.parse("[" + "0,".repeat(1e7) + "0]").length',
  'structuredClone for ever': 'let o = [1]; for (;;) o = structuredClone([o, o])',
  'arguments': 'function f() { return f.apply(null, [...arguments, ...arguments, 1]) } return f(1)',
  'timers': 'for (;;) setTimeout(() => "@MARK@", 1e6, new Array(1000))',
};

export default [
  ...Object.entries(eaters).map(([name, body]) => ({
    name, script: main(body), limits, why: 'memory without an end', expect: [...over, 'script_error', 'timeout', 'stack_overflow', 'completed'], seconds: 6,
  })),
  { name: 'rubbish that can be freed', script: main('let n = 0; for (let i = 0; i < 200000; i++) { const a = { i }; a.self = a; n += i } return n'), limits: { memory_limit: 16777216 }, why: 'cycles are collected: this is no attack and must work', expect: ['completed'] },
  { name: 'a flood of logs', script: main('for (let i = 0; i < 100000; i++) console.log("@MARK@".repeat(200)); return 1'), limits: { gas_limit: 5e9, timeout: 5 }, why: 'entries past the limit cost nothing to keep', expect: ['completed', 'gas_exhausted', 'timeout'], seconds: 7 },
  { name: 'one huge log line', script: main('console.log("@MARK@".repeat(300000)); console.log({ a: "x".repeat(1e7) }); return 1'), why: 'cut before it is copied', expect: ['completed'] },
  { name: 'a deep object in a log', script: main('let o = {}; for (let i = 0; i < 100000; i++) o = { o }; console.log(o); return 1'), why: 'rendering has a depth', expect: ['completed'] },
  { name: 'a wide object in a log', script: main('console.log(Array.from({ length: 1e6 }, (_, i) => i), new Map(Array.from({ length: 1e5 }, (_, i) => [i, i]))); return 1'), why: 'rendering has a width', expect: ['completed', 'memory_exceeded'], limits: { memory_limit: 268435456 } },
  { name: 'a huge output', script: main('return "@MARK@".repeat(100000)'), why: 'refused by size', expect: ['output_too_large'] },
  { name: 'an output of a million keys', script: main('const o = {}; for (let i = 0; i < 1e6; i++) o[i] = 1; return o'), why: 'refused by size, not sorted first', expect: ['output_too_large', 'memory_exceeded', 'timeout'], limits: { memory_limit: 268435456, timeout: 3 }, seconds: 5 },
  { name: 'an output nested 50 000 deep', script: main('let a = 0; for (let i = 0; i < 50000; i++) a = [a]; return a'), why: 'refused by depth, no native recursion', expect: ['output_invalid', 'output_too_large', 'stack_overflow'] },
  { name: 'an output of objects nested deep', script: main('let a = 0; for (let i = 0; i < 50000; i++) a = { a }; return a'), why: 'the same with keys', expect: ['output_invalid', 'output_too_large', 'stack_overflow'] },
  { name: 'an output that grows while it is written', script: main('const a = []; a.push({ get x() { a.push(1, this); return 1 } }); return a'), why: 'the array has no end', expect: ['output_too_large', 'output_invalid', 'gas_exhausted', 'completed', 'stack_overflow'], limits: { gas_limit: 1e9 } },
  { name: 'a huge error', script: main('throw new Error("@MARK@".repeat(100000))'), why: 'cut', expect: ['script_error'] },
  { name: 'an error with a huge name and stack', script: main('const e = new Error("x"); e.name = "n".repeat(1e6); e.stack = "s".repeat(1e7); throw e'), why: 'cut', expect: ['script_error'] },
  { name: 'the most memory allowed, all touched', script: main('const a = new Uint8Array(200 * 1048576); for (let i = 0; i < a.length; i += 4096) a[i] = 1; return a.length'), limits: { memory_limit: 268435456 }, why: 'given back to the system afterwards', expect: ['completed'], seconds: 3 },
  { name: 'the largest input, kept and copied', script: 'function main(i) { const a = []; for (let k = 0; k < 20; k++) a.push(i + k); return a.length }', input: 'x'.repeat(1048570), why: 'fits', expect: ['completed'] },
];
