#include "protect/hkdf.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

void hkdf_extract(struct span salt, const struct span *ikm, size_t count, uint8_t ret[SHA256_SIZE])
{
    hmac_parts(salt, ikm, count, ret);
}

/* T(n) = HMAC(prk, T(n - 1) ‖ info ‖ n); there is no T(0). */
void hkdf_expand(const struct hmac *prk, const struct span *info, size_t count, uint8_t *ret,
                 size_t size)
{
    uint8_t block[SHA256_SIZE];
    char number = 0;
    struct span parts[1 + HKDF_PARTS_MOST + 1] = {{(const char *)block, 0}};
    if (size > HKDF_MOST || count > HKDF_PARTS_MOST)
        abort(); /* no caller's sizes are those of a stranger */
    memcpy(parts + 1, info, count * sizeof *info);
    parts[1 + count] = (struct span){&number, 1};
    while (size > 0) {
        size_t take = size < sizeof block ? size : sizeof block;
        number++;
        hmac_sign(prk, parts, count + 2, block);
        memcpy(ret, block, take);
        ret += take;
        size -= take;
        parts[0].size = sizeof block;
    }
    OPENSSL_cleanse(block, sizeof block);
}
