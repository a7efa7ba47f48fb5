// Whom the caller believes: the one door through which keys of the service come in.
//
// A key is taken from a claims document, and only after that was verified under the caller's
// policy: its digest is pinned, or the identity that states it is. A key anywhere else (a key set,
// a problem document, beside a receipt) is at most a reason to look at the claims again.

import { fromBase64url, hex, sha256, toBase64url, utf8, type Bytes } from './bytes.ts';
import { TrustError } from './errors.ts';
import { canonicalize, parseObject, type Json, type JsonObject } from './json.ts';
import {
  Refusal, TYPES, demandType, isJwk, isSignedBy, parseJws, readPayload, thumbprint, type Jwk,
} from './jws.ts';

/** What makes the service's keys believable. At least one of its members has to be there. */
export interface AttestationPolicy {
  /** The lasting identity of the service, as its operator publishes it (or its x, in base64url). */
  readonly identityKey?: Jwk | string;
  /** Digests (hex) of claims documents that were checked by other means. */
  readonly claimsSha256?: string | readonly string[];
  /**
   * Take claims for which no trusted hardware vouches. Alone, without a key or digest, it believes
   * the first identity that it meets, and from then on only that one.
   */
  readonly allowSimulation?: boolean;
}

/** What `/attestation` answers: claims as bytes in a string, and what vouches for them. */
export interface Bundle {
  readonly claims: string;
  readonly claims_sha256: string;
  readonly evidence: { readonly type: string };
  readonly identity_key: Jwk;
  readonly statement: string;
  readonly previous_identity_key?: Jwk;
  readonly previous_statement?: string;
}

/** A claims document that was verified: the only source of keys. */
export interface TrustedClaims {
  /** Hex SHA-256 of the document. */
  readonly digest: string;
  /** Signs receipts. */
  readonly resultKey: Jwk;
  /** Thumbprint of the identity that stated this. */
  readonly identity: string;
  /** HPKE key configurations (RFC 9458, section 3.1), for sealed calls. */
  readonly hpkeKeys: readonly Bytes[];
  /** Life of the keys, in seconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** No trusted hardware vouches for this service. */
  readonly simulation: boolean;
  /** The whole document. */
  readonly document: JsonObject;
}

/** How far two clocks may differ, in seconds. */
export const CLOCK_SLACK = 60;

/** No policy, no trust: throws a TrustError `no_policy`. */
export function demandPolicy(policy: AttestationPolicy | undefined): AttestationPolicy {
  const { identityKey, claimsSha256, allowSimulation } = policy ?? {};
  if (identityKey === undefined && claimsSha256 === undefined && !allowSimulation) {
    throw new TrustError('no_policy', 'no key can be trusted: give attestation.identityKey, ' +
      'attestation.claimsSha256, or attestation.allowSimulation');
  }
  return policy!;
}

function readDocument(bundle: Bundle): JsonObject {
  const document = typeof bundle?.claims === 'string' ? parseObject(bundle.claims) : undefined;
  const { claims_sha256, statement } = bundle ?? {};
  if (!document || typeof claims_sha256 !== 'string' || typeof statement !== 'string') {
    throw new Refusal('malformed', 'the bundle has no claims document');
  }
  return document;
}

async function demandDigest(bundle: Bundle, { claimsSha256 }: AttestationPolicy): Promise<string> {
  const digest = hex(await sha256(utf8(bundle.claims)));
  if (digest !== bundle.claims_sha256) {
    throw new Refusal('claims', 'the claims document was changed: its digest is another one');
  }
  if (claimsSha256 !== undefined && ![claimsSha256].flat().includes(digest)) {
    throw new Refusal('claims', `the claims document ${digest} is not one that is pinned`);
  }
  return digest;
}

async function pinnedIdentity({ identityKey }: AttestationPolicy): Promise<string | undefined> {
  if (identityKey === undefined) return undefined;
  const key = typeof identityKey === 'string'
    ? { kty: 'OKP', crv: 'Ed25519', x: identityKey } : identityKey;
  if (!isJwk(key)) throw new TrustError('malformed', 'attestation.identityKey is no Ed25519 key');
  return thumbprint(key);
}

/** The identity whose statement counts: the pinned one, or the one that the claims name. */
async function chooseStatement(bundle: Bundle, pinned: string | undefined) {
  const current = { key: bundle.identity_key, statement: bundle.statement };
  const previous = { key: bundle.previous_identity_key, statement: bundle.previous_statement };
  for (const { key, statement } of pinned === undefined ? [current] : [current, previous]) {
    if (!isJwk(key) || typeof statement !== 'string') continue;
    const kid = await thumbprint(key);
    if (pinned === undefined || kid === pinned) return { key, kid, statement };
  }
  throw new Refusal('identity', 'the claims are not stated by the identity that is pinned');
}

/** The statement must be by `key`, over this very digest, result key and time. */
async function demandStatement(statement: string, key: Jwk, kid: string, digest: string,
  document: JsonObject): Promise<void> {
  const wrong = (why: string) => new Refusal('statement', `the identity's statement ${why}`);
  let said: JsonObject;
  try {
    const jws = parseJws(statement);
    demandType(jws, TYPES.key);
    if (jws.kid !== kid || !await isSignedBy(jws, key)) throw wrong('is not signed by it');
    said = readPayload(jws.payload);
  } catch (error) {
    const isOther = error instanceof Refusal && error.code !== 'statement';
    throw isOther ? wrong(`is none: ${error.message}`) : error;
  }
  const expected: JsonObject = {
    claims_sha256: digest, exp: document.not_after!, iat: document.not_before!, iss: 'neocompute',
    key: document.result_key!,
  };
  for (const [name, value] of Object.entries(expected)) {
    if (said[name] === undefined || canonicalize(said[name]) !== canonicalize(value)) {
      throw wrong(`is about another "${name}" than the claims`);
    }
  }
}

function demandVersion(document: JsonObject): void {
  if (document.service !== 'neocompute' || document.version !== 1) {
    throw new Refusal('version', 'these are claims of another service or of another version');
  }
}

/** Evidence of trusted hardware: none is known yet, so `tee` must be "none", and allowed. */
function demandEvidence(bundle: Bundle, document: JsonObject, policy: AttestationPolicy): void {
  const { type, ...more } = bundle.evidence ?? {};
  if (document.tee !== 'none' || type !== 'none' || Object.keys(more).length > 0) {
    throw new Refusal('evidence', `evidence of ${JSON.stringify(document.tee)} is not known here`);
  }
  if (!policy.allowSimulation) {
    throw new Refusal('simulation', 'no trusted hardware vouches for this service, and ' +
      'attestation.allowSimulation does not allow that');
  }
}

function readKey(document: JsonObject, name: string): Jwk {
  const key: unknown = document[name];
  if (!isJwk(key)) throw new Refusal('malformed', `the claims have no "${name}"`);
  return key;
}

function readTime(document: JsonObject, name: string): number {
  const time = document[name];
  if (!Number.isSafeInteger(time) || (time as number) < 0) throw new Refusal('malformed', `the claims have no "${name}"`);
  return time as number;
}

/** The configurations whose key id is theirs. */
async function readHpkeKeys(list: Json | undefined): Promise<Bytes[]> {
  const keys: Bytes[] = [];
  for (const entry of Array.isArray(list) ? list as JsonObject[] : []) {
    const bytes = fromBase64url(String(entry?.configuration));
    const id = bytes && toBase64url((await sha256(bytes)).subarray(0, 16));
    if (!bytes || id !== entry.key_id) {
      throw new Refusal('malformed', 'an HPKE key of the claims is none');
    }
    keys.push(bytes);
  }
  return keys;
}

/** As `verifyBundle`, but throws a Refusal. */
export async function judgeBundle(bundle: Bundle, policy: AttestationPolicy):
  Promise<TrustedClaims> {
  const document = readDocument(bundle);
  const digest = await demandDigest(bundle, policy);
  demandVersion(document);
  const resultKey = readKey(document, 'result_key');
  const [notBefore, notAfter] = [readTime(document, 'not_before'), readTime(document, 'not_after')];
  const named = await thumbprint(readKey(document, 'identity_key'));
  const { key, kid, statement } = await chooseStatement(bundle, await pinnedIdentity(policy));
  if (key === bundle.identity_key && kid !== named) {
    throw new Refusal('identity', 'the claims name another identity than the bundle');
  }
  await demandStatement(statement, key, kid, digest, document);
  demandEvidence(bundle, document, policy);
  return {
    digest, resultKey, identity: kid, hpkeKeys: await readHpkeKeys(document.hpke_keys),
    notBefore, notAfter, simulation: true, document,
  };
}

/** Verifies a bundle of `/attestation` under a policy. Throws a TrustError. */
export async function verifyBundle(bundle: Bundle, policy: AttestationPolicy):
  Promise<TrustedClaims> {
  try {
    return await judgeBundle(bundle, demandPolicy(policy));
  } catch (error) {
    if (error instanceof Refusal) throw new TrustError(error.code, error.message);
    throw error;
  }
}
