/*
 * A compact JWS. What is taken apart has a header in bounds and the text's own parts; nobody
 * guesses a signature; what is refused has a name.
 */
#include "base/encode.h"
#include "protect/jws.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool right)
{
    if (!right)
        abort();
}

static void check_taken(const struct jws *jws, struct span text, const struct jws_key *key)
{
    struct buf again = BUF_INIT(2u << 20);
    expect(*jws->typ && *jws->kid);
    expect(jws->signing_input.data == text.data && jws->signing_input.size < text.size);
    base64url_encode(&again, jws->payload.data, jws->payload.size);
    buf_add_char(&again, '.');
    base64url_encode(&again, jws->signature, sizeof jws->signature);
    expect(again.size < text.size);
    expect(memcmp(again.data, text.data + text.size - again.size, again.size) == 0);
    for (int type = 0; type < JWS_TYPE_COUNT; type++)
        expect(jws_verify(jws, (enum jws_type)type, key->public_key, NULL) == ERR_INVALID_FIELD);
    buf_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct jws_key key; /* random: nothing in the corpus is its */
    struct error_detail detail = {0};
    struct jws jws;
    if (!key.private_key.data)
        expect(jws_key_new(&key) == 0);
    struct span text = {(const char *)data, size};
    int r = jws_parse(text, &jws, &detail);
    if (r) {
        expect(r == ERR_INVALID_FIELD && detail.field[0] && detail.message[0]);
        return 0;
    }
    check_taken(&jws, text, &key);
    jws_done(&jws);
    return 0;
}
