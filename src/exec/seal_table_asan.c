/*
 * The second table, for builds under AddressSanitizer only: meson compiles this file into no other
 * build, and a test looks for the name below in the release binary.
 */
#include "exec/seal_table.h"

#include <sys/mman.h>
#include <unistd.h>

#if !__has_feature(address_sanitizer)
#error "the sanitizer's table has no place in this build"
#endif

const char seal_asan_table_name[] = "neocompute-sanitizer-seal-table";

#define ALLOW(call, reason, ...) SEAL_RULE(call, SEAL_ALLOW, reason, __VA_ARGS__)
#define ANY                      {0, SEAL_ANY, 0}

const struct seal_rule seal_rules_asan[] = {
    ALLOW(mmap, "allocations of the runtime", {2, SEAL_WITHIN, PROT_READ | PROT_WRITE},
          {3, SEAL_WITHIN, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE}),
    ALLOW(munmap, "allocations of the runtime", ANY),
    ALLOW(brk, "allocations of libc", ANY),
    ALLOW(rt_sigprocmask, "the runtime's own locks", ANY),
    ALLOW(write, "the report of a finding", {0, SEAL_EQUALS, STDERR_FILENO}),
    ALLOW(madvise, "the shadow is not for core dumps", {2, SEAL_EQUALS, MADV_DONTDUMP}),
    ALLOW(madvise, "the shadow is not for huge pages", {2, SEAL_EQUALS, MADV_NOHUGEPAGE}),
    ALLOW(mremap, "allocations of the runtime", ANY),
    ALLOW(futex, "locks of the runtime", ANY),
    ALLOW(sched_yield, "locks of the runtime", ANY),
    ALLOW(getpid, "the report of a finding", ANY),
    ALLOW(gettid, "the report of a finding", ANY),
    ALLOW(sigaltstack, "the handler of the runtime", ANY),
    ALLOW(readlink, "the report of a finding names the program", ANY),
    ALLOW(fstat, "symbols of the report", ANY),
};
const size_t seal_rule_asan_count = sizeof(seal_rules_asan) / sizeof(seal_rules_asan[0]);
