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
            hpke_open(&receiver, SPAN("a"), (struct span){sealed.data, sealed.size}, &text), 0);
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
    static const struct receipt_secret secrets[] = {{{"A", 1}, 3}, {{"B", 1}, 1}};
    static const char *const used[] = {"clock"};
    return (struct receipt){.job_id = SPAN("job"),
                            .user = SPAN("alice"),
                            .salt = salt,
                            .entry_point = SPAN("main"),
                            .script_sha256 = hash_1,
                            .input_sha256 = hash_2,
                            .output_sha256 = hash_1,
                            .secrets = secrets,
                            .secret_count = 2,
                            .status = "completed",
                            .gas_used = 1001,
                            .gas_limit = 64000,
                            .memory_used = 100,
                            .memory_limit = 6400,
                            .nondeterminism = used,
                            .nondeterminism_count = 1,
                            .started_unix_ms = 5,
                            .duration_us = 7,
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
    char subject[2 * RECEIPT_HASH_SIZE + 1], expected[2048];
    assert_int_equal(receipt_subject(SPAN("alice"), salt, subject), 0);
    snprintf(expected, sizeof expected,
             "{\"claims_sha256\":\"c0\",\"duration_us\":7,\"engine_digest\":\"e0\","
             "\"entry_point\":\"main\",\"gas_limit\":64000,\"gas_used\":1001,\"iat\":8,"
             "\"input_sha256\":\"" HASH_2 "\",\"isolation\":{},\"iss\":\"neocompute\","
             "\"jti\":\"job\",\"memory_limit\":6400,\"memory_used\":100,"
             "\"nondeterminism\":[\"clock\"],\"nonce\":\"n\\\"1\",\"output_sha256\":\"" HASH_1 "\","
             "\"script_sha256\":\"" HASH_1 "\",\"secrets\":[{\"name\":\"A\",\"version\":3},"
             "{\"name\":\"B\",\"version\":1}],\"started_ms\":5,\"status\":\"completed\","
             "\"sub\":\"%s\",\"version\":1}",
             subject);
    assert_string_equal(out.data, expected);
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
        cmocka_unit_test(the_salt_hides_the_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
