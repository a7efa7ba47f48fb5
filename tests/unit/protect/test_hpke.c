#include "protect/hpke.h"

#include "base/encode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define INFO SPAN("Ode on a Grecian Urn") /* of the RFC's vectors */

/*
 * The vectors of RFC 9180 for both suites, base mode. 1000 sealed messages and 1000 exports of each
 * are drawn from and folded into SHAKE128, as Go's crypto/hpke does, so that 16 bytes stand for
 * all.
 */
static const struct vector {
    uint16_t kem;
    const char *private_key, *public_key, *enc, *encryptions, *exports;
} vectors[] = {
    {HPKE_KEM_X25519, "497b4502664cfea5d5af0b39934dac72242a74f8480451e1aee7d6a53320333d",
     "430f4b9859665145a6b1ba274024487bd66f03a2dd577d7753c68d7d7d00c00c",
     "6c93e09869df3402d7bf231bf540fadd35cd56be14f97178f0954db94b7fc256",
     "1702e73e1e71705faa8241022af1deea", "5cb678bf1c52afbd9afb58b8f7c1ced3"},
    {HPKE_KEM_P256, "317f915db7bc629c48fe765587897e01e282d3e8445f79f27f65d031a88082b2",
     "04abc7e49a4c6b3566d77d0304addc6ed0e98512ffccf505e6a8e3eb25c685136f853148544876de76c0f2ef99cd"
     "c3a05ccf5ded7860c7c021238f9e2073d2356c",
     "04c06b4f6bebc7bb495cb797ab753f911aff80aefb86fd8b6fcc35525f3ab5f03e0b21bd31a86c6048af3cb2d98e"
     "0d3bf01da5cc4c39ff5370d331a4f1f7d5a4e0",
     "8d3263541fc1695b6e88ff3a1208577c", "038af0baa5ce3c4c5f371c3823b15217"},
};
#define VECTORS (sizeof vectors / sizeof *vectors)

static struct span unhex(const char *text, uint8_t *room)
{
    size_t size = strlen(text) / 2;
    assert_int_equal(hex_decode(room, size, span_of(text)), 0);
    return (struct span){(char *)room, size};
}

static void shake(const void *data, size_t size, uint8_t *out, size_t out_size)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestInit_ex(ctx, EVP_shake128(), NULL), 1);
    assert_int_equal(EVP_DigestUpdate(ctx, data, size), 1);
    assert_int_equal(EVP_DigestFinalXOF(ctx, out, out_size), 1);
    EVP_MD_CTX_free(ctx);
}

/* A stream of inputs: one byte of length, then that many bytes. */
#define SOURCE_SIZE (1u << 20)
struct source {
    uint8_t *bytes;
    size_t at;
};

static struct span draw(struct source *s)
{
    size_t size = s->bytes[s->at++];
    struct span ret = {(char *)s->bytes + s->at, size};
    s->at += size;
    assert_true(s->at < SOURCE_SIZE);
    return ret;
}

static void receiver_of(const struct vector *v, struct hpke_context *context)
{
    uint8_t key_bytes[64], enc_bytes[HPKE_PUBLIC_MOST];
    EVP_PKEY *key;
    assert_int_equal(hpke_key_import(v->kem, unhex(v->private_key, key_bytes), &key), 0);
    assert_int_equal(hpke_setup_receiver(v->kem, key, unhex(v->enc, enc_bytes), INFO, context), 0);
    EVP_PKEY_free(key);
}

static void assert_folded(const struct buf *all, const char *expected)
{
    uint8_t got[16], want[16];
    shake(all->data, all->size, got, sizeof got);
    unhex(expected, want);
    assert_memory_equal(got, want, sizeof want);
}

#define MESSAGES 1000 /* so their numbers take two bytes, as those of the RFC do */

struct message {
    struct span aad, text;
    size_t at;
};

/* 383 has no factor in common with 1000: each is opened once, none after the one before it. */
static void open_in_any_order(const struct hpke_context *context, const struct buf *all,
                              const struct message messages[MESSAGES])
{
    for (size_t i = 0; i < MESSAGES; i++) {
        size_t n = (i * 383 + 256) % MESSAGES;
        const struct message *m = &messages[n];
        struct span sealed = {all->data + m->at, m->text.size + HPKE_TAG_SIZE};
        struct buf text = BUF_INIT(1024);
        assert_int_equal(hpke_open(context, n + 1, m->aad, sealed, &text), ERR_INVALID_FIELD);
        assert_int_equal(hpke_open(context, n ^ 256, m->aad, sealed, &text), ERR_INVALID_FIELD);
        assert_int_equal(hpke_open(context, n, m->aad, sealed, &text), 0);
        assert_true(span_equal((struct span){text.data, text.size}, m->text));
        buf_done(&text);
    }
}

static void the_rfc_s_vectors(void **state)
{
    (void)state;
    struct source source = {malloc(SOURCE_SIZE), 0};
    shake("", 0, source.bytes, SOURCE_SIZE);
    for (size_t i = 0; i < VECTORS; i++) {
        struct hpke_context context;
        struct message *messages = calloc(MESSAGES, sizeof *messages);
        struct buf all = BUF_INIT(2 * SOURCE_SIZE);
        receiver_of(&vectors[i], &context);
        source.at = 0;
        for (int n = 0; n < MESSAGES; n++) { /* in base mode both ends have the same keys */
            messages[n] = (struct message){draw(&source), draw(&source), all.size};
            assert_int_equal(hpke_seal(&context, messages[n].aad, messages[n].text, &all), 0);
        }
        assert_folded(&all, vectors[i].encryptions);
        open_in_any_order(&context, &all, messages);
        free(messages);
        buf_reset(&all);
        source.at = 0;
        for (size_t size = 0; size < 1000; size++) {
            uint8_t value[1000];
            hpke_export(&context, draw(&source), value, size);
            buf_add(&all, value, size);
        }
        assert_folded(&all, vectors[i].exports);
        buf_done(&all);
    }
    free(source.bytes);
}

static void public_keys_follow_from_private_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < VECTORS; i++) {
        uint8_t room[64], want[HPKE_PUBLIC_MOST], got[HPKE_PUBLIC_MOST];
        size_t size;
        EVP_PKEY *key;
        struct span private_key = unhex(vectors[i].private_key, room);
        assert_int_equal(hpke_key_import(vectors[i].kem, private_key, &key), 0);
        assert_int_equal(hpke_key_public(key, got, &size), 0);
        assert_int_equal(size, hpke_public_size(vectors[i].kem));
        unhex(vectors[i].public_key, want);
        assert_memory_equal(got, want, size);
        EVP_PKEY_free(key);
    }
}

static void both_ends_agree(void **state)
{
    (void)state;
    for (size_t i = 0; i < VECTORS; i++) {
        uint16_t kem = vectors[i].kem;
        EVP_PKEY *key;
        uint8_t public_key[HPKE_PUBLIC_MOST], enc[HPKE_PUBLIC_MOST];
        size_t size;
        struct hpke_context sender, receiver;
        assert_int_equal(hpke_key_new(kem, &key), 0);
        assert_int_equal(hpke_key_public(key, public_key, &size), 0);
        struct span to = {(char *)public_key, size}, from = {(char *)enc, size};
        assert_int_equal(hpke_setup_sender(kem, to, SPAN("i"), NULL, enc, &sender), 0);
        assert_int_equal(hpke_setup_receiver(kem, key, from, SPAN("i"), &receiver), 0);
        struct buf sealed = BUF_INIT(1024), text = BUF_INIT(1024);
        assert_int_equal(hpke_seal(&sender, SPAN("aad"), SPAN("one"), &sealed), 0);
        size_t first = sealed.size;
        assert_int_equal(hpke_seal(&sender, SPAN(""), SPAN(""), &sealed), 0);
        struct span one = {sealed.data, first}, two = {sealed.data + first, sealed.size - first};
        assert_int_equal(hpke_open(&receiver, 0, SPAN(""), two, &text), ERR_INVALID_FIELD);
        assert_int_equal(hpke_open(&receiver, 0, SPAN("aae"), one, &text), ERR_INVALID_FIELD);
        assert_int_equal(hpke_open(&receiver, 1, SPAN(""), two, &text), 0);
        assert_int_equal(hpke_open(&receiver, 0, SPAN("aad"), one, &text), 0);
        assert_true(span_equal((struct span){text.data, text.size}, SPAN("one")));
        one.data = sealed.data;
        for (size_t at = 0; at < first; at++) { /* every flipped bit is seen */
            sealed.data[at] ^= 1;
            assert_int_equal(hpke_open(&receiver, 0, SPAN("aad"), one, &text), ERR_INVALID_FIELD);
            sealed.data[at] ^= 1;
        }
        buf_done(&sealed);
        buf_done(&text);
        EVP_PKEY_free(key);
    }
}

static void keys_that_are_none_are_refused(void **state)
{
    (void)state;
    /* The low-order points of curve25519 (RFC 7748, section 6.1) and points that are on no curve.
     */
    static const struct {
        uint16_t kem;
        const char *key;
    } bad[] = {
        {HPKE_KEM_X25519, "0000000000000000000000000000000000000000000000000000000000000000"},
        {HPKE_KEM_X25519, "0100000000000000000000000000000000000000000000000000000000000000"},
        {HPKE_KEM_X25519, "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"},
        {HPKE_KEM_X25519, "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"},
        {HPKE_KEM_X25519, "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
        {HPKE_KEM_X25519, "0102"},
        {HPKE_KEM_P256, "04"},
        {HPKE_KEM_P256,
         "0000000000000000000000000000000000000000000000000000000000000000000000000000"
         "000000000000000000000000000000000000000000000000000000"},
        {HPKE_KEM_P256,
         "0411111111111111111111111111111111111111111111111111111111111111111111111111"
         "111111111111111111111111111111111111111111111111111111"},
        {0x0021, "0102"},
    };
    EVP_PKEY *key;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint8_t room[HPKE_PUBLIC_MOST], enc[HPKE_PUBLIC_MOST];
        struct hpke_context context;
        struct span point = unhex(bad[i].key, room);
        assert_int_equal(hpke_setup_sender(bad[i].kem, point, SPAN(""), NULL, enc, &context),
                         ERR_INVALID_FIELD);
        if (hpke_key_new(bad[i].kem, &key))
            continue;
        assert_int_equal(hpke_setup_receiver(bad[i].kem, key, point, SPAN(""), &context),
                         ERR_INVALID_FIELD);
        EVP_PKEY_free(key);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rfc_s_vectors),
        cmocka_unit_test(public_keys_follow_from_private_ones),
        cmocka_unit_test(both_ends_agree),
        cmocka_unit_test(keys_that_are_none_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
