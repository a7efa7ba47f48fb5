// Signs what the service would never sign, with the keys that it would sign with: the service
// identity is derived from the master key of the tests: see src/protect/protect.h.

import { createHash, createPrivateKey, createPublicKey, hkdfSync, randomBytes, sign } from 'node:crypto';
import { masterKey } from '../lib/settings.mjs';

const PKCS8_OF_SEED = Buffer.from('302e020100300506032b657004220420', 'hex'); // RFC 8410

const base64url = (data) => Buffer.from(data).toString('base64url');
const withLength = (bytes) => {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(bytes.length);
  return Buffer.concat([size, bytes]);
};

/** The JWK of a public key as the service writes it, `kid` being its thumbprint (RFC 7638). */
export function jwkOf(x) {
  const kid = createHash('sha256').update(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`).digest('base64url');
  return { alg: 'Ed25519', crv: 'Ed25519', kid, kty: 'OKP', use: 'sig', x };
}

function signer(privateKey) {
  const jwk = jwkOf(createPublicKey(privateKey).export({ format: 'jwk' }).x);
  return {
    jwk,
    /** A compact JWS. `header` replaces members; a string payload is taken as it is. */
    sign(typ, payload, header = {}) {
      const head = { alg: 'Ed25519', kid: jwk.kid, typ, ...header };
      const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
      const input = `${base64url(JSON.stringify(head))}.${base64url(text)}`;
      return `${input}.${sign(null, Buffer.from(input), privateKey).toString('base64url')}`;
    },
  };
}

export function signerOfSeed(seed) {
  return signer(createPrivateKey({
    key: Buffer.concat([PKCS8_OF_SEED, seed]), format: 'der', type: 'pkcs8',
  }));
}

export function serviceIdentity() {
  const info = Buffer.concat([Buffer.from('neocompute/v1'), Buffer.from('service-identity'),
    Buffer.from([0, 0, 0, 1]), Buffer.alloc(0)].map(withLength));
  return signerOfSeed(Buffer.from(hkdfSync('sha256', Buffer.from(masterKey, 'hex'), '', info, 32)));
}

export const randomSigner = () => signerOfSeed(randomBytes(32));
