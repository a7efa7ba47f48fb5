// What the client sends and believes, where the service is honest, slow, or absent.

import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { NeoCompute } from '../dist/index.js';
import { Service, b64u, problem } from './lib/service.mjs';
import { keys, policy, receipts } from './lib/vectors.mjs';

const script = 'function main(input) { return { echo: input } }';
let service;

beforeEach(async () => {
  service = await Service.start();
});

const clientOf = (more = {}) => new NeoCompute({
  url: 'http://service.test/', userId: 'alice', apiKey: 'key', fetch: service.fetch,
  attestation: { identityKey: service.identity.jwk, allowSimulation: true }, ...more,
});

describe('execute', () => {
  it('gives the output and what was checked', async () => {
    const job = await clientOf().execute({ script, input: { a: [1, 'é'] }, timeout: 30 });
    assert.deepEqual(job.output, { echo: { a: [1, 'é'] } });
    const names = new Set(job.verification.checks.map(({ name }) => name));
    for (const name of ['claims', 'key', 'signature', 'validity', 'script', 'input', 'output', 'nonce',
      'entry_point', 'job', 'user', 'status', 'limits', 'usage', 'secrets', 'labels', 'sealed', 'age']) {
      assert.ok(names.has(name), name);
    }
    const [{ headers, body }] = service.calls;
    assert.equal(headers['X-User-ID'], 'alice');
    assert.equal(headers.Authorization, 'Bearer key');
    assert.equal(JSON.parse(body).nonce.length, 32);
  });

  it('sends odd input as it is told', async () => {
    const inputJson = '{"n":1.000000000000000000001e+2,"s":"\\u00e9é\\ud83d\\ude00"}';
    const { verification } = await clientOf().execute({ script }, { inputJson });
    assert.ok(service.calls[0].body.includes(`"input":${inputJson}}`));
    assert.equal(verification.receipt.nonce, JSON.parse(service.calls[0].body).nonce);
  });

  it('asks for the claims once', async () => {
    const client = clientOf();
    for (let i = 0; i < 3; i++) await client.execute({ script });
    assert.equal(service.count('GET'), 1);
  });

  it('with a batch', async () => {
    service.tamper = async (answer, { path }) => {
      if (path !== '/execute') return answer;
      const { job } = service.last;
      const others = [1, 2, 3, 4].map((n) => ({ ...job, job_id: `other ${n}` }));
      const receipts = await service.batch([...others.slice(0, 2), job, ...others.slice(2)]);
      return { ...answer, body: service.answerOf(job, receipts[2]) };
    };
    const { verification } = await clientOf().execute({ script });
    assert.ok(verification.checks.some(({ name, ok }) => name === 'path' && ok));
  });

  it('of keys that were retired meanwhile', async () => {
    const client = clientOf();
    await client.execute({ script });
    const old = service.now;
    await service.rotate();
    const job = await client.execute({ script });
    assert.notEqual(job.verification.claims.digest, old.digest);
  });

  it('sends nothing without a policy, unless it is told not to verify', async () => {
    const client = clientOf({ attestation: undefined });
    for (const call of [
      () => client.execute({ script }), () => client.executeSealed({ script }),
      () => client.secrets.set('KEY', 'value'), () => client.verifyReceipt('a.b.c'),
      () => client.job('x'), () => client.attestation(),
    ]) {
      await assert.rejects(call, { name: 'TrustError', code: 'no_policy' });
    }
    assert.equal(service.calls.length, 0);
    const job = await client.execute({ script }, { verify: false });
    assert.equal(job.verification, undefined);
    assert.equal(JSON.parse(service.calls[0].body).nonce, undefined);
  });
});

describe('executeSealed', () => {
  it('shows nothing of the request', async () => {
    const job = await clientOf().executeSealed({ script, input: { secret: 'xyzzy' } });
    assert.deepEqual(job.output, { echo: { secret: 'xyzzy' } });
    assert.equal(job.verification.receipt.input_sha256, undefined);
    const post = service.calls.find(({ method }) => method === 'POST');
    assert.equal(Buffer.from(post.body).includes('xyzzy'), false);
    assert.equal(JSON.parse(service.opened.plaintext).expect_user, 'alice');
  });

  it('a refusal inside', async () => {
    await assert.rejects(clientOf().executeSealed({ script: '' }),
      { name: 'RequestError', code: 'script_missing', status: 400 });
  });

  it('on a retired key takes the new one once', async () => {
    const client = clientOf();
    await client.executeSealed({ script });
    await service.rotate();
    await client.executeSealed({ script });
    assert.equal(service.count('POST'), 3);
    assert.equal(service.count('GET'), 2);
  });

  it('gives up where the new key is refused too', async () => {
    const client = clientOf();
    await client.executeSealed({ script });
    await service.rotate();
    service.tamper = (answer, { method }) => (
      method === 'POST' ? problem(400, 'sealed_key_unknown') : answer);
    await assert.rejects(client.executeSealed({ script }), { code: 'sealed_key_unknown' });
    assert.equal(service.count('POST'), 3);
  });

  it('takes new keys in time', async () => {
    service = await Service.start({ age: 100, lifetime: 90 }); // over, but within what clocks differ
    const client = clientOf();
    await client.executeSealed({ script });
    await client.executeSealed({ script });
    assert.equal(service.calls.filter(({ path }) => path === '/attestation').length, 2);
  });

  it('asks for a lost answer with the same envelope, once', async () => {
    let lost = 0;
    service.tamper = (answer, { method }) => {
      if (method === 'POST' && lost++ === 0) throw new TypeError('connection reset');
      return answer;
    };
    await clientOf().executeSealed({ script });
    const [first, second] = service.calls.filter(({ method }) => method === 'POST');
    assert.deepEqual(first.body, second.body);
    service.tamper = (answer, { method }) => {
      if (method === 'POST') throw new TypeError('connection reset');
      return answer;
    };
    await assert.rejects(clientOf().executeSealed({ script }), { name: 'NetworkError', code: 'network' });
    assert.equal(service.count('POST'), 4);
  });

  it('speaks P-256 where there is no other key', async () => {
    service.now.hpke.shift();
    const client = clientOf();
    const claims = JSON.parse(service.now.claims);
    claims.hpke_keys.shift();
    const { bundleOf } = await import('../../tests/vectors/make/keys.mjs');
    const { canonical } = await import('./lib/service.mjs');
    service.now.claims = canonical(claims);
    service.now.bundle = await bundleOf(service.identity, service.now.result, service.now.claims);
    service.now.digest = service.now.bundle.claims_sha256;
    assert.deepEqual((await client.executeSealed({ script, input: 1 })).output, { echo: 1 });
  });
});

describe('one encapsulation', () => {
  const senders = () => service.allOpened.map(({ enc, sequence }) => `${b64u(enc)} ${sequence}`);
  const onSenders = (...expected) => { // [0, 0, 1]: the first two by one, the third by another
    const encs = service.allOpened.map(({ enc }) => b64u(enc));
    const met = [...new Set(encs)];
    assert.deepEqual(encs.map((enc) => met.indexOf(enc)), expected);
    assert.equal(new Set(senders()).size, expected.length, 'no number twice');
  };

  it('serves all calls of a client, at once or not, secrets too', async () => {
    const client = clientOf();
    await client.executeSealed({ script });
    await Promise.all([1, 2, 3].map((input) => client.executeSealed({ script, input })));
    await client.secrets.set('KEY', 'value');
    onSenders(0, 0, 0, 0, 0);
    await clientOf().executeSealed({ script });
    onSenders(0, 0, 0, 0, 0, 1);
  });

  it('ends with the key', async () => {
    const client = clientOf();
    await client.executeSealed({ script });
    await service.rotate();
    await client.executeSealed({ script });
    await client.executeSealed({ script });
    onSenders(0, 1, 1);
  });

  it('goes on after a refusal that the service sealed, and ends after any other', async () => {
    const client = clientOf();
    await assert.rejects(client.executeSealed({ script: '' }), { code: 'script_missing' });
    await client.executeSealed({ script });
    onSenders(0, 0);
    const answers = [problem(400, 'sealed_unopened'), problem(429, 'user_queue_full'),
      { status: 200, headers: { 'content-type': 'application/json' }, body: '{}' }];
    for (const answer of answers) {
      service.tamper = (right, { method }) => (method === 'POST' ? answer : right);
      await assert.rejects(client.executeSealed({ script }));
      service.tamper = (right) => right;
      await client.executeSealed({ script });
    }
    onSenders(0, 0, 0, 1, 1, 2, 2, 3);
  });

  it('is one for each call where that is asked for', async () => {
    const client = clientOf({ reuseEncapsulation: false });
    await Promise.all([1, 2].map((input) => client.executeSealed({ script, input })));
    await client.resume(await client.seal({ script }));
    onSenders(0, 1, 2);
  });

  it('is not handed over with a call that is kept', async () => {
    const client = clientOf();
    const calls = [await client.seal({ script, input: 1 }), await client.seal({ script, input: 2 })];
    const [one, two] = calls.map((call) => JSON.parse(Buffer.from(call.split('.')[1], 'base64url')));
    assert.deepEqual(Object.keys(one), ['body', 'secret', 'expect', 'since']);
    assert.notEqual(one.secret, two.secret);
    for (const call of calls) await clientOf().resume(call);
    onSenders(0, 0);
    assert.deepEqual(service.allOpened.map(({ secret }) => b64u(secret)), [one.secret, two.secret]);
  });
});

describe('seal and resume', () => {
  const request = { script, input: { secret: 'xyzzy' } };

  it('seal sends nothing; resume sends the same envelope each time', async () => {
    const call = await clientOf().seal(request);
    assert.equal(service.count('POST'), 0);
    const first = await clientOf().resume(call);
    assert.deepEqual(first.output, { echo: request.input });
    await clientOf().resume(call);
    const [one, two] = service.calls.filter(({ method }) => method === 'POST');
    assert.deepEqual(one.body, two.body);
    assert.equal(Buffer.from(one.body).includes('xyzzy'), false);
    assert.equal(JSON.parse(service.opened.plaintext).expect_user, 'alice');
  });

  it('the answer of another call is none', async () => {
    const client = clientOf(); // both are under one encapsulation
    const [mine, other] = [await client.seal(request), await client.seal(request)];
    let kept;
    service.tamper = (answer, { method }) => {
      if (method === 'POST') kept ??= answer;
      return method === 'POST' ? kept : answer;
    };
    await clientOf().resume(other);
    await assert.rejects(clientOf().resume(mine), { name: 'SealError', code: 'answer' });
    assert.deepEqual(service.allOpened[0].enc, service.allOpened[1].enc);
  });

  it('what was asked for is verified, as if it had never been kept', async () => {
    const wrong = {
      script: { script_sha256: '00'.repeat(32) }, input: { input_hmac: '00'.repeat(32) },
      nonce: { nonce: 'x' }, encrypt_to: { encrypt_to: 'x' }, age: { iat: Math.floor(Date.now() / 1000) - 120 },
    };
    service = await Service.start({ age: 1000 });
    for (const [code, claims] of Object.entries(wrong)) {
      const call = await clientOf().seal(request);
      service.state = (right) => ({ ...right, ...claims });
      await assert.rejects(clientOf().resume(call), { name: 'ReceiptError', code });
    }
  });

  it('is not sealed anew on a retired key', async () => {
    const call = await clientOf().seal(request);
    await service.rotate();
    await assert.rejects(clientOf().resume(call), { name: 'RequestError', code: 'sealed_key_unknown' });
    assert.equal(service.count('POST'), 1);
  });

  it('refuses what is no call', async () => {
    const call = await clientOf().seal(request);
    const at = call.length >> 1;
    for (const bad of ['', 'x', call.slice(1), call.slice(0, -5), call.slice(0, 60), `${call}=`,
      `${call.slice(0, at)}*${call.slice(at + 1)}`, 'neocompute-call-1.e30']) {
      await assert.rejects(clientOf().resume(bad), { name: 'NeoComputeError', code: 'not_a_call' }, bad);
      await assert.rejects(clientOf().job('x', { call: bad }), { code: 'not_a_call' });
    }
    const trusting = clientOf({ attestation: undefined });
    await assert.rejects(trusting.resume(call), { code: 'no_policy' });
    await assert.rejects(trusting.job('x', { call, verify: false }), { code: 'no_policy' });
    await assert.rejects(trusting.seal(request), { code: 'no_policy' });
    assert.equal(service.count('POST'), 0);
  });
});

describe('jobs, secrets, receipts', () => {
  it('a kept job is verified, against what the caller knows too', async () => {
    const client = clientOf();
    const { job_id: id, receipt } = await client.execute({ script, input: { a: 1 } });
    await client.job(id, { expect: { script, inputJson: '{"a":1}' } });
    await assert.rejects(client.job(id, { expect: { script: 'other' } }), { code: 'script' });
    await assert.rejects(client.job(id, { expect: { outputJson: '{}' } }), { code: 'output' });
    await assert.rejects(client.job(id, { expect: { status: 'failed' } }), { code: 'status' });
    await client.verifyReceipt(receipt, { script, jobId: id });
    await assert.rejects(client.verifyReceipt(receipt, { nonce: 'x' }), { code: 'nonce' });
    await assert.rejects(client.job('00000000-0000-0000-0000-000000000000'),
      { name: 'RequestError', code: 'not_found', status: 404, traceId: 't' });
  });

  it('a receipt with its bundle needs no service', async () => {
    const client = clientOf();
    const { receipt, receipt_salt: salt, job_id } = await client.execute({ script });
    const saved = { receipt, salt, job_id, bundle: service.now.bundle, keys: [] };
    const count = service.calls.length;
    await client.verifyReceipt(saved, { userId: 'alice' });
    await assert.rejects(client.verifyReceipt(saved, { userId: 'bob' }), { code: 'user' });
    await assert.rejects(client.verifyReceipt({ ...saved, job_id: 'x' }), { code: 'job' });
    const { salt: _, ...saltless } = saved;
    await assert.rejects(client.verifyReceipt(saltless), { name: 'ReceiptError', code: 'malformed' });
    assert.equal(service.calls.length, count);
  });

  it('a bundle has no salt where the output is encrypted', async () => {
    const client = new NeoCompute({ url: 'http://service.test', attestation: policy });
    const { job, receipt } = receipts.single.find(({ name }) => name === 'encrypted');
    const saved = { receipt, job_id: job.job_id, bundle: keys.bundle };
    await client.verifyReceipt(saved, { script: job.script, inputJson: job.input });
    await assert.rejects(client.verifyReceipt(saved, { userId: 'alice' }), { code: 'user' });
    await assert.rejects(client.verifyReceipt(saved, { outputJson: job.output }), { code: 'output' });
    const { salt, output: outputJson } = job; // as encrypted_output has them
    await client.verifyReceipt(saved, { salt, outputJson, userId: 'alice' });
    await assert.rejects(client.verifyReceipt(saved, { salt, userId: 'bob' }), { code: 'user' });
    await assert.rejects(client.verifyReceipt({ ...saved, salt }), { name: 'ReceiptError', code: 'malformed' });
  });

  it('a secret is sealed on its way', async () => {
    const { created, secret, etag } = await clientOf().secrets.set('KEY', 'the value', { ifMatch: '"e0"' });
    assert.equal(created, true);
    assert.equal(etag, '"e1"');
    assert.equal(secret.version, 1);
    const put = service.calls.find(({ method }) => method === 'PUT');
    assert.equal(put.path, '/secrets/KEY');
    assert.equal(put.headers['If-Match'], '"e0"');
    assert.equal(put.headers['If-None-Match'], undefined);
    assert.equal(Buffer.from(put.body).includes('the value'), false);
    await clientOf().secrets.set('KEY', 'a longer value, to the eye as long: é');
    const puts = service.calls.filter(({ method }) => method === 'PUT');
    assert.equal(puts[1].body.length, puts[0].body.length);
    await clientOf().secrets.set('KEY', 'new', { ifAbsent: true });
    assert.equal(service.calls.findLast(({ method }) => method === 'PUT').headers['If-None-Match'], '*');
  });

  it('an etag that is missing changes nothing', async () => {
    const { secrets } = clientOf();
    for (const call of [(options) => secrets.set('KEY', 'v', options), (options) => secrets.remove('KEY', options),
      (options) => secrets.setPolicy('KEY', {}, options)]) {
      await assert.rejects(call({ ifMatch: undefined }), TypeError);
    }
    assert.deepEqual(service.calls, []);
  });
});

describe('signals and bad days', () => {
  it('a signal ends every call with its own reason', async () => {
    const client = clientOf();
    const reason = new Error('enough');
    const { signal } = { signal: AbortSignal.abort(reason) };
    for (const call of [
      () => client.execute({ script }, { signal }), () => client.executeSealed({ script }, { signal }),
      () => client.job('x', { signal }), () => client.jobs({ signal }), () => client.cancel('x', { signal }),
      () => client.remove('x', { signal }), () => client.receipt('x', { signal }),
      () => client.attestation({ signal }), () => client.secrets.list({ signal }),
      () => client.secrets.set('a', 'b', { signal }), () => client.secrets.get('a', { signal }),
      () => client.secrets.reveal('a', { signal }), () => client.secrets.remove('a', { signal }),
      () => client.secrets.policy('a', { signal }), () => client.secrets.setPolicy('a', {}, { signal }),
    ]) {
      await assert.rejects(call, reason);
    }
  });

  it('a signal ends a call that waits', async () => {
    const controller = new AbortController();
    const waits = (url, { signal }) => new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });
    const call = clientOf({ fetch: waits }).execute({ script }, { signal: controller.signal });
    controller.abort();
    await assert.rejects(call, { name: 'AbortError' });
  });

  it('answers that are none', async () => {
    const client = clientOf();
    const answers = [['', 'malformed'], ['[1]', 'malformed'], ['{"a":1}', 'malformed'],
      [new Uint8Array([0xff]), 'malformed']];
    for (const [body, code] of answers) {
      service.tamper = () => ({ status: 200, body, headers: {} });
      await assert.rejects(client.execute({ script }), { name: 'NetworkError', code });
    }
    service.tamper = () => ({ status: 503, body: '<html>', headers: { 'retry-after': '7' } });
    await assert.rejects(client.execute({ script }),
      { name: 'RequestError', code: 'http_503', status: 503, retryAfter: 7 });
    service.tamper = () => { throw new TypeError('no route'); };
    await assert.rejects(client.execute({ script }), { name: 'NetworkError', code: 'network' });
  });
});
