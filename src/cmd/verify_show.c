#include "base/json.h"
#include "cmd/outcome.h"
#include "cmd/verify.h"
#include <stdio.h>
#include <string.h>

#define SHOWN_MOST (4u * 1024 * 1024)

static const char *const verdicts[] = {[VERIFY_PASSED] = "verified",
                                       [VERIFY_FAILED] = "not verified",
                                       [VERIFY_UNDECIDED] = "undecided"};

static bool is_simulation(const struct verify *v)
{
    return v->has_bundle ? v->bundle.simulation : v->request->policy.allow_simulation;
}

static void add_simulation(struct buf *out, const struct verify *v)
{
    if (!is_simulation(v))
        return;
    buf_add_str(out, v->has_bundle
                         ? "SIMULATION: no TEE stands behind this receipt (\"tee\":\"none\"), only "
                           "whoever runs the service.\n"
                         : "SIMULATION: the key set was taken as it is; nothing says who stands "
                           "behind it.\n");
}

static bool is_salt(const char *name)
{
    return strcmp(name, "salt") == 0 || strcmp(name, "receipt_salt") == 0;
}

static bool is_plain(const char *name)
{
    for (const char *c = name; *c; c++)
        if (!(*c >= 'a' && *c <= 'z') && !(*c >= '0' && *c <= '9') && *c != '_')
            return false;
    return *name;
}

/* A stranger chose it: a line break in it would write a line of ours. */
static void add_name(struct buf *out, const char *name)
{
    if (is_plain(name)) {
        buf_add_str(out, name);
        return;
    }
    buf_add_char(out, '"');
    for (const char *c = name; *c; c++)
        if (*c < ' ' || *c > '~')
            buf_addf(out, "\\x%02x", (unsigned char)*c);
        else
            buf_addf(out, *c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
    buf_add_char(out, '"');
}

static void add_uncovered(struct buf *out, const struct verify *v)
{
    const char *name, *before = "not covered: ";
    for (size_t at = 0; (name = verify_uncovered(v, &at)); before = ", ") {
        buf_add_str(out, before);
        add_name(out, name);
        buf_add_str(out, is_salt(name) ? " (--user ID covers it)" : "");
    }
    if (*before == ',')
        buf_add_char(out, '\n');
}

static void add_verdict(struct buf *out, const struct verify *v)
{
    enum verify_state verdict = verify_verdict(v);
    const char *before = ": ";
    buf_add_str(out, verdicts[verdict]);
    for (size_t i = 0; verdict != VERIFY_PASSED && i < v->count; i++)
        if (v->checks[i].state == verdict) {
            buf_addf(out, "%s%s", before, v->checks[i].name);
            before = ", ";
        }
    buf_add_char(out, '\n');
}

static void write_text(struct buf *out, const struct verify *v)
{
    add_simulation(out, v);
    for (size_t i = 0; i < v->count; i++)
        buf_addf(out, "%-9s  %-13s  %s\n", verify_state_name(v->checks[i].state), v->checks[i].name,
                 v->checks[i].text);
    add_uncovered(out, v);
    add_verdict(out, v);
}

static void write_json(struct buf *out, const struct verify *v)
{
    const char *name;
    buf_add_char(out, '{');
    json_next_key(out, "verdict");
    json_str(out, verdicts[verify_verdict(v)]);
    json_next_key(out, "simulation");
    json_bool(out, is_simulation(v));
    json_next_key(out, "checks");
    buf_add_char(out, '[');
    for (size_t i = 0; i < v->count; i++) {
        buf_add_str(out, i ? ",{" : "{");
        json_next_key(out, "name");
        json_str(out, v->checks[i].name);
        json_next_key(out, "state");
        json_str(out, verify_state_name(v->checks[i].state));
        if (*v->checks[i].refusal) {
            json_next_key(out, "refusal");
            json_str(out, v->checks[i].refusal);
        }
        json_next_key(out, "text");
        json_str(out, v->checks[i].text);
        buf_add_char(out, '}');
    }
    buf_add_char(out, ']');
    json_next_key(out, "not_covered");
    const char *before = "[";
    for (size_t at = 0; (name = verify_uncovered(v, &at)); before = ",") {
        buf_add_str(out, before);
        json_str(out, name);
    }
    buf_add_str(out, *before == '[' ? "[]" : "]");
    if (v->claims.count > 0) { /* the payload: known to be JSON */
        json_next_key(out, "receipt");
        buf_add(out, v->receipt.payload.data, v->receipt.payload.size);
    }
    buf_add_str(out, "}\n");
}

bool verify_show(const struct verify *v, bool json)
{
    struct buf out = BUF_INIT(SHOWN_MOST);
    (json ? write_json : write_text)(&out, v);
    bool made = !buf_failed(&out);
    outcome_text(stdout, (struct span){out.data, out.size});
    buf_done(&out);
    return fflush(stdout) == 0 && made;
}
