#include "cmd/run_secrets.h"

#include "base/encode.h"
#include "secret/cipher.h"
#include "secret/policy.h"
#include <string.h>

/* The part of NAME=PATH before the first =; names have none. */
static struct span name_of(const char *given)
{
    return (struct span){given, strcspn(given, "=")};
}

static int add(void *ctx, const struct args_option *option, const char *text,
               struct error_detail *detail)
{
    struct run_secrets *s = (struct run_secrets *)((char *)ctx + option->offset);
    struct span name = name_of(text);
    if (text[name.size] != '=' || !text[name.size + 1] || !secret_name_valid(name))
        return error_set(detail, ERR_USAGE, "--secret-file",
                         "must be NAME=PATH, with a name of A-Z a-z 0-9 _ . -");
    if (s->count == SECRET_REFS_MOST)
        return error_set(detail, ERR_USAGE, "--secret-file", "at most %d are taken",
                         SECRET_REFS_MOST);
    for (size_t i = 0; i < s->count; i++)
        if (span_equal(name_of(s->given[i]), name))
            return error_set(detail, ERR_USAGE, "--secret-file", "%.*s is given twice",
                             (int)name.size, name.data);
    s->given[s->count++] = text;
    return 0;
}

void run_secrets_add_options(struct option_list *list, size_t offset)
{
    option_add(list, (struct args_option){"secret-file", "NAME=PATH",
                                          "the secret NAME is what is in PATH; again for another",
                                          NULL, add, offset});
    option_add(list, (struct args_option){"allow-secret-output", NULL,
                                          "the output may hold their values", NULL, args_set_flag,
                                          offset + offsetof(struct run_secrets, allow_output)});
}

static int read_one(struct run_secrets *s, size_t i, struct error_detail *detail)
{
    struct span name = name_of(s->given[i]);
    const char *path = s->given[i] + name.size + 1;
    struct secret_value_text *value = &s->values[i];
    int r = secret_value_read(name.data, path, false, value, detail);
    if (r)
        return r;
    s->read++;
    struct span text = {(const char *)value->bytes.data, value->size};
    if (text.size > SECRET_VALUE_MOST || !utf8_valid(text))
        return error_set(detail, ERR_USAGE, path, "a secret is at most %d bytes of UTF-8",
                         SECRET_VALUE_MOST);
    s->secrets[i] = (struct exec_secret){name, text};
    return 0;
}

int run_secrets_read(struct run_secrets *s, struct error_detail *detail)
{
    struct guard_secret guarded[SECRET_REFS_MOST];
    for (size_t i = 0; i < s->count; i++) {
        int r = read_one(s, i, detail);
        if (r)
            return r;
        guarded[i] =
            (struct guard_secret){s->secrets[i].name, s->secrets[i].value, s->guard_in_pieces};
    }
    if (s->count > 0 && guard_new(guarded, s->count, &s->guard))
        return error_set(detail, ERR_NO_MEMORY, "--secret-file", "no memory to guard them");
    return 0;
}

void run_secrets_put(const struct run_secrets *s, struct exec_request *request)
{
    request->secrets = s->secrets;
    request->secret_count = s->count;
    request->guard = s->guard;
    request->output_guard = s->allow_output ? NULL : s->guard;
}

void run_secrets_done(struct run_secrets *s)
{
    guard_free(s->guard);
    s->guard = NULL;
    for (size_t i = 0; i < s->read; i++)
        secret_value_done(&s->values[i]);
    s->read = 0;
}
