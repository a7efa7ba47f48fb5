#include "exec/seal_table.h"

#include <signal.h>
#include <sys/mman.h>

#define SOCKET(n)                {n, SEAL_SOCKET, 0}
#define EQUALS(n, value)         {n, SEAL_EQUALS, value}
#define WITHIN(n, value)         {n, SEAL_WITHIN, value}
#define ANYTHING                 {0, SEAL_ANY, 0}
#define ALLOW(call, reason, ...) SEAL_RULE(call, SEAL_ALLOW, reason, __VA_ARGS__)
#define KILL(call, reason)       SEAL_RULE(call, SEAL_KILL, reason, ANYTHING)

/*
 * Memory changes between readable and writable, and never becomes executable. Nothing is mapped or
 * allocated: the engine and the loop have all their memory before sealing, so mmap, mremap, brk and
 * munmap are not here.
 */
#define PROTECTIONS (PROT_READ | PROT_WRITE)

const struct seal_rule seal_rules[] = {
    /* The worker's loop. */
    ALLOW(recvfrom, "a message from the core", SOCKET(0)),
    ALLOW(sendto, "a message to the core, to no other address", SOCKET(0), EQUALS(4, 0)),
    ALLOW(pselect6, "waiting for a message or a time (setTimeout of a script)", ANYTHING),
    ALLOW(exit_group, "the end", ANYTHING),

    /* The engine. */
    ALLOW(mprotect, "first write to a page of linear memory; growth", WITHIN(2, PROTECTIONS)),
    ALLOW(madvise, "grown memory goes back to the system", EQUALS(2, MADV_DONTNEED)),
    ALLOW(rt_sigreturn, "back from the handler of a page fault", ANYTHING),
    ALLOW(rt_sigaction, "a fault that is not the engine's gets its default action",
          EQUALS(0, SIGSEGV)),
    ALLOW(clock_gettime, "the time, where the vdso cannot tell it", ANYTHING),
    ALLOW(getrandom, "Math.random's seed and crypto.getRandomValues", ANYTHING),

    /* The proof that it is this table which holds. */
    SEAL_RULE(getppid, SEAL_PROBE, "tried once, by seal_worker", ANYTHING),

    /* Nobody calls these by accident. */
    KILL(execve, "another program"),
    KILL(execveat, "another program"),
    KILL(fork, "another process"),
    KILL(vfork, "another process"),
    KILL(clone, "another process or namespace"),
    KILL(clone3, "another process or namespace"),
    KILL(unshare, "another namespace, with capabilities in it"),
    KILL(setns, "another namespace"),
    KILL(ptrace, "the memory of another process"),
    KILL(process_vm_readv, "the memory of another process"),
    KILL(process_vm_writev, "the memory of another process"),
    KILL(process_madvise, "the memory of another process"),
    KILL(kcmp, "looking into another process"),
    KILL(pidfd_open, "another process"),
    KILL(pidfd_getfd, "a descriptor of another process"),
    KILL(pidfd_send_signal, "a signal to another process"),
    KILL(kill, "a signal to another process"),
    KILL(tkill, "a signal to another process"),
    KILL(tgkill, "a signal to another process"),
    KILL(rt_sigqueueinfo, "a signal to another process"),
    KILL(rt_tgsigqueueinfo, "a signal to another process"),
    KILL(socket, "the network"),
    KILL(socketpair, "a descriptor"),
    KILL(connect, "the network"),
    KILL(bind, "the network"),
    KILL(listen, "the network"),
    KILL(accept, "the network"),
    KILL(accept4, "the network"),
    KILL(sendmsg, "a descriptor sent to the core"),
    KILL(sendmmsg, "a descriptor sent to the core"),
    KILL(recvmsg, "a descriptor received"),
    KILL(recvmmsg, "a descriptor received"),
    KILL(open, "a file"),
    KILL(openat, "a file"),
    KILL(openat2, "a file"),
    KILL(creat, "a file"),
    KILL(open_by_handle_at, "a file"),
    KILL(name_to_handle_at, "a file"),
    KILL(truncate, "a file"),
    KILL(ftruncate, "the window"),
    KILL(fallocate, "the window"),
    KILL(unlink, "a file"),
    KILL(unlinkat, "a file"),
    KILL(rename, "a file"),
    KILL(renameat, "a file"),
    KILL(renameat2, "a file"),
    KILL(link, "a file"),
    KILL(linkat, "a file"),
    KILL(symlink, "a file"),
    KILL(symlinkat, "a file"),
    KILL(mkdir, "a file"),
    KILL(mkdirat, "a file"),
    KILL(mknod, "a file"),
    KILL(mknodat, "a file"),
    KILL(chmod, "a file"),
    KILL(fchmodat, "a file"),
    KILL(chown, "a file"),
    KILL(fchownat, "a file"),
    KILL(chroot, "another root"),
    KILL(pivot_root, "another root"),
    KILL(mount, "another file system"),
    KILL(umount2, "another file system"),
    KILL(fsopen, "another file system"),
    KILL(fsconfig, "another file system"),
    KILL(fsmount, "another file system"),
    KILL(fspick, "another file system"),
    KILL(move_mount, "another file system"),
    KILL(open_tree, "another file system"),
    KILL(mount_setattr, "another file system"),
    KILL(swapon, "the system"),
    KILL(swapoff, "the system"),
    KILL(reboot, "the system"),
    KILL(kexec_load, "the kernel"),
    KILL(kexec_file_load, "the kernel"),
    KILL(init_module, "the kernel"),
    KILL(finit_module, "the kernel"),
    KILL(delete_module, "the kernel"),
    KILL(bpf, "the kernel"),
    KILL(perf_event_open, "the kernel, and the timing of others"),
    KILL(userfaultfd, "stopping the kernel in the middle of a copy"),
    KILL(io_uring_setup, "calls past this table"),
    KILL(io_uring_enter, "calls past this table"),
    KILL(io_uring_register, "calls past this table"),
    KILL(seccomp, "another filter"),
    KILL(add_key, "the kernel's keys"),
    KILL(request_key, "the kernel's keys"),
    KILL(keyctl, "the kernel's keys"),
    KILL(memfd_create, "shared or executable memory"),
    KILL(memfd_secret, "memory that nobody can look into"),
    KILL(shmget, "shared memory"),
    KILL(shmat, "shared memory"),
    KILL(remap_file_pages, "another order of the window's pages"),
    KILL(modify_ldt, "other segments"),
    KILL(iopl, "the hardware"),
    KILL(ioperm, "the hardware"),
    KILL(ioctl, "a device"),
    KILL(setuid, "another user"),
    KILL(setgid, "another user"),
    KILL(setreuid, "another user"),
    KILL(setregid, "another user"),
    KILL(setresuid, "another user"),
    KILL(setresgid, "another user"),
    KILL(setgroups, "another user"),
    KILL(capset, "a privilege"),
    KILL(prctl, "looser rules for itself"),
    KILL(setrlimit, "looser rules for itself"),
    KILL(prlimit64, "looser rules for itself"),
    KILL(personality, "looser rules for itself"),
};
const size_t seal_rule_count = sizeof(seal_rules) / sizeof(seal_rules[0]);
