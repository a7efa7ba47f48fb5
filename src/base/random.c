#include "base/random.h"

#include "base/error.h"
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <string.h>

#define POOL_BYTES 2048

static _Thread_local struct {
    uint8_t bytes[POOL_BYTES]; /* taken from its end; what was taken is zero */
    size_t left;
} pool;

int random_take(uint8_t *ret, size_t size)
{
    if (size > RANDOM_MOST)
        return ERR_SYSTEM;
    if (pool.left < size) {
        if (RAND_bytes(pool.bytes, sizeof pool.bytes) != 1)
            return ERR_SYSTEM;
        pool.left = sizeof pool.bytes;
    }
    pool.left -= size;
    memcpy(ret, pool.bytes + pool.left, size);
    OPENSSL_cleanse(pool.bytes + pool.left, size);
    return 0;
}
