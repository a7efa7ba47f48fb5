/**
 * The client of NeoCompute: runs JavaScript in a service, checks the receipt of every answer, and
 * seals what nobody between may read.
 *
 * @module
 */
export {
  NeoCompute, type NeoComputeOptions, type ReceiptBundle, type SealOptions,
} from './client.ts';
export type { ExecuteOptions, ExecuteRequest, Job, VerifiedJob } from './job.ts';
export type {
  CallOptions, ChangeOptions, Policy, Secret, Secrets, SetOptions, Tagged,
} from './secrets.ts';
export type { Receipt } from './payload.ts';
export {
  parseReceipt, verifyReceipt, type Expectations, type ParsedReceipt, type Verification,
} from './receipt.ts';
export {
  verifyBundle, type AttestationPolicy, type Bundle, type TrustedClaims,
} from './trust.ts';
export type { Jwk, Jws } from './jws.ts';
export { canonicalize, type Json, type JsonObject } from './json.ts';
export {
  NeoComputeError, NetworkError, ReceiptError, RequestError, SealError, TrustError, type Check,
} from './errors.ts';
