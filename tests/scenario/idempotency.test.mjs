// Idempotency-Key: one job for one key and body, however often and however fast it is sent.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../lib/server.mjs';

describe('idempotency', () => {
  let server;
  before(async () => { server = await startServer(); });
  after(() => server.stop());
  const send = (key, body, user = 'alice') =>
    server.execute(body, { user, headers: { 'Idempotency-Key': key } });
  const random = 'function main() { return Math.random() }';

  it('answers the same job to the same request', async () => {
    const [a, b] = [await send('k1', random), await send('k1', random)];
    assert.equal(a.json.job_id, b.json.job_id);
    assert.deepEqual(a.json.output, b.json.output);
  });

  it('runs once when both come at once', async () => {
    const script = 'async function main() { await new Promise((r) => setTimeout(r, 100)); return Math.random() }';
    const answers = await Promise.all([1, 2, 3].map(() => send('k2', script)));
    assert.equal(new Set(answers.map(({ json }) => json.job_id)).size, 1);
    assert.equal(new Set(answers.map(({ json }) => json.output.result)).size, 1);
  });

  it('refuses the key with another body', async () => {
    await send('k3', random);
    const { status, json } = await send('k3', 'function main() { return 2 }');
    assert.equal(status, 409);
    assert.equal(json.error_code, 'idempotency_conflict');
  });

  it('keeps the keys of users apart', async () => {
    const [a, b] = [await send('k4', random, 'u1'), await send('k4', random, 'u2')];
    assert.notEqual(a.json.job_id, b.json.job_id);
  });

  it('runs anew without a key', async () => {
    const [a, b] = [await server.execute(random), await server.execute(random)];
    assert.notEqual(a.json.job_id, b.json.job_id);
  });

  it('keeps the answer of a failed job too', async () => {
    const script = 'function main() { throw new Error(String(Math.random())) }';
    const [a, b] = [await send('k5', script), await send('k5', script)];
    assert.equal(a.json.error, b.json.error);
  });

  it('frees the key when the one who sent it hung up', async () => {
    const controller = new AbortController();
    const script = 'async function main(n) { await new Promise((r) => setTimeout(r, 200)); return 1 }';
    const lost = server.execute(script, { headers: { 'Idempotency-Key': 'k6' }, signal: controller.signal });
    setTimeout(() => controller.abort(), 60);
    await assert.rejects(lost);
    await new Promise((r) => setTimeout(r, 100));
    const { json } = await send('k6', script);
    assert.equal(json.status, 'completed');
  });
});
