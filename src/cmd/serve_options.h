/*
 * What `neocompute serve` can be told on its command line, and whether it fits together.
 */
#ifndef NEOCOMPUTE_CMD_SERVE_OPTIONS_H
#define NEOCOMPUTE_CMD_SERVE_OPTIONS_H

#include "base/error.h"
#include "base/limits.h"
#include <stdbool.h>

enum require_isolation { REQUIRE_REDUCED, REQUIRE_FULL };

/* Filled by the parser from the list of cmd_serve_options (cmd.h), over serve_options_init's. */
struct serve_options {
    const char *listen, *data_dir, *database_url, *run_as;
    int log_level, log_format, isolation, require_isolation, receipts;
    bool listen_insecure, strict;
    struct limits limits;
};

void serve_options_init(struct serve_options *options);

/*
 * Refuses what does not go together (ERR_USAGE, ERR_INVALID_FIELD); `exposed` is whether anybody
 * beyond this machine can reach the service.
 */
int serve_options_check(const struct serve_options *options, bool *exposed,
                        struct error_detail *detail);

#endif
