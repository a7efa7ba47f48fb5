import { type JsonObject } from './json.ts';
import type { Expectations, Limits, Verification } from './receipt.ts';
/** A script to run. */
export interface ExecuteRequest {
    /** JavaScript that defines the entry point. */
    readonly script: string;
    /** The function that is called with (input, secrets); "main". */
    readonly entry_point?: string;
    /** Any value with a JSON form; {} if there is none. */
    readonly input?: unknown;
    /** Names of secrets. */
    readonly secret_refs?: readonly string[];
    readonly allow_secret_output?: boolean;
    /** Seconds. */
    readonly timeout?: number;
    readonly gas_limit?: number;
    /** Bytes. */
    readonly memory_limit?: number;
    readonly app_id?: string;
    readonly script_name?: string;
    /** At most 64 bytes of UTF-8, repeated in the receipt; a fresh random one if there is none. */
    readonly nonce?: string;
    /** An X25519 public key: output, logs and error come back encrypted to it. */
    readonly encrypt_to?: {
        readonly kty: 'OKP';
        readonly crv: 'X25519';
        readonly x: string;
    };
}
export interface ExecuteOptions {
    readonly signal?: AbortSignal | undefined;
    /** The JSON text of the input instead of `input`: sent, hashed and parsed as it is. */
    readonly inputJson?: string;
    /**
     * The same request with the same key runs once. The receipt is then of the first time, so give a
     * nonce of your own that stays the same, or none is sent. Not for sealed calls, which have this
     * by nature.
     */
    readonly idempotencyKey?: string;
    /** false: take the answer without a proof. */
    readonly verify?: boolean;
}
/** A job. What its receipt does not cover (`logs`, `error`) is the word of whoever answered. */
export interface Job {
    readonly job_id: string;
    readonly status: 'running' | 'completed' | 'failed';
    readonly started_at: string;
    readonly queued?: boolean;
    readonly output?: JsonObject;
    readonly logs?: readonly string[];
    readonly error?: string;
    readonly error_code?: string;
    readonly gas_used?: number;
    readonly memory_used?: number;
    readonly duration?: string;
    readonly output_hash?: string;
    readonly signature?: string;
    readonly nondeterminism?: readonly string[];
    readonly limits?: Limits;
    readonly app_id?: string;
    readonly script_name?: string;
    readonly receipt?: string;
    readonly receipt_salt?: string;
    readonly encrypted_output?: string;
    readonly sealed?: boolean;
    readonly sealed_response?: string;
    /** The text of `output` as it came: the bytes that the receipt's hash is over. */
    readonly outputJson?: string;
    /** What was checked; undefined if nothing was. */
    readonly verification?: Verification;
}
/** A job whose receipt was verified. */
export type VerifiedJob = Job & {
    readonly verification: Verification;
};
/** A request as it is sent, and what its receipt has to say. */
export interface PreparedRequest {
    readonly json: string;
    readonly expect: Expectations;
}
/** Writes the request; `fresh`: with a nonce of its own if it has none. */
export declare function prepare(request: ExecuteRequest, options: ExecuteOptions, fresh: boolean, more?: JsonObject): PreparedRequest;
/** What an answer says of its job; `output` is parsed from the very text that is hashed. */
export declare function readJob(json: string): Job;
/** What `encrypted_output` holds; anyone could have written it until the receipt says otherwise. */
export declare function readOpened(json: string): Pick<Job, 'output' | 'outputJson' | 'logs' | 'error'> & {
    receipt_salt: string;
};
/** What the receipt must say for this answer to be true; what should be there and is not is null. */
export declare function expectationsOfAnswer(job: Job): Expectations;
