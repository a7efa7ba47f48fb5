/* Which contexts of sealed requests are kept, and for how long. */
#include "job/contexts.h"
#include "job/keys.h"
#include "unit.h"

#define KEY  "a master key of thirty-two bytes or more"
#define MOST 4

static int setup(void **state)
{
    struct contexts *contexts;
    assert_int_equal(contexts_new(MOST, &contexts), 0);
    *state = contexts;
    return 0;
}

static int teardown(void **state)
{
    contexts_free(*state);
    return 0;
}

/* The origin of sender `number` under key `key`; what follows differs, as it would. */
static struct span origin(char key, char number)
{
    static char bytes[ENVELOPE_HEADER_SIZE + 32];
    memset(bytes, key, ENVELOPE_KEY_ID_SIZE);
    memset(bytes + ENVELOPE_KEY_ID_SIZE, number, sizeof bytes - ENVELOPE_KEY_ID_SIZE);
    return (struct span){bytes, sizeof bytes};
}

/* One that says whose it is. */
static struct secret_bytes context_of(char number)
{
    struct secret_bytes context;
    assert_int_equal(secret_bytes_init(&context, sizeof(struct hpke_context)), 0);
    memset(((struct hpke_context *)(void *)context.data)->key, number, HPKE_KEY_SIZE);
    return context;
}

static void keep(struct contexts *contexts, char key, char number)
{
    struct secret_bytes context = context_of(number);
    contexts_keep(contexts, origin(key, number), &context);
    secret_bytes_done(&context);
}

static bool has(const struct contexts *contexts, char key, char number)
{
    const struct hpke_context *context = contexts_find(contexts, origin(key, number));
    if (context)
        assert_int_equal(context->key[0], number);
    return context != NULL;
}

static void one_is_found_by_all_of_its_origin(void **state)
{
    struct contexts *contexts = *state;
    assert_false(has(contexts, 'k', 1));
    keep(contexts, 'k', 1);
    assert_true(has(contexts, 'k', 1));
    assert_false(has(contexts, 'l', 1));
    assert_false(has(contexts, 'k', 2));
    struct span part = origin('k', 1);
    for (size_t at = 0; at < part.size; at++) {
        ((char *)(uintptr_t)part.data)[at] ^= 1;
        assert_null(contexts_find(contexts, part));
        ((char *)(uintptr_t)part.data)[at] ^= 1;
    }
    for (part.size = 0; part.size < ENVELOPE_HEADER_SIZE + 32; part.size++)
        assert_null(contexts_find(contexts, part));
}

static void a_new_one_is_taken_and_a_known_one_stays(void **state)
{
    struct contexts *contexts = *state;
    struct secret_bytes one = context_of(1), again = context_of(2);
    contexts_keep(contexts, origin('k', 1), &one);
    assert_null(one.data);
    contexts_keep(contexts, origin('k', 1), &again);
    assert_non_null(again.data);
    assert_true(has(contexts, 'k', 1));
    assert_int_equal(contexts_count(contexts), 1);
    secret_bytes_done(&again);
}

static void the_one_unused_for_longest_goes(void **state)
{
    struct contexts *contexts = *state;
    for (char number = 1; number <= MOST; number++)
        keep(contexts, 'k', number);
    keep(contexts, 'k', 1);             /* opens a request */
    assert_true(has(contexts, 'k', 2)); /* is looked for, by whoever knows the origin */
    keep(contexts, 'k', 9);
    assert_int_equal(contexts_count(contexts), MOST);
    assert_true(has(contexts, 'k', 1));
    assert_false(has(contexts, 'k', 2));
    keep(contexts, 'k', 10);
    assert_false(has(contexts, 'k', 3));
    assert_true(has(contexts, 'k', 4));
}

static void what_goes_is_wiped(void **state)
{
    struct contexts *contexts = *state;
    keep(contexts, 'k', 7);
    const struct hpke_context *lies = contexts_find(contexts, origin('k', 7));
    const uint8_t *key = lies->key, zero[HPKE_KEY_SIZE] = {0};
    assert_memory_not_equal(key, zero, sizeof zero);
    for (char number = 1; number <= MOST; number++)
        keep(contexts, 'k', number + 20);
    assert_false(has(contexts, 'k', 7));
    /* A small piece of secret memory is wiped and stays mapped, with a link in its first bytes. */
    bool wiped = true;
    for (size_t i = sizeof(void *); i < sizeof zero; i++)
        wiped = wiped && key[i] != 7;
    assert_true(wiped);
}

static bool is_l(void *ctx, const uint8_t *key_id)
{
    ++*(int *)ctx;
    return key_id[0] == 'l' && key_id[ENVELOPE_KEY_ID_SIZE - 1] == 'l';
}

static void none_outlives_its_key(void **state)
{
    struct contexts *contexts = *state;
    int asked = 0;
    keep(contexts, 'k', 1);
    keep(contexts, 'l', 1);
    keep(contexts, 'k', 2);
    contexts_sweep(contexts, is_l, &asked);
    assert_int_equal(asked, 3);
    assert_int_equal(contexts_count(contexts), 1);
    assert_true(has(contexts, 'l', 1));
    keep(contexts, 'k', 3);
    assert_true(has(contexts, 'k', 3));
}

static void many_come_and_go(void **state)
{
    struct contexts *contexts;
    assert_int_equal(contexts_new(1000, &contexts), 0);
    for (int i = 0; i < 5000; i++) {
        struct secret_bytes context = context_of((char)i);
        struct span one = origin('k', (char)i);
        memcpy((char *)(uintptr_t)one.data + ENVELOPE_HEADER_SIZE, &i, sizeof i);
        contexts_keep(contexts, one, &context);
        secret_bytes_done(&context);
        assert_non_null(contexts_find(contexts, one));
    }
    assert_int_equal(contexts_count(contexts), 1000);
    contexts_free(contexts);
}

static void none_are_kept_where_none_may_be(void **state)
{
    struct contexts *contexts;
    assert_int_equal(contexts_new(0, &contexts), 0);
    keep(contexts, 'k', 1);
    assert_false(has(contexts, 'k', 1));
    assert_int_equal(contexts_count(contexts), 0);
    contexts_free(contexts);
}

/* --- with the keys of a service --- */

struct service {
    uv_loop_t loop;
    struct limits limits;
    struct protect *protect;
    struct keys *keys;
};

static void service_begin(struct service *s)
{
    *s = (struct service){0};
    limits_init(&s->limits);
    assert_int_equal(uv_loop_init(&s->loop), 0);
    assert_int_equal(protect_new(KEY, &s->protect, NULL), 0);
    struct keys_options options = {
        .loop = &s->loop, .limits = &s->limits, .protect = s->protect, .engine_digest = "e"};
    assert_int_equal(keys_new(&options, &s->keys), 0);
    assert_int_equal(keys_start(s->keys, "{}", "{}"), 0);
}

static void service_end(struct service *s)
{
    keys_free(s->keys);
    protect_free(s->protect);
    uv_run(&s->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&s->loop), 0);
}

/* A request sealed to the X25519 key in force: `out` is its bytes. */
static void seal(struct service *s, struct buf *out)
{
    struct span list = keyring_hpke_configurations(keys_current(s->keys));
    struct envelope_key key;
    struct envelope_sender sender;
    struct envelope_reply reply;
    struct span first = {list.data + 2, (size_t)(uint8_t)list.data[1]};
    assert_int_equal(envelope_key_read(first, &key, NULL), 0);
    assert_int_equal(envelope_sender_init(&key, &sender), 0);
    assert_int_equal(envelope_seal(&sender, SPAN("POST /execute"), SPAN("{}"), out, &reply), 0);
    envelope_sender_done(&sender);
}

static void keys_that_are_wiped_take_theirs_with_them(void **state)
{
    struct service s;
    struct envelope old, new;
    struct buf first = BUF_INIT(1024), second = BUF_INIT(1024);
    service_begin(&s);
    struct contexts *contexts = keys_contexts(s.keys);
    seal(&s, &first);
    assert_int_equal(keys_rotate(s.keys), 0);
    seal(&s, &second);
    assert_int_equal(envelope_parse((struct span){first.data, first.size}, &old, NULL), 0);
    assert_int_equal(envelope_parse((struct span){second.data, second.size}, &new, NULL), 0);
    struct secret_bytes one = context_of(1), two = context_of(2);
    contexts_keep(contexts, old.origin, &one);
    contexts_keep(contexts, new.origin, &two);
    assert_non_null(contexts_find(contexts, old.origin)); /* retired, but it still opens */
    assert_true(keys_wipe_oldest(s.keys));
    assert_null(contexts_find(contexts, old.origin));
    assert_non_null(contexts_find(contexts, new.origin));
    buf_done(&first);
    buf_done(&second);
    service_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_is_found_by_all_of_its_origin, setup, teardown),
        cmocka_unit_test_setup_teardown(a_new_one_is_taken_and_a_known_one_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(the_one_unused_for_longest_goes, setup, teardown),
        cmocka_unit_test_setup_teardown(what_goes_is_wiped, setup, teardown),
        cmocka_unit_test_setup_teardown(none_outlives_its_key, setup, teardown),
        cmocka_unit_test(many_come_and_go),
        cmocka_unit_test(none_are_kept_where_none_may_be),
        cmocka_unit_test(keys_that_are_wiped_take_theirs_with_them),
    };
    return RUN_TESTS(tests);
}
