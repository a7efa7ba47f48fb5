#include "protect/protect.h"
#include "protect/key.h"
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>

/* What the service that this one replaces derived its signing key with. */
#define SIGNING_SALT "neocompute-signing-key"
#define SIGNING_INFO "tee-result-signing"

#define INFO_MOST 1024 /* bytes of what a key is derived for */

struct protect {
    struct secret_bytes master;
    EVP_MD *sha256;
    EVP_MD_CTX *hash;    /* reused: making one costs more than hashing a small output */
    EVP_MAC_CTX *signer; /* HMAC-SHA256 with the signing key in it */
};

static int open_hash(struct protect *protect)
{
    protect->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    protect->hash = EVP_MD_CTX_new();
    return protect->sha256 && protect->hash ? 0 : ERR_INTERNAL;
}

static int open_signer(struct protect *protect)
{
    uint8_t key[PROTECT_KEY_SIZE];
    int r = key_derive(&protect->master, SIGNING_SALT, SPAN(SIGNING_INFO), key);
    if (r)
        return r;

    r = ERR_INTERNAL;
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    protect->signer = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
    EVP_MAC_free(hmac); /* the context holds a reference */
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_end(),
    };
    if (protect->signer && EVP_MAC_init(protect->signer, key, sizeof key, params) == 1)
        r = 0;
    OPENSSL_cleanse(key, sizeof key);
    return r;
}

int protect_new(const char *master, struct protect **ret, struct error_detail *detail)
{
    struct protect *protect = calloc(1, sizeof *protect);
    if (!protect)
        return error_set(detail, ERR_NO_MEMORY, "", "no memory for the keys");

    int r = key_parse_master(master, &protect->master, detail);
    if (r)
        goto out;
    r = open_hash(protect);
    if (!r)
        r = open_signer(protect);
    if (r) {
        error_set(detail, r, "", "OpenSSL offers no SHA-256, HMAC or HKDF");
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
    EVP_MAC_CTX_free(protect->signer);
    EVP_MD_CTX_free(protect->hash);
    EVP_MD_free(protect->sha256);
    secret_bytes_done(&protect->master);
    free(protect);
}

int protect_hash(struct protect *protect, struct span data, uint8_t ret[PROTECT_HASH_SIZE])
{
    return EVP_DigestInit_ex2(protect->hash, protect->sha256, NULL) == 1 &&
                   EVP_DigestUpdate(protect->hash, data.data, data.size) == 1 &&
                   EVP_DigestFinal_ex(protect->hash, ret, NULL) == 1
               ? 0
               : ERR_NO_MEMORY;
}

int protect_prove(struct protect *protect, struct span output, struct proof *ret)
{
    struct proof proof;
    size_t size;
    int r = protect_hash(protect, output, proof.output_hash);
    if (r)
        return r;
    /* A NULL key starts over with the key that the context has. */
    if (EVP_MAC_init(protect->signer, NULL, 0, NULL) != 1 ||
        EVP_MAC_update(protect->signer, proof.output_hash, sizeof proof.output_hash) != 1 ||
        EVP_MAC_final(protect->signer, proof.signature, &size, sizeof proof.signature) != 1)
        return ERR_NO_MEMORY;
    *ret = proof;
    return 0;
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
