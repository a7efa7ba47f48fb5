import { type Bytes } from './bytes.ts';
/** Leaves that one signature may be over. */
export declare const BATCH_MOST = 1024;
/** A leaf's way to the root. */
export interface Path {
    readonly index: number;
    readonly size: number;
    readonly hashes: readonly Bytes[];
}
/** Index and size (u32, big-endian), then hashes. Undefined if the bytes are no path. */
export declare function readPath(bytes: Bytes | undefined): Path | undefined;
/**
 * The root that the path leads to from a payload (RFC 9162, section 2.1.3.2), as hex is compared by
 * the caller; undefined if the path has not the length that index and size ask for.
 */
export declare function rootOf(payload: Bytes, { index, size, hashes }: Path): Promise<Bytes | undefined>;
