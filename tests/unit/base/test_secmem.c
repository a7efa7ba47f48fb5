#include "base/error.h"
#include "base/secmem.h"
#include "unit.h"

#include <sys/wait.h>
#include <unistd.h>

/* The line of /proc/self/smaps with the flags of the mapping at `address`. */
static void mapping_flags(const void *address, char *flags, size_t size)
{
    FILE *in = fopen("/proc/self/smaps", "r");
    char line[512];
    unsigned long start, end;
    int inside = 0;

    *flags = '\0';
    assert_non_null(in);
    while (fgets(line, sizeof(line), in)) {
        if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
            inside = start <= (uintptr_t)address && (uintptr_t)address < end;
        if (inside && strncmp(line, "VmFlags:", 8) == 0)
            snprintf(flags, size, "%s", line);
    }
    fclose(in);
}

static void is_locked_and_left_out_of_dumps(void **state)
{
    struct secret_bytes secret;
    char flags[512];

    assert_int_equal(secret_bytes_init(&secret, 5000), 0);
    assert_int_equal(secret.size, 5000);
    for (size_t i = 0; i < secret.size; i++)
        assert_int_equal(secret.data[i], 0);
    mapping_flags(secret.data, flags, sizeof(flags));
    assert_non_null(strstr(flags, " dd"));
    assert_non_null(strstr(flags, " wf"));
#if !__has_feature(address_sanitizer) /* its mlock does nothing and says it did */
    assert_true(secret.locked == (strstr(flags, " lo") != NULL));
#endif
    secret_bytes_done(&secret);
    assert_null(secret.data);
    secret_bytes_done(&secret);
}

static void a_forked_child_sees_zeros(void **state)
{
    struct secret_bytes secret;
    int status;

    assert_int_equal(secret_bytes_init(&secret, 4), 0);
    memcpy(secret.data, "key!", 4);
    pid_t pid = fork();
    if (pid == 0)
        _exit(memcmp(secret.data, "\0\0\0\0", 4) == 0 ? 7 : 8);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 7);
    assert_memory_equal(secret.data, "key!", 4);
    secret_bytes_done(&secret);
}

static void impossible_sizes(void **state)
{
    struct secret_bytes secret = {.size = 42};

    assert_int_equal(secret_bytes_init(&secret, 0), ERR_NO_MEMORY);
    assert_int_equal(secret_bytes_init(&secret, SIZE_MAX), ERR_NO_MEMORY);
    assert_int_equal(secret.size, 42);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_locked_and_left_out_of_dumps),
        cmocka_unit_test(a_forked_child_sees_zeros),
        cmocka_unit_test(impossible_sizes),
    };
    return RUN_TESTS(tests);
}
