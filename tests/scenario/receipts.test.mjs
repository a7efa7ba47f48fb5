// Receipts: verified from the answer and the public keys alone.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import Ajv2020 from 'ajv/dist/2020.js';
import { outputHash } from '../lib/canonical.mjs';
import { receiptOf, sha256, subjectOf, verifyBundle, verifyReceipt } from '../lib/receipts.mjs';
import { giveSecret } from '../lib/secrets.mjs';
import { workersOf } from '../lib/processes.mjs';
import { isolation, rootDir } from '../lib/settings.mjs';
import { startServer } from '../lib/server.mjs';
import { secretsKey, stores } from '../lib/stores.mjs';
import { inParallel, until } from '../lib/wait.mjs';

const schema = JSON.parse(fs.readFileSync(path.join(rootDir, 'docs/receipt.schema.json'), 'utf8'));
const validate = new Ajv2020({ strict: false, allErrors: true }).compile(schema);
const hex = (bytes) => sha256(bytes).toString('hex');
const receiptPath = (job) => `/jobs/${job.job_id}/receipt`;

/** Does the receipt say of the job what its answer says? */
function assertTells(claims, job, { user = 'alice', script, input = '{}' }) {
  assert.ok(validate(claims), JSON.stringify(validate.errors));
  assert.equal(claims.jti, job.job_id);
  assert.equal(claims.status, job.status);
  assert.equal(claims.error_code, job.error_code);
  assert.equal(claims.script_sha256, hex(script));
  assert.equal(claims.input_sha256, hex(input));
  assert.equal(claims.output_sha256, job.output_hash);
  if (job.status === 'completed') assert.equal(claims.output_sha256, outputHash(job.output));
  assert.equal(claims.sub, subjectOf(user, job.receipt_salt));
  assert.equal(claims.gas_used, job.gas_used);
  assert.equal(claims.memory_used, job.memory_used);
  assert.equal(claims.gas_limit, job.limits.gas_limit);
  assert.equal(claims.memory_limit, job.limits.memory_limit);
  assert.equal(claims.timeout_ms, job.limits.timeout * 1000);
  assert.deepEqual(claims.nondeterminism, job.nondeterminism);
  assert.equal(new Date(claims.started_ms).toISOString(), job.started_at);
  assert.equal(claims.isolation.kind, isolation);
  assert.ok(Math.abs(claims.iat - Date.now() / 1000) < 120);
}

describe('receipts', () => {
  let server;
  before(async () => {
    server = await startServer({ args: ['--user-running', '2'], env: { SECRETS_MASTER_KEY: secretsKey } });
  });
  after(() => server.stop());
  const send = (body) => server.request('POST', '/execute', { body }); // these very bytes
  const run = async (body, options) => (await server.execute(body, options)).json;

  it('one of a job that ended well, with all it can say', async () => {
    const script = 'function go(input) { Math.random(); return { "ü": input.a } }';
    const input = '{"a" :  1.50, "b":[ ]}';
    const { json: job } = await send(`{"script":${JSON.stringify(script)},"input": ${input} ,
      "entry_point":"go","app_id":"app \\u00e9","script_name":"a \\"script\\"","nonce":"n\\u0000\\ud83d\\ude00","timeout":2.5}`);
    const { claims } = await receiptOf(server, job);
    assertTells(claims, job, { script, input });
    assert.equal(claims.app_id, 'app é');
    assert.equal(claims.script_name, 'a "script"');
    assert.equal(claims.nonce, 'n\0😀');
    assert.equal(claims.entry_point, 'go');
    assert.deepEqual(claims.secrets, []);
    const info = (await server.request('GET', '/info', { user: null })).json;
    assert.equal(claims.engine_digest, info.engine_digest);
    assert.equal(claims.claims_sha256, info.keys.claims_sha256);
  });

  it('one of a job that failed', async () => {
    const script = 'function main() { throw new Error("secret detail") }';
    const job = await server.failure(script);
    const { claims } = await receiptOf(server, job);
    assertTells(claims, job, { script });
    assert.equal(claims.error_code, 'script_error');
    assert.ok(!JSON.stringify(claims).includes('secret detail'));
  });

  it('one of a job that was cancelled: while it ran, and before', async () => {
    const script = 'async function main() { await new Promise(r => setTimeout(r, 60000)) }';
    const user = 'canceller';
    const answers = [0, 1, 2].map(() => server.execute(script, { user }));
    const jobs = await until(async () => {
      const { json } = await server.request('GET', '/jobs', { user });
      return json.length === 3 && json.filter((job) => job.queued).length === 1 && json;
    }, 'two that run and one that waits');
    assert.equal((await server.request('GET', receiptPath(jobs[0]), { user })).json.error_code, 'conflict');
    const queued = jobs.find((job) => job.queued);
    const { json } = await server.request('POST', `/jobs/${queued.job_id}/cancel`, { user });
    assert.equal(json.status, 'failed');
    assertTells((await receiptOf(server, json)).claims, json, { user, script });
    for (const job of jobs) await server.request('POST', `/jobs/${job.job_id}/cancel`, { user });
    for (const { json: job } of await Promise.all(answers)) {
      const { claims } = await receiptOf(server, job);
      assert.equal(claims.error_code, 'cancelled');
      assertTells(claims, job, { user, script });
    }
  });

  it('the same text from GET /jobs/{id} and GET /jobs/{id}/receipt, and none in the list', async () => {
    const job = await run('function main() { return 1 }');
    const again = (await server.request('GET', `/jobs/${job.job_id}`)).json;
    assert.deepEqual(again, job);
    const { text, headers } = await server.request('GET', receiptPath(job));
    assert.equal(text, job.receipt);
    assert.equal(headers['content-type'], 'application/jwt');
    assert.equal(headers['cache-control'], 'no-store');
    const single = await server.request('GET', `${receiptPath(job)}?form=single`);
    const { json: { keys } } = await server.request('GET', '/.well-known/jwks.json', { user: null });
    assert.deepEqual(await verifyReceipt(single.text, keys[0]), { ...await verifyReceipt(job.receipt, keys[0]), batch: 1 });
    for (const listed of (await server.request('GET', '/jobs')).json) {
      assert.equal(listed.receipt, undefined);
      assert.equal(listed.receipt_salt, undefined);
    }
  });

  it('as JSON, all that is needed to verify it offline', async () => {
    const job = await run('function main() { return 1 }');
    const { json } = await server.request('GET', receiptPath(job), { headers: { Accept: 'application/json' } });
    const keys = await verifyBundle(json.bundle);
    assert.deepEqual(json.keys, [keys.result_key, keys.identity_key]);
    const { claims } = await verifyReceipt(json.receipt, keys.result_key);
    assert.equal(claims.claims_sha256, json.bundle.claims_sha256);
    assert.equal(json.job_id, claims.jti);
    assert.equal(json.salt, job.receipt_salt);
    for (const Accept of ['application/jwt, application/json', '*/*']) {
      assert.equal((await server.request('GET', receiptPath(job), { headers: { Accept } })).text, job.receipt);
    }
  });

  it('a change of any byte does not verify', async () => {
    const job = await run({ script: 'function main() { return 1 }', nonce: 'n' });
    const { json: { keys } } = await server.request('GET', '/.well-known/jwks.json', { user: null });
    for (let at = 0; at < job.receipt.length; at += 7) {
      const other = job.receipt[at] === 'A' ? 'B' : 'A';
      const forged = job.receipt.slice(0, at) + other + job.receipt.slice(at + 1);
      await assert.rejects(verifyReceipt(forged, keys[0]), `at ${at}`);
    }
    await assert.rejects(verifyReceipt(job.receipt, keys[1]), 'the identity signs no receipts');
  });

  it('only its user gets it; other methods and queries are refused', async () => {
    const job = await run('function main() { return 1 }');
    const at = receiptPath(job);
    const mine = await server.request('GET', at, { user: 'mallory', headers: { 'X-Trace-ID': 't' } });
    const none = await server.request('GET', receiptPath({ job_id: '01a20669-f6fc-763a-9dda-da0b1d6cbe48' }), { headers: { 'X-Trace-ID': 't' } });
    assert.equal(mine.status, 404);
    assert.equal(mine.text, none.text);
    assert.equal((await server.request('GET', at, { user: null })).status, 401);
    const head = await server.request('HEAD', at);
    assert.equal(head.status, 200);
    assert.equal(Number(head.headers['content-length']), job.receipt.length);
    const post = await server.request('POST', at);
    assert.equal(post.status, 405);
    assert.equal(post.headers.allow, 'GET, HEAD');
    for (const query of ['?form=double', '?form', '?form=single&form=single', '?x=1']) {
      assert.equal((await server.request('GET', at + query)).json.error_code, 'invalid_query', query);
    }
    assert.equal((await server.request('DELETE', `/jobs/${job.job_id}`)).status, 204);
    assert.equal((await server.request('GET', at)).status, 404);
  });

  it('refuses a nonce that is too long, no string, or no text', async () => {
    const script = 'function main() {}';
    const refusal = async (nonce) => {
      const { status, json } = await send(`{"script":"${script}","nonce":${nonce}}`);
      assert.equal(status, 400, nonce);
      return json;
    };
    assert.equal((await refusal(JSON.stringify('x'.repeat(65)))).field, 'nonce');
    assert.equal((await refusal(JSON.stringify('é'.repeat(33)))).error_code, 'invalid_field');
    assert.equal((await refusal('7')).error_code, 'invalid_field');
    assert.equal((await refusal('["a"]')).error_code, 'invalid_field');
    assert.equal((await refusal('"\\ud800"')).error_code, 'invalid_field');
    const raw = Buffer.concat([Buffer.from(`{"script":"${script}","nonce":"`), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]);
    assert.equal((await send(raw)).json.error_code, 'invalid_json');
    for (const nonce of ['x'.repeat(64), 'é'.repeat(32)]) {
      assert.equal((await receiptOf(server, await run({ script, nonce }))).claims.nonce, nonce);
    }
    for (const nonce of [null, '']) {
      assert.equal((await receiptOf(server, await run({ script, nonce }))).claims.nonce, undefined);
    }
  });

  it('a nonce that looks like what is signed stays a nonce', async () => {
    const first = await run('function main() { return 1 }');
    const nonce = first.receipt.split('.')[0].slice(0, 64); // a header, as far as it fits
    const job = await run({ script: 'function main() { return 2 }', nonce });
    assert.equal((await receiptOf(server, job)).claims.nonce, nonce);
  });

  it('jobs that end together share a signature; each is a plain JWS too', async () => {
    const { json: { keys } } = await server.request('GET', '/.well-known/jwks.json', { user: null });
    let largest = 1;
    for (let round = 0; round < 20 && largest < 3; round++) {
      const jobs = await inParallel(64, 64, async (i) => {
        const script = `function main() { return ${i} }`;
        const user = `batch-${i % 32}`;
        return { job: await run(script, { user }), script, user };
      });
      for (const { job, script, user } of jobs) {
        const { claims, batch } = await verifyReceipt(job.receipt, keys[0]);
        assertTells(claims, job, { script, user });
        const single = await server.request('GET', `${receiptPath(job)}?form=single`, { user });
        assert.deepEqual((await verifyReceipt(single.text, keys[0])), { claims, batch: 1 });
        assert.equal((await server.request('GET', receiptPath(job), { user })).text, job.receipt);
        largest = Math.max(largest, batch);
      }
    }
    assert.ok(largest >= 3, `the largest batch had ${largest}`);
    const metrics = await server.metrics();
    assert.ok(metrics.get('neocompute_receipt_batched_jobs_total') >= largest);
    assert.equal(metrics.get('neocompute_receipts_failed_total'), 0);
  });

  it('the same request again under its key has the same receipt', async () => {
    const options = { headers: { 'Idempotency-Key': 'k1' } };
    const [first, second] = [await run('function main() {}', options), await run('function main() {}', options)];
    assert.equal(second.receipt, first.receipt);
  });

  it('a job that was refused in the end has none', async () => {
    const small = await startServer({ args: ['--user-running', '1', '--queue-timeout', '50ms'] });
    const long = small.execute('async function main() { await new Promise(r => setTimeout(r, 60000)) }');
    await until(async () => (await small.request('GET', '/jobs')).json.length === 1, 'the long one');
    assert.equal((await small.execute('function main() {}')).json.error_code, 'queue_timeout');
    const [refused, running] = (await small.request('GET', '/jobs')).json;
    const { status, json } = await small.request('GET', receiptPath(refused));
    assert.equal(status, 404);
    assert.equal(json.detail, 'this job has no receipt');
    await small.request('POST', `/jobs/${running.job_id}/cancel`);
    assert.equal((await long).json.error_code, 'cancelled');
    await small.stop();
  });

  it('one of a job whose worker was lost', async () => {
    if (isolation === 'thread') return; // threads are not lost one by one
    const long = server.execute('async function main() { await new Promise(r => setTimeout(r, 60000)) }', { user: 'lost' });
    await until(async () => (await server.request('GET', '/jobs?status=running', { user: 'lost' })).json.length === 1, 'it runs');
    await new Promise((resolve) => setTimeout(resolve, 100));
    for (const { pid } of workersOf(server.pid)) process.kill(pid, 'SIGKILL');
    const { json: job } = await long;
    assert.equal(job.error_code, 'worker_lost');
    assert.equal((await receiptOf(server, job)).claims.error_code, 'worker_lost');
  });
});

for (const store of stores) {
  describe(`receipts and secrets, ${store.name}`, () => {
    let server;
    before(async () => {
      await store.open();
      server = await startServer(await store.fresh());
    });
    after(async () => {
      await server.stop();
      await store.close();
    });

    it('name the secrets and their versions, and round where one is pinned', async () => {
      const script = 'function main(input, secrets) { return { n: secrets.A.length + secrets.B.length } }';
      await giveSecret(server, 'A', 'first value of it');
      await server.request('PUT', '/secrets/A', { body: { value: 'second value of it' } });
      await giveSecret(server, 'B', 'other value of it', { scripts: [{ sha256: hex(script), entry_point: 'main' }] });
      const { json: job } = await server.execute({ script, secret_refs: ['secrets:B', 'A'] });
      assert.equal(job.status, 'completed', job.error);
      const { claims } = await receiptOf(server, job);
      assertTells(claims, job, { script });
      assert.deepEqual([...claims.secrets].sort((a, b) => (a.name < b.name ? -1 : 1)),
        [{ name: 'A', version: 2 }, { name: 'B', version: 1 }]);
      assert.equal(claims.rounded, true);
      assert.equal(claims.gas_used % (claims.gas_limit / 64), 0);
      const refused = await server.failure({ script, secret_refs: ['missing'] });
      const { claims: none } = await receiptOf(server, refused);
      assert.equal(none.error_code, 'secret_unavailable');
      assert.deepEqual(none.secrets, []);
    });
  });
}
