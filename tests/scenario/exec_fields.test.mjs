// neocompute exec: every field of POST /execute has an option, in the clear and sealed, and an
// answer whose receipt says otherwise than what was asked for is not shown.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { neocompute } from '../lib/cli.mjs';
import { behind } from '../lib/gateway.mjs';
import { giveSecret } from '../lib/secrets.mjs';
import { startServer } from '../lib/server.mjs';

const LENGTHS = 'function main(i, s) { return { one: s.ONE?.length, two: s.TWO?.length } }';
const SHOW = 'function main(i, s) { return { shown: s.ONE } }';
const X = 'LYEyIEGcC5q1Fp1KAH2yyFcXS0o4pZYLIRe8V6vbYTs'; // some X25519 key
const FIELDS = ['--secret', '--allow-secret-output', '--app-id', '--script-name', '--nonce', '--encrypt-to'];

describe('exec, the fields of a request', () => {
  let server, folder, identity, proved, ways;
  const url = () => `http://127.0.0.1:${server.port}`;
  const file = (name, text) => {
    fs.writeFileSync(path.join(folder, name), text);
    return path.join(folder, name);
  };
  const execAt = (where, script, ...options) => neocompute(['exec', file('script.js', script),
    '--server', where, '--user', 'alice', ...options]);
  const exec = (script, ...options) => execAt(url(), script, ...options);

  before(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'neocompute-fields-'));
    server = await startServer({ env: { SECRETS_MASTER_KEY: '5e'.repeat(32) } });
    const { json } = await server.request('GET', '/attestation', { user: null });
    identity = file('identity', JSON.stringify(json.identity_key));
    await giveSecret(server, 'ONE', 'the first value', { allow_output: true });
    await giveSecret(server, 'TWO', 'the second one');
    proved = ['--identity-key', identity, '--allow-simulation'];
    ways = { plain: [], proved, sealed: [...proved, '--sealed'] };
  });
  after(async () => {
    await server.stop();
    fs.rmSync(folder, { recursive: true });
  });

  it('has an option for each', async () => {
    const { json } = await server.request('GET', '/openapi.json', { user: null });
    const named = ['script', 'entry_point', 'input', 'timeout', 'gas_limit', 'memory_limit'];
    const options = Object.keys(json.components.schemas.ExecuteRequest.properties)
      .filter((name) => !named.includes(name) && name !== 'expect_user') // which is --user, sealed
      .map((name) => `--${name.replace('secret_refs', 'secret').replaceAll('_', '-')}`);
    assert.deepEqual(options.sort(), [...FIELDS].sort());
    const { stdout } = await neocompute(['exec', '--help']);
    for (const option of FIELDS) assert.ok(stdout.includes(`\n  ${option} `), option);
  });

  for (const way of ['plain', 'proved', 'sealed']) {
    it(`${way}: gives the script its secrets`, async () => {
      const both = await exec(LENGTHS, '--secret', 'ONE', '--secret=TWO', '--secret', 'ONE', ...ways[way]);
      assert.equal(both.code, 0, both.stderr);
      assert.deepEqual(JSON.parse(both.stdout), { one: 15, two: 14 });
      const none = await exec(LENGTHS, ...ways[way]);
      assert.equal(none.stdout, '{}\n');
      const missing = await exec(LENGTHS, '--secret', 'ONE', '--secret', 'THREE', ...ways[way]);
      assert.equal(missing.code, 1);
      assert.match(missing.stderr, /secret_unavailable: not_found: THREE/);
    });

    it(`${way}: shows a secret only if both sides allow it`, async () => {
      const shown = await exec(SHOW, '--secret', 'ONE', '--allow-secret-output', ...ways[way]);
      assert.equal(shown.stdout, '{"shown":"the first value"}\n', shown.stderr);
      const kept = await exec(SHOW, '--secret', 'ONE', ...ways[way]);
      assert.equal(kept.code, 1);
      assert.match(kept.stderr, /secret_leak/);
    });

    it(`${way}: labels and nonce are in the job`, async () => {
      const { stdout, stderr, code } = await exec('function main() { return 1 }', '--app-id', 'my "app"',
        '--script-name', 'é', '--nonce', 'order 7', '--json', ...ways[way]);
      assert.equal(code, 0, stderr);
      const job = JSON.parse(stdout);
      assert.deepEqual([job.app_id, job.script_name], ['my "app"', 'é']);
      const part = job.receipt.includes('~') ? job.receipt.split('~')[0] : job.receipt.split('.')[1];
      assert.equal(JSON.parse(Buffer.from(part, 'base64url')).nonce, 'order 7');
    });

    it(`${way}: only the recipient reads the result`, async () => {
      const key = path.join(folder, `key-${way}`);
      const { stdout: jwk } = await neocompute(['keygen', key]);
      for (const to of [jwk.trim(), JSON.parse(jwk).x, file('public', jwk)]) {
        const answer = await exec(LENGTHS, '--secret', 'ONE', '--encrypt-to', to, ...ways[way]);
        assert.equal(answer.code, 0, answer.stderr);
        assert.equal(JSON.parse(answer.stdout).output, undefined);
        const opened = await neocompute(['open', '--key', key, '-'], { stdin: answer.stdout });
        assert.deepEqual(JSON.parse(opened.stdout).output, { one: 15 });
      }
    });
  }

  it('refuses what cannot be meant, and does not repeat it', async () => {
    const wrong = [['--secret', 'KEY=a value of mine'], ['--secret', ''], ['--secret', 'a/b'],
      ['--encrypt-to', `${folder}/none`], ['--encrypt-to', folder], ['--encrypt-to', '{"kty":"OKP"'],
      ['--encrypt-to', '{"kty":"OKP"}'], ['--encrypt-to', '-'], ['--encrypt-to', file('empty', '')],
      ['--encrypt-to', 'A'.repeat(43)]];
    for (const options of wrong) {
      const { code, stderr } = await exec(LENGTHS, ...options);
      assert.equal(code, 2, `${options}: ${stderr}`);
      assert.match(stderr, /^neocompute: \S/);
      assert.doesNotMatch(stderr, /a value of mine/);
    }
    const { stdout: pub } = await neocompute(['keygen', path.join(folder, 'private')]);
    const { code, stderr } = await exec(LENGTHS, '--encrypt-to', path.join(folder, 'private'));
    assert.equal(code, 2, pub);
    assert.match(stderr, /--encrypt-to: this is a private key/);
    assert.equal((await exec(LENGTHS, ...[...Array(65).keys()].flatMap((i) => ['--secret', `S${i}`]))).code, 2);
  });

  it('shows no answer to another request than its own', async () => {
    const asked = { '--secret': 'ONE', '--app-id': 'mine', '--script-name': 'mine', '--encrypt-to': X };
    const changes = {
      secrets: (body) => { body.secret_refs = []; },
      'app id': (body) => { body.app_id = 'hers'; },
      'script name': (body) => { delete body.script_name; },
      recipient: (body) => { delete body.encrypt_to; },
    };
    for (const [name, change] of Object.entries(changes)) {
      const before = (request, bytes) => {
        if (request.url !== '/execute') return bytes;
        const body = JSON.parse(bytes);
        change(body);
        return Buffer.from(JSON.stringify(body).padEnd(bytes.length));
      };
      await behind(server.port, { before }, async (where) => {
        const options = Object.entries(asked).filter(([option]) => name === 'recipient' || option !== '--encrypt-to').flat();
        const { code, stdout, stderr } = await execAt(where, LENGTHS, ...options, ...proved);
        assert.equal(code, 4, `${name}: ${stderr}`);
        assert.equal(stdout, '');
        assert.match(stderr, new RegExp(`^failed +${name} `, 'm'));
      });
    }
  });
});

describe('run --allow-secret-output', () => {
  it('lets the output hold a secret, and nothing else', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'neocompute-fields-'));
    const [script, value] = ['script.js', 'value'].map((name) => path.join(folder, name));
    fs.writeFileSync(script, 'function main(i, s) { console.log(s.ONE); return { shown: s.ONE } }');
    fs.writeFileSync(value, 'the first value\n');
    const run = (...options) => neocompute(['run', script, '--secret-file', `ONE=${value}`, ...options]);
    assert.equal((await run()).code, 1);
    const { code, stdout, stderr } = await run('--allow-secret-output');
    assert.equal(code, 0, stderr);
    assert.equal(stdout, '{"shown":"the first value"}\n');
    assert.match(stderr, /\[secret ONE\]/);
    fs.rmSync(folder, { recursive: true });
  });
});
