// Receipts of jobs: single, and in batches under one signature over a Merkle tree (RFC 9162).

import { canonical } from '../../lib/canonical.mjs';
import { b64u, concat, fixed, hex, hmac, sha256, u32 } from './bytes.mjs';
import { ENGINE_DIGEST, NOT_BEFORE } from './keys.mjs';

export const RECEIPT = 'neocompute-receipt+jwt';
export const BATCH = 'neocompute-batch+jwt';
const SIZES = [1, 2, 3, 4, 5, 6, 7, 8];

/** A job as its caller knows it; all texts as they were sent or answered. */
export function job(number, more = {}) {
  return {
    job_id: `01a2064b-9058-730d-8990-${String(number).padStart(12, '0')}`,
    user: 'alice',
    salt: fixed(`salt ${number}`),
    nonce: `nonce ${number}`,
    script: `function main(input) { return { sum: input.a + ${number} } }`,
    entry_point: 'main',
    input: `{"a": 2, "b": "\\u00e9\u00e9 ${number}"}`,
    output: canonical({ sum: 2 + number }),
    ...more,
  };
}

/** The claims of a job's receipt, as an object. */
export function claimsOf(job, claimsSha256, more = {}) {
  return {
    claims_sha256: claimsSha256,
    duration_us: 53,
    engine_digest: ENGINE_DIGEST,
    entry_point: job.entry_point,
    gas_limit: 20000000000,
    gas_used: 15043,
    iat: NOT_BEFORE + 60,
    input_sha256: hex(sha256(job.input)),
    isolation: { kind: 'process', level: 'reduced' },
    iss: 'neocompute',
    jti: job.job_id,
    memory_limit: 67108864,
    memory_used: 1900544,
    nondeterminism: [],
    nonce: job.nonce,
    output_sha256: hex(sha256(job.output)),
    script_sha256: hex(sha256(job.script)),
    secrets: [],
    started_ms: (NOT_BEFORE + 59) * 1000,
    status: 'completed',
    sub: hex(hmac(job.salt, job.user)),
    timeout_ms: 30000,
    version: 1,
    ...more,
  };
}

/* --- the tree, as RFC 9162 defines it (2.1.1, 2.1.3.1), by recursion --- */

export const leafHash = (payload) => sha256(concat([0], payload));
const nodeHash = (left, right) => sha256(concat([1], left, right));

/** The largest power of two below n. */
const split = (n) => 2 ** Math.ceil(Math.log2(n) - 1);

export function root(leaves) {
  if (leaves.length === 1) return leaves[0];
  const k = split(leaves.length);
  return nodeHash(root(leaves.slice(0, k)), root(leaves.slice(k)));
}

export function path(index, leaves) {
  if (leaves.length === 1) return [];
  const k = split(leaves.length);
  return index < k
    ? [...path(index, leaves.slice(0, k)), root(leaves.slice(k))]
    : [...path(index - k, leaves.slice(k)), root(leaves.slice(0, k))];
}

export function batched(payload, index, size, hashes, signature) {
  const steps = concat(u32(index), u32(size), ...hashes);
  return [b64u(Buffer.from(payload)), b64u(steps), signature].join('~');
}

/** Batch of payloads: {root, jws, receipts}. */
export async function batch(key, payloads, more = {}) {
  const leaves = payloads.map((payload) => leafHash(Buffer.from(payload)));
  const top = root(leaves);
  const jws = await key.sign(BATCH, canonical({
    iat: NOT_BEFORE + 60, iss: 'neocompute', root: hex(top), size: payloads.length, version: 1,
    ...more,
  }));
  const receipts = payloads.map((payload, index) => (
    batched(payload, index, payloads.length, path(index, leaves), jws)));
  return { root: hex(top), jws, receipts };
}

const shown = (job) => ({ ...job, salt: b64u(job.salt) });

/** The payload for a job whose output only the key with this thumbprint opens. */
function encrypted(job, claims) {
  const { output_sha256, ...rest } = claims(job, {
    encrypt_to: b64u(fixed('thumbprint')),
    output_hmac: hex(hmac(job.salt, concat(Buffer.from('output\0'), Buffer.from(job.output)))),
  });
  return canonical(rest);
}

export async function makeReceipts(keys) {
  const { result } = keys.now;
  const claims = (job, more) => claimsOf(job, keys.now.digest, more);
  const jobs = Array.from({ length: 8 }, (_, number) => job(number));
  const failed = job(100, { output: undefined, app_id: 'app', script_name: 'name' });
  const named = { app_id: failed.app_id, script_name: failed.script_name };
  const cases = [
    ['completed', jobs[0], claims(jobs[0])],
    ['failed', failed, {
      ...named,
      ...claims({ ...failed, output: '' }, { output_sha256: undefined, error_code: 'script_error',
        status: 'failed', nondeterminism: ['clock', 'random'] }),
    }],
    ['secrets', jobs[1], claims(jobs[1], {
      rounded: true, gas_used: 312500000, memory_used: 2097152,
      secrets: [{ name: 'API_KEY', version: 3 }],
    })],
  ];
  const single = [];
  for (const [name, of, members] of cases) {
    const payload = canonical(JSON.parse(JSON.stringify(members)));
    single.push({ name, job: shown(of), payload, receipt: await result.sign(RECEIPT, payload) });
  }
  const { job: first, payload } = single[0]; // the older name of the algorithm, RFC 8037
  const receipt = await result.sign(RECEIPT, payload, { alg: 'EdDSA' });
  single.push({ name: 'EdDSA', job: first, payload, receipt });
  const hidden = encrypted(jobs[2], claims);
  single.push({ name: 'encrypted', job: shown(jobs[2]), payload: hidden, receipt: await result.sign(RECEIPT, hidden) });
  const batches = [];
  for (const size of SIZES) {
    const payloads = jobs.slice(0, size).map((one) => canonical(claims(one)));
    batches.push({ size, ...await batch(result, payloads), jobs: jobs.slice(0, size).map(shown) });
  }
  return { jobs, single, batches, claims, file: { single, batches } };
}
