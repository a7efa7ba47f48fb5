/*
 * `neocompute completion bash`: a completion made from the table of commands and their options.
 * completion/neocompute.bash is what it printed; a test keeps the two equal.
 */
#include "cmd/cmd.h"
#include <stdio.h>
#include <string.h>

static void add_first_words(struct buf *buf)
{
    for (size_t i = 0; i < cmd_count; i++) {
        size_t size = strcspn(cmd_table[i].name, " ");

        /* Commands of a group follow each other: its word once. */
        if (i > 0 && strcspn(cmd_table[i - 1].name, " ") == size &&
            strncmp(cmd_table[i - 1].name, cmd_table[i].name, size) == 0)
            continue;
        buf_addf(buf, "%.*s ", (int)size, cmd_table[i].name);
    }
    buf_add_str(buf, "--help --version");
}

/* The second words of the group that command `i` is the first of, if it is. */
static void add_second_words(struct buf *buf, size_t i)
{
    const char *space = strchr(cmd_table[i].name, ' ');
    size_t size = space ? (size_t)(space - cmd_table[i].name) + 1 : 0;

    if (!space || (i > 0 && strncmp(cmd_table[i - 1].name, cmd_table[i].name, size) == 0))
        return;
    buf_addf(buf, "    %.*s) words=\"", (int)size - 1, cmd_table[i].name);
    for (size_t j = i; j < cmd_count && strncmp(cmd_table[j].name, cmd_table[i].name, size) == 0;
         j++)
        buf_addf(buf, "%s ", cmd_table[j].name + size);
    buf_add_str(buf, "--help\" ;;\n");
}

static void add_options(struct buf *buf, const struct cmd *cmd)
{
    static struct option_list list;

    list.count = 0;
    if (cmd->options)
        cmd->options(&list);
    buf_addf(buf, "    \"%s\") words=\"", cmd->name);
    if (!cmd->options)
        buf_addf(buf, "%s ", cmd->arguments);
    for (size_t i = 0; i < list.count; i++)
        buf_addf(buf, "--%s ", list.options[i].name);
    buf_add_str(buf, "--help\" ;;\n");
}

/* Choices of options that have some. */
static void add_choices(struct buf *buf, const struct cmd *cmd)
{
    static struct option_list list;

    list.count = 0;
    if (cmd->options)
        cmd->options(&list);
    for (size_t i = 0; i < list.count; i++) {
        if (!list.options[i].choices)
            continue;
        buf_addf(buf, "    \"%s --%s\") words=\"", cmd->name, list.options[i].name);
        for (const char *const *choice = list.options[i].choices; *choice; choice++)
            buf_addf(buf, "%s%s", choice == list.options[i].choices ? "" : " ", *choice);
        buf_add_str(buf, "\" ;;\n");
    }
}

static void completion_bash(struct buf *buf)
{
    buf_add_str(buf,
                "# Completion of neocompute for bash. Made by `neocompute completion bash`.\n"
                "# shellcheck shell=bash\n"
                "_neocompute() {\n"
                "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
                "    local command=${COMP_WORDS[1]} words=\"\"\n"
                "    COMPREPLY=()\n"
                "    if ((COMP_CWORD == 1)); then\n"
                "        words=\"");
    add_first_words(buf);
    buf_add_str(buf, "\"\n"
                     "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
                     "        return\n"
                     "    fi\n"
                     "    case $command in\n");
    for (size_t i = 0; i < cmd_count; i++)
        add_second_words(buf, i);
    buf_add_str(buf, "    esac\n"
                     "    if [[ $words ]] && ((COMP_CWORD > 2)); then\n"
                     "        command+=\" ${COMP_WORDS[2]}\"\n"
                     "        words=\"\"\n"
                     "    fi\n"
                     "    [[ $words ]] || case \"$command\" in\n");
    for (size_t i = 0; i < cmd_count; i++)
        add_options(buf, &cmd_table[i]);
    buf_add_str(buf, "    esac\n"
                     "    case \"$command $before\" in\n");
    for (size_t i = 0; i < cmd_count; i++)
        add_choices(buf, &cmd_table[i]);
    buf_add_str(buf, "    esac\n"
                     "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
                     "}\n"
                     "# Where nothing fits, file names do.\n"
                     "complete -o default -F _neocompute neocompute\n");
}

int cmd_completion(const struct cmd *cmd, int argc, char **argv)
{
    struct buf buf = BUF_INIT(64 * 1024);
    struct error_detail detail = {0};
    struct args_result arguments;
    int status;

    if (!cmd_parse(cmd, NULL, argc, argv, &arguments, &status))
        return status;
    if (strcmp(arguments.arguments[0], "bash") != 0) {
        error_set(&detail, ERR_USAGE, "", "\"%.40s\" is no shell that it knows; bash is",
                  arguments.arguments[0]);
        return cmd_fail(&detail);
    }
    completion_bash(&buf);
    status = buf_failed(&buf) || fwrite(buf.data, 1, buf.size, stdout) != buf.size
                 ? CMD_EXIT_SERVICE
                 : CMD_EXIT_DONE;
    buf_done(&buf);
    return status;
}
