// What must be refused, each with the name of the refusal: see README.md for what the names mean.

import { canonical } from '../../lib/canonical.mjs';
import { b64u, concat, fixed, hex, hmac, sha256, u32 } from './bytes.mjs';
import { NOT_AFTER, NOT_BEFORE, bundleOf } from './keys.mjs';
import { BATCH, RECEIPT, batch, batched, leafHash, path } from './receipts.mjs';
import { answer, responseNonce, sealRequest, sealResponse } from './sealed.mjs';

const KEY = 'neocompute-key+jwt';

const part = (value) => (
  b64u(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))));

/** The same text with one bit of its byte `at` (from the end if negative) flipped. */
function flipped(bytes, at) {
  const copy = Buffer.from(bytes);
  copy[at < 0 ? copy.length + at : at] ^= 1;
  return copy;
}

function flippedPart(receipt, separator, index, at) {
  const parts = receipt.split(separator);
  parts[index] = b64u(flipped(Buffer.from(parts[index], 'base64url'), at));
  return parts.join(separator);
}

/* --- receipts that no bundle and no expectation make good --- */

async function forms({ now: { result }, identity }, { single, claims, jobs }) {
  const { receipt, payload } = single[0];
  const [header, body, signature] = receipt.split('.');
  const { kid, x } = result.jwk;
  const withHeader = (value) => [part(value), body, signature].join('.');
  const signed = (more) => (
    result.sign(RECEIPT, canonical(JSON.parse(JSON.stringify(claims(jobs[0], more))))));
  const hs256 = `${part({ alg: 'HS256', kid, typ: RECEIPT })}.${body}`;
  const publicKey = Buffer.from(x, 'base64url');
  return [
    ['empty', 'malformed', ''],
    ['two parts', 'malformed', `${header}.${body}`],
    ['four parts', 'malformed', `${receipt}.${signature}`],
    ['padding', 'malformed', `${receipt}==`],
    ['signature cut', 'malformed', receipt.slice(0, -4)],
    ['header no JSON', 'malformed', withHeader('{"alg":')],
    ['header with a member twice', 'malformed',
      withHeader(`{"alg":"Ed25519","alg":"Ed25519","kid":"${kid}","typ":"${RECEIPT}"}`)],
    ['alg none', 'algorithm', `${part({ alg: 'none', kid, typ: RECEIPT })}.${body}.`],
    ['alg none, with a signature', 'algorithm', withHeader({ alg: 'none', kid, typ: RECEIPT })],
    ['alg HS256 under the public key', 'algorithm', `${hs256}.${b64u(hmac(publicKey, hs256))}`],
    ['a critical header', 'critical',
      await result.sign(RECEIPT, payload, { b64: true, crit: ['b64'] })],
    ['the type of a nonce', 'type', await result.sign('neocompute-freshness+jwt', payload)],
    ['the type of a batch', 'type', await result.sign(BATCH, payload)],
    ['type JWT', 'type', await result.sign('JWT', payload)],
    ['signed by the identity', 'key', await identity.sign(RECEIPT, payload)],
    ['the right kid, another key', 'signature', await identity.sign(RECEIPT, payload, { kid })],
    ['a byte of the payload', 'signature', flippedPart(receipt, '.', 1, -60)],
    ['a byte of the signature', 'signature', flippedPart(receipt, '.', 2, 5)],
    ['another issuer', 'version', await signed({ iss: 'other' })],
    ['another version', 'version', await signed({ version: 2 })],
    ['issued after the end of the key', 'validity', await signed({ iat: NOT_AFTER + 61 })],
    ['issued before the key', 'validity', await signed({ iat: NOT_BEFORE - 61 })],
    ['names other claims', 'claims', await signed({ claims_sha256: hex(fixed('other')) })],
    ['of another engine than the claims', 'claims', await signed({ engine_digest: hex(fixed('other')) })],
    ['of another isolation than the claims', 'claims',
      await signed({ isolation: { kind: 'thread', level: 'reduced' } })],
    ['completed, with an error code', 'malformed', await signed({ error_code: 'timeout' })],
    ['completed, without an output', 'malformed', await signed({ output_sha256: undefined })],
    ['failed, without an error code', 'malformed', await signed({ status: 'failed' })],
    ['neither completed nor failed', 'malformed', await signed({ status: 'running' })],
    ['without a script', 'malformed', await signed({ script_sha256: undefined })],
    ['with the input in two ways', 'malformed', await signed({ input_hmac: hex(fixed('input')) })],
    ['a hash in upper case', 'malformed',
      await signed({ script_sha256: hex(fixed('script')).toUpperCase() })],
    ['a nonce that is no text', 'malformed', await signed({ nonce: 7 })],
    ['sealed that is not true', 'malformed', await signed({ sealed: false })],
    ['fewer than no gas', 'malformed', await signed({ gas_used: -1 })],
    ['gas past what all readers read', 'malformed', await signed({ gas_used: 2 ** 53 })],
  ];
}

async function batches({ now: { result }, identity }, { jobs, claims, batches: made }) {
  const five = made.find(({ size }) => size === 5);
  const [payload, steps, jws] = five.receipts[2].split('~');
  const leaves = jobs.slice(0, 5).map((job) => leafHash(Buffer.from(canonical(claims(job)))));
  const hashes = path(2, leaves);
  const text = canonical(claims(jobs[2]));
  const texts = jobs.slice(0, 2).map((job) => canonical(claims(job)));
  const foreign = await batch(identity, texts);
  const resized = await batch(result, texts, { size: 3 });
  return [
    ['the path of another leaf', 'path', [payload, five.receipts[1].split('~')[1], jws].join('~')],
    ['the payload of another leaf', 'path', [five.receipts[1].split('~')[0], steps, jws].join('~')],
    ['a byte of the payload in a batch', 'path', flippedPart(five.receipts[2], '~', 0, -60)],
    ['a byte of the path', 'path', flippedPart(five.receipts[2], '~', 1, 20)],
    ['path cut', 'path', batched(text, 2, 5, hashes.slice(0, -1), jws)],
    ['path with a hash too many', 'path', batched(text, 2, 5, [...hashes, hashes[0]], jws)],
    ['index past the size', 'path', batched(text, 5, 5, hashes, jws)],
    ['size of the path is not the signed one', 'path', batched(text, 2, 6, hashes, jws)],
    ['size signed is not the size of the path', 'path', resized.receipts[0]],
    ['size zero', 'malformed', batched(text, 0, 0, [], jws)],
    ['more leaves than a batch has', 'malformed', batched(text, 2, 1025, hashes, jws)],
    ['path with half a hash', 'malformed',
      [payload, b64u(concat(u32(2), u32(5), ...hashes, Buffer.alloc(16))), jws].join('~')],
    ['four parts in a batch', 'malformed', `${five.receipts[2]}~AA`],
    ['a receipt where the root should be', 'type',
      [payload, steps, await result.sign(RECEIPT, canonical(claims(jobs[2])))].join('~')],
    ['root signed by the identity', 'key', foreign.receipts[0]],
    ['a byte of the root\'s signature', 'signature',
      [payload, steps, flippedPart(jws, '.', 2, 5)].join('~')],
  ];
}

/* --- good receipts of other jobs than the caller asked for --- */

function expectations({ single, batches: made }) {
  const { receipt, job } = single[0];
  const of = (name, refusal, expect) => [name, refusal, receipt, expect];
  return [
    of('another nonce', 'nonce', { nonce: 'another' }),
    of('another script', 'script', { script: `${job.script} ` }),
    of('another input', 'input', { input: job.input.replace(' ', '') }),
    of('another output', 'output', { output: '{"sum":3}' }),
    of('another entry point', 'entry_point', { entry_point: 'other' }),
    of('another job', 'job', { job_id: '01a2064b-9058-730d-8990-000000000009' }),
    of('another user', 'user', { user: 'bob', salt: job.salt }),
    of('another salt', 'user', { user: 'alice', salt: b64u(fixed('salt 9')) }),
    of('failed, it says', 'status', { status: 'failed' }),
    ['output of a failed job', 'output', single[1].receipt, { output: '{}' }],
    ['a batch for another nonce', 'nonce', made[4].receipts[1], { nonce: 'nonce 0' }],
  ];
}

/* --- bundles that do not carry the caller's trust --- */

async function bundles({ now, other, identity, foreign, previous }, { single }) {
  const claims = JSON.parse(now.claims);
  const again = (members, more) => (
    bundleOf(identity, now.result, canonical({ ...claims, ...members }), more));
  const made = (more) => bundleOf(identity, now.result, now.claims, more);
  const weak = { ...now.result.jwk, x: b64u(SMALL_ORDER[2]) };
  const swapped = { ...claims, hpke_keys: JSON.parse(other.claims).hpke_keys };
  return [
    ['a byte of the claims', 'claims', {
      ...now.bundle, claims: now.claims.replace('"none"', '"nonf"') }],
    ['keys swapped, digest kept', 'claims', { ...now.bundle, claims: canonical(swapped) }],
    ['keys swapped, digest made new', 'statement', {
      ...now.bundle, claims: canonical(swapped),
      claims_sha256: (await again(swapped)).claims_sha256 }],
    ['another service', 'identity', other.bundle],
    ['another identity signs these claims', 'identity',
      await bundleOf(foreign, now.result, canonical({ ...claims, identity_key: foreign.jwk }))],
    ['statement by another key, the identity named', 'statement', {
      ...now.bundle, statement: await foreign.sign(KEY, '{}', { kid: identity.jwk.kid }) }],
    ['statement of type JWT', 'statement', await made({ typ: 'JWT' })],
    ['statement without signature', 'statement', {
      ...now.bundle,
      statement: `${part({ alg: 'none', kid: identity.jwk.kid, typ: KEY })}.e30.` }],
    ['statement about another digest', 'statement',
      await made({ payload: { claims_sha256: other.digest } })],
    ['statement about another key', 'statement',
      await made({ payload: { key: other.result.jwk } })],
    ['previous statement signed by the identity', 'statement', {
      ...now.bundle, previous_identity_key: previous.jwk,
      previous_statement: await identity.sign(KEY, '{}', { kid: previous.jwk.kid }) },
    previous.jwk],
    ['claims of another service', 'version', await again({ service: 'other' })],
    ['claims of another version', 'version', await again({ version: 2 })],
    ['a tee that is not known', 'evidence', await again({ tee: 'sgx' })],
    ['a result key of small order', 'malformed', await again({ result_key: weak },
      { payload: { key: weak } })],
    ['no claims', 'malformed', { ...now.bundle, claims: undefined }],
    ['claims no JSON', 'malformed', {
      ...now.bundle, claims: '{', claims_sha256: hex(sha256('{')) }],
  ].map(([name, refusal, bundle, pinned]) => (
    { name, refusal, bundle, identity_key: pinned, receipt: single[0].receipt }));
}

/* --- keys --- */

/** Every encoding of a point of small order (RFC 8032): anyone can sign for it. */
const SMALL_ORDER = [
  '00'.repeat(32), `01${'00'.repeat(31)}`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  `ec${'ff'.repeat(30)}7f`, `ed${'ff'.repeat(30)}7f`, `ee${'ff'.repeat(30)}7f`,
].flatMap((text) => {
  const bytes = Buffer.from(text, 'hex');
  const negative = Buffer.from(bytes);
  negative[31] |= 0x80;
  return [bytes, negative];
});

function keysRefused({ identity: { jwk, seed } }) {
  const { x, ...rest } = jwk;
  const bytes = Buffer.from(x, 'base64url');
  const list = [
    ['a private key', { ...jwk, d: b64u(seed) }],
    ['no x', rest],
    ['x of 31 bytes', { ...jwk, x: b64u(bytes.subarray(1)) }],
    ['x of 33 bytes', { ...jwk, x: b64u(concat(bytes, [0])) }],
    ['x with padding', { ...jwk, x: `${x}=` }],
    ['x in the other alphabet', { ...jwk, x: `+${x.slice(1)}` }],
    ['another curve', { ...jwk, crv: 'X25519' }],
    ['another type', { ...jwk, kty: 'EC' }],
    ...SMALL_ORDER.map((point, i) => [`small order ${i}`, { ...jwk, x: b64u(point) }]),
  ];
  return list.map(([name, key]) => ({ name, refusal: 'malformed', jwk: key }));
}

/* --- sealed requests and answers --- */

async function requests({ now, other }) {
  const [key, p256] = now.hpke;
  const text = '{"script":"function main() { return 1 }"}';
  const good = (await sealRequest(key, 'POST /execute', text)).body;
  const second = (await sealRequest(key, 'POST /execute', text, 1)).body;
  const nist = (await sealRequest(p256, 'POST /execute', text)).body;
  const patched = (at, bytes, of = good) => (
    concat(of.subarray(0, at), bytes, of.subarray(at + bytes.length)));
  const lowOrder = [Buffer.alloc(32), Buffer.from([1, ...Buffer.alloc(31)]),
    Buffer.from('ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', 'hex'),
    Buffer.from('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800', 'hex')];
  return [
    ['empty', 'sealed_malformed', Buffer.alloc(0)],
    ['shorter than its head', 'sealed_malformed', good.subarray(0, 21)],
    ['ends inside enc', 'sealed_malformed', good.subarray(0, 22 + 31)],
    ['ends inside the number', 'sealed_malformed', good.subarray(0, 22 + 32 + 3)],
    ['shorter than a tag', 'sealed_malformed', good.subarray(0, 22 + 32 + 4 + 15)],
    ['KEM not spoken', 'sealed_malformed', patched(16, Buffer.from([0, 0x21]))],
    ['KDF not spoken', 'sealed_malformed', patched(18, Buffer.from([0, 3]))],
    ['AEAD not spoken', 'sealed_malformed', patched(20, Buffer.from([0, 3]))],
    ['key of another service', 'sealed_key_unknown',
      (await sealRequest(other.hpke[0], 'POST /execute', text)).body],
    ['KEM of the other key', 'sealed_unopened', patched(16, Buffer.from([0, 0x10]))],
    ['for another route', 'sealed_unopened',
      (await sealRequest(key, 'PUT /secrets/API_KEY', text)).body],
    ['last byte gone', 'sealed_unopened', good.subarray(0, -1)],
    ['a byte more', 'sealed_unopened', concat(good, [0])],
    ['a byte of the tag', 'sealed_unopened', flipped(good, -1)],
    ['a byte of the ciphertext', 'sealed_unopened', flipped(good, 22 + 32 + 4)],
    ['the number of the next', 'sealed_unopened', patched(22 + 32, u32(1))],
    ['the highest number', 'sealed_unopened', patched(22 + 32, u32(0xffffffff))],
    ['without a number', 'sealed_unopened', concat(good.subarray(0, 22 + 32), good.subarray(22 + 32 + 4))],
    ['its number little-endian', 'sealed_unopened', patched(22 + 32, Buffer.from([1, 0, 0, 0]), second)],
    ['a byte of enc', 'sealed_unopened', flipped(good, 22)],
    ...lowOrder.map((point, i) => [`low-order point ${i}`, 'sealed_unopened', patched(22, point)]),
    ['not on the curve', 'sealed_unopened', flipped(nist, 22 + 64)],
    ['a compressed point', 'sealed_unopened', patched(22, Buffer.from([2]), nist)],
  ].map(([name, refusal, body]) => ({ name, refusal, route: 'POST /execute', request: hex(body) }));
}

async function responses({ now }, { jobs, single }) {
  const [key] = now.hpke;
  const text = '{"script":"function main() { return 1 }"}';
  const request = await sealRequest(key, 'POST /execute', text);
  const inside = answer(jobs[0], single[0].receipt);
  const plain = { jobId: jobs[0].job_id, nonce: responseNonce, text: inside };
  const good = sealResponse(request, plain);
  const foreign = { ...request, secret: fixed('another secret') };
  const next = await sealRequest(key, 'POST /execute', text, 1);
  const twice = await sealRequest(key, 'POST /execute', `${text} `);
  const list = [
    ['empty', Buffer.alloc(0)],
    ['shorter than its head', good.subarray(0, 71)],
    ['shorter than a tag', good.subarray(0, 72 + 15)],
    ['last byte gone', good.subarray(0, -1)],
    ['a byte more', concat(good, [0])],
    ['job id changed', flipped(good, 3)],
    ['sequence changed', flipped(good, 39)],
    ['response nonce changed', flipped(good, 40)],
    ['a byte of the ciphertext', flipped(good, 72)],
    ['a byte of the tag', flipped(good, -1)],
    ['answer to another request', sealResponse(foreign, plain)],
    ['answer to the next request of this sender', sealResponse(next, plain)],
    ['answer to another of the same number', sealResponse(twice, plain)],
    ['sequence 1, sealed so', sealResponse(request, { ...plain, sequence: 1 })],
    ['no JSON inside', sealResponse(request, { ...plain, text: 'hello' })],
    ['no status inside', sealResponse(request, { ...plain, text: '{"body":{}}' })],
  ];
  return {
    private: hex(key.privateKey), ephemeral: hex(key.ephemeralKey), plaintext: text,
    request: hex(request.body), secret: hex(request.secret), job_id: plain.jobId, good: hex(good),
    refused: list.map(([name, response]) => ({ name, refusal: 'answer', response: hex(response) })),
  };
}

const named = (list) => list.map(([name, refusal, receipt, expect]) => (
  { name, refusal, receipt, expect }));

export async function makeRefused(keys, receipts) {
  const file = {
    receipts: named([...await forms(keys, receipts), ...await batches(keys, receipts),
      ...expectations(receipts)]),
    bundles: await bundles(keys, receipts),
    keys: keysRefused(keys),
    requests: await requests(keys),
    responses: await responses(keys, receipts),
  };
  return { file };
}
