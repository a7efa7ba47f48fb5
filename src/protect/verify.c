#include "protect/verify.h"

#include "base/json_read.h"
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

/* --- whose keys --- */

/* The bundle that came with the receipt, unless another was given. */
static bool find_bundle(const struct verify *v, struct span *ret)
{
    struct document given;
    *ret = v->request->bundle;
    if (!ret->data)
        return v->source == VERIFY_BUNDLE && document_get(&v->outer, "bundle", ret);
    if (document_read(*ret, "", &given, NULL) == 0)
        document_get(&given, "bundle", ret);
    return true;
}

static enum verify_state check_claims(struct verify *v, struct error_detail *detail)
{
    struct span text;
    if (!find_bundle(v, &text))
        return verify_says(
            detail, v->request->policy.allow_simulation ? VERIFY_NOT_MADE : VERIFY_UNDECIDED,
            "--bundle F shows under which claims it was signed: GET /attestation/ and the "
            "receipt's claims_sha256");
    if (bundle_read(text, &v->bundle, detail))
        return VERIFY_FAILED;
    v->has_bundle = true;
    return verify_says(detail, VERIFY_PASSED, "SHA-256 %s", v->bundle.claims_sha256);
}

static enum verify_state check_identity(struct verify *v, struct error_detail *detail)
{
    const struct bundle_policy *policy = &v->request->policy;
    if (!policy->identity_key && !policy->claims_sha256)
        return verify_says(detail, VERIFY_NOT_MADE,
                           "--identity-key F or --claims-sha256 HEX shows that these are the keys "
                           "of the service you mean");
    if (!v->has_bundle)
        return verify_says(detail, VERIFY_UNDECIDED, "it takes the claims");
    if (bundle_pinned(&v->bundle, policy, detail))
        return VERIFY_FAILED;
    return verify_says(detail, VERIFY_PASSED, "the pinned %s",
                       policy->identity_key ? "one" : "claims");
}

static enum verify_state check_statement(struct verify *v, struct error_detail *detail)
{
    if (!v->has_bundle)
        return VERIFY_ABSENT;
    if (bundle_stated(&v->bundle, detail))
        return VERIFY_FAILED;
    return verify_says(detail, VERIFY_PASSED, "the identity states that the key is its own");
}

static enum verify_state check_evidence(struct verify *v, struct error_detail *detail)
{
    if (!v->has_bundle)
        return VERIFY_ABSENT;
    if (bundle_evidence(&v->bundle, &v->request->policy, detail))
        return VERIFY_FAILED;
    return verify_says(detail, VERIFY_PASSED, "none, taken because of --allow-simulation");
}

static bool has_thumbprint(const uint8_t key[JWS_PUBLIC_SIZE], const char *kid)
{
    char thumbprint[JWS_KID_SIZE];
    return jws_thumbprint(key, thumbprint) == 0 && strcmp(thumbprint, kid) == 0;
}

/* The key of a set whose thumbprint is `kid`. A single JWK is a set of one. *found: it is there;
 * refuses what is no set at all. */
static int find_key(struct span text, const char *kid, uint8_t ret[JWS_PUBLIC_SIZE], bool *found,
                    struct error_detail *detail)
{
    struct document set;
    struct span keys = {0}, rest, element;
    *found = false;
    int r = document_read(text, "it", &set, detail);
    if (r)
        return r;
    if (!document_get(&set, "keys", &keys)) {
        r = jws_read_jwk(text, ret, detail);
        *found = r == 0 && has_thumbprint(ret, kid);
        return r;
    }
    if (!json_array(keys, &rest))
        return refuse(detail, REFUSAL_MALFORMED, "its \"keys\" is no list");
    while (!*found && json_element(&rest, &element))
        *found = jws_read_jwk(element, ret, NULL) == 0 && has_thumbprint(ret, kid);
    return 0;
}

static enum verify_state check_key_set(struct span text, const char *kid,
                                       uint8_t ret[JWS_PUBLIC_SIZE], struct error_detail *detail)
{
    struct error_detail why = {0};
    bool found;
    if (find_key(text, kid, ret, &found, &why))
        return verify_refuses(detail, REFUSAL_MALFORMED,
                              "--jwks is no key set: %.200s. It must be what GET "
                              "/.well-known/jwks.json answers, {\"keys\":[...]}, or a key of it",
                              why.message);
    if (!found)
        return verify_refuses(detail, REFUSAL_KEY,
                              "--jwks has no key with the thumbprint %.*s, which signed",
                              JWS_KID_SIZE, kid);
    return VERIFY_PASSED;
}

static enum verify_state check_signature(struct verify *v, struct error_detail *detail)
{
    const char *kid = v->receipt.jws.kid;
    struct span jwks = v->request->jwks;
    uint8_t key[JWS_PUBLIC_SIZE];
    if (!v->has_bundle && !jwks.data)
        return verify_says(detail, VERIFY_UNDECIDED,
                           "there is no key to check it with: --bundle F or --jwks F");
    if (jwks.data && check_key_set(jwks, kid, key, detail) != VERIFY_PASSED)
        return VERIFY_FAILED;
    if (v->has_bundle) {
        memcpy(key, v->bundle.result_key, sizeof key);
        if (strcmp(kid, v->bundle.result_kid) != 0)
            return verify_refuses(detail, REFUSAL_KEY,
                                  "it is signed by another key than the claims have");
    }
    if (receipt_text_signed(&v->receipt, key, detail))
        return VERIFY_FAILED;
    return verify_says(detail, VERIFY_PASSED, "Ed25519, by key %.*s", JWS_KID_SIZE, kid);
}

static enum verify_state check_path(struct verify *v, struct error_detail *detail)
{
    if (!v->receipt.batched)
        return VERIFY_ABSENT;
    if (receipt_text_included(&v->receipt, detail))
        return VERIFY_FAILED;
    return verify_says(detail, VERIFY_PASSED, "it leads to the root that was signed");
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

/* Does the receipt's isolation, in short, have the kind that the claims tell at length? */
static bool same_isolation(const struct verify *v)
{
    struct document ours, theirs;
    struct span a, b, kind;
    return document_get(&v->claims, "isolation", &a) &&
           document_get(&v->bundle.claims, "isolation", &b) &&
           document_read_inner(a, "", &ours, NULL) == 0 &&
           document_read_inner(b, "", &theirs, NULL) == 0 && document_get(&ours, "kind", &kind) &&
           document_get(&theirs, "kind", &b) && span_equal(kind, b);
}

static enum verify_state check_named(struct verify *v, struct error_detail *detail)
{
    struct span ours, theirs;
    if (!v->has_bundle)
        return VERIFY_ABSENT;
    if (!document_is(&v->claims, "claims_sha256", span_of(v->bundle.claims_sha256)))
        return verify_refuses(detail, REFUSAL_CLAIMS,
                              "the receipt names other claims than those of the bundle");
    if (!document_get(&v->claims, "engine_digest", &ours) ||
        !document_get(&v->bundle.claims, "engine_digest", &theirs) || !span_equal(ours, theirs) ||
        !same_isolation(v))
        return verify_refuses(detail, REFUSAL_CLAIMS,
                              "engine or isolation are others in the receipt than in the claims");
    return verify_says(detail, VERIFY_PASSED, "the receipt names these claims, and fits them");
}

static enum verify_state check_validity(struct verify *v, struct error_detail *detail)
{
    if (!v->has_bundle)
        return VERIFY_ABSENT;
    if (bundle_in_force(&v->bundle, verify_number(v, "iat"), detail))
        return VERIFY_FAILED;
    return verify_says(detail, VERIFY_PASSED, "made while the key was in force");
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
    {"form", check_form, true},    {"claims", check_claims},
    {"identity", check_identity},  {"statement", check_statement},
    {"evidence", check_evidence},  {"signature", check_signature},
    {"path", check_path},          {"content", check_content, true},
    {"named claims", check_named}, {"validity", check_validity},
    {"bundle", verify_bundle},     {"answer", verify_answer},
    {"script", check_script},      {"input", check_input},
    {"output", check_output},      {"entry point", check_entry},
    {"user", check_user},          {"job", check_job},
    {"nonce", check_nonce},        {"age", check_age},
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
