/*
 * `neocompute jobs`: look at a server's jobs and cancel them.
 */
#include "base/json_read.h"
#include "base/uuid.h"
#include "cmd/client.h"
#include "cmd/cmd.h"
#include "cmd/outcome.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TARGET_BYTES 1100

struct jobs_options {
    struct client_options client;
    bool json;
    const char *status;
    uint64_t limit;
};

static const struct jobs_options standard = {.client.server = "http://127.0.0.1:8080", .limit = 20};

static int set_count(void *ctx, const struct args_option *option, const char *text,
                     struct error_detail *detail)
{
    uint64_t value;

    if (!json_read_u64(span_of(text), &value) || value == 0)
        return error_set(detail, ERR_USAGE, option->name, "\"%.60s\" is not a whole number from 1",
                         text);
    *(uint64_t *)((char *)ctx + option->offset) = value;
    return 0;
}

void cmd_jobs_show_options(struct option_list *list)
{
    option_add(list, (struct args_option){"json", NULL, "print the answer as JSON", NULL,
                                          args_set_flag, offsetof(struct jobs_options, json)});
    option_add_client(list, offsetof(struct jobs_options, client));
}

void cmd_jobs_cancel_options(struct option_list *list)
{
    cmd_jobs_show_options(list);
}

void cmd_jobs_list_options(struct option_list *list)
{
    option_add(list, (struct args_option){"limit", "N", "most jobs to list", "20", set_count,
                                          offsetof(struct jobs_options, limit)});
    option_add(list,
               (struct args_option){"status", "STATUS", "only queued, running, completed or failed",
                                    NULL, args_set_text, offsetof(struct jobs_options, status)});
    cmd_jobs_show_options(list);
}

/* A member as text: strings decoded, numbers as they are; "" if it is not there. */
static void member_text(struct span job, const char *key, struct buf *text)
{
    struct span value;

    buf_reset(text);
    if (json_member(job, key, &value) && json_unquote(value, text) < 0)
        buf_add(text, value.data, value.size);
}

static void print_row(struct span job)
{
    static const struct {
        const char *key;
        int width;
    } columns[] = {{"job_id", 36},   {"status", 9},    {"started_at", 24},
                   {"duration", 12}, {"gas_used", 12}, {"error_code", 0}};
    struct buf text = BUF_INIT(job.size + 1);

    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        member_text(job, columns[i].key, &text);
        outcome_text(stdout, (struct span){text.data, text.size});
        printf("%*s", text.size < (size_t)columns[i].width ? columns[i].width - (int)text.size : 0,
               "");
        fputs(i + 1 < sizeof(columns) / sizeof(columns[0]) ? "  " : "\n", stdout);
    }
    buf_done(&text);
}

/* Prints one page; how many jobs it had. */
static uint64_t print_page(const struct jobs_options *options, struct span page)
{
    struct span rest, job;
    uint64_t count = 0;

    if (!json_array(page, &rest))
        return 0;
    for (; json_element(&rest, &job); count++)
        if (options->json) {
            outcome_text(stdout, job);
            fputc('\n', stdout);
        } else {
            print_row(job);
        }
    return count;
}

int cmd_jobs_list(const struct cmd *cmd, int argc, char **argv)
{
    const uint64_t page_most = 100;
    struct jobs_options options = standard;
    struct error_detail detail = {0};
    struct client_answer answer;
    struct args_result arguments;
    char target[TARGET_BYTES];
    int status;

    if (!cmd_parse(cmd, &options, argc, argv, &arguments, &status))
        return status;
    for (const char *c = options.status; c && *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz,", *c)) {
            error_set(&detail, ERR_USAGE, "--status",
                      "\"%.60s\" is not queued, running, completed or failed", options.status);
            return cmd_fail(&detail);
        }
    snprintf(target, sizeof(target), "/jobs?limit=%" PRIu64 "%s%s",
             options.limit < page_most ? options.limit : page_most,
             options.status ? "&status=" : "", options.status ? options.status : "");
    for (uint64_t left = options.limit; left > 0 && *target;) {
        if (client_call(&options.client, "GET", target, SPAN(""), &answer, &detail) < 0)
            return cmd_fail(&detail);
        uint64_t count = print_page(&options, (struct span){answer.body.data, answer.body.size});
        left -= count < left ? count : left;
        snprintf(target, sizeof(target), "%s", answer.next);
        client_answer_done(&answer);
    }
    return CMD_EXIT_DONE;
}

static void print_job(struct span job)
{
    static const char *const keys[] = {"job_id",      "status",      "started_at", "duration",
                                       "gas_used",    "memory_used", "error_code", "error",
                                       "output_hash", "output",      "logs"};
    struct buf text = BUF_INIT(job.size + 1);

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        member_text(job, keys[i], &text);
        if (text.size == 0)
            continue;
        printf("%-12s ", keys[i]);
        outcome_text(stdout, (struct span){text.data, text.size});
        fputc('\n', stdout);
    }
    buf_done(&text);
}

/* One request about one job, and its answer shown. */
static int job_call(const struct cmd *cmd, int argc, char **argv, const char *method,
                    const char *after)
{
    struct jobs_options options = standard;
    struct error_detail detail = {0};
    struct client_answer answer;
    struct args_result arguments;
    char target[TARGET_BYTES];
    int status;

    if (!cmd_parse(cmd, &options, argc, argv, &arguments, &status))
        return status;
    if (!uuid_valid(span_of(arguments.arguments[0]))) {
        error_set(&detail, ERR_USAGE, "ID", "\"%.60s\" is not the id of a job",
                  arguments.arguments[0]);
        return cmd_fail(&detail);
    }
    snprintf(target, sizeof(target), "/jobs/%s%s", arguments.arguments[0], after);
    if (client_call(&options.client, method, target, SPAN(""), &answer, &detail) < 0)
        return cmd_fail(&detail);
    struct span job = {answer.body.data, answer.body.size};
    if (options.json) {
        outcome_text(stdout, job);
        fputc('\n', stdout);
    } else {
        print_job(job);
    }
    client_answer_done(&answer);
    return CMD_EXIT_DONE;
}

int cmd_jobs_show(const struct cmd *cmd, int argc, char **argv)
{
    return job_call(cmd, argc, argv, "GET", "");
}

int cmd_jobs_cancel(const struct cmd *cmd, int argc, char **argv)
{
    return job_call(cmd, argc, argv, "POST", "/cancel");
}
