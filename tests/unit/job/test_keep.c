/* What is kept: bounds a user and in all, who has to go, time to live, pages of a list. */
#include "fixture.h"
#include "job/internal.h"

static void test_count_of_a_user(void **state)
{
    struct fixture *f = *state;
    struct job_id ids[5], other;
    f->limits.value[LIMIT_USER_RESULTS] = 3;
    fixture_open(f);
    other = run_one(f, "bob", "x", "{}");
    for (int i = 0; i < 5; i++)
        ids[i] = run_one(f, "ann", "x", "{}");
    for (int i = 0; i < 5; i++)
        assert_int_equal(find(f, "ann", &ids[i]) != NULL, i >= 2);
    assert_non_null(find(f, "bob", &other));
    assert_int_equal(job_service_stats(f->service)->evicted, 2);
}

static void test_oldest_of_the_largest_user_goes(void **state)
{
    struct fixture *f = *state;
    struct job_id big[2], small[3];
    char text[4096];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    f->limits.value[LIMIT_RESULTS] = 4;
    fixture_open(f);
    small[0] = run_one(f, "ann", "x", "{}");
    small[1] = run_one(f, "ann", "x", "{}");
    big[0] = run_one(f, "bob", "x", text);
    big[1] = run_one(f, "bob", "x", text);
    small[2] = run_one(f, "ann", "x", "{}"); /* the fifth: bob has more bytes, his oldest goes */
    assert_null(find(f, "bob", &big[0]));
    assert_non_null(find(f, "bob", &big[1]));
    for (int i = 0; i < 3; i++)
        assert_non_null(find(f, "ann", &small[i]));
    assert_int_equal(job_service_stats(f->service)->retained, 4);
}

static void test_bytes_of_all(void **state)
{
    struct fixture *f = *state;
    char text[100 * 1024];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    f->limits.value[LIMIT_RESULT_BYTES] = 1 * MIB;
    fixture_open(f);
    for (int i = 0; i < 100; i++) {
        char user[8];
        snprintf(user, sizeof user, "u%d", i % 7);
        run_one(f, user, "x", text);
        const struct job_stats *stats = job_service_stats(f->service);
        assert_true(stats->retained_bytes <= 1 * MIB);
        assert_int_equal(stats->retained + stats->evicted, i + 1);
    }
    assert_true(job_service_stats(f->service)->retained >= 9);
}

static void test_newest_stays_whatever_its_size(void **state)
{
    struct fixture *f = *state;
    char text[100 * 1024];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    f->limits.value[LIMIT_USER_RESULT_BYTES] = 64 * KIB;
    fixture_open(f);
    struct job_id old = run_one(f, "ann", "x", "{}");
    struct job_id id = run_one(f, "ann", "x", text);
    assert_non_null(find(f, "ann", &id));
    assert_null(find(f, "ann", &old));
}

/* Many users who come and go: the ranking and the sums stay right. */
static void test_ranking(void **state)
{
    enum { USERS = 37 };
    struct fixture *f = *state;
    char text[2000];
    uint64_t kept = 0;
    f->limits.value[LIMIT_RESULTS] = 100;
    fixture_open(f);
    srand(11);
    for (int i = 0; i < 3000; i++) {
        char user[8];
        size_t size = (size_t)(rand() % 1999);
        memset(text, 'x', size);
        text[size] = '\0';
        snprintf(user, sizeof user, "u%d", rand() % USERS);
        struct job_id id = run_one(f, user, "x", text);
        if (i % 5 == 0)
            assert_int_equal(job_delete(find(f, user, &id)), 0);
        kept = job_service_stats(f->service)->retained;
        assert_true(kept <= 100);
        assert_true(job_service_stats(f->service)->users <= USERS);
    }
    assert_int_equal(kept, 100);
}

static void test_kept_text_is_sealed(void **state)
{
    struct fixture *f = *state;
    struct job_view view;
    char output[64], marker[64];
    fixture_open(f);
    snprintf(marker, sizeof marker, "%s-%s", "marker", "of-an-output-that-nobody-else-has");
    snprintf(output, sizeof output, "{\"v\":\"%s\"}", marker);
    struct job_id id = run_one(f, "ann", "x", output);
    const struct job *job = find(f, "ann", &id);
    assert_int_equal(job_view(job, &view), 0);
    assert_true(span_equal(view.output, span_of(output)));
    job_view_done(&view);
    memset(output, 0, sizeof output);
    /* The fake pool frees its buffers without wiping them, so only what is kept is looked at. */
    assert_null(memmem(job->text, job_text_size(job) + AT_REST_FRAME, marker, strlen(marker)));
    /* Its text in the place of another user's does not open. */
    struct job_id other_id = run_one(f, "bob", "x", "{}");
    struct job *other = find(f, "bob", &other_id);
    char *text = other->text;
    other->text = job->text;
    other->output_size = job->output_size;
    assert_int_equal(job_view(other, &view), ERR_INTERNAL);
    job_view_done(&view);
    other->text = text;
    other->output_size = 2;
    assert_int_equal(job_view(other, &view), 0);
    job_view_done(&view);
}

static void test_time_to_live(void **state)
{
    struct fixture *f = *state;
    f->limits.value[LIMIT_RESULT_TTL] = 10;
    fixture_open(f);
    struct job_id id = run_one(f, "ann", "x", "{}");
    assert_non_null(find(f, "ann", &id));
    for (int i = 0; i < 100 && find(f, "ann", &id); i++)
        tick(f);
    assert_null(find(f, "ann", &id));
    assert_int_equal(job_service_stats(f->service)->expired, 1);
    assert_int_equal(job_service_stats(f->service)->users, 0);
}

struct page {
    int room, count;
    struct job_id ids[64];
};

static bool page_add(void *ctx, const struct job *job)
{
    struct page *page = ctx;
    struct job_view view;
    if (page->count == page->room)
        return false;
    job_view(job, &view);
    page->ids[page->count++] = view.id;
    job_view_done(&view);
    return true;
}

static bool list(struct fixture *f, unsigned statuses, const struct job_id *before, int room,
                 struct page *page, struct job_id *next)
{
    *page = (struct page){.room = room};
    struct job_filter filter = {SPAN("ann"), before, statuses};
    return job_list(f->service, &filter, page_add, page, next);
}

static void test_pages(void **state)
{
    struct fixture *f = *state;
    struct job_id ids[7], next;
    struct page page;
    fixture_open(f);
    for (int i = 0; i < 7; i++) {
        ids[i] = run_one(f, "ann", "x", "{}");
        run_one(f, "bob", "x", "{}");
    }
    assert_true(list(f, 0, NULL, 3, &page, &next));
    assert_int_equal(page.count, 3);
    for (int i = 0; i < 3; i++)
        assert_string_equal(page.ids[i].text, ids[6 - i].text);
    assert_true(list(f, 0, &next, 3, &page, &next));
    assert_string_equal(page.ids[0].text, ids[3].text);
    assert_false(list(f, 0, &next, 3, &page, &next));
    assert_int_equal(page.count, 1);
    assert_string_equal(page.ids[0].text, ids[0].text);

    assert_int_equal(job_delete(find(f, "ann", &ids[3])), 0); /* a cursor that is gone */
    assert_false(list(f, 0, &ids[3], 9, &page, &next));
    assert_int_equal(page.count, 3);
    assert_string_equal(page.ids[0].text, ids[2].text);
}

static void test_pages_by_status(void **state)
{
    struct fixture *f = *state;
    struct job_id next;
    struct page page;
    fixture_open(f);
    run_one(f, "ann", "x", "{}");
    must_submit(f, "ann", "y");
    finish(f, "y", ERR_SCRIPT_ERROR, "no");
    must_submit(f, "ann", "z");
    assert_false(list(f, 1u << JOB_FAILED, NULL, 9, &page, &next));
    assert_int_equal(page.count, 1);
    assert_false(list(f, 1u << JOB_RUNNING, NULL, 9, &page, &next));
    assert_int_equal(page.count, 1);
    assert_false(list(f, 0, NULL, 9, &page, &next));
    assert_int_equal(page.count, 3);
}

static void test_scan_is_bounded(void **state)
{
    struct fixture *f = *state;
    struct job_id next;
    struct page page;
    fixture_open(f);
    for (int i = 0; i < JOB_LIST_SCAN + 10; i++)
        run_one(f, "ann", "x", "{}");
    assert_true(list(f, 1u << JOB_FAILED, NULL, 9, &page, &next));
    assert_int_equal(page.count, 0); /* nothing yet, but there may be more */
    assert_false(list(f, 1u << JOB_FAILED, &next, 9, &page, &next));
    assert_int_equal(page.count, 0);
}

#define case_of(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        case_of(test_count_of_a_user), case_of(test_oldest_of_the_largest_user_goes),
        case_of(test_bytes_of_all),    case_of(test_newest_stays_whatever_its_size),
        case_of(test_ranking),         case_of(test_kept_text_is_sealed),
        case_of(test_time_to_live),    case_of(test_pages),
        case_of(test_pages_by_status), case_of(test_scan_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
