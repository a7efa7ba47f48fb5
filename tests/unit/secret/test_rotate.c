#include "secret/rotate.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define OLD  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define NEW  "f00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define ROWS 300

static char folder[] = "/tmp/neocompute-rotate-XXXXXX", path[64];
static struct secret_key old_key, new_key;

static struct store *open_store(void)
{
    struct store *store;
    assert_int_equal(store_sqlite_open(path, &store, NULL), 0);
    return store;
}

static void value_of(int i, char value[32])
{
    snprintf(value, 32, "value number %d", i);
}

/* A fresh database with ROWS secrets under the old key, as v1. */
static void fill(void)
{
    unlink(path);
    struct store *store = open_store();
    assert_int_equal(store->ops->begin(store), 0);
    for (int i = 0; i < ROWS; i++) {
        char name[16], value[32];
        struct buf sealed = BUF_INIT(1024);
        snprintf(name, sizeof name, "N%d", i);
        value_of(i, value);
        struct secret_place place = {SPAN("u"), span_of(name), 1};
        assert_int_equal(secret_seal(&old_key, SECRET_FORMAT_V1, &place, span_of(value), &sealed),
                         0);
        assert_int_equal(store->ops->put(store, SPAN("u"), span_of(name), 1,
                                         (struct span){sealed.data, sealed.size}),
                         0);
        buf_done(&sealed);
    }
    assert_int_equal(store->ops->commit(store), 0);
    store->ops->close(store);
}

/* Counts the rows that `key` opens to the right value in this format. */
static int readable(const struct secret_key *key, int format)
{
    struct store *store = open_store();
    int good = 0;
    for (int i = 0; i < ROWS; i++) {
        char name[16], value[32];
        struct arena arena;
        struct store_secret found;
        struct secret_bytes bytes;
        size_t size;
        arena_init(&arena, 1u << 20);
        snprintf(name, sizeof name, "N%d", i);
        value_of(i, value);
        struct span names = span_of(name);
        struct store_wanted wanted = {SPAN("u"), &names, 1, &arena, &found};
        assert_int_equal(store->ops->get(store, &wanted, 1), 0);
        struct secret_place place = {SPAN("u"), names, found.version};
        if (secret_format_of(found.sealed) == format &&
            secret_open(key, &place, found.sealed, &bytes, &size) == 0) {
            good += size == strlen(value) && memcmp(bytes.data, value, size) == 0;
            secret_bytes_done(&bytes);
        }
        arena_done(&arena);
    }
    store->ops->close(store);
    return good;
}

static int rotate(const struct secret_key *key, const struct secret_key *previous,
                  enum secret_format format, struct error_detail *detail)
{
    struct store *store = open_store();
    struct rotate_progress progress;
    struct rotate_options options = {
        .store = store, .key = key, .previous = previous, .format = format};
    int r = secret_rotate(&options, &progress, detail);
    store->ops->close(store);
    return r;
}

static void from_an_old_key_to_a_new_one(void **state)
{
    (void)state;
    fill();
    assert_int_equal(rotate(&new_key, &old_key, SECRET_FORMAT_V1, NULL), 0);
    assert_int_equal(readable(&new_key, SECRET_FORMAT_V1), ROWS);
    assert_int_equal(readable(&old_key, SECRET_FORMAT_V1), 0);
}

static void from_v1_to_v2_and_back(void **state)
{
    (void)state;
    fill();
    assert_int_equal(rotate(&old_key, NULL, SECRET_FORMAT_V2, NULL), 0);
    assert_int_equal(readable(&old_key, SECRET_FORMAT_V2), ROWS);
    assert_int_equal(rotate(&old_key, NULL, 0, NULL), 0); /* nothing to do */
    assert_int_equal(rotate(&old_key, NULL, SECRET_FORMAT_V1, NULL), 0);
    assert_int_equal(readable(&old_key, SECRET_FORMAT_V1), ROWS);
}

static void without_the_old_key_nothing_changes(void **state)
{
    (void)state;
    struct error_detail detail = {0};
    fill();
    assert_int_equal(rotate(&new_key, NULL, SECRET_FORMAT_V2, &detail), ERR_SECRET_UNAVAILABLE);
    assert_non_null(strstr(detail.message, "N"));
    assert_int_equal(readable(&old_key, SECRET_FORMAT_V1), ROWS);
}

static void die_in_the_middle(void *ctx, const struct rotate_progress *progress)
{
    if (progress->seen >= *(uint64_t *)ctx)
        kill(getpid(), SIGKILL);
}

/* Killed after any page, every value can still be read, and the next run ends the work. */
static void killed_in_the_middle_nothing_is_lost(void **state)
{
    (void)state;
    for (uint64_t after = 1; after <= ROWS; after += 100) {
        int status;
        fill();
        pid_t pid = fork();
        if (pid == 0) { /* secret memory is empty after a fork: the keys are made again */
            struct rotate_progress progress;
            if (secret_key_init(&old_key, OLD, NULL) || secret_key_init(&new_key, NEW, NULL))
                _exit(1);
            struct rotate_options options = {.store = open_store(),
                                             .key = &new_key,
                                             .previous = &old_key,
                                             .format = SECRET_FORMAT_V2,
                                             .progress = die_in_the_middle,
                                             .ctx = &after};
            secret_rotate(&options, &progress, NULL);
            _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        int done = readable(&new_key, SECRET_FORMAT_V2);
        assert_true(done > 0 && done < ROWS);
        assert_int_equal(done + readable(&old_key, SECRET_FORMAT_V1), ROWS);
        assert_int_equal(rotate(&new_key, &old_key, SECRET_FORMAT_V2, NULL), 0);
        assert_int_equal(readable(&new_key, SECRET_FORMAT_V2), ROWS);
    }
}

int main(void)
{
    if (!mkdtemp(folder) || secret_key_init(&old_key, OLD, NULL) ||
        secret_key_init(&new_key, NEW, NULL))
        return 1;
    snprintf(path, sizeof path, "%s/secrets.db", folder);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_an_old_key_to_a_new_one),
        cmocka_unit_test(from_v1_to_v2_and_back),
        cmocka_unit_test(without_the_old_key_nothing_changes),
        cmocka_unit_test(killed_in_the_middle_nothing_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
