#include "base/machine.h"
#include "unit.h"

#include <ftw.h>
#include <sys/stat.h>

/* A made-up /proc and /sys under a temporary folder. */
static char root[] = "/tmp/neocompute-machine-XXXXXX";

static void put(const char *path, const char *text)
{
    char full[512];
    FILE *out;

    snprintf(full, sizeof(full), "%s%s", root, path);
    for (char *slash = full + strlen(root) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
        *slash = '\0';
        mkdir(full, 0700);
    }
    out = fopen(full, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    return remove(path);
}

static int make_root(void **state)
{
    memcpy(root + strlen(root) - 6, "XXXXXX", 6);
    return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
    return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void without_groups_it_is_the_machines(void **state)
{
    assert_true(machine_memory(root) == UINT64_MAX);
    put("/proc/meminfo", "MemTotal:        1000 kB\nMemFree: 5 kB\n");
    assert_int_equal(machine_memory(root), 1000 * 1024);
    put("/proc/self/cgroup", "0::/nowhere\n");
    assert_int_equal(machine_memory(root), 1000 * 1024);
}

static void version_2_takes_the_least_on_the_way_up(void **state)
{
    put("/proc/meminfo", "MemTotal: 1000000 kB\n");
    put("/proc/self/cgroup", "0::/a/b/c\n");
    put("/sys/fs/cgroup/a/b/c/memory.max", "max\n");
    assert_int_equal(machine_memory(root), 1024000000);
    put("/sys/fs/cgroup/a/b/memory.max", "500000\n");
    put("/sys/fs/cgroup/a/memory.max", "400000\n");
    assert_int_equal(machine_memory(root), 400000);
    put("/sys/fs/cgroup/a/b/c/memory.max", "300000\n");
    assert_int_equal(machine_memory(root), 300000);
    /* Inside a container its own group is the root. */
    put("/sys/fs/cgroup/memory.max", "200000\n");
    assert_int_equal(machine_memory(root), 200000);
}

static void version_1_is_read_too(void **state)
{
    put("/proc/meminfo", "MemTotal: 1000000 kB\n");
    put("/proc/self/cgroup", "12:cpu,cpuacct:/x\n5:memory:/docker/1234\n0::/\n");
    put("/sys/fs/cgroup/memory/docker/1234/memory.limit_in_bytes", "9223372036854771712\n");
    assert_int_equal(machine_memory(root), 1024000000);
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "77777\n");
    assert_int_equal(machine_memory(root), 77777);
}

static void the_real_machine_has_memory(void **state)
{
    assert_true(machine_memory("") > 1 << 20);
    assert_true(machine_memory("") < UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_groups_it_is_the_machines, make_root, remove_root),
        cmocka_unit_test_setup_teardown(version_2_takes_the_least_on_the_way_up, make_root,
                                        remove_root),
        cmocka_unit_test_setup_teardown(version_1_is_read_too, make_root, remove_root),
        cmocka_unit_test(the_real_machine_has_memory),
    };
    return RUN_TESTS(tests);
}
