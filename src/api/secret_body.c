#include "api/secret_body.h"

#include "api/json_memory.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/json_read.h"
#include "secret/store.h"
#include <string.h>
#include <yajl/yajl_parse.h>

#define SERVICE_BYTES     128 /* of one service's id */
#define ENTRY_POINT_BYTES 256

/* --- a JSON object with known members --- */

struct context {
    struct arena *arena;
    struct secret_policy *policy;
    struct secret_script *script;
    struct buf *value, *expect_user;
    struct error_detail *detail;
};

struct member {
    const char *name;
    int (*take)(struct context *context, const struct member *member, struct span value);
};

static int bad(struct context *context, int code, const char *field, const char *message)
{
    return error_set(context->detail, code, field, "%s %s", field, message);
}

/* Well-formed from the first byte to the last, and UTF-8. */
static int check_json(struct span body, struct error_detail *detail)
{
    struct json_memory memory;
    yajl_alloc_funcs functions = json_memory_init(&memory);
    int r = 0;
    if (setjmp(memory.failed)) {
        r = error_set(detail, ERR_NO_MEMORY, "", "no memory to parse the body");
    } else {
        yajl_handle yajl = yajl_alloc(NULL, &functions, NULL);
        if (yajl_parse(yajl, (const unsigned char *)body.data, body.size) != yajl_status_ok ||
            yajl_complete_parse(yajl) != yajl_status_ok)
            r = error_set(detail, ERR_INVALID_JSON, "",
                          "the body is not JSON (it goes wrong by byte %zu)",
                          yajl_get_bytes_consumed(yajl));
    }
    json_memory_done(&memory);
    return r;
}

static int take_members(struct context *context, struct span object, const struct member *members,
                        size_t count)
{
    struct span rest, key, value;
    unsigned seen = 0;
    if (!json_object(object, &rest))
        return error_set(context->detail, ERR_INVALID_FIELD, "", "a JSON object is wanted");
    while (json_pair(&rest, &key, &value)) {
        struct span name = {key.data + 1, key.size - 2};
        size_t i = 0;
        while (i < count && !span_equal(name, span_of(members[i].name)))
            i++;
        if (i == count)
            return error_set(context->detail, ERR_UNKNOWN_FIELD, "", "there is no field %.*s here",
                             (int)(name.size < 64 ? name.size : 64), name.data);
        if (seen & 1u << i)
            return bad(context, ERR_DUPLICATE_FIELD, members[i].name, "is there twice");
        seen |= 1u << i;
        int r = members[i].take(context, &members[i], value);
        if (r)
            return r;
    }
    return 0;
}

/* A string of at most `most` bytes, in the arena. */
static int take_string(struct context *context, const char *field, struct span literal, size_t most,
                       struct span *ret)
{
    struct buf text = BUF_INIT(6 * most + 16);
    int r = json_unquote(literal, &text);
    /* A database that ends a text at a NUL would keep another rule. */
    if (r || !json_is_paired(literal) || text.size == 0 || text.size > most ||
        memchr(text.data, 0, text.size))
        r = error_set(context->detail, ERR_INVALID_FIELD, field,
                      "%s must be a string of 1 to %zu bytes without NUL", field, most);
    else if (!arena_copy(context->arena, (struct span){text.data, text.size}, ret))
        r = ERR_NO_MEMORY;
    buf_done(&text);
    return r;
}

static int take_bool(struct context *context, const char *field, struct span literal, bool *ret)
{
    bool yes = span_equal(literal, SPAN("true"));
    if (!yes && !span_equal(literal, SPAN("false")))
        return bad(context, ERR_INVALID_FIELD, field, "must be true or false");
    *ret = yes;
    return 0;
}

/* --- {"value"} --- */

static int take_value(struct context *context, const struct member *member, struct span value)
{
    if (!json_is_paired(value))
        return bad(context, ERR_INVALID_FIELD, "value", "has half of a surrogate pair");
    int r = json_unquote(value, context->value);
    return r == ERR_INVALID_JSON ? bad(context, ERR_INVALID_FIELD, "value", "must be a string") : r;
}

static int take_expect_user(struct context *context, const struct member *member, struct span value)
{
    if (json_unquote(value, context->expect_user) || context->expect_user->size == 0)
        return bad(context, ERR_INVALID_FIELD, member->name, "must be a user's id");
    return 0;
}

int secret_body_value(struct span body, struct buf *value, struct buf *expect_user,
                      struct error_detail *detail)
{
    static const struct member members[] = {{"value", take_value},
                                            {"expect_user", take_expect_user}};
    struct context context = {.value = value, .expect_user = expect_user, .detail = detail};
    struct span given;
    int r = check_json(body, detail);
    if (!r)
        r = take_members(&context, body, members, expect_user ? 2 : 1);
    if (!r && !json_member(body, "value", &given))
        r = error_set(detail, ERR_INVALID_FIELD, "value", "the body must have a value");
    return r;
}

/* --- rules --- */

static int take_services(struct context *context, const struct member *member, struct span value)
{
    struct span rest, element;
    struct span *list = arena_alloc(context->arena, SECRET_SERVICES_MOST * sizeof *list);
    if (!list)
        return ERR_NO_MEMORY;
    if (!json_array(value, &rest))
        return bad(context, ERR_INVALID_FIELD, member->name, "must be an array of strings");
    context->policy->services = list;
    while (json_element(&rest, &element)) {
        if (context->policy->service_count == SECRET_SERVICES_MOST)
            return error_set(context->detail, ERR_INVALID_FIELD, member->name,
                             "services has more than %d names", SECRET_SERVICES_MOST);
        int r = take_string(context, member->name, element, SERVICE_BYTES,
                            &list[context->policy->service_count]);
        if (r)
            return r;
        bool pinned = false;
        store_service_read(list[context->policy->service_count], &pinned);
        if (pinned)
            return bad(context, ERR_INVALID_FIELD, member->name,
                       "has what only the database may say: pin scripts");
        for (size_t i = 0; i < context->policy->service_count; i++)
            if (span_equal(list[i], list[context->policy->service_count]))
                return bad(context, ERR_INVALID_FIELD, member->name, "has a name twice");
        context->policy->service_count++;
    }
    return 0;
}

static int take_sha256(struct context *context, const struct member *member, struct span value)
{
    struct span digits = {value.data + 1, value.size > 2 ? value.size - 2 : 0};
    if (value.data[0] != '"' || hex_decode(context->script->sha256, SECRET_HASH_SIZE, digits))
        return bad(context, ERR_INVALID_FIELD, "sha256", "must be 64 hex digits");
    return 0;
}

static int take_entry_point(struct context *context, const struct member *member, struct span value)
{
    return take_string(context, member->name, value, ENTRY_POINT_BYTES,
                       &context->script->entry_point);
}

/* RFC 3339 in UTC, or null. */
static int take_expires_at(struct context *context, const struct member *member, struct span value)
{
    struct span text;
    uint64_t ms;
    if (span_equal(value, SPAN("null")))
        return 0;
    int r = take_string(context, member->name, value, CLOCK_TIME_SIZE + 16, &text);
    if (r)
        return r;
    if (clock_parse_time(text.data, &ms) || ms == 0 || ms > INT64_MAX)
        return bad(context, ERR_INVALID_FIELD, member->name,
                   "must be a time such as 2030-01-31T12:00:00Z, or null");
    context->script->expires_unix_ms = (int64_t)ms;
    return 0;
}

/* The same script and entry point before the last one? There is one rule for both. */
static bool is_there_twice(const struct secret_script *list, size_t count)
{
    const struct secret_script *last = &list[count - 1];
    for (size_t i = 0; i + 1 < count; i++)
        if (memcmp(list[i].sha256, last->sha256, SECRET_HASH_SIZE) == 0 &&
            span_equal(list[i].entry_point, last->entry_point))
            return true;
    return false;
}

static int take_scripts(struct context *context, const struct member *member, struct span value)
{
    static const struct member members[] = {{"sha256", take_sha256},
                                            {"entry_point", take_entry_point},
                                            {"expires_at", take_expires_at}};
    struct span rest, element, given;
    struct secret_script *list = arena_alloc(context->arena, SECRET_SCRIPTS_MOST * sizeof *list);
    if (!list)
        return ERR_NO_MEMORY;
    if (span_equal(value, SPAN("null")))
        return 0; /* not pinned */
    if (!json_array(value, &rest))
        return bad(context, ERR_INVALID_FIELD, member->name,
                   "must be an array of objects, or null");
    context->policy->pinned = true;
    context->policy->scripts = list;
    while (json_element(&rest, &element)) {
        if (context->policy->script_count == SECRET_SCRIPTS_MOST)
            return error_set(context->detail, ERR_INVALID_FIELD, member->name,
                             "scripts has more than %d entries", SECRET_SCRIPTS_MOST);
        context->script = &list[context->policy->script_count++];
        context->script->entry_point = SPAN("main");
        int r = take_members(context, element, members, 3);
        if (r)
            return r;
        if (!json_member(element, "sha256", &given))
            return bad(context, ERR_INVALID_FIELD, member->name,
                       "must have a sha256 in each entry");
        if (is_there_twice(list, context->policy->script_count))
            return bad(context, ERR_INVALID_FIELD, member->name,
                       "has a script and entry point twice");
    }
    return 0;
}

static int take_allow_output(struct context *context, const struct member *member,
                             struct span value)
{
    return take_bool(context, member->name, value, &context->policy->allow_output);
}

static int take_guard(struct context *context, const struct member *member, struct span value)
{
    return take_bool(context, member->name, value, &context->policy->guard);
}

int secret_body_policy(struct span body, struct arena *arena, struct secret_policy *ret,
                       struct error_detail *detail)
{
    static const struct member members[] = {{"services", take_services},
                                            {"scripts", take_scripts},
                                            {"allow_output", take_allow_output},
                                            {"guard", take_guard}};
    struct secret_policy policy = {.guard = true};
    struct context context = {.arena = arena, .policy = &policy, .detail = detail};
    int r = check_json(body, detail);
    if (!r)
        r = take_members(&context, body, members, sizeof members / sizeof *members);
    if (r == ERR_NO_MEMORY)
        error_set(detail, r, "", "no memory for the rules");
    if (!r)
        *ret = policy;
    return r;
}
