// Receipts of the vectors: all good ones verify, every broken one gets its own refusal.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { verifyBundle, verifyReceipt } from '../dist/index.js';
import { expectationsOf, keys, policy, receipts, refused } from './lib/vectors.mjs';

const verify = (receipt, expect, { bundle = keys.bundle, trust = policy } = {}) => (
  verifyReceipt(receipt, bundle, trust, expect));

describe('good receipts', () => {
  for (const { name, job, receipt, payload } of receipts.single) {
    it(`single: ${name}`, async () => {
      const verification = await verify(receipt, expectationsOf(job));
      assert.deepEqual(verification.receipt, JSON.parse(payload));
      assert.equal(verification.simulation, true);
      assert.ok(verification.checks.length >= 14 && verification.checks.every(({ ok }) => ok));
    });
  }

  for (const { size, jobs, receipts: texts } of receipts.batches) {
    it(`every leaf of a batch of ${size}`, async () => {
      for (const [index, text] of texts.entries()) {
        const { checks } = await verify(text, expectationsOf(jobs[index]));
        assert.ok(checks.some(({ name, ok }) => name === 'path' && ok));
      }
    });
  }
});

describe('broken receipts are refused by name', () => {
  for (const { name, refusal, receipt, expect = {} } of refused.receipts) {
    it(`${name}: ${refusal}`, async () => {
      const { job_id: jobId, input: inputJson, output: outputJson, entry_point: entryPoint, user: userId,
        ...same } = expect;
      const expectations = Object.fromEntries(Object.entries({
        jobId, inputJson, outputJson, entryPoint, userId, ...same,
      }).filter(([, value]) => value !== undefined));
      await assert.rejects(verify(receipt, expectations), { name: 'ReceiptError', code: refusal });
    });
  }

  it('any byte of a receipt', async () => {
    for (const text of [receipts.single[0].receipt, receipts.batches[4].receipts[2]]) {
      for (let at = 0; at < text.length; at += 7) {
        const other = text[at] === 'A' ? 'B' : 'A';
        const changed = text.slice(0, at) + other + text.slice(at + 1);
        await assert.rejects(verify(changed), { name: 'ReceiptError' }, `character ${at}`);
      }
    }
  });
});

describe('bundles', () => {
  for (const { name, refusal, bundle, identity_key: identityKey, receipt } of refused.bundles) {
    it(`${name}: ${refusal}`, async () => {
      const trust = identityKey ? { ...policy, identityKey } : policy;
      await assert.rejects(verify(receipt, {}, { bundle, trust }), { name: 'ReceiptError', code: refusal });
      await assert.rejects(verifyBundle(bundle, trust), { name: 'TrustError', code: refusal });
    });
  }

  const good = receipts.single[0].receipt;
  const policies = {
    'the identity, as a JWK': policy,
    'the identity, as its x': { ...policy, identityKey: keys.identity.jwk.x },
    'the digest': { claimsSha256: keys.bundle.claims_sha256, allowSimulation: true },
    'one of several digests': { claimsSha256: ['00', keys.bundle.claims_sha256], allowSimulation: true },
    'only simulation allowed': { allowSimulation: true },
  };
  for (const [name, trust] of Object.entries(policies)) {
    it(`trusted by ${name}`, () => verify(good, {}, { trust }));
  }

  it('trusted by the identity of the master key before', async () => {
    const trust = { identityKey: keys.previous_identity.jwk, allowSimulation: true };
    await verify(good, {}, { trust, bundle: keys.previous_bundle });
    await assert.rejects(verify(good, {}, { trust }), { code: 'identity' });
  });

  for (const { name, refusal, jwk } of refused.keys) {
    it(`no key to pin: ${name}`, () => assert.rejects(
      verifyBundle(keys.bundle, { identityKey: jwk, allowSimulation: true }),
      { name: 'TrustError', code: refusal }));
  }

  it('nobody is trusted without a policy', async () => {
    for (const trust of [undefined, {}, { allowSimulation: false }]) {
      await assert.rejects(verify(good, {}, { trust: trust ?? null }), { code: 'no_policy' });
    }
  });

  it('no trusted hardware, and that is not allowed', async () => {
    for (const trust of [{ identityKey: keys.identity.jwk }, { claimsSha256: keys.bundle.claims_sha256 }]) {
      await assert.rejects(verify(good, {}, { trust }), { code: 'simulation' });
    }
  });

  it('another digest is pinned', async () => {
    const trust = { claimsSha256: keys.foreign_bundle.claims_sha256, allowSimulation: true };
    await assert.rejects(verify(good, {}, { trust }), { code: 'claims' });
  });
});
