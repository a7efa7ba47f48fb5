/*
 * What the machine, or the control group that the process lives in, has to give.
 */
#ifndef NEOCOMPUTE_BASE_MACHINE_H
#define NEOCOMPUTE_BASE_MACHINE_H

#include <stdint.h>

/*
 * Bytes of memory that this process may use: the machine's, or the least limit of its cgroup (v2 or
 * v1) and of the groups above, whichever is less. UINT64_MAX if nothing says. `root` is put before
 * /proc and /sys; "" is the system itself.
 */
uint64_t machine_memory(const char *root);

#endif
