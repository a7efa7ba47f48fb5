import { type Answer, type Transport } from './http.ts';
/** What is shown of a secret. */
export interface Secret {
    readonly id: string;
    readonly name: string;
    readonly version: number;
    readonly created_at: string;
    readonly updated_at: string;
}
/** Who may read a secret; docs/protocol.md of the service, "Who may read one". */
export interface Policy {
    readonly services?: readonly string[];
    /** null: any script. */
    readonly scripts?: readonly {
        readonly sha256: string;
        readonly entry_point?: string;
        readonly expires_at?: string;
    }[] | null;
    readonly allow_output?: boolean;
    readonly guard?: boolean;
}
/** A call that can be ended. */
export interface CallOptions {
    readonly signal?: AbortSignal | undefined;
}
/** A change that is made only to the version that is named; else it is 412. */
export interface ChangeOptions extends CallOptions {
    readonly ifVersion?: number;
}
/** Sends a JSON document sealed and gives the document of the answer. */
export type SendSealed = (method: string, path: string, plaintext: string, options: {
    headers: Record<string, string>;
    signal?: AbortSignal | undefined;
}) => Promise<string>;
export declare class Secrets {
    #private;
    /** @internal use `NeoCompute.secrets` */
    constructor(transport: Transport, sendSealed: SendSealed);
    /** The secrets after `after`, by name; `next` continues the list and is undefined at its end. */
    list({ limit, after, signal }?: CallOptions & {
        limit?: number;
        after?: string;
    }): Promise<{
        secrets: Secret[];
        next: string | undefined;
    }>;
    /**
     * Makes a secret or gives it a new value. The value is sealed to the service's verified key,
     * which takes an attestation policy; `sealed: false` sends it as the connection carries it.
     */
    set(name: string, value: string, { sealed, signal, ...change }?: ChangeOptions & {
        sealed?: boolean;
    }): Promise<{
        secret: Secret;
        created: boolean;
    }>;
    /** All but the value. */
    get(name: string, { signal }?: CallOptions): Promise<Secret>;
    /** The value; the service writes this down in its audit log. */
    reveal(name: string, { signal }?: CallOptions): Promise<{
        name: string;
        value: string;
        version: number;
    }>;
    /** Deletes all versions. */
    remove(name: string, { signal, ...change }?: ChangeOptions): Promise<void>;
    /** Who may read it. */
    policy(name: string, { signal }?: CallOptions): Promise<Policy>;
    /** Replaces the rules; what is left out has its default. */
    setPolicy(name: string, policy: Policy, { signal, ...change }?: ChangeOptions): Promise<Policy>;
}
export declare function withQuery(path: string, query: URLSearchParams): string;
/** A parameter of the link to the next page, if there is one. */
export declare function nextOf(answer: Answer, parameter: string): string | undefined;
/** The elements of an answer that is a JSON array. */
export declare function arrayOf<T>(answer: Answer): T[];
