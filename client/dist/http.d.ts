import { type Bytes } from './bytes.ts';
import { RequestError } from './errors.ts';
import { type JsonObject } from './json.ts';
/** How to reach the service. */
export interface Endpoint {
    readonly url: string;
    readonly apiKey?: string | undefined;
    readonly userId?: string | undefined;
    readonly fetch?: typeof fetch | undefined;
}
export interface RequestOptions {
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string | Bytes;
    readonly signal?: AbortSignal | undefined;
}
export interface Answer {
    readonly status: number;
    /** Media type, without parameters. */
    readonly type: string;
    readonly headers: Headers;
    readonly bytes: Bytes;
}
/** The text of an answer; throws a NetworkError `malformed` if it is not UTF-8. */
export declare function textOf({ bytes }: Answer): string;
/** The JSON object of an answer, each member once; throws a NetworkError `malformed`. */
export declare function objectOf(answer: Answer): JsonObject;
/** The error that a refusal is. */
export declare function refusal(status: number, document: string, headers?: Headers): RequestError;
export declare class Transport {
    #private;
    constructor({ url, apiKey, userId, fetch }: Endpoint);
    /**
     * Sends a request. Throws a RequestError if the service refuses it, a NetworkError if there is no
     * answer, and the signal's reason if that ended it. Redirects are not followed.
     */
    send(method: string, path: string, options?: RequestOptions): Promise<Answer>;
}
