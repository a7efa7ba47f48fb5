#include "base/encode.h"
#include "protect/receipt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MASTER "0f1e2d3c4b5a69788796a5b4c3d2e1f00123456789abcdeffedcba9876543210"

static struct keyring *make_keyring(const char *master)
{
    struct protect *protect;
    struct keyring *keyring;
    assert_int_equal(protect_new(master, &protect, NULL), 0);
    struct keyring_options options = {.protect = protect,
                                      .engine_digest = "e0",
                                      .isolation = "{\"kind\":\"process\"}",
                                      .isolation_of_receipt = "{}",
                                      .lifetime_ms = 60000,
                                      .now_unix_ms = 1000000};
    assert_int_equal(keyring_new(&options, &keyring), 0);
    protect_free(protect);
    return keyring;
}

static void the_identity_lasts_and_the_boot_keys_do_not(void **state)
{
    (void)state;
    struct keyring *a = make_keyring(MASTER), *b = make_keyring(MASTER);
    assert_string_equal(keyring_identity(a)->kid, keyring_identity(b)->kid);
    assert_string_not_equal(keyring_result_key(a)->kid, keyring_result_key(b)->kid);
    assert_string_not_equal(keyring_claims_digest(a), keyring_claims_digest(b));
    keyring_release(a);
    keyring_release(b);
}

static void the_identity_signs_the_boot_key(void **state)
{
    (void)state;
    struct keyring *k = make_keyring(MASTER);
    struct jws jws;
    assert_int_equal(jws_parse(keyring_statement(k), &jws, NULL), 0);
    assert_int_equal(jws_verify(&jws, JWS_KEY, keyring_identity(k)->public_key, NULL), 0);
    assert_int_equal(jws_verify(&jws, JWS_KEY, keyring_result_key(k)->public_key, NULL),
                     ERR_INVALID_FIELD);
    buf_terminate(&jws.payload);
    assert_non_null(strstr(jws.payload.data, keyring_claims_digest(k)));
    assert_non_null(strstr(jws.payload.data, keyring_result_key(k)->kid));
    jws_done(&jws);
    keyring_release(k);
}

static void hpke_keys_are_found_by_their_id_and_open(void **state)
{
    (void)state;
    struct keyring *k = make_keyring(NULL);
    struct span all = keyring_hpke_configurations(k);
    size_t at = 0;
    for (int i = 0; i < KEYRING_HPKE_COUNT; i++) {
        const uint8_t *bytes = (const uint8_t *)all.data + at;
        size_t size = (size_t)(bytes[0] << 8 | bytes[1]);
        const uint8_t *configuration = bytes + 2;
        uint16_t kem = (uint16_t)(configuration[1] << 8 | configuration[2]), found_kem;
        uint8_t hash[32], enc[HPKE_PUBLIC_MOST];
        unsigned hash_size = sizeof hash;
        assert_int_equal(EVP_Digest(configuration, size, hash, &hash_size, EVP_sha256(), NULL), 1);
        EVP_PKEY *key = keyring_hpke_key(k, hash, &found_kem);
        assert_non_null(key);
        assert_int_equal(kem, found_kem);
        struct span public_key = {(const char *)configuration + 3, hpke_public_size(kem)};
        struct hpke_context sender, receiver;
        struct buf sealed = BUF_INIT(100), text = BUF_INIT(100);
        assert_int_equal(hpke_setup_sender(kem, public_key, SPAN("i"), NULL, enc, &sender), 0);
        assert_int_equal(hpke_setup_receiver(kem, key, (struct span){(char *)enc, public_key.size},
                                             SPAN("i"), &receiver),
                         0);
        assert_int_equal(hpke_seal(&sender, SPAN("a"), SPAN("text"), &sealed), 0);
        assert_int_equal(
            hpke_open(&receiver, 0, SPAN("a"), (struct span){sealed.data, sealed.size}, &text), 0);
        buf_done(&sealed);
        buf_done(&text);
        at += 2 + size;
    }
    assert_int_equal(at, all.size);
    uint16_t kem;
    assert_null(keyring_hpke_key(k, (const uint8_t *)"0123456789abcdef", &kem));
    keyring_release(k);
}

static const uint8_t hash_1[RECEIPT_HASH_SIZE] = {1}, hash_2[RECEIPT_HASH_SIZE] = {2};
static const uint8_t salt[RECEIPT_SALT_SIZE] = {9};

static struct receipt sample(void)
{
    static const struct receipt_secret secrets[] = {{{"A", 1}, NULL, 3}, {{"B", 1}, NULL, 1}};
    static const char *const used[] = {"clock"};
    return (struct receipt){.job_id = SPAN("job"),
                            .subject = hash_2,
                            .entry_point = SPAN("main"),
                            .script_sha256 = hash_1,
                            .input_sha256 = hash_2,
                            .output_sha256 = hash_1,
                            .secrets = secrets,
                            .secret_count = 2,
                            .gas_used = 1001,
                            .gas_limit = 64000,
                            .memory_used = 100,
                            .memory_limit = 6400,
                            .nondeterminism = used,
                            .nondeterminism_count = 1,
                            .started_unix_ms = 5,
                            .duration_us = 7,
                            .timeout_ms = 9,
                            .engine_digest = "e0",
                            .isolation = "{}",
                            .claims_sha256 = "c0",
                            .nonce = SPAN("n\"1"),
                            .issued_unix_s = 8};
}

static void the_payload_is_canonical_and_complete(void **state)
{
    (void)state;
    struct buf out = BUF_INIT(4096);
    struct receipt receipt = sample();
    assert_int_equal(receipt_write(&receipt, &out), 0);
    buf_terminate(&out);
#define HASH_1 "0100000000000000000000000000000000000000000000000000000000000000"
#define HASH_2 "0200000000000000000000000000000000000000000000000000000000000000"
    assert_string_equal(
        out.data,
        "{\"claims_sha256\":\"c0\",\"duration_us\":7,\"engine_digest\":\"e0\","
        "\"entry_point\":\"main\",\"gas_limit\":64000,\"gas_used\":1001,\"iat\":8,"
        "\"input_sha256\":\"" HASH_2 "\",\"isolation\":{},\"iss\":\"neocompute\","
        "\"jti\":\"job\",\"memory_limit\":6400,\"memory_used\":100,"
        "\"nonce\":\"n\\\"1\",\"nondeterminism\":[\"clock\"],\"output_sha256\":\"" HASH_1 "\","
        "\"script_sha256\":\"" HASH_1 "\",\"secrets\":[{\"name\":\"A\",\"version\":3},"
        "{\"name\":\"B\",\"version\":1}],\"started_ms\":5,\"status\":\"completed\","
        "\"sub\":\"" HASH_2 "\",\"timeout_ms\":9,\"version\":1}");
    buf_done(&out);
}

static void pinned_secrets_round_gas_and_memory(void **state)
{
    (void)state;
    struct buf out = BUF_INIT(4096);
    struct receipt receipt = sample();
    receipt.rounded = true;
    assert_int_equal(receipt_write(&receipt, &out), 0);
    buf_terminate(&out);
    assert_non_null(strstr(out.data, "\"gas_used\":2000,"));
    assert_non_null(strstr(out.data, "\"memory_used\":100,"));
    assert_non_null(strstr(out.data, "\"rounded\":true"));
    assert_int_equal(receipt_round(0, 64000), 0);
    assert_int_equal(receipt_round(1, 64000), 1000);
    assert_int_equal(receipt_round(64000, 64000), 64000);
    assert_int_equal(receipt_round(63, 65), 64);
    assert_int_equal(receipt_round(65, 65), 65);
    buf_done(&out);
}

/* What a sealed job's receipt must not show stands in it as an HMAC. */
static void a_sealed_job_shows_no_hash_and_no_name(void **state)
{
    (void)state;
    struct buf out = BUF_INIT(4096);
    struct receipt receipt = sample();
    struct receipt_secret secret = {.name = SPAN("A"), .name_hmac = hash_2, .version = 3};
    receipt.sealed = true;
    receipt.secrets = &secret;
    receipt.secret_count = 1;
    receipt.input_hmac = receipt.output_hmac = hash_1;
    receipt.input_sha256 = receipt.output_sha256 = NULL;
    receipt.encrypt_to = SPAN("thumb");
    receipt.error_code = "timeout";
    assert_int_equal(receipt_write(&receipt, &out), 0);
    buf_terminate(&out);
    static const char *const parts[] = {
        "\"duration_us\":7,\"encrypt_to\":\"thumb\",\"engine_digest\"",
        "\"error_code\":\"timeout\",",
        "\"input_hmac\":\"" HASH_1 "\",\"isolation\"",
        "\"output_hmac\":\"" HASH_1 "\",\"script_sha256\"",
        "\"sealed\":true,\"secrets\":[{\"name_hmac\":\"" HASH_2 "\",\"version\":3}]",
        "\"status\":\"failed\"",
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        assert_non_null(strstr(out.data, parts[i]));
    assert_null(strstr(out.data, "_sha256\":\"0100000000\""));
    buf_done(&out);
}

/* A caller's nonce that is the signing input of a receipt: the signature over it is of the type for
 * nonces, and no verifier takes it for a receipt's. */
static void a_receipt_cannot_be_signed_as_a_nonce(void **state)
{
    (void)state;
    struct keyring *k = make_keyring(NULL);
    const struct jws_key *key = keyring_result_key(k);
    struct buf receipt = BUF_INIT(4096), nonce = BUF_INIT(8192), forged = BUF_INIT(8192);
    struct jws jws;
    assert_int_equal(jws_sign(key, JWS_RECEIPT, SPAN("{\"jti\":\"1\"}"), &receipt, NULL), 0);
    assert_int_equal(jws_parse((struct span){receipt.data, receipt.size}, &jws, NULL), 0);
    uint8_t signature[JWS_SIGNATURE_SIZE];
    assert_int_equal(jws_sign(key, JWS_FRESHNESS, jws.signing_input, &nonce, signature), 0);
    assert_memory_not_equal(signature, jws.signature, sizeof signature);
    /* The forger puts the signature that they got behind the signing input that they wanted. */
    buf_add(&forged, jws.signing_input.data, jws.signing_input.size);
    buf_add_char(&forged, '.');
    base64url_encode(&forged, signature, sizeof signature);
    jws_done(&jws);
    for (int type = 0; type < JWS_TYPE_COUNT; type++) {
        assert_int_equal(jws_parse((struct span){forged.data, forged.size}, &jws, NULL), 0);
        assert_int_equal(jws_verify(&jws, (enum jws_type)type, key->public_key, NULL),
                         ERR_INVALID_FIELD);
        jws_done(&jws);
    }
    /* What they got is what it says it is. */
    buf_reset(&nonce);
    assert_int_equal(jws_sign(key, JWS_FRESHNESS, SPAN("abc"), &nonce, NULL), 0);
    assert_int_equal(jws_parse((struct span){nonce.data, nonce.size}, &jws, NULL), 0);
    assert_int_equal(jws_verify(&jws, JWS_FRESHNESS, key->public_key, NULL), 0);
    assert_int_equal(jws_verify(&jws, JWS_RECEIPT, key->public_key, NULL), ERR_INVALID_FIELD);
    jws_done(&jws);
    buf_done(&receipt);
    buf_done(&nonce);
    buf_done(&forged);
    keyring_release(k);
}

/* The identity before this one says the same of the same key, and is in the key set. */
static void the_previous_identity_signs_too(void **state)
{
    (void)state;
    struct protect *now, *before;
    struct keyring *k, *old = make_keyring(MASTER);
    assert_int_equal(protect_new(NULL, &now, NULL), 0);
    assert_int_equal(protect_new(MASTER, &before, NULL), 0);
    struct keyring_options options = {.protect = now,
                                      .previous = before,
                                      .engine_digest = "e0",
                                      .isolation = "{}",
                                      .isolation_of_receipt = "{}"};
    assert_int_equal(keyring_new(&options, &k), 0);
    const struct jws_key *previous = keyring_previous_identity(k);
    assert_string_equal(previous->kid, keyring_identity(old)->kid);
    assert_null(previous->private_key.data);
    assert_null(keyring_identity(k)->private_key.data);
    struct span bundle = keyring_bundle(k), jwks = keyring_jwks(k);
    assert_non_null(memmem(bundle.data, bundle.size, "\"previous_statement\":\"", 22));
    assert_non_null(memmem(jwks.data, jwks.size, previous->kid, strlen(previous->kid)));
    keyring_release(k);
    options.previous = now; /* the same key is no change */
    assert_int_equal(keyring_new(&options, &k), 0);
    assert_null(keyring_previous_identity(k));
    keyring_release(k);
    keyring_release(old);
    protect_free(now);
    protect_free(before);
}

static void a_keyring_goes_with_its_last_holder(void **state)
{
    (void)state;
    uint16_t kem;
    struct keyring *k = make_keyring(NULL);
    uint8_t id[32];
    unsigned size = sizeof id;
    struct span all = keyring_hpke_configurations(k);
    size_t first = (size_t)((uint8_t)all.data[0] << 8 | (uint8_t)all.data[1]);
    assert_int_equal(EVP_Digest(all.data + 2, first, id, &size, EVP_sha256(), NULL), 1);
    assert_ptr_equal(keyring_hold(k), k);
    assert_non_null(keyring_hpke_key(k, id, &kem));
    keyring_wipe_hpke(k);
    keyring_release(k);
    assert_null(keyring_hpke_key(k, id, &kem)); /* the second holder can still sign */
    struct buf out = BUF_INIT(4096);
    assert_int_equal(jws_sign(keyring_result_key(k), JWS_RECEIPT, SPAN("{}"), &out, NULL), 0);
    buf_done(&out);
    keyring_release(k);
}

static void the_salt_hides_the_user(void **state)
{
    (void)state;
    char a[2 * RECEIPT_HASH_SIZE + 1], b[2 * RECEIPT_HASH_SIZE + 1];
    static const uint8_t other[RECEIPT_SALT_SIZE] = {8};
    assert_int_equal(receipt_subject(SPAN("alice"), salt, a), 0);
    assert_int_equal(receipt_subject(SPAN("alice"), other, b), 0);
    assert_string_not_equal(a, b);
    assert_int_equal(receipt_subject(SPAN("bob"), salt, b), 0);
    assert_string_not_equal(a, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_identity_lasts_and_the_boot_keys_do_not),
        cmocka_unit_test(the_identity_signs_the_boot_key),
        cmocka_unit_test(hpke_keys_are_found_by_their_id_and_open),
        cmocka_unit_test(the_payload_is_canonical_and_complete),
        cmocka_unit_test(pinned_secrets_round_gas_and_memory),
        cmocka_unit_test(a_sealed_job_shows_no_hash_and_no_name),
        cmocka_unit_test(a_receipt_cannot_be_signed_as_a_nonce),
        cmocka_unit_test(the_previous_identity_signs_too),
        cmocka_unit_test(a_keyring_goes_with_its_last_holder),
        cmocka_unit_test(the_salt_hides_the_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
