/*
 * `neocompute secret`: an owner's secrets and their rules, on a server or straight on the store.
 */
#include "api/secret_body.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/guard.h"
#include "base/json_read.h"
#include "cmd/cmd.h"
#include "cmd/outcome.h"
#include "cmd/secret_call.h"
#include "cmd/secret_value.h"
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#define ARENA_BYTES (1 * MIB)

enum toggle { TOGGLE_KEEP, TOGGLE_ON, TOGGLE_OFF };

struct secret_cmd_options {
    struct secret_backend_options backend;
    bool json, raw, only_new;
    const char *file, *script, *entry, *expires, *service;
    int output, guard;
};

/* One run of a command. */
struct secret_run {
    struct secret_cmd_options options;
    struct secret_backend backend;
    struct error_detail detail;
    const char *name;
};

static const struct secret_cmd_options standard = {
    .backend.client.server = "http://127.0.0.1:8080",
    .entry = "main",
    .service = SECRET_SERVICE,
};

/* --- options --- */

#define OPTION(list, ...) option_add(list, (struct args_option){__VA_ARGS__})
#define AT(member)        offsetof(struct secret_cmd_options, member)

static void add_backend(struct option_list *list)
{
    secret_backend_add_options(list, AT(backend));
}

static void add_json(struct option_list *list)
{
    OPTION(list, "json", NULL, "print the answer as JSON", NULL, args_set_flag, AT(json));
    add_backend(list);
}

void cmd_secret_remove_options(struct option_list *list)
{
    add_backend(list);
}

void cmd_secret_set_options(struct option_list *list)
{
    OPTION(list, "file", "FILE", "the value is what is in FILE", NULL, args_set_text, AT(file));
    OPTION(list, "raw", NULL, "keep a final newline", NULL, args_set_flag, AT(raw));
    OPTION(list, "new", NULL, "only if there is no secret of this name", NULL, args_set_flag,
           AT(only_new));
    add_json(list);
}

void cmd_secret_list_options(struct option_list *list)
{
    add_json(list);
}

void cmd_secret_show_options(struct option_list *list)
{
    add_json(list);
}

static void add_script(struct option_list *list)
{
    OPTION(list, "script", "FILE", "only this very script, byte for byte", NULL, args_set_text,
           AT(script));
    OPTION(list, "entry", "NAME", "with this entry point", "main", args_set_text, AT(entry));
}

void cmd_secret_allow_options(struct option_list *list)
{
    static const char *const toggles[] = {"keep", "on", "off", NULL};
    add_script(list);
    OPTION(list, "expires", "TIME", "until then, such as 2030-01-31T12:00:00Z", NULL, args_set_text,
           AT(expires));
    OPTION(list, "output", "HOW", "on: a job that asks for it may put the value into its output",
           "keep", args_set_choice, AT(output), .choices = toggles);
    OPTION(list, "guard", "HOW", "off: do not look for the value in what leaves", "keep",
           args_set_choice, AT(guard), .choices = toggles);
    OPTION(list, "service", "ID", "the service that may read it", SECRET_SERVICE, args_set_text,
           AT(service));
    add_json(list);
}

void cmd_secret_revoke_options(struct option_list *list)
{
    add_script(list);
    OPTION(list, "service", "ID", "the service that may no longer read it", SECRET_SERVICE,
           args_set_text, AT(service));
    add_json(list);
}

/* --- running --- */

typedef int secret_fn(struct secret_run *run);

/* What is wrong is not shown: it may be a value in the wrong place. */
static int check_name(struct secret_run *run)
{
    if (!run->name || secret_name_valid(span_of(run->name)))
        return 0;
    return error_set(&run->detail, ERR_USAGE, "NAME",
                     "a secret's name is 1 to 128 of A-Z a-z 0-9 _ . -, and begins with a letter, "
                     "a digit or _");
}

static int run_command(const struct cmd *cmd, int argc, char **argv, secret_fn *fn)
{
    struct secret_run run = {.options = standard};
    struct args_result arguments;
    int status;
    if (!cmd_parse(cmd, &run.options, argc, argv, &arguments, &status))
        return status;
    run.backend.options = &run.options.backend;
    run.name = arguments.argument_count ? arguments.arguments[0] : NULL;
    status = check_name(&run) || fn(&run) ? cmd_fail(&run.detail) : CMD_EXIT_DONE;
    secret_backend_done(&run.backend);
    return status;
}

static void print_line(struct span text)
{
    outcome_text(stdout, text);
    fputc('\n', stdout);
}

static void print_row(struct span row)
{
    outcome_member(stdout, row, "name", 34);
    outcome_member(stdout, row, "version", 6);
    outcome_member(stdout, row, "updated_at", 0);
    fputc('\n', stdout);
}

/* --- set, list, show, remove --- */

static int check_value(struct span value, struct error_detail *detail)
{
    /* Mostly the program before the pipe has failed: that must not become a new version. */
    if (value.size == 0)
        return error_set(detail, ERR_USAGE, "the value", "is empty, and was not kept");
    if (value.size > SECRET_VALUE_MOST)
        return error_set(detail, ERR_USAGE, "the value", "has %zu bytes; at most %d are kept",
                         value.size, SECRET_VALUE_MOST);
    if (!utf8_valid(value))
        return error_set(detail, ERR_USAGE, "the value",
                         "is not UTF-8: encode it, in base64 for example");
    return 0;
}

/* A server's answer has the row in it, the store's is the row. */
static void print_version(const char *name, struct span answer)
{
    struct span row = answer, version = SPAN("?");
    json_member(answer, "secret", &row);
    json_member(row, "version", &version);
    printf("%s is at version %.*s\n", name, (int)version.size, version.data);
}

static int set(struct secret_run *run)
{
    struct secret_reply reply;
    struct secret_value_text value;
    int r = secret_value_read(run->name, run->options.file, run->options.raw, &value, &run->detail);
    if (r)
        return r;
    r = check_value((struct span){(const char *)value.bytes.data, value.size}, &run->detail);
    if (r) {
        secret_value_done(&value);
        return r;
    }
    if (value.size < GUARD_VALUE_LEAST)
        fprintf(stderr,
                "neocompute: the value has %zu bytes; values under %d are not looked for in what "
                "leaves, because honest output would be refused\n",
                value.size, GUARD_VALUE_LEAST);
    struct secret_call call = {.operation = SECRET_PUT,
                               .name = run->name,
                               .value = {(const char *)value.bytes.data, value.size},
                               .if_absent = run->options.only_new};
    r = secret_call(&run->backend, &call, &reply, &run->detail);
    secret_value_done(&value);
    if (r)
        return r;
    if (run->options.json)
        print_line((struct span){reply.body.data, reply.body.size});
    else
        print_version(run->name, (struct span){reply.body.data, reply.body.size});
    secret_reply_done(&reply);
    return 0;
}

/* Calls `print` for each element of the array `key`, page after page. */
static int each_page(struct secret_run *run, enum secret_operation operation, const char *key,
                     void (*print)(struct span row))
{
    char after[256] = "";
    int r = 0;
    do {
        struct secret_reply reply;
        struct secret_call call = {.operation = operation, .after = *after ? after : NULL};
        r = secret_call(&run->backend, &call, &reply, &run->detail);
        if (r)
            return r;
        struct span array, rest, row;
        if (json_member((struct span){reply.body.data, reply.body.size}, key, &array) &&
            json_array(array, &rest))
            while (json_element(&rest, &row))
                (run->options.json ? print_line : print)(row);
        snprintf(after, sizeof after, "%s", reply.next);
        secret_reply_done(&reply);
    } while (*after);
    return 0;
}

static int list(struct secret_run *run)
{
    return each_page(run, SECRET_LIST, "secrets", print_row);
}

static int show_one(struct secret_run *run, bool policy)
{
    struct secret_reply reply;
    struct secret_call call = {.operation = policy ? SECRET_SHOW_POLICY : SECRET_SHOW,
                               .name = run->name};
    int r = secret_call(&run->backend, &call, &reply, &run->detail);
    if (r)
        return r;
    struct span body = {reply.body.data, reply.body.size};
    if (policy || run->options.json)
        print_line(body);
    else
        print_row(body);
    secret_reply_done(&reply);
    return 0;
}

static int show(struct secret_run *run)
{
    int r = show_one(run, false);
    return r ? r : show_one(run, true);
}

static int remove_secret(struct secret_run *run)
{
    struct secret_reply reply;
    struct secret_call call = {.operation = SECRET_DELETE, .name = run->name};
    int r = secret_call(&run->backend, &call, &reply, &run->detail);
    if (!r)
        secret_reply_done(&reply);
    return r;
}

/* --- rules: read, change, write back if nobody else has --- */

struct rules {
    struct arena arena;
    struct secret_policy policy;
    struct span services[SECRET_SERVICES_MOST];
    struct secret_script scripts[SECRET_SCRIPTS_MOST];
    char etag[CLIENT_ETAG_BYTES];
};

static int read_rules(struct secret_run *run, struct rules *ret)
{
    struct secret_reply reply;
    struct secret_call call = {.operation = SECRET_SHOW_POLICY, .name = run->name};
    int r = secret_call(&run->backend, &call, &reply, &run->detail);
    if (r)
        return r;
    memcpy(ret->etag, reply.etag, sizeof ret->etag);
    r = secret_body_policy((struct span){reply.body.data, reply.body.size}, &ret->arena,
                           &ret->policy, &run->detail);
    secret_reply_done(&reply);
    if (r)
        return r;
    for (size_t i = 0; i < ret->policy.service_count; i++)
        ret->services[i] = ret->policy.services[i];
    for (size_t i = 0; i < ret->policy.script_count; i++)
        ret->scripts[i] = ret->policy.scripts[i];
    ret->policy.services = ret->services;
    ret->policy.scripts = ret->scripts;
    return 0;
}

static int change_rules(struct secret_run *run, int (*change)(struct secret_run *, struct rules *))
{
    struct rules rules = {0};
    struct secret_reply reply;
    arena_init(&rules.arena, ARENA_BYTES);
    int r = read_rules(run, &rules);
    if (!r)
        r = change(run, &rules);
    struct secret_call call = {.operation = SECRET_SET_POLICY,
                               .name = run->name,
                               .rules = &rules.policy,
                               .if_match = *rules.etag ? rules.etag : NULL};
    if (!r)
        r = secret_call(&run->backend, &call, &reply, &run->detail);
    if (!r) {
        print_line((struct span){reply.body.data, reply.body.size});
        secret_reply_done(&reply);
    }
    arena_done(&rules.arena);
    return r;
}

/* SHA-256 over the very bytes of the file, as the service hashes a script. */
static int hash_script(struct secret_run *run, uint8_t ret[SECRET_HASH_SIZE])
{
    struct secret_value_text text;
    int r = secret_value_read_file(run->options.script, &text, &run->detail);
    if (r)
        return r;
    SHA256(text.bytes.data, text.size, ret);
    secret_value_done(&text);
    return 0;
}

static size_t find_service(const struct rules *rules, struct span service)
{
    size_t i = 0;
    while (i < rules->policy.service_count && !span_equal(rules->services[i], service))
        i++;
    return i;
}

static size_t find_script(const struct rules *rules, const uint8_t hash[SECRET_HASH_SIZE],
                          struct span entry)
{
    size_t i = 0;
    while (i < rules->policy.script_count &&
           (memcmp(rules->scripts[i].sha256, hash, SECRET_HASH_SIZE) != 0 ||
            !span_equal(rules->scripts[i].entry_point, entry)))
        i++;
    return i;
}

static int pin_script(struct secret_run *run, struct rules *rules)
{
    struct secret_script script = {.entry_point = span_of(run->options.entry)};
    uint64_t expires;
    if (run->options.expires && clock_parse_time(run->options.expires, &expires))
        return error_set(&run->detail, ERR_USAGE, "--expires",
                         "\"%.60s\" is not a time such as 2030-01-31T12:00:00Z",
                         run->options.expires);
    script.expires_unix_ms = run->options.expires ? (int64_t)expires : 0;
    int r = hash_script(run, script.sha256);
    if (r)
        return r;
    size_t at = find_script(rules, script.sha256, script.entry_point);
    if (at == SECRET_SCRIPTS_MOST)
        return error_set(&run->detail, ERR_USAGE, "--script", "%d scripts are allowed already",
                         SECRET_SCRIPTS_MOST);
    rules->scripts[at] = script;
    rules->policy.script_count += at == rules->policy.script_count;
    rules->policy.pinned = true;
    return 0;
}

static void apply_toggle(int toggle, bool *value)
{
    if (toggle != TOGGLE_KEEP)
        *value = toggle == TOGGLE_ON;
}

static int allow_change(struct secret_run *run, struct rules *rules)
{
    struct span service = span_of(run->options.service);
    size_t at = find_service(rules, service);
    if (at == SECRET_SERVICES_MOST)
        return error_set(&run->detail, ERR_USAGE, "--service", "%d services are allowed already",
                         SECRET_SERVICES_MOST);
    rules->services[at] = service;
    rules->policy.service_count += at == rules->policy.service_count;
    apply_toggle(run->options.output, &rules->policy.allow_output);
    apply_toggle(run->options.guard, &rules->policy.guard);
    return run->options.script ? pin_script(run, rules) : 0;
}

static int revoke_script(struct secret_run *run, struct rules *rules)
{
    uint8_t hash[SECRET_HASH_SIZE];
    int r = hash_script(run, hash);
    if (r)
        return r;
    size_t at = find_script(rules, hash, span_of(run->options.entry));
    if (at == rules->policy.script_count)
        return error_set(&run->detail, ERR_NOT_FOUND, "--script", "this script was not allowed");
    rules->scripts[at] = rules->scripts[--rules->policy.script_count];
    return 0;
}

static int revoke_change(struct secret_run *run, struct rules *rules)
{
    if (run->options.script)
        return revoke_script(run, rules);
    size_t at = find_service(rules, span_of(run->options.service));
    if (at == rules->policy.service_count)
        return error_set(&run->detail, ERR_NOT_FOUND, "--service", "%s was not allowed",
                         run->options.service);
    rules->services[at] = rules->services[--rules->policy.service_count];
    if (rules->policy.service_count == 0 && !rules->policy.pinned)
        fprintf(stderr, "neocompute: no service is left on the list: one that was not started with "
                        "--strict gives the secret to any job of its user, with a warning\n");
    return 0;
}

static int allow_rules(struct secret_run *run)
{
    return change_rules(run, allow_change);
}

static int revoke_rules(struct secret_run *run)
{
    return change_rules(run, revoke_change);
}

/* --- the commands --- */

int cmd_secret_set(const struct cmd *cmd, int argc, char **argv)
{
    return run_command(cmd, argc, argv, set);
}

int cmd_secret_list(const struct cmd *cmd, int argc, char **argv)
{
    return run_command(cmd, argc, argv, list);
}

int cmd_secret_show(const struct cmd *cmd, int argc, char **argv)
{
    return run_command(cmd, argc, argv, show);
}

int cmd_secret_allow(const struct cmd *cmd, int argc, char **argv)
{
    return run_command(cmd, argc, argv, allow_rules);
}

int cmd_secret_revoke(const struct cmd *cmd, int argc, char **argv)
{
    return run_command(cmd, argc, argv, revoke_rules);
}

int cmd_secret_remove(const struct cmd *cmd, int argc, char **argv)
{
    return run_command(cmd, argc, argv, remove_secret);
}
