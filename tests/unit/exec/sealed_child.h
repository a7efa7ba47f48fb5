/*
 * A real forked child, sealed as a worker is, that then tries something; and what came of it.
 */
#ifndef NEOCOMPUTE_TESTS_SEALED_CHILD_H
#define NEOCOMPUTE_TESTS_SEALED_CHILD_H

#include "exec/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define CHILD_MEMORY (256ull << 20)

struct outcome {
    int status; /* as waitpid tells it */
    int sealed; /* what seal_worker returned */
    long value; /* what the attempt returned */
    uint32_t hint;
    struct seal_report report;
    struct error_detail detail;
};

/* As the engine's: address space that mprotect turns into memory. Made before sealing. */
#define CHILD_RESERVE (8ull << 30)
static char *reserve;

/* Runs in the sealed child. `socket` is its end of a socket pair. */
typedef long attempt_fn(int socket);

/* Runs in an ordinary child before the zygote's part: makes a weaker system, or an ordinary user.
 */
typedef void system_fn(void);

static void *shared_page(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(page != MAP_FAILED);
    return page;
}

static void wait_for(pid_t pid, int *status)
{
    while (waitpid(pid, status, 0) < 0)
        if (errno != EINTR)
            abort();
}

/* The worker's side of the clone. */
static _Noreturn void be_worker(int namespaces, int socket, attempt_fn *attempt,
                                struct outcome *shared)
{
    struct seal_options options = {
        .memory_max = CHILD_MEMORY, .keep_fd = socket, .hint = &shared->hint};

    reserve =
        mmap(NULL, CHILD_RESERVE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (reserve == MAP_FAILED)
        abort();
    shared->sealed = seal_worker(&options, namespaces, &shared->report, &shared->detail);
    if (shared->sealed == 0 && attempt != NULL)
        shared->value = attempt(socket);
    _exit(0);
}

/* The zygote's side: finds the namespaces, clones, waits. */
static void be_zygote(attempt_fn *attempt, struct outcome *shared)
{
    int namespaces = seal_namespaces();
    int sockets[2];
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0)
        abort();
    pid = seal_clone(namespaces);
    if (pid < 0)
        abort();
    if (pid == 0)
        be_worker(namespaces, sockets[1], attempt, shared);
    close(sockets[1]);
    wait_for(pid, &shared->status);
    close(sockets[0]);
}

/* A child sealed on a system that `weaken` (may be NULL) has made; returns what it came to. */
static struct outcome sealed_child_on(system_fn *weaken, attempt_fn *attempt)
{
    struct outcome *shared = shared_page(), outcome;
    int status;
    pid_t pid;

    shared->value = -1000;
    shared->sealed = -1000;
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (weaken != NULL)
            weaken();
        be_zygote(attempt, shared);
        _exit(0);
    }
    wait_for(pid, &status);
    assert_int_equal(status, 0);
    outcome = *shared;
    munmap(shared, 4096);
    return outcome;
}

static inline struct outcome sealed_child(attempt_fn *attempt)
{
    return sealed_child_on(NULL, attempt);
}

/* An ordinary user, with no group of anybody's. */
static inline void as_ordinary_user(void)
{
    if (geteuid() != 0)
        return;
    if (setgroups(0, NULL) != 0 || setresgid(12345, 12345, 12345) != 0 ||
        setresuid(12345, 12345, 12345) != 0)
        abort();
}

#endif
