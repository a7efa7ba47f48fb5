#include "protect/receipt_text.h"

#include "base/encode.h"
#include "protect/document.h"
#include "protect/refusal.h"
#include <string.h>

#define PATH_HEADER 8 /* index and number of leaves, u32 each */

static int malformed(struct error_detail *detail, const char *why)
{
    return refuse(detail, REFUSAL_MALFORMED, "%s", why);
}

static uint32_t read_u32(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* Its shape only: whether the numbers and hashes fit each other shows on the way to the root. */
static int read_path(struct receipt_text *t, struct span encoded, struct error_detail *detail)
{
    struct buf path = BUF_INIT(2 * MERKLE_PATH_MOST);
    int r = 0;
    if (base64url_decode(&path, encoded))
        r = malformed(detail, "the path is longer than any can be, or not base64url");
    else if (path.size < PATH_HEADER || (path.size - PATH_HEADER) % MERKLE_HASH_SIZE != 0)
        r = malformed(detail, "the path is not two numbers and whole hashes");
    else if (path.size > sizeof t->path)
        r = refuse(detail, REFUSAL_PATH, "the path has more hashes than any tree asks for");
    if (!r) {
        t->path_size = path.size;
        memcpy(t->path, path.data, path.size);
        t->index = read_u32(t->path);
        t->size = read_u32(t->path + 4);
        if (t->size < 1 || t->size > MERKLE_LEAVES_MOST)
            r = malformed(detail, "the path is of no batch: 1 to 1024 receipts are one");
    }
    buf_done(&path);
    return r;
}

static int parse_batched(struct span text, size_t first, struct receipt_text *t,
                         struct error_detail *detail)
{
    const char *path = text.data + first + 1, *end = text.data + text.size;
    const char *second = memchr(path, '~', (size_t)(end - path));
    t->batched = true;
    if (!second || memchr(second + 1, '~', (size_t)(end - second - 1)))
        return malformed(detail, "a batched receipt has three parts with ~ between them");
    if (base64url_decode(&t->payload, (struct span){text.data, first}))
        return malformed(detail, "the payload is not base64url");
    int r = read_path(t, (struct span){path, (size_t)(second - path)}, detail);
    return r ? r
             : jws_parse((struct span){second + 1, (size_t)(end - second - 1)}, &t->jws, detail);
}

static int parse_single(struct span text, struct receipt_text *t, struct error_detail *detail)
{
    int r = jws_parse(text, &t->jws, detail);
    if (!r) {
        t->payload = t->jws.payload;
        t->jws.payload = (struct buf){0};
    }
    return r;
}

static enum jws_type type_of(const struct receipt_text *text)
{
    return text->batched ? JWS_BATCH : JWS_RECEIPT;
}

int receipt_text_parse(struct span text, struct receipt_text *ret, struct error_detail *detail)
{
    struct receipt_text t = {.payload = BUF_INIT(JWS_TEXT_MOST)};
    const char *tilde = text.size ? memchr(text.data, '~', text.size) : NULL;
    if (text.size > JWS_TEXT_MOST)
        return malformed(detail, "it is larger than any receipt");
    int r = tilde ? parse_batched(text, (size_t)(tilde - text.data), &t, detail)
                  : parse_single(text, &t, detail);
    if (!r)
        r = jws_is_type(&t.jws, type_of(&t), detail);
    if (r)
        receipt_text_done(&t);
    else
        *ret = t;
    return r;
}

void receipt_text_done(struct receipt_text *text)
{
    buf_done(&text->payload);
    jws_done(&text->jws);
}

int receipt_text_signed(const struct receipt_text *text, const uint8_t key[JWS_PUBLIC_SIZE],
                        struct error_detail *detail)
{
    return jws_verify(&text->jws, type_of(text), key, detail);
}

/* The root that was signed, and over how many leaves. */
static int read_batch(const struct receipt_text *text, uint8_t root[MERKLE_HASH_SIZE],
                      uint64_t *size, struct error_detail *detail)
{
    struct document batch;
    uint64_t version;
    int r = document_read((struct span){text->jws.payload.data, text->jws.payload.size},
                          "what the batch's signature covers", &batch, detail);
    if (r)
        return r;
    if (!document_number(&batch, "version", &version) || version != 1 ||
        !document_is(&batch, "iss", SPAN("neocompute")))
        return refuse(detail, REFUSAL_VERSION, "the batch is none of this service, version 1");
    if (!document_hex(&batch, "root", root, MERKLE_HASH_SIZE) ||
        !document_number(&batch, "size", size))
        return malformed(detail, "the batch's signature covers no root and size");
    return 0;
}

int receipt_text_included(const struct receipt_text *text, struct error_detail *detail)
{
    uint8_t leaf[MERKLE_HASH_SIZE], root[MERKLE_HASH_SIZE], signed_root[MERKLE_HASH_SIZE];
    struct span payload = {text->payload.data, text->payload.size};
    struct span path = {(const char *)text->path, text->path_size};
    uint64_t signed_count;
    uint32_t count;
    int r = text->batched ? read_batch(text, signed_root, &signed_count, detail) : 0;
    if (r || !text->batched)
        return r;
    merkle_leaf(payload, leaf);
    if (merkle_root_of(path, leaf, &count, root) || count != signed_count ||
        memcmp(root, signed_root, sizeof root) != 0)
        return refuse(detail, REFUSAL_PATH,
                      "the path does not lead from this receipt to the root that was signed");
    return 0;
}
