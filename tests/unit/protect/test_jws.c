#include "protect/jws.h"

#include "base/encode.h"
#include "protect/libsodium.h"
#include <openssl/evp.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The key of RFC 8037, appendix A.1, and its thumbprint, A.3. */
static const char seed_hex[] = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
static const char thumbprint[] = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
static const char jwk[] = "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
                          "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}";

/* Appendix A.4: its payload, and its signature of 'header.payload' with {"alg":"EdDSA"}. */
static const char rfc_input[] = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
static const char rfc_signature[] =
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5"
    "BhVsPt9g7sVvpAr_MuM0KAg";

static struct jws_key rfc_key(void)
{
    uint8_t seed[JWS_SEED_SIZE];
    struct jws_key key;
    assert_int_equal(hex_decode(seed, sizeof seed, span_of(seed_hex)), 0);
    assert_int_equal(jws_key_derive(seed, &key), 0);
    return key;
}

static void the_rfc_s_key_and_thumbprint(void **state)
{
    (void)state;
    struct jws_key key = rfc_key();
    uint8_t read[JWS_PUBLIC_SIZE];
    assert_string_equal(key.kid, thumbprint);
    assert_int_equal(jws_read_jwk(span_of(jwk), read, NULL), 0);
    assert_memory_equal(read, key.public_key, sizeof read);
    struct buf out = BUF_INIT(1024);
    assert_int_equal(jws_write_jwk(&key, &out), 0);
    assert_int_equal(jws_read_jwk((struct span){out.data, out.size}, read, NULL), 0);
    assert_memory_equal(read, key.public_key, sizeof read);
    buf_done(&out);
    jws_key_done(&key);
}

static void the_rfc_s_signature(void **state)
{
    (void)state;
    struct jws_key key = rfc_key();
    struct buf signature = BUF_INIT(2 * JWS_SIGNATURE_SIZE);
    struct jws jws = {.typ = "neocompute-receipt+jwt", .signing_input = span_of(rfc_input)};
    assert_int_equal(base64url_decode(&signature, span_of(rfc_signature)), 0);
    memcpy(jws.signature, signature.data, JWS_SIGNATURE_SIZE);
    assert_int_equal(jws_verify(&jws, JWS_RECEIPT, key.public_key, NULL), 0);
    buf_done(&signature);
    jws_key_done(&key);
}

/* RFC 8032, section 7.1: tests 1, 2, 3 and SHA(abc). */
static void the_rfc_s_keys_sign_as_it_says(void **state)
{
    (void)state;
    static const struct {
        const char *seed, *public_key, *message, *signature;
    } vectors[] = {
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e3970"
         "1cf9b46bd25bf5f0595bbe24655141438e7a100b"},
        {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613"
         "d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
        {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
         "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760"
         "984dc6594a7c15e9716ed28dc027beceea1ec40a"},
        {"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
         "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
         "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23"
         "a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
         "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c6"
         "6431e0303dca179c138ac17ad9bef1177331a704"},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        uint8_t seed[JWS_SEED_SIZE], public_key[JWS_PUBLIC_SIZE], message[64];
        uint8_t signature[JWS_SIGNATURE_SIZE], made[JWS_SIGNATURE_SIZE];
        size_t size = strlen(vectors[i].message) / 2;
        struct jws_key key;
        assert_int_equal(hex_decode(seed, sizeof seed, span_of(vectors[i].seed)), 0);
        assert_int_equal(hex_decode(public_key, sizeof public_key, span_of(vectors[i].public_key)),
                         0);
        assert_int_equal(hex_decode(message, size, span_of(vectors[i].message)), 0);
        assert_int_equal(hex_decode(signature, sizeof signature, span_of(vectors[i].signature)), 0);
        assert_int_equal(jws_key_derive(seed, &key), 0);
        assert_memory_equal(key.public_key, public_key, sizeof public_key);
        assert_int_equal(
            libsodium.crypto_sign_detached(made, NULL, message, size, key.private_key.data), 0);
        assert_memory_equal(made, signature, sizeof signature);
        jws_key_done(&key);
    }
}

static void openssl_signs(const uint8_t seed[JWS_SEED_SIZE], struct span input,
                          uint8_t ret[JWS_SIGNATURE_SIZE])
{
    EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, JWS_SEED_SIZE);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t size = JWS_SIGNATURE_SIZE;
    assert_int_equal(EVP_DigestSignInit(ctx, NULL, NULL, NULL, pkey), 1);
    assert_int_equal(EVP_DigestSign(ctx, ret, &size, (const uint8_t *)input.data, input.size), 1);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
}

/* A signature follows from key and text (RFC 8032), so two implementations make the same. */
static void openssl_makes_the_same_signatures(void **state)
{
    (void)state;
    for (size_t size = 0; size < 300; size += 7) {
        struct jws_key key;
        struct buf payload = BUF_INIT(300), text = BUF_INIT(4096);
        struct jws jws;
        uint8_t expected[JWS_SIGNATURE_SIZE];
        assert_int_equal(jws_key_new(&key), 0);
        for (size_t i = 0; i < size; i++)
            buf_add_char(&payload, (char)(i * 31 + size));
        assert_int_equal(
            jws_sign(&key, JWS_RECEIPT, (struct span){payload.data, payload.size}, &text, NULL), 0);
        assert_int_equal(jws_parse((struct span){text.data, text.size}, &jws, NULL), 0);
        openssl_signs(key.private_key.data, jws.signing_input, expected);
        assert_memory_equal(jws.signature, expected, sizeof expected);
        jws_done(&jws);
        buf_done(&payload);
        buf_done(&text);
        jws_key_done(&key);
    }
}

static void a_key_that_was_forgotten_signs_nothing(void **state)
{
    (void)state;
    struct jws_key key;
    struct buf text = BUF_INIT(256);
    uint8_t signature[JWS_SIGNATURE_SIZE] = {0}, public_key[JWS_PUBLIC_SIZE];
    assert_int_equal(jws_key_new(&key), 0);
    const uint8_t *where = key.private_key.data;
    memcpy(public_key, key.public_key, sizeof public_key);
    jws_key_forget(&key);
    assert_null(key.private_key.data);
    assert_memory_equal(key.public_key, public_key, sizeof public_key);
    /* What is left of its slot is the link to the next free one. */
    for (size_t i = sizeof(void *); i < JWS_SEED_SIZE + JWS_PUBLIC_SIZE; i++)
        assert_int_equal(where[i], 0);
    assert_int_equal(jws_sign(&key, JWS_RECEIPT, SPAN("{}"), &text, signature), ERR_INTERNAL);
    assert_int_equal(text.size, 0);
    assert_memory_equal(signature, (uint8_t[JWS_SIGNATURE_SIZE]){0}, sizeof signature);
    buf_done(&text);
    jws_key_done(&key);
}

static void a_signature_verifies_and_any_change_is_seen(void **state)
{
    (void)state;
    struct jws_key key;
    struct buf text = BUF_INIT(4096);
    struct jws jws;
    assert_int_equal(jws_key_new(&key), 0);
    assert_int_equal(jws_sign(&key, JWS_RECEIPT, SPAN("{\"a\":1}"), &text, NULL), 0);
    struct span all = {text.data, text.size};
    assert_int_equal(jws_parse(all, &jws, NULL), 0);
    assert_string_equal(jws.kid, key.kid);
    assert_true(span_equal((struct span){jws.payload.data, jws.payload.size}, SPAN("{\"a\":1}")));
    assert_int_equal(jws_verify(&jws, JWS_RECEIPT, key.public_key, NULL), 0);
    jws_done(&jws);
    for (size_t at = 0; at < text.size; at++) {
        char kept = text.data[at];
        text.data[at] = kept == 'A' ? 'B' : 'A';
        if (jws_parse(all, &jws, NULL) == 0) {
            assert_int_equal(jws_verify(&jws, JWS_RECEIPT, key.public_key, NULL),
                             ERR_INVALID_FIELD);
            jws_done(&jws);
        }
        text.data[at] = kept;
    }
    buf_done(&text);
    jws_key_done(&key);
}

static void no_type_passes_for_another(void **state)
{
    (void)state;
    struct jws_key key;
    assert_int_equal(jws_key_new(&key), 0);
    for (int made = 0; made < JWS_TYPE_COUNT; made++)
        for (int wanted = 0; wanted < JWS_TYPE_COUNT; wanted++) {
            struct buf text = BUF_INIT(4096);
            struct jws jws;
            assert_int_equal(jws_sign(&key, made, SPAN("{}"), &text, NULL), 0);
            assert_int_equal(jws_parse((struct span){text.data, text.size}, &jws, NULL), 0);
            assert_int_equal(jws_verify(&jws, wanted, key.public_key, NULL) == 0, made == wanted);
            jws_done(&jws);
            buf_done(&text);
        }
    jws_key_done(&key);
}

/*
 * The attack: a caller hands in a receipt's signing input as a nonce, hoping that the signature
 * over the nonce is one over the receipt. What is signed is our own document with its own type.
 */
static void a_receipt_s_signing_input_as_a_nonce_gains_nothing(void **state)
{
    (void)state;
    struct jws_key key;
    struct buf forged = BUF_INIT(4096), payload = BUF_INIT(4096), text = BUF_INIT(8192);
    struct jws jws;
    char header[256];
    assert_int_equal(jws_key_new(&key), 0);
    snprintf(header, sizeof header, "{\"alg\":\"Ed25519\",\"kid\":\"%s\",\"typ\":\"%s\"}", key.kid,
             jws_type_name(JWS_RECEIPT));
    base64url_encode(&forged, header, strlen(header));
    buf_add_char(&forged, '.');
    base64url_encode(&forged, "{\"status\":\"completed\"}", 22);
    buf_addf(&payload, "{\"nonce\":\"%.*s\"}", (int)forged.size, forged.data);
    assert_int_equal(
        jws_sign(&key, JWS_FRESHNESS, (struct span){payload.data, payload.size}, &text, NULL), 0);
    assert_int_equal(jws_parse((struct span){text.data, text.size}, &jws, NULL), 0);
    jws.signing_input = (struct span){forged.data, forged.size};
    snprintf(jws.typ, sizeof jws.typ, "%s", jws_type_name(JWS_RECEIPT));
    assert_int_equal(jws_verify(&jws, JWS_RECEIPT, key.public_key, NULL), ERR_INVALID_FIELD);
    jws_done(&jws);
    buf_done(&forged);
    buf_done(&payload);
    buf_done(&text);
    jws_key_done(&key);
}

static void bad_headers_have_their_names(void **state)
{
    (void)state;
    static const struct {
        const char *header, *refusal;
    } table[] = {
        {"{\"alg\":\"none\",\"kid\":\"k\",\"typ\":\"t\"}", "algorithm"},
        {"{\"alg\":\"HS256\",\"kid\":\"k\",\"typ\":\"t\"}", "algorithm"},
        {"{\"alg\":[\"Ed25519\"],\"kid\":\"k\",\"typ\":\"t\"}", "algorithm"},
        {"{\"alg\":\"Ed25519\\u0000\",\"kid\":\"k\",\"typ\":\"t\"}", "algorithm"},
        {"{\"alg\\u0000\":\"Ed25519\",\"kid\":\"k\",\"typ\":\"t\"}", "malformed"},
        {"{\"alg\":\"Ed25519\",\"alg\":\"none\",\"kid\":\"k\",\"typ\":\"t\"}", "malformed"},
        {"{\"alg\":\"Ed25519\",\"\\u0061lg\":\"none\",\"kid\":\"k\",\"typ\":\"t\"}", "malformed"},
        {"{\"alg\":\"Ed25519\",\"kid\":\"k\",\"typ\":\"t\",\"crit\":[\"x\"]}", "critical"},
        {"{\"alg\":\"Ed25519\",\"kid\":\"k\",\"typ\":\"t\",\"b64\":false}", "critical"},
        {"{\"alg\":\"Ed25519\",\"typ\":\"t\"}", "malformed"},
        {"{\"alg\":\"Ed25519\",\"kid\":\"k\"}", "malformed"},
        {"{\"alg\":\"Ed25519\",\"kid\":\"k\",\"typ\":\"t\\u0000\"}", "malformed"},
        {"[1]", "malformed"},
        {"{\"alg\":\"Ed25519\"", "malformed"},
        {"{\"alg\":\"Ed25519\"}{}", "malformed"},
        {"", "malformed"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct buf text = BUF_INIT(4096);
        struct jws jws;
        struct error_detail detail = {0};
        base64url_encode(&text, table[i].header, strlen(table[i].header));
        buf_add_str(&text, ".e30.");
        base64url_encode(&text, (uint8_t[JWS_SIGNATURE_SIZE]){0}, JWS_SIGNATURE_SIZE);
        assert_int_equal(jws_parse((struct span){text.data, text.size}, &jws, &detail),
                         ERR_INVALID_FIELD);
        if (strcmp(detail.field, table[i].refusal) != 0)
            fail_msg("%s: %s: %s", table[i].header, detail.field, detail.message);
        buf_done(&text);
    }
    static const char *const texts[] = {"", ".", "..", "a.b", "a.b.c.d", "a..", "e30.e30.e30"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct jws jws;
        assert_int_equal(jws_parse(span_of(texts[i]), &jws, NULL), ERR_INVALID_FIELD);
    }
}

static void a_huge_header_is_not_parsed(void **state)
{
    (void)state;
    struct buf header = BUF_INIT(JWS_TEXT_MOST), text = BUF_INIT(JWS_TEXT_MOST);
    struct error_detail detail = {0};
    struct jws jws;
    buf_add_str(&header, "{\"alg\":\"Ed25519\",\"kid\":\"k\",\"typ\":\"t\",\"x\":\"");
    while (header.size < 500000)
        buf_add_char(&header, 'x');
    buf_add_str(&header, "\"}");
    base64url_encode(&text, header.data, header.size);
    buf_add_str(&text, ".e30.");
    base64url_encode(&text, (uint8_t[JWS_SIGNATURE_SIZE]){0}, JWS_SIGNATURE_SIZE);
    assert_int_equal(jws_parse((struct span){text.data, text.size}, &jws, &detail),
                     ERR_INVALID_FIELD);
    assert_non_null(strstr(detail.message, "larger"));
    buf_done(&header);
    buf_done(&text);
}

/* A signature that anybody can make: R is the neutral element and S is 0. It verifies whenever the
 * key's order divides the hash. */
static bool can_be_forged(const uint8_t key[JWS_PUBLIC_SIZE])
{
    const uint8_t signature[JWS_SIGNATURE_SIZE] = {1};
    EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, JWS_PUBLIC_SIZE);
    bool forged = false;
    for (uint16_t i = 0; pkey && i < 500 && !forged; i++) {
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        forged = EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
                 EVP_DigestVerify(ctx, signature, sizeof signature, (uint8_t *)&i, sizeof i) == 1;
        EVP_MD_CTX_free(ctx);
    }
    EVP_PKEY_free(pkey);
    return forged;
}

static void keys_for_which_anybody_can_sign_are_refused(void **state)
{
    (void)state;
    /* y of every point of small order, and y + p of those that have one below 2^255. */
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    int forged = 0;
    for (size_t i = 0; i < sizeof points / sizeof *points; i++)
        for (int sign = 0; sign < 2; sign++) {
            uint8_t key[JWS_PUBLIC_SIZE], read[JWS_PUBLIC_SIZE];
            struct buf text = BUF_INIT(256);
            assert_int_equal(hex_decode(key, sizeof key, span_of(points[i])), 0);
            key[JWS_PUBLIC_SIZE - 1] |= (uint8_t)(sign << 7);
            forged += can_be_forged(key);
            buf_add_str(&text, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"");
            base64url_encode(&text, key, sizeof key);
            buf_add_str(&text, "\"}");
            assert_int_equal(jws_read_jwk((struct span){text.data, text.size}, read, NULL),
                             ERR_INVALID_FIELD);
            buf_done(&text);
        }
    assert_true(forged >= 8); /* the attack is one */
    struct jws_key key = rfc_key();
    assert_false(can_be_forged(key.public_key));
    jws_key_done(&key);
}

static void bad_keys_are_refused(void **state)
{
    (void)state;
    static const char *const keys[] = {"",
                                       "[]",
                                       "{}",
                                       "{\"kty\":\"RSA\"}",
                                       "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AA\"}",
                                       "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"}",
                                       "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"
                                       "7TyWQHOg7hcvPapiMlrwIaaPcHURo\","
                                       "\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\"}"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        uint8_t read[JWS_PUBLIC_SIZE];
        assert_int_equal(jws_read_jwk(span_of(keys[i]), read, NULL), ERR_INVALID_FIELD);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rfc_s_key_and_thumbprint),
        cmocka_unit_test(the_rfc_s_signature),
        cmocka_unit_test(the_rfc_s_keys_sign_as_it_says),
        cmocka_unit_test(openssl_makes_the_same_signatures),
        cmocka_unit_test(a_key_that_was_forgotten_signs_nothing),
        cmocka_unit_test(a_signature_verifies_and_any_change_is_seen),
        cmocka_unit_test(no_type_passes_for_another),
        cmocka_unit_test(a_receipt_s_signing_input_as_a_nonce_gains_nothing),
        cmocka_unit_test(bad_headers_have_their_names),
        cmocka_unit_test(a_huge_header_is_not_parsed),
        cmocka_unit_test(keys_for_which_anybody_can_sign_are_refused),
        cmocka_unit_test(bad_keys_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
