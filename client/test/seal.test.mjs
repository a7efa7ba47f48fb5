// Sealed messages of the vectors, in both directions.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CipherSuite, DhkemP256HkdfSha256, DhkemX25519HkdfSha256, Aes256Gcm, HkdfSha256 } from '@hpke/core';
import { chooseKey, openEncryptedOutput, sealRequest } from '../dist/seal.js';
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

async function seal({ kem, route, plaintext, ephemeral }) {
  const key = await chooseKey([configurationOf(kem)]);
  return sealRequest(key, route, plaintext, { ephemeral: await pairOf(kem, ephemeral) });
}

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

  it('is another envelope each time', async () => {
    const key = await chooseKey([configurationOf(0x0020)]);
    const [one, two] = await Promise.all([1, 2].map(() => sealRequest(key, 'POST /execute', '{}')));
    assert.notDeepEqual(one.body, two.body);
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
