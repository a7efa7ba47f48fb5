/* Attacks by system call: files, network, processes, privileges. */
#include "break_in.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define ATTACK(name) static long name(struct break_in *job)

static char *const no_words[] = {NULL};

ATTACK(open_passwd)
{
    return open("/etc/passwd", O_RDONLY);
}

ATTACK(create_file)
{
    return open("/tmp/neocompute-was-here", O_CREAT | O_WRONLY, 0600);
}

ATTACK(remove_file)
{
    return unlink(job->argument);
}

ATTACK(open_relative)
{
    return open("../../../../../../etc/passwd", O_RDONLY);
}

ATTACK(open_core_environment)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%s/environ", job->argument);
    return open(path, O_RDONLY);
}

ATTACK(open_core_memory)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%s/mem", job->argument);
    return open(path, O_RDWR);
}

ATTACK(open_own_maps)
{
    return open("/proc/self/maps", O_RDONLY);
}

ATTACK(mount_proc)
{
    return mount("proc", "/", "proc", 0, NULL);
}

/* Any descriptor that was left open: a file, a store, another worker's socket. */
ATTACK(find_descriptor)
{
    for (int fd = 0; fd < 4096; fd++) {
        if (fd != break_in_socket && (syscall(SYS_lseek, fd, 0, SEEK_CUR) >= 0 || errno != EBADF))
            return fd;
    }
    errno = EBADF;
    return -1;
}

ATTACK(tcp_socket)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)atoi(job->argument)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd < 0 ? fd : connect(fd, (struct sockaddr *)&address, sizeof(address));
}

ATTACK(udp_socket)
{
    return socket(AF_INET, SOCK_DGRAM, 0);
}

ATTACK(netlink_socket)
{
    return socket(AF_NETLINK, SOCK_RAW, 0);
}

ATTACK(unix_socket)
{
    return socket(AF_UNIX, SOCK_STREAM, 0);
}

/* The socket that it has, led to somebody else. */
ATTACK(redirect_socket)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "\0neocompute"};
    return connect(break_in_socket, (struct sockaddr *)&address, sizeof(address));
}

ATTACK(send_descriptor)
{
    char byte = 0, control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &break_in_socket, sizeof(int));
    return sendmsg(break_in_socket, &message, 0);
}

ATTACK(make_process)
{
    long pid = syscall(SYS_clone, (long)SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid == 0)
        for (;;)
            pause();
    return pid;
}

/* A fork bomb: how many? */
ATTACK(make_processes)
{
    long made = 0;
    for (int i = 0; i < 100; i++) {
        long pid = syscall(SYS_clone, (long)SIGCHLD, NULL, NULL, NULL, NULL);
        if (pid == 0)
            for (;;)
                pause();
        made += pid > 0;
    }
    if (made > 0)
        return made;
    return -1;
}

ATTACK(make_thread)
{
    static char stack[4096];
    return syscall(SYS_clone, (long)(CLONE_VM | CLONE_THREAD | CLONE_SIGHAND), stack + 4096, NULL,
                   NULL, NULL);
}

ATTACK(exec_program)
{
    return execve("/bin/sh", no_words, no_words);
}

ATTACK(exec_itself)
{
    return execve("/proc/self/exe", no_words, no_words);
}

ATTACK(trace_core)
{
    return ptrace(PTRACE_ATTACH, atoi(job->argument), NULL, NULL);
}

ATTACK(trace_parent)
{
    return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

ATTACK(read_core_memory)
{
    static char byte;
    struct iovec local = {&byte, 1}, remote = {(void *)0x400000, 1};
    return process_vm_readv(atoi(job->argument), &local, 1, &remote, 1, 0);
}

ATTACK(open_core_handle)
{
    return syscall(SYS_pidfd_open, atoi(job->argument), 0);
}

ATTACK(kill_core)
{
    return kill(atoi(job->argument), SIGKILL);
}

ATTACK(kill_all)
{
    return kill(-1, SIGKILL);
}

ATTACK(stop_group)
{
    return kill(0, SIGSTOP);
}

ATTACK(become_root)
{
    return setresuid(0, 0, 0);
}

ATTACK(take_capability)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{~0u, ~0u, ~0u}, {~0u, ~0u, ~0u}};
    return syscall(SYS_capset, &header, data);
}

ATTACK(new_user_namespace)
{
    return unshare(CLONE_NEWUSER);
}

ATTACK(raise_limit)
{
    const struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
    return setrlimit(RLIMIT_DATA, &limit);
}

ATTACK(be_dumpable)
{
    return prctl(PR_SET_DUMPABLE, 1);
}

ATTACK(load_bpf)
{
    static const struct bpf_insn code[] = {{.code = 0xb7}, {.code = 0x95}}; /* return 0 */
    union bpf_attr attr = {.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
                           .insns = (uintptr_t)code,
                           .insn_cnt = 2,
                           .license = (uintptr_t)"GPL"};
    return syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
}

ATTACK(use_io_uring)
{
    static char params[120];
    return syscall(SYS_io_uring_setup, 1, params);
}

ATTACK(use_perf)
{
    static char attr[128];
    return syscall(SYS_perf_event_open, attr, 0, -1, -1, 0);
}

#ifdef __x86_64__
/* getpid by the i386 gate: where that gate exists, its number is another call's in the table. */
ATTACK(i386_call)
{
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory");
    return result;
}

ATTACK(x32_call)
{
    return syscall(0x40000000 | SYS_getpid);
}
#endif

const struct attack attacks_calls[] = {
    {"open-file", open_passwd},
    {"open-relative", open_relative},
    {"create-file", create_file},
    {"remove-file", remove_file},
    {"core-environment", open_core_environment},
    {"core-mem-file", open_core_memory},
    {"own-maps", open_own_maps},
    {"mount-proc", mount_proc},
    {"find-descriptor", find_descriptor},
    {"tcp", tcp_socket},
    {"udp", udp_socket},
    {"netlink", netlink_socket},
    {"unix-socket", unix_socket},
    {"redirect-socket", redirect_socket},
    {"send-descriptor", send_descriptor},
    {"make-process", make_process},
    {"fork-bomb", make_processes},
    {"make-thread", make_thread},
    {"exec", exec_program},
    {"exec-itself", exec_itself},
    {"trace-core", trace_core},
    {"trace-parent", trace_parent},
    {"read-core-memory", read_core_memory},
    {"core-handle", open_core_handle},
    {"kill-core", kill_core},
    {"kill-all", kill_all},
    {"stop-group", stop_group},
    {"become-root", become_root},
    {"take-capability", take_capability},
    {"new-user-namespace", new_user_namespace},
    {"raise-limit", raise_limit},
    {"be-dumpable", be_dumpable},
    {"bpf", load_bpf},
    {"io-uring", use_io_uring},
    {"perf", use_perf},
#ifdef __x86_64__
    {"i386-call", i386_call},
    {"x32-call", x32_call},
#endif
    {NULL, NULL},
};
