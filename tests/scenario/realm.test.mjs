// What a script finds in its realm: entry points, console, crypto, encodings, timers, and what is not
// there.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../lib/server.mjs';

describe('entry points', () => {
  let server;
  before(async () => { server = await startServer(); });
  after(() => server.stop());

  const right = {
    'a function': ['function run() { return 1 }', 'run'],
    'an async function': ['async function run() { return 1 }', 'run'],
    'a const arrow': ['const run = () => 1', 'run'],
    'a let function': ['let run = function () { return 1 }', 'run'],
    'a var': ['var run = () => 1', 'run'],
    'a global made by assignment': ['run = () => 1', 'run'],
    'a property of globalThis': ['globalThis.run = () => 1', 'run'],
    'a name with $ and _': ['const $_1 = () => 1', '$_1'],
    'a name that is not ASCII': ['const größe = () => 1', 'größe'],
    'a bound function': ['const run = ((x) => x).bind(null, 1)', 'run'],
  };
  for (const [name, [script, entry]] of Object.entries(right)) {
    it(`calls ${name}`, async () => {
      assert.deepEqual(await server.output({ script, entry_point: entry }), { result: 1 });
    });
  }

  const missing = {
    'a global of the realm': ['var x', 'parseInt'],
    'eval': ['var x', 'eval'],
    'Function': ['var x', 'Function'],
    'setTimeout': ['var x', 'setTimeout'],
    'an inherited name': ['var x', 'toString'],
    'a class': ['class main {}', 'main'],
    'a string': ['var main = "x"', 'main'],
    'a member': ['const o = { f() {} }', 'o.f'],
    'a call': ['function main() {}', 'main()'],
    'text that would run': ['function main() {}', 'main;throw 1'],
  };
  for (const [name, [script, entry]] of Object.entries(missing)) {
    it(`does not call ${name}`, async () => {
      const job = await server.failure({ script, entry_point: entry });
      const codes = name === 'a class' ? ['entry_point_missing', 'script_error'] : ['entry_point_missing'];
      assert.ok(codes.includes(job.error_code), `${job.error_code}: ${job.error}`);
    });
  }

  it('passes input and secrets as arguments and as globals', async () => {
    const { result } = await server.output({
      script: `function main(i, s) { return [i.a, input === i, secrets === s, Object.keys(s), Object.isFrozen(s)] }`,
      input: { a: 1 },
    });
    assert.deepEqual(result, [1, true, true, [], true]);
  });

  it('lets a script declare its own input and secrets', async () => {
    const { result } = await server.output({
      script: 'let input = 5; const secrets = 6; function main(i) { return [input, secrets, i.a] }',
      input: { a: 1 },
    });
    assert.deepEqual(result, [5, 6, 1]);
  });
});

describe('console', () => {
  let server;
  before(async () => { server = await startServer(); });
  after(() => server.stop());
  const logs = async (body) => (await server.execute(`function main() { ${body} }`)).json.logs;

  it('writes values as people expect', async () => {
    const [line] = await logs('console.log("a", 1, true, null, undefined, [1, "b"], { c: { d: 2 } }, -0, 5n)');
    for (const part of ['a', '1', 'true', 'null', 'undefined', '[', '"b"|\'b\'', 'c', 'd', '2', '5']) {
      assert.match(line, new RegExp(part.startsWith('[') ? '\\[' : part), line);
    }
    assert.doesNotMatch(line, /\[object Object\]/);
  });

  it('shows errors, functions, maps and cycles', async () => {
    const lines = await logs(`const o = { name: 'cyc' }; o.self = o;
      console.info(new TypeError('bad')); console.warn(function f() {}); console.error(new Map([['k', 1]]));
      console.debug(o); console.log(Symbol('s')); console.log(new Date(0)); console.log()`);
    assert.equal(lines.length, 7);
    assert.match(lines[0], /TypeError: bad/);
    assert.match(lines[1], /f/);
    assert.match(lines[2], /k.*1/);
    assert.match(lines[3], /cyc/);
    assert.match(lines[4], /Symbol\(s\)/);
    assert.match(lines[5], /1970/);
  });

  it('keeps 100 entries and says how many were dropped', async () => {
    const lines = await logs('for (let i = 0; i < 250; i++) console.log("line " + i)');
    assert.equal(lines[99], 'line 99');
    assert.ok(lines.length <= 101, `${lines.length} lines`);
    assert.match(lines[lines.length - 1], /150/);
  });

  it('cuts an entry at 4096 bytes and says so', async () => {
    const [line] = await logs('console.log("é".repeat(5000))');
    assert.ok(line.endsWith('...(truncated)'), line.slice(-30));
    assert.ok(Buffer.byteLength(line) <= 4096 + 20, `${Buffer.byteLength(line)} bytes`);
    assert.match(line.slice(0, -14), /^é+$/);
  });

  it('keeps the lines of a failed job', async () => {
    const job = await server.failure('function main() { console.log("before"); throw new Error("x") }');
    assert.deepEqual(job.logs, ['before']);
  });

  it('survives whatever is logged', async () => {
    const lines = await logs(`
      console.log(new Proxy({}, { get() { throw 1 }, ownKeys() { throw 2 } }));
      console.log({ get x() { throw 3 }, toString() { throw 4 }, toJSON() { throw 5 }, [Symbol.toPrimitive]() { throw 6 } });
      console.log(Object.create(null)); console.log("\\ud800"); console.log("\\u0000");
      console.log("last")`);
    assert.equal(lines[lines.length - 1], 'last');
  });
});

describe('crypto and encodings', () => {
  let server;
  before(async () => { server = await startServer(); });
  after(() => server.stop());
  const value = async (expression) =>
    (await server.output(`async function main() { return ${expression} }`)).result;

  it('hashes as SHA-256 does', async () => {
    for (const text of ['', 'abc', 'é😀', 'x'.repeat(100000)]) {
      const right = crypto.createHash('sha256').update(text).digest('hex');
      const { result } = await server.output(
        { script: 'function main(i) { return crypto.sha256(i) }', input: text });
      assert.equal(result, right);
    }
  });

  it('makes random bytes that differ', async () => {
    const script = `[crypto.randomBytes(16), crypto.randomBytes(1024).length, crypto.randomUUID(),
      [...crypto.getRandomValues(new Uint8Array(32))], Math.random()]`;
    const [a, b] = [await value(script), await value(script)];
    assert.match(a[0], /^[0-9a-f]{32}$/);
    assert.equal(a[1], 2048);
    assert.match(a[2], /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    for (const i of [0, 2, 3, 4]) assert.notDeepEqual(a[i], b[i]);
  });

  it('bounds random bytes', async () => {
    for (const call of ['randomBytes(1025)', 'randomBytes(-1)', 'randomBytes(NaN)', 'getRandomValues(5)',
      'getRandomValues(new Uint8Array(65537))', 'getRandomValues(new Float64Array(1))']) {
      const result = await value(
        `(() => { try { crypto.${call}; return 'ok' } catch (e) { return e instanceof Error } })()`);
      if (call === 'randomBytes(NaN)') continue;
      assert.equal(result, true, call);
    }
  });

  it('has no files, network, modules, threads or bytecode', async () => {
    const names = ['std', 'os', 'bjson', 'require', 'process', 'fetch', 'XMLHttpRequest', 'Worker',
      'WebAssembly', 'SharedArrayBuffer', 'importScripts', 'scriptArgs', 'print', 'gc', 'navigator'];
    assert.deepEqual(await value(JSON.stringify(names) + '.filter((n) => n in globalThis)'), []);
  });

  it('refuses import in every form', async () => {
    for (const text of ['import("x")', 'import("std")', 'eval("import(\'os\')")']) {
      const job = await server.failure(`async function main() { return await ${text} }`);
      assert.equal(job.error_code, 'script_error');
    }
  });
});

describe('async', () => {
  let server;
  before(async () => { server = await startServer(); });
  after(() => server.stop());

  it('awaits the entry point', async () => {
    const output = await server.output(`
      const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
      async function main() { const t = Date.now(); await sleep(50); return { waited: Date.now() - t } }`);
    assert.ok(output.waited >= 49 && output.waited < 1000, `${output.waited} ms`);
  });

  it('fails at once when a promise can never settle', async () => {
    for (const script of ['function main() { return new Promise(() => {}) }',
      'async function main() { await new Promise(() => {}) }',
      'function main() { return { then() {} } }']) {
      const start = Date.now();
      const job = await server.failure(script);
      assert.equal(job.error_code, 'never_settled');
      assert.ok(Date.now() - start < 1000);
    }
  });

  it('reports a rejection as the error it is', async () => {
    const job = await server.failure('async function main() { await null; throw new RangeError("late") }');
    assert.equal(job.error_code, 'script_error');
    assert.match(job.error, /RangeError: late/);
  });

  it('does not wait for timers once the entry point has settled', async () => {
    const start = Date.now();
    await server.output('function main() { setTimeout(() => {}, 20000); return 1 }');
    assert.ok(Date.now() - start < 2000);
  });

  it('runs timers in order, with arguments, and clears them', async () => {
    const { result } = await server.output(`
      async function main() {
        const log = [];
        setTimeout((x) => log.push(x), 30, 'c'); setTimeout(() => log.push('a'), 0); setTimeout(() => log.push('b'), 10);
        clearTimeout(setTimeout(() => log.push('never'), 5)); clearTimeout(12345); clearTimeout();
        await new Promise((r) => setTimeout(r, 60));
        return log;
      }`);
    assert.deepEqual(result, ['a', 'b', 'c']);
  });

  it('ends a job whose timer throws or waits past its time', async () => {
    const thrown = await server.execute(
      'async function main() { setTimeout(() => { throw new Error("t") }, 1); await new Promise((r) => setTimeout(r, 30)); return 1 }');
    assert.ok(['completed', 'failed'].includes(thrown.json.status));
    const late = await server.failure({
      script: 'async function main() { await new Promise((r) => setTimeout(r, 60000)) }', timeout: 1 });
    assert.equal(late.error_code, 'timeout');
  });
});
