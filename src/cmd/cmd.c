#include "cmd/cmd.h"

#include "engine/engine.h"
#include <stdio.h>
#include <string.h>

#define HELP_BYTES (64 * 1024)

#define EXIT_TEXT                                                                                  \
    "Exit status: 0 done, 1 the script failed, 2 wrong usage, 3 a limit was hit, 4 the service\n"  \
    "or the machine failed.\n"

const struct cmd cmd_table[] = {
    {"serve", "", 0, 0, "Runs the service.",
     "COMPUTE_MASTER_KEY in the environment is the key that results are signed with: 32 bytes or\n"
     "more, as hex digits or as they are. SIGTERM lets running jobs finish and ends the service.\n",
     cmd_serve_options, cmd_serve},
    {"run", "FILE", 1, 1,
     "Runs a script on this machine, in the same engine, under the same limits.",
     "FILE may be - for standard input. The output goes to standard output, what the script logs\n"
     "to standard error.\n\n" EXIT_TEXT,
     cmd_run_options, cmd_run},
    {"exec", "FILE", 1, 1, "Runs a script on a server.",
     "FILE may be - for standard input. The output goes to standard output, what the script logs\n"
     "to standard error. With --sealed, or an identity or claims to trust, keys are taken only "
     "from\n"
     "claims that verify, and an answer that its receipt does not prove is not shown: status "
     "4.\n\n" EXIT_TEXT,
     cmd_exec_options, cmd_exec},
    {"jobs list", "", 0, 0, "Lists jobs on a server, newest first.", NULL, cmd_jobs_list_options,
     cmd_jobs_list},
    {"jobs show", "ID", 1, 1, "Shows a job on a server.", NULL, cmd_jobs_show_options,
     cmd_jobs_show},
    {"jobs cancel", "ID", 1, 1, "Cancels a job on a server.", NULL, cmd_jobs_cancel_options,
     cmd_jobs_cancel},
    {"secret set", "NAME", 1, 1, "Keeps a secret, or a new version of it.",
     "The value comes from --file, from standard input, or is typed without being shown. One "
     "final\n"
     "newline is dropped unless --raw is given.\n",
     cmd_secret_set_options, cmd_secret_set},
    {"secret list", "", 0, 0, "Lists secrets, without their values.", NULL, cmd_secret_list_options,
     cmd_secret_list},
    {"secret show", "NAME", 1, 1, "Shows a secret's version and rules, without its value.", NULL,
     cmd_secret_show_options, cmd_secret_show},
    {"secret allow", "NAME", 1, 1, "Lets jobs read a secret; with --script only one script's.",
     NULL, cmd_secret_allow_options, cmd_secret_allow},
    {"secret revoke", "NAME", 1, 1, "Takes back what secret allow gave.", NULL,
     cmd_secret_revoke_options, cmd_secret_revoke},
    {"secret remove", "NAME", 1, 1, "Forgets a secret with all its versions and rules.", NULL,
     cmd_secret_remove_options, cmd_secret_remove},
    {"secret audit", "", 0, 0, "Shows who did what with secrets, or checks that log.",
     "With --verify, straight on the store: exit status 1 if the log was tampered with.\n",
     cmd_secret_audit_options, cmd_secret_audit},
    {"secret rotate", "", 0, 0, "Seals all secrets again: new master key, new format.",
     "Straight on the store. SECRETS_MASTER_KEY is the new key, SECRETS_MASTER_KEY_PREVIOUS the "
     "old\n"
     "one. It can be stopped at any moment and started again.\n",
     cmd_secret_rotate_options, cmd_secret_rotate},
    {"verify", "RECEIPT", 1, 1, "Checks a receipt, without asking anybody.",
     "RECEIPT is a file, - for standard input, or the text itself: a receipt, the whole answer to "
     "a\n"
     "request, or the bundle of GET /jobs/ID/receipt. Only a URL that is given is asked.\n\n"
     "Exit status: 0 all that was asked is so, 1 a check failed, 2 wrong usage, or something "
     "needed\n"
     "to decide is missing.\n",
     cmd_verify_options, cmd_verify},
    {"keygen", "FILE", 1, 1, "Makes a key for encrypt_to, so that only you read the output.",
     "The private key goes to FILE, which must not be there yet; the public one, for the "
     "request's\n"
     "encrypt_to, to standard output.\n",
     NULL, cmd_keygen},
    {"open", "ANSWER", 1, 1, "Opens the encrypted_output of an answer.",
     "ANSWER is a file, or - for standard input. The opened JSON goes to standard output.\n",
     cmd_open_options, cmd_open},
    {"bench engine", "", 0, 0, "Measures a fresh job, its parts, and what the engine computes.",
     "In microseconds a job: from a realm as it was at the start, through script, input and "
     "output,\n"
     "to the realm restored.\n",
     cmd_bench_engine_options, cmd_bench_engine},
    {"completion", "bash", 1, 1, "Prints the completion of this command line for a shell.",
     "source <(neocompute completion bash)\n", NULL, cmd_completion},
};
const size_t cmd_count = sizeof(cmd_table) / sizeof(cmd_table[0]);

static const char *cmd_name_at(const void *ctx, size_t index)
{
    return index < cmd_count ? cmd_table[index].name : NULL;
}

int cmd_fail(const struct error_detail *detail)
{
    fprintf(stderr, "neocompute: %s%s%s\n", detail->field, *detail->field ? ": " : "",
            *detail->message ? detail->message : error_text(detail->code));
    /* What a server calls a bad request was wrong here. */
    return error_status(detail->code) < 500 ? CMD_EXIT_USAGE : CMD_EXIT_SERVICE;
}

static int cmd_print(FILE *out, struct buf *buf)
{
    bool written =
        !buf_failed(buf) && fwrite(buf->data, 1, buf->size, out) == buf->size && fflush(out) == 0;

    buf_done(buf);
    return written ? CMD_EXIT_DONE : CMD_EXIT_SERVICE;
}

bool cmd_parse(const struct cmd *cmd, void *ctx, int argc, char **argv, struct args_result *ret,
               int *status)
{
    static struct option_list list; /* its texts stay in use by the parsed options */
    struct buf help = BUF_INIT(HELP_BYTES);
    struct error_detail detail = {0};
    struct args_command command = {
        .name = cmd->name,
        .arguments = cmd->arguments,
        .text = cmd->text,
        .details = cmd->details,
        .arguments_least = cmd->arguments_least,
        .arguments_most = cmd->arguments_most,
    };

    list.count = 0;
    if (cmd->options)
        cmd->options(&list);
    command.options = list.options;
    command.option_count = list.count;
    if (args_parse(&command, ctx, argc, argv, ret, &detail) < 0) {
        *status = cmd_fail(&detail);
        fprintf(stderr, "See neocompute %s --help.\n", cmd->name);
        return false;
    }
    if (ret->help) {
        args_help(&command, &help);
        *status = cmd_print(stdout, &help);
        return false;
    }
    return true;
}

/*
 * The command that argv begins with; *words says how many words its name has. A name of two words
 * matches by both.
 */
static const struct cmd *cmd_find(int argc, char **argv, int *words)
{
    for (size_t i = 0; i < cmd_count; i++) {
        const char *name = cmd_table[i].name, *space = strchr(name, ' ');
        size_t first = space ? (size_t)(space - name) : strlen(name);

        *words = space ? 2 : 1;
        if (strlen(argv[0]) == first && memcmp(argv[0], name, first) == 0 &&
            (!space || (argc > 1 && strcmp(argv[1], space + 1) == 0)))
            return &cmd_table[i];
    }
    return NULL;
}

/* Usage of all commands, or of those that begin with `group` ("jobs"). */
static void cmd_overview(const char *group, struct buf *buf)
{
    size_t width = 0;

    for (size_t i = 0; i < cmd_count; i++)
        if (strlen(cmd_table[i].name) > width)
            width = strlen(cmd_table[i].name);
    buf_addf(buf, "Usage: neocompute %s%sCOMMAND [OPTION...] [ARGUMENT]\n\n", group,
             *group ? " " : "");
    if (!*group)
        buf_add_str(buf, "Runs strangers' JavaScript in fresh, sealed, metered realms.\n\n");
    buf_add_str(buf, "Commands:\n");
    for (size_t i = 0; i < cmd_count; i++)
        if (strncmp(cmd_table[i].name, group, strlen(group)) == 0)
            buf_addf(buf, "  %-*s  %s\n", (int)width, cmd_table[i].name, cmd_table[i].text);
    buf_add_str(buf, "\nneocompute COMMAND --help says more; neocompute --version says which one "
                     "this is.\n");
}

static int cmd_version(void)
{
    struct buf buf = BUF_INIT(HELP_BYTES);

    buf_addf(&buf, "neocompute %s\nengine digest %s\n", NEOCOMPUTE_VERSION, engine_digest());
    return cmd_print(stdout, &buf);
}

static bool is_group(const char *word)
{
    for (size_t i = 0; i < cmd_count; i++)
        if (strncmp(cmd_table[i].name, word, strlen(word)) == 0 &&
            cmd_table[i].name[strlen(word)] == ' ')
            return true;
    return false;
}

static int cmd_unknown(int argc, char **argv)
{
    char words[128];
    const char *nearest;

    snprintf(words, sizeof(words), "%.50s%s%.50s", argv[0], is_group(argv[0]) ? " " : "",
             is_group(argv[0]) ? argv[1] : "");
    nearest = args_nearest(words, cmd_name_at, NULL);
    fprintf(stderr, "neocompute: there is no command \"%s\"", words);
    if (nearest)
        fprintf(stderr, "; did you mean \"%s\"?", nearest);
    fprintf(stderr, "\nSee neocompute --help.\n");
    return CMD_EXIT_USAGE;
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

int cmd_main(int argc, char **argv)
{
    struct buf help = BUF_INIT(HELP_BYTES);
    const struct cmd *cmd;
    int words;

    if (argc < 2) {
        cmd_overview("", &help);
        cmd_print(stderr, &help);
        return CMD_EXIT_USAGE;
    }
    argc--;
    argv++;
    if (is_help(argv[0])) {
        cmd_overview("", &help);
        return cmd_print(stdout, &help);
    }
    if (strcmp(argv[0], "--version") == 0)
        return cmd_version();
    cmd = cmd_find(argc, argv, &words);
    if (cmd)
        return cmd->run(cmd, argc - words, argv + words);
    if (is_group(argv[0]) && (argc == 1 || is_help(argv[1]))) {
        cmd_overview(argv[0], &help);
        cmd_print(argc == 1 ? stderr : stdout, &help);
        return argc == 1 ? CMD_EXIT_USAGE : CMD_EXIT_DONE;
    }
    return cmd_unknown(argc, argv);
}
