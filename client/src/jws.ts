// JSON Web Signatures of the service: compact form, Ed25519 only; the header is judged first.

import { calculateJwkThumbprint, compactVerify, importJWK } from 'jose';
import { fromBase64url, hex, text, type Bytes } from './bytes.ts';
import { NeoComputeError } from './errors.ts';
import { parseObject, type JsonObject } from './json.ts';

/** A public Ed25519 key (RFC 8037). */
export interface Jwk {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  /** base64url of its 32 bytes */
  readonly x: string;
  readonly kid?: string;
  readonly alg?: string;
  readonly use?: string;
}

/** Everything that a key of the service ever signs, by the `typ` that says so. */
export const TYPES = {
  receipt: 'neocompute-receipt+jwt',
  batch: 'neocompute-batch+jwt',
  key: 'neocompute-key+jwt',
} as const;

/** Why something is refused, before it is known whose error it becomes. */
export class Refusal extends NeoComputeError {}

/** A JWS taken apart; nothing of it is verified. */
export interface Jws {
  readonly text: string;
  readonly typ: string;
  readonly kid: string;
  readonly payload: Bytes;
}

const MOST = 1024 * 1024; // characters of a JWS
const SIGNATURE_SIZE = 64;

function malformed(what: string): Refusal {
  return new Refusal('malformed', what);
}

/** Takes a compact JWS apart and judges its header. Throws a Refusal. */
export function parseJws(compact: string): Jws {
  const parts = compact.length <= MOST ? compact.split('.') : [];
  if (parts.length !== 3) throw malformed('a signature has three parts with a dot between them');
  const [header, payload, signature] = parts.map(fromBase64url);
  if (!header || !payload || !signature) throw malformed('a part is not base64url');
  const { alg, crit, b64, typ, kid } = readHeader(header);
  if (alg !== 'Ed25519' && alg !== 'EdDSA') {
    throw new Refusal('algorithm', `the algorithm is ${JSON.stringify(alg)}, not Ed25519`);
  }
  if (crit !== undefined || b64 !== undefined) {
    throw new Refusal('critical', 'the header has extensions, and none is known here');
  }
  if (typeof typ !== 'string' || typeof kid !== 'string') {
    throw malformed('the header has no "typ" or no "kid"');
  }
  if (signature.length !== SIGNATURE_SIZE) throw malformed('a signature has 64 bytes');
  return { text: compact, typ, kid, payload };
}

function readHeader(bytes: Bytes): JsonObject {
  return readPayload(bytes, 'header');
}

/** The JSON object that a payload is. Throws a Refusal. */
export function readPayload(bytes: Bytes, what = 'payload'): JsonObject {
  let object: JsonObject | undefined;
  try {
    object = parseObject(text(bytes));
  } catch {
    // not UTF-8
  }
  if (!object) throw malformed(`the ${what} is not one JSON object`);
  return object;
}

/** Throws a Refusal if a JWS says that it is something else. */
export function demandType(jws: Jws, typ: string): void {
  if (jws.typ !== typ) throw new Refusal('type', `it is a "${jws.typ}", not a "${typ}"`);
}

/** Did this key sign it? The thumbprint has to be the key's own; see `thumbprint`. */
export async function isSignedBy(jws: Jws, key: Jwk): Promise<boolean> {
  try {
    const { kty, crv, x } = key;
    await compactVerify(jws.text, await importJWK({ kty, crv, x }, 'Ed25519'),
      { algorithms: ['Ed25519', 'EdDSA'] });
    return true;
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'NotSupportedError') {
      throw new NeoComputeError('unsupported', 'this runtime has no Ed25519', { cause });
    }
    return false;
  }
}

// The y of all points of small order, in every encoding; the other bit is the sign of x. A signature
// of theirs can be made by anyone, and WebCrypto takes it.
const SMALL_ORDER = new Set([
  `${'00'.repeat(32)}`, `01${'00'.repeat(31)}`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  `ec${'ff'.repeat(30)}7f`, `ed${'ff'.repeat(30)}7f`, `ee${'ff'.repeat(30)}7f`,
]);

function isSmallOrder(x: Bytes): boolean {
  const y = x.slice();
  y[31]! &= 0x7f;
  return SMALL_ORDER.has(hex(y));
}

/** A key of this kind, no signature of which anyone could make, and nothing private in it. */
export function isJwk(value: unknown): value is Jwk {
  const key = value as { [name: string]: unknown } | null;
  if (typeof key !== 'object' || key === null || key.d !== undefined) return false;
  const x = typeof key.x === 'string' ? fromBase64url(key.x) : undefined;
  return key.kty === 'OKP' && key.crv === 'Ed25519' && x?.length === 32 && !isSmallOrder(x);
}

/** The thumbprint (RFC 7638) by which the service names a key. */
export function thumbprint({ kty, crv, x }: { kty: string; crv: string; x: string }):
  Promise<string> {
  return calculateJwkThumbprint({ kty, crv, x });
}
