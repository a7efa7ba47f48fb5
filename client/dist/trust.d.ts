import { type Bytes } from './bytes.ts';
import { type JsonObject } from './json.ts';
import { type Jwk } from './jws.ts';
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
    readonly evidence: {
        readonly type: string;
    };
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
export declare const CLOCK_SLACK = 60;
/** No policy, no trust: throws a TrustError `no_policy`. */
export declare function demandPolicy(policy: AttestationPolicy | undefined): AttestationPolicy;
/** As `verifyBundle`, but throws a Refusal. */
export declare function judgeBundle(bundle: Bundle, policy: AttestationPolicy): Promise<TrustedClaims>;
/** Verifies a bundle of `/attestation` under a policy. Throws a TrustError. */
export declare function verifyBundle(bundle: Bundle, policy: AttestationPolicy): Promise<TrustedClaims>;
