/* What a service gives up at its start; in real children, as root and as an ordinary user. */
#include "base/privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ORDINARY_ID 12345

struct outcome {
    int result;
    uid_t uid;
    gid_t gid;
    int groups, dumpable, no_new_privs;
    bool can_be_root, reads_data;
    char status[4096];
    char user[PRIVILEGES_USER_BYTES];
    struct error_detail detail;
};

struct plan {
    bool ordinary;
    const char *user, *data_dir;
};

static void look(struct outcome *outcome, const struct plan *plan)
{
    struct rlimit core;
    FILE *file;

    outcome->uid = geteuid();
    outcome->gid = getegid();
    outcome->groups = getgroups(0, NULL);
    outcome->dumpable = prctl(PR_GET_DUMPABLE);
    outcome->no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
    if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_max != 0)
        outcome->result = -1000;
    outcome->can_be_root = setuid(0) == 0 && outcome->uid != 0;
    outcome->reads_data = plan->data_dir && access(plan->data_dir, R_OK | W_OK) == 0;
    file = fopen("/proc/self/status", "r");
    if (file != NULL) {
        size_t n = fread(outcome->status, 1, sizeof(outcome->status) - 1, file);
        outcome->status[n] = '\0';
        fclose(file);
    }
}

static struct outcome drop(struct plan plan)
{
    struct outcome *shared =
        mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct outcome outcome;
    int status;
    pid_t pid;

    assert_true(shared != MAP_FAILED);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (plan.ordinary && geteuid() == 0 &&
            (setgroups(0, NULL) != 0 || setresgid(ORDINARY_ID, ORDINARY_ID, ORDINARY_ID) != 0 ||
             setresuid(ORDINARY_ID, ORDINARY_ID, ORDINARY_ID) != 0))
            abort();
        shared->result = privileges_drop(plan.user, plan.data_dir, shared->user, &shared->detail);
        if (shared->result == 0)
            look(shared, &plan);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    outcome = *shared;
    munmap(shared, sizeof(*shared));
    return outcome;
}

static void assert_dropped(const struct outcome *outcome)
{
    assert_int_equal(outcome->result, 0);
    assert_false(outcome->can_be_root);
    assert_int_equal(outcome->no_new_privs, 1);
    assert_int_equal(outcome->dumpable, __has_feature(address_sanitizer) ? outcome->dumpable : 0);
    assert_non_null(strstr(outcome->status, "CapInh:\t0000000000000000\n"));
    assert_non_null(strstr(outcome->status, "CapPrm:\t0000000000000000\n"));
    assert_non_null(strstr(outcome->status, "CapEff:\t0000000000000000\n"));
    assert_non_null(strstr(outcome->status, "CapAmb:\t0000000000000000\n"));
}

#define NEED_ROOT()                                                                                \
    if (geteuid() != 0)                                                                            \
    skip()

static void root_becomes_somebody(void **state)
{
    struct outcome outcome;

    NEED_ROOT();
    outcome = drop((struct plan){0});
    assert_dropped(&outcome);
    assert_int_not_equal(outcome.uid, 0);
    assert_int_not_equal(outcome.gid, 0);
    assert_int_equal(outcome.groups, 0);
    assert_non_null(strstr(outcome.status, "CapBnd:\t0000000000000000\n"));
    assert_true(strcmp(outcome.user, PRIVILEGES_USER) == 0 ||
                strcmp(outcome.user, PRIVILEGES_FALLBACK_USER) == 0);
}

static void root_stays_only_when_told(void **state)
{
    struct outcome outcome;

    NEED_ROOT();
    outcome = drop((struct plan){.user = "root"});
    assert_dropped(&outcome);
    assert_int_equal(outcome.uid, 0);
    assert_string_equal(outcome.user, "root");
}

static void an_unknown_user_is_an_error(void **state)
{
    struct outcome outcome;

    NEED_ROOT();
    outcome = drop((struct plan){.user = "no-such-user"});
    assert_int_equal(outcome.result, ERR_USAGE);
    assert_non_null(strstr(outcome.detail.message, "no-such-user"));
}

static void an_ordinary_user_stays_one(void **state)
{
    struct outcome outcome = drop((struct plan){.ordinary = true});

    assert_dropped(&outcome);
    assert_int_not_equal(outcome.uid, 0);
    if (geteuid() == 0)
        assert_string_equal(outcome.user, "12345");
}

static void make_dir(char *path, mode_t mode)
{
    assert_non_null(mkdtemp(path));
    assert_int_equal(chmod(path, mode), 0);
}

static void the_data_directory_goes_along(void **state)
{
    char path[] = "/tmp/neocompute-test-XXXXXX", file[64], link[64];
    struct outcome outcome;
    struct stat info;
    int fd;

    NEED_ROOT();
    make_dir(path, 0700);
    snprintf(file, sizeof(file), "%s/file", path);
    snprintf(link, sizeof(link), "%s/link", path);
    fd = open(file, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(symlink("/etc/passwd", link), 0);

    outcome = drop((struct plan){.data_dir = path});
    assert_dropped(&outcome);
    assert_true(outcome.reads_data);
    assert_int_equal(stat(file, &info), 0);
    assert_int_equal(info.st_uid, outcome.uid);
    assert_int_equal(stat("/etc/passwd", &info), 0);
    assert_int_equal(info.st_uid, 0);

    unlink(file);
    unlink(link);
    rmdir(path);
}

static void a_directory_out_of_reach_is_an_error(void **state)
{
    char outer[] = "/tmp/neocompute-test-XXXXXX", inner[64];
    struct outcome outcome;

    NEED_ROOT();
    make_dir(outer, 0700);
    snprintf(inner, sizeof(inner), "%s/data", outer);
    assert_int_equal(mkdir(inner, 0700), 0);
    outcome = drop((struct plan){.data_dir = inner});
    assert_int_equal(outcome.result, ERR_USAGE);
    assert_non_null(strstr(outcome.detail.message, "cannot be reached by the user"));
    rmdir(inner);
    rmdir(outer);
}

static void inherited_descriptors_are_closed(void **state)
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        int fd = open("/dev/null", O_RDONLY);
        privileges_close_inherited();
        _exit(fcntl(fd, F_GETFD) == -1 && errno == EBADF && fcntl(2, F_GETFD) >= 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(root_becomes_somebody),
        cmocka_unit_test(root_stays_only_when_told),
        cmocka_unit_test(an_unknown_user_is_an_error),
        cmocka_unit_test(an_ordinary_user_stays_one),
        cmocka_unit_test(the_data_directory_goes_along),
        cmocka_unit_test(a_directory_out_of_reach_is_an_error),
        cmocka_unit_test(inherited_descriptors_are_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
