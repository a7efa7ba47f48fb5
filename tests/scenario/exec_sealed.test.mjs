// neocompute exec --sealed: what a gateway between it and the service sees, and what it can do.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { neocompute } from '../lib/cli.mjs';
import { behind } from '../lib/gateway.mjs';
import { sealTo } from '../lib/sealed.mjs';
import { startServer } from '../lib/server.mjs';

const SCRIPT = 'function main(input) { console.log("a private line"); return { private: input.word + "!" } }';

describe('exec --sealed', () => {
  let server;
  let folder;
  const exec = (url, ...options) => neocompute(['exec', path.join(folder, 'script.js'), '--server', url,
    '--user', 'alice', '--input', '{"word":"private"}', '--sealed',
    '--identity-key', path.join(folder, 'identity'), '--allow-simulation', ...options]);
  const attestationOf = (one) => one.request('GET', '/attestation', { user: null });

  before(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'neocompute-sealed-'));
    server = await startServer();
    const { json } = await attestationOf(server);
    fs.writeFileSync(path.join(folder, 'identity'), JSON.stringify(json.identity_key));
    fs.writeFileSync(path.join(folder, 'script.js'), SCRIPT);
  });
  after(async () => {
    await server.stop();
    fs.rmSync(folder, { recursive: true });
  });

  it('lets nobody in between read script, input, output or logs', async () => {
    await behind(server.port, {}, async (url, seen) => {
      const result = await exec(url);
      assert.equal(result.code, 0, result.stderr);
      assert.equal(result.stdout, '{"private":"private!"}\n');
      assert.match(result.stderr, /^SIMULATION[^]*a private line/);
      assert.ok(seen.length >= 4);
      assert.ok(!Buffer.concat(seen).includes('private'));
    });
  });

  it('gives the answer of a job that failed, and of a request that is refused', async () => {
    const url = `http://127.0.0.1:${server.port}`;
    const failed = await exec(url, '--gas-limit', '1000');
    assert.equal(failed.code, 3, failed.stderr);
    const refused = await exec(url, '--nonce', 'n'.repeat(65));
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /400 invalid_field/);
  });

  it('seals to no key of another service', async () => {
    const other = await startServer({ env: { COMPUTE_MASTER_KEY: 'f0e1d2c3b4a5968778695a4b3c2d1e0ff1e0d3c2b5a4978669784b5a2d3c0f1e' } });
    const foreign = (await attestationOf(other)).text;
    await other.stop();
    const swap = (url, answer) => { if (url === '/attestation') answer.body = Buffer.from(foreign); };
    await behind(server.port, { after: swap }, async (url, seen) => {
      const result = await exec(url);
      assert.equal(result.code, 4);
      assert.match(result.stderr, /identity/);
      assert.equal(seen.length, 2, 'something was sent');
    });
  });

  it('verifies again where the keys were changed meanwhile, and goes on', async () => {
    const twin = await startServer(); // the same identity, other keys
    const old = (await attestationOf(twin)).text;
    await twin.stop();
    let asked = 0;
    const stale = (url, answer) => {
      if (url !== '/attestation') return;
      asked += 1;
      if (asked === 1) answer.body = Buffer.from(old);
    };
    await behind(server.port, { after: stale }, async (url) => {
      const result = await exec(url);
      assert.equal(result.code, 0, result.stderr);
      assert.equal(asked, 2);
    });
  });

  it('shows nothing of an answer that was changed, or is another one', async () => {
    const flip = (at) => (url, answer) => {
      if (url === '/execute') answer.body[at < 0 ? answer.body.length + at : at] ^= 1;
    };
    const changes = [flip(0), flip(37), flip(50), flip(100), flip(-1), (url, answer) => {
      if (url === '/execute') Object.assign(answer, { type: 'application/json', body: Buffer.from('{"status":"completed","output":{}}') });
    }];
    for (const change of changes) {
      await behind(server.port, { after: change }, async (url) => {
        const result = await exec(url);
        assert.equal(result.code, 4, result.stderr);
        assert.equal(result.stdout, '');
      });
    }
  });

  it('is refused for a user that the gateway put in its place', async () => {
    const another = (request) => { if (request.headers['x-user-id']) request.headers['x-user-id'] = 'mallory'; };
    await behind(server.port, { before: another }, async (url) => {
      const result = await exec(url);
      assert.notEqual(result.code, 0);
      assert.equal(result.stdout, '');
      assert.match(result.stderr, /user_mismatch/);
    });
  });

  it('verify opens an output that only its recipient reads, and checks it', async () => {
    const key = path.join(folder, 'recipient');
    const { stdout: jwk } = await neocompute(['keygen', key]);
    const { text } = await server.execute({ script: SCRIPT, input: { word: 'private' }, encrypt_to: JSON.parse(jwk) });
    const bundle = path.join(folder, 'bundle');
    fs.writeFileSync(bundle, (await attestationOf(server)).text);
    const verify = (answer, ...options) => neocompute(['verify', '-', '--bundle', bundle, '--allow-simulation',
      '--key', key, '--user', 'alice', ...options], { stdin: answer });
    const opened = await neocompute(['open', '--key', key, '-'], { stdin: text });
    const { output, logs } = JSON.parse(opened.stdout);
    assert.deepEqual({ output, logs }, { output: { private: 'private!' }, logs: ['a private line'] });
    const good = await verify(text);
    assert.equal(good.code, 0, good.stdout);
    assert.match(good.stdout, /^passed +output/m);
    assert.match(good.stdout, /^not covered: signature$/m);
    const at = text.indexOf('encrypted_output') + 30;
    const changed = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
    const bad = await verify(changed);
    assert.equal(bad.code, 1);
    assert.match(bad.stdout, /^failed +sealed output/m);
  });

  it('verify takes no other text that somebody sealed to the recipient', async () => {
    const key = path.join(folder, 'recipient-2');
    const { stdout: jwk } = await neocompute(['keygen', key]);
    const answer = (await server.execute({ script: SCRIPT, input: { word: 'private' }, encrypt_to: JSON.parse(jwk) })).json;
    const bundle = path.join(folder, 'bundle-2');
    fs.writeFileSync(bundle, (await attestationOf(server)).text);
    const opened = await neocompute(['open', '--key', key, '-'], { stdin: JSON.stringify(answer) });
    const { receipt_salt } = JSON.parse(opened.stdout);
    const verify = async (plain, ...options) => {
      const encrypted_output = await sealTo(JSON.parse(jwk), answer.job_id, JSON.stringify(plain));
      return neocompute(['verify', '-', '--bundle', bundle, '--allow-simulation', '--key', key, ...options],
        { stdin: JSON.stringify({ ...answer, encrypted_output }) });
    };
    const output = { private: 'private!' };
    const file = path.join(folder, 'output');
    fs.writeFileSync(file, `${JSON.stringify(output)}\n`);
    const right = await verify({ logs: [], output, receipt_salt });
    assert.equal(right.code, 0, right.stdout);
    assert.equal((await verify({ logs: [], output, receipt_salt }, '--output', file)).code, 0);
    const forgeries = [
      [{ error: 'it failed', logs: ['a lie'], receipt_salt }],
      [{ error: 'it failed', logs: ['a lie'], receipt_salt }, '--output', file],
      [{ logs: [], output: { private: 'a lie' }, receipt_salt }],
      [{ logs: [], output: { private: 'a lie' }, receipt_salt }, '--output', file],
      [{ logs: [], output, receipt_salt: `A${receipt_salt.slice(1)}x`.slice(0, 43) }, '--salt', receipt_salt],
    ];
    for (const [plain, ...options] of forgeries) {
      const result = await verify(plain, ...options);
      assert.equal(result.code, 1, `${JSON.stringify(plain)} ${options} ${result.stdout}`);
    }
  });
});
