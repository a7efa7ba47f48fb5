#include "store_suite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/neocompute-store-XXXXXX", path[64];

static int again(struct store_suite *suite, struct store **ret)
{
    (void)suite;
    return store_sqlite_open(path, ret, NULL);
}

static void write_file(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void the_file_is_for_its_owner_only(void **state)
{
    (void)state;
    struct stat st;
    struct store *store;
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(store_sqlite_open(path, &store, NULL), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    store->ops->close(store);
}

static void what_is_no_database_is_left_alone(void **state)
{
    (void)state;
    char other[80], text[32] = "";
    snprintf(other, sizeof other, "%s/other", folder);
    write_file(other, "this is not a database, it only has to be long enough to look at");
    struct store *store;
    struct error_detail detail = {0};
    assert_int_equal(store_sqlite_open(other, &store, &detail), ERR_SYSTEM);
    assert_true(strlen(detail.message) > 0);
    FILE *f = fopen(other, "r");
    assert_non_null(fgets(text, sizeof text, f));
    fclose(f);
    assert_string_equal(text, "this is not a database, it only");
    unlink(other);
}

static void a_damaged_file_is_refused(void **state)
{
    (void)state;
    char other[80], command[64];
    snprintf(other, sizeof other, "%s/damaged", folder);
    struct store *store;
    assert_int_equal(store_sqlite_open(other, &store, NULL), 0);
    for (int i = 1; i < 400; i++) {
        snprintf(command, sizeof command, "n%d", i);
        assert_int_equal(store->ops->begin(store), 0);
        assert_int_equal(store->ops->put(store, SPAN("u"), span_of(command), 1, SPAN("xxxxxxxx")),
                         0);
        assert_int_equal(store->ops->commit(store), 0);
    }
    store->ops->close(store);
    FILE *f = fopen(other, "r+");
    for (long at = 4096; at < 4096 * 30; at += 64) {
        fseek(f, at, SEEK_SET);
        fputs("\xff\xff\xff\xff", f);
    }
    fclose(f);
    struct error_detail detail = {0};
    assert_int_equal(store_sqlite_open(other, &store, &detail), ERR_SYSTEM);
    assert_true(strlen(detail.message) > 0);
}

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/secrets.db", folder);
    struct store_suite suite = {.again = again};
    if (store_sqlite_open(path, &suite.store, NULL))
        return 1;
    int failed = store_suite_run(&suite);
    suite.store->ops->close(suite.store);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file_is_for_its_owner_only),
        cmocka_unit_test(what_is_no_database_is_left_alone),
        cmocka_unit_test(a_damaged_file_is_refused),
    };
    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
