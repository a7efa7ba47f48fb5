// Nothing of a secret stays in memory: after each way that a job can end, and after its owner made
// or saw it, core, zygote and workers are searched for it through /proc.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import { after, before, describe, it } from 'node:test';
import { searchFamily } from '../lib/memory.mjs';
import { workersOf } from '../lib/processes.mjs';
import { allow } from '../lib/secrets.mjs';
import { startServer } from '../lib/server.mjs';
import { isolation } from '../lib/settings.mjs';
import { secretsKey, Sqlite } from '../lib/stores.mjs';
import { until } from '../lib/wait.mjs';

const PIECE = 12; // characters that are looked for: a copy of a part is one too

/** A value that is nowhere else, with pieces of it as needles; narrow and as UTF-16. */
function marker(size = 60) {
  const value = randomBytes(size).toString('base64url').replaceAll(/[-_]/g, 'q').slice(0, size);
  const needles = [];
  for (let at = 0; at + PIECE <= value.length; at += PIECE) {
    needles.push(Buffer.from(value.slice(at, at + PIECE)), Buffer.from(value.slice(at, at + PIECE), 'utf16le'));
  }
  return { value, needles };
}

describe('memory after secrets', { skip: process.getuid() !== 0 && 'only root can read it' }, () => {
  let server;
  before(async () => {
    server = await startServer({ args: ['--warm-workers', '2'], env: { SECRETS_MASTER_KEY: secretsKey } });
  });
  after(() => server.stop());

  // The worker restores its memory after it has answered, so there is a moment to wait for.
  async function expectNothing(needles) {
    let found = [];
    await until(() => (found = searchFamily(server.pid, needles)).length === 0, '', 3000).catch(() => {});
    assert.deepEqual(found, []);
  }

  /** PUT as a client would that does not know the length; the value spelled by `spell`. */
  function put(name, value, { chunked = false, spell = JSON.stringify } = {}) {
    const body = `{"value": ${spell(value)}}`;
    return new Promise((resolve, reject) => {
      const request = http.request({ port: server.port, method: 'PUT', path: `/secrets/${name}`, agent: false, headers: {
        'X-User-ID': 'alice', ...(chunked ? { 'Transfer-Encoding': 'chunked' } : { 'Content-Length': Buffer.byteLength(body) }) } }, (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode));
      });
      request.on('error', reject);
      for (let at = 0; at < body.length; at += 7000) request.write(body.slice(at, at + 7000));
      request.end();
    });
  }

  async function given(policy = {}, size) {
    const secret = marker(size);
    assert.ok([200, 201].includes(await put('M', secret.value)));
    await allow(server, 'M', policy);
    return secret;
  }

  const escaped = (value) => `"${[...value].map((c) => `\\u00${c.charCodeAt(0).toString(16)}`).join('')}"`;

  it('finds one while a job has it', async () => {
    const { value, needles } = await given();
    const gone = new AbortController();
    const job = server.execute({ script: 'function main(i, s) { const v = s.M + "!"; for (;;); return v }', secret_refs: ['M'], timeout: 20 }, { signal: gone.signal });
    job.catch(() => {});
    await until(() => searchFamily(server.pid, needles).length > 0, `the search finds nothing of ${value}: it proves nothing`);
    gone.abort();
    await expectNothing(needles);
  });

  describe('of its owner', () => {
    for (const [name, options] of Object.entries({
      'made': {}, 'made in chunks': { chunked: true }, 'made with escapes': { spell: escaped }, 'made in chunks with escapes': { chunked: true, spell: escaped },
    })) {
      for (const size of [60, 50000]) {
        it(`${name}, ${size} bytes`, async () => {
          const { value, needles } = marker(size);
          await put('OWN', value, options);
          await expectNothing(needles.slice(0, 40));
          await expectNothing(needles.slice(-40));
        });

        it(`revealed, having been ${name}, ${size} bytes`, async () => {
          const { value, needles } = marker(size);
          await put('OWN', value, options);
          assert.equal((await server.request('POST', '/secrets/OWN/reveal')).json.value, value);
          server.closeIdle();
          await expectNothing(needles.slice(0, 40));
        });
      }
    }

    it('refused', async () => {
      const { value, needles } = marker();
      for (const body of [`{"value": "${value}", "more": 1}`, `{"value": "${value}`, `{"value": ["${value}"]}`, `["${value}"]`, `{"value": "${value}\\ud800"}`]) {
        assert.equal((await server.request('PUT', '/secrets/OWN', { body })).status, 400);
      }
      assert.equal((await server.request('PUT', '/secrets/.bad', { body: { value } })).status, 400);
      await expectNothing(needles);
    });
  });

  describe('of a job that', () => {
    // Copies of every kind: joined, split, hashed, encoded, wide, in closures and regular expressions.
    const busy = `
      const kept = [];
      function work(v) {
        kept.push(v + '', v.split(''), v.split('').join('-').replaceAll('-', ''), new RegExp(v), { [v]: v }, JSON.stringify({ v }), v + '\\u4e2d');
        crypto.sha256(v); encodeURIComponent(v); Symbol(v); new Map([[v, v]]); kept.push(() => v);
        try { eval('"' + v + '"') } catch (e) {}
        return v.length;
      }`;

    const cases = {
      completes: ['function main(i, s) { return { n: work(s.M) } }', 'completed'],
      logs: ['function main(i, s) { work(s.M); console.log(s.M); console.log("x".repeat(5000) + s.M); return {} }', 'completed'],
      throws: ['function main(i, s) { work(s.M); throw new Error(s.M) }', 'script_error'],
      leaks: ['function main(i, s) { work(s.M); return { [s.M]: s.M } }', 'secret_leak'],
      'leaks with escapes': ['function main(i, s) { work(s.M); return { v: "\\u0001" + s.M } }', 'secret_leak'],
      'runs out of time': ['function main(i, s) { work(s.M); for (;;); }', 'timeout'],
      'runs out of gas': ['function main(i, s) { work(s.M); for (;;); }', 'gas_exhausted', { gas_limit: 5000000 }],
      'runs out of memory': ['function main(i, s) { work(s.M); const a = []; for (;;) a.push(s.M + a.length) }', 'memory_exceeded', { memory_limit: 8388608 }],
      'overflows the stack': ['function f(v) { return f(v + "") } function main(i, s) { work(s.M); return f(s.M) }', 'script_error'],
      'never settles': ['function main(i, s) { work(s.M); return new Promise(() => s.M) }', 'never_settled'],
      'is refused for another secret': ['function main(i, s) { return {} }', 'secret_unavailable', { secret_refs: ['M', 'NONE'] }],
      'has no such entry point': ['function none() {}', 'entry_point_missing'],
    };

    for (const [name, [script, end, more]] of Object.entries(cases)) {
      it(name, async () => {
        const { value, needles } = await given();
        const { json, text } = await server.execute({ script: busy + script, secret_refs: ['M'], timeout: 1, ...more });
        assert.equal(json.error_code ?? json.status, end, json.error);
        assert.ok(!text.includes(value));
        await expectNothing(needles);
      });
    }

    it('completes with a large secret', async () => {
      const { needles } = await given({}, 60000);
      await server.output({ script: `${busy}function main(i, s) { return { n: s.M.length } }`, secret_refs: ['M'] });
      await expectNothing(needles.slice(0, 40));
      await expectNothing(needles.slice(-40));
    });

    // Decided and opened, its row not written yet: another program has the database locked.
    for (const [name, end] of Object.entries({
      'is hung up on while it waits for its audit row': (job, gone) => gone.abort(),
      'is cancelled while it waits for its audit row': async () => {
        const { json } = await server.request('GET', '/jobs?status=running');
        assert.equal((await server.request('POST', `/jobs/${json[0].job_id}/cancel`)).status, 200);
      },
    })) {
      it(name, async () => {
        const { needles } = await given();
        const lock = await new Sqlite().hold(server);
        const gone = new AbortController();
        const job = server.execute({ script: 'function main(i, s) { return { n: s.M.length } }', secret_refs: ['M'] }, { signal: gone.signal }).catch(() => null);
        await until(() => searchFamily(server.pid, needles).length > 0, 'the value to be opened');
        await end(job, gone);
        await lock.release();
        const answer = await job;
        assert.notEqual(answer?.json.status, 'completed');
        await expectNothing(needles);
      });
    }

    it('is cancelled', async () => {
      const { needles } = await given();
      const job = server.execute({ script: `${busy}function main(i, s) { work(s.M); for (;;); }`, secret_refs: ['M'], timeout: 30 });
      await until(async () => {
        const { json } = await server.request('GET', '/jobs?status=running');
        return json.length > 0 && !json[0].queued && (await server.request('POST', `/jobs/${json[0].job_id}/cancel`)).status === 200;
      }, 'a job to cancel');
      assert.equal((await job).json.error_code, 'cancelled');
      await expectNothing(needles);
    });

    it('has its worker killed', { skip: isolation === 'thread' && 'a thread cannot be killed' }, async () => {
      const { needles } = await given();
      const job = server.execute({ script: `${busy}function main(i, s) { work(s.M); for (;;); }`, secret_refs: ['M'], timeout: 30 });
      await until(() => searchFamily(server.pid, needles).length > 1, 'the job to run');
      for (const { pid } of workersOf(server.pid)) process.kill(pid, 'SIGKILL');
      assert.equal((await job).json.error_code, 'worker_lost');
      await expectNothing(needles);
    });
  });
});
