// How a script's own failure is told: name, message, and a stack in the script's own lines.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../lib/server.mjs';

describe('errors', () => {
  let server;
  before(async () => { server = await startServer(); });
  after(() => server.stop());

  it('names line and column of the throw and of its callers', async () => {
    const job = await server.failure(
      ['// first line', 'function inner() {', '  throw new TypeError("bad value");', '}',
        'function main() {', '  inner();', '}'].join('\n'));
    assert.equal(job.error_code, 'script_error');
    assert.match(job.error, /^TypeError: bad value\n/);
    assert.match(job.error, /at inner \([^)]*:3:\d+\)/);
    assert.match(job.error, /at main \([^)]*:6:\d+\)/);
  });

  it('names the line of a syntax error', async () => {
    const job = await server.failure('function main() {\n  let x = ;\n}');
    assert.match(job.error, /SyntaxError/);
    assert.match(job.error, /:2:/);
  });

  it('names the line of an error outside any function', async () => {
    const job = await server.failure('\n\nnowhere.call();\nfunction main() {}');
    assert.match(job.error, /ReferenceError/);
    assert.match(job.error, /:3:/);
  });

  const thrown = {
    'a string': ['throw "just text"', /just text/],
    'a number': ['throw 42', /42/],
    'null': ['throw null', /null/],
    'undefined': ['throw undefined', /undefined/],
    'an object': ['throw { code: 7 }', /./],
    'an error of its own class': ['class E extends Error { get name() { return "Mine" } } throw new E("m")', /Mine: m/],
    'an error whose message throws': ['throw { get message() { throw 1 }, get name() { throw 2 }, toString() { throw 3 } }', /./],
    'a proxy that refuses all': ['throw new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 2 } })', /./],
    'an error with a stack of its own': ['const e = new Error("m"); e.stack = "forged"; throw e', /./],
    'a symbol': ['throw Symbol("s")', /./],
    'a huge message': ['throw new Error("x".repeat(1e6))', /xxx/],
    'a lone surrogate': ['throw new Error("\\ud800")', /./],
  };
  for (const [name, [body, right]] of Object.entries(thrown)) {
    it(`tells ${name}`, async () => {
      const job = await server.failure(`function main() { ${body} }`);
      assert.equal(job.error_code, 'script_error');
      assert.match(job.error, right);
      assert.ok(Buffer.byteLength(job.error) <= 16 * 1024 + 32, `${job.error.length} characters`);
    });
  }

  it('ends endless recursion cleanly, and lets a script catch it', async () => {
    const job = await server.failure('function main() { return main() }');
    assert.ok(['script_error', 'stack_overflow'].includes(job.error_code), job.error_code);
    const { json } = await server.execute('function f() { try { return f() } catch (e) { return e.name } } function main() { return f() }');
    if (json.status === 'completed') assert.deepEqual(json.output, { result: 'RangeError' });
    else assert.equal(json.error_code, 'stack_overflow');
  });

  it('keeps failed jobs', async () => {
    const job = await server.failure('function main() { throw new Error("kept") }');
    const { json } = await server.request('GET', `/jobs/${job.job_id}`);
    assert.equal(json.status, 'failed');
    assert.equal(json.error, job.error);
    assert.equal(json.error_code, 'script_error');
    assert.ok(json.gas_used > 0);
  });

  it('shows nothing of the engine in a stack', async () => {
    const job = await server.failure('function main() { [1].map(() => { throw new Error("x") }) }');
    assert.doesNotMatch(job.error, /prelude|bootstrap|\/src\/|\.c:/);
  });
});
