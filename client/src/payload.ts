// The payload of a receipt: its members, each of its kind, and what one says about others.

import type { Bytes } from './bytes.ts';
import type { Json, JsonObject } from './json.ts';
import { Refusal, readPayload } from './jws.ts';

/** The claims of a receipt; docs/protocol.md of the service describes each. */
export interface Receipt extends JsonObject {
  claims_sha256: string;
  duration_us: number;
  engine_digest: string;
  entry_point: string;
  gas_limit: number;
  gas_used: number;
  iat: number;
  iss: string;
  jti: string;
  memory_limit: number;
  memory_used: number;
  nondeterminism: string[];
  status: string;
  sub: string;
  timeout_ms: number;
  version: number;
}

type Kind = (value: Json | undefined) => boolean;

const isText: Kind = (value) => typeof value === 'string' && !/\p{Surrogate}/u.test(value);
const isHash: Kind = (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
const isCount: Kind = (value) => (
  Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0));
const isList: Kind = (value) => Array.isArray(value);
const isTrue: Kind = (value) => value === true;
const isObject: Kind = (value) => (
  typeof value === 'object' && value !== null && !Array.isArray(value));

const REQUIRED: { readonly [name: string]: Kind } = {
  claims_sha256: isHash, duration_us: isCount, engine_digest: isHash, entry_point: isText,
  gas_limit: isCount, gas_used: isCount, iat: isCount, isolation: isObject, iss: isText,
  jti: isText, memory_limit: isCount, memory_used: isCount, nondeterminism: isList,
  script_sha256: isHash, secrets: isList, started_ms: isCount, status: isText, sub: isHash,
  timeout_ms: isCount, version: isCount,
};

const OPTIONAL: { readonly [name: string]: Kind } = {
  app_id: isText, encrypt_to: isText, error_code: isText, input_hmac: isHash,
  input_sha256: isHash, nonce: isText, output_hmac: isHash, output_sha256: isHash,
  rounded: isTrue, script_name: isText, sealed: isTrue,
};

/** What one member says about others. */
function fitEachOther(claims: Receipt): boolean {
  const has = (name: string) => claims[name] !== undefined;
  const outputs = [has('output_sha256'), has('output_hmac')].filter(Boolean).length;
  return has('input_sha256') !== has('input_hmac') && (
    claims.status === 'completed' ? outputs === 1 && !has('error_code')
      : claims.status === 'failed' && outputs < 2 && has('error_code'));
}

/** The claims that a payload is: all that a receipt has. Throws a Refusal. */
export function readReceipt(payload: Bytes): Receipt {
  const claims = readPayload(payload) as Receipt;
  const { iss, version } = claims;
  if (iss !== 'neocompute' || version !== 1) {
    throw new Refusal('version', `a receipt of ${JSON.stringify(iss)}, version ${String(version)}`);
  }
  for (const [name, is] of Object.entries(REQUIRED)) {
    if (!is(claims[name])) throw new Refusal('malformed', `the claim "${name}" is missing or wrong`);
  }
  for (const [name, is] of Object.entries(OPTIONAL)) {
    if (claims[name] !== undefined && !is(claims[name])) {
      throw new Refusal('malformed', `the claim "${name}" is wrong`);
    }
  }
  if (!fitEachOther(claims)) {
    throw new Refusal('malformed', 'status, error_code, input and output do not fit each other');
  }
  return claims;
}
