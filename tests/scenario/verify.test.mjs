// neocompute verify on what a real service answers, and exec behind gateways that lie.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { neocompute } from '../lib/cli.mjs';
import { behind } from '../lib/gateway.mjs';
import { giveSecret } from '../lib/secrets.mjs';
import { extraArgs, masterKey, rootDir } from '../lib/settings.mjs';
import { startServer } from '../lib/server.mjs';
import { secretsKey } from '../lib/stores.mjs';
import { inParallel } from '../lib/wait.mjs';

const SCRIPT = 'function main(input) { return { sum: input.a + 1 } }';
const isolation = extraArgs.filter((arg) => arg.startsWith('--isolation'));

describe('verify', () => {
  let server;
  let folder;
  const file = (name, text) => {
    const full = path.join(folder, name);
    fs.writeFileSync(full, text);
    return full;
  };
  const verify = async (text, ...options) => {
    const { code, stdout, stderr } = await neocompute(['verify', '-', '--json', ...options], { stdin: text });
    return { code, stderr, ...(stdout ? JSON.parse(stdout) : {}) };
  };
  const offline = () => ['--bundle', path.join(folder, 'bundle'), '--identity-key',
    path.join(folder, 'identity'), '--allow-simulation'];
  const state = (result, name) => result.checks.find((check) => check.name === name)?.state;

  before(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'neocompute-verify-'));
    server = await startServer({ args: ['--user-running', '32'], env: { SECRETS_MASTER_KEY: secretsKey } });
    const bundle = await server.request('GET', '/attestation', { user: null });
    file('bundle', bundle.text);
    file('identity', JSON.stringify(bundle.json.identity_key));
    file('script.js', SCRIPT);
    file('input.json', '{"a":1}');
  });
  after(async () => {
    await server.stop();
    fs.rmSync(folder, { recursive: true });
  });

  it('takes answers of jobs that ended well or badly, receipts alone, and bundles', async () => {
    for (const script of [SCRIPT, 'function main() { throw new Error("x") }']) {
      const { text, json } = await server.execute({ script, app_id: 'é', script_name: '"n"', timeout: 2.5 });
      const whole = await verify(text, ...offline(), '--user', 'alice', '--script', file('s.js', script));
      assert.equal(whole.code, 0, JSON.stringify(whole));
      assert.equal(whole.verdict, 'verified');
      assert.equal(whole.simulation, true);
      assert.equal(whole.receipt.jti, json.job_id);
      assert.equal(state(whole, 'answer'), 'passed');
      assert.deepEqual(whole.not_covered, json.error ? ['logs', 'error'] : ['logs', 'signature']);
      assert.equal((await verify(json.receipt, ...offline(), '--job', json.job_id)).code, 0);
      const bundle = await server.request('GET', `/jobs/${json.job_id}/receipt`, { headers: { Accept: 'application/json' } });
      assert.equal((await verify(bundle.text, '--allow-simulation', '--user', 'alice')).code, 0);
    }
  });

  it('takes receipts that were signed in a batch', async () => {
    // Which jobs end in one turn of the loop is chance: rounds until some did.
    const batched = [];
    for (let round = 0; round < 20 && batched.length < 2; round += 1) {
      const answers = await inParallel(64, 64, (i) => (
        server.execute({ script: SCRIPT, input: { a: i } }, { user: `batch-${i % 32}` })));
      batched.push(...answers.filter(({ json }) => json.receipt.includes('~'))
        .map((answer) => ({ ...answer, user: `batch-${answers.indexOf(answer) % 32}` })));
    }
    assert.ok(batched.length > 1, 'no two jobs ended together');
    for (const { text, json, user } of batched.slice(0, 20)) {
      const result = await verify(text, ...offline(), '--user', user);
      assert.equal(result.code, 0, JSON.stringify(result));
      assert.equal(state(result, 'path'), 'passed');
      const other = batched.find((one) => one.json.job_id !== json.job_id).json.receipt;
      const [payload] = json.receipt.split('~');
      const forged = await verify([payload, ...other.split('~').slice(1)].join('~'), ...offline());
      assert.equal(forged.code, 1);
    }
  });

  it('sees a changed byte wherever it is', async () => {
    const { text } = await server.execute({ script: SCRIPT, input: { a: 1 } });
    const open = ['"logs":[]', `"signature":"${JSON.parse(text).signature}"`, /\d{0,3}µs|\.\d+ms/.exec(text)[0]]
      .map((part) => [text.indexOf(part), text.indexOf(part) + part.length]);
    const places = [...text].map((_, at) => at)
      .filter((at) => at % 7 === 0 && !open.some(([from, to]) => at >= from && at < to));
    let tried = 0;
    await inParallel(places.length, 4, async (i) => {
      const at = places[i];
      const other = text[at] === '0' ? '1' : '0';
      const { code } = await verify(text.slice(0, at) + other + text.slice(at + 1), ...offline(), '--user', 'alice');
      assert.notEqual(code, 0, `${other} for ${text.slice(at, at + 20)}`);
      tried += 1;
    });
    assert.ok(tried > 200);
  });

  it('runs a script again, and says when that decides nothing', async () => {
    const replay = async (body, ...options) => {
      const { text } = await server.execute(body);
      return verify(text, ...offline(), '--replay', ...isolation, ...options);
    };
    const script = ['--script', path.join(folder, 'script.js')];
    const input = ['--input', path.join(folder, 'input.json')];
    const good = await replay({ script: SCRIPT, input: { a: 1 } }, ...script, ...input);
    assert.equal(good.code, 0, JSON.stringify(good.checks));
    assert.equal(state(good, 'replay'), 'passed');
    const failed = 'function main() { for (;;) {} }';
    const limited = await replay({ script: failed, gas_limit: 100000 }, '--script', file('f.js', failed));
    assert.equal(limited.code, 0, JSON.stringify(limited.checks));
    const random = 'function main() { return { x: Math.random() } }';
    for (const [body, options, why] of [
      [{ script: random }, ['--script', file('r.js', random)], /nondeterminism/],
      [{ script: SCRIPT, input: { a: 1 } }, script, /--input/],
      [{ script: SCRIPT, input: { a: 1 } }, input, /--script/],
      [{ script: failed, timeout: 1 }, ['--script', file('f.js', failed)], /outside/],
    ]) {
      const result = await replay(body, ...options);
      assert.equal(result.code, 2, JSON.stringify(result.checks));
      assert.equal(result.verdict, 'undecided');
      assert.match(result.checks.find(({ name }) => name === 'replay').text, why);
    }
  });

  it('runs a script again with its secrets, and finds that another was used', async () => {
    const script = 'function main(input, secrets) { return { size: secrets.KEY.length } }';
    await giveSecret(server, 'KEY', 'correct horse');
    const { text } = await server.execute({ script, secret_refs: ['KEY'] });
    const options = [...offline(), ...isolation, '--script', file('k.js', script), '--replay'];
    const right = await verify(text, ...options, '--secret-file', `KEY=${file('right', 'correct horse')}`);
    assert.equal(right.code, 0, JSON.stringify(right.checks));
    const wrong = await verify(text, ...options, '--secret-file', `KEY=${file('wrong', 'another')}`);
    assert.equal(wrong.code, 1);
    assert.equal(wrong.checks.find(({ name }) => name === 'replay').refusal, 'replay');
    assert.equal((await verify(text, ...options)).code, 2);
  });

  it('names what is wrong, and asks a server only where a URL says so', async () => {
    const { text, json } = await server.execute({ script: SCRIPT, input: { a: 1 }, nonce: 'n 1' });
    const refusal = async (...options) => {
      const result = await verify(text, ...offline(), ...options);
      assert.equal(result.code, 1, JSON.stringify(result));
      return result.checks.find((check) => check.state === 'failed').refusal;
    };
    assert.equal(await refusal('--nonce', 'n 2'), 'nonce');
    assert.equal(await refusal('--user', 'bob'), 'user');
    assert.equal(await refusal('--entry', 'go'), 'entry_point');
    assert.equal(await refusal('--script', file('other.js', `${SCRIPT} `)), 'script');
    assert.equal(await refusal('--claims-sha256', '0'.repeat(64)), 'claims');
    assert.equal((await verify(json.receipt)).code, 2);
    assert.equal((await verify('')).code, 1);
    const at = `http://127.0.0.1:${server.port}`;
    const { claims_sha256: digest } = JSON.parse(fs.readFileSync(path.join(folder, 'bundle'), 'utf8'));
    assert.equal((await verify(text, '--bundle', `${at}/attestation/${digest}`, '--allow-simulation')).code, 0);
    assert.equal((await verify(text, '--jwks', `${at}/.well-known/jwks.json`, '--allow-simulation')).code, 0);
    assert.equal((await verify(text, '--bundle', 'http://127.0.0.1:1/', '--allow-simulation')).code, 2);
    for (const args of [[], ['nofile'], ['-', '--max-age', 'soon'], ['-', '--claims-sha256', 'x']]) {
      assert.equal((await neocompute(['verify', ...args], { stdin: text })).code, 2, args.join(' '));
    }
  });

  const FILES = ['receipt', '--script', '--input', '--output', '--bundle', '--jwks', '--identity-key'];
  const naming = (option, name, text) => (option === 'receipt' ? neocompute(['verify', name, ...offline()])
    : neocompute(['verify', '-', ...offline(), option, name], { stdin: text }));

  it('reads no more of a file than it may have, and no folder', async () => {
    const { text } = await server.execute({ script: SCRIPT, input: { a: 1 } });
    const sparse = file('sparse', '');
    fs.truncateSync(sparse, 2 ** 31);
    const odd = { [folder]: /: Is a directory\n$/, '/dev/zero': /zero: is larger than \d+ bytes\n$/,
      [sparse]: /sparse: is larger than \d+ bytes\n$/ };
    for (const option of FILES) {
      for (const [name, said] of Object.entries(odd)) {
        const { code, stderr } = await naming(option, name, text);
        assert.equal(code, 2, `${option} ${name}`);
        assert.match(stderr, said, option);
      }
    }
  });

  it('reads a FIFO to its end, as cat does', async () => {
    const { text } = await server.execute({ script: SCRIPT, input: { a: 1 } });
    const fifo = path.join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const jwks = await server.request('GET', '/.well-known/jwks.json', { user: null });
    const contents = { receipt: text, '--script': SCRIPT, '--input': '{"a":1}', '--output': '{"sum":2}',
      '--bundle': fs.readFileSync(path.join(folder, 'bundle')), '--jwks': jwks.text,
      '--identity-key': fs.readFileSync(path.join(folder, 'identity')) };
    for (const option of FILES) {
      const writer = spawn('sh', ['-c', 'sleep 0.1; cat >"$0"', fifo], { stdio: ['pipe', 'ignore', 'inherit'] });
      writer.stdin.end(contents[option]);
      const { code, stdout, stderr } = await naming(option, fifo, text);
      assert.equal(code, 0, `${option}: ${stdout}${stderr}`);
    }
    // One who writes without an end.
    const endless = spawn('sh', ['-c', 'exec cat /dev/zero >"$0"', fifo], { stdio: 'ignore' });
    const { code, stderr } = await naming('receipt', fifo);
    assert.equal(code, 2);
    assert.match(stderr, /fifo: is larger than/);
    endless.kill();
  });

  it('verifies after a restart what was signed before it', async () => {
    const dataDir = fs.mkdtempSync(path.join(folder, 'data-'));
    fs.chmodSync(folder, 0o755);
    fs.chmodSync(dataDir, 0o777);
    const first = await startServer({ dataDir });
    const { text } = await first.execute({ script: SCRIPT, input: { a: 1 } });
    await first.stop();
    const second = await startServer({ dataDir });
    const { receipt } = await verify(text, '--allow-simulation', '--jwks', path.join(folder, 'bundle'));
    const url = `http://127.0.0.1:${second.port}/attestation/${receipt.claims_sha256}`;
    const now = `http://127.0.0.1:${second.port}/attestation`;
    assert.equal((await verify(text, '--bundle', url, '--allow-simulation')).code, 0);
    assert.equal((await verify(text, '--bundle', now, '--allow-simulation')).code, 1);
    await second.stop();
  });

  /** An answer with another output, and around it all that the bundle of a receipt has. */
  const dressed = (answer, bundle) => {
    const job = JSON.parse(answer);
    const keys = [JSON.parse(bundle.claims).result_key, bundle.identity_key];
    return JSON.stringify({ ...job, output: { sum: 3 }, bundle, keys, salt: job.receipt_salt });
  };

  it('judges an answer as one, whatever stands beside it', async () => {
    const { text } = await server.execute({ script: SCRIPT, input: { a: 1 } });
    const bundle = JSON.parse(fs.readFileSync(path.join(folder, 'bundle'), 'utf8'));
    const forged = dressed(text, bundle);
    const { receipt, job_id, keys, salt, ...rest } = JSON.parse(forged);
    const bare = { bundle, job_id, keys, receipt, salt };
    for (const name of ['output', 'output_hash', 'status', 'gas_used', 'limits', 'started_at']) {
      const result = await verify(JSON.stringify({ ...bare, [name]: rest[name] }), ...offline());
      assert.equal(result.code, 1, `${name}: ${JSON.stringify(result)}`);
      assert.equal(state(result, 'answer'), 'failed');
    }
    const whole = await verify(forged, ...offline(), '--user', 'alice');
    assert.equal(whole.code, 1, JSON.stringify(whole));
    const same = await verify(JSON.stringify({ ...JSON.parse(text), bundle, keys, salt }), ...offline());
    assert.equal(same.code, 0, JSON.stringify(same));
    assert.deepEqual(same.not_covered.filter((name) => Object.hasOwn(bare, name)), ['bundle', 'keys', 'salt']);
    assert.equal((await verify(JSON.stringify(bare), ...offline())).code, 0);
  });

  it('prints no line that the answer wrote', async () => {
    const { json } = await server.execute({ script: SCRIPT, input: { a: 1 } });
    const lines = { ...json, 'x\nverified\npassed     answer': 1, '\u001b[2J\u009b\u007f\u202e': 2, '': 3, 'a b, "c"': 4 };
    const { stdout } = await neocompute(['verify', '-', ...offline()], { stdin: JSON.stringify(lines) });
    assert.match(stdout, /^not covered: logs, signature, receipt_salt \(--user ID covers it\), "x\\x0averified\\x0apassed {5}answer", "\\x1b\[2J[\\xa-f0-9]*", "", "a b, \\"c\\""$/m);
    assert.equal(stdout.match(/^verified$/mg).length, 1);
    assert.equal(stdout.match(/^passed +answer/mg).length, 1);
    assert.ok(!/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/.test(stdout));
  });

  it('makes keys for encrypt_to, and opens what was sealed to one', async () => {
    const name = path.join(folder, 'recipient');
    const made = await neocompute(['keygen', name]);
    assert.equal(made.code, 0, made.stderr);
    assert.equal(fs.statSync(name).mode & 0o777, 0o600);
    const { d, ...rest } = JSON.parse(fs.readFileSync(name, 'utf8'));
    assert.deepEqual(JSON.parse(made.stdout), rest);
    assert.equal((await neocompute(['keygen', name])).code, 2, 'a key was overwritten');
    // What @hpke/core sealed opens with its key, and with no other.
    const { encrypted_output: vector } = JSON.parse(fs.readFileSync(
      path.join(rootDir, 'tests', 'vectors', 'sealed.json'), 'utf8'));
    const { private: secret, encrypt_to: jwk, job_id, encrypted_output, plaintext } = vector;
    const key = file('vector', JSON.stringify({ ...jwk, d: Buffer.from(secret, 'hex').toString('base64url') }));
    const answer = JSON.stringify({ job_id, encrypted_output });
    const opened = await neocompute(['open', '--key', key, '-'], { stdin: answer });
    assert.equal(opened.stdout, `${plaintext}\n`);
    for (const args of [['--key', name], ['--key', path.join(folder, 'identity')], []]) {
      const refused = await neocompute(['open', ...args, '-'], { stdin: answer });
      assert.equal(refused.code, 2);
      assert.equal(refused.stdout, '');
    }
  });

  it('exec shows no answer that is not proved', async () => {
    const other = await startServer({ env: { COMPUTE_MASTER_KEY: masterKey.split('').reverse().join('') } });
    const foreign = (await other.request('GET', '/attestation', { user: null })).text;
    await other.stop();
    const run = (url, ...options) => neocompute(['exec', path.join(folder, 'script.js'), '--server', url,
      '--user', 'alice', '--input', '{"a":1}', '--identity-key', path.join(folder, 'identity'), ...options]);
    const bundle = JSON.parse(fs.readFileSync(path.join(folder, 'bundle'), 'utf8'));
    const only = (body, names) => JSON.stringify(JSON.parse(body), names.concat(Object.keys(bundle),
      ['crv', 'kid', 'kty', 'use', 'x', 'alg', 'type']));
    const text = (change) => (url, answer) => { answer.body = Buffer.from(change(answer.body.toString(), url)); };
    const cases = [
      [text((body) => body), 0, /SIMULATION/],
      [text((body) => body.replace('"sum":2', '"sum":3')), 4, /output/],
      [text((body) => body.replace(/"receipt":"[^"]*"/, '"receipt":""')), 4, /form/],
      [text((body, url) => (url === '/execute' ? dressed(body, bundle) : body)), 4, /output/],
      [text((body, url) => (url === '/execute' ? only(body, ['receipt']) : body)), 4, /answer/],
      [text((body, url) => (url === '/execute' ? JSON.parse(body).receipt : body)), 4, /no job/],
      [text((body, url) => (url === '/execute'
        ? only(dressed(body, bundle), ['receipt', 'bundle', 'keys', 'salt', 'job_id']) : body)), 4, /no job/],
      [text((body, url) => (url === '/execute'
        ? only(dressed(body, bundle), ['status', 'receipt', 'bundle', 'keys', 'salt', 'job_id']) : body)), 4, /answer/],
      [text((body, url) => (url === '/attestation' ? foreign : body)), 4, /identity/],
      [text((body, url) => (url === '/attestation' ? '{}' : body)), 4, /claims/],
    ];
    for (const [change, code, why] of cases) {
      await behind(server.port, { after: change }, async (url) => {
        const result = await run(url, '--allow-simulation');
        assert.equal(result.code, code, result.stderr);
        assert.match(result.stderr, why);
        assert.equal(result.stdout, code === 0 ? '{"sum":2}\n' : '');
      });
    }
    const refused = await run(`http://127.0.0.1:${server.port}`);
    assert.equal(refused.code, 4);
    assert.match(refused.stderr, /simulation/);
  });
});
