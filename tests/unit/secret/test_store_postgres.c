#include "secret/libpq.h"
#include "store_suite.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int again(struct store_suite *suite, struct store **ret)
{
    (void)suite;
    return store_postgres_open(getenv("NEOCOMPUTE_TEST_POSTGRES"), ret, NULL);
}

/* Runs SQL as somebody else would; true if it worked. */
static bool sql(const char *text)
{
    if (libpq_load(NULL))
        return false;
    const char *keys[] = {"dbname", NULL}, *values[] = {getenv("NEOCOMPUTE_TEST_POSTGRES"), NULL};
    PGconn *c = libpq.PQconnectdbParams(keys, values, 1);
    PGresult *r = libpq.PQexec(c, text);
    ExecStatusType status = libpq.PQresultStatus(r);
    bool ok = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    if (!ok)
        fprintf(stderr, "%s\n", libpq.PQerrorMessage(c));
    libpq.PQclear(r);
    libpq.PQfinish(c);
    return ok;
}

static void urls_that_do_not_verify_the_server_are_refused(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "postgres://u@db.example/x?sslmode=disable", "postgres://u@db.example/x?sslmode=prefer",
        "postgres://u@db.example/x?sslmode=require",
        "postgres://u@localhost/x?hostaddr=192.0.2.1&sslmode=allow", "http://nothing like it"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct store *store;
        struct error_detail detail = {0};
        assert_int_equal(store_postgres_open(urls[i], &store, &detail), ERR_USAGE);
        assert_true(strlen(detail.message) > 0);
    }
}

static void a_live_database_gets_only_what_is_missing(void **state)
{
    (void)state;
    struct store *store;
    struct arena arena;
    struct span format;
    assert_true(sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public;"
                    "CREATE TABLE secrets (id uuid PRIMARY KEY, user_id uuid NOT NULL,"
                    " name varchar(128) NOT NULL, encrypted_value text NOT NULL,"
                    " version int NOT NULL, created_at timestamptz NOT NULL,"
                    " updated_at timestamptz NOT NULL, UNIQUE (user_id, name));"
                    "CREATE TABLE secret_policies (id uuid PRIMARY KEY, user_id uuid NOT NULL,"
                    " secret_name text NOT NULL, service_id text NOT NULL,"
                    " created_at timestamptz NOT NULL);"
                    "CREATE TABLE secret_audit_logs (id uuid PRIMARY KEY, user_id uuid NOT NULL,"
                    " secret_name text NOT NULL, action text NOT NULL, service_id text,"
                    " ip_address text, user_agent text, success boolean NOT NULL,"
                    " error_message text, created_at timestamptz NOT NULL);"
                    "INSERT INTO secrets VALUES (gen_random_uuid(),"
                    " '00000000-0000-0000-0000-000000000001', 'OLD', 'sealed', 4, now(), now());"
                    "INSERT INTO secret_policies VALUES (gen_random_uuid(),"
                    " '00000000-0000-0000-0000-000000000001', 'OLD', 'neocompute', now());"));
    struct span user = SPAN("00000000-0000-0000-0000-000000000001"), name = SPAN("OLD");
    for (int i = 0; i < 2; i++) { /* the second time nothing is left to do */
        assert_int_equal(store_postgres_open(getenv("NEOCOMPUTE_TEST_POSTGRES"), &store, NULL), 0);
        struct store_secret found;
        arena_init(&arena, ARENA_MOST);
        struct store_wanted wanted = {user, &name, 1, &arena, &found};
        assert_int_equal(store->ops->get(store, &wanted, 1), 0);
        assert_int_equal(found.version, 4);
        assert_int_equal(found.policy.service_count, 1);
        assert_int_equal(store->ops->get_fact(store, "format", &arena, &format), 0);
        assert_span(format, "1");
        arena_done(&arena);
        assert_true(store->ops->takes_user(store, user));
        assert_false(store->ops->takes_user(store, SPAN("alice")));
        assert_false(store->ops->takes_user(store, SPAN("0000000A-0000-0000-0000-000000000001")));
        store->ops->close(store);
    }
}

/* A lock that waited for a row to be deleted holds nothing of the one that is there then. */
static void what_was_made_anew_while_it_was_waited_for_is_a_conflict(void **state)
{
    (void)state;
    struct store *store;
    struct arena arena;
    struct store_secret found;
    struct span user = SPAN("00000000-0000-0000-0000-000000000001"), name = SPAN("OLD");
    struct store_wanted wanted = {user, &name, 1, &arena, &found};
    assert_int_equal(store_postgres_open(getenv("NEOCOMPUTE_TEST_POSTGRES"), &store, NULL), 0);
    pid_t other = fork();
    if (other == 0)
        _exit(!sql("BEGIN; DELETE FROM secrets WHERE name = 'OLD';"
                   "INSERT INTO secrets VALUES (gen_random_uuid(),"
                   " '00000000-0000-0000-0000-000000000001', 'OLD', 'anew', 4, now(), now());"
                   "SELECT pg_sleep(1); COMMIT"));
    usleep(400000);
    arena_init(&arena, ARENA_MOST);
    assert_int_equal(store->ops->begin(store), 0);
    assert_int_equal(store->ops->get(store, &wanted, 1), ERR_CONFLICT);
    store->ops->rollback(store);
    assert_int_equal(store->ops->begin(store), 0);
    assert_int_equal(store->ops->get(store, &wanted, 1), 0);
    assert_span(found.sealed, "anew");
    store->ops->rollback(store);
    int status;
    assert_int_equal(waitpid(other, &status, 0), other);
    assert_int_equal(status, 0);
    arena_done(&arena);
    store->ops->close(store);
}

static void what_another_service_grants_or_revokes_meanwhile_is_a_conflict(void **state)
{
    (void)state;
    static const char *const changes[] = {
        "INSERT INTO secret_policies SELECT id, user_id, name, 'oracle', now() FROM secrets",
        "UPDATE secret_policies SET service_id = 'automation' WHERE service_id = 'oracle'",
        "DELETE FROM secret_policies WHERE secret_name = 'OLD'",
    };
    struct store *store;
    struct arena arena;
    struct store_secret found;
    struct span user = SPAN("00000000-0000-0000-0000-000000000001"), name = SPAN("OLD");
    struct store_wanted wanted = {user, &name, 1, &arena, &found};
    struct secret_policy none = {.guard = true};
    arena_init(&arena, ARENA_MOST);
    assert_int_equal(store_postgres_open(getenv("NEOCOMPUTE_TEST_POSTGRES"), &store, NULL), 0);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        assert_int_equal(store->ops->begin(store), 0);
        assert_int_equal(store->ops->get(store, &wanted, 1), 0);
        assert_true(sql(changes[i]));
        assert_int_equal(store->ops->put_policy(store, user, &found, &none), ERR_CONFLICT);
        store->ops->rollback(store);
    }
    assert_int_equal(store->ops->begin(store), 0);
    assert_int_equal(store->ops->get(store, &wanted, 1), 0);
    assert_int_equal(store->ops->put_policy(store, user, &found, &none), 0);
    assert_int_equal(store->ops->commit(store), 0);
    arena_done(&arena);
    store->ops->close(store);
}

static void a_lost_connection_comes_back(void **state)
{
    (void)state;
    struct store *store;
    uint64_t count;
    struct span user = SPAN("00000000-0000-0000-0000-000000000001");
    assert_int_equal(store_postgres_open(getenv("NEOCOMPUTE_TEST_POSTGRES"), &store, NULL), 0);
    assert_true(sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = 'neocompute'"));
    int r = store->ops->count(store, user, &count);
    for (int tries = 0; r && tries < 50; tries++) {
        usleep(20000);
        r = store->ops->count(store, user, &count);
    }
    assert_int_equal(r, 0);
    store->ops->close(store);
}

static void row_level_security_shows_others_nothing(void **state)
{
    (void)state;
    struct store *store;
    assert_true(sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT USAGE ON SCHEMA public"
                    " TO public"));
    assert_int_equal(store_postgres_open(getenv("NEOCOMPUTE_TEST_POSTGRES"), &store, NULL), 0);
    assert_int_equal(store->ops->begin(store), 0);
    assert_int_equal(store->ops->put(store, SPAN("u"), SPAN("N"), 1, SPAN("x")), 0);
    assert_int_equal(store->ops->commit(store), 0);
    store->ops->close(store);
    assert_true(sql("CREATE ROLE authenticated; GRANT SELECT ON ALL TABLES IN SCHEMA public"
                    " TO authenticated"));
    assert_true(sql("SET ROLE authenticated; DO $$ BEGIN"
                    " IF (SELECT count(*) FROM secrets) <> 0 THEN RAISE 'a row is seen'; END IF;"
                    " END $$"));
}

/* Runs this program again below a PostgreSQL of its own. */
static int below_postgres(char **argv)
{
    static const char script[] = "/tests/lib/with-postgres";
    char path[4096];
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - 64);
    for (char *slash; size > 0; size = slash - path) {
        path[size] = 0;
        slash = strrchr(path, '/');
        if (!slash)
            break;
        memcpy(slash, script, sizeof script);
        if (access(path, X_OK) == 0) {
            char *const command[] = {path, argv[0], NULL};
            execv(path, command);
        }
    }
    fprintf(stderr, "tests/lib/with-postgres is not above this program\n");
    return 1;
}

int main(int argc, char **argv)
{
    (void)argc;
    const char *url = getenv("NEOCOMPUTE_TEST_POSTGRES");
    if (!url)
        return below_postgres(argv);
    struct store_suite suite = {.again = again};
    struct error_detail detail = {0};
    if (store_postgres_open(url, &suite.store, &detail)) {
        fprintf(stderr, "%s\n", detail.message);
        return 1;
    }
    int failed = store_suite_run(&suite);
    suite.store->ops->close(suite.store);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_that_do_not_verify_the_server_are_refused),
        cmocka_unit_test(a_live_database_gets_only_what_is_missing),
        cmocka_unit_test(what_was_made_anew_while_it_was_waited_for_is_a_conflict),
        cmocka_unit_test(what_another_service_grants_or_revokes_meanwhile_is_a_conflict),
        cmocka_unit_test(a_lost_connection_comes_back),
        cmocka_unit_test(row_level_security_shows_others_nothing),
    };
    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
