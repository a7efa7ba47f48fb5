// The contract of examples/neo, compiled here, on a real node: what it takes, and what it refuses.
// What it has to refuse is signed with the very keys that sign what it takes. Attacks are tried as
// calls that cost nothing and change nothing; they run the same code as a transaction.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../lib/server.mjs';
import { rootDir } from '../lib/settings.mjs';
import { until } from '../lib/wait.mjs';
import { CRYPTO_LIB, startChain } from './chain.mjs';
import { compile, exampleDir, whyNot } from './packages.mjs';
import { jwkOf, randomSigner, serviceIdentity, signerOfSeed } from './signer.mjs';

const RECEIPT = 'neocompute-receipt+jwt';
const KEY = 'neocompute-key+jwt';
const example = (name) => fs.readFileSync(path.join(rootDir, 'examples', name), 'utf8');
const SOURCE = example('portfolio.js');
const SCRIPT = createHash('sha256').update(SOURCE).digest('hex');
const HOUR = 3600;

/** What a receipt states, as the service writes it. */
const CLAIMS = {
  app_id: 'example',
  claims_sha256: 'c1'.repeat(32),
  duration_us: 1653,
  engine_digest: 'e0'.repeat(32),
  entry_point: 'main',
  gas_limit: 20000000000,
  gas_used: 27057,
  iat: 1795717860,
  input_sha256: '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
  isolation: { kind: 'process', level: 'full' },
  iss: 'neocompute',
  jti: '01a21920-0e1a-750c-8dfb-3b3aa0524867',
  memory_limit: 67108864,
  memory_used: 1900544,
  nonce: '0123456789abcdef',
  nondeterminism: [],
  output_sha256: '015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862',
  script_name: 'portfolio',
  script_sha256: SCRIPT,
  secrets: [],
  started_ms: 1795717860890,
  status: 'completed',
  sub: '44bacda20f4d94b503df2d61f3eb7ed9332777933634c82dfd99b5e4be0946e2',
  timeout_ms: 30000,
  version: 1,
};

// Every encoding of the points of order 1, 2, 4 and 8, but for the sign in the last bit.
const LOW_ORDER = ['00'.repeat(32), `01${'00'.repeat(31)}`, `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`, `ee${'ff'.repeat(30)}7f`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'].flatMap((hex) => {
  const other = Buffer.from(hex, 'hex');
  other[31] |= 0x80;
  return [Buffer.from(hex, 'hex'), other];
});

/** The arguments of a method: signing input and signature. */
function parts(jws) {
  const dot = jws.lastIndexOf('.');
  return [jws.slice(0, dot), Buffer.from(jws.slice(dot + 1), 'base64url')];
}

const payloadOf = (jws) => JSON.parse(Buffer.from(jws.split('.')[1], 'base64url'));

describe('the Neo contract', { skip: whyNot() }, () => {
  const identity = serviceIdentity();
  // A result key of ours, which the identity introduces; always the same, as costs depend on it.
  const enclave = signerOfSeed(Buffer.alloc(32, 11));
  let dir;
  let files;
  let chain;
  let contract;
  let jobs = 0;

  const statementOf = async (jwk, changes = {}, header = {}) => {
    const now = await chain.time();
    return identity.sign(KEY, {
      claims_sha256: 'c0'.repeat(32), exp: now + HOUR, iat: now, iss: 'neocompute', key: jwk, ...changes,
    }, header);
  };
  const receiptOf = (changes = {}, header = {}) =>
    enclave.sign(RECEIPT, { ...CLAIMS, jti: `test-${++jobs}`, ...changes }, header);
  const refused = async (method, [input, signature], reason) => {
    const answer = await chain.dry(contract, method, [input, signature]);
    assert.equal(answer.state, 'FAULT', input);
    assert.match(answer.reason, reason);
  };
  const refusesReceipt = (jws, reason) => refused('submitReceipt', parts(jws), reason);
  const refusesStatement = (jws, reason) => refused('registerKey', parts(jws), reason);
  const refusesDeployment = async (data, reason) => {
    const done = await chain.deploy(files, data);
    assert.equal(done.state, 'FAULT');
    assert.match(done.reason, reason);
  };
  const takesReceipt = async (jws) => {
    const answer = await chain.dry(contract, 'submitReceipt', parts(jws));
    assert.equal(answer.state, 'HALT', answer.reason);
    assert.equal(answer.value, payloadOf(jws).output_sha256);
  };
  const costs = {};
  const note = (test, name, { system, network }) => {
    costs[name] = { system, network };
    test.diagnostic(`${name}: ${system} GAS to run, ${network} GAS to be in a block`);
  };

  before(async () => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), 'neocompute-contract-'));
    files = compile(dir);
    chain = await startChain();
  });
  after(async () => {
    await chain?.stop();
    fs.rmSync(dir, { recursive: true, force: true });
  });

  it('cannot be deployed with a key of low order, or half of what it pins', async () => {
    const key = Buffer.from(identity.jwk.x, 'base64url');
    await refusesDeployment([LOW_ORDER[2], SCRIPT], /of low order/);
    await refusesDeployment([key.subarray(1), SCRIPT], /not 32 bytes/);
    await refusesDeployment([key, SCRIPT.slice(1)], /not 64 hex digits/);
  });

  it('is deployed with an identity and a script', async (test) => {
    const done = await chain.deploy(files, [Buffer.from(identity.jwk.x, 'base64url'), SCRIPT]);
    assert.equal(done.state, 'HALT', done.reason);
    contract = done.hash;
    note(test, 'deploy', done.fees);
    assert.equal((await chain.dry(contract, 'scriptSha256')).value, SCRIPT);
  });

  it('takes no receipt of a key that it does not know', () =>
    refusesReceipt(receiptOf(), /the key was not registered/));

  const once = enclave.sign(RECEIPT, CLAIMS);

  it('takes the key that the identity signed, then a receipt', async (test) => {
    const statement = await statementOf(enclave.jwk);
    const key = await chain.send(contract, 'registerKey', parts(statement));
    assert.equal(key.state, 'HALT', key.reason);
    const { exp } = payloadOf(statement);
    assert.deepEqual(key.events, [['KeyRegistered', enclave.jwk.kid, String(exp)]]);
    note(test, 'registerKey', key.fees);

    const { jti, input_sha256: input, output_sha256: output } = CLAIMS;
    assert.equal((await chain.dry(contract, 'outputOf', [jti])).value, '');
    const job = await chain.send(contract, 'submitReceipt', parts(once));
    assert.equal(job.state, 'HALT', job.reason);
    assert.deepEqual(job.events, [['ReceiptAccepted', jti, input, output]]);
    note(test, 'submitReceipt', job.fees);
    assert.equal((await chain.dry(contract, 'outputOf', [jti])).value, output);
  });

  it('takes a job once', async () => {
    await refusesReceipt(once, /the job id was used before/);
    await refusesReceipt(receiptOf({ jti: CLAIMS.jti }), /the job id was used before/);
    const again = await chain.send(contract, 'submitReceipt', parts(once));
    assert.equal(again.state, 'FAULT');
    assert.match(again.reason, /the job id was used before/);
    assert.deepEqual(again.events, []);
  });

  it('takes receipts in either name of the algorithm, of any text, of any length', async () => {
    await takesReceipt(receiptOf());
    await takesReceipt(receiptOf({}, { alg: 'EdDSA' }));
    for (const app of ['>>>???~~~', 'ÿÿÿ', '€'.repeat(128), '🔑'.repeat(64)]) {
      await takesReceipt(receiptOf({ app_id: app, script_name: `x${app}` }));
    }
    for (let size = 0; size < 4; size++) await takesReceipt(receiptOf({ nonce: 'n'.repeat(size) }));
    await takesReceipt(receiptOf({ more: { of: ['any', null, true, 1] } }));
  });

  describe('refuses receipts', () => {
    it('with a byte changed anywhere', async () => {
      const [input, signature] = parts(receiptOf());
      const dot = input.indexOf('.');
      await takesReceipt(`${input}.${signature.toString('base64url')}`);
      for (let at = dot + 1; at < input.length; at += 41) {
        const changed = input.slice(0, at) + (input[at] === 'A' ? 'B' : 'A') + input.slice(at + 1);
        await refused('submitReceipt', [changed, signature], /the signature is not of this key/);
      }
      for (const at of [0, 31, 32, 63]) {
        const changed = Buffer.from(signature);
        changed[at] ^= 1;
        await refused('submitReceipt', [input, changed], /the signature is not of this key/);
      }
    });

    it('with a signature of another size', async () => {
      const [input, signature] = parts(receiptOf());
      for (const size of [0, 32, 63]) {
        await refused('submitReceipt', [input, signature.subarray(0, size)], /not 64 bytes/);
      }
      const longer = Buffer.concat([signature, Buffer.alloc(1)]);
      await refused('submitReceipt', [input, longer], /not 64 bytes/);
    });

    for (const alg of ['none', 'HS256', 'ES256', 'ed25519', '', 7, undefined]) {
      it(`whose algorithm is ${JSON.stringify(alg) ?? 'missing'}`, () =>
        refusesReceipt(receiptOf({}, { alg }), /the algorithm is not Ed25519/));
    }

    for (const typ of [KEY, 'neocompute-batch+jwt', 'neocompute-freshness+jwt', 'JWT', `${RECEIPT}x`, undefined]) {
      it(`of the type ${typ}`, () => refusesReceipt(receiptOf({}, { typ }), /the type is another one/));
    }

    it('that are a key statement', async () =>
      refusesReceipt(await statementOf(enclave.jwk), /the type is another one/));

    it('whose header asks for what the contract does not know', async () => {
      await refusesReceipt(receiptOf({}, { crit: ['exp'], exp: 1 }), /what is not known here/);
      await refusesReceipt(receiptOf({}, { b64: false }), /what is not known here/);
    });

    it('of a key that nobody introduced, under any key id', async () => {
      const stranger = randomSigner();
      const payload = payloadOf(receiptOf());
      await refusesReceipt(stranger.sign(RECEIPT, payload), /the key was not registered/);
      await refusesReceipt(identity.sign(RECEIPT, payload), /the key was not registered/);
      await refusesReceipt(stranger.sign(RECEIPT, payload, { kid: enclave.jwk.kid }),
        /the signature is not of this key/);
      await refusesReceipt(receiptOf({}, { kid: undefined }), /the key id is empty/);
      await refusesReceipt(receiptOf({}, { kid: 'k'.repeat(61) }), /the key id is empty or too long/);
    });

    for (const [what, changes, reason] of [
      ['of another script', { script_sha256: 'ab'.repeat(32) }, /the script is another one/],
      ['of no script', { script_sha256: undefined }, /the script is another one/],
      ['of another function of the script', { entry_point: 'helper' }, /the entry point is another one/],
      ['of a failed job', { status: 'failed', error_code: 'script_error' }, /the job did not complete/],
      ['without an output hash', { output_sha256: undefined }, /no output hash/],
      ['of a sealed job', { output_sha256: undefined, output_hmac: 'ab'.repeat(32) }, /no output hash/],
      ['of another issuer', { iss: 'somebody' }, /the issuer is another one/],
      ['of another version', { version: 2 }, /another version/],
      ['whose version is text', { version: '1' }, /another version/],
      ['without a job id', { jti: undefined }, /the job id is empty or too long/],
      ['whose job id is a number', { jti: 7 }, /the job id is empty or too long/],
      ['whose job id is too long', { jti: 'j'.repeat(61) }, /the job id is empty or too long/],
    ]) {
      it(what, () => refusesReceipt(receiptOf(changes), reason));
    }

    it('that are no JWS', async () => {
      const [input, signature] = parts(receiptOf());
      for (const text of ['', '.', 'x', input.replace('.', ''), `.${input.split('.')[1]}`,
        `${'A'.repeat(400)}.A`]) {
        await refused('submitReceipt', [text, signature], /there is no header/);
      }
      for (const text of ['*.A', 'AAAA.A', 'A.A', `${Buffer.from('[]').toString('base64url')}.A`]) {
        await refused('submitReceipt', [text, signature], /./);
      }
    });
  });

  describe('refuses key statements', () => {
    it('of another identity, even under its key id', async () => {
      const stranger = randomSigner();
      const payload = payloadOf(await statementOf(stranger.jwk));
      for (const jws of [stranger.sign(KEY, payload), stranger.sign(KEY, payload, { kid: identity.jwk.kid }),
        enclave.sign(KEY, payload)]) {
        await refusesStatement(jws, /the signature is not of this key/);
      }
    });

    it('with a byte changed', async () => {
      const [input, signature] = parts(await statementOf(enclave.jwk));
      const at = input.indexOf('.') + 40;
      const changed = input.slice(0, at) + (input[at] === 'A' ? 'B' : 'A') + input.slice(at + 1);
      await refused('registerKey', [changed, signature], /the signature is not of this key/);
      await refused('registerKey', [input, signature.subarray(1)], /not 64 bytes/);
    });

    it('that are a receipt', async () => {
      await refusesStatement(receiptOf(), /the type is another one/);
      const payload = payloadOf(await statementOf(enclave.jwk));
      await refusesStatement(identity.sign(RECEIPT, payload), /the type is another one/);
    });

    it('whose algorithm is another one', async () => {
      for (const alg of ['none', 'HS256']) {
        await refusesStatement(await statementOf(enclave.jwk, {}, { alg }), /the algorithm is not Ed25519/);
      }
    });

    it('that have expired, or are not valid yet', async () => {
      const now = await chain.time();
      await refusesStatement(await statementOf(enclave.jwk, { iat: now - HOUR, exp: now - 1 }), /the statement has expired/);
      await refusesStatement(await statementOf(enclave.jwk, { exp: undefined }), /the statement has expired/);
      await refusesStatement(await statementOf(enclave.jwk, { exp: String(now + HOUR) }), /the statement has expired/);
      await refusesStatement(await statementOf(enclave.jwk, { iat: now + 120 }), /not valid yet/);
      await refusesStatement(await statementOf(enclave.jwk, { iat: undefined }), /not valid yet/);
    });

    for (const [what, key, reason] of [
      ['without a key', () => undefined, /the statement has no key/],
      ['whose key is text', () => randomSigner().jwk.x, /./],
      ['with another kind of key', () => ({ ...randomSigner().jwk, kty: 'EC' }), /the key is not Ed25519/],
      ['with a key of another curve', () => ({ ...randomSigner().jwk, crv: 'X25519' }), /the key is not Ed25519/],
      ['with half a key', () => jwkOf(Buffer.alloc(16, 1).toString('base64url')), /not 32 bytes/],
      ['without a key id', () => ({ ...randomSigner().jwk, kid: undefined }), /the key id is empty/],
    ]) {
      it(what, async () => refusesStatement(await statementOf(key(), {}), reason));
    }

    it('of another issuer', async () =>
      refusesStatement(await statementOf(randomSigner().jwk, { iss: 'somebody' }), /the issuer is another one/));
  });

  describe('of a running service', () => {
    let server;
    let statement;
    before(async () => {
      server = await startServer();
      const { json } = await server.request('GET', '/attestation', { user: null });
      assert.deepEqual(json.identity_key, identity.jwk);
      statement = json.statement;
    });
    after(() => server?.stop());

    /** The answer to a job of the pinned script, and its receipt in either form. */
    const run = async (input) => {
      const { json } = await server.execute({ script: SOURCE, input });
      const { text } = await server.request('GET', `/jobs/${json.job_id}/receipt?form=single`);
      return { job: json, receipt: text };
    };

    it('takes the key, and then a result, once', async () => {
      const key = await chain.send(contract, 'registerKey', parts(statement));
      assert.equal(key.state, 'HALT', key.reason);
      const { job, receipt } = await run(JSON.parse(example('portfolio.json')));
      const done = await chain.send(contract, 'submitReceipt', parts(receipt));
      assert.equal(done.state, 'HALT', done.reason);
      assert.equal((await chain.dry(contract, 'outputOf', [job.job_id])).value, job.output_hash);
      await refusesReceipt(receipt, /the job id was used before/);
    });

    it('does not take a failure', async () => {
      const { job, receipt } = await run(null);
      assert.equal(job.status, 'failed');
      await refusesReceipt(receipt, /the job did not complete/);
    });
  });

  it('takes receipts only until the key expires', async () => {
    const boot = randomSigner();
    const end = await chain.time() + 6;
    const key = await chain.send(contract, 'registerKey', parts(await statementOf(boot.jwk, { exp: end })));
    assert.equal(key.state, 'HALT', key.reason);
    const receipt = boot.sign(RECEIPT, { ...CLAIMS, jti: 'test-late' });
    await takesReceipt(receipt);
    await until(async () => await chain.time() >= end, 'the end of the key', 10000);
    await refusesReceipt(receipt, /the key has expired/);
  });

  describe('refuses public keys of low order', () => {
    // With the neutral element as key, R = S*B holds for every message: here R is it too and S = 0.
    const forged = Buffer.alloc(64);
    forged[0] = 1;

    it('under which CryptoLib takes a forged signature', async () => {
      const { state, value } = await chain.dry(CRYPTO_LIB, 'verifyWithEd25519',
        [Buffer.from('any message'), LOW_ORDER[2], forged]);
      assert.deepEqual({ state, value }, { state: 'HALT', value: true });
    });

    it('as a result key', async () => {
      for (const point of LOW_ORDER) {
        const statement = await statementOf(jwkOf(point.toString('base64url')));
        await refusesStatement(statement, /of low order/);
      }
    });
  });

  it('costs what its README says', () => {
    const readme = fs.readFileSync(path.join(exampleDir, 'README.md'), 'utf8');
    for (const [name, { system, network }] of Object.entries(costs)) {
      const row = new RegExp(`^\\| \`?${name}\`? +\\| ([\\d.]+) +\\| ([\\d.]+) +\\|`, 'm').exec(readme);
      assert.ok(row, `no row for ${name}`);
      assert.ok(Math.abs(Number(row[1]) - system) < 0.01, `${name}: ${row[1]}, but ${system}`);
      assert.ok(Math.abs(Number(row[2]) - network) < 0.01, `${name}: ${row[2]}, but ${network}`);
    }
  });
});
