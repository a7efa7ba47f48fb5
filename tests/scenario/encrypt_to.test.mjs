// `encrypt_to`: output, logs and error for one key only; and what receipts say of what is hidden.

import assert from 'node:assert/strict';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { claimsOf, executeSealed, recipient } from '../lib/sealed.mjs';
import { giveSecret } from '../lib/secrets.mjs';
import { startServer } from '../lib/server.mjs';
import { secretsKey } from '../lib/stores.mjs';

const SCRIPT = 'function main(input) { console.log("a log"); return { sum: input.a + input.b } }';
const INPUT = { a: 1, b: 2 };
const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const hmac = (salt, label, text) => createHmac('sha256', Buffer.from(salt, 'base64url')).update(`${label}\0${text}`).digest('hex');

describe('encrypt_to', () => {
  let server;
  let reader;
  before(async () => {
    server = await startServer({ env: { SECRETS_MASTER_KEY: secretsKey } });
    reader = await recipient();
  });
  after(() => server.stop());

  for (const form of ['text', 'jwk']) {
    it(`seals the result to a key given as ${form}`, async () => {
      const { json, text } = await server.execute({ script: SCRIPT, input: INPUT, encrypt_to: reader[form] });
      assert.equal(json.status, 'completed', text);
      for (const member of ['output', 'logs', 'error', 'receipt_salt']) assert.equal(json[member], undefined, member);
      const { receipt_salt: salt, ...inside } = await reader.open(json);
      assert.deepEqual(inside, { logs: ['a log'], output: { sum: 3 } });
      assert.equal(json.output_hash, hmac(salt, 'output', '{"sum":3}'));
      const claims = claimsOf(json.receipt);
      assert.equal(claims.encrypt_to, reader.thumbprint);
      assert.equal(claims.output_hmac, json.output_hash);
      assert.equal(claims.output_sha256, undefined);
      assert.equal(claims.input_sha256, sha256(JSON.stringify(INPUT)));
      assert.equal(claims.sub, createHmac('sha256', Buffer.from(salt, 'base64url')).update('alice').digest('hex'));
    });
  }

  it('seals the error of a job that fails', async () => {
    const { json } = await server.execute({ script: 'function main() { console.log(1); throw new Error("hidden") }', encrypt_to: reader.text });
    assert.equal(json.error_code, 'script_error');
    assert.equal(json.output_hash, undefined);
    const { receipt_salt: salt, error, ...rest } = await reader.open(json);
    assert.match(error, /hidden/);
    assert.deepEqual(rest, { logs: ['1'] });
    assert.ok(salt);
  });

  it('is the same when the job is asked for later, and the receipt too', async () => {
    const { json } = await server.execute({ script: SCRIPT, input: INPUT, encrypt_to: reader.text, nonce: 'n' });
    assert.deepEqual((await server.request('GET', `/jobs/${json.job_id}`)).json, json);
    assert.equal((await server.request('GET', `/jobs/${json.job_id}/receipt`)).text, json.receipt);
    const bundle = (await server.request('GET', `/jobs/${json.job_id}/receipt`, { headers: { Accept: 'application/json' } })).json;
    assert.equal(bundle.salt, undefined);
    assert.equal(bundle.receipt, json.receipt);
    const listed = (await server.request('GET', '/jobs?limit=1')).json[0];
    assert.equal(listed.encrypted_output, json.encrypted_output);
  });

  it('gives no two the same bytes', async () => {
    const seen = new Set();
    for (let i = 0; i < 4; i++) seen.add((await server.execute({ script: SCRIPT, input: INPUT, encrypt_to: reader.text })).json.encrypted_output);
    assert.equal(seen.size, 4);
  });

  it('says nothing of it anywhere', async () => {
    const marks = [1, 2, 3].map(() => randomBytes(16).toString('hex'));
    const script = `function main(i) { console.log("${marks[0]}"); if (i.fail) throw new Error("${marks[1]}"); return { v: "${marks[2]}" } }`;
    const said = [];
    for (const input of [{}, { fail: true }]) {
      const { json, text } = await server.execute({ script, input, encrypt_to: reader.text });
      said.push(text);
      for (const target of [`/jobs/${json.job_id}`, `/jobs/${json.job_id}/receipt`, '/jobs', '/metrics', '/info']) said.push((await server.request('GET', target)).text);
    }
    said.push(server.log);
    const hidden = [...marks, sha256(`{"v":"${marks[2]}"}`)];
    for (const text of said) for (const mark of hidden) assert.ok(!text.includes(mark), text.slice(0, 200));
  });

  const bad = {
    'a number': 7,
    'nothing': '',
    'too short': 'AAAA',
    'base64 that is not base64url': 'a'.repeat(42) + '+',
    'a point of low order': 'A'.repeat(43),
    'a private key': { kty: 'OKP', crv: 'X25519', x: 'A'.repeat(43), d: 'A'.repeat(43) },
    'an Ed25519 key': { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) },
    'a P-256 key': { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'A'.repeat(43) },
    'no key at all': {},
    'a list': [],
  };
  for (const [name, key] of Object.entries(bad)) {
    it(`refuses ${name}`, async () => {
      const { status, json } = await server.execute({ script: SCRIPT, input: INPUT, encrypt_to: key });
      assert.equal(status, 400);
      assert.equal(json.error_code, 'invalid_field');
      assert.equal(json.field, 'encrypt_to');
    });
  }

  it('is as if it were not there where it is null', async () => {
    assert.deepEqual((await server.execute({ script: SCRIPT, input: INPUT, encrypt_to: null })).json.output, { sum: 3 });
  });

  it('goes with a sealed request', async () => {
    const { body } = await executeSealed(server, { script: SCRIPT, input: INPUT, encrypt_to: reader.jwk });
    assert.equal(body.output, undefined);
    const { output, receipt_salt: salt } = await reader.open(body);
    assert.deepEqual(output, { sum: 3 });
    const claims = claimsOf(body.receipt);
    assert.equal(claims.output_hmac, hmac(salt, 'output', '{"sum":3}'));
    assert.equal(claims.input_hmac, hmac(salt, 'input', JSON.stringify(INPUT)));
  });
});

describe('receipts of sealed jobs', () => {
  let server;
  before(async () => {
    server = await startServer({ env: { SECRETS_MASTER_KEY: secretsKey } });
    await giveSecret(server, 'ONE', 'opensesame', { scripts: null });
  });
  after(() => server.stop());

  it('have HMACs of what could be guessed', async () => {
    const script = 'function main(i, s) { return { n: i.n, size: s.ONE.length } }';
    const { body, jobId } = await executeSealed(server, { script, input: { n: 7 }, secret_refs: ['ONE'], nonce: 'fresh' });
    const { receipt, receipt_salt: salt } = body;
    const claims = claimsOf(receipt);
    assert.equal(claims.sealed, true);
    assert.equal(claims.jti, jobId);
    assert.equal(claims.nonce, 'fresh');
    assert.equal(claims.script_sha256, sha256(script));
    assert.equal(claims.input_sha256, undefined);
    assert.equal(claims.output_sha256, undefined);
    assert.equal(claims.input_hmac, hmac(salt, 'input', '{"n":7}'));
    assert.equal(claims.output_hmac, hmac(salt, 'output', '{"n":7,"size":10}'));
    assert.deepEqual(claims.secrets, [{ name_hmac: hmac(salt, 'secret-name', 'ONE'), version: 1 }]);
    assert.equal(body.output_hash, sha256('{"n":7,"size":10}'));
    const refused = await server.request('GET', `/jobs/${jobId}/receipt`);
    assert.equal(refused.status, 409);
    assert.equal(refused.json.error_code, 'sealed');
  });

  it('of an input that is absent are of {}', async () => {
    const { body } = await executeSealed(server, { script: 'function main() { throw new Error("x") }' });
    const claims = claimsOf(body.receipt);
    assert.equal(claims.input_hmac, hmac(body.receipt_salt, 'input', '{}'));
    assert.equal(claims.output_hmac, undefined);
    assert.equal(claims.error_code, 'script_error');
  });
});
