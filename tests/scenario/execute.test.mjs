// POST /execute: what comes back for what a script returns, and that anyone can recompute its proof.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { canonical, outputHash, outputSignature } from '../lib/canonical.mjs';
import { masterKey } from '../lib/settings.mjs';
import { startServer } from '../lib/server.mjs';

describe('execute', () => {
  let server;
  before(async () => { server = await startServer(); });
  after(() => server.stop());

  it('answers with every field that callers rely on', async () => {
    const { status, json, headers } = await server.execute({
      script: 'function main(input) { console.log("hi"); return { total: input.a + input.b } }',
      input: { a: 2, b: 3 },
      app_id: 'my-app',
      script_name: 'sum.js',
    });
    assert.equal(status, 200);
    assert.match(json.job_id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(json.status, 'completed');
    assert.deepEqual(json.output, { total: 5 });
    assert.deepEqual(json.logs, ['hi']);
    assert.ok(json.gas_used > 0);
    assert.ok(json.memory_used >= 1024 * 1024);
    assert.match(json.duration, /^[0-9.]+(µs|us|ms|s)$/);
    assert.ok(Math.abs(Date.parse(json.started_at) - Date.now()) < 60000);
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(json.error, undefined);
    assert.equal(json.encrypted_output, undefined);
  });

  const shapes = {
    'an object': ['({ b: 1, a: [2] })', { a: [2], b: 1 }],
    'a number': ['42', { result: 42 }],
    'a string': ['"text"', { result: 'text' }],
    'an array': ['[1, [2]]', { result: [1, [2]] }],
    'null': ['null', { result: null }],
    'true': ['true', { result: true }],
    'an empty object': ['({})', {}],
    'a promise': ['Promise.resolve({ later: 1 })', { later: 1 }],
    'unicode': ['({ "é😀": "\\u2028\\u0000\\u007f<>&" })', { 'é😀': '\u2028\u0000\u007f<>&' }],
    'numbers of every size': ['[1e21, 1e-7, 0.1, 5e-324, 123456789012345680000, 1e100]',
      { result: [1e21, 1e-7, 0.1, 5e-324, 123456789012345680000, 1e100] }],
    'keys in any order': ['({ z: 1, "10": 1, "9": 1, a: 1, Z: 1, "é": 1, "€": 1, "😀": 1, "\\ufb33": 1 })',
      { z: 1, 10: 1, 9: 1, a: 1, Z: 1, é: 1, '€': 1, '😀': 1, '\ufb33': 1 }],
  };
  for (const [name, [expression, output]] of Object.entries(shapes)) {
    it(`returns ${name}, with its hash and signature`, async () => {
      const { json, text } = await server.execute(`function main() { return ${expression} }`);
      assert.deepEqual(json.output, output);
      assert.ok(text.includes(canonical(output)), 'the output is not written in canonical form');
      assert.equal(json.output_hash, outputHash(output));
      assert.equal(json.signature, outputSignature(output, masterKey));
    });
  }

  const undefinedLike = ['undefined', '() => 1', 'Symbol()', 'void 0'];
  for (const expression of undefinedLike) {
    it(`has a defined answer for ${expression}`, async () => {
      const { json } = await server.execute(`function main() { return ${expression} }`);
      if (json.status === 'completed') {
        assert.ok(['{"result":null}', '{}'].includes(canonical(json.output)), canonical(json.output));
        assert.equal(json.output_hash, outputHash(json.output));
      } else {
        assert.equal(json.error_code, 'output_invalid');
      }
    });
  }

  const invalid = {
    'a lone surrogate': '"\\ud800"',
    'a lone surrogate in a key': '({ "\\udc00": 1 })',
    'a cycle': '(() => { const o = {}; o.o = o; return o })()',
    'a BigInt': '5n',
  };
  for (const [name, expression] of Object.entries(invalid)) {
    it(`refuses ${name} as output`, async () => {
      const job = await server.failure(`function main() { return ${expression} }`);
      assert.equal(job.error_code, 'output_invalid');
      assert.equal(job.output, undefined);
      assert.equal(job.output_hash, undefined);
      assert.equal(job.signature, undefined);
    });
  }

  it('fails as the script does when a getter of the output throws', async () => {
    const job = await server.failure('function main() { return { get x() { throw new RangeError("no") } } }');
    assert.ok(['script_error', 'output_invalid'].includes(job.error_code), job.error_code);
  });

  it('writes NaN, infinities and -0 as JSON does', async () => {
    const output = await server.output('function main() { return [NaN, Infinity, -Infinity, -0] }');
    assert.deepEqual(output, { result: [null, null, null, 0] });
  });

  it('does not let a script replace what writes the output', async () => {
    const output = await server.output(`
      Object.prototype.toJSON = () => 'forged';
      Array.prototype.toJSON = () => 'forged';
      String.prototype.toJSON = () => 'forged';
      Array.prototype.join = () => 'forged';
      Array.prototype.sort = () => [];
      JSON.stringify = () => '{"forged":1}';
      Object.keys = () => [];
      Reflect.ownKeys = () => [];
      Function.prototype.call = () => 'forged';
      function main() { return { b: [1, 'x'], a: { c: 2 } } }`);
    assert.deepEqual(output, { a: { c: 2 }, b: [1, 'x'] });
  });

  it('gives the input to JSON.parse as it was sent', async () => {
    const text = '{"big": 12345678901234567890, "huge": 1e400, "nul": "\\u0000", "half": "\\ud800",' +
      ' "dup": 1, "dup": 2, "deep": ' + '['.repeat(3000) + ']'.repeat(3000) + ', "__proto__": 5}';
    const script = `function main(i) {
      let d = 0;
      for (let x = i.deep; x; x = x[0]) d++;
      return [i.big, i.huge === Infinity, i.nul.length, i.half.charCodeAt(0), i.dup, d, Object.keys(i)];
    }`;
    const { json } = await server.request('POST', '/execute',
      { body: `{"script": ${JSON.stringify(script)}, "input": ${text}}` });
    const { output } = json;
    assert.deepEqual(output.result, [12345678901234567000, true, 1, 0xd800, 2, 3000,
      ['big', 'huge', 'nul', 'half', 'dup', 'deep', '__proto__']]);
  });

  for (const input of [null, false, 0, '', 'text', [1], { a: 1 }, 1.5]) {
    it(`takes ${JSON.stringify(input)} as input`, async () => {
      const { result } = await server.output({ script: 'function main(i) { return [i, i === input] }', input });
      assert.deepEqual(result, [input, true]);
    });
  }

  it('takes the largest script and the largest input', async () => {
    const script = 'function main(i) { return i.length }//';
    const output = await server.output({
      script: script + 'x'.repeat(100 * 1024 - script.length),
      input: 'x'.repeat(1024 * 1024 - 2),
    });
    assert.deepEqual(output, { result: 1024 * 1024 - 2 });
  });

  it('has no state from one job to the next', async () => {
    await server.output('globalThis.leak = 1; Array.prototype.leak = 2; function main() { return 1 }');
    const output = await server.output(
      'function main() { return [typeof leak, [].leak === undefined, Object.keys(globalThis).includes("leak")] }');
    assert.deepEqual(output.result, ['undefined', true, false]);
  });

  it('gives every job another id, later ones greater', async () => {
    const ids = [];
    for (let i = 0; i < 20; i++) ids.push((await server.execute('function main() {}')).json.job_id);
    assert.equal(new Set(ids).size, 20);
    assert.deepEqual([...ids].sort(), ids);
  });

  it('takes a trace id and gives it back', async () => {
    const { headers } = await server.execute('function main() {}', { headers: { 'X-Trace-ID': 'trace-4711' } });
    assert.equal(headers['x-trace-id'], 'trace-4711');
    const made = (await server.execute('function main() {}')).headers['x-trace-id'];
    assert.ok(made && made !== 'trace-4711');
  });

  it('shows nondeterminism that a script touched, and none otherwise', async () => {
    const touched = async (body) =>
      (await server.execute(`async function main() { ${body} }`)).json.nondeterminism ?? [];
    assert.deepEqual(await touched('return 1'), []);
    assert.deepEqual(await touched('Date.now()'), ['clock']);
    assert.deepEqual(await touched('new Date()'), ['clock']);
    assert.deepEqual(await touched('new Date(0).toISOString()'), []);
    assert.deepEqual(await touched('Math.random()'), ['random']);
    assert.deepEqual(await touched('crypto.randomUUID()'), ['random']);
    assert.deepEqual(await touched('await new Promise((r) => setTimeout(r, 1))'), ['timer']);
  });

  it('says in `limits` what was in force, clamped where out of range', async () => {
    const of = async (body) =>
      (await server.execute({ script: 'function main() {}', ...body })).json.limits;
    const standard = await of({});
    const low = await of({ timeout: 0, gas_limit: 1, memory_limit: 1 });
    const high = await of({ timeout: 1e9, gas_limit: 1e18, memory_limit: 1e15 });
    const mine = await of({ timeout: 2, gas_limit: 50000000, memory_limit: 16 * 1024 * 1024 });
    assert.deepEqual(standard, { ...standard, timeout: 30, gas_limit: 20000000000, memory_limit: 64 * 1024 * 1024 });
    assert.equal(low.timeout, 1);
    assert.equal(high.timeout, 120);
    assert.equal(high.memory_limit, 256 * 1024 * 1024);
    assert.deepEqual(mine, { ...mine, timeout: 2, gas_limit: 50000000, memory_limit: 16 * 1024 * 1024 });
  });
});
