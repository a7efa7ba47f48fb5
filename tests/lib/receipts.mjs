// Receipts and keys as a stranger verifies them: jose and node:crypto alone, nothing of the service.

import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import * as jose from 'jose';
import { canonical } from './canonical.mjs';

export const sha256 = (...parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

const text = (bytes) => Buffer.from(bytes).toString();

/** Must be JSON in the form of RFC 8785, to the byte. */
export function parseCanonical(bytes) {
  const value = JSON.parse(text(bytes));
  assert.equal(canonical(value), text(bytes), 'not in canonical form');
  return value;
}

/** The payload of a JWS that `jwk` signed as `typ`. */
export async function verifyJws(jws, jwk, typ) {
  const key = await jose.importJWK(jwk, 'Ed25519');
  const { payload, protectedHeader } = await jose.compactVerify(jws, key, { algorithms: ['Ed25519', 'EdDSA'] });
  assert.deepEqual(protectedHeader, { alg: 'Ed25519', kid: await jose.calculateJwkThumbprint(jwk), typ });
  return parseCanonical(payload);
}

/** RFC 9162, section 2.1.3.2. */
export function rootOf(leaf, index, size, path) {
  assert.ok(index < size && size > 1);
  let [fn, sn, r] = [index, size - 1, leaf];
  for (const p of path) {
    assert.notEqual(sn, 0, 'the path is too long');
    if (fn % 2 === 1 || fn === sn) {
      r = sha256('\x01', p, r);
      while (fn % 2 === 0 && fn !== 0) { fn >>= 1; sn >>= 1; }
    } else {
      r = sha256('\x01', r, p);
    }
    fn >>= 1;
    sn >>= 1;
  }
  assert.equal(sn, 0, 'the path is too short');
  return r;
}

/** The claims of a receipt in either form, signed by `jwk`; `batch` is how many shared the signature. */
export async function verifyReceipt(receipt, jwk) {
  const parts = receipt.split('~');
  if (parts.length === 1) {
    return { claims: await verifyJws(receipt, jwk, 'neocompute-receipt+jwt'), batch: 1 };
  }
  assert.equal(parts.length, 3);
  const [payload, path] = parts.slice(0, 2).map((part) => Buffer.from(part, 'base64url'));
  const batch = await verifyJws(parts[2], jwk, 'neocompute-batch+jwt');
  const hashes = [];
  for (let at = 8; at < path.length; at += 32) hashes.push(path.subarray(at, at + 32));
  const [index, size] = [path.readUInt32BE(0), path.readUInt32BE(4)];
  const root = rootOf(sha256('\x00', payload), index, size, hashes);
  assert.equal(root.toString('hex'), batch.root);
  assert.equal(size, batch.size);
  assert.equal(batch.iss, 'neocompute');
  assert.equal(batch.version, 1);
  const claims = parseCanonical(payload);
  assert.equal(claims.iat, batch.iat);
  return { claims, batch: size };
}

/** The claims of a bundle, all of it checked: digest, statement, keys. */
export async function verifyBundle(bundle) {
  assert.equal(sha256(bundle.claims).toString('hex'), bundle.claims_sha256);
  const claims = parseCanonical(bundle.claims);
  assert.deepEqual(claims.identity_key, bundle.identity_key);
  const check = async (statement, identity) => {
    const said = await verifyJws(statement, identity, 'neocompute-key+jwt');
    assert.equal(said.claims_sha256, bundle.claims_sha256);
    assert.deepEqual(said.key, claims.result_key);
    assert.deepEqual([said.iat, said.exp], [claims.not_before, claims.not_after]);
  };
  await check(bundle.statement, bundle.identity_key);
  if (bundle.previous_statement) await check(bundle.previous_statement, bundle.previous_identity_key);
  for (const { configuration, key_id: keyId } of claims.hpke_keys) {
    assert.equal(sha256(Buffer.from(configuration, 'base64url')).subarray(0, 16).toString('base64url'), keyId);
  }
  return claims;
}

export const subjectOf = (user, salt) =>
  createHmac('sha256', Buffer.from(salt, 'base64url')).update(user).digest('hex');

/** Verifies the receipt of a job's answer with the keys in force; gives its claims. */
export async function receiptOf(server, job) {
  const { json } = await server.request('GET', '/.well-known/jwks.json', { user: null });
  return verifyReceipt(job.receipt, json.keys[0]);
}
