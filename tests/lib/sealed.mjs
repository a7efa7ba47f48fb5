// A caller of sealed requests, written from docs/protocol.md on an HPKE that is not ours.

import { Aes256Gcm, CipherSuite, DhkemP256HkdfSha256, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import assert from 'node:assert/strict';
import { createDecipheriv, createHash, createHmac, hkdfSync } from 'node:crypto';

export const REQUEST_TYPE = 'application/vnd.neocompute.sealed-request';
export const RESPONSE_TYPE = 'application/vnd.neocompute.sealed-response';
export const NO_JOB = '00000000-0000-0000-0000-000000000000';

const KEMS = { 0x0020: [DhkemX25519HkdfSha256, 32], 0x0010: [DhkemP256HkdfSha256, 65] };
const bytes = (text) => new TextEncoder().encode(text);
const u16 = (number) => Buffer.from([number >> 8, number & 255]);

/** The keys of a list of configurations (RFC 9458, section 3.1): X25519 first, then P-256. */
export function readConfigurations(list) {
  const keys = [];
  for (let at = 0; at < list.length;) {
    const size = list.readUInt16BE(at);
    const configuration = list.subarray(at + 2, at + 2 + size);
    const kem = configuration.readUInt16BE(1);
    keys.push({
      id: createHash('sha256').update(configuration).digest().subarray(0, 16),
      kem, publicKey: configuration.subarray(3, 3 + KEMS[kem][1]),
    });
    at += 2 + size;
  }
  return keys;
}

/** The keys that the server names. A real caller takes them from verified claims instead. */
export async function keysOf(server) {
  const { bytes: list } = await server.request('GET', '/.well-known/hpke-keys', { user: null });
  return readConfigurations(list);
}

/**
 * Who seals under one encapsulation: {enc, seal(route, text, {sequence})}. Each request has the next number, or
 * the one given. `secrets()` is what both ends derive: key, base nonce, exporter secret.
 */
export async function newSender(key) {
  const [Kem] = KEMS[key.kem];
  const suite = new CipherSuite({ kem: new Kem(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
  const header = Buffer.concat([key.id, u16(key.kem), u16(1), u16(2)]);
  const publicKey = key.publicKey;
  const sender = await suite.createSenderContext({
    recipientPublicKey: await suite.kem.deserializePublicKey(publicKey.buffer.slice(publicKey.byteOffset, publicKey.byteOffset + publicKey.length)),
    info: Buffer.concat([bytes('neocompute sealed request\0'), header]),
  });
  const enc = Buffer.from(sender.enc);
  const secrets = [sender._ctx.key._rawKey, sender._ctx.baseNonce, sender.exporterSecret].map((secret) => Buffer.from(new Uint8Array(secret)));
  let next = 0;
  const sealOne = async (route, text, sequence = next) => {
    sender._ctx.seq = sequence; // the library counts up and no more; a test may want any number, and any twice
    next = sequence + 1;
    const plain = bytes(typeof text === 'string' ? text : JSON.stringify(text));
    const sealed = Buffer.from(await sender.seal(plain, Buffer.concat([bytes(`${route}\0`), key.id])));
    const number = Buffer.alloc(4);
    number.writeUInt32BE(sequence);
    const body = Buffer.concat([header, enc, number, sealed]);
    const about = Buffer.concat([bytes('neocompute sealed response\0'), createHash('sha256').update(body).digest()]);
    const secret = Buffer.from(await sender.export(about, 32));
    return { body, open: (response) => open(response, enc, secret) };
  };
  let turn = Promise.resolve();
  const inTurn = (...args) => (turn = turn.then(() => sealOne(...args)));
  return { enc, secrets: () => secrets, seal: (route, text, { sequence } = {}) => inTurn(route, text, sequence) };
}

/** Seals `text` (a string, or anything as JSON) under an encapsulation of its own: {body, open(response)}. */
export async function seal(key, route, text) {
  return (await newSender(key)).seal(route, text);
}

/** `encrypted_output` with any `text`, as anybody can make it for the JWK of an encrypt_to. */
export async function sealTo({ x }, jobId, text) {
  const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
  const sender = await suite.createSenderContext({
    recipientPublicKey: await suite.kem.deserializePublicKey(Uint8Array.from(Buffer.from(x, 'base64url')).buffer),
    info: bytes('neocompute encrypted output'),
  });
  const sealed = Buffer.from(await sender.seal(bytes(text), bytes(jobId)));
  return Buffer.concat([Buffer.from(sender.enc), sealed]).toString('base64');
}

/** {jobId, sequence, status, type, body} of a sealed response; throws if it does not open. */
function open(response, enc, secret) {
  const aad = response.subarray(0, 40);
  const nonce = response.subarray(40, 72);
  const salt = Buffer.concat([enc, nonce]);
  const prk = createHmac('sha256', salt).update(secret).digest();
  const expand = (info, size) => createHmac('sha256', prk).update(info).update(Buffer.from([1])).digest().subarray(0, size);
  const full = Buffer.from(hkdfSync('sha256', secret, salt, 'key', 32));
  assert.deepEqual(expand('key', 32), full, 'two ways to the same key');
  const cipher = createDecipheriv('aes-256-gcm', expand('key', 32), expand('nonce', 12));
  cipher.setAAD(aad);
  cipher.setAuthTag(response.subarray(-16));
  const text = Buffer.concat([cipher.update(response.subarray(72, -16)), cipher.final()]).toString();
  const { body, content_type: type, status, ...rest } = JSON.parse(text);
  assert.deepEqual(rest, {});
  return { jobId: aad.subarray(0, 36).toString(), sequence: aad.readUInt32BE(36), status, type, body, size: response.length };
}

/** Sends a sealed request. The answer as Server.request gives it, with `inside` if it opens. */
export async function send(server, envelope, { method = 'POST', path = '/execute', ...options } = {}) {
  const answer = await server.request(method, path, {
    ...options, body: envelope.body, headers: { 'Content-Type': REQUEST_TYPE, ...options.headers },
  });
  if (answer.headers['content-type'] !== RESPONSE_TYPE) return answer;
  assert.equal(answer.status, 200);
  return { ...answer, inside: envelope.open(answer.bytes) };
}

/** POST /execute, sealed to the first of the server's keys; what is inside the answer. */
export async function executeSealed(server, request, options) {
  const [key] = await keysOf(server);
  const { inside, text } = await send(server, await seal(key, 'POST /execute', request), options);
  assert.ok(inside, text);
  return inside;
}

/** A key pair for `encrypt_to`: {jwk, text, thumbprint, open(job)}. */
export async function recipient() {
  const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
  const pair = await suite.kem.generateKeyPair();
  const text = Buffer.from(await suite.kem.serializePublicKey(pair.publicKey)).toString('base64url');
  const open = async ({ job_id: id, encrypted_output: sealed }) => {
    const bytes_ = Buffer.from(sealed, 'base64');
    const context = await suite.createRecipientContext({
      recipientKey: pair.privateKey, enc: Uint8Array.from(bytes_.subarray(0, 32)).buffer, info: bytes('neocompute encrypted output'),
    });
    return JSON.parse(Buffer.from(await context.open(Uint8Array.from(bytes_.subarray(32)), bytes(id))).toString());
  };
  const members = `{"crv":"X25519","kty":"OKP","x":"${text}"}`;
  return { text, jwk: { kty: 'OKP', crv: 'X25519', x: text }, thumbprint: createHash('sha256').update(members).digest('base64url'), open };
}

/** The claims of a receipt, in either form; nothing of it is verified here. */
export function claimsOf(receipt) {
  const payload = receipt.includes('~') ? receipt.split('~')[0] : receipt.split('.')[1];
  return JSON.parse(Buffer.from(payload, 'base64url'));
}
