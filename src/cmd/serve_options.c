#include "cmd/serve_options.h"

#include "api/api.h"
#include "base/log.h"
#include "base/privileges.h"
#include "cmd/cmd.h"
#include "job/job.h"
#include <stddef.h>

void serve_options_init(struct serve_options *options)
{
    *options = (struct serve_options){.listen = "127.0.0.1:8080", .log_level = LOG_LEVEL_INFO};
    limits_init(&options->limits);
}

void cmd_serve_options(struct option_list *list)
{
    static const char *const levels[] = {"debug", "info", "warn", "error", NULL};
    static const char *const formats[] = {"auto", "json", "text", NULL};
    static const char *const levels_of_isolation[] = {"reduced", "full", NULL};
    static const char *const receipts[] = {"batch", "single", "none", NULL}; /* enum job_receipts */

    option_add(list, (struct args_option){"listen", "ADDR:PORT", "where; port 0 takes any free one",
                                          "127.0.0.1:8080", args_set_text,
                                          offsetof(struct serve_options, listen)});
    option_add(list, (struct args_option){"listen-insecure", NULL,
                                          "listen beyond loopback, where anybody may name any user",
                                          NULL, args_set_flag,
                                          offsetof(struct serve_options, listen_insecure)});
    option_add(list, (struct args_option){"data-dir", "DIR",
                                          "for what outlives the service; made if need be", NULL,
                                          args_set_text, offsetof(struct serve_options, data_dir)});
    option_add(list,
               (struct args_option){"database-url", "URL",
                                    "secrets in PostgreSQL instead of the data directory", NULL,
                                    args_set_text, offsetof(struct serve_options, database_url)});
    option_add(list,
               (struct args_option){"strict", NULL,
                                    "production: needs a master key; unlisted secrets are refused",
                                    NULL, args_set_flag, offsetof(struct serve_options, strict)});
    option_add(list,
               (struct args_option){"log-level", "LEVEL", "debug, info, warn or error", "info",
                                    args_set_choice, offsetof(struct serve_options, log_level),
                                    .choices = levels});
    option_add(list, (struct args_option){
                         "log-format", "FORMAT", "json, text, or auto: text on a terminal", "auto",
                         args_set_choice, offsetof(struct serve_options, log_format),
                         .choices = formats});
    option_add(list,
               (struct args_option){"receipts", "HOW",
                                    "batch: jobs that end together share a "
                                    "signature; single; none, for measuring",
                                    "batch", args_set_choice,
                                    offsetof(struct serve_options, receipts), .choices = receipts});
    option_add_isolation(list, offsetof(struct serve_options, isolation));
    option_add(list, (struct args_option){"require-isolation", "LEVEL",
                                          "refuse to start unless every property has this level",
                                          "reduced", args_set_choice,
                                          offsetof(struct serve_options, require_isolation),
                                          .choices = levels_of_isolation});
    option_add(list,
               (struct args_option){"run-as", "NAME", "whom a service started as root becomes",
                                    PRIVILEGES_USER " or " PRIVILEGES_FALLBACK_USER, args_set_text,
                                    offsetof(struct serve_options, run_as)});
    for (int limit = 0; limit < LIMIT_COUNT; limit++)
        if (limit_table[limit].least < limit_table[limit].most)
            option_add_limit(list, (enum limit)limit, offsetof(struct serve_options, limits));
}

int serve_options_check(const struct serve_options *options, bool *exposed,
                        struct error_detail *detail)
{
    if (options->strict && options->receipts == JOB_RECEIPTS_NONE)
        return error_set(detail, ERR_USAGE, "--receipts",
                         "\"none\" is for measuring; --strict wants every job to have a receipt");
    return api_check_listen(options->listen, options->listen_insecure, exposed, detail);
}
