/*
 * The command line: one table of subcommands (cmd.c) feeds the dispatch, --help, "did you mean" and
 * the shell completion.
 */
#ifndef NEOCOMPUTE_CMD_CMD_H
#define NEOCOMPUTE_CMD_CMD_H

#include "base/args.h"
#include "cmd/options.h"

/* Exit statuses. */
enum cmd_exit {
    CMD_EXIT_DONE = 0,
    CMD_EXIT_SCRIPT_FAILED = 1,
    CMD_EXIT_REFUTED = 1, /* verify: a check failed */
    CMD_EXIT_USAGE = 2,
    CMD_EXIT_LIMIT = 3,  /* the job hit a limit */
    CMD_EXIT_SERVICE = 4 /* the service, the machine or the network failed */
};

struct cmd {
    const char *name; /* one word, or two: "jobs list" */
    const char *arguments;
    size_t arguments_least, arguments_most;
    const char *text;    /* one sentence */
    const char *details; /* more for --help; NULL if there is no more */
    void (*options)(struct option_list *list);
    int (*run)(const struct cmd *cmd, int argc, char **argv); /* argv after the name */
};

extern const struct cmd cmd_table[];
extern const size_t cmd_count;

/* main() of everything but the zygote. Returns the exit status. */
int cmd_main(int argc, char **argv);

/*
 * Parses argv by the command's options into `ctx`. False if the command is over: --help was
 * printed, or what is wrong; *status is then its exit status.
 */
bool cmd_parse(const struct cmd *cmd, void *ctx, int argc, char **argv, struct args_result *ret,
               int *status);

/* Prints "neocompute: FIELD: MESSAGE" and returns the exit status that fits the code. */
int cmd_fail(const struct error_detail *detail);

/* The commands, each in a file of its own. */
int cmd_serve(const struct cmd *cmd, int argc, char **argv);
int cmd_run(const struct cmd *cmd, int argc, char **argv);
int cmd_exec(const struct cmd *cmd, int argc, char **argv);
int cmd_jobs_list(const struct cmd *cmd, int argc, char **argv);
int cmd_jobs_show(const struct cmd *cmd, int argc, char **argv);
int cmd_jobs_cancel(const struct cmd *cmd, int argc, char **argv);
int cmd_secret_set(const struct cmd *cmd, int argc, char **argv);
int cmd_secret_list(const struct cmd *cmd, int argc, char **argv);
int cmd_secret_show(const struct cmd *cmd, int argc, char **argv);
int cmd_secret_allow(const struct cmd *cmd, int argc, char **argv);
int cmd_secret_revoke(const struct cmd *cmd, int argc, char **argv);
int cmd_secret_remove(const struct cmd *cmd, int argc, char **argv);
int cmd_secret_audit(const struct cmd *cmd, int argc, char **argv);
int cmd_secret_rotate(const struct cmd *cmd, int argc, char **argv);
int cmd_keygen(const struct cmd *cmd, int argc, char **argv);
int cmd_open(const struct cmd *cmd, int argc, char **argv);
int cmd_verify(const struct cmd *cmd, int argc, char **argv);
int cmd_bench_engine(const struct cmd *cmd, int argc, char **argv);
int cmd_completion(const struct cmd *cmd, int argc, char **argv);

void cmd_serve_options(struct option_list *list);
void cmd_run_options(struct option_list *list);
void cmd_exec_options(struct option_list *list);
void cmd_jobs_list_options(struct option_list *list);
void cmd_jobs_show_options(struct option_list *list);
void cmd_jobs_cancel_options(struct option_list *list);
void cmd_secret_set_options(struct option_list *list);
void cmd_secret_list_options(struct option_list *list);
void cmd_secret_show_options(struct option_list *list);
void cmd_secret_allow_options(struct option_list *list);
void cmd_secret_revoke_options(struct option_list *list);
void cmd_secret_remove_options(struct option_list *list);
void cmd_secret_audit_options(struct option_list *list);
void cmd_secret_rotate_options(struct option_list *list);
void cmd_open_options(struct option_list *list);
void cmd_verify_options(struct option_list *list);
void cmd_bench_engine_options(struct option_list *list);

#endif
