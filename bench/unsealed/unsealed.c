/*
 * The product's own code, but its workers are not sealed: to measure what sealing costs, and for
 * nothing else. The linker puts these functions in the place of the sealing (meson.build here), so
 * the product has nothing of this and no option leads to it.
 *
 * It says what it is wherever it is asked: at each start, to --version, at the start of its log,
 * and in /info, where every property of the isolation is "none". It refuses --strict.
 */
#include "cmd/cmd.h"
#include "exec/exec.h"
#include "exec/seal_step.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

/* bench/run and make audit-sandbox look for these words, in the binary itself. */
#define UNSEALED "neocompute-unsealed: WORKERS ARE NOT SEALED; this build only measures"

int __wrap_seal_namespaces(void);
int __wrap_seal_worker(const struct seal_options *options, int namespaces, struct seal_report *ret,
                       struct error_detail *detail);

int __wrap_seal_namespaces(void)
{
    return 0; /* none: seal_clone is then a fork */
}

/* What is left is no wall: a worker that keeps the descriptors of others would not see them end. */
int __wrap_seal_worker(const struct seal_options *options, int namespaces, struct seal_report *ret,
                       struct error_detail *detail)
{
    struct seal_state state = {.options = options, .namespaces = namespaces};

    seal_step_close(&state);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    *ret = (struct seal_report){.refused = UNSEALED};
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--zygote") == 0)
        exec_zygote_main();
    fprintf(argc == 2 && strcmp(argv[1], "--version") == 0 ? stdout : stderr, "%s\n", UNSEALED);
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--strict", strlen("--strict")) == 0) {
            fputs("neocompute-unsealed: --strict is for workers that are sealed\n", stderr);
            return CMD_EXIT_USAGE;
        }
    }
    return cmd_main(argc, argv);
}
