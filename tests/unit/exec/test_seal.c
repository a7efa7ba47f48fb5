/* A sealed child tries what a worker must not be able to do, and what it must. */
#include "exec/seal_table.h"
#include "sealed_child.h"

#include <sys/ptrace.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>

enum fate { KILLED, TRAPPED };

#define ATTEMPT(name, expression)                                                                  \
    static long try_##name(int sock)                                                               \
    {                                                                                              \
        (void)sock;                                                                                \
        return (long)(expression);                                                                 \
    }

static char byte[1];
static char *const no_words[] = {NULL};

ATTEMPT(open, open("/etc/passwd", O_RDONLY))
ATTEMPT(open_call, syscall(SYS_open, "/etc/passwd", O_RDONLY))
ATTEMPT(unlink, unlink("/tmp/x"))
ATTEMPT(socket, socket(AF_INET, SOCK_STREAM, 0))
ATTEMPT(connect, connect(sock, NULL, 0))
ATTEMPT(exec, execve("/bin/true", no_words, no_words))
ATTEMPT(fork, syscall(SYS_fork))
ATTEMPT(clone, syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0))
ATTEMPT(clone3, syscall(SYS_clone3, NULL, 0))
ATTEMPT(ptrace, ptrace(PTRACE_TRACEME, 0, NULL, NULL))
ATTEMPT(kill, kill(1, SIGKILL))
ATTEMPT(tgkill, syscall(SYS_tgkill, 1, 1, SIGKILL))
ATTEMPT(bpf, syscall(SYS_bpf, 0, NULL, 0))
ATTEMPT(vm_readv, syscall(SYS_process_vm_readv, 1, NULL, 0, NULL, 0, 0))
ATTEMPT(mount, syscall(SYS_mount, "a", "b", "c", 0, NULL))
ATTEMPT(io_uring, syscall(SYS_io_uring_setup, 1, NULL))
ATTEMPT(memfd, syscall(SYS_memfd_create, "x", 0))
ATTEMPT(ftruncate, ftruncate(sock, 1))
ATTEMPT(sendmsg, sendmsg(sock, NULL, 0))
ATTEMPT(sigaction, syscall(SYS_rt_sigaction, SIGSYS, NULL, NULL, 8))
ATTEMPT(prctl, syscall(SYS_prctl, 4, 1))

ATTEMPT(getpid, syscall(SYS_getpid))
ATTEMPT(dup, dup(sock))
ATTEMPT(fcntl, fcntl(sock, F_GETFL))
ATTEMPT(uname, syscall(SYS_uname, byte))
ATTEMPT(read_other, read(sock + 1, byte, 1))
ATTEMPT(write_stderr, write(sock == 2 ? 3 : 2, byte, 1))
ATTEMPT(sendto_address, syscall(SYS_sendto, sock, byte, 1, 0, byte, 1))
ATTEMPT(map_exec, mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
ATTEMPT(map, mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
ATTEMPT(unmap, munmap(reserve, 4096))
ATTEMPT(brk, syscall(SYS_brk, 0))
ATTEMPT(sigprocmask, syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, NULL, 8))
ATTEMPT(map_shared, mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0))
ATTEMPT(map_file, mmap(NULL, 4096, PROT_READ, MAP_SHARED_VALIDATE, sock, 0))
ATTEMPT(protect_exec, mprotect((void *)((uintptr_t)byte & ~4095ul), 4096, PROT_READ | PROT_EXEC))
ATTEMPT(mremap, syscall(SYS_mremap, byte, 0, 4096, 1, 0))
ATTEMPT(unknown, syscall(5000))

static const struct {
    const char *name;
    attempt_fn *attempt;
    enum fate fate;
    const char *call; /* what the hint says of a trap */
} attempts[] = {
    {"open a file", try_open, KILLED, NULL},
    {"open a file, the old call", try_open_call, KILLED, NULL},
    {"remove a file", try_unlink, KILLED, NULL},
    {"make a socket", try_socket, KILLED, NULL},
    {"connect", try_connect, KILLED, NULL},
    {"exec", try_exec, KILLED, NULL},
    {"fork", try_fork, KILLED, NULL},
    {"clone", try_clone, KILLED, NULL},
    {"clone3", try_clone3, KILLED, NULL},
    {"ptrace", try_ptrace, KILLED, NULL},
    {"kill", try_kill, KILLED, NULL},
    {"tgkill", try_tgkill, KILLED, NULL},
    {"bpf", try_bpf, KILLED, NULL},
    {"read another's memory", try_vm_readv, KILLED, NULL},
    {"mount", try_mount, KILLED, NULL},
    {"io_uring", try_io_uring, KILLED, NULL},
    {"memfd", try_memfd, KILLED, NULL},
    {"truncate", try_ftruncate, KILLED, NULL},
    {"send a descriptor", try_sendmsg, KILLED, NULL},
    {"become dumpable", try_prctl, KILLED, NULL},
    {"getpid", try_getpid, TRAPPED, "getpid"},
    {"dup", try_dup, TRAPPED, "dup"},
    {"fcntl", try_fcntl, TRAPPED, "fcntl"},
    {"uname", try_uname, TRAPPED, "uname"},
    {"read another descriptor", try_read_other, TRAPPED, "read"},
    {"write to stderr", try_write_stderr, TRAPPED, "write"},
    {"send to an address", try_sendto_address, TRAPPED, "sendto"},
    {"map executable", try_map_exec, TRAPPED, "mmap"},
    {"map shared", try_map_shared, TRAPPED, "mmap"},
    {"map memory", try_map, TRAPPED, "mmap"},
    {"unmap memory", try_unmap, TRAPPED, "munmap"},
    {"grow the heap", try_brk, TRAPPED, "brk"},
    {"replace the trap handler", try_sigaction, TRAPPED, "rt_sigaction"},
    {"block the trap", try_sigprocmask, TRAPPED, "rt_sigprocmask"},
    {"map shared, validated", try_map_file, TRAPPED, "mmap"},
    {"make executable", try_protect_exec, TRAPPED, "mprotect"},
    {"double the window", try_mremap, TRAPPED, "mremap"},
    {"a call that does not exist", try_unknown, TRAPPED, "system call 5000"},
};

/* The sanitizer's own table allows some of them; then only the product's build can tell. */
static bool is_sanitizers(const char *call)
{
#if __has_feature(address_sanitizer)
    for (size_t i = 0; call != NULL && i < seal_rule_asan_count; i++)
        if (strcmp(seal_rules_asan[i].name, call) == 0)
            return true;
#endif
    return false;
}

static void refused_calls_end_the_worker(void **state)
{
    for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
        if (is_sanitizers(attempts[i].call))
            continue;
        struct outcome outcome = sealed_child(attempts[i].attempt);
        char text[48];
        const char *call = seal_hint_call(outcome.hint, text, sizeof(text));

        print_message("%s: status 0x%x, hint %s\n", attempts[i].name, (unsigned)outcome.status,
                      call ? call : "none");
        assert_int_equal(outcome.sealed, 0);
        if (attempts[i].fate == KILLED) {
            assert_true(WIFSIGNALED(outcome.status));
            assert_int_equal(WTERMSIG(outcome.status), SIGSYS);
            assert_null(call);
        } else {
            assert_true(WIFEXITED(outcome.status));
            assert_int_equal(WEXITSTATUS(outcome.status), SEAL_EXIT_TRAPPED);
            assert_non_null(call);
            assert_string_equal(call, attempts[i].call);
        }
    }
}

#ifdef __x86_64__
/* The same numbers by other doors: the i386 gate, and x32's bit. */
static long try_i386(int sock)
{
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory"); /* getpid */
    return result;
}
ATTEMPT(x32, syscall(0x40000000 | SYS_read, sock, byte, 0))

static void other_abis_end_the_worker(void **state)
{
    struct outcome outcome = sealed_child(try_i386);
    assert_true(WIFSIGNALED(outcome.status));
    outcome = sealed_child(try_x32);
    assert_true(WIFSIGNALED(outcome.status));
    assert_int_equal(WTERMSIG(outcome.status), SIGSYS);
}
#endif

/* What a job and the loop need. Each returns 0, or the line that failed. */
static long use_what_is_allowed(int sock)
{
    const size_t size = 1 << 20;
    struct timespec now, wait = {.tv_nsec = 1000000};
    struct sigaction action = {.sa_handler = SIG_DFL};
    fd_set set;
    char random[16];

    if (mprotect(reserve, size, PROT_READ | PROT_WRITE) != 0)
        return __LINE__;
    memset(reserve, 1, size);
    if (mprotect(reserve, size, PROT_READ) != 0 || madvise(reserve, size, MADV_DONTNEED) != 0 ||
        reserve[0] != 0 || mprotect(reserve, size, PROT_NONE) != 0)
        return __LINE__;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0 ||
        syscall(SYS_clock_gettime, CLOCK_REALTIME, &now) != 0 ||
        syscall(SYS_getrandom, random, sizeof(random), 0) != sizeof(random))
        return __LINE__;
    FD_ZERO(&set);
    FD_SET(sock, &set);
    if (pselect(sock + 1, &set, NULL, NULL, &wait, NULL) != 0)
        return __LINE__;
    if (send(sock, "x", 1, MSG_NOSIGNAL) != 1 || recv(sock, random, 1, MSG_DONTWAIT) != -1 ||
        errno != EAGAIN)
        return __LINE__;
    if (sigaction(SIGSEGV, &action, NULL) != 0)
        return __LINE__;
    return 0;
}

static void a_job_can_do_what_it_needs(void **state)
{
    struct outcome outcome = sealed_child(use_what_is_allowed);
    assert_int_equal(outcome.status, 0);
    assert_int_equal(outcome.value, 0);
}

/* Memory until it is refused. */
static long take_memory(int sock)
{
    const size_t step = 16 << 20;
    size_t taken = 0;

    while (taken < CHILD_RESERVE && mprotect(reserve + taken, step, PROT_READ | PROT_WRITE) == 0)
        taken += step;
    return errno == ENOMEM ? (long)taken : -1;
}

static void memory_is_bounded(void **state)
{
    struct outcome outcome = sealed_child(take_memory);
    assert_in_range(outcome.value, CHILD_MEMORY / 2, CHILD_MEMORY);
}

/* poll is refused, as the contract says: it would fail with EINVAL where no descriptors are. */
ATTEMPT(poll, syscall(SYS_poll, NULL, 0, 0))

static void waiting_is_by_pselect(void **state)
{
    struct outcome outcome = sealed_child(try_poll);
    assert_int_equal(WEXITSTATUS(outcome.status), SEAL_EXIT_TRAPPED);
}

/* The kernel's own view of a sealed process, from outside. */
static long wait_for_end(int sock)
{
    return recv(sock, byte, 1, 0);
}

static void read_status(pid_t pid, char *text, size_t size)
{
    char path[64];
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
}

static void the_kernel_sees_it_sealed(void **state)
{
    struct outcome *shared = shared_page();
    int namespaces = seal_namespaces(), sockets[2], status;
    char text[4096], path[64], link[256];
    ssize_t n;
    pid_t pid;

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets), 0);
    shared->sealed = -1000;
    pid = seal_clone(namespaces);
    assert_true(pid >= 0);
    if (pid == 0) {
        close(sockets[0]);
        be_worker(namespaces, sockets[1], wait_for_end, shared);
    }
    close(sockets[1]);
    for (int i = 0; i < 5000 && *(volatile int *)&shared->sealed == -1000; i++)
        usleep(1000);
    assert_int_equal(shared->sealed, 0);

    read_status(pid, text, sizeof(text));
    assert_non_null(strstr(text, "Seccomp:\t2\n"));
    assert_non_null(strstr(text, "NoNewPrivs:\t1\n"));
    assert_non_null(strstr(text, "CapInh:\t0000000000000000\n"));
    assert_non_null(strstr(text, "CapPrm:\t0000000000000000\n"));
    assert_non_null(strstr(text, "CapEff:\t0000000000000000\n"));
    assert_non_null(strstr(text, "CapAmb:\t0000000000000000\n"));
    if (geteuid() == 0) {
        assert_non_null(strstr(text, "CapBnd:\t0000000000000000\n"));
        assert_non_null(strstr(text, "Uid:\t65534\t65534\t65534\t65534\n"));
        assert_non_null(strstr(text, "Groups:\t \n"));
    }
    assert_non_null(strstr(text, "Threads:\t1\n"));

    /* One descriptor, the socket; another root. */
    snprintf(path, sizeof(path), "ls /proc/%d/fd | wc -l", pid);
    if (geteuid() == 0) {
        FILE *pipe = popen(path, "r"); /* a test may */
        assert_non_null(pipe);
        assert_non_null(fgets(text, sizeof(text), pipe));
        assert_int_equal(atoi(text), __has_feature(address_sanitizer) ? 2 : 1); /* its stderr */
        pclose(pipe);
        snprintf(path, sizeof(path), "/proc/%d/root/etc", pid);
        n = readlink(path, link, sizeof(link));
        assert_true(n < 0);
        if (namespaces & CLONE_NEWNS)
            assert_int_not_equal(access(path, F_OK), 0);
    }

    close(sockets[0]);
    wait_for(pid, &status);
    assert_int_equal(status, 0);
    munmap(shared, 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_can_do_what_it_needs),
        cmocka_unit_test(refused_calls_end_the_worker),
#ifdef __x86_64__
        cmocka_unit_test(other_abis_end_the_worker),
#endif
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(waiting_is_by_pselect),
        cmocka_unit_test(the_kernel_sees_it_sealed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
