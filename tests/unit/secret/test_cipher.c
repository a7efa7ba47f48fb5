#include "secret/cipher.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MASTER "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define OTHER  "0x100102030405060708090A0B0C0D0E0F101112131415161718191a1b1c1d1e1f"

/* Written by WebCrypto's AES-GCM under MASTER: nonce 00..0b, "hunter2 \u00fc". */
static const char webcrypto_row[] = "AAECAwQFBgcICQoLL3e4b6CX8DtO/Yg0RdKSRoXEFrcu3rPXm+c=";

static const struct secret_place place = {{"user-1", 6}, {"API_KEY", 7}, 3};

static int set_up(void **state)
{
    struct secret_key *key = calloc(1, sizeof *key);
    *state = key;
    return secret_key_init(key, MASTER, NULL);
}

static int tear_down(void **state)
{
    secret_key_done(*state);
    free(*state);
    return 0;
}

static bool opens(const struct secret_key *key, const struct secret_place *where, struct span text,
                  struct span expected)
{
    struct secret_bytes value;
    size_t size;
    if (secret_open(key, where, text, &value, &size))
        return false;
    assert_int_equal(size, expected.size);
    assert_memory_equal(value.data, expected.data, size);
    secret_bytes_done(&value);
    return true;
}

static void both_formats_round_trip(void **state)
{
    static char big[SECRET_VALUE_MOST + 1];
    memset(big, 'b', sizeof big);
    struct span values[] = {SPAN(""), SPAN("x"), {"nul\0inside", 10}, {big, SECRET_VALUE_MOST}};
    for (int format = SECRET_FORMAT_V1; format <= SECRET_FORMAT_V2; format++)
        for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
            struct buf out = BUF_INIT(SECRET_SEALED_MOST);
            assert_int_equal(secret_seal(*state, format, &place, values[i], &out), 0);
            assert_int_equal(secret_format_of((struct span){out.data, out.size}), format);
            assert_true(opens(*state, &place, (struct span){out.data, out.size}, values[i]));
            buf_done(&out);
        }
    struct buf out = BUF_INIT(SECRET_SEALED_MOST);
    assert_int_equal(
        secret_seal(*state, SECRET_FORMAT_V2, &place, (struct span){big, sizeof big}, &out),
        ERR_INVALID_FIELD);
    buf_done(&out);
}

static void a_row_of_the_existing_gateway_opens(void **state)
{
    assert_true(opens(*state, &place, SPAN(webcrypto_row), SPAN("hunter2 \xc3\xbc")));
}

static void v2_opens_only_where_it_belongs(void **state)
{
    static const struct secret_place elsewhere[] = {{{"user-2", 6}, {"API_KEY", 7}, 3},
                                                    {{"user-1", 6}, {"API_KEZ", 7}, 3},
                                                    {{"user-1", 6}, {"API_KEY", 7}, 4},
                                                    {{"user-1A", 7}, {"PI_KEY", 6}, 3},
                                                    {{"", 0}, {"user-1API_KEY", 13}, 3}};
    struct buf out = BUF_INIT(SECRET_SEALED_MOST);
    assert_int_equal(secret_seal(*state, SECRET_FORMAT_V2, &place, SPAN("v"), &out), 0);
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
        assert_false(opens(*state, &elsewhere[i], (struct span){out.data, out.size}, SPAN("v")));
    buf_done(&out);
}

static void any_changed_character_is_refused(void **state)
{
    for (int format = SECRET_FORMAT_V1; format <= SECRET_FORMAT_V2; format++) {
        struct buf out = BUF_INIT(SECRET_SEALED_MOST);
        assert_int_equal(secret_seal(*state, format, &place, SPAN("value"), &out), 0);
        for (size_t i = 0; i < out.size; i++) {
            char kept = out.data[i];
            out.data[i] = kept == 'A' ? 'B' : 'A';
            assert_false(opens(*state, &place, (struct span){out.data, out.size}, SPAN("value")));
            out.data[i] = kept;
            assert_false(opens(*state, &place, (struct span){out.data, i}, SPAN("value")));
        }
        buf_done(&out);
    }
}

static void another_master_key_opens_nothing(void **state)
{
    struct secret_key other;
    assert_int_equal(secret_key_init(&other, OTHER, NULL), 0);
    for (int format = SECRET_FORMAT_V1; format <= SECRET_FORMAT_V2; format++) {
        struct buf out = BUF_INIT(SECRET_SEALED_MOST);
        assert_int_equal(secret_seal(*state, format, &place, SPAN("value"), &out), 0);
        assert_false(opens(&other, &place, (struct span){out.data, out.size}, SPAN("value")));
        buf_done(&out);
    }
    secret_key_done(&other);
}

static void a_bad_master_key_is_refused_without_showing_it(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "0x",
        "1234",
        MASTER "00",
        ("zz" MASTER),
        "g00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct secret_key key;
        struct error_detail detail = {0};
        assert_int_equal(secret_key_init(&key, bad[i], &detail), ERR_USAGE);
        if (strlen(bad[i]) > 8)
            assert_null(strstr(detail.message, "0405"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_formats_round_trip),
        cmocka_unit_test(a_row_of_the_existing_gateway_opens),
        cmocka_unit_test(v2_opens_only_where_it_belongs),
        cmocka_unit_test(any_changed_character_is_refused),
        cmocka_unit_test(another_master_key_opens_nothing),
        cmocka_unit_test(a_bad_master_key_is_refused_without_showing_it),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
