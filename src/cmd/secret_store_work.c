/*
 * What can only be done straight on the store: rotation, and the check of the audit chain.
 */
#include "base/json_read.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/outcome.h"
#include "cmd/secret_call.h"
#include "secret/audit.h"
#include "secret/rotate.h"
#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <unistd.h>

struct work_options {
    struct secret_backend_options backend;
    bool json, verify;
    int format;
};

static const struct work_options standard = {.backend.client.server = "http://127.0.0.1:8080"};

void cmd_secret_rotate_options(struct option_list *list)
{
    static const char *const formats[] = {"keep", "v1", "v2", NULL};
    option_add(list,
               (struct args_option){"format", "FORMAT",
                                    "v1: as other services read it; v2: bound to its place", "keep",
                                    args_set_choice, offsetof(struct work_options, format),
                                    .choices = formats});
    secret_backend_add_options(list, offsetof(struct work_options, backend));
}

void cmd_secret_audit_options(struct option_list *list)
{
    option_add(list,
               (struct args_option){"verify", NULL, "check the chain of the whole store instead",
                                    NULL, args_set_flag, offsetof(struct work_options, verify)});
    option_add(list, (struct args_option){"json", NULL, "print it as JSON", NULL, args_set_flag,
                                          offsetof(struct work_options, json)});
    secret_backend_add_options(list, offsetof(struct work_options, backend));
}

/* The store alone: nothing else runs on it here. */
static int open_alone(const struct work_options *options, struct protect **protect,
                      struct secret_store *ret, struct error_detail *detail)
{
    if (!options->backend.data_dir && !options->backend.database_url)
        return error_set(detail, ERR_USAGE, "--data-dir",
                         "this works straight on the store: --data-dir or --database-url");
    char *key = secret_environment_take("COMPUTE_MASTER_KEY");
    int r = protect_new(key, protect, detail);
    secret_environment_drop(key);
    return r ? r
             : secret_store_open(options->backend.data_dir, options->backend.database_url, *protect,
                                 ret, detail);
}

static void show_progress(void *ctx, const struct rotate_progress *progress)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[Kpass %u: %" PRIu64 " rows, %" PRIu64 " sealed again",
                progress->pass, progress->seen, progress->changed);
}

int cmd_secret_rotate(const struct cmd *cmd, int argc, char **argv)
{
    struct work_options options = standard;
    struct args_result arguments;
    struct error_detail detail = {0};
    struct protect *protect = NULL;
    struct secret_store store = {0};
    struct rotate_progress progress = {0};
    int status;
    if (!cmd_parse(cmd, &options, argc, argv, &arguments, &status))
        return status;
    int r = open_alone(&options, &protect, &store, &detail);
    if (!r && !store.has_key)
        r = error_set(&detail, ERR_USAGE, "SECRETS_MASTER_KEY", "must be in the environment");
    const struct rotate_options rotate = {
        .store = store.store,
        .key = &store.key,
        .previous = store.has_previous ? &store.previous : NULL,
        .format = (enum secret_format)options.format,
        .progress = show_progress,
    };
    if (!r)
        r = secret_rotate(&rotate, &progress, &detail);
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    if (!r)
        printf("%" PRIu64 " values, %" PRIu64 " sealed again\n", progress.seen, progress.changed);
    secret_store_close(&store);
    protect_free(protect);
    return r ? cmd_fail(&detail) : CMD_EXIT_DONE;
}

static void print_report(const struct audit_report *r, bool json)
{
    const struct {
        const char *name;
        uint64_t value;
        const char *means;
    } lines[] = {
        {"rows", r->rows, ""},
        {"chained", r->chained, "written by this service"},
        {"foreign", r->foreign, "without a chain: of other services"},
        {"chains", r->chains, "one a start of a server"},
        {"checkpoints", r->checkpoints, ""},
        {"changed", r->changed, "rows that are not what was written"},
        {"gaps", r->gaps, "rows missing or twice"},
        {"cut", r->cut, "chains that end before their checkpoint"},
        {"forged", r->forged, "checkpoints that this service did not write"},
        {"first_bad_id", r->first_bad_id, ""},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (json)
            printf("%s\"%s\":%" PRIu64, i ? "," : "{", lines[i].name, lines[i].value);
        else
            printf("%-12s %8" PRIu64 "  %s\n", lines[i].name, lines[i].value, lines[i].means);
    puts(json ? "}" : audit_report_clean(r) ? "The log is whole." : "The log was tampered with.");
}

/* The audit key of COMPUTE_MASTER_KEY_PREVIOUS, if it is set: chains of before the change. */
static int take_previous_key(uint8_t ret[AUDIT_KEY_SIZE], bool *has, struct error_detail *detail)
{
    struct protect *protect = NULL;
    char *text = secret_environment_take("COMPUTE_MASTER_KEY_PREVIOUS");
    int r = text ? protect_new(text, &protect, detail) : 0;
    if (r)
        snprintf(detail->field, sizeof detail->field, "COMPUTE_MASTER_KEY_PREVIOUS");
    if (protect)
        r = secret_store_audit_key(protect, ret);
    *has = text && !r;
    secret_environment_drop(text);
    protect_free(protect);
    return r;
}

static int verify(const struct work_options *options)
{
    uint8_t previous[AUDIT_KEY_SIZE];
    bool has_previous = false;
    struct error_detail detail = {0};
    struct protect *protect = NULL;
    struct secret_store store = {0};
    struct audit_report report = {0};
    int r = take_previous_key(previous, &has_previous, &detail);
    if (!r)
        r = open_alone(options, &protect, &store, &detail);
    if (!r &&
        (r = audit_verify(store.store, store.audit_key, has_previous ? previous : NULL, &report)))
        error_set(&detail, r, "", "the log could not be read to its end");
    if (!r)
        print_report(&report, options->json);
    OPENSSL_cleanse(previous, sizeof previous);
    secret_store_close(&store);
    protect_free(protect);
    return r ? cmd_fail(&detail) : audit_report_clean(&report) ? CMD_EXIT_DONE : 1;
}

static void print_entry(struct span row)
{
    struct span success;
    outcome_member(stdout, row, "created_at", 26);
    outcome_member(stdout, row, "action", 8);
    fputs(json_member(row, "success", &success) && span_equal(success, SPAN("true")) ? "ok       "
                                                                                     : "refused  ",
          stdout);
    outcome_member(stdout, row, "name", 32);
    fputc(' ', stdout);
    outcome_member(stdout, row, "error", 0);
    fputc('\n', stdout);
}

static void print_page(struct span body, bool json)
{
    struct span array, rest, row;
    if (!json_member(body, "entries", &array) || !json_array(array, &rest))
        return;
    while (json_element(&rest, &row)) {
        if (!json) {
            print_entry(row);
            continue;
        }
        outcome_text(stdout, row);
        fputc('\n', stdout);
    }
}

static int list(const struct work_options *options)
{
    struct secret_backend backend = {.options = &options->backend};
    struct error_detail detail = {0};
    char after[256] = "";
    int r;
    do {
        struct secret_reply reply;
        struct secret_call call = {.operation = SECRET_AUDIT, .after = *after ? after : NULL};
        r = secret_call(&backend, &call, &reply, &detail);
        if (r)
            break;
        print_page((struct span){reply.body.data, reply.body.size}, options->json);
        snprintf(after, sizeof after, "%s", reply.next);
        secret_reply_done(&reply);
    } while (*after);
    secret_backend_done(&backend);
    return r ? cmd_fail(&detail) : CMD_EXIT_DONE;
}

int cmd_secret_audit(const struct cmd *cmd, int argc, char **argv)
{
    struct work_options options = standard;
    struct args_result arguments;
    int status;
    if (!cmd_parse(cmd, &options, argc, argv, &arguments, &status))
        return status;
    return options.verify ? verify(&options) : list(&options);
}
