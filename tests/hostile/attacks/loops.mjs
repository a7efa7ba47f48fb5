// Endless loops of every kind: each must end by its gas or its time, whatever the script catches.

const ended = ['gas_exhausted', 'timeout'];
const gas = { gas_limit: 60000000 };
const main = (body) => `function main() { ${body} }`;

export default [
  { name: 'for', script: main('for (;;);'), why: 'the plainest loop', limits: { timeout: 1, gas_limit: 2e11 }, expect: ['timeout'], seconds: 2 },
  { name: 'while with try, catch, finally', script: main('for (;;) try { throw 1 } catch { continue } finally { continue }'), limits: gas, why: 'nothing may catch the end', expect: ended },
  { name: 'finally that never ends', script: main('try { for (;;); } finally { for (;;); }'), limits: gas, why: 'finally runs on errors, not on the end of a job', expect: ended },
  { name: 'at the top of the script', script: 'for (;;);', limits: gas, why: 'evaluation is metered as the call is', expect: ended },
  { name: 'in a getter', script: main('const o = { get x() { for (;;); } }; return o.x'), limits: gas, why: 'called by the engine', expect: ended },
  { name: 'in a getter of the output', script: main('return { get x() { for (;;); } }'), limits: gas, why: 'called while the result is written', expect: ended },
  { name: 'in toJSON of the output', script: main('return { toJSON() { for (;;); } }'), limits: gas, why: 'called while the result is written', expect: ended },
  { name: 'toJSON that gives another object with toJSON', script: main('const f = () => ({ toJSON: f, x: f }); return { a: { toJSON() { return { get a() { for (;;); } } } } }'), limits: gas, why: 'chained conversions', expect: [...ended, 'completed', 'output_invalid'] },
  { name: 'in a then of the result', script: main('return { then() { for (;;); } }'), limits: gas, why: 'awaiting calls it', expect: ended },
  { name: 'a then that resolves with a thenable for ever', script: main('const t = { then(r) { r(t) } }; return t'), limits: gas, why: 'microtasks without an end', expect: ended },
  { name: 'in a getter named then', script: main('return { get then() { for (;;); } }'), limits: gas, why: 'looked up by await', expect: ended },
  { name: 'microtasks for ever', script: main('const f = () => queueMicrotask(f); f(); return new Promise(() => {})'), limits: gas, why: 'the job queue never empties', expect: ended },
  { name: 'promises for ever', script: 'async function main() { for (;;) await null }', limits: gas, why: 'no frame of the script stays', expect: ended },
  { name: 'microtasks for ever after the result', script: main('const f = () => Promise.resolve().then(f); f(); return 1'), limits: gas, why: 'the result is there, the queue never empties', expect: [...ended, 'completed'] },
  { name: 'timers of no time for ever', script: main('const f = () => setTimeout(f, 0); f(); return new Promise(() => {})'), limits: { ...gas, timeout: 1 }, why: 'timers re-arm themselves', expect: ended, seconds: 3 },
  { name: 'a generator without an end', script: main('function* g() { for (;;) yield 1 } for (const x of g()); '), limits: gas, why: 'resumed by the engine', expect: ended },
  { name: 'a spread generator without an end', script: main('function* g() { for (;;) yield } return [...g()]'), limits: { ...gas, memory_limit: 16777216 }, why: 'native loop over a script iterator', expect: [...ended, 'memory_exceeded'] },
  { name: 'an async generator without an end', script: 'async function main() { async function* g() { for (;;) yield 1 } for await (const x of g()); }', limits: gas, why: 'both at once', expect: ended },
  { name: 'a proxy whose trap never ends', script: main('return new Proxy({}, { get() { for (;;); }, ownKeys() { for (;;); } })'), limits: gas, why: 'traps while the result is written', expect: ended },
  { name: 'a proxy prototype that grows', script: main('const p = new Proxy({}, { getPrototypeOf() { return p } }); return p instanceof Object'), limits: gas, why: 'a prototype chain without an end', expect: [...ended, 'script_error', 'stack_overflow', 'completed'] },
  { name: 'valueOf in arithmetic', script: main('return 1 + { valueOf() { for (;;); } }'), limits: gas, why: 'conversion calls back', expect: ended },
  { name: 'Symbol.toPrimitive', script: main('return `${{ [Symbol.toPrimitive]() { for (;;); } }}`'), limits: gas, why: 'conversion calls back', expect: ended },
  { name: 'an iterator of native next', script: main('return new Set({ [Symbol.iterator]: () => ({ next: Object }) })'), limits: gas, why: 'no bytecode runs at all', expect: ended },
  { name: 'Array.from of a native next', script: main('return Array.from({ [Symbol.iterator]: () => ({ next: Object }) })'), limits: { ...gas, memory_limit: 16777216 }, why: 'no bytecode runs at all', expect: [...ended, 'memory_exceeded'] },
  { name: 'a labelled maze', script: main('a: for (;;) b: for (;;) { try { continue a } finally { continue b } }'), limits: gas, why: 'jumps through finally', expect: ended },
  { name: 'eval of a loop', script: main('eval("for (;;);")'), limits: gas, why: 'code made later', expect: ended },
  { name: 'Function of a loop', script: main('new Function("for (;;);")()'), limits: gas, why: 'code made later', expect: ended },
  { name: 'tail calls both ways', script: 'var a = () => b(), b = () => { try { a() } catch { a() } }; function main() { a() }', limits: gas, why: 'overflow is caught and tried again: 2^depth steps', expect: [...ended, 'stack_overflow', 'script_error'] },
  { name: 'console.log for ever', script: main('for (;;) console.log("@MARK@")'), limits: gas, why: 'a host function a turn', expect: ended },
  { name: 'sha256 for ever', script: main('const s = "x".repeat(1e6); for (;;) crypto.sha256(s)'), limits: { timeout: 1, gas_limit: 2e11 }, why: 'long native work a call', expect: ['timeout'], seconds: 2 },
  { name: 'randomBytes for ever', script: main('for (;;) crypto.randomBytes(1024)'), limits: { timeout: 1, gas_limit: 2e11 }, why: 'a host function a turn', expect: ['timeout'], seconds: 2 },
  { name: 'a sleeper past its time', script: main('return new Promise((r) => setTimeout(r, 2 ** 31))'), limits: { timeout: 1 }, why: 'waiting is time too', expect: ['timeout', 'completed'], seconds: 2 },
  { name: 'a class static block', script: 'class A { static { for (;;); } } function main() {}', limits: gas, why: 'runs at definition', expect: ended },
  { name: 'a default parameter', script: 'function main(a, b, c = (() => { for (;;); })()) {}', limits: gas, why: 'runs before the body', expect: ended },
  { name: 'a finalizer', script: main('const r = new FinalizationRegistry(() => { for (;;); }); for (let i = 0; i < 1000; i++) r.register({}, i); return new Promise((f) => setTimeout(f, 5))'), limits: gas, why: 'called by the collector', expect: [...ended, 'completed', 'script_error'] },
];
