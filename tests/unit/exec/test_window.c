#include "exec/window.h"
#include "unit.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

static struct limits standard;
static struct window_layout layout;

static struct exec_request a_request(void)
{
    static const struct exec_secret secrets[] = {{SPAN("name"), SPAN("value")},
                                                 {SPAN("empty"), {NULL, 0}}};
    return (struct exec_request){
        .script = SPAN("script"),
        .entry_point = SPAN("main"),
        .input = SPAN("[1]"),
        .secrets = secrets,
        .secret_count = 2,
        .timeout_ms = 1000,
        .gas_limit = 7,
        .memory_limit = 9,
    };
}

static void test_layout(void **state)
{
    (void)state;
    struct limits most;
    struct window_layout other = {.total = 77};
    uint32_t end = sizeof(struct window_control);
    for (int area = 0; area < WINDOW_AREA_COUNT; area++) {
        assert_true(layout.offset[area] >= end);
        assert_int_equal(layout.offset[area] % 4096, 0);
        end = layout.offset[area] + layout.size[area];
    }
    assert_true(layout.total >= end);
    assert_int_equal(layout.size[WINDOW_OUTPUT], standard.value[LIMIT_OUTPUT_BYTES]);
    for (int i = 0; i < LIMIT_COUNT; i++)
        most.value[i] = limit_table[i].most;
    assert_int_equal(window_layout_init(&other, &most), 0);
    most.value[LIMIT_LOG_ENTRIES] = 1000000;
    other.total = 77;
    assert_int_equal(window_layout_init(&other, &most), ERR_SYSTEM);
    assert_int_equal(other.total, 77);
}

static struct span request_area(const struct window *window)
{
    return (struct span){window_area(window, WINDOW_REQUEST), layout.size[WINDOW_REQUEST]};
}

static void test_request_round_trip(void **state)
{
    (void)state;
    struct window core, worker;
    struct window_request at;
    struct engine_job job = {0};
    struct engine_secret secrets[WINDOW_SECRETS];
    struct exec_request request = a_request();
    int fd;
    assert_int_equal(window_new_shared(&core, &layout, &fd), 0);
    assert_int_equal(window_attach(&worker, &layout, fd), 0);
    assert_int_equal(window_measure_request(&layout, &request, &at), 0);
    assert_int_equal(window_write_request(&core, &request, &at), 0);
    assert_int_equal(window_open_request(request_area(&worker), &at, &job, secrets), 0);
    assert_bytes(job.script, "script");
    assert_bytes(job.entry_point, "main");
    assert_bytes(job.input, "[1]");
    assert_int_equal(job.secret_count, 2);
    assert_bytes(secrets[0].name, "name");
    assert_bytes(secrets[0].value, "value");
    assert_bytes(secrets[1].name, "empty");
    assert_int_equal(secrets[1].value.size, 0);
    assert_int_equal(job.timeout_ns, 1000000000);
    assert_int_equal(job.gas_limit, 7);
    assert_int_equal(job.memory_limit, 9);

    window_wipe(&core, WINDOW_REQUEST, window_request_size(&at));
    for (uint32_t i = 0; i < layout.size[WINDOW_REQUEST]; i++)
        assert_int_equal(window_area(&worker, WINDOW_REQUEST)[i], 0);
    window_done(&core);
    window_done(&worker);
    close(fd);
}

/* A worker believes no size either: what does not fit is refused, nothing is read past the area. */
static void test_request_sizes(void **state)
{
    (void)state;
    struct window core;
    struct window_request at, bad;
    struct engine_job job = {0};
    struct engine_secret secrets[WINDOW_SECRETS];
    struct exec_request request = a_request();
    assert_int_equal(window_new_private(&core, &layout), 0);
    assert_int_equal(window_measure_request(&layout, &request, &at), 0);
    assert_int_equal(window_write_request(&core, &request, &at), 0);
    uint32_t *const fields[] = {&bad.script_size, &bad.entry_point_size, &bad.input_size,
                                &bad.secrets_size, &bad.secret_count};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        bad = at;
        *fields[i] = layout.size[WINDOW_REQUEST];
        assert_int_equal(window_open_request(request_area(&core), &bad, &job, secrets),
                         ERR_PROTOCOL);
        *fields[i] = UINT32_MAX;
        assert_int_equal(window_open_request(request_area(&core), &bad, &job, secrets),
                         ERR_PROTOCOL);
    }
    bad = at;
    bad.secret_count = 3;
    assert_int_equal(window_open_request(request_area(&core), &bad, &job, secrets), ERR_PROTOCOL);
    window_done(&core);
}

/* Nobody who has the descriptor can change the size under the core, or the seals. */
static void test_sealed_against_truncation(void **state)
{
    (void)state;
    struct window core;
    int fd;
    assert_int_equal(window_new_shared(&core, &layout, &fd), 0);
    assert_int_equal(ftruncate(fd, 0), -1);
    assert_int_equal(ftruncate(fd, (off_t)layout.total * 2), -1);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
    window_done(&core);
    close(fd);
}

static void test_read_is_bounded(void **state)
{
    (void)state;
    struct window core;
    struct buf buf = BUF_INIT(layout.size[WINDOW_OUTPUT] + 1);
    int fd;
    assert_int_equal(window_new_shared(&core, &layout, &fd), 0);
    assert_int_equal(window_read(&core, WINDOW_OUTPUT, layout.size[WINDOW_OUTPUT] + 1, &buf),
                     ERR_PROTOCOL);
    assert_int_equal(window_read(&core, WINDOW_OUTPUT, UINT32_MAX, &buf), ERR_PROTOCOL);
    assert_int_equal(buf.size, 0);
    assert_int_equal(window_read(&core, WINDOW_OUTPUT, layout.size[WINDOW_OUTPUT], &buf), 0);
    assert_int_equal(buf.size, layout.size[WINDOW_OUTPUT]);
    buf_done(&buf);
    window_done(&core);
    close(fd);
}

/* Where the system has no page for the window the core gets an error, not a SIGBUS. */
static void test_no_memory_behind(void **state)
{
    (void)state;
    struct window core;
    struct window_request at;
    struct exec_request request = a_request();
    struct buf buf = BUF_INIT(MIB);
    int fd = memfd_create("short", MFD_CLOEXEC);
    assert_int_equal(ftruncate(fd, layout.offset[WINDOW_REQUEST]), 0);
    assert_int_equal(window_attach(&core, &layout, fd), 0);
    assert_int_equal(window_measure_request(&layout, &request, &at), 0);
    assert_int_equal(window_write_request(&core, &request, &at), ERR_NO_MEMORY);
    assert_int_equal(window_read(&core, WINDOW_OUTPUT, 1, &buf), ERR_NO_MEMORY);
    assert_int_equal(buf.size, 0);
    window_done(&core);
    close(fd);
}

/* What a large answer took goes back to the system; a small one's page stays. */
static void test_wipe(void **state)
{
    (void)state;
    for (int shared = 0; shared < 2; shared++) {
        struct window core;
        int fd = -1;
        if (shared)
            assert_int_equal(window_new_shared(&core, &layout, &fd), 0);
        else
            assert_int_equal(window_new_private(&core, &layout), 0);
        uint32_t size = layout.size[WINDOW_OUTPUT];
        uint32_t pages = size / 4096, resident = 0;
        unsigned char *present = calloc(pages, 1);
        char *area = window_area(&core, WINDOW_OUTPUT);
        memset(area, 'x', size);
        window_wipe(&core, WINDOW_OUTPUT, size);
        assert_int_equal(mincore(area, size, present), 0);
        for (uint32_t i = 0; i < pages; i++)
            resident += present[i] & 1;
        assert_true(resident <= WINDOW_KEEP_BYTES / 4096);
        for (uint32_t i = 0; i < size; i++)
            assert_int_equal(area[i], 0);
        memset(area, 'x', size);
        window_clear(&core, WINDOW_OUTPUT);
        for (uint32_t i = 0; i < size; i++)
            assert_int_equal(area[i], 0);
        free(present);
        window_done(&core);
        if (shared)
            close(fd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout),          cmocka_unit_test(test_request_round_trip),
        cmocka_unit_test(test_request_sizes),   cmocka_unit_test(test_sealed_against_truncation),
        cmocka_unit_test(test_read_is_bounded), cmocka_unit_test(test_wipe),
    };
    for (int i = 0; i < LIMIT_COUNT; i++)
        standard.value[i] = limit_table[i].standard;
    if (window_layout_init(&layout, &standard))
        return 1;
    return RUN_TESTS(tests);
}
