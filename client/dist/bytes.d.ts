/** Bytes as every Web API takes them: never on shared memory. */
export type Bytes = Uint8Array<ArrayBuffer>;
/** The UTF-8 bytes of a text. */
export declare function utf8(text: string): Bytes;
/** The text that bytes are in UTF-8; throws a TypeError if they are not. */
export declare function text(bytes: Uint8Array): string;
export declare function concat(...parts: Uint8Array[]): Bytes;
export declare function hex(bytes: Uint8Array): string;
export declare function toBase64url(bytes: Uint8Array): string;
/** Strict: no padding, no other characters, no bits left over. Undefined for what is none. */
export declare function fromBase64url(encoded: string): Bytes | undefined;
/** Standard alphabet, with padding, as strict. */
export declare function fromBase64(encoded: string): Bytes | undefined;
/** `size` random bytes. */
export declare function random(size: number): Bytes;
export declare function sha256(bytes: Bytes): Promise<Bytes>;
export declare function hmac(key: Bytes, bytes: Bytes): Promise<Bytes>;
