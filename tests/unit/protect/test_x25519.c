#include "protect/x25519.h"

#include "base/buf.h"
#include "base/encode.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ROUNDS 2000 /* of eight random pairs */

typedef uint8_t bytes32[X25519_SIZE];

/* Machines without the instructions never come here: hpke_agree asks first, too. */
static void need_lanes(void)
{
    if (!x25519_has_lanes())
        skip();
}

static void unhex(const char *text, bytes32 ret)
{
    assert_int_equal(hex_decode(ret, X25519_SIZE, span_of(text)), 0);
}

static void multiply(bytes32 *scalars, bytes32 *points, size_t count, bytes32 *results)
{
    const uint8_t *scalar_of[X25519_LANES], *point_of[X25519_LANES];
    for (size_t i = 0; i < count; i++) {
        scalar_of[i] = scalars[i];
        point_of[i] = points[i];
    }
    x25519_lanes(scalar_of, point_of, count, results);
}

/* RFC 7748, section 5.2. */
static void the_rfc_s_vectors(void **state)
{
    (void)state;
    static const char *const vectors[][3] = {
        {"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
         "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
         "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"},
        {"4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
         "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
         "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"},
    };
    bytes32 scalars[2], points[2], wanted[2], results[2];
    need_lanes();
    for (int i = 0; i < 2; i++) {
        unhex(vectors[i][0], scalars[i]);
        unhex(vectors[i][1], points[i]);
        unhex(vectors[i][2], wanted[i]);
    }
    multiply(scalars, points, 2, results);
    assert_memory_equal(results, wanted, sizeof wanted);
}

/* The same section: each result is the next scalar, the scalar the next point. */
static void the_rfc_s_iterations(void **state)
{
    (void)state;
    bytes32 scalar = {9}, point = {9}, result, wanted;
    need_lanes();
    for (int i = 1; i <= 1000; i++) {
        multiply(&scalar, &point, 1, &result);
        memcpy(point, scalar, sizeof point);
        memcpy(scalar, result, sizeof scalar);
        if (i == 1) {
            unhex("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079", wanted);
            assert_memory_equal(scalar, wanted, sizeof wanted);
        }
    }
    unhex("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51", wanted);
    assert_memory_equal(scalar, wanted, sizeof wanted);
}

/* All zero if it refuses. */
static void multiply_by_openssl(const bytes32 scalar, const bytes32 point, bytes32 result)
{
    size_t size = X25519_SIZE;
    EVP_PKEY *mine = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, scalar, X25519_SIZE);
    EVP_PKEY *theirs = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, point, X25519_SIZE);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(mine, NULL);
    assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer_ex(ctx, theirs, 0), 1);
    if (EVP_PKEY_derive(ctx, result, &size) != 1)
        memset(result, 0, X25519_SIZE);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(mine);
    EVP_PKEY_free(theirs);
}

/* p - `less` modulo 2^256, in which `less` may be negative; with the top bit set or not. */
static void near_p(int less, bool top, bytes32 ret)
{
    memset(ret, 0xff, X25519_SIZE);
    ret[0] = (uint8_t)(0xed - less);
    ret[X25519_SIZE - 1] = top ? 0xff : 0x7f;
}

/* Bytes of zeros and ones only: limbs that are full or empty, where carries begin and end. */
static void random_edges(bytes32 ret)
{
    uint8_t chosen[X25519_SIZE];
    assert_int_equal(RAND_bytes(chosen, sizeof chosen), 1);
    for (int i = 0; i < X25519_SIZE; i++)
        ret[i] = chosen[i] < 100 ? 0 : chosen[i] < 200 ? 0xff : chosen[i];
}

static void the_same_as_openssl_s(void **state)
{
    (void)state;
    bytes32 scalars[X25519_LANES], points[X25519_LANES], results[X25519_LANES + 1], wanted;
    need_lanes();
    for (int round = 0; round < ROUNDS; round++) {
        size_t count = 1 + (size_t)round % X25519_LANES;
        assert_int_equal(RAND_bytes((uint8_t *)scalars, sizeof scalars), 1);
        assert_int_equal(RAND_bytes((uint8_t *)points, sizeof points), 1);
        if (round % 3 == 1)
            near_p(round % 40 - 20 + 1, round % 2, points[round % (int)count]);
        for (size_t i = 0; i < count && round % 3 == 2; i++) {
            random_edges(scalars[i]);
            random_edges(points[i]);
        }
        memset(results, 0xa5, sizeof results);
        multiply(scalars, points, count, results);
        for (size_t i = 0; i < count; i++) {
            multiply_by_openssl(scalars[i], points[i], wanted);
            assert_memory_equal(results[i], wanted, sizeof wanted);
        }
        assert_int_equal(results[count][0], 0xa5); /* no more are written than were asked for */
    }
}

/* Points of order 1, 2, 4 and 8, also where they are written as numbers of p or more. */
static void points_of_low_order_give_zero(void **state)
{
    (void)state;
    static const char *const low[X25519_LANES] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };
    static const bytes32 zero;
    bytes32 scalars[X25519_LANES], points[X25519_LANES], results[X25519_LANES], wanted;
    need_lanes();
    assert_int_equal(RAND_bytes((uint8_t *)scalars, sizeof scalars), 1);
    for (int i = 0; i < X25519_LANES; i++)
        unhex(low[i], points[i]);
    multiply(scalars, points, X25519_LANES, results);
    for (int i = 0; i < X25519_LANES; i++)
        assert_memory_equal(results[i], zero, sizeof zero);
    for (int lane = 0; lane < X25519_LANES; lane++) { /* and nothing to their neighbours */
        for (int i = 0; i < X25519_LANES; i++)
            unhex(low[i], points[i]);
        memset(points[lane], 0, X25519_SIZE);
        points[lane][0] = 9;
        multiply(scalars, points, X25519_LANES, results);
        multiply_by_openssl(scalars[lane], points[lane], wanted);
        for (int i = 0; i < X25519_LANES; i++)
            assert_memory_equal(results[i], i == lane ? wanted : zero, sizeof zero);
    }
}

/* What tests/tools/constant-time.c ends with. */
static int check_constant_time(const char *argument)
{
    char self[4096], command[sizeof self + 64];
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(size > 0);
    self[size] = '\0';
    *strrchr(self, '/') = '\0';
    snprintf(command, sizeof command, "exec %s/../tools/constant-time %s 2>/dev/null", self,
             argument);
    return system(command);
}

static void no_branch_and_no_address_depends_on_a_secret(void **state)
{
    (void)state;
    need_lanes();
    assert_int_equal(check_constant_time(""), 0);
    assert_int_not_equal(check_constant_time("leak"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rfc_s_vectors),
        cmocka_unit_test(the_rfc_s_iterations),
        cmocka_unit_test(the_same_as_openssl_s),
        cmocka_unit_test(points_of_low_order_give_zero),
        cmocka_unit_test(no_branch_and_no_address_depends_on_a_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
