/*
 * A JSON Web Key. What is taken is written again as the same key, and is no private one.
 */
#include "protect/bundle.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool right)
{
    if (!right)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jws_key key = {0};
    struct error_detail detail = {0};
    uint8_t again[JWS_PUBLIC_SIZE];
    struct buf text = BUF_INIT(1024);
    struct span json = {(const char *)data, size};
    int r = jws_read_jwk(json, key.public_key, &detail);
    if (r) {
        expect(r == ERR_INVALID_FIELD && detail.field[0] && detail.message[0]);
        return 0;
    }
    expect(jws_thumbprint(key.public_key, key.kid) == 0);
    expect(jws_write_jwk(&key, &text) == 0);
    struct span written = {text.data, text.size};
    expect(jws_read_jwk(written, again, NULL) == 0);
    expect(memcmp(again, key.public_key, sizeof again) == 0);
    expect(bundle_is_jwk(written, key.public_key));
    bundle_is_jwk(json, key.public_key);
    buf_done(&text);
    return 0;
}
