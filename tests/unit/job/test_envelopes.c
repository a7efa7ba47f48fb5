/* What is remembered of sealed requests, and for how long. */
#include "base/sha256.h"
#include "job/envelopes.h"
#include "unit.h"

#define KEY    "a master key of thirty-two bytes or more"
#define BOUND  64
#define DIGEST 32

struct fixture {
    uv_loop_t loop;
    struct limits limits;
    struct protect *protect;
    struct keys *keys;
    struct envelopes *envelopes;
    unsigned next; /* number of the next envelope */
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    limits_init(&f->limits);
    f->limits.value[LIMIT_ENVELOPES] = BOUND;
    assert_int_equal(uv_loop_init(&f->loop), 0);
    assert_int_equal(protect_new(KEY, &f->protect, NULL), 0);
    struct keys_options options = {
        .loop = &f->loop, .limits = &f->limits, .protect = f->protect, .engine_digest = "e"};
    assert_int_equal(keys_new(&options, &f->keys), 0);
    assert_int_equal(keys_start(f->keys, "{}", "{}"), 0);
    assert_int_equal(envelopes_new(&f->limits, f->keys, &f->envelopes), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    envelopes_free(f->envelopes);
    keys_free(f->keys);
    protect_free(f->protect);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    free(f);
    return 0;
}

/* The id of the X25519 key in force: SHA-256 of the first configuration in the list. */
static void key_id(struct fixture *f, uint8_t ret[KEYRING_KEY_ID_SIZE])
{
    struct span list = keyring_hpke_configurations(keys_current(f->keys));
    struct span first = {list.data + 2, (size_t)(uint8_t)list.data[1]};
    uint8_t hash[DIGEST];
    sha256(first, hash);
    memcpy(ret, hash, KEYRING_KEY_ID_SIZE);
}

static void digest_of(unsigned number, uint8_t ret[DIGEST])
{
    memset(ret, 0, DIGEST);
    memcpy(ret, &number, sizeof number);
}

static struct remembered *add_with(struct fixture *f, const uint8_t id[KEYRING_KEY_ID_SIZE])
{
    uint8_t digest[DIGEST];
    struct remembered *one = NULL;
    digest_of(f->next++, digest);
    assert_int_equal(envelopes_add(f->envelopes, digest, id, SPAN("ann"), &one, NULL), 0);
    return one;
}

static struct remembered *add(struct fixture *f)
{
    uint8_t id[KEYRING_KEY_ID_SIZE];
    key_id(f, id);
    return add_with(f, id);
}

static struct remembered *find(struct fixture *f, unsigned number)
{
    uint8_t digest[DIGEST];
    digest_of(number, digest);
    return envelopes_find(f->envelopes, digest);
}

static void finds_what_came_of_it(void **state)
{
    struct fixture *f = *state;
    struct job_id job = {.text = "01a2064b-9058-730d-8990-399dd4ca24e2"};
    struct remembered *one = add(f), *two = add(f);
    assert_true(one->busy);
    envelopes_settle_job(one, &job);
    envelopes_settle(f->envelopes, two, SPAN("the sealed answer"));
    assert_ptr_equal(find(f, 0), one);
    assert_true(one->has_job && !one->busy);
    assert_string_equal(one->job.text, job.text);
    assert_bytes(find(f, 1)->answer, "the sealed answer");
    assert_int_equal(two->user_size, 3);
    assert_memory_equal(two->user, "ann", 3);
    assert_null(find(f, 2));
    envelopes_drop(f->envelopes, one);
    assert_null(find(f, 0));
    assert_int_equal(envelopes_count(f->envelopes), 1);
}

/* At half the bound keys change; at all of it the oldest of them are wiped, and what they opened is
 * forgotten. Never is there one that is forgotten and whose key still opens. */
static void the_bound(void **state)
{
    struct fixture *f = *state;
    uint8_t ids[4 * BOUND][KEYRING_KEY_ID_SIZE];
    struct keys_stats stats;
    for (unsigned i = 0; i < 4 * BOUND; i++) {
        key_id(f, ids[i]);
        envelopes_settle(f->envelopes, add_with(f, ids[i]), (struct span){0});
        for (unsigned k = 0; k <= i; k++) {
            uint16_t kem;
            if (!find(f, k))
                assert_null(keys_hpke_key(f->keys, ids[k], &kem));
        }
        assert_true(envelopes_count(f->envelopes) <= 2 * BOUND);
    }
    keys_stats(f->keys, &stats);
    assert_in_range(stats.rotations, 6, 8);
    assert_null(find(f, 0));
    assert_non_null(find(f, 4 * BOUND - 1));
}

static void stored_answers_weigh(void **state)
{
    struct fixture *f = *state;
    char answer[4096] = "";
    struct keys_stats stats;
    for (int i = 0; i < 3; i++)
        envelopes_settle(f->envelopes, add(f), (struct span){answer, sizeof answer});
    envelopes_settle(f->envelopes, add(f), (struct span){0});
    keys_stats(f->keys, &stats);
    assert_int_equal(stats.rotations, 1); /* three times seventeen are more than half of 64 */
}

/* Retired by the clock or by the bound: those that are busy stay until they are done. */
static void busy_ones_stay(void **state)
{
    struct fixture *f = *state;
    struct remembered *busy = add(f);
    for (int i = 0; i < 2 * BOUND; i++)
        envelopes_settle(f->envelopes, add(f), (struct span){0});
    assert_ptr_equal(find(f, 0), busy);
    envelopes_settle(f->envelopes, busy, SPAN("x"));
    envelopes_settle(f->envelopes, add(f), (struct span){0});
    assert_null(find(f, 0));
}

#define case_of(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        case_of(finds_what_came_of_it),
        case_of(the_bound),
        case_of(stored_answers_weigh),
        case_of(busy_ones_stay),
    };
    return RUN_TESTS(tests);
}
