// The keys of the service: what it shows of them, what lasts, and what happens as time goes by.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { calculateJwkThumbprint } from 'jose';
import { outputSignature } from '../lib/canonical.mjs';
import { neocompute } from '../lib/cli.mjs';
import { receiptOf, verifyBundle, verifyReceipt } from '../lib/receipts.mjs';
import { giveSecret } from '../lib/secrets.mjs';
import { masterKey } from '../lib/settings.mjs';
import { startServer } from '../lib/server.mjs';
import { Postgres, secretsKey, stores } from '../lib/stores.mjs';
import { until } from '../lib/wait.mjs';

const script = 'function main() { return 1 }';
const otherKey = 'a90fd25b8c4e71f6039ad2b55e28c7f3164b0d9a6e8a31c4f20d975be6137c48';

const get = async (server, target) => (await server.request('GET', target, { user: null })).json;
const jwks = async (server) => (await get(server, '/.well-known/jwks.json')).keys;
const info = async (server) => (await get(server, '/info')).keys;

/** Other keys than those of this digest. */
const newKeys = (server, digest) => until(async () => {
  const keys = await info(server);
  return keys.claims_sha256 !== digest && keys;
}, 'new keys', 8000);

describe('the keys in force', () => {
  let server;
  before(async () => { server = await startServer(); });
  after(() => server.stop());

  it('are listed, with their thumbprints, and may be kept for a minute', async () => {
    const { json, headers } = await server.request('GET', '/.well-known/jwks.json', { user: null });
    assert.equal(headers['content-type'], 'application/jwk-set+json');
    assert.equal(headers['cache-control'], 'max-age=60');
    assert.equal(json.keys.length, 2);
    for (const jwk of json.keys) assert.equal(jwk.kid, await calculateJwkThumbprint(jwk));
    const { result_kid: result, identity_kid: identity } = await info(server);
    assert.deepEqual(json.keys.map(({ kid }) => kid), [result, identity]);
  });

  it('are bound together by claims that the identity signed', async () => {
    const bundle = await get(server, '/attestation');
    const claims = await verifyBundle(bundle);
    const [result, identity] = await jwks(server);
    assert.deepEqual(claims.result_key, result);
    assert.deepEqual(claims.identity_key, identity);
    assert.equal(claims.tee, 'none');
    assert.deepEqual(bundle.evidence, { type: 'none' });
    const { isolation, engine_digest: engine, keys } = await get(server, '/info');
    assert.deepEqual(claims.isolation, isolation);
    assert.equal(claims.engine_digest, engine);
    assert.equal(claims.not_after, Math.floor(Date.parse(keys.not_after) / 1000));
    assert.equal(keys.bundles, 'stored');
    const { json, headers } = await server.request('GET', `/attestation/${bundle.claims_sha256}`, { user: null });
    assert.deepEqual(json, bundle);
    assert.equal(headers['cache-control'], 'max-age=31536000, immutable');
  });

  it('to seal to are those of the claims, each with its length in front', async () => {
    const { hpke_keys: keys } = JSON.parse((await get(server, '/attestation')).claims);
    const answer = await fetch(`http://127.0.0.1:${server.port}/.well-known/hpke-keys`);
    assert.equal(answer.headers.get('content-type'), 'application/ohttp-keys');
    const expected = keys.map(({ configuration }) => {
      const bytes = Buffer.from(configuration, 'base64url');
      return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
    });
    assert.deepEqual(Buffer.from(await answer.arrayBuffer()), Buffer.concat(expected));
  });

  it('unknown digests are 404, other methods 405, HEAD has no body', async () => {
    for (const digest of ['0'.repeat(64), 'x', 'A'.repeat(64), '0'.repeat(63), '%00'.repeat(21), "'; --"]) {
      const answer = await server.request('GET', `/attestation/${encodeURI(digest)}`, { user: null });
      assert.equal(answer.status, 404, digest);
    }
    const { claims_sha256: digest } = await info(server);
    for (const target of ['/.well-known/jwks.json', '/.well-known/hpke-keys', '/attestation', `/attestation/${digest}`]) {
      const head = await server.request('HEAD', target, { user: null });
      assert.equal(head.status, 200);
      assert.equal(head.text, '');
      const post = await server.request('POST', target, { user: null });
      assert.equal(post.status, 405);
      assert.equal(post.headers.allow, 'GET, HEAD');
    }
  });
});

for (const store of stores) {
  describe(`keys through time, ${store.name}`, () => {
    before(() => store.open());
    after(() => store.close());

    it('a restart keeps the identity and old bundles, and makes a new result key', async () => {
      const first = await startServer(await store.fresh());
      const { json: job } = await first.execute(script);
      const before = await info(first);
      first.child.kill('SIGKILL');
      await first.exit();
      const second = await startServer(store.beside(first));
      const now = await info(second);
      assert.equal(now.identity_kid, before.identity_kid);
      assert.notEqual(now.result_kid, before.result_kid);
      // The stranger has the job's answer alone.
      const digest = JSON.parse(Buffer.from(job.receipt.split('.')[1], 'base64url')).claims_sha256;
      assert.equal(digest, before.claims_sha256);
      const claims = await verifyBundle(await get(second, `/attestation/${digest}`));
      assert.equal((await verifyReceipt(job.receipt, claims.result_key)).claims.jti, job.job_id);
      assert.equal((await second.request('HEAD', `/attestation/${digest}`, { user: null })).status, 200);
      assert.equal((await second.request('GET', `/attestation/${'0'.repeat(64)}`, { user: null })).status, 404);
      await second.stop();
      await first.kill(); // its directory
    });

    it('keys are replaced when their time is up; receipts of before still verify', async () => {
      const server = await startServer(await store.fresh({ args: ['--key-lifetime', '1.5s', '--key-overlap', '1s'] }));
      const { json: job } = await server.execute(script);
      const { claims: receipt } = await receiptOf(server, job);
      const keys = await newKeys(server, receipt.claims_sha256);
      assert.equal(keys.bundles, 'stored');
      const { json: later } = await server.execute(script);
      assert.equal((await receiptOf(server, later)).claims.claims_sha256, (await info(server)).claims_sha256);
      // Past the overlap too: the job holds its key.
      await until(async () => (await server.metrics()).get('neocompute_key_rotations_total') >= 3, 'three rotations', 10000);
      const bundle = await get(server, `/attestation/${receipt.claims_sha256}`);
      const { result_key: old } = await verifyBundle(bundle);
      for (const query of ['', '?form=single']) {
        const { text } = await server.request('GET', `/jobs/${job.job_id}/receipt${query}`);
        assert.deepEqual((await verifyReceipt(text, old)).claims, receipt);
      }
      const { json } = await server.request('GET', `/jobs/${job.job_id}/receipt`, { headers: { Accept: 'application/json' } });
      assert.deepEqual(json.bundle, bundle);
      const rows = store.sql(server, 'SELECT claims_sha256, bundle FROM neocompute_keys');
      assert.ok(rows.length >= 4);
      for (const [digest, text] of rows) {
        assert.equal(JSON.parse(text).claims_sha256, digest);
        assert.doesNotMatch(text, /"d":/); // no private key
      }
      await server.stop();
    });
  });
}

describe('a change of the master key', () => {
  it('lets who pinned the old identity follow, and signs with the new key alone', async () => {
    const env = { COMPUTE_MASTER_KEY: otherKey, COMPUTE_MASTER_KEY_PREVIOUS: masterKey };
    const before = await startServer();
    const [, pinned] = await jwks(before);
    await before.stop();
    const server = await startServer({ env });
    const keys = await jwks(server);
    assert.equal(keys.length, 3);
    assert.deepEqual(keys[2], pinned);
    const bundle = await get(server, '/attestation');
    const claims = await verifyBundle(bundle); // both statements
    assert.deepEqual(bundle.previous_identity_key, pinned);
    assert.deepEqual(claims.identity_key, keys[1]);
    assert.notDeepEqual(keys[1], pinned);
    const { json: job } = await server.execute(script);
    assert.equal(job.signature, outputSignature(job.output, otherKey));
    await receiptOf(server, job);
    await server.stop();
  });

  it('refuses a previous key that is none; the same key twice is no change', async () => {
    const { code, stderr } = await neocompute(['serve', '--listen', '127.0.0.1:0'],
      { env: { COMPUTE_MASTER_KEY: masterKey, COMPUTE_MASTER_KEY_PREVIOUS: 'abcd' }, ms: 5000 });
    assert.equal(code, 2);
    assert.match(stderr, /COMPUTE_MASTER_KEY_PREVIOUS/);
    const server = await startServer({ env: { COMPUTE_MASTER_KEY_PREVIOUS: masterKey } });
    assert.equal((await jwks(server)).length, 2);
    await server.stop();
  });

  it('the audit log verifies on both sides of it', async () => {
    const env = { SECRETS_MASTER_KEY: secretsKey };
    const first = await startServer({ env });
    await giveSecret(first, 'A', 'value');
    const second = await startServer({ dataDir: first.dataDir,
      env: { ...env, COMPUTE_MASTER_KEY: otherKey, COMPUTE_MASTER_KEY_PREVIOUS: masterKey } });
    await giveSecret(second, 'B', 'value');
    await second.stop();
    const verify = (keys) => neocompute(['secret', 'audit', '--verify', '--data-dir', first.dataDir], { env: { ...env, ...keys } });
    const both = await verify({ COMPUTE_MASTER_KEY: otherKey, COMPUTE_MASTER_KEY_PREVIOUS: masterKey });
    assert.equal(both.code, 0, both.stdout + both.stderr);
    const one = await verify({ COMPUTE_MASTER_KEY: otherKey });
    assert.equal(one.code, 1, one.stdout + one.stderr);
    await first.stop();
  });
});

describe('bundles without a store that works', () => {
  it('live in memory where there is none, and /info says so', async () => {
    // --data-dir is always given by the tests: take it back.
    const server = await startServer({ command: ['sh', '-c', 'shift 5; exec "$0" serve --listen 127.0.0.1:0 --key-lifetime 1s --key-overlap 1s "$@"'] });
    const { bundles, claims_sha256: digest } = await info(server);
    assert.equal(bundles, 'memory');
    await until(async () => (await server.metrics()).get('neocompute_key_rotations_total') >= 3, 'rotations', 10000);
    await verifyBundle(await get(server, `/attestation/${digest}`));
    assert.equal((await server.request('GET', `/attestation/${'0'.repeat(64)}`, { user: null })).status, 404);
    await server.stop();
  });

  it('wait for a database that is down, and are stored when it is back', async () => {
    const store = new Postgres();
    await store.open();
    const server = await startServer(await store.fresh({ args: ['--key-lifetime', '2s', '--key-overlap', '1s'] }));
    const { claims_sha256: first } = await info(server);
    store.control('stop');
    const keys = await newKeys(server, first);
    assert.equal(keys.bundles, 'waiting');
    const { json: job } = await server.execute(script);
    const digest = (await receiptOf(server, job)).claims.claims_sha256;
    await verifyBundle(await get(server, `/attestation/${digest}`)); // from memory
    const lost = await server.request('GET', `/attestation/${'0'.repeat(64)}`, { user: null });
    assert.equal(lost.json.error_code, 'store_down');
    store.control('start');
    await until(async () => (await info(server)).bundles === 'stored', 'the bundles are stored', 15000);
    assert.equal(store.sql(server, `SELECT 1 FROM neocompute_keys WHERE claims_sha256 = '${digest}'`).length, 1);
    await server.stop();
    await store.close();
  });
});
