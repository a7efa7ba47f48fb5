import { type Bytes } from './bytes.ts';
export declare const REQUEST_TYPE = "application/vnd.neocompute.sealed-request";
export declare const RESPONSE_TYPE = "application/vnd.neocompute.sealed-response";
/** The job id of an answer that is of no job. */
export declare const NO_JOB = "00000000-0000-0000-0000-000000000000";
/** A key of the service that requests can be sealed to. */
export interface SealingKey {
    readonly id: Bytes;
    readonly kem: number;
    readonly publicKey: Bytes;
}
/** An answer that was opened: what the plain call would have answered. */
export interface OpenedAnswer {
    readonly jobId: string;
    readonly status: number;
    readonly contentType: string;
    readonly body: string;
}
/** A request that was sealed, and the only means to read its answers. */
export interface SealedRequest {
    readonly body: Bytes;
    /** Throws a SealError `answer` if it is not an answer to this very request. */
    open(response: Bytes): Promise<OpenedAnswer>;
}
/** The key to seal to, from verified claims: X25519 before P-256. Throws a SealError `no_key`. */
export declare function chooseKey(configurations: readonly Bytes[]): Promise<SealingKey>;
/** For tests with fixed vectors only: the ephemeral key pair. */
export interface Ephemeral {
    readonly ephemeral?: CryptoKeyPair;
}
/** Seals `plaintext` for a route ("POST /execute", the path as sent, without query). */
export declare function sealRequest(key: SealingKey, route: string, plaintext: string, { ephemeral }?: Ephemeral): Promise<SealedRequest>;
/**
 * Opens `encrypted_output` of an answer with the private key (X25519) that belongs to `encrypt_to`.
 * Throws a SealError `answer`.
 */
export declare function openEncryptedOutput(encrypted: string, jobId: string, privateKey: CryptoKey): Promise<string>;
