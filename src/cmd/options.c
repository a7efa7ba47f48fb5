#include "cmd/options.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void option_add(struct option_list *list, struct args_option option)
{
    if (list->count < OPTIONS_MOST)
        list->options[list->count++] = option;
}

static int set_limit(void *ctx, const struct args_option *option, const char *text,
                     struct error_detail *detail)
{
    struct limits *limits = (struct limits *)((char *)ctx + option->offset);

    return limits_set(limits, (enum limit)option->tag, text, detail);
}

/* The standard value for --help; memory_total's is found at start. */
static const char *limit_standard(struct option_list *list, enum limit limit)
{
    if (limit_table[limit].standard < limit_table[limit].least)
        return "half of the memory";
    limit_format(list->limit_values[limit], limit, limit_table[limit].standard);
    return list->limit_values[limit];
}

void option_add_limit(struct option_list *list, enum limit limit, size_t offset)
{
    static const char *const values[] = {
        [UNIT_COUNT] = "N", [UNIT_BYTES] = "BYTES", [UNIT_MS] = "TIME", [UNIT_GAS] = "GAS"};
    char *name = list->limit_names[limit];

    snprintf(name, ARGS_NAME_BYTES, "%s", limit_table[limit].name);
    for (char *c = name; (c = strchr(c, '_'));)
        *c = '-';
    option_add(list, (struct args_option){.name = name,
                                          .value = values[limit_table[limit].unit],
                                          .text = limit_table[limit].text,
                                          .standard = limit_standard(list, limit),
                                          .set = set_limit,
                                          .offset = offset,
                                          .tag = (int)limit});
}

void option_add_isolation(struct option_list *list, size_t offset)
{
    static const char *const names[] = {[ISOLATION_AUTO] = "auto",
                                        [ISOLATION_PROCESS] = "process",
                                        [ISOLATION_THREAD] = "thread",
                                        NULL};

    option_add(list, (struct args_option){"isolation", "KIND",
                                          "process: sealed; thread: where there is no fork; auto",
                                          "auto", args_set_choice, offset, .choices = names});
}

/* Gramine's own file system: there is neither fork nor seccomp where this file is. */
#define GRAMINE_MARK "/dev/attestation/attestation_type"

enum exec_isolation option_isolation(int choice)
{
    if (choice == ISOLATION_AUTO)
        choice = access(GRAMINE_MARK, F_OK) == 0 ? ISOLATION_THREAD : ISOLATION_PROCESS;
    return choice == ISOLATION_THREAD ? EXEC_ISOLATION_THREAD : EXEC_ISOLATION_PROCESS;
}

void option_add_client(struct option_list *list, size_t offset)
{
    option_add(list, (struct args_option){"server", "URL", "the service", "http://127.0.0.1:8080",
                                          args_set_text,
                                          offset + offsetof(struct client_options, server)});
    option_add(list,
               (struct args_option){"user", "ID", "whose job it is (X-User-ID)", "your login name",
                                    args_set_text, offset + offsetof(struct client_options, user)});
}
