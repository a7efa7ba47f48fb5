import { type Endpoint } from './http.ts';
import { type ExecuteOptions, type ExecuteRequest, type Job, type VerifiedJob } from './job.ts';
import { type Expectations, type Verification } from './receipt.ts';
import { Secrets, type CallOptions } from './secrets.ts';
import type { AttestationPolicy, Bundle, TrustedClaims } from './trust.ts';
/** How to reach a service, and whom to believe. */
export interface NeoComputeOptions extends Endpoint {
    /** Where the service or its gateway is, such as "https://compute.example". */
    readonly url: string;
    /** Sent as `Authorization: Bearer`, for a gateway that wants it. */
    readonly apiKey?: string | undefined;
    /** Sent as `X-User-ID`. Receipts are checked to be for this user. */
    readonly userId?: string | undefined;
    /** Another `fetch` than the runtime's. */
    readonly fetch?: typeof fetch | undefined;
    /** What makes the service's keys believable. Without it, only what needs no proof works. */
    readonly attestation?: AttestationPolicy | undefined;
}
/** A receipt with all that it takes to verify it offline: `Accept: application/json`. */
export interface ReceiptBundle {
    readonly receipt: string;
    readonly bundle: Bundle;
    readonly job_id: string;
    readonly salt: string;
}
export declare class NeoCompute {
    #private;
    /** The user's secrets. */
    readonly secrets: Secrets;
    constructor(options: NeoComputeOptions);
    /**
     * Runs a script and verifies the receipt of the answer: that this script ran on this input, gave
     * this output, under these limits, for this user, now (nonce). A script that fails is an answer
     * too, with `status` "failed" and a receipt of its own.
     *
     * Throws a TrustError, RequestError, NetworkError or ReceiptError; `verify: false` takes the
     * answer without a proof.
     */
    execute(request: ExecuteRequest, options: ExecuteOptions & {
        verify: false;
    }): Promise<Job>;
    execute(request: ExecuteRequest, options?: ExecuteOptions): Promise<VerifiedJob>;
    /**
     * The same, sealed: nothing between this program and the service can read request or answer, or
     * tell whether the job failed. Keys come from claims that are verified first; on a retired key
     * they are fetched and verified again, once. A lost answer is asked for again, once: the same
     * envelope runs nothing twice.
     */
    executeSealed(request: ExecuteRequest, options?: Omit<ExecuteOptions, 'idempotencyKey' | 'verify'>): Promise<VerifiedJob>;
    /**
     * One job of the user's. If it has ended, its receipt is verified, against `expect` too: what the
     * caller knows of it, such as the script. A sealed job shows only its sealed answer.
     */
    job(id: string, { verify, signal, expect }?: CallOptions & {
        verify?: boolean;
        expect?: Expectations;
    }): Promise<Job>;
    /**
     * The user's jobs, newest first, as the service lists them; nothing is verified. `next` is the
     * cursor of the page after this one, undefined on the last.
     */
    jobs({ limit, status, cursor, signal }?: CallOptions & {
        limit?: number;
        status?: Job['status'];
        cursor?: string;
    }): Promise<{
        jobs: Job[];
        next: string | undefined;
    }>;
    /** Ends a job soon; one that has ended stays as it is. */
    cancel(id: string, { signal }?: CallOptions): Promise<Job>;
    /** Makes the service forget a job that has ended. */
    remove(id: string, { signal }?: CallOptions): Promise<void>;
    /** The receipt of a job with its bundle and salt: keep it, and `verifyReceipt` works for ever. */
    receipt(id: string, { signal }?: CallOptions): Promise<ReceiptBundle>;
    /** The claims of the keys in force, fetched and verified. Throws a TrustError. */
    attestation({ signal }?: CallOptions): Promise<TrustedClaims>;
    /**
     * Verifies a receipt, with or without its bundle. Without, the claims that it names are asked of
     * the service. Throws a ReceiptError whose `checks` are all that were made, or a TrustError.
     */
    verifyReceipt(receipt: string | ReceiptBundle, expect?: Expectations, { signal }?: CallOptions): Promise<Verification>;
    /**
     * Opens the `encrypted_output` of a job with the private key of its `encrypt_to`, and verifies
     * what the receipt could not show before: the output, and whom the job was for.
     */
    openOutput(job: VerifiedJob, privateKey: CryptoKey): Promise<VerifiedJob>;
}
