#include "protect/protect.h"

#include "base/sha256.h"
#include "protect/key.h"
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/* What the service that this one replaces derived its signing key with. */
#define SIGNING_SALT "neocompute-signing-key"
#define SIGNING_INFO "tee-result-signing"

#define INFO_MOST 1024 /* bytes of what a key is derived for */

struct protect {
    struct secret_bytes master;
    struct hmac signer; /* begun with the signing key */
};

static int open_signer(struct protect *protect)
{
    uint8_t key[PROTECT_KEY_SIZE];
    int r = key_derive(&protect->master, SIGNING_SALT, SPAN(SIGNING_INFO), key);
    if (r)
        return r;

    hmac_init(&protect->signer, (struct span){(const char *)key, sizeof key});
    OPENSSL_cleanse(key, sizeof key);
    return 0;
}

int protect_new(const char *master, struct protect **ret, struct error_detail *detail)
{
    struct protect *protect = calloc(1, sizeof *protect);
    if (!protect)
        return error_set(detail, ERR_NO_MEMORY, "", "no memory for the keys");

    int r = key_parse_master(master, &protect->master, detail);
    if (r)
        goto out;
    r = open_signer(protect);
    if (r) {
        error_set(detail, r, "", "OpenSSL offers no HKDF");
        goto out;
    }
    *ret = protect;
    protect = NULL;
out:
    protect_free(protect);
    return r;
}

void protect_free(struct protect *protect)
{
    if (!protect)
        return;
    hmac_done(&protect->signer);
    secret_bytes_done(&protect->master);
    free(protect);
}

void protect_sign(const struct protect *protect, const uint8_t hash[PROTECT_HASH_SIZE],
                  uint8_t ret[PROTECT_HASH_SIZE])
{
    const struct span data = {(const char *)hash, PROTECT_HASH_SIZE};
    hmac_sign(&protect->signer, &data, 1, ret);
}

void protect_prove(const struct protect *protect, struct span output, struct proof *ret)
{
    sha256(output, ret->output_hash);
    protect_sign(protect, ret->output_hash, ret->signature);
}

static const char *const purpose_labels[] = {
#define PURPOSE_LABEL(symbol, label) label,
    PROTECT_PURPOSES(PURPOSE_LABEL)
#undef PURPOSE_LABEL
};

static void add_field(struct buf *info, struct span field)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        buf_add_char(info, (char)(field.size >> shift));
    buf_add(info, field.data, field.size);
}

int protect_derive(struct protect *protect, enum protect_purpose purpose, uint32_t version,
                   struct span tenant, uint8_t ret[PROTECT_KEY_SIZE])
{
    const char counter[4] = {(char)(version >> 24), (char)(version >> 16), (char)(version >> 8),
                             (char)version};
    struct buf info = BUF_INIT(INFO_MOST);
    add_field(&info, SPAN("neocompute/v1"));
    add_field(&info, span_of(purpose_labels[purpose]));
    add_field(&info, (struct span){counter, sizeof counter});
    add_field(&info, tenant);
    int r = buf_failed(&info)
                ? ERR_INTERNAL
                : key_derive(&protect->master, "", (struct span){info.data, info.size}, ret);
    buf_done(&info);
    return r;
}
