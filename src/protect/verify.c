#include "protect/verify.h"

#include "protect/receipt.h"
#include "protect/verify_check.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *verify_state_name(enum verify_state state)
{
    static const char *const names[] = {"passed", "failed", "undecided", "not made", ""};
    return names[state];
}

/* --- what is there: the receipt and what came with it --- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct span trim(struct span text)
{
    while (text.size > 0 && is_space(text.data[text.size - 1]))
        text.size--;
    while (text.size > 0 && is_space(text.data[0]))
        text = (struct span){text.data + 1, text.size - 1};
    return text;
}

static int open_document(struct verify *v, struct span text, struct error_detail *detail)
{
    struct span value;
    int r = document_read(text, "what is to be verified", &v->outer, detail);
    if (r)
        return r;
    v->source = document_get(&v->outer, "bundle", &value) && !verify_has_result(&v->outer)
                    ? VERIFY_BUNDLE
                    : VERIFY_ANSWER;
    v->receipt_text = BUF_INIT(JWS_TEXT_MOST);
    if (document_text(&v->outer, "receipt", &v->receipt_text))
        return 0;
    return refuse(detail, REFUSAL_MALFORMED, "%s",
                  document_get(&v->outer, "sealed_response", &value)
                      ? "the answer is sealed to whoever asked; only what opens it has a receipt"
                      : "there is no member \"receipt\" in it");
}

static enum verify_state check_form(struct verify *v, struct error_detail *detail)
{
    struct span text = trim(v->request->text);
    int r = 0;
    if (text.size > 0 && text.data[0] == '{') {
        r = open_document(v, text, detail);
        text = (struct span){v->receipt_text.data, v->receipt_text.size};
    }
    if (!r)
        r = receipt_text_parse(text, &v->receipt, detail);
    if (r)
        return VERIFY_FAILED;
    if (v->receipt.batched)
        return verify_says(detail, VERIFY_PASSED,
                           "a receipt signed in a batch: number %" PRIu64 " of %" PRIu32,
                           (uint64_t)v->receipt.index + 1, v->receipt.size);
    return verify_says(detail, VERIFY_PASSED, "a receipt with a signature of its own");
}

/* --- what the receipt says of itself --- */

/* One member that is signed and not known here is of a later version: no fault. */
static enum verify_state check_content(struct verify *v, struct error_detail *detail)
{
    struct span payload = {v->receipt.payload.data, v->receipt.payload.size};
    if (document_read(payload, "the receipt", &v->claims, detail) ||
        verify_content(&v->claims, detail))
        return VERIFY_FAILED;
    verify_find_salt(v);
    return verify_says(detail, VERIFY_PASSED, "all that a receipt states, each once");
}

/* --- what else the holder has --- */

static enum verify_state check_script(struct verify *v, struct error_detail *detail)
{
    return verify_bytes(v, "script", v->request->script, REFUSAL_SCRIPT, detail);
}

static enum verify_state check_input(struct verify *v, struct error_detail *detail)
{
    return verify_bytes(v, "input", v->request->input, REFUSAL_INPUT, detail);
}

/* An answer's or bundle's own members are compared by those checks, without being asked. */
static bool is_inside(const struct verify *v, const char *name)
{
    struct span value;
    return document_get(&v->outer, name, &value);
}

static enum verify_state check_output(struct verify *v, struct error_detail *detail)
{
    if (!v->request->output.data && is_inside(v, "output"))
        return VERIFY_ABSENT;
    return verify_bytes(v, "output", v->request->output, REFUSAL_OUTPUT, detail);
}

static enum verify_state check_user(struct verify *v, struct error_detail *detail)
{
    char subject[2 * RECEIPT_HASH_SIZE + 1];
    if (!v->request->user.data)
        return verify_says(detail, VERIFY_NOT_MADE, "--user ID shows whose job it was");
    if (!v->has_salt)
        return verify_says(detail, VERIFY_UNDECIDED,
                           "it takes the receipt's salt: --salt S, or the answer that had it");
    if (receipt_subject(v->request->user, v->salt, subject) ||
        !document_is(&v->claims, "sub", span_of(subject)))
        return verify_refuses(detail, REFUSAL_USER,
                              "it was another user's job, or the salt is wrong");
    return verify_says(detail, VERIFY_PASSED, "it was this user's job");
}

static enum verify_state check_text(struct verify *v, struct span given, const char *member,
                                    enum refusal refusal, const char *ask,
                                    struct error_detail *detail)
{
    if (!given.data)
        return verify_says(detail, VERIFY_NOT_MADE, "%s", ask);
    if (!document_is(&v->claims, member, given))
        return verify_refuses(detail, refusal, "the receipt states another one, or none");
    return verify_says(detail, VERIFY_PASSED, "the receipt states just this one");
}

static enum verify_state check_job(struct verify *v, struct error_detail *detail)
{
    if (!v->request->job.data && is_inside(v, "job_id"))
        return VERIFY_ABSENT;
    return check_text(v, v->request->job, "jti", REFUSAL_JOB, "--job ID shows which job it was",
                      detail);
}

static enum verify_state check_nonce(struct verify *v, struct error_detail *detail)
{
    return check_text(v, v->request->nonce, "nonce", REFUSAL_NONCE,
                      "--nonce N shows that it was made for the request that had N", detail);
}

static enum verify_state check_entry(struct verify *v, struct error_detail *detail)
{
    return check_text(v, v->request->entry, "entry_point", REFUSAL_ENTRY_POINT,
                      "--entry NAME shows which function was called", detail);
}

static enum verify_state check_age(struct verify *v, struct error_detail *detail)
{
    uint64_t made = verify_number(v, "iat"), now = v->request->now_unix_s;
    if (v->request->max_age_s == VERIFY_ANY_AGE)
        return verify_says(detail, VERIFY_NOT_MADE,
                           "--max-age D bounds it, if you trust the service's clock");
    if (made > now + BUNDLE_CLOCK_SLACK_S)
        return verify_refuses(detail, REFUSAL_AGE, "it was made in the future");
    uint64_t age = now > made ? now - made : 0;
    if (age > v->request->max_age_s)
        return verify_refuses(detail, REFUSAL_AGE, "%" PRIu64 " s, by the service's clock", age);
    return verify_says(detail, VERIFY_PASSED, "%" PRIu64 " s, by the service's clock", age);
}

/* --- all of it --- */

static const struct {
    const char *name;
    verify_check_fn *check;
    bool ends; /* if it fails, nothing can be said about the rest */
} checks[] = {
    {"form", check_form, true},     {"claims", verify_claims},
    {"identity", verify_identity},  {"statement", verify_statement},
    {"evidence", verify_evidence},  {"signature", verify_signature},
    {"path", verify_path},          {"content", check_content, true},
    {"named claims", verify_named}, {"validity", verify_validity},
    {"bundle", verify_bundle},      {"answer", verify_answer},
    {"script", check_script},       {"input", check_input},
    {"output", check_output},       {"entry point", check_entry},
    {"user", check_user},           {"job", check_job},
    {"nonce", check_nonce},         {"age", check_age},
};

static void add_row(struct verify *v, const char *name, enum verify_state state,
                    const struct error_detail *detail)
{
    if (state == VERIFY_ABSENT || v->count == VERIFY_ROWS_MOST)
        return;
    struct verify_check *row = &v->checks[v->count++];
    row->name = name;
    row->state = state;
    snprintf(row->refusal, sizeof row->refusal, "%s", state == VERIFY_FAILED ? detail->field : "");
    snprintf(row->text, sizeof row->text, "%s", detail->message);
}

void verify_add(struct verify *v, const char *name, enum verify_state state, enum refusal refusal,
                const char *format, ...)
{
    struct error_detail detail;
    va_list args;
    snprintf(detail.field, sizeof detail.field, "%s", refusal_name(refusal));
    va_start(args, format);
    vsnprintf(detail.message, sizeof detail.message, format, args);
    va_end(args);
    add_row(v, name, state, &detail);
}

void verify_run(const struct verify_request *request, struct verify *v)
{
    memset(v, 0, sizeof *v);
    v->request = request;
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        struct error_detail detail = {0};
        enum verify_state state = checks[i].check(v, &detail);
        add_row(v, checks[i].name, state, &detail);
        if (state == VERIFY_FAILED && checks[i].ends)
            break;
    }
}

void verify_done(struct verify *v)
{
    buf_done(&v->receipt_text);
    receipt_text_done(&v->receipt);
    if (v->has_bundle)
        bundle_done(&v->bundle);
}

enum verify_state verify_verdict(const struct verify *v)
{
    enum verify_state verdict = v->count > 0 ? VERIFY_PASSED : VERIFY_UNDECIDED;
    for (size_t i = 0; i < v->count; i++)
        if (v->checks[i].state == VERIFY_FAILED)
            return VERIFY_FAILED;
        else if (v->checks[i].state == VERIFY_UNDECIDED)
            verdict = VERIFY_UNDECIDED;
    return verdict;
}

const char *verify_refusal(const struct verify *v)
{
    for (size_t i = 0; i < v->count; i++)
        if (v->checks[i].state == VERIFY_FAILED)
            return v->checks[i].refusal;
    return "";
}
