/* Sealing as root, as an ordinary user, without user namespaces, without landlock, and when one of
 * the required mechanisms is missing: what is in force is told as it is. */
#include "sealed_child.h"

#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define NAMESPACES                                                                                 \
    (SEAL_MOUNT_NAMESPACE | SEAL_PID_NAMESPACE | SEAL_NET_NAMESPACE | SEAL_IPC_NAMESPACE |         \
     SEAL_UTS_NAMESPACE)
#define LANDLOCK (SEAL_LANDLOCK_FILES | SEAL_LANDLOCK_TCP | SEAL_LANDLOCK_SCOPE)
/* What every Linux system that we support has. */
#define EVERYWHERE                                                                                 \
    (SEAL_SECCOMP | SEAL_NO_NEW_PRIVS | SEAL_NO_CAPABILITIES | SEAL_NOT_DUMPABLE | SEAL_RLIMITS |  \
     SEAL_UNPRIVILEGED_UID | SEAL_MEMORY_CAP | SEAL_NO_DESCRIPTORS)

/* Makes a system call (with a mask of its first argument, if not 0) fail in all children. */
static void without(int error, const int *calls, size_t count, uint64_t mask)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

    for (size_t i = 0; i < count; i++) {
        for (int bit = 0; bit < (mask != 0 ? 32 : 1); bit++) {
            struct scmp_arg_cmp check = SCMP_A0(SCMP_CMP_MASKED_EQ, 1ull << bit, 1ull << bit);

            if ((mask == 0 || (mask & (1ull << bit))) &&
                seccomp_rule_add_array(filter, SCMP_ACT_ERRNO((uint32_t)error), calls[i], mask != 0,
                                       &check) != 0)
                abort();
        }
    }
    if (seccomp_load(filter) != 0)
        abort();
    seccomp_release(filter);
}

/* What a container runtime does: no new namespace by clone or unshare, no mounts. */
static void in_a_container(void)
{
    const int calls[] = {SCMP_SYS(clone), SCMP_SYS(unshare)};
    const int mounts[] = {SCMP_SYS(mount), SCMP_SYS(pivot_root)};

    as_ordinary_user();
    without(EPERM, calls, 2,
            CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
                CLONE_NEWUTS);
    without(EPERM, mounts, 2, 0);
}

static void without_landlock(void)
{
    const int calls[] = {SCMP_SYS(landlock_create_ruleset), SCMP_SYS(landlock_restrict_self)};

    as_ordinary_user();
    without(ENOSYS, calls, 2, 0);
}

static void without_both(void)
{
    in_a_container();
    without_landlock();
}

/* As Ubuntu does: user namespaces, but no capability in them that could mount. */
static void without_mounts(void)
{
    const int calls[] = {SCMP_SYS(mount)};

    as_ordinary_user();
    without(EACCES, calls, 1, 0);
}

static void write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        abort();
    close(fd);
}

/* The system's own switch. Set inside a user namespace, where it holds for that one alone. */
static void with_no_user_namespaces_left(void)
{
    as_ordinary_user();
    prctl(PR_SET_DUMPABLE, 1);
    if (unshare(CLONE_NEWUSER) != 0)
        abort();
    write_text("/proc/self/setgroups", "deny");
    write_text("/proc/self/gid_map", "1000 12345 1");
    write_text("/proc/self/uid_map", "1000 12345 1");
    write_text("/proc/sys/user/max_user_namespaces", "0");
    /* No capability of the namespace is left to make the others with. */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        abort();
}

/* seccomp(2) and prctl both refused: a system without filters. */
static void without_any_filter(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

    as_ordinary_user();
    if (seccomp_rule_add(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(seccomp), 0) != 0 ||
        seccomp_rule_add(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1,
                         SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP, 0)) != 0 ||
        seccomp_load(filter) != 0)
        abort();
}

/* The kernel says yes to RLIMIT_DATA and does nothing: what is read back tells. */
static void without_data_limit(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

    as_ordinary_user();
    if (seccomp_rule_add(filter, SCMP_ACT_ERRNO(0), SCMP_SYS(prlimit64), 2,
                         SCMP_A1(SCMP_CMP_EQ, RLIMIT_DATA, 0), SCMP_A2(SCMP_CMP_NE, 0, 0)) != 0 ||
        seccomp_load(filter) != 0)
        abort();
}

static void show(const struct outcome *outcome)
{
    print_message("sealed %d, mechanisms 0x%05x, refused: %s%s\n", outcome->sealed,
                  outcome->report.mechanisms, outcome->report.refused, outcome->detail.message);
}

static void expect(const struct outcome *outcome, uint32_t yes, uint32_t no)
{
    show(outcome);
    assert_int_equal(outcome->status, 0);
    assert_int_equal(outcome->sealed, 0);
    assert_int_equal(outcome->report.mechanisms & yes, yes);
    assert_int_equal(outcome->report.mechanisms & no, 0);
    for (int i = 0; i < SEAL_PROPERTY_COUNT; i++)
        assert_int_not_equal(seal_level_of(i, outcome->report.mechanisms), SEAL_NONE);
}

/* What this machine allows is not the test's to say: the expectations below hold where user
 * namespaces and landlock exist, and are skipped elsewhere. */
static bool machine_has_all;

static int look_at_machine(void **state)
{
    struct outcome outcome = sealed_child_on(as_ordinary_user, NULL);
    uint32_t all = NAMESPACES | SEAL_USER_NAMESPACE | SEAL_LANDLOCK_FILES;

    machine_has_all = (outcome.report.mechanisms & all) == all;
    return 0;
}

#define NEED_ALL()                                                                                 \
    if (!machine_has_all)                                                                          \
    skip()

static void as_root(void **state)
{
    struct outcome outcome;

    if (geteuid() != 0)
        skip();
    NEED_ALL();
    outcome = sealed_child(NULL);
    expect(&outcome, EVERYWHERE | NAMESPACES | SEAL_LANDLOCK_FILES, SEAL_USER_NAMESPACE);
}

static void as_an_ordinary_user(void **state)
{
    struct outcome outcome;

    NEED_ALL();
    outcome = sealed_child_on(as_ordinary_user, NULL);
    expect(&outcome, EVERYWHERE | NAMESPACES | SEAL_USER_NAMESPACE | SEAL_LANDLOCK_FILES, 0);
}

static void in_a_container_without_namespaces(void **state)
{
    struct outcome outcome = sealed_child_on(in_a_container, NULL);

    expect(&outcome, EVERYWHERE, NAMESPACES | SEAL_USER_NAMESPACE);
    assert_non_null(strstr(outcome.report.refused, "namespaces user"));
    assert_non_null(strstr(outcome.report.refused, "bounding set"));
    assert_int_equal(seal_level_of(SEAL_NO_OTHER_PROCESS, outcome.report.mechanisms),
                     outcome.report.mechanisms & SEAL_LANDLOCK_SCOPE ? SEAL_FULL : SEAL_REDUCED);
    assert_int_equal(seal_level_of(SEAL_NO_NETWORK, outcome.report.mechanisms), SEAL_FULL);
}

static void where_the_system_forbids_user_namespaces(void **state)
{
    struct outcome outcome;

    NEED_ALL();
    outcome = sealed_child_on(with_no_user_namespaces_left, NULL);
    expect(&outcome, EVERYWHERE, SEAL_USER_NAMESPACE);
    assert_non_null(strstr(outcome.report.refused, "namespaces user"));
}

static void on_a_kernel_without_landlock(void **state)
{
    struct outcome outcome = sealed_child_on(without_landlock, NULL);

    expect(&outcome, EVERYWHERE, LANDLOCK);
    assert_non_null(strstr(outcome.report.refused, "landlock (Function not implemented)"));
}

static void with_neither(void **state)
{
    struct outcome outcome = sealed_child_on(without_both, NULL);

    expect(&outcome, EVERYWHERE, LANDLOCK | NAMESPACES | SEAL_USER_NAMESPACE);
    assert_int_equal(seal_level_of(SEAL_NO_FILES, outcome.report.mechanisms), SEAL_REDUCED);
}

static void without_the_mounts(void **state)
{
    struct outcome outcome;

    NEED_ALL();
    outcome = sealed_child_on(without_mounts, NULL);
    expect(&outcome, EVERYWHERE | SEAL_USER_NAMESPACE | SEAL_NET_NAMESPACE | SEAL_PID_NAMESPACE,
           SEAL_MOUNT_NAMESPACE);
    assert_non_null(strstr(outcome.report.refused, "namespaces mount ("));
}

static void without_filters_it_refuses(void **state)
{
    struct outcome outcome = sealed_child_on(without_any_filter, NULL);

    show(&outcome);
    assert_int_equal(outcome.sealed, ERR_SYSTEM);
    assert_non_null(strstr(outcome.detail.message, "no seccomp"));
}

static void without_a_memory_limit_it_refuses(void **state)
{
    struct outcome outcome = sealed_child_on(without_data_limit, NULL);

    show(&outcome);
    assert_int_equal(outcome.sealed, ERR_SYSTEM);
    assert_non_null(strstr(outcome.detail.message, "no bounded memory"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_root),
        cmocka_unit_test(as_an_ordinary_user),
        cmocka_unit_test(in_a_container_without_namespaces),
        cmocka_unit_test(where_the_system_forbids_user_namespaces),
        cmocka_unit_test(on_a_kernel_without_landlock),
        cmocka_unit_test(with_neither),
        cmocka_unit_test(without_the_mounts),
        cmocka_unit_test(without_filters_it_refuses),
        cmocka_unit_test(without_a_memory_limit_it_refuses),
    };
    return cmocka_run_group_tests(tests, look_at_machine, NULL);
}
