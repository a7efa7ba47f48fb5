import { type Bytes } from './bytes.ts';
import { type Check } from './errors.ts';
import type { JsonObject } from './json.ts';
import { type Jws } from './jws.ts';
import { type Path } from './merkle.ts';
import { type AttestationPolicy, type Bundle, type TrustedClaims } from './trust.ts';
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
/** Limits of a job: seconds, gas, bytes. */
export interface Limits {
    readonly timeout: number;
    readonly gas_limit: number;
    readonly memory_limit: number;
}
/** What the caller knows of the job. Each member that is there is checked. */
export interface Expectations {
    readonly jobId?: string;
    readonly nonce?: string;
    /** The script, as it was sent. */
    readonly script?: string;
    /** The JSON text of the input, byte for byte as it was sent; "{}" if none was. */
    readonly inputJson?: string;
    /** The JSON text of the output as it stood in the answer; null: the job must have none. */
    readonly outputJson?: string | null;
    /** `output_hash` of the answer. */
    readonly outputHash?: string;
    readonly entryPoint?: string;
    /** Who the job was for; needs `salt`. */
    readonly userId?: string;
    /** `receipt_salt` of the answer. */
    readonly salt?: string;
    readonly status?: string;
    readonly errorCode?: string | null;
    /** null: the receipt must name none */
    readonly appId?: string | null;
    readonly scriptName?: string | null;
    /** Names of the secrets that the job asked for. */
    readonly secretRefs?: readonly string[];
    readonly gasUsed?: number | null;
    readonly memoryUsed?: number | null;
    readonly nondeterminism?: readonly string[] | null;
    /** When the job began, ms since 1970. */
    readonly startedMs?: number;
    /** The limits that the answer shows; `timeout` in seconds. */
    readonly limits?: Limits | null;
    /** The most that the job may have been given, as asked; `timeout` in seconds. */
    readonly atMost?: Partial<Limits>;
    /** Thumbprint of the key that the output is encrypted to; null: of none. */
    readonly encryptTo?: string | null;
    /** Was it a sealed call? Then input, output and names of secrets are under the salt. */
    readonly sealed?: boolean;
    /** Seconds; trusts the service's clock and this machine's. For freshness, use a nonce. */
    readonly maxAge?: number;
}
/** A receipt that was verified, and how. */
export interface Verification {
    readonly receipt: Receipt;
    readonly checks: readonly Check[];
    /** No trusted hardware vouches for this service: say so to whoever relies on it. */
    readonly simulation: boolean;
    /** The claims whose key signed it. */
    readonly claims: TrustedClaims;
}
/** A receipt taken apart; nothing of it is verified. */
export interface ParsedReceipt {
    readonly payload: Bytes;
    readonly receipt: Receipt;
    /** What is signed: the receipt itself, or the root of a batch. */
    readonly jws: Jws;
    /** Of a batch: the way to its root, and what is signed about that. */
    readonly batch: {
        readonly path: Path;
        readonly root: JsonObject;
    } | undefined;
}
/** Takes a receipt of either form apart, without verifying it. Throws a ReceiptError. */
export declare function parseReceipt(text: string): ParsedReceipt;
/**
 * Checks a receipt whose claims are trusted already. Expectations come from more than one side (the
 * caller, the answer), and all must hold. Throws a ReceiptError.
 */
export declare function checkReceipt(parsed: ParsedReceipt, claims: TrustedClaims, ...expectations: Expectations[]): Promise<Verification>;
/**
 * Verifies a receipt offline: its form, the bundle under the caller's policy, the signature, and
 * all that `expect` says of the job. Throws a ReceiptError whose `code` is the first thing that is
 * wrong and whose `checks` are all that were made; a TrustError `no_policy` without a policy.
 */
export declare function verifyReceipt(text: string, bundle: Bundle, policy: AttestationPolicy, expect?: Expectations): Promise<Verification>;
