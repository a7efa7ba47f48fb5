// The keys of one boot, the claims document that binds them, and the identity's statement on it.

import crypto from 'node:crypto';
import { CompactSign, calculateJwkThumbprint, importJWK } from 'jose';
import {
  Aes256Gcm, CipherSuite, DhkemP256HkdfSha256, DhkemX25519HkdfSha256, HkdfSha256,
} from '@hpke/core';
import { canonical } from '../../lib/canonical.mjs';
import { b64u, concat, fixed, hex, sha256, u16 } from './bytes.mjs';

export const NOT_BEFORE = 1795000000; // seconds
export const NOT_AFTER = NOT_BEFORE + 24 * 3600;

/** As /info has it; receipts name only the kind and the weakest level. */
const ISOLATION = {
  kind: 'process',
  properties: [
    { by: 'seccomp, landlock, empty root', level: 'full', name: 'no files' },
    { by: 'data limit', level: 'reduced', name: 'bounded memory' },
  ],
};

export const ENGINE_DIGEST = hex(fixed('engine'));

/** An Ed25519 key from a label: {seed, jwk (public, as the service writes it), sign}. */
export async function ed25519(label) {
  const seed = fixed(label);
  const pkcs8 = concat(Buffer.from('302e020100300506032b657004220420', 'hex'), seed);
  const key = crypto.createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  const { x } = key.export({ format: 'jwk' });
  const kid = await calculateJwkThumbprint({ crv: 'Ed25519', kty: 'OKP', x });
  const jwk = { alg: 'Ed25519', crv: 'Ed25519', kid, kty: 'OKP', use: 'sig', x };
  const secret = await importJWK({ ...jwk, d: b64u(seed) }, 'Ed25519');
  const sign = (typ, payload, header = {}) => new CompactSign(Buffer.from(payload))
    .setProtectedHeader({ alg: 'Ed25519', kid, typ, ...header }).sign(secret);
  return { seed, jwk, sign };
}

const KEMS = [
  { number: 1, id: 0x0020, name: 'X25519', kem: new DhkemX25519HkdfSha256() },
  { number: 2, id: 0x0010, name: 'P-256', kem: new DhkemP256HkdfSha256() },
];

export const KDF = 0x0001; // HKDF-SHA256
export const AEAD = 0x0002; // AES-256-GCM

/** One HPKE key and its configuration (RFC 9458, section 3.1). */
async function hpkeKey({ number, id, name, kem }, label) {
  const suite = new CipherSuite({ kem, kdf: new HkdfSha256(), aead: new Aes256Gcm() });
  const pair = await suite.kem.deriveKeyPair(fixed(`${label} ${name}`));
  const ephemeral = await suite.kem.deriveKeyPair(fixed(`${label} ${name} ephemeral`));
  const publicKey = Buffer.from(await suite.kem.serializePublicKey(pair.publicKey));
  const privateKey = Buffer.from(await suite.kem.serializePrivateKey(pair.privateKey));
  const ephemeralKey = Buffer.from(await suite.kem.serializePrivateKey(ephemeral.privateKey));
  const configuration = concat([number], u16(id), publicKey, u16(4), u16(KDF), u16(AEAD));
  const keyId = sha256(configuration).subarray(0, 16);
  return {
    id, name, suite, pair, ephemeral, ephemeralKey, publicKey, privateKey, configuration, keyId,
  };
}

/** The keys of one boot: their claims and the bundle that /attestation answers. */
export async function boot(identity, label, { notBefore = NOT_BEFORE, notAfter = NOT_AFTER } = {}) {
  const result = await ed25519(`${label} result`);
  const hpke = await Promise.all(KEMS.map((kem) => hpkeKey(kem, `${label} hpke`)));
  const claims = canonical({
    engine_digest: ENGINE_DIGEST,
    hpke_keys: hpke.map(({ configuration, keyId }) => (
      { configuration: b64u(configuration), key_id: b64u(keyId) })),
    identity_key: identity.jwk,
    isolation: ISOLATION,
    not_after: notAfter,
    not_before: notBefore,
    result_key: result.jwk,
    service: 'neocompute',
    tee: 'none',
    version: 1,
  });
  const digest = hex(sha256(claims));
  const bundle = await bundleOf(identity, result, claims);
  return { identity, result, hpke, claims, digest, bundle };
}

/** The bundle of a claims document; the last argument may make its statement a wrong one. */
export async function bundleOf(identity, result, claims, { payload = {}, header = {}, typ } = {}) {
  const digest = hex(sha256(claims));
  const { not_after: exp, not_before: iat } = JSON.parse(claims);
  const said = { claims_sha256: digest, exp, iat, iss: 'neocompute', key: result.jwk, ...payload };
  const statement = await identity.sign(typ ?? 'neocompute-key+jwt', canonical(said), header);
  return {
    claims, claims_sha256: digest, evidence: { type: 'none' }, identity_key: identity.jwk,
    statement,
  };
}

const publicPart = ({ seed, jwk }) => ({ seed: hex(seed), jwk });

export async function makeKeys() {
  const identity = await ed25519('identity');
  const foreign = await ed25519('foreign identity');
  const previous = await ed25519('previous identity'); // of the master key before this one
  const now = await boot(identity, 'boot');
  const { statement } = await bundleOf(previous, now.result, now.claims);
  const other = await boot(foreign, 'foreign boot'); // a service of somebody else
  const configurations = concat(...now.hpke.flatMap(({ configuration }) => (
    [u16(configuration.length), configuration])));
  const file = {
    identity: publicPart(identity),
    result: publicPart(now.result),
    hpke: now.hpke.map(({ id, name, publicKey, privateKey, configuration, keyId }) => ({
      kem: id, name, public: hex(publicKey), private: hex(privateKey),
      configuration: hex(configuration), key_id: hex(keyId),
    })),
    hpke_keys: hex(configurations),
    jwks: { keys: [now.result.jwk, identity.jwk] },
    bundle: now.bundle,
    previous_identity: publicPart(previous),
    previous_bundle: {
      ...now.bundle, previous_identity_key: previous.jwk, previous_statement: statement,
    },
    foreign_bundle: other.bundle,
  };
  return { identity, previous, foreign, now, other, file };
}
