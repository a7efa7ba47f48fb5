#include "protect/merkle.h"

#include "base/sha256.h"
#include <string.h>

#define LEAF_PREFIX 0x00
#define NODE_PREFIX 0x01
#define HEAD_SIZE   8 /* of a path: index and number of leaves */

static void hash_parts(char prefix, struct span a, struct span b, uint8_t ret[MERKLE_HASH_SIZE])
{
    const struct span parts[] = {{&prefix, 1}, a, b};
    sha256_parts(parts, 3, ret);
}

static void hash_node(const uint8_t left[MERKLE_HASH_SIZE], const uint8_t right[MERKLE_HASH_SIZE],
                      uint8_t ret[MERKLE_HASH_SIZE])
{
    hash_parts(NODE_PREFIX, (struct span){(const char *)left, MERKLE_HASH_SIZE},
               (struct span){(const char *)right, MERKLE_HASH_SIZE}, ret);
}

void merkle_leaf(struct span data, uint8_t ret[MERKLE_HASH_SIZE])
{
    hash_parts(LEAF_PREFIX, data, (struct span){0}, ret);
}

/* --- making --- */

void merkle_reset(struct merkle *tree)
{
    tree->count = 0;
}

void merkle_add(struct merkle *tree, const uint8_t leaf[MERKLE_HASH_SIZE])
{
    memcpy(tree->nodes[tree->count++], leaf, MERKLE_HASH_SIZE);
}

static uint32_t level_size(uint32_t leaves, int level)
{
    return (leaves + (1u << level) - 1) >> level;
}

/* Pairs each level's nodes; one that is left over goes up as it is. That gives the tree of section
 * 2.1.1, whose left part always has as many leaves as the largest power of two allows. */
void merkle_build(struct merkle *tree)
{
    int level = 0;
    tree->start[0] = 0;
    for (uint32_t size = tree->count; size > 1; size = level_size(tree->count, ++level)) {
        uint32_t from = tree->start[level], to = from + size;
        tree->start[level + 1] = to;
        for (uint32_t i = 0; i + 1 < size; i += 2)
            hash_node(tree->nodes[from + i], tree->nodes[from + i + 1], tree->nodes[to++]);
        if (size % 2)
            memcpy(tree->nodes[to], tree->nodes[from + size - 1], MERKLE_HASH_SIZE);
    }
    tree->start[level + 1] = tree->start[level] + 1;
}

static int root_level(const struct merkle *tree)
{
    int level = 0;
    while (level_size(tree->count, level) > 1)
        level++;
    return level;
}

const uint8_t *merkle_root(const struct merkle *tree)
{
    return tree->nodes[tree->start[root_level(tree)]];
}

static void put_u32(uint8_t *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (24 - 8 * i));
}

static uint32_t get_u32(const uint8_t *from)
{
    return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

size_t merkle_path(const struct merkle *tree, uint32_t index, uint8_t ret[MERKLE_PATH_MOST])
{
    size_t used = HEAD_SIZE;
    put_u32(ret, index);
    put_u32(ret + 4, tree->count);
    for (int level = 0; level < root_level(tree); level++, index >>= 1) {
        uint32_t neighbour = index ^ 1;
        if (neighbour >= level_size(tree->count, level))
            continue;
        memcpy(ret + used, tree->nodes[tree->start[level] + neighbour], MERKLE_HASH_SIZE);
        used += MERKLE_HASH_SIZE;
    }
    return used;
}

/* --- verifying --- */

int merkle_root_of(struct span path, const uint8_t leaf[MERKLE_HASH_SIZE], uint32_t *count,
                   uint8_t root[MERKLE_HASH_SIZE])
{
    const uint8_t *bytes = (const uint8_t *)path.data;
    uint8_t hash[MERKLE_HASH_SIZE];
    if (path.size < HEAD_SIZE || (path.size - HEAD_SIZE) % MERKLE_HASH_SIZE)
        return ERR_INVALID_FIELD;
    uint32_t index = get_u32(bytes), size = get_u32(bytes + 4);
    if (size == 0 || size > MERKLE_LEAVES_MOST || index >= size)
        return ERR_INVALID_FIELD;
    const uint8_t *at = bytes + HEAD_SIZE, *end = bytes + path.size;
    memcpy(hash, leaf, sizeof hash);
    uint32_t last = size - 1; /* of its level */
    for (uint32_t node = index; last > 0; node >>= 1, last >>= 1) {
        if (node == last && node % 2 == 0)
            continue; /* it has no neighbour */
        if (at == end)
            return ERR_INVALID_FIELD;
        hash_node(node % 2 ? at : hash, node % 2 ? hash : at, hash);
        at += MERKLE_HASH_SIZE;
    }
    if (at != end)
        return ERR_INVALID_FIELD;
    *count = size;
    memcpy(root, hash, sizeof hash);
    return 0;
}
