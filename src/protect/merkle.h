/*
 * Merkle trees as in RFC 9162, section 2.1: one signature over the root stands for all leaves, and
 * a path of a few hashes shows that a leaf is one of them. Leaves and nodes are hashed with
 * different prefixes, so that none can be shown as the other.
 *
 * A path in bytes: index of the leaf (u32, big-endian), number of leaves (likewise), then the
 * hashes from the leaf's neighbour up to the root's child (section 2.1.3.1).
 *
 * Life cycle: merkle_reset -> merkle_add ... -> merkle_build -> merkle_root, merkle_path.
 */
#ifndef NEOCOMPUTE_PROTECT_MERKLE_H
#define NEOCOMPUTE_PROTECT_MERKLE_H

#include "base/buf.h"
#include "base/error.h"
#include <stdint.h>

#define MERKLE_HASH_SIZE   32   /* SHA-256 */
#define MERKLE_LEAVES_MOST 1024 /* of a tree that is made or verified here */
#define MERKLE_DEPTH_MOST  10   /* hashes of a path: log2 of that */
#define MERKLE_PATH_MOST   (8 + MERKLE_DEPTH_MOST * MERKLE_HASH_SIZE) /* bytes of a path */

struct merkle {
    uint32_t count; /* leaves */
    /* The levels one after another, leaves first; level i begins at start[i]. */
    uint32_t start[MERKLE_DEPTH_MOST + 2];
    uint8_t nodes[2 * MERKLE_LEAVES_MOST + MERKLE_DEPTH_MOST][MERKLE_HASH_SIZE];
};

/* The hash of a leaf: SHA-256(0x00 ‖ data). */
void merkle_leaf(struct span data, uint8_t ret[MERKLE_HASH_SIZE]);

void merkle_reset(struct merkle *tree);

/* Adds a leaf by its hash. The tree must have fewer than MERKLE_LEAVES_MOST. */
void merkle_add(struct merkle *tree, const uint8_t leaf[MERKLE_HASH_SIZE]);

/* Hashes up to the root. The tree must have a leaf. */
void merkle_build(struct merkle *tree);
const uint8_t *merkle_root(const struct merkle *tree);

/* The path of leaf `index`; returns its bytes, MERKLE_PATH_MOST at most. */
size_t merkle_path(const struct merkle *tree, uint32_t index, uint8_t ret[MERKLE_PATH_MOST]);

/*
 * Verifies as section 2.1.3.2 does: the root that this path leads to from this leaf, and the number
 * of leaves that the path claims; the caller compares both with what was signed. ERR_INVALID_FIELD
 * for a path that fits no tree of at most MERKLE_LEAVES_MOST leaves.
 */
int merkle_root_of(struct span path, const uint8_t leaf[MERKLE_HASH_SIZE], uint32_t *count,
                   uint8_t root[MERKLE_HASH_SIZE]);

#endif
