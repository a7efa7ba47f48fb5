import { type Bytes } from './bytes.ts';
import { NeoComputeError } from './errors.ts';
import { type JsonObject } from './json.ts';
/** A public Ed25519 key (RFC 8037). */
export interface Jwk {
    readonly kty: 'OKP';
    readonly crv: 'Ed25519';
    /** base64url of its 32 bytes */
    readonly x: string;
    readonly kid?: string;
    readonly alg?: string;
    readonly use?: string;
}
/** Everything that a key of the service ever signs, by the `typ` that says so. */
export declare const TYPES: {
    readonly receipt: 'neocompute-receipt+jwt';
    readonly batch: 'neocompute-batch+jwt';
    readonly key: 'neocompute-key+jwt';
};
/** Why something is refused, before it is known whose error it becomes. */
export declare class Refusal extends NeoComputeError {
}
/** A JWS taken apart; nothing of it is verified. */
export interface Jws {
    readonly text: string;
    readonly typ: string;
    readonly kid: string;
    readonly payload: Bytes;
}
/** Takes a compact JWS apart and judges its header. Throws a Refusal. */
export declare function parseJws(compact: string): Jws;
/** The JSON object that a payload is. Throws a Refusal. */
export declare function readPayload(bytes: Bytes, what?: string): JsonObject;
/** Throws a Refusal if a JWS says that it is something else. */
export declare function demandType(jws: Jws, typ: string): void;
/** Did this key sign it? The thumbprint has to be the key's own; see `thumbprint`. */
export declare function isSignedBy(jws: Jws, key: Jwk): Promise<boolean>;
/** A key of this kind, no signature of which anyone could make, and nothing private in it. */
export declare function isJwk(value: unknown): value is Jwk;
/** The thumbprint (RFC 7638) by which the service names a key. */
export declare function thumbprint({ kty, crv, x }: {
    kty: string;
    crv: string;
    x: string;
}): Promise<string>;
