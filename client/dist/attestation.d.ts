import { type Transport } from './http.ts';
import { type AttestationPolicy, type Bundle, type TrustedClaims } from './trust.ts';
export declare class Attestation {
    #private;
    constructor(transport: Transport, policy: AttestationPolicy | undefined);
    /** Throws a TrustError `no_policy` if the caller named nobody to believe. */
    demandPolicy(): AttestationPolicy;
    /** The keys in force now; `again` if those that are known are refused. Throws a TrustError. */
    current({ again, signal }?: {
        again?: boolean;
        signal?: AbortSignal | undefined;
    }): Promise<TrustedClaims>;
    /** The claims with this digest (hex), of keys in force or retired. Throws a TrustError. */
    byDigest(digest: string, signal?: AbortSignal): Promise<TrustedClaims>;
    /** Verifies a bundle under the policy; where that pins nothing, under the first identity met. */
    verify(bundle: Bundle): Promise<TrustedClaims>;
}
