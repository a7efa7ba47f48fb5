// What one job plants, the next must not find. After every attack of the corpus the driver compares a
// walk over the whole realm with that of a fresh server; these plant with care and look with more.

const plant = (body) => `function main() { ${body}; return 1 }`;
const look = 'const found = []; const seen = new Set();' +
  'const walk = (o, path, d) => { if (typeof o === "string" && o.includes("PLANTED")) found.push(path);' +
  ' if ((typeof o !== "object" && typeof o !== "function") || o === null || seen.has(o) || d > 8) return; seen.add(o);' +
  ' for (const k of Reflect.ownKeys(o)) { if (String(k).includes("PLANTED")) found.push(path + "." + String(k)); let v; try { v = o[k] } catch { continue } walk(v, path + "." + String(k), d + 1) }' +
  ' walk(Object.getPrototypeOf(o), path + ".__proto__", d + 1) }; walk(globalThis, "", 0);';

const places = {
  'globals': 'for (let i = 0; i < 100; i++) globalThis["PLANTED" + i] = "PLANTED-@MARK@"',
  'prototypes': 'for (const C of [Object, Array, Function, String, Number, Promise, RegExp, Map, Error]) C.prototype.PLANTED = "PLANTED-@MARK@"',
  'lexical bindings by eval': '(0, eval)("let PLANTED = 1; const PLANTED2 = 2; class PLANTED3 {}")',
  'the symbol registry': 'for (let i = 0; i < 1000; i++) Symbol.for("PLANTED" + i)',
  'replaced intrinsics': 'Array.prototype.push = Object.keys = JSON.stringify = Promise.prototype.then = function PLANTED() { return "PLANTED" }',
  'getters on Object.prototype': 'Object.defineProperty(Object.prototype, "PLANTED", { get: () => "PLANTED", enumerable: true })',
  'RegExp statics': '/(P)(L)ANTED/.exec("xPLANTEDy")',
  'pending timers': 'for (let i = 0; i < 900; i++) setTimeout(() => { globalThis.PLANTED = 1 }, i)',
  'pending microtasks': 'queueMicrotask(() => { globalThis.PLANTED = 1; queueMicrotask(() => { Object.prototype.PLANTED = 1 }) })',
  'unhandled rejections': 'for (let i = 0; i < 500; i++) Promise.reject(new Error("PLANTED"))',
  'array buffers full of the marker': 'for (let k = 0; k < 20; k++) { const u = new Uint8Array(1 << 20); const t = new TextEncoder().encode("PLANTED-@MARK@"); for (let i = 0; i + t.length < u.length; i += t.length) u.set(t, i) }',
  'the stack': 'const f = (n, a) => n ? f(n - 1, "PLANTED" + n) + 0 : a.length; f(2000, "")',
  'logs': 'for (let i = 0; i < 100; i++) console.log("PLANTED-@MARK@")',
  'the prototype of the global object': 'try { Object.setPrototypeOf(globalThis, { PLANTED: 1 }) } catch {} try { Object.setPrototypeOf(Object.prototype, { PLANTED: 1 }) } catch {}',
  'finalizers': 'globalThis.r = new FinalizationRegistry(() => { globalThis.PLANTED = 1 }); for (let i = 0; i < 100; i++) r.register({}, i)',
  'a frozen realm': 'Object.freeze(globalThis); Object.freeze(Object.prototype); Object.preventExtensions(Array.prototype)',
  'deleted globals': 'for (const k of ["Object", "Array", "JSON", "Promise", "Map", "console", "crypto", "setTimeout"]) delete globalThis[k]',
  'an error message': 'throw new Error("PLANTED-@MARK@")',
};

/** Reads memory that was never written: it must be zero. */
const uninitialized = {
  'new ArrayBuffer': 'for (let k = 0; k < 200; k++) { const u = new Uint8Array(4096 << (k % 8)); for (const b of u) if (b) found.push(k) }',
  'new Float64Array': 'for (let k = 0; k < 50; k++) for (const x of new Float64Array(5000)) if (x !== 0) found.push(k)',
  'a resized buffer': 'const b = new ArrayBuffer(8, { maxByteLength: 1 << 20 }), u = new Uint8Array(b); u.fill(7); b.resize(4); b.resize(1 << 20); for (let i = 4; i < u.length; i++) if (u[i]) found.push(i)',
  'a transferred buffer that grows': 'const b = new ArrayBuffer(8); new Uint8Array(b).fill(9); const u = new Uint8Array(b.transfer(1 << 16)); for (let i = 8; i < u.length; i++) if (u[i]) found.push(i)',
  'new Array': 'for (const x of new Array(10000)) if (x !== undefined) found.push(x)',
};

export default [
  ...Object.entries(places).map(([name, body]) => ({
    name, script: plant(body), then: `function main() { ${look} return found }`, thenOutput: { result: [] },
    why: 'planted by one job, looked for by the next', expect: ['completed', 'script_error', 'timeout', 'memory_exceeded'],
  })),
  ...Object.entries(uninitialized).map(([name, body]) => ({
    name: `unwritten memory: ${name}`, script: plant(places['array buffers full of the marker']),
    then: `function main() { const found = []; ${body}; return found.slice(0, 10) }`, thenOutput: { result: [] },
    why: 'memory of the last job must not show', expect: ['completed'], seconds: 4,
  })),
  { name: 'random numbers that repeat', script: 'function main() { return 1 }', then: 'function main() { const a = new Set(); for (let i = 0; i < 1000; i++) a.add(Math.random()); return a.size }', thenOutput: { result: 1000 }, why: 'the generator is seeded anew', expect: ['completed'] },
  { name: 'the job before, by its time', script: 'function main() { Date.now = () => 0; Math.random = () => 0; return 1 }', then: 'function main() { return [Date.now() > 1.7e12, Math.random() !== Math.random()] }', thenOutput: { result: [true, true] }, why: 'clock and random are restored', expect: ['completed'] },
];
