// Sealed requests and answers (RFC 9180 base mode; framing in the style of RFC 9458), and outputs
// that are encrypted to a key of the caller.

import crypto from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { canonical } from '../../lib/canonical.mjs';
import { b64u, concat, fixed, hex, hmac, sha256, u16, u32 } from './bytes.mjs';
import { AEAD, KDF } from './keys.mjs';
import { RECEIPT, claimsOf } from './receipts.mjs';

const NO_JOB = '00000000-0000-0000-0000-000000000000';
const RESPONSE = 'neocompute sealed response';

const head = (key) => concat(key.keyId, u16(key.id), u16(KDF), u16(AEAD));

/**
 * Seals `text` to a key with its fixed ephemeral key, as the request of this number under it:
 * {body, enc, secret of the answer}.
 */
export async function sealRequest(key, route, text, sequence = 0) {
  const hdr = head(key);
  const info = concat(Buffer.from('neocompute sealed request\0'), hdr);
  const aad = concat(Buffer.from(`${route}\0`), key.keyId);
  const context = await key.suite.createSenderContext({
    recipientPublicKey: key.pair.publicKey, info, ekm: key.ephemeral,
  });
  for (let n = 0; n < sequence; n++) await context.seal(Buffer.alloc(0)); // it counts
  const ciphertext = await context.seal(Buffer.from(text), aad);
  const enc = Buffer.from(context.enc);
  const body = concat(hdr, enc, u32(sequence), Buffer.from(ciphertext));
  const about = concat(Buffer.from(`${RESPONSE}\0`), sha256(body));
  const secret = Buffer.from(await context.export(about, 32));
  return { info, aad, enc, sequence, secret, body };
}

function hkdfExpand(prk, info, size) { // one block is enough for 32 bytes (RFC 5869, section 2.3)
  return hmac(prk, concat(Buffer.from(info), [1])).subarray(0, size);
}

/** RFC 9458, section 4.4, with our labels. */
export function sealResponse(request, { jobId = NO_JOB, sequence = 0, nonce, text }) {
  const prk = hmac(concat(request.enc, nonce), request.secret); // HKDF-Extract
  const key = hkdfExpand(prk, 'key', 32);
  const iv = hkdfExpand(prk, 'nonce', 12);
  const aad = concat(Buffer.from(jobId), u32(sequence));
  const cipher = crypto.createCipheriv('aes-256-gcm', key, iv).setAAD(aad);
  return concat(aad, nonce, cipher.update(text), cipher.final(), cipher.getAuthTag());
}

/** The receipt of a sealed job: its input, output and secret names under the job's salt. */
export function sealedClaims(job, digest) {
  const mac = (label, text) => hex(hmac(job.salt, Buffer.from(`${label}\0${text}`)));
  const { input_sha256, output_sha256, ...claims } = claimsOf(job, digest, {
    input_hmac: mac('input', job.input),
    output_hmac: mac('output', job.output),
    sealed: true,
    secrets: [{ name_hmac: mac('secret-name', 'API_KEY'), version: 3 }],
  });
  return claims;
}

/** The document that a sealed answer holds. */
export function answer(job, receipt, more = {}) {
  const body = `{"job_id":"${job.job_id}","status":"completed","output":${job.output},"logs":[],` +
    `"output_hash":"${hex(sha256(job.output))}","receipt":"${receipt}",` +
    `"receipt_salt":"${b64u(job.salt)}"}`;
  return `{"body":${more.body ?? body},"content_type":"${more.type ?? 'application/json'}",` +
    `"status":${more.status ?? 200}}`;
}

const problem = canonical({
  error_code: 'unknown_field', message: 'there is no field "x"', status: 400, title: 'Bad Request',
  type: 'urn:neocompute:problem:unknown_field',
});

const exchange = (name, key, route, text, request, responses) => ({
  name, kem: key.id, route, key_id: hex(key.keyId), private: hex(key.privateKey),
  ephemeral: hex(key.ephemeralKey), info: hex(request.info), aad: hex(request.aad),
  enc: hex(request.enc), sequence: request.sequence, plaintext: text, request: hex(request.body), secret: hex(request.secret),
  responses,
});

export const responseNonce = fixed('response nonce');

async function executes(keys, key, job, sequence) {
  const claims = canonical(sealedClaims(job, keys.now.digest));
  const receipt = await keys.now.result.sign(RECEIPT, claims);
  const text = `{"script":${JSON.stringify(job.script)},"input":${job.input},` +
    `"nonce":${JSON.stringify(job.nonce)},"secret_refs":["API_KEY"],"expect_user":"alice"}   `;
  const request = await sealRequest(key, 'POST /execute', text, sequence);
  const response = (jobId, plaintext) => ({
    job_id: jobId ?? NO_JOB, plaintext,
    response: hex(sealResponse(request, { jobId, nonce: responseNonce, text: plaintext })),
  });
  return exchange(`execute ${sequence}, ${key.name}`, key, 'POST /execute', text, request, [
    response(job.job_id, answer(job, receipt)),
    response(undefined,
      answer(job, '', { body: problem, type: 'application/problem+json', status: 400 })),
  ]);
}

async function puts(key, sequence) {
  const route = 'PUT /secrets/API_KEY';
  const text = '{"value":"a value that nothing between the two ends sees"}';
  const request = await sealRequest(key, route, text, sequence);
  return exchange(`secret ${sequence}, ${key.name}`, key, route, text, request, []);
}

/** `encrypted_output` of a job, for the X25519 key of a caller. */
async function encryptedOutput({ hpke: [key] }, job) {
  const caller = await key.suite.kem.deriveKeyPair(fixed('caller'));
  const ephemeral = await key.suite.kem.deriveKeyPair(fixed('caller ephemeral'));
  const x = b64u(await key.suite.kem.serializePublicKey(caller.publicKey));
  const plaintext = `{"logs":["one"],"output":${job.output},"receipt_salt":"${b64u(job.salt)}"}`;
  const context = await key.suite.createSenderContext({
    recipientPublicKey: caller.publicKey, info: Buffer.from('neocompute encrypted output'),
    ekm: ephemeral,
  });
  const sealed = await context.seal(Buffer.from(plaintext), Buffer.from(job.job_id));
  return {
    private: hex(await key.suite.kem.serializePrivateKey(caller.privateKey)),
    ephemeral: hex(await key.suite.kem.serializePrivateKey(ephemeral.privateKey)),
    encrypt_to: { crv: 'X25519', kty: 'OKP', x },
    thumbprint: await calculateJwkThumbprint({ crv: 'X25519', kty: 'OKP', x }),
    job_id: job.job_id,
    plaintext,
    encrypted_output: concat(Buffer.from(context.enc), Buffer.from(sealed)).toString('base64'),
    output_hmac: hex(hmac(job.salt, concat(Buffer.from('output\0'), Buffer.from(job.output)))),
  };
}

export async function makeSealed(keys, { jobs }) {
  const exchanges = [];
  for (const key of keys.now.hpke) {
    exchanges.push(await executes(keys, key, jobs[0], 0), await puts(key, 1),
      await executes(keys, key, jobs[1], 2), await executes(keys, key, jobs[0], 256));
  }
  return { file: { exchanges, encrypted_output: await encryptedOutput(keys.now, jobs[0]) } };
}
