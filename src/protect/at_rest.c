#include "protect/at_rest.h"

#include "base/secmem.h"
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define KEY_VERSION 1
#define TAG_SIZE    16

/* One context a direction has the key schedule already; each text only sets its nonce. */
struct at_rest {
    EVP_CIPHER *cipher;
    EVP_CIPHER_CTX *sealer, *opener;
    uint8_t nonce[AT_REST_NONCE_SIZE]; /* of the last text */
};

static int set_key(struct at_rest *a, const uint8_t *key)
{
    bool ok = EVP_EncryptInit_ex(a->sealer, a->cipher, NULL, key, NULL) == 1 &&
              EVP_DecryptInit_ex(a->opener, a->cipher, NULL, key, NULL) == 1 &&
              RAND_bytes(a->nonce, sizeof a->nonce) == 1;
    return ok ? 0 : ERR_INTERNAL;
}

int at_rest_new(struct protect *protect, struct at_rest **ret)
{
    struct secret_bytes key = {0};
    struct at_rest *a = calloc(1, sizeof *a);
    int r = a ? secret_bytes_init(&key, PROTECT_KEY_SIZE) : ERR_NO_MEMORY;
    if (!r)
        r = protect_derive(protect, PROTECT_JOBS_AT_REST, KEY_VERSION, (struct span){0}, key.data);
    if (!r) {
        a->cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
        a->sealer = EVP_CIPHER_CTX_new();
        a->opener = EVP_CIPHER_CTX_new();
        r = a->cipher && a->sealer && a->opener ? set_key(a, key.data) : ERR_NO_MEMORY;
    }
    secret_bytes_done(&key);
    if (r)
        at_rest_free(a);
    else
        *ret = a;
    return r;
}

void at_rest_free(struct at_rest *a)
{
    if (!a)
        return;
    EVP_CIPHER_CTX_free(a->sealer); /* wipes the schedule */
    EVP_CIPHER_CTX_free(a->opener);
    EVP_CIPHER_free(a->cipher);
    free(a);
}

static void count_up(uint8_t nonce[AT_REST_NONCE_SIZE])
{
    for (int i = AT_REST_NONCE_SIZE - 1; i >= 0 && ++nonce[i] == 0; i--)
        ;
}

/* Additional data: job id ‖ 0x00 ‖ user. No id has a NUL. */
static bool add_owner(EVP_CIPHER_CTX *ctx, const struct at_rest_owner *owner)
{
    const struct span parts[] = {owner->job_id, {"", 1}, owner->user};
    bool ok = true;
    int n;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        ok = ok && EVP_CipherUpdate(ctx, NULL, &n, (const uint8_t *)parts[i].data,
                                    (int)parts[i].size) == 1;
    return ok;
}

int at_rest_seal(struct at_rest *a, const struct at_rest_owner *owner, char *room, size_t size)
{
    EVP_CIPHER_CTX *ctx = a->sealer;
    uint8_t *text = (uint8_t *)room + AT_REST_NONCE_SIZE, *tag = text + size;
    int n;
    count_up(a->nonce);
    memcpy(room, a->nonce, sizeof a->nonce);
    bool ok = EVP_EncryptInit_ex(ctx, NULL, NULL, NULL, a->nonce) == 1 && add_owner(ctx, owner) &&
              (size == 0 || EVP_EncryptUpdate(ctx, text, &n, text, (int)size) == 1) &&
              EVP_EncryptFinal_ex(ctx, tag, &n) == 1 &&
              EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, tag) == 1;
    if (!ok)
        OPENSSL_cleanse(room, size + AT_REST_FRAME);
    return ok ? 0 : ERR_INTERNAL;
}

int at_rest_open(struct at_rest *a, const struct at_rest_owner *owner, struct span sealed,
                 struct buf *out)
{
    EVP_CIPHER_CTX *ctx = a->opener;
    if (sealed.size < AT_REST_FRAME)
        return ERR_INTERNAL;
    size_t size = sealed.size - AT_REST_FRAME;
    if (buf_reserve(out, size))
        return ERR_NO_MEMORY;
    const uint8_t *nonce = (const uint8_t *)sealed.data, *from = nonce + AT_REST_NONCE_SIZE;
    uint8_t none[1], *to = size ? (uint8_t *)out->data + out->size : none;
    int n;
    bool ok =
        EVP_DecryptInit_ex(ctx, NULL, NULL, NULL, nonce) == 1 && add_owner(ctx, owner) &&
        (size == 0 || EVP_DecryptUpdate(ctx, to, &n, from, (int)size) == 1) &&
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, (void *)(from + size)) == 1 &&
        EVP_DecryptFinal_ex(ctx, to + size, &n) == 1;
    if (!ok) {
        OPENSSL_cleanse(to, size);
        return ERR_INTERNAL;
    }
    out->size += size;
    return 0;
}
