// Sealed calls: what only the caller and the service can read, and what others can do with it.

import assert from 'node:assert/strict';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { searchFamily } from '../lib/memory.mjs';
import { RawConnection, requestBytes } from '../lib/raw.mjs';
import { NO_JOB, REQUEST_TYPE, RESPONSE_TYPE, executeSealed, keysOf, newSender, seal, send } from '../lib/sealed.mjs';
import { auditOf, giveSecret, putSecret, reveal } from '../lib/secrets.mjs';
import { startServer } from '../lib/server.mjs';
import { secretsKey } from '../lib/stores.mjs';
import { sleep, until } from '../lib/wait.mjs';

const ROUTE = 'POST /execute';
const ADD = 'function main(input) { console.log("adding"); return { sum: input.a + input.b } }';
const job = { script: ADD, input: { a: 1, b: 2 }, app_id: 'sealed-app', script_name: 'sealed-name' };
const short = { user: 'alice' };

async function start(args = [], env = {}) {
  return startServer({ args: ['--log-level', 'debug', ...args], env: { SECRETS_MASTER_KEY: secretsKey, ...env } });
}

/** What the server derives to open the requests of this sender, in pieces to look for. */
function piecesOf(sender) {
  return sender.secrets().flatMap((bytes) => [bytes.subarray(0, 12), bytes.subarray(-12)]);
}

/** The refusal of a request that was not opened: in the clear, and nothing was done for it. */
function expectRefused(answer, status, code) {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.json.error_code, code, answer.text);
  return answer.json;
}

async function jobsOf(server, user) {
  return (await server.request('GET', '/jobs', { user })).json;
}

describe('sealed calls', () => {
  let server;
  let keys;
  before(async () => {
    server = await start();
    keys = await keysOf(server);
  });
  after(() => server.stop());

  const sealed = (request, key = keys[0], route = ROUTE) => seal(key, route, request);

  // A large body waits for its turn to be read; meanwhile the same bytes come again.
  it('answers each of those who send a large request at once', async () => {
    const large = { ...job, input: { a: 1, b: 2, text: 'x'.repeat(200_000) } };
    const together = async (request) => {
      const envelope = await sealed(request);
      const signal = AbortSignal.timeout(10_000);
      return Promise.all(Array.from({ length: 8 }, () => send(server, envelope, { signal })));
    };
    const answers = await together(large);
    assert.deepEqual(answers.map(({ inside }) => inside.body.output), Array(8).fill({ sum: 3 }));
    assert.equal(new Set(answers.map(({ inside }) => inside.jobId)).size, 1);
    const others = await together({ ...large, expect_user: 'bob' });
    for (const { status, inside } of others)
      assert.ok(inside?.status === 403 || inside?.body?.error_code === 'user_mismatch' || status === 409);
  });

  for (const [index, name] of ['X25519', 'P-256'].entries()) {
    it(`runs a job that was sealed to the ${name} key`, async () => {
      const { inside, headers } = await send(server, await sealed(job, keys[index]));
      assert.equal(inside.status, 200);
      assert.equal(inside.type, 'application/json');
      assert.equal(inside.body.job_id, inside.jobId);
      assert.equal(inside.body.status, 'completed');
      assert.deepEqual(inside.body.output, { sum: 3 });
      assert.deepEqual(inside.body.logs, ['adding']);
      assert.equal(inside.body.app_id, 'sealed-app');
      assert.equal(inside.body.output_hash, createHash('sha256').update('{"sum":3}').digest('hex'));
      assert.equal(inside.sequence, 0);
      assert.equal(headers['cache-control'], 'no-store');
    });
  }

  it('takes white space around the request, and hides small differences of length', async () => {
    const padded = `\n\n${JSON.stringify(job)}${' '.repeat(5000)}`;
    const { inside } = await send(server, await sealed(padded));
    assert.deepEqual(inside.body.output, { sum: 3 });
    const one = await executeSealed(server, 'not json');
    const other = await executeSealed(server, { script: ' ' });
    assert.equal(one.size % 256, other.size % 256);
  });

  it('says nothing outside that is inside', async () => {
    const failing = await send(server, await sealed({ script: 'function main() { throw new Error("the secret reason") }' }));
    assert.equal(failing.inside.body.error_code, 'script_error');
    const { text, json } = await server.request('GET', `/jobs/${failing.inside.jobId}`);
    assert.deepEqual(Object.keys(json), ['job_id', 'sealed', 'sealed_response', 'started_at', 'status']);
    assert.equal(json.status, 'completed', text);
    assert.deepEqual(Buffer.from(json.sealed_response, 'base64url'), failing.bytes);
    assert.deepEqual((await jobsOf(server)).find((one) => one.job_id === json.job_id),
      { job_id: json.job_id, sealed: true, started_at: json.started_at, status: 'completed' });
    const failed = (await server.request('GET', '/jobs?status=failed')).json;
    assert.ok(!failed.some((one) => one.job_id === json.job_id));
  });

  describe('answers problems inside', () => {
    const cases = {
      'no JSON': ['{', 400, 'invalid_json'],
      'an unknown field': [{ script: ADD, scripts: 1 }, 400, 'unknown_field'],
      'no script': [{}, 400, 'script_missing'],
      'nothing': ['', 400, 'invalid_json'],
      'the wrong user': [{ script: ADD, expect_user: 'bob' }, 403, 'user_mismatch'],
      'an empty user': [{ script: ADD, expect_user: '' }, 400, 'invalid_field'],
      'a huge script': [{ script: 'x'.repeat(200000) }, 400, 'script_too_large'],
    };
    for (const [name, [request, status, code]] of Object.entries(cases)) {
      it(name, async () => {
        const { inside } = await send(server, await sealed(request));
        assert.equal(inside.status, status);
        assert.equal(inside.type, 'application/problem+json');
        assert.equal(inside.body.error_code, code);
        assert.equal(inside.jobId, NO_JOB);
      });
    }

    it('the right user is right', async () => {
      assert.equal((await executeSealed(server, { ...job, expect_user: 'alice' })).body.status, 'completed');
      const plain = await server.execute({ ...job, expect_user: 'alice' });
      assert.equal(expectRefused(plain, 400, 'unknown_field').field, 'expect_user');
    });

    it('a user who was named wrongly can still send it', async () => {
      const envelope = await sealed({ ...job, expect_user: 'bob' });
      assert.equal((await send(server, envelope)).inside.status, 403);
      assert.equal((await send(server, envelope, { user: 'bob' })).inside.body.status, 'completed');
    });
  });

  describe('again', () => {
    it('gives the same bytes and runs nothing', async () => {
      const user = 'again';
      const envelope = await sealed({ script: 'function main() { return { n: Math.random() } }' });
      const first = await send(server, envelope, { user });
      const second = await send(server, envelope, { user, headers: { 'X-Trace-ID': 'another' } });
      assert.deepEqual(second.bytes, first.bytes);
      assert.equal((await jobsOf(server, user)).length, 1);
    });

    it('waits with the first while it runs', async () => {
      const user = 'waits';
      const envelope = await sealed({ script: 'async function main() { await new Promise((r) => setTimeout(r, 400)); return { n: crypto.randomUUID() } }' });
      const answers = await Promise.all([1, 2, 3, 4].map(() => send(server, envelope, { user })));
      for (const answer of answers) assert.deepEqual(answer.bytes, answers[0].bytes);
      assert.equal(answers[0].inside.body.status, 'completed');
      assert.equal((await jobsOf(server, user)).length, 1);
    });

    it('goes on for the second if the first hangs up', async () => {
      const user = 'hangs-up';
      const envelope = await sealed({ script: 'async function main() { await new Promise((r) => setTimeout(r, 500)); return {} }' });
      const gone = new AbortController();
      const first = send(server, envelope, { user, signal: gone.signal });
      first.catch(() => {});
      await until(async () => (await jobsOf(server, user)).length === 1, 'the job');
      const second = send(server, envelope, { user });
      await until(async () => (await server.metrics()).get('neocompute_envelopes_replayed_total') > 0, 'the second');
      gone.abort();
      assert.equal((await second).inside.body.status, 'completed');
    });

    it('by another user is refused', async () => {
      const envelope = await sealed(job);
      await send(server, envelope, { user: 'carol' });
      expectRefused(await send(server, envelope, { user: 'mallory' }), 409, 'envelope_replayed');
      assert.deepEqual(await jobsOf(server, 'mallory'), []);
    });

    it('gives a refusal again', async () => {
      const envelope = await sealed({ script: 7 });
      const first = await send(server, envelope);
      assert.equal(first.inside.status, 400);
      assert.deepEqual((await send(server, envelope)).bytes, first.bytes);
    });

    it('is refused once the job is forgotten', async () => {
      const envelope = await sealed(job);
      const { inside } = await send(server, envelope, { user: 'dave' });
      assert.equal((await server.request('DELETE', `/jobs/${inside.jobId}`, { user: 'dave' })).status, 204);
      expectRefused(await send(server, envelope, { user: 'dave' }), 409, 'envelope_replayed');
    });
  });

  for (const [index, name] of ['X25519', 'P-256'].entries()) {
    describe(`several requests under one ${name} encapsulation`, () => {
      const echo = (n) => ({ script: 'function main(i) { return { n: i } }', input: n });
      const size = 22 + [32, 65][index];

      it('run in any order, with gaps, and at once', async () => {
        const sender = await newSender(keys[index]);
        for (const sequence of [7, 0, 2 ** 32 - 1, 1, 256, 65536]) {
          const { inside } = await send(server, await sender.seal(ROUTE, echo(sequence), { sequence }));
          assert.deepEqual(inside.body.output, { n: sequence });
        }
        const more = await Promise.all(Array.from({ length: 20 }, (_, i) => sender.seal(ROUTE, echo(i), { sequence: 1000 + i })));
        const answers = await Promise.all(more.map((one, i) => send(server, one, { user: `many-${i % 7}` })));
        assert.deepEqual(answers.map(({ inside }) => inside.body.output.n), more.map((_, i) => i));
      });

      it('run where the first of them comes many times at once', async () => {
        const user = 'at-once';
        const sender = await newSender(keys[index]);
        const [one, two] = [await sender.seal(ROUTE, echo(1)), await sender.seal(ROUTE, echo(2))];
        const before = (await jobsOf(server, user)).length;
        const answers = await Promise.all([one, two, one, two, one].map((envelope) => send(server, envelope, { user })));
        assert.deepEqual(answers.map(({ inside }) => inside.body.output.n), [1, 2, 1, 2, 1]);
        assert.deepEqual(answers[2].bytes, answers[0].bytes);
        assert.equal((await jobsOf(server, user)).length, before + 2);
      });

      it('are for jobs and secrets, small and large', async () => {
        const sender = await newSender(keys[index]);
        const large = { ...job, input: { a: 1, b: 2, text: 'x'.repeat(300_000) } };
        assert.deepEqual((await send(server, await sender.seal(ROUTE, large))).inside.body.output, { sum: 3 });
        assert.deepEqual((await send(server, await sender.seal(ROUTE, job))).inside.body.output, { sum: 3 });
        assert.deepEqual((await send(server, await sender.seal(ROUTE, large))).inside.body.output, { sum: 3 });
        const put = await sender.seal(`PUT /secrets/SHARED_${index}`, { value: 'one of many' });
        const options = { method: 'PUT', path: `/secrets/SHARED_${index}` };
        const first = await send(server, put, options);
        assert.equal(first.inside.status, 201);
        assert.deepEqual((await send(server, put, options)).bytes, first.bytes);
        assert.equal(await reveal(server, `SHARED_${index}`), 'one of many');
      });

      it('have answers that open for none of the others', async () => {
        const sender = await newSender(keys[index]);
        const envelopes = [await sender.seal(ROUTE, job), await sender.seal(ROUTE, job)];
        const [one, two] = await Promise.all(envelopes.map((envelope) => send(server, envelope)));
        assert.throws(() => envelopes[1].open(one.bytes));
        assert.throws(() => envelopes[0].open(two.bytes));
      });

      // The sender's own fault: whoever sees both can tell what they have in common, and change them.
      it('are two jobs where two have one number', async () => {
        const user = 'careless';
        const sender = await newSender(keys[index]);
        const one = await sender.seal(ROUTE, echo(1), { sequence: 3 });
        const other = await sender.seal(ROUTE, echo(2), { sequence: 3 });
        const before = (await jobsOf(server, user)).length;
        const answers = [await send(server, one, { user }), await send(server, other, { user })];
        assert.deepEqual(answers.map(({ inside }) => inside.body.output.n), [1, 2]);
        assert.throws(() => other.open(answers[0].bytes));
        assert.equal((await jobsOf(server, user)).length, before + 2);
        assert.deepEqual((await send(server, one, { user })).bytes, answers[0].bytes);
      });

      it('are each for one user, whoever sent the others', async () => {
        const sender = await newSender(keys[index]);
        const [mine, next] = [await sender.seal(ROUTE, echo(1)), await sender.seal(ROUTE, echo(2))];
        assert.equal((await send(server, mine, { user: 'carol' })).inside.status, 200);
        expectRefused(await send(server, mine, { user: 'mallory' }), 409, 'envelope_replayed');
        assert.equal((await send(server, next, { user: 'dave' })).inside.status, 200);
      });

      it('are refused where one was changed, as the first of a sender is', async () => {
        const sender = await newSender(keys[index]);
        const [first, good] = [await sender.seal(ROUTE, job), await sender.seal(ROUTE, job)];
        assert.equal((await send(server, first, { user: 'changed' })).inside.status, 200);
        const before = (await jobsOf(server, 'changed')).length;
        const texts = new Set();
        for (const at of [size - 1, size, size + 3, size + 4, good.body.length - 1]) {
          const body = Buffer.from(good.body);
          body[at] ^= 1;
          texts.add(expectRefused(await send(server, { body }, { user: 'changed' }), 400, 'sealed_unopened').message);
        }
        assert.equal(texts.size, 1);
        const mixed = Buffer.concat([good.body.subarray(0, size + 4), first.body.subarray(size + 4)]);
        expectRefused(await send(server, { body: mixed }, { user: 'changed' }), 400, 'sealed_unopened');
        const elsewhere = await sender.seal('PUT /secrets/A', job);
        expectRefused(await send(server, elsewhere, { user: 'changed' }), 400, 'sealed_unopened');
        assert.equal((await jobsOf(server, 'changed')).length, before);
        assert.equal((await send(server, good, { user: 'changed' })).inside.status, 200);
      });
    });
  }

  it('counts whose sender was known', async () => {
    const user = 'counted';
    const before = await server.metrics();
    const sender = await newSender(keys[0]);
    for (let i = 0; i < 3; i++) await send(server, await sender.seal(ROUTE, job), { user });
    const now = await server.metrics();
    assert.equal(now.get('neocompute_sealed_contexts'), before.get('neocompute_sealed_contexts') + 1);
    assert.equal(now.get('neocompute_sealed_contexts_used_total'), before.get('neocompute_sealed_contexts_used_total') + 2);
  });

  it('cancels a sealed job and says so inside', async () => {
    const user = 'cancels';
    const running = send(server, await sealed({ script: 'function main() { for (;;); }' }), { user });
    const [one] = await until(async () => {
      const list = await jobsOf(server, user);
      return list.length === 1 && list;
    }, 'the job');
    assert.deepEqual(Object.keys(one), ['job_id', 'sealed', 'started_at', 'status']);
    assert.equal(one.status, 'running');
    assert.equal((await server.request('DELETE', `/jobs/${one.job_id}`, { user })).status, 409);
    const cancelled = await server.request('POST', `/jobs/${one.job_id}/cancel`, { user });
    assert.equal(cancelled.status, 200, cancelled.text);
    assert.equal((await running).inside.body.error_code, 'cancelled');
    assert.equal((await server.request('GET', `/jobs/${one.job_id}`, { user })).json.status, 'completed');
  });

  it('answers inside if there is no room', async () => {
    const user = 'no-room';
    const gone = new AbortController();
    const held = Array.from({ length: 25 }, () => server.execute('function main() { for (;;); }', { user, signal: gone.signal }).catch(() => {}));
    await until(async () => (await jobsOf(server, user)).length === 25, 'all places taken', 5000);
    const { inside } = await send(server, await sealed(job), { user });
    gone.abort();
    await Promise.all(held);
    assert.equal(inside.status, 429);
    assert.equal(inside.body.error_code, 'user_queue_full');
    assert.equal(inside.jobId, NO_JOB);
  });

  describe('refuses', () => {
    let good;
    before(async () => {
      good = await sealed(job);
    });
    const post = (body, options) => send(server, { body }, { user: 'refused', ...options });

    it('one that is cut off anywhere', async () => {
      for (let size = 0; size < good.body.length; size += size < 84 ? 1 : 13) {
        expectRefused(await post(good.body.subarray(0, size)), 400, size < 74 ? 'sealed_malformed' : 'sealed_unopened');
      }
    });

    it('one in which a byte was changed, whichever', async () => {
      const texts = new Set();
      for (let at = 0; at < good.body.length; at += at < 58 ? 1 : 7) {
        const body = Buffer.from(good.body);
        body[at] ^= 1 << (at % 8);
        const code = at < 16 ? 'sealed_key_unknown' : at < 22 ? 'sealed_malformed' : 'sealed_unopened';
        const { message, keys: hint } = expectRefused(await post(body), 400, code);
        if (code === 'sealed_unopened') texts.add(message);
        assert.equal(hint, code === 'sealed_key_unknown' ? '/.well-known/hpke-keys' : undefined);
      }
      assert.equal(texts.size, 1, 'one text for whatever keeps it from opening');
    });

    it('the two ways to write one public key', async () => {
      const body = Buffer.from(good.body);
      body[22 + 31] ^= 0x80; /* RFC 7748: this bit is not looked at */
      expectRefused(await post(body), 400, 'sealed_unopened');
    });

    it('points of low order', async () => {
      for (const point of ['00'.repeat(32), `01${'00'.repeat(31)}`, `ec${'ff'.repeat(30)}7f`]) {
        const body = Buffer.concat([good.body.subarray(0, 22), Buffer.from(point, 'hex'), good.body.subarray(54)]);
        expectRefused(await post(body), 400, 'sealed_unopened');
      }
    });

    it('a point that is on no curve', async () => {
      const [, key] = keys;
      const { body } = await sealed(job, key);
      body[22 + 64] ^= 1;
      expectRefused(await post(body), 400, 'sealed_unopened');
      body[22] = 2;
      expectRefused(await post(body), 400, 'sealed_unopened');
    });

    it('one for another route', async () => {
      expectRefused(await post((await sealed(job, keys[0], 'PUT /secrets/A')).body), 400, 'sealed_unopened');
      expectRefused(await post((await sealed(job, keys[0], 'POST /execute?')).body), 400, 'sealed_unopened');
    });

    it('one with an idempotency key', async () => {
      const answer = await post((await sealed(job)).body, { headers: { 'Idempotency-Key': 'k' } });
      assert.equal(expectRefused(answer, 400, 'invalid_header').field, 'Idempotency-Key');
    });

    it('one that is too large', async () => {
      const { inside } = await send(server, await sealed({ ...job, input: 'x'.repeat(1 << 20) }), { user: 'refused' });
      assert.equal(inside.body.error_code, 'input_too_large');
      const raw = await server.raw();
      raw.send(`POST /execute HTTP/1.1\r\nHost: x\r\nX-User-ID: refused\r\nContent-Type: ${REQUEST_TYPE}\r\nContent-Length: 99999999\r\n\r\n`);
      assert.equal((await raw.answer()).status, 413);
      raw.destroy();
    });

    it('one that is not said to be sealed', async () => {
      expectRefused(await post(good.body, { headers: { 'Content-Type': 'application/json' } }), 400, 'invalid_json');
      expectRefused(await post(Buffer.from(JSON.stringify(job))), 400, 'sealed_malformed');
    });

    it('and has run none of them', async () => {
      assert.deepEqual(await jobsOf(server, 'refused'), []);
      assert.equal((await send(server, good, { user: 'refused' })).inside.body.status, 'completed');
    });
  });

  describe('of secrets', () => {
    const put = async (name, value, options = {}) =>
      send(server, await seal(keys[0], `PUT /secrets/${name}`, { value, ...options.inside }), { method: 'PUT', path: `/secrets/${name}`, ...options });

    it('takes a value', async () => {
      const { inside, headers } = await put('SEALED', 'a value nobody saw');
      assert.equal(inside.status, 201);
      assert.equal(inside.body.secret.name, 'SEALED');
      assert.equal(headers.etag, undefined);
      assert.equal(await reveal(server, 'SEALED'), 'a value nobody saw');
    });

    it('does not roll a secret back when an old envelope comes again', async () => {
      const old = await seal(keys[0], 'PUT /secrets/ROLL', { value: 'one' });
      const options = { method: 'PUT', path: '/secrets/ROLL' };
      const first = await send(server, old, options);
      assert.equal((await put('ROLL', 'two')).inside.status, 200);
      assert.deepEqual((await send(server, old, options)).bytes, first.bytes);
      assert.equal(await reveal(server, 'ROLL'), 'two');
      expectRefused(await send(server, old, { ...options, user: 'mallory' }), 409, 'envelope_replayed');
    });

    it('gives several at once one answer', async () => {
      const envelope = await seal(keys[0], 'PUT /secrets/MANY', { value: 'x' });
      const answers = await Promise.all([1, 2, 3, 4, 5].map(() => send(server, envelope, { method: 'PUT', path: '/secrets/MANY' })));
      for (const answer of answers) assert.deepEqual(answer.bytes, answers[0].bytes);
      assert.equal(answers[0].inside.body.secret.version, 1);
    });

    it('refuses it for another name or user', async () => {
      const envelope = await seal(keys[0], 'PUT /secrets/ONE', { value: 'x' });
      expectRefused(await send(server, envelope, { method: 'PUT', path: '/secrets/TWO' }), 400, 'sealed_unopened');
      assert.equal((await put('ONE', 'x', { inside: { expect_user: 'bob' } })).inside.status, 403);
      assert.equal((await server.request('GET', '/secrets/ONE')).status, 404);
      const plain = await server.request('PUT', '/secrets/ONE', { body: { value: 'x', expect_user: 'alice' } });
      expectRefused(plain, 400, 'unknown_field');
    });

    it('gives them to sealed jobs, and writes no hash of the script down', async () => {
      await giveSecret(server, 'GIVEN', 'opensesame');
      const { body } = await executeSealed(server, { script: 'function main(i, s) { return { n: s.GIVEN.length } }', secret_refs: ['GIVEN'] });
      assert.deepEqual(body.output, { n: 10 });
      const [entry] = (await auditOf(server)).filter((one) => one.name === 'GIVEN' && one.job_id === body.job_id);
      assert.ok(entry);
      assert.equal(entry.script_sha256, undefined);
    });

    it('has a name that does not exist inside only', async () => {
      const { body } = await executeSealed(server, { script: ADD, secret_refs: ['NOT_THERE'] });
      assert.equal(body.error_code, 'secret_unavailable');
      assert.match(body.error, /NOT_THERE/);
      assert.ok(!server.log.includes('NOT_THERE'));
    });
  });
});

// Whatever the server says to anybody, and whatever it writes, while and after sealed jobs run:
// nothing of their content is in it, in no spelling, and no hash of it.
describe('what is sealed', () => {
  let server;
  before(async () => {
    server = await start(['--log-format', 'json']);
  });
  after(() => server.stop());

  const sha256 = (text) => createHash('sha256').update(text).digest();

  it('is in nothing that is not', async () => {
    await putSecret(server, 'SHOWN', 'x');
    const mark = () => randomBytes(24).toString('hex');
    const marks = { input: mark(), output: mark(), log: mark(), error: mark(), app: mark(), name: mark(), script: mark(), nonce: mark(), secret: mark().slice(0, 20).toUpperCase() };
    const input = { v: marks.input };
    const output = JSON.stringify({ v: marks.output });
    const script = `function main(i) { /* ${marks.script} */ console.log("${marks.log}"); return { v: "${marks.output}" } }`;
    const failing = `function main(i) { throw new Error("${marks.error}") }`;
    const common = { input, app_id: marks.app, script_name: marks.name };
    const ids = [];
    for (const request of [{ ...common, script }, { ...common, script: failing }, { ...common, script, secret_refs: [marks.secret] }, { ...common, script: 5 }]) {
      const { body, jobId } = await executeSealed(server, request);
      assert.ok(JSON.stringify(body).length > 0);
      ids.push(jobId);
    }
    const needles = Object.values(marks).filter((value) => value !== marks.secret);
    for (const text of [script, failing, JSON.stringify(input), output, ...Object.values(marks)]) {
      needles.push(sha256(text).toString('hex'), sha256(text).toString('base64url'), sha256(text).toString('base64'));
    }

    const said = [];
    // The audit log names the secrets that were asked for, to their owner; nothing else does.
    assert.ok((await auditOf(server)).some((entry) => entry.name === marks.secret));
    for (const target of ['/info', '/metrics', '/jobs', '/jobs?status=failed', '/jobs?status=completed', '/secrets', '/health',
      '/attestation', '/.well-known/jwks.json', ...ids.flatMap((id) => [`/jobs/${id}`, `/jobs/${id}/receipt`])]) {
      const answer = await server.request('GET', target, { headers: { Accept: 'application/json' } });
      said.push(`${target}\n${JSON.stringify(answer.headers)}\n${answer.text}`);
    }
    said.push((await server.request('DELETE', `/jobs/${ids[0]}`)).text, (await server.request('POST', `/jobs/${ids[1]}/cancel`)).text);
    said.push(server.log);
    for (const text of said) assert.ok(!text.includes(marks.secret), text.slice(0, 100));
    said.push((await server.request('GET', '/secrets/audit')).text);
    const all = said.join('\n');
    for (const needle of needles) assert.ok(!all.includes(needle), `${needle} is said in the clear`);
    const raw = Buffer.from(all);
    for (const needle of needles) assert.ok(raw.indexOf(needle) < 0);
  });

  it('counts in no sum that one job could be read from', async () => {
    const before = await server.metrics();
    await executeSealed(server, { script: 'function main() { let n = 0; for (let i = 0; i < 1e5; i++) n += i; return { n } }' });
    await executeSealed(server, { script: 'function main() { throw new Error("x") }' });
    const now = await server.metrics();
    for (const name of ['neocompute_gas_used_total', 'neocompute_job_gas_sum', 'neocompute_job_memory_bytes_sum', 'neocompute_jobs_failed_total{error_code="script_error"}', 'neocompute_jobs_ended_total{status="failed"}']) {
      assert.equal(now.get(name), before.get(name), name);
    }
    assert.equal(now.get('neocompute_jobs_total'), before.get('neocompute_jobs_total') + 2);
  });

  describe('in memory', { skip: process.getuid() !== 0 && 'only root can read it' }, () => {
    const PIECE = 12;
    function marker(size) {
      const value = randomBytes(size).toString('base64url').replaceAll(/[-_]/g, 'q').slice(0, size);
      const needles = [];
      for (let at = 0; at + PIECE <= value.length; at += PIECE) {
        needles.push(Buffer.from(value.slice(at, at + PIECE)), Buffer.from(value.slice(at, at + PIECE), 'utf16le'));
      }
      return { value, needles };
    }
    async function expectNothing(needles) {
      let found = [];
      await until(() => (found = searchFamily(server.pid, needles)).length === 0, '', 3000).catch(() => {});
      assert.deepEqual(found, []);
    }

    for (const size of [60, 40000]) {
      it(`leaves nothing of ${size} bytes of input, output and logs`, async () => {
        const { value, needles } = marker(size);
        const script = 'function main(i) { console.log(i.v.slice(0, 200)); return { a: i.v, b: [i.v] } }';
        const { body } = await executeSealed(server, { script, input: { v: value } });
        assert.equal(body.output.a, value);
        server.closeIdle();
        await expectNothing(needles.slice(0, 40));
        await expectNothing(needles.slice(-40));
      });
    }

    it('leaves nothing of a script, with escapes, that throws', async () => {
      const { value, needles } = marker(60);
      const { body } = await executeSealed(server, { script: `function main(i) {\n\tthrow new Error("${value}")\n}`, input: { text: `line\n${value}` } });
      assert.match(body.error, new RegExp(value));
      await expectNothing(needles);
    });

    it('leaves nothing of a request that was refused', async () => {
      const { value, needles } = marker(60);
      assert.equal((await executeSealed(server, { script: ADD, [value]: `\n${value}` })).status, 400);
      assert.equal((await executeSealed(server, `{"script": "${value}`)).status, 400);
      await expectNothing(needles);
    });

    it('leaves nothing of a job that waited', async () => {
      const { value, needles } = marker(60);
      const busy = Array.from({ length: 5 }, () => server.execute('async function main() { await new Promise((r) => setTimeout(r, 300)); return {} }'));
      const waited = await executeSealed(server, { script: `function main(i) { return { v: i.v } } // ${value}\n`, input: { v: value } });
      await Promise.all(busy);
      assert.equal(waited.body.status, 'completed');
      await expectNothing(needles);
    });

    it('leaves nothing of a secret that was sealed', async () => {
      const { value, needles } = marker(60);
      const [key] = await keysOf(server);
      const { inside } = await send(server, await seal(key, 'PUT /secrets/GONE', { value }), { method: 'PUT', path: '/secrets/GONE' });
      assert.equal(inside.status, 201);
      await expectNothing(needles);
    });

    it('keeps no plain result in the clear either, though it can be had again', async () => {
      const { value, needles } = marker(60);
      const reversed = [...value].reverse().join('');
      const script = 'function main(i) { console.log([...i.v].reverse().join("")); return { v: [...i.v].reverse().join("") } }';
      assert.equal((await server.output({ script, input: { v: reversed } })).v, value);
      assert.equal((await server.request('GET', '/jobs?limit=1')).json[0].output.v, value);
      server.closeIdle();
      await expectNothing(needles);
      assert.equal((await server.request('GET', '/jobs?limit=1')).json[0].output.v, value);
    });
  });
});

describe('keys of sealed calls', () => {
  it('end with the process', async () => {
    let server = await start();
    const [key] = await keysOf(server);
    const envelope = await seal(key, ROUTE, job);
    assert.equal((await send(server, envelope)).inside.status, 200);
    await server.stop();
    server = await start();
    expectRefused(await send(server, envelope), 400, 'sealed_key_unknown');
    await server.stop();
  });

  it('open all that was sealed to them, however few senders are kept', async () => {
    for (const most of ['0', '1', '3']) {
      const server = await start(['--sealed-contexts', most]);
      const [key] = await keysOf(server);
      const senders = await Promise.all(Array.from({ length: 5 }, () => newSender(key)));
      for (let round = 0; round < 3; round++) {
        for (const sender of senders) {
          const { inside } = await send(server, await sender.seal(ROUTE, job));
          assert.deepEqual(inside.body.output, { sum: 3 });
        }
      }
      assert.equal((await server.metrics()).get('neocompute_sealed_contexts'), Number(most));
      await server.stop();
    }
  });

  it('take the contexts that they gave with them', async () => {
    const server = await start(['--key-lifetime', '1s', '--key-overlap', '2s']);
    const [key] = await keysOf(server);
    const sender = await newSender(key);
    const contexts = async () => (await server.metrics()).get('neocompute_sealed_contexts');
    assert.equal((await send(server, await sender.seal(ROUTE, job))).inside.status, 200);
    assert.equal((await send(server, await sender.seal(ROUTE, job))).inside.status, 200);
    assert.equal(await contexts(), 1);
    const needles = piecesOf(sender);
    const searching = process.getuid() === 0;
    if (searching) assert.notDeepEqual(searchFamily(server.pid, needles), [], 'the search finds what is there');
    await until(async () => (await contexts()) === 0, 'the end of the key', 10000);
    expectRefused(await send(server, await sender.seal(ROUTE, job)), 400, 'sealed_key_unknown');
    if (searching) assert.deepEqual(searchFamily(server.pid, needles), []);
    await server.stop();
  });

  it('open for a while after they were retired, and what they opened is remembered', async () => {
    const server = await start(['--key-lifetime', '1s', '--key-overlap', '3s']);
    const [key] = await keysOf(server);
    const [early, late] = [await seal(key, ROUTE, job), await seal(key, ROUTE, job)];
    const first = await send(server, early);
    await until(async () => !(await keysOf(server))[0].id.equals(key.id), 'new keys', 5000);
    assert.equal((await send(server, late)).inside.body.status, 'completed');
    assert.deepEqual((await send(server, early)).bytes, first.bytes);
    await until(async () => (await send(server, early)).status === 400, 'the end of the key', 10000);
    expectRefused(await send(server, late), 400, 'sealed_key_unknown');
    await server.stop();
  });

  it('are retired early where too much would have to be remembered', async () => {
    const server = await start(['--envelopes', '16', '--key-overlap', '1h']);
    const used = [];
    for (let i = 0; i < 60; i++) {
      const [key] = await keysOf(server);
      const envelope = await seal(key, ROUTE, { script: 'function main() { return {} }' });
      // 503 while the keys that take over wait for a slow disk: they come into force once they are stored.
      const sent = async () => {
        const { inside } = await send(server, envelope);
        return inside.status !== 503 && inside;
      };
      assert.equal((await until(sent, 'new keys')).status, 200);
      used.push(envelope);
    }
    const metrics = await server.metrics();
    assert.ok(metrics.get('neocompute_envelopes') <= 32, String(metrics.get('neocompute_envelopes')));
    assert.ok(metrics.get('neocompute_key_rotations_total') >= 5);
    const jobs = (await server.request('GET', '/jobs?limit=200')).json.length;
    for (const envelope of used) {
      const again = await send(server, envelope);
      if (again.status !== 200) expectRefused(again, 400, 'sealed_key_unknown');
    }
    assert.equal((await server.request('GET', '/jobs?limit=200')).json.length, jobs, 'none of them ran again');
    await server.stop();
  });

  // The last byte of all at once: those of the new key push the old one out while copies of an
  // envelope to it are being opened.
  it('open nothing again when they are wiped while it is opened', async () => {
    const server = await start(['--envelopes', '16', '--key-overlap', '1h']);
    const parts = (method, path, { body }, user) => requestBytes(method, path, [['Host', 'x'], ['X-User-ID', user],
      ['Content-Type', REQUEST_TYPE], ['Content-Length', body.length]], body);
    for (let round = 0; round < 12; round++) {
      const name = `KEPT_${round}`;
      const [old] = await keysOf(server);
      const envelope = await seal(old, `PUT /secrets/${name}`, { value: 'the old value' });
      assert.equal((await send(server, envelope, { method: 'PUT', path: `/secrets/${name}` })).inside.status, 201);
      await putSecret(server, name, 'the new value');
      let key = old;
      while (key.id.equals(old.id)) {
        await send(server, await seal(key, ROUTE, { script: '' }), { user: 'mallory' });
        [key] = await keysOf(server);
      }
      const fresh = await Promise.all(Array.from({ length: 14 }, () => seal(key, ROUTE, { script: '' })));
      const again = parts('PUT', `/secrets/${name}`, envelope, 'alice');
      const requests = fresh.flatMap((one) => [parts('POST', '/execute', one, 'mallory'), again, again, again]);
      const connections = await Promise.all(requests.map(() => RawConnection.open(server.port)));
      await Promise.all(connections.map((one, i) => one.send(requests[i].subarray(0, -1))));
      await sleep(50);
      connections.forEach((one, i) => one.send(requests[i].subarray(-1)));
      for (const one of connections) {
        assert.notEqual(await one.answer(), 'silence');
        one.destroy();
      }
      assert.equal(await reveal(server, name), 'the new value', `round ${round}`);
    }
    await server.stop();
  });
});
