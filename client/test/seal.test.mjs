// Sealed messages of the vectors, in both directions.

import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { CipherSuite, DhkemP256HkdfSha256, DhkemX25519HkdfSha256, Aes256Gcm, HkdfSha256 } from '@hpke/core';
import { chooseKey, openEncryptedOutput, Sealer, sealedAgain, Sender } from '../dist/seal.js';
import { keys, refused, sealed, unhex } from './lib/vectors.mjs';

const KEMS = { 0x0020: DhkemX25519HkdfSha256, 0x0010: DhkemP256HkdfSha256 };

/** A key pair from its serialised private key. */
async function pairOf(id, text) {
  const { kem } = new CipherSuite({ kem: new KEMS[id](), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
  const privateKey = await kem.deserializePrivateKey(unhex(text));
  const jwk = await crypto.subtle.exportKey('jwk', privateKey);
  delete jwk.d;
  jwk.key_ops = [];
  const algorithm = id === 0x0010 ? { name: 'ECDH', namedCurve: 'P-256' } : { name: 'X25519' };
  return { privateKey, publicKey: await crypto.subtle.importKey('jwk', jwk, algorithm, true, []) };
}

const configurationOf = (kem) => unhex(keys.hpke.find((key) => key.kem === kem).configuration);

async function seal({ kem, route, plaintext, ephemeral, sequence = 0 }) {
  const key = await chooseKey([configurationOf(kem)]);
  const sender = await Sender.create(key, { ephemeral: await pairOf(kem, ephemeral) });
  for (let n = 0; n < sequence; n++) sender.seal('', ''); // it counts
  return sender.seal(route, plaintext);
}

const HEAD = 22;
const encOf = ({ body }) => Buffer.from(body.subarray(HEAD, HEAD + 32)).toString('hex');
const sequenceOf = ({ body }) => Buffer.from(body).readUInt32BE(HEAD + 32);

describe('sealed requests and their answers', () => {
  for (const exchange of sealed.exchanges) {
    it(exchange.name, async () => {
      const request = await seal(exchange);
      assert.equal(Buffer.from(request.body).toString('hex'), exchange.request);
      for (const { response, plaintext, job_id } of exchange.responses) {
        const answer = await request.open(unhex(response));
        const expected = JSON.parse(plaintext);
        assert.equal(answer.jobId, job_id);
        assert.equal(answer.status, expected.status);
        assert.equal(answer.contentType, expected.content_type);
        assert.deepEqual(JSON.parse(answer.body), expected.body);
      }
    });
  }

  it('a request has its own secret, which opens no answer to another', async () => {
    const [first, , second] = sealed.exchanges;
    assert.equal(first.enc, second.enc);
    const [one, two] = await Promise.all([seal(first), seal(second)]);
    assert.notDeepEqual(one.secret, two.secret);
    const error = { name: 'SealError', code: 'answer' };
    await assert.rejects(one.open(unhex(second.responses[0].response)), error);
    await assert.rejects(two.open(unhex(first.responses[0].response)), error);
    // With the body of the one and the secret of the other: what is kept of a call opens that call.
    await assert.rejects(sealedAgain(one.body, two.secret).open(unhex(first.responses[0].response)), error);
    await sealedAgain(one.body, one.secret).open(unhex(first.responses[0].response));
  });
});

describe('one encapsulation for many calls', () => {
  const keyOf = (kem) => chooseKey([configurationOf(kem)]);
  const newSealer = () => new Sealer({ reuse: true });

  it('gives each a number of its own, however many are asked for at once', async () => {
    const key = await keyOf(0x0020);
    const sealer = newSealer();
    const requests = await Promise.all(Array.from({ length: 300 }, (_, i) => (
      sealer.seal(key, 'POST /execute', 'x'.repeat(i % 2 ? 1 : 20_000)))));
    assert.equal(new Set(requests.map(encOf)).size, 1);
    assert.deepEqual(requests.map(sequenceOf), requests.map((_, i) => i));
    assert.equal(new Set(requests.map(({ secret }) => Buffer.from(secret).toString('hex'))).size, 300);
  });

  it('ends after 1000 calls', async () => {
    const key = await keyOf(0x0020);
    const sealer = newSealer();
    const requests = await Promise.all(Array.from({ length: 2001 }, () => sealer.seal(key, 'POST /execute', '{}')));
    const senders = [...new Set(requests.map(encOf))].map((enc) => requests.filter((one) => encOf(one) === enc));
    assert.deepEqual(senders.map((list) => list.length), [1000, 1000, 1]);
    for (const list of senders) assert.deepEqual(list.map(sequenceOf), list.map((_, i) => i));
  });

  it('ends after five minutes, and when the clock goes back', async () => {
    mock.timers.enable({ apis: ['Date'], now: 1_000_000_000 });
    try {
      const key = await keyOf(0x0020);
      const sealer = newSealer();
      const next = async () => encOf(await sealer.seal(key, 'POST /execute', '{}'));
      const first = await next();
      mock.timers.setTime(1_000_000_000 + 299_999);
      assert.equal(await next(), first);
      mock.timers.setTime(1_000_000_000 + 300_000);
      const second = await next();
      assert.notEqual(second, first);
      mock.timers.setTime(1_000_000_000);
      assert.notEqual(await next(), second);
    } finally {
      mock.timers.reset();
    }
  });

  it('ends with its key, and when it is said to', async () => {
    const [x25519, p256] = [await keyOf(0x0020), await keyOf(0x0010)];
    const sealer = newSealer();
    const one = await sealer.seal(x25519, 'POST /execute', '{}');
    const other = await sealer.seal(p256, 'POST /execute', '{}');
    assert.deepEqual(other.body.slice(0, 16), p256.id);
    const again = await sealer.seal(x25519, 'POST /execute', '{}');
    assert.notEqual(encOf(again), encOf(one));
    assert.equal(encOf(await sealer.seal(x25519, 'PUT /secrets/A', '{}')), encOf(again));
    sealer.forget();
    assert.notEqual(encOf(await sealer.seal(x25519, 'POST /execute', '{}')), encOf(again));
  });

  it('is no more where it failed', async () => {
    const key = await keyOf(0x0020);
    const sealer = newSealer();
    const first = await sealer.seal(key, 'POST /execute', '{}');
    const failing = mock.method(crypto.subtle, 'encrypt', () => Promise.reject(new Error('no memory')));
    const both = await Promise.allSettled([1, 2].map(() => sealer.seal(key, 'POST /execute', '{}')));
    failing.mock.restore();
    assert.deepEqual(both.map(({ status }) => status), ['rejected', 'rejected']);
    const next = await sealer.seal(key, 'POST /execute', '{}');
    assert.notEqual(encOf(next), encOf(first));
    assert.equal(sequenceOf(next), 0);
  });

  it('is not shared: by another client, or where nobody wants it', async () => {
    const key = await keyOf(0x0020);
    const apart = new Sealer({ reuse: false });
    const requests = await Promise.all([newSealer(), newSealer(), apart, apart].map((sealer) => (
      sealer.seal(key, 'POST /execute', '{}'))));
    assert.equal(new Set(requests.map(encOf)).size, 4);
    assert.deepEqual(requests.map(sequenceOf), [0, 0, 0, 0]);
  });
});

describe('answers that do not open', () => {
  const { private: _, ephemeral, plaintext, good } = refused.responses;
  const request = () => seal({ kem: 0x0020, route: 'POST /execute', plaintext, ephemeral });

  it('the good one does', async () => {
    assert.equal((await (await request()).open(unhex(good))).jobId, refused.responses.job_id);
  });
  for (const { name, response } of refused.responses.refused) {
    it(name, async () => {
      const error = { name: 'SealError', code: 'answer' };
      await assert.rejects((await request()).open(unhex(response)), error);
    });
  }
});

describe('the key to seal to', () => {
  it('is X25519 first, whatever the order', async () => {
    const both = [configurationOf(0x0010), configurationOf(0x0020)];
    assert.equal((await chooseKey(both)).kem, 0x0020);
    assert.equal((await chooseKey(both.slice(0, 1))).kem, 0x0010);
  });

  it('is none where no suite is known', async () => {
    const good = configurationOf(0x0020);
    const changed = (at, value) => Object.assign(good.slice(), { [at]: value });
    for (const list of [[], [new Uint8Array()], [good.slice(0, -1)], [changed(2, 0x21)],
      [changed(good.length - 1, 3)]]) {
      await assert.rejects(chooseKey(list), { name: 'SealError', code: 'no_key' });
    }
  });
});

describe('an encrypted output', () => {
  const vector = sealed.encrypted_output;
  const open = async (text, jobId = vector.job_id) => openEncryptedOutput(text, jobId,
    (await pairOf(0x0020, vector.private)).privateKey);

  it('opens', async () => {
    assert.equal(await open(vector.encrypted_output), vector.plaintext);
  });
  it('opens for no other job, and not changed', async () => {
    const error = { name: 'SealError', code: 'answer' };
    await assert.rejects(open(vector.encrypted_output, vector.job_id.replace('0', '1')), error);
    await assert.rejects(open(vector.encrypted_output.replace(/^./, '_')), error);
    await assert.rejects(open(vector.encrypted_output.slice(4)), error);
    await assert.rejects(open(''), error);
  });
});
