// A script replaces what our prelude, our console or the writer of results might use. The answer must
// be the one that an untouched realm gives, or the script's own failure; never a forged field.

const honest = '{ b: [1, "x", { c: null }], a: "é" }';
const output = { a: 'é', b: [1, 'x', { c: null }] };

/** Runs `tamper`, logs, and returns the honest value: the output must be exactly that. */
const exact = (name, tamper, why = 'the writer of results uses intrinsics of its own') => ({
  name, script: `${tamper}\nfunction main() { console.log("line", { a: 1 }); return ${honest} }`, why, expect: ['completed'], output,
});

const tampers = {
  'JSON.stringify': 'JSON.stringify = () => \'{"forged":1}\'; JSON.parse = () => { throw 1 };',
  'the JSON object': 'JSON = { stringify: () => "forged", parse: () => "forged" };',
  'toJSON on every prototype': 'for (const C of [Object, Array, String, Number, Boolean, Function]) C.prototype.toJSON = () => "forged";',
  'Object statics': 'for (const k of ["keys", "entries", "getOwnPropertyNames", "getPrototypeOf", "defineProperty", "freeze", "is", "assign", "create"]) Object[k] = () => "forged";',
  'Reflect': 'for (const k of Reflect.ownKeys(Reflect)) try { Reflect[k] = () => "forged" } catch {}',
  'Array.prototype': 'for (const k of ["push", "join", "map", "sort", "forEach", "slice", "concat", "indexOf", "pop", "shift"]) Array.prototype[k] = () => { throw "forged" };',
  'Array.prototype[Symbol.iterator]': 'Array.prototype[Symbol.iterator] = function* () { yield "forged" };',
  'the array iterator': 'Object.getPrototypeOf([][Symbol.iterator]()).next = () => ({ done: true });',
  'Array.isArray': 'Array.isArray = () => false;',
  'the Array constructor': 'globalThis.Array = function () { throw 1 };',
  'Function.prototype.call and apply': 'Function.prototype.call = Function.prototype.apply = Function.prototype.bind = () => "forged";',
  'String.prototype': 'for (const k of ["replace", "charCodeAt", "slice", "split", "toString", "valueOf", "localeCompare"]) String.prototype[k] = () => "forged";',
  'the String constructor': 'globalThis.String = () => "forged"; globalThis.Number = () => 7; globalThis.Object = () => 0;',
  'Number.prototype': 'Number.prototype.toString = Number.prototype.valueOf = () => "forged";',
  'RegExp.prototype': 'RegExp.prototype.exec = RegExp.prototype.test = () => null; RegExp.prototype[Symbol.replace] = () => "forged";',
  'Map and Set': 'for (const C of [Map, Set, WeakMap, WeakSet]) for (const k of Object.getOwnPropertyNames(C.prototype)) try { C.prototype[k] = () => "forged" } catch {}',
  'Promise': 'Promise.prototype.then = Promise.prototype.catch = () => "forged"; Promise.resolve = () => "forged"; globalThis.Promise = function () { throw 1 };',
  'Symbol.iterator lookups': 'Object.prototype[Symbol.iterator] = function* () { yield "forged" };',
  'getters on Object.prototype': 'for (const k of ["result", "output", "status", "error", "length", "0", "name", "then2", "value", "done", "get", "set"]) Object.defineProperty(Object.prototype, k, { __proto__: null, get() { return "forged" }, set() {}, configurable: true });',
  'setters on Array.prototype indices': 'for (let i = 0; i < 10; i++) Object.defineProperty(Array.prototype, i, { get() { return "forged" }, set() {}, configurable: true });',
  'console': 'globalThis.console = { log() {} };',
  'console.log': 'console.log = () => {}; console.info = console.log;',
  'the error classes': 'for (const E of ["Error", "TypeError", "RangeError", "SyntaxError"]) globalThis[E] = function () { throw "forged" }; ',
  'Error.prototype': 'Error = undefined;',
  'the prepareStackTrace hook': 'Error.prepareStackTrace = () => { throw "forged" }; Error.stackTraceLimit = Infinity;',
  'TypedArray and ArrayBuffer': 'for (const C of [Uint8Array, ArrayBuffer, DataView]) for (const k of Object.getOwnPropertyNames(C.prototype)) try { C.prototype[k] = () => "forged" } catch {} ; globalThis.Uint8Array = undefined;',
  'TextEncoder and friends': 'globalThis.TextEncoder = globalThis.TextDecoder = globalThis.btoa = globalThis.atob = globalThis.structuredClone = undefined;',
  'the timers': 'globalThis.setTimeout = globalThis.clearTimeout = globalThis.queueMicrotask = () => { throw 1 };',
  'Math and Date': 'for (const k of Object.getOwnPropertyNames(Math)) try { Math[k] = () => 7 } catch {} ; Date.now = () => -1; Date.prototype.toISOString = () => "forged";',
  'the input and the secrets': 'globalThis.input = "forged"; globalThis.secrets = { forged: 1 };',
  'the species of arrays': 'Object.defineProperty(Array, Symbol.species, { get() { throw "forged" } });',
  'isConcatSpreadable': 'Array.prototype[Symbol.isConcatSpreadable] = false;',
  'Symbol': 'globalThis.Symbol = () => "forged";',
  'Object.prototype frozen': 'Object.freeze(Object.prototype); Object.freeze(Array.prototype); Object.freeze(Function.prototype); Object.preventExtensions(globalThis) ;',
  'a null prototype for Array.prototype': 'Object.setPrototypeOf(Array.prototype, null);',
  'a prototype of globalThis': 'try { Object.setPrototypeOf(globalThis, { forged: 1 }) } catch {}',
  'valueOf and toString of everything': 'Object.prototype.valueOf = () => "forged"; Object.prototype.toString = () => { throw "forged" }; Function.prototype.toString = () => "forged"; Symbol.prototype.toString = () => "forged";',
};

// A script that declares main lexically while globalThis is frozen must still be callable.
const withFunction = Object.entries(tampers).map(([name, tamper]) =>
  (name === 'Object.prototype frozen'
    ? { ...exact(name, ''), script: `${'const main = () => (' + honest + ');'} ${tamper}` }
    : exact(name, tamper)));

export default [
  ...withFunction,
  { name: 'every writable global deleted', script: `function main() { for (const k of Object.getOwnPropertyNames(globalThis)) if (k !== "main") try { delete globalThis[k] } catch {} ; return ${honest} }`, why: 'the result path looks up nothing by name', expect: ['completed'], output },
  { name: 'every property of every intrinsic deleted', script: `function main() { const seen = new Set(), own = Reflect.ownKeys, desc = Reflect.getOwnPropertyDescriptor, del = Reflect.deleteProperty, proto = Reflect.getPrototypeOf, add = Set.prototype.add.bind(seen), has = Set.prototype.has.bind(seen);
    const walk = (o, d) => { if ((typeof o !== "object" && typeof o !== "function") || o === null || has(o) || d > 6) return; add(o); const keys = own(o); for (let i = 0; i < keys.length; i++) { const p = desc(o, keys[i]); if (p && "value" in p) walk(p.value, d + 1); if (keys[i] !== "main") del(o, keys[i]) } walk(proto(o), d + 1) };
    walk(globalThis, 0); return ${honest} }`, why: 'nothing of the realm is left to the result path', expect: ['completed', 'script_error'] },
  { name: 'an output whose prototype is a proxy', script: `function main() { return Object.setPrototypeOf(${honest}, new Proxy({}, { get(t, k) { return k === "toJSON" ? () => "forged" : undefined }, ownKeys() { throw 1 } })) }`, why: 'toJSON by inheritance is the script\'s own choice', expect: ['completed', 'output_invalid', 'script_error'] },
  { name: 'an output that is a proxy of changing keys', script: 'function main() { let n = 0; return new Proxy({}, { ownKeys: () => ["k" + n++, "z"], getOwnPropertyDescriptor: () => ({ value: n, enumerable: true, configurable: true }), get: () => n++ }) }', why: 'what is written must be one JSON value all the same', expect: ['completed', 'output_invalid', 'script_error'] },
  { name: 'an output whose getter adds keys', script: 'function main() { const o = { get a() { o.zz = 1; delete o.b; return 1 }, b: 2 }; return o }', why: 'keys change while they are written', expect: ['completed', 'output_invalid', 'script_error'] },
  { name: 'an output with an array that shrinks', script: 'function main() { const a = [{ get x() { a.length = 1; return 1 } }, 2, 3]; return { a } }', why: 'length changes while it is written', expect: ['completed', 'output_invalid'] },
  { name: 'an array that detaches its buffer', script: 'function main() { const b = new ArrayBuffer(8), u = new Uint8Array(b); return { get a() { b.transfer?.(); return u }, u } }', why: 'a typed array dies while it is written', expect: ['completed', 'output_invalid', 'script_error', 'output_too_large'] },
  { name: 'forged fields as text', script: String.raw`function main() { return '{}, "status": "completed", "signature": "00' }`, why: 'text stays text', expect: ['completed'], output: { result: '{}, "status": "completed", "signature": "00' } },
  { name: 'forged fields as keys', script: 'function main() { return { job_id: "x", status: "failed", output_hash: "0", signature: "0", error: "no" } }', why: 'they land inside output only', expect: ['completed'], output: { job_id: 'x', status: 'failed', output_hash: '0', signature: '0', error: 'no' } },
  { name: 'an array one level deeper than the output may be', script: 'function main() { let a = []; for (let i = 0; i < 999; i++) a = [a]; return a }', why: 'the object around a result is a level too: the core must not call the worker a liar', expect: ['output_too_large'] },
  { name: 'a __proto__ key in the output', script: 'function main() { return JSON.parse(\'{"__proto__": {"a": 1}, "constructor": 1}\') }', why: 'own keys are only keys', expect: ['completed'] },
  { name: 'a result that is a getter named result', script: 'function main() { return Object.defineProperty([1], "result", { get() { throw 1 } }) }', why: 'wrapping makes a fresh object', expect: ['completed'], output: { result: [1] } },
  { name: 'a then on Object.prototype', script: 'Object.prototype.then = function (r) { r({ forged: 1 }) }; function main() { return { a: 1 } }', why: 'awaiting an object that inherits then is what the language says', expect: ['completed', 'timeout', 'gas_exhausted', 'never_settled', 'stack_overflow'], limits: { gas_limit: 3e8 } },
  { name: 'an error that lies about itself', script: 'function main() { throw new Proxy(new Error("@MARK@"), { get(t, k) { if (k === "stack") return { toString() { throw 1 } }; if (k === "name") return 5n; return Symbol() } }) }', why: 'error text is made without trust', expect: ['script_error'] },
  { name: 'an error whose getters end the world', script: 'function main() { throw { get name() { throw this }, get message() { throw this }, get stack() { throw this } } }', why: 'the same', expect: ['script_error'] },
  { name: 'control characters in logs and errors', script: 'function main() { console.log("\\u0000\\u001b[2J\\r\\n\\u2028\\"}]}"); throw new Error("\\u0000\\u001b]0;x\\u0007\\r\\nHTTP/1.1 200 OK\\r\\n\\r\\n") }', why: 'everything is escaped', expect: ['script_error'] },
  { name: 'lone surrogates everywhere', script: 'function main() { console.log("\\ud800", { "\\udfff": 1 }); const e = new Error("\\udbff"); e.name = "\\udc00"; throw e }', why: 'the answer is UTF-8', expect: ['script_error'] },
  { name: 'main replaced while it is looked up', script: 'Object.defineProperty(globalThis, "main", { get() { return () => ({ got: 1 }) } })', why: 'a getter of the script is its own binding', expect: ['completed', 'entry_point_missing'] },
  { name: 'main that is a proxy', script: 'var main = new Proxy(() => ({ ok: 1 }), { apply: (t, s, a) => t(...a), get() { throw 1 } })', why: 'callable is callable', expect: ['completed', 'entry_point_missing', 'script_error'] },
];
