// Receipts that share a signature: is this payload a leaf under that root? (RFC 9162)

import { concat, sha256, type Bytes } from './bytes.ts';

const HASH_SIZE = 32;

/** Leaves that one signature may be over. */
export const BATCH_MOST = 1024;

/** A leaf's way to the root. */
export interface Path {
  readonly index: number;
  readonly size: number;
  readonly hashes: readonly Bytes[];
}

/** Index and size (u32, big-endian), then hashes. Undefined if the bytes are no path. */
export function readPath(bytes: Bytes | undefined): Path | undefined {
  if (!bytes || bytes.length < 8 || (bytes.length - 8) % HASH_SIZE !== 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const [index, size] = [view.getUint32(0), view.getUint32(4)];
  if (size < 1 || size > BATCH_MOST) return undefined;
  const hashes: Bytes[] = [];
  for (let at = 8; at < bytes.length; at += HASH_SIZE) hashes.push(bytes.slice(at, at + HASH_SIZE));
  return { index, size, hashes };
}

const node = (left: Bytes, right: Bytes) => sha256(concat(Uint8Array.of(1), left, right));

/**
 * The root that the path leads to from a payload (RFC 9162, section 2.1.3.2), as hex is compared by
 * the caller; undefined if the path has not the length that index and size ask for.
 */
export async function rootOf(payload: Bytes, { index, size, hashes }: Path):
  Promise<Bytes | undefined> {
  if (index >= size) return undefined;
  let [at, last] = [index, size - 1];
  let hash = await sha256(concat(Uint8Array.of(0), payload));
  for (const sibling of hashes) {
    if (last === 0) return undefined;
    if (at % 2 === 1 || at === last) {
      hash = await node(sibling, hash);
      while (at % 2 === 0 && at !== 0) [at, last] = [at >>> 1, last >>> 1];
    } else {
      hash = await node(hash, sibling);
    }
    [at, last] = [at >>> 1, last >>> 1];
  }
  return last === 0 ? hash : undefined;
}
