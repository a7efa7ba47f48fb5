// Makes a random program from a seed: a list of statements that can be left out one by one, each of
// which logs what it finds.

import { any, array, condition, number, object, string } from './expressions.mjs';
import { Random } from './random.mjs';

// `tick` bounds loops and recursion; `show` writes any value the same way in every engine.
const PRELUDE = `
const log = [];
let fuel = 3000;
function tick() { if (--fuel < 0) throw new RangeError('fuel'); }
function show(v, depth = 0) {
  if (typeof v === 'string') return JSON.stringify(v.length > 300 ? v.slice(0, 300) + v.length : v);
  if (typeof v === 'bigint') return v + 'n';
  if (typeof v === 'symbol') return String(v);
  if (typeof v === 'function') return 'function';
  if (Object.is(v, -0)) return '-0';
  if (v === null || typeof v !== 'object') return String(v);
  if (depth > 4) return '...';
  if (v instanceof Error) return 'error ' + v.name;
  const parts = [];
  for (const k of Reflect.ownKeys(v).slice(0, 40)) {
    if (Array.isArray(v) && k === 'length') parts.push('#' + v.length);
    else parts.push(JSON.stringify(String(k)) + ':' + show(v[k], depth + 1));
  }
  return (Array.isArray(v) ? '[' : '{') + parts.join() + (Array.isArray(v) ? ']' : '}');
}
function plain(v) { return typeof v === 'bigint' ? Number(v) : v; }
function note(f) {
  try { log.push(show(f())); } catch (e) {
    log.push('throws ' + (e instanceof Error ? e.name : show(e)));
  }
  if (log.length > 200) throw new RangeError('fuel');
}
let n1 = 3, n2 = -0.5, s1 = 'hello', s2 = 'aXb,c', a1 = [5, 'a', null], a2 = [[1, 2], 'z'], o1 = { a: 1, b: { c: [2] } }, o2 = { x: 'y' };
`;

const SCOPE = { number: ['n1', 'n2'], string: ['s1', 's2'], array: ['a1', 'a2'], object: ['o1', 'o2'] };

class Program {
  constructor(seed) {
    this.random = new Random(seed);
    this.scope = Object.fromEntries(Object.entries(SCOPE).map(([kind, names]) => [kind, [...names]]));
    this.functions = [];
    this.parameters = [];
    this.count = 0;
  }

  name(kind) {
    if (this.parameters.length > 0 && this.random.chance(30)) return this.random.pick(this.parameters);
    return this.random.pick(this.scope[kind]);
  }

  withParameter(name, make) {
    this.parameters.push(name);
    const text = make();
    this.parameters.pop();
    return text;
  }

  /** A call of a function made before, or a function written on the spot. */
  call(depth, make) {
    const args = this.random.times(0, 2, () => make(this, depth > 1 ? 1 : 0)).join(', ');
    if (this.functions.length > 0 && this.random.chance(70)) return `${this.random.pick(this.functions)}(${args})`;
    return `((p) => (tick(), ${this.withParameter('p', () => make(this, depth > 1 ? 1 : 0))}))(${args})`;
  }
}

const KINDS = { number, string, array, object };

function body(g, depth) {
  return g.random.times(1, 3, () => statement(g, depth)).join(' ');
}

/** A loop's or function's own names are seen as parameters inside it. */
function inside(g, names, make) {
  g.parameters.push(...names);
  const text = make();
  g.parameters.length -= names.length;
  return text;
}

function statement(g, depth) {
  if (depth <= 0) return `note(() => ${any(g, 3)});`;
  const id = () => `v${g.count++}`;
  return g.random.pick([
    () => `note(() => ${any(g, 4)});`,
    () => `note(() => ${any(g, 3)});`,
    () => {
      const kind = g.random.pick(Object.keys(KINDS));
      return `try { ${g.random.pick(SCOPE[kind])} = ${KINDS[kind](g, 3)}; } catch (e) { log.push(e.name); }`;
    },
    () => `if (${condition(g, 2)}) { ${body(g, depth - 1)} } else { ${body(g, depth - 1)} }`,
    () => { const v = id(); return `for (let ${v} = 0; ${v} < ${1 + g.random.below(4)}; ${v}++) { tick(); ${inside(g, [v], () => body(g, depth - 1))} ${g.random.pick(['', 'break;', `if (${v} > 1) continue; n1++;`])} }`; },
    () => { const v = id(); return `for (const ${v} of ${g.random.chance(70) ? array(g, 2) : string(g, 2)}) { tick(); ${inside(g, [v], () => body(g, depth - 1))} }`; },
    () => { const v = id(); return `for (const ${v} in ${object(g, 2)}) { tick(); ${inside(g, [v], () => body(g, depth - 1))} }`; },
    () => { const l = id(); return `${l}: for (const q of [1, 2, 3]) { for (const r of [1, 2]) { tick(); if (q * r > ${g.random.below(7)}) ${g.random.pick(['continue', 'break'])} ${l}; ${inside(g, ['q', 'r'], () => body(g, 0))} } }`; },
    () => `switch (${any(g, 1)}) { case ${any(g, 1)}: ${body(g, 0)} ${g.random.pick(['', 'break;'])} default: ${body(g, 0)} case ${any(g, 1)}: ${body(g, 0)} }`,
    () => `try { ${body(g, depth - 1)} ${g.random.pick(['throw n1;', 'throw new TypeError("t");', 'null.x;', ''])} } catch (e) { note(() => e instanceof Error ? e.name : e); } ${g.random.pick(['', `finally { ${body(g, 0)} }`])}`,
    () => {
      const f = `f${g.count++}`;
      const text = `function ${f}(p = ${number(g, 1)}, { a: q = 2, ...r } = {}, ...rest) { tick(); ${inside(g, ['p', 'q', 'r', 'rest'], () => `${body(g, depth - 1)} return ${any(g, 2)}`)}; }`;
      if (depth === 2) g.functions.push(f);
      return text;
    },
    () => { const c = `C${g.count++}`; return `class ${c} ${g.random.pick(['', 'extends Array ', 'extends Map ', 'extends Object '])}{ #p = ${number(g, 1)}; f = ${any(g, 1)}; static s = ${any(g, 1)}; get g() { return this.#p; } set g(v) { this.#p = v; } m() { tick(); return [this.#p, this.f, #p in this]; } } note(() => { const c = new ${c}(); c.g = ${number(g, 1)}; return [c.m(), c.g, ${c}.s, c instanceof ${c}, Object.keys(c), '' + (c.size ?? c.length)]; });`; },
    () => { const v = id(); return `{ const ${v} = (function* () { try { const r = yield ${any(g, 1)}; yield r; } finally { yield ${number(g, 0)}; } })(); note(() => [${v}.next(), ${v}.next(${number(g, 0)}), ${v}.${g.random.pick(['return(5)', 'next()', 'throw(6)'])}, ${v}.next(), ${v}.next()]); }`; },
    () => `note(() => { const [x, [y = ${number(g, 0)}] = [], ...z] = ${array(g, 2)}; return [x, y, z]; });`,
    () => `note(() => { const { a, b: { c = 1 } = {}, ...rest } = ${object(g, 2)}; return [a, c, rest]; });`,
    () => `note(() => { const fs = []; for (let i = 0; i < 3; i++) fs.push(() => i + ${number(g, 1)}); return fs.map((f) => f()); });`,
    () => `note(() => { delete o1.${g.random.pick(['a', 'b'])}; o1[${string(g, 1)}] = ${number(g, 1)}; return o1; });`,
    () => `note(() => { n1${g.random.pick([' += ', ' -= ', ' *= ', ' %= ', ' <<= ', ' >>>= ', ' ??= ', ' ||= ', ' &&= '])}${number(g, 2)}; return [n1++, --n1]; });`,
    () => `await (async () => { try { const v = await ${g.random.pick([any(g, 1), `Promise.reject(${number(g, 0)})`, `Promise.all(${array(g, 1)})`])}; note(() => v); } catch (e) { note(() => e instanceof Error ? e.name : e); } })();`,
  ])();
}

/** The statements of the program of a seed. */
export function makeStatements(seed) {
  const g = new Program(seed);
  return g.random.times(2, 6, () => statement(g, 2));
}

/** The program that consists of these statements. */
export function assemble(statements) {
  const lines = statements.map((text) => `  ${text}`).join('\n');
  return `${PRELUDE}async function main() {\n  try {\n${lines}\n  } catch (e) { log.push('ends with ' + e.name); }\n  return log;\n}\n`;
}
