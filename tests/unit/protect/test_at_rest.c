#include "protect/at_rest.h"

#include "base/encode.h"
#include "unit.h"

#define MASTER "be6e1fcf5ebea433282de599295da4d4333d378b388662234991efbe88c741f2"
#define OWNER  (&(struct at_rest_owner){SPAN("job"), SPAN("ann")})

static struct at_rest *make(struct protect **protect)
{
    struct at_rest *at_rest = NULL;
    assert_int_equal(protect_new(MASTER, protect, NULL), 0);
    assert_int_equal(at_rest_new(*protect, &at_rest), 0);
    return at_rest;
}

static char *seal(struct at_rest *at_rest, const char *text)
{
    size_t size = strlen(text);
    char *room = malloc(size + AT_REST_FRAME);
    memcpy(room + AT_REST_NONCE_SIZE, text, size);
    assert_int_equal(at_rest_seal(at_rest, OWNER, room, size), 0);
    return room;
}

static void opens_for_its_owner_only(void **state)
{
    static const char *const texts[] = {"", "x", "the output of a job, which is some bytes long"};
    struct protect *protect;
    struct at_rest *at_rest = make(&protect);
    for (int i = 0; i < 3; i++) {
        struct buf out = BUF_INIT(256);
        char *room = seal(at_rest, texts[i]);
        struct span sealed = {room, strlen(texts[i]) + AT_REST_FRAME};
        assert_int_equal(at_rest_open(at_rest, OWNER, sealed, &out), 0);
        assert_bytes(out, texts[i]);
        buf_reset(&out);
        const struct at_rest_owner others[] = {{SPAN("job"), SPAN("bob")},
                                               {SPAN("jot"), SPAN("ann")},
                                               {SPAN("jo"), SPAN("bann")},
                                               {SPAN(""), SPAN("")}};
        for (size_t k = 0; k < sizeof others / sizeof *others; k++)
            assert_int_equal(at_rest_open(at_rest, &others[k], sealed, &out), ERR_INTERNAL);
        for (size_t at = 0; at < sealed.size; at++) {
            room[at] ^= 1;
            assert_int_equal(at_rest_open(at_rest, OWNER, sealed, &out), ERR_INTERNAL);
            room[at] ^= 1;
        }
        for (size_t size = 0; size < sealed.size; size++)
            assert_int_equal(at_rest_open(at_rest, OWNER, (struct span){room, size}, &out),
                             ERR_INTERNAL);
        assert_int_equal(out.size, 0);
        free(room);
        buf_done(&out);
    }
    at_rest_free(at_rest);
    protect_free(protect);
}

static void no_nonce_twice(void **state)
{
    struct protect *protect;
    struct at_rest *at_rest = make(&protect);
    char *before = seal(at_rest, "x"), *first = before;
    for (int i = 0; i < 70000; i++) { /* past two carries */
        char *after = seal(at_rest, "x");
        assert_memory_not_equal(before, after, AT_REST_NONCE_SIZE);
        if (before != first)
            free(before);
        before = after;
    }
    assert_memory_not_equal(before, first, AT_REST_NONCE_SIZE);
    free(before);
    free(first);
    at_rest_free(at_rest);
    protect_free(protect);
}

/* A later process with the same master key opens what an earlier one sealed. */
static void outlives_the_sealer(void **state)
{
    struct protect *protect, *again;
    struct at_rest *at_rest = make(&protect), *later;
    char *room = seal(at_rest, "text");
    struct buf out = BUF_INIT(64);
    at_rest_free(at_rest);
    protect_free(protect);
    later = make(&again);
    assert_int_equal(at_rest_open(later, OWNER, (struct span){room, 4 + AT_REST_FRAME}, &out), 0);
    assert_bytes(out, "text");
    buf_done(&out);
    free(room);
    at_rest_free(later);
    protect_free(again);
}

/* Made with Node's crypto, of the recipes that the headers give. */
static void a_fixed_vector(void **state)
{
    static const char hex[] =
        "000102030405060708090a0b1e2667d7da0e18b59367e1a70e6e7874eb42d530869009ba068d51c0cbd0";
    char sealed[sizeof hex / 2];
    struct protect *protect;
    struct at_rest *at_rest = make(&protect);
    struct buf out = BUF_INIT(64);
    assert_int_equal(hex_decode(sealed, sizeof sealed, span_of(hex)), 0);
    assert_int_equal(at_rest_open(at_rest, OWNER, (struct span){sealed, sizeof sealed}, &out), 0);
    assert_bytes(out, "made with node");
    buf_done(&out);
    at_rest_free(at_rest);
    protect_free(protect);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_for_its_owner_only),
        cmocka_unit_test(no_nonce_twice),
        cmocka_unit_test(outlives_the_sealer),
        cmocka_unit_test(a_fixed_vector),
    };
    return RUN_TESTS(tests);
}
