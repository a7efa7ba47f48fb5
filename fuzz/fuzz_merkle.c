/* The path of a batched receipt, from a stranger. Input: 32 bytes of a leaf's hash, then a path. A
 * path that is taken must be the only one of its length for that leaf, place and root. */
#include "protect/merkle.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static void expect(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t root[MERKLE_HASH_SIZE], again[MERKLE_HASH_SIZE], changed[MERKLE_PATH_MOST];
    uint32_t count = 0;
    if (size < MERKLE_HASH_SIZE)
        return 0;
    struct span path = {(const char *)data + MERKLE_HASH_SIZE, size - MERKLE_HASH_SIZE};
    if (merkle_root_of(path, data, &count, root))
        return 0;
    expect(count >= 1 && count <= MERKLE_LEAVES_MOST && path.size <= MERKLE_PATH_MOST);
    memcpy(changed, path.data, path.size);
    changed[path.size - 1] ^= 1; /* the last hash, or the number of leaves */
    struct span other = {(const char *)changed, path.size};
    expect(merkle_root_of(other, data, &count, again) || memcmp(root, again, sizeof root) != 0 ||
           path.size == 8);
    return 0;
}
