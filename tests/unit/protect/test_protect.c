/* The proof of results: expected values were computed with the openssl command line and Python. */
#include "base/encode.h"
#include "protect/protect.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define KEY_TEXT "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdeX" /* not hex */
#define KEY_HEX  "0f1e2d3c4b5a69788796a5b4c3d2e1f00123456789ABCDEFfedcba9876543210"

static void expect_hex(const uint8_t *data, const char *hex)
{
    char text[2 * PROTECT_HASH_SIZE + 1];
    hex_encode(text, data, PROTECT_HASH_SIZE);
    assert_string_equal(text, hex);
}

static void test_known_proof(void **state)
{
    static const struct {
        const char *master, *signature;
    } cases[] = {
        {KEY_HEX, "3e8cef2fb164ecfa85e040468e7e50c15f39d8b55c8efec429ff4610b682fc96"},
        {"0x" KEY_HEX, "3e8cef2fb164ecfa85e040468e7e50c15f39d8b55c8efec429ff4610b682fc96"},
        {KEY_TEXT, "69764f3115181726388cabe1852e7ea0bf6b37e482200a8a2b141e5e99f40a01"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct protect *protect = NULL;
        assert_int_equal(protect_new(cases[i].master, &protect, NULL), 0);
        for (int round = 0; round < 3; round++) {
            struct proof proof;
            protect_prove(protect, SPAN("{\"result\":42}"), &proof);
            expect_hex(proof.output_hash,
                       "0773698cf701d4082d365abcd08181974a52141a62ec0bf2eb2ab14996d02674");
            expect_hex(proof.signature, cases[i].signature);
        }
        protect_free(protect);
    }
}

static void test_master_sizes(void **state)
{
    static const struct {
        const char *master;
        int code;
    } cases[] = {
        {"", ERR_USAGE},
        {"short", ERR_USAGE},
        {"0123456789abcdef0123456789abcdef", ERR_USAGE}, /* 16 bytes as hex */
        {"0x", ERR_USAGE},
        {"0123456789abcdef0123456789abcdeg", 0}, /* 32 bytes of text */
        {"0123456789abcdef0123456789abcdee0123456789abcdef0123456789abcde", 0}, /* odd: text */
        {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
         ERR_USAGE}, /* counts */
        {KEY_HEX, 0},
        {KEY_TEXT, 0},
        {"5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f", ERR_USAGE},
        {"fefcfaf8f6f4f2f0eeeceae8e6e4e2e0dedcdad8d6d4d2d0cecccac8c6c4c2c0", ERR_USAGE}, /* -2 */
        {"correct horse battery, correct horse battery, corr", ERR_USAGE},  /* a block again */
        {"it has fewer: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", ERR_USAGE}, /* eleven bytes */
        {"it has twelve, baaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct protect *protect = NULL;
        struct error_detail detail = {0};
        int r = protect_new(cases[i].master, &protect, &detail);
        assert_int_equal(r, cases[i].code);
        assert_int_equal(detail.code, r);
        if (r) {
            assert_null(protect);
            assert_string_equal(detail.field, "COMPUTE_MASTER_KEY");
            if (strlen(cases[i].master) > 2)
                assert_null(strstr(detail.message, cases[i].master));
        }
        protect_free(protect);
    }
}

static void test_random_masters_differ(void **state)
{
    struct protect *a = NULL, *b = NULL;
    struct proof pa, pb;
    assert_int_equal(protect_new(NULL, &a, NULL), 0);
    assert_int_equal(protect_new(NULL, &b, NULL), 0);
    protect_prove(a, SPAN("{}"), &pa);
    protect_prove(b, SPAN("{}"), &pb);
    assert_memory_equal(pa.output_hash, pb.output_hash, sizeof pa.output_hash);
    assert_memory_not_equal(pa.signature, pb.signature, sizeof pa.signature);
    protect_free(a);
    protect_free(b);
}

/* The expected key was computed by another implementation of RFC 5869. */
static void test_derived_keys_differ_by_purpose_version_and_tenant(void **state)
{
    static const struct {
        enum protect_purpose purpose;
        uint32_t version;
        struct span tenant;
    } uses[] = {{PROTECT_AUDIT, 1, {"", 0}},
                {PROTECT_JOBS_AT_REST, 1, {"", 0}},
                {PROTECT_AUDIT, 2, {"", 0}},
                {PROTECT_AUDIT, 1, {"alice", 5}}};
    enum { USES = sizeof uses / sizeof *uses };
    struct protect *protect = NULL;
    uint8_t keys[USES][PROTECT_KEY_SIZE];
    assert_int_equal(protect_new(KEY_HEX, &protect, NULL), 0);
    for (int i = 0; i < USES; i++)
        assert_int_equal(
            protect_derive(protect, uses[i].purpose, uses[i].version, uses[i].tenant, keys[i]), 0);
    expect_hex(keys[0], "f3330ed93fcafa5f71a16970d8f74dd6ef0ce6dd97673e909bb14524317d120c");
    for (int i = 0; i < USES; i++)
        for (int k = 0; k < i; k++)
            assert_memory_not_equal(keys[i], keys[k], PROTECT_KEY_SIZE);
    protect_free(protect);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_proof),
        cmocka_unit_test(test_master_sizes),
        cmocka_unit_test(test_random_masters_differ),
        cmocka_unit_test(test_derived_keys_differ_by_purpose_version_and_tenant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
