// The client against the real service.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { after, before, describe, it } from 'node:test';
import { NeoCompute, verifyReceipt } from '../dist/index.js';
import { chooseKey, Sealer } from '../dist/seal.js';
import { inParallel, until as waitUntil } from '../../tests/lib/wait.mjs';
import { startService } from './lib/real.mjs';

const script = 'function main(input) { return { echo: input } }';
let service, client;

const clientOf = (more = {}) => new NeoCompute({
  url: service.url, userId: 'alice',
  attestation: { identityKey: service.identityKey, allowSimulation: true }, ...more,
});

before(async () => {
  service = await startService();
  client = clientOf();
});
after(() => service.stop());

describe('execute', () => {
  it('proves a job that completed', async () => {
    const job = await client.execute({
      script, input: { a: 1 }, timeout: 5, gas_limit: 1e9, memory_limit: 2 ** 25,
      app_id: 'app', script_name: 'name', nonce: 'my nonce',
    });
    assert.deepEqual(job.output, { echo: { a: 1 } });
    assert.equal(job.verification.receipt.nonce, 'my nonce');
    assert.equal(job.verification.receipt.timeout_ms, 5000);
    assert.equal(job.verification.simulation, true);
  });

  it('proves a job that failed', async () => {
    const job = await client.execute({ script: 'function main() { throw new Error("no") }' });
    assert.equal(job.status, 'failed');
    assert.equal(job.verification.receipt.error_code, 'script_error');
    assert.equal(job.verification.receipt.output_sha256, undefined);
  });

  const odd = {
    'numbers': '{"n":[1.000000000000000000001, -0, 1e400, 123456789012345678901234567890, 1E2]}',
    'keys': '{"\\u0000":1,"__proto__":2,"":3,"\\ud83d\\ude00":4,"\ufb33":5,"\u20ac":6,"a b":7}',
    'white space': ' [ 1 ,\t2 ]\n',
    'not an object': 'null',
    'text': '"\\u2028 \u2028 \\/ / \\u007f \\" é \\u00e9"',
  };
  for (const [name, inputJson] of Object.entries(odd)) {
    it(`exact bytes: ${name}`, () => client.execute({ script }, { inputJson }));
  }

  it('exact bytes of the output: numbers, keys, text', async () => {
    const { output } = await client.execute({
      script: 'function main() { return { z: [1e21, 1e-7, 5e-324, -0, 0.1 + 0.2, 2 ** 53], "\\u20ac": 1, ' +
        '"\\r": 2, "\\ufb33": 3, "1": 4, "\\ud83d\\ude00": 5, "\\u0080": "\\u0000\\u001f\\u2028\\"" } }',
    });
    assert.equal(output['\u0080'], '\u0000\u001f\u2028"');
  });

  it('proves jobs that end together', async () => {
    const jobs = await inParallel(60, 30, (i) => clientOf({ userId: `user-${i % 15}` })
      .execute({ script, input: i }));
    jobs.forEach((job, i) => assert.equal(job.output.echo, i));
  });

  it('limits that are raised to the least', () => (
    client.execute({ script, timeout: 0.5, gas_limit: 1000, memory_limit: 1 })
      .then(({ verification }) => assert.equal(verification.receipt.timeout_ms, 1000))));

  it('a refusal', async () => {
    await assert.rejects(client.execute({ script: '' }), { name: 'RequestError', status: 400 });
  });

  it('a signal ends it', async () => {
    const slow = { script: 'function main() { return new Promise((done) => setTimeout(done, 20000)) }' };
    const signal = AbortSignal.timeout(300);
    await assert.rejects(client.execute(slow, { signal }), { name: 'TimeoutError' });
    await assert.rejects(client.executeSealed(slow, { signal: AbortSignal.timeout(300) }),
      { name: 'TimeoutError' });
  });

  it('any byte of the answer', async () => {
    const request = { script, input: { a: 'b' }, nonce: 'once' };
    let recorded;
    const recording = clientOf({ fetch: async (url, options) => {
      const response = await fetch(url, options);
      if (options.method === 'POST') recorded = new Uint8Array(await response.clone().arrayBuffer());
      return response;
    } });
    const good = await recording.execute(request);
    const uncovered = new Set(['logs', 'duration', 'signature']); // as README.md says
    for (let at = 0; at < recorded.length; at += 3) {
      const bytes = recorded.slice();
      bytes[at] ^= 1;
      const replaying = clientOf({ fetch: (url, options) => (options.method === 'POST'
        ? Promise.resolve(new Response(bytes)) : fetch(url, options)) });
      const job = await replaying.execute(request).catch(() => null);
      if (!job) continue;
      for (const [name, value] of Object.entries(good)) {
        if (name === 'verification' || uncovered.has(name)) continue;
        assert.deepEqual(job[name], value, `byte ${at} changes ${name} unseen`);
      }
    }
  });
});

describe('sealed', () => {
  it('proves a job', async () => {
    const job = await client.executeSealed({ script, input: { a: 'é' } });
    assert.deepEqual(job.output, { echo: { a: 'é' } });
    assert.equal(job.verification.receipt.sealed, true);
    const outside = await client.job(job.job_id);
    assert.equal(outside.output, undefined);
    assert.equal(outside.sealed, true);
  });

  it('a failure is inside', async () => {
    const job = await client.executeSealed({ script: 'function main() { throw new Error("no") }' });
    assert.equal(job.error_code, 'script_error');
    assert.equal((await client.job(job.job_id)).status, 'completed');
  });

  it('a refusal is inside', async () => {
    await assert.rejects(client.executeSealed({ script: '' }), { name: 'RequestError', status: 400 });
  });

  it('to the P-256 key', async () => {
    const { hpkeKeys } = await client.attestation();
    const key = await chooseKey(hpkeKeys.slice(1));
    assert.equal(key.kem, 0x0010);
    const sealed = await new Sealer({ reuse: false }).seal(key, 'POST /execute', JSON.stringify({ script, input: 1 }));
    const send = async () => {
      const response = await fetch(`${service.url}/execute`, {
        method: 'POST', body: sealed.body,
        headers: { 'X-User-ID': 'alice', 'Content-Type': 'application/vnd.neocompute.sealed-request' },
      });
      return new Uint8Array(await response.arrayBuffer());
    };
    const first = await send();
    assert.deepEqual(JSON.parse((await sealed.open(first)).body).output, { echo: 1 });
    assert.deepEqual(await send(), first); // the same envelope, the same answer
  });

  it('for another user than it was sealed for', async () => {
    const gateway = (url, options) => fetch(url, {
      ...options, headers: { ...options.headers, ...(options.method === 'POST' ? { 'X-User-ID': 'mallory' } : {}) },
    });
    await assert.rejects(clientOf({ fetch: gateway }).executeSealed({ script }), { name: 'RequestError' });
  });

  it('only the output', async () => {
    const pair = await crypto.subtle.generateKey('X25519', true, ['deriveBits']);
    const { kty, crv, x } = await crypto.subtle.exportKey('jwk', pair.publicKey);
    const job = await client.execute({ script, input: { a: 1 }, encrypt_to: { kty, crv, x } });
    assert.equal(job.output, undefined);
    assert.equal(job.logs, undefined);
    const opened = await client.openOutput(job, pair.privateKey);
    assert.deepEqual(opened.output, { echo: { a: 1 } });
    const other = await crypto.subtle.generateKey('X25519', true, ['deriveBits']);
    await assert.rejects(client.openOutput(job, other.privateKey), { name: 'SealError', code: 'answer' });

    const saved = await client.receipt(job.job_id);
    assert.equal(saved.salt, undefined);
    await client.verifyReceipt(saved, { script, inputJson: '{"a":1}' });
    await client.verifyReceipt(saved, { userId: 'alice', salt: opened.receipt_salt, outputJson: opened.outputJson });
  });

  it('only the output, in a sealed call', async () => {
    const pair = await crypto.subtle.generateKey('X25519', true, ['deriveBits']);
    const { kty, crv, x } = await crypto.subtle.exportKey('jwk', pair.publicKey);
    const request = { script, input: { a: 1 }, encrypt_to: { kty, crv, x } };
    for (const job of [await client.executeSealed(request), await client.resume(await client.seal(request))]) {
      assert.equal(job.output, undefined);
      const names = job.verification.checks.map(({ name }) => name);
      assert.ok(!names.includes('input') && names.includes('encrypt_to'));
      const opened = await client.openOutput(job, pair.privateKey);
      assert.deepEqual(opened.output, { echo: { a: 1 } });
      assert.ok(opened.verification.checks.some(({ name, ok }) => name === 'input' && ok));
      const changed = { ...job, verification: { ...job.verification, pending: { inputJson: '{"a":2}' } } };
      await assert.rejects(client.openOutput(changed, pair.privateKey), { code: 'input' });
    }
  });
});

describe('a sealed call that outlives its process', () => {
  /** Runs lib/crash.mjs until it says that it is there; kills it. The call that it kept. */
  const crashed = async (until, request) => {
    const program = fileURLToPath(new URL('lib/crash.mjs', import.meta.url));
    const child = spawn(process.execPath, [program, ...(until === 'kept' ? ['--unsent'] : [])], {
      env: { NEOCOMPUTE_URL: service.url, IDENTITY: service.identityKey, REQUEST: JSON.stringify(request) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    for await (const data of child.stdout) {
      said += data;
      if (said.includes(`\n${until}\n`)) break;
    }
    child.kill('SIGKILL');
    await once(child, 'exit');
    await waitUntil(async () => (await client.jobs({ status: 'running' })).jobs.length === 0, 'no job runs');
    return said.split('\n')[0];
  };
  const count = 'function main(input) { return { doubled: 2 * input } }';

  it('that had not sent it: it runs', async () => {
    const call = await crashed('kept', { script: count, input: 21 });
    assert.deepEqual((await client.resume(call)).output, { doubled: 42 });
  });

  it('that had its answer: the same, and nothing runs twice', async () => {
    const call = await crashed('answered', { script: count, input: 4 });
    const { jobs } = await client.jobs({ limit: 1 });
    const withoutAge = ({ verification, ...answer }) => // how many seconds old it is may be another by now
      ({ ...answer, verification: { ...verification, checks: verification.checks.filter(({ name }) => name !== 'age') } });
    const first = await client.resume(call), again = withoutAge(first);
    assert.equal(first.verification.checks.length, again.verification.checks.length + 1);
    assert.equal(again.job_id, jobs[0].job_id);
    assert.deepEqual(again.output, { doubled: 8 });
    assert.deepEqual(withoutAge(await client.resume(call)), again);
    assert.equal((await client.jobs({ limit: 1 })).jobs[0].job_id, again.job_id);
    assert.deepEqual(withoutAge(await client.job(again.job_id, { call })), again);
    const other = await client.seal({ script });
    await assert.rejects(client.job(again.job_id, { call: other }), { name: 'SealError', code: 'answer' });
  });

  it('that was cut off while it ran: the job was cancelled, and says so', async () => {
    const call = await crashed('sent', {
      script: 'function main() { return new Promise((done) => setTimeout(done, 20000)) }',
    });
    const job = await client.resume(call);
    assert.deepEqual([job.status, job.error_code], ['failed', 'cancelled']);
  });

  it('whose job was forgotten: it is not run again', async () => {
    const call = await client.seal({ script, input: 1 });
    await client.remove((await client.resume(call)).job_id);
    await assert.rejects(client.resume(call), { name: 'RequestError', code: 'envelope_replayed' });
  });

  it('of another user', async () => {
    const call = await client.seal({ script, input: 1 });
    await assert.rejects(clientOf({ userId: 'mallory' }).resume(call), { code: 'user_mismatch' });
    await client.resume(call);
    await assert.rejects(clientOf({ userId: 'mallory' }).resume(call), { code: 'envelope_replayed' });
  });
});

describe('secrets', () => {
  it('from making to deleting', async () => {
    const { secrets } = client;
    const made = await secrets.set('API_KEY', 'sk-1234567890é');
    assert.equal(made.created, true);
    const changed = await secrets.set('API_KEY', 'sk-0987654321', { ifMatch: made.etag });
    assert.equal(changed.secret.version, 2);
    await assert.rejects(secrets.set('API_KEY', 'x', { ifMatch: made.etag }), { code: 'precondition_failed' });
    await assert.rejects(secrets.set('API_KEY', 'x', { ifAbsent: true }), { code: 'precondition_failed' });
    assert.equal((await secrets.set('PLAIN', 'in the clear', { sealed: false })).created, true);
    const { etag } = changed;
    assert.deepEqual(await secrets.reveal('API_KEY'), { etag, name: 'API_KEY', value: 'sk-0987654321', version: 2 });
    assert.deepEqual(await secrets.get('API_KEY'), { etag, ...changed.secret });
    const { secrets: first, next } = await secrets.list({ limit: 1 });
    assert.deepEqual([first.length, next], [1, 'API_KEY']);
    assert.equal((await secrets.list({ after: next })).secrets[0].name, 'PLAIN');
    const before = await secrets.policy('API_KEY');
    const after = await secrets.setPolicy('API_KEY', { ...before, services: ['neocompute'] }, { ifMatch: before.etag });
    assert.deepEqual(await secrets.policy('API_KEY'), after);
    assert.deepEqual(after.services, ['neocompute']);
    await assert.rejects(secrets.setPolicy('API_KEY', before, { ifMatch: before.etag }), { code: 'precondition_failed' });
    const request = { script: 'function main(input, s) { return s.API_KEY.length }', secret_refs: ['API_KEY'] };
    assert.equal((await client.execute(request)).output.result, 13);
    const { output, verification } = await client.executeSealed(request);
    assert.equal(output.result, 13);
    assert.equal(verification.receipt.secrets[0].name, undefined);
    await secrets.remove('API_KEY');
    await assert.rejects(secrets.get('API_KEY'), { code: 'not_found' });
  });
});

describe('jobs', () => {
  it('one, many, cancelled, forgotten', async () => {
    const own = clientOf({ userId: 'jobs' });
    const job = await own.execute({ script, input: 1 });
    await own.execute({ script, input: 2 });
    const kept = await own.job(job.job_id, { expect: { script, inputJson: '1' } });
    assert.deepEqual(kept.output, { echo: 1 });
    await assert.rejects(own.job(job.job_id, { expect: { inputJson: '2' } }), { code: 'input' });
    const { jobs, next } = await own.jobs({ limit: 1, status: 'completed' });
    assert.equal(jobs.length, 1);
    assert.equal((await own.jobs({ cursor: next })).jobs[0].job_id, job.job_id);
    assert.equal((await own.cancel(job.job_id)).status, 'completed');
    await own.remove(job.job_id);
    await assert.rejects(own.job(job.job_id), { code: 'not_found' });
  });
});

describe('through time', () => {
  it('a receipt verifies after the service has gone', async () => {
    const other = await startService();
    const attestation = { identityKey: other.identityKey, allowSimulation: true };
    const theirs = new NeoCompute({ url: other.url, userId: 'alice', attestation });
    const { job_id } = await theirs.execute({ script, input: 1 });
    const saved = JSON.parse(JSON.stringify(await theirs.receipt(job_id)));
    await other.stop();
    const expect = { script, inputJson: '1', outputJson: '{"echo":1}', userId: 'alice', salt: saved.salt };
    await verifyReceipt(saved.receipt, saved.bundle, attestation, expect);
    await theirs.verifyReceipt(saved, expect);
  });

  it('new keys, the same identity: calls go on', async () => {
    const other = await startService({ args: ['--key-lifetime', '1s', '--key-overlap', '1s'] });
    const attestation = { identityKey: other.identityKey, allowSimulation: true };
    const theirs = new NeoCompute({ url: other.url, userId: 'alice', attestation });
    const digests = new Set();
    for (let i = 0; i < 5; i++) {
      const sealed = await theirs.executeSealed({ script, input: i });
      const plain = await theirs.execute({ script, input: i });
      for (const { verification } of [sealed, plain]) digests.add(verification.claims.digest);
      await new Promise((resolve) => setTimeout(resolve, 700));
    }
    assert.ok(digests.size > 2, `${digests.size} keys`);
    await other.stop();
  });
});
