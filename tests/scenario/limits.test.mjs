// Every limit of a job ends it with its own error code, and says what was used and allowed.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { slow } from '../lib/settings.mjs';
import { startServer } from '../lib/server.mjs';

const MIB = 1024 * 1024;

describe('limits', () => {
  let server;
  before(async () => { server = await startServer(); });
  after(() => server.stop());

  it('ends a job at its timeout', async () => {
    const start = Date.now();
    const job = await server.failure({ script: 'function main() { for (;;); }', timeout: 1, gas_limit: 2e11 });
    const ms = Date.now() - start;
    assert.equal(job.error_code, 'timeout');
    assert.ok(ms >= 950 && ms < 1500 * slow, `${ms} ms`);
    assert.match(job.error, /1/);
    assert.ok(job.gas_used > 1e6);
  });

  it('takes fractions of a second', async () => {
    const start = Date.now();
    const job = await server.failure({ script: 'function main() { for (;;); }', timeout: 1.25, gas_limit: 2e11 });
    assert.equal(job.error_code, 'timeout');
    assert.ok(Date.now() - start >= 1200);
  });

  it('ends a job at its gas limit, at the same gas each time', async () => {
    const run = () => server.failure({ script: 'function main() { for (;;); }', gas_limit: 10000000 });
    const jobs = [await run(), await run(), await run()];
    for (const job of jobs) {
      assert.equal(job.error_code, 'gas_exhausted');
      assert.equal(job.gas_used, jobs[0].gas_used);
    }
    assert.ok(jobs[0].gas_used >= 10000000 && jobs[0].gas_used < 10100000, `${jobs[0].gas_used}`);
    assert.match(jobs[0].error, /10000000/);
  });

  it('counts inside native loops', async () => {
    for (const body of ['return new Array(1e9) + ""', 'return /^(a+)+$/.test("a".repeat(40) + "b")',
      'return "x".padEnd(5e8).length', 'return [].concat(...Array(1e5).fill(Array(1e4))).length',
      'return new Set({ [Symbol.iterator]: () => ({ next: Object }) })']) {
      const job = await server.failure({ script: `function main() { ${body} }`, gas_limit: 5e7, timeout: 20 });
      assert.ok(['gas_exhausted', 'memory_exceeded', 'script_error'].includes(job.error_code), `${body}: ${job.error_code}`);
    }
  });

  it('ends a job at its memory limit', async () => {
    for (const limit of [8 * MIB, 32 * MIB]) {
      const job = await server.failure({
        script: 'function main() { const a = []; for (;;) a.push(new Uint8Array(65536).fill(1)) }', memory_limit: limit });
      assert.equal(job.error_code, 'memory_exceeded');
      assert.ok(job.memory_used <= limit && job.memory_used > limit / 2, `${job.memory_used}`);
    }
  });

  it('ends a job that swallows its lack of memory', async () => {
    const job = await server.failure({
      script: 'function main() { const a = []; for (;;) try { a.push("x".repeat(1e6) + a.length) } catch { } }',
      memory_limit: 16 * MIB, gas_limit: 1e9 });
    assert.ok(['memory_exceeded', 'gas_exhausted'].includes(job.error_code), job.error_code);
  });

  it('gives each job the memory it asked for', async () => {
    const output = await server.output({
      script: 'function main() { const a = new Uint8Array(180 * 1048576); a[a.length - 1] = 7; return a[a.length - 1] }',
      memory_limit: 256 * MIB });
    assert.deepEqual(output, { result: 7 });
  });

  it('bounds the output', async () => {
    const fits = await server.output(`function main() { return 'x'.repeat(${MIB - 13}) }`);
    assert.equal(fits.result.length, MIB - 13);
    for (const body of [`'x'.repeat(${MIB - 12})`, '"\\u0001".repeat(300000)', 'Array(600000).fill(0)']) {
      const job = await server.failure(`function main() { return ${body} }`);
      assert.equal(job.error_code, 'output_too_large');
    }
  });

  it('bounds the nesting of the output', async () => {
    const nest = (depth) => `function main() { let a = 0; for (let i = 0; i < ${depth}; i++) a = [a]; return a }`;
    await server.output(nest(900));
    const job = await server.failure(nest(5000));
    assert.ok(['output_invalid', 'output_too_large'].includes(job.error_code), job.error_code);
  });

  it('bounds timers', async () => {
    const job = await server.execute('async function main() { for (let i = 0; i < 1e5; i++) setTimeout(() => {}, 10); await new Promise((r) => setTimeout(r, 50)); return 1 }');
    assert.equal(job.status, 200);
  });

  it('stops what a script cannot catch', async () => {
    for (const limits of [{ gas_limit: 20000000 }, { timeout: 1, gas_limit: 2e11 }]) {
      const job = await server.failure({
        script: `function main() { for (;;) { try { for (;;); } catch (e) { } finally { for (;;) try { for (;;); } finally { continue } } } }`,
        ...limits });
      assert.ok(['gas_exhausted', 'timeout'].includes(job.error_code), job.error_code);
    }
  });
});
