/*
 * The one table of system calls: what a sealed worker may call, with which arguments, and why; and
 * what ends it at once. Every other call traps. Private to seal_filter.c, seal_table*.c and tests.
 */
#ifndef NEOCOMPUTE_EXEC_SEAL_TABLE_H
#define NEOCOMPUTE_EXEC_SEAL_TABLE_H

#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>

enum seal_verdict {
    SEAL_ALLOW,
    SEAL_KILL, /* plainly hostile: the process dies on the spot */
    SEAL_PROBE /* fails with SEAL_PROBE_ERRNO: how seal_worker sees that this table is in force */
};
#define SEAL_PROBE_ERRNO ENOTUNIQ

/* What an argument must be for the call to be allowed. All arguments with a check must pass. */
enum seal_check_kind {
    SEAL_ANY = 0,
    SEAL_SOCKET, /* the socket to the core */
    SEAL_EQUALS, /* exactly `value` */
    SEAL_WITHIN, /* no bit outside `value` */
};

struct seal_check {
    uint8_t argument;
    uint8_t kind;
    uint64_t value;
};

#define SEAL_CHECK_MOST 3

struct seal_rule {
    int call; /* SCMP_SYS(...): negative if this architecture has no such call */
    const char *name;
    enum seal_verdict verdict;
    struct seal_check checks[SEAL_CHECK_MOST];
    const char *reason;
};

#define SEAL_RULE(call, verdict, reason, ...)                                                      \
    {SCMP_SYS(call), #call, verdict, {__VA_ARGS__}, reason}

extern const struct seal_rule seal_rules[];
extern const size_t seal_rule_count;

/* What AddressSanitizer's runtime calls besides; compiled in sanitizer builds only. */
extern const struct seal_rule seal_rules_asan[];
extern const size_t seal_rule_asan_count;

#endif
