/*
 * A receipt that came inside an answer or a bundle: what stands around it must say the same.
 */
#include "base/clock.h"
#include "base/encode.h"
#include "base/json_read.h"
#include "protect/verify_check.h"
#include <inttypes.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

/* --- members of both, compared --- */

typedef bool same_fn(const struct document *answer, const char *name,
                     const struct document *receipt, const char *stated);

static bool same_text(const struct document *answer, const char *name,
                      const struct document *receipt, const char *stated)
{
    struct buf text = BUF_INIT(64 * 1024);
    bool same = document_text(receipt, stated, &text) &&
                document_is(answer, name, (struct span){text.data, text.size});
    buf_done(&text);
    return same;
}

static bool same_number(const struct document *answer, const char *name,
                        const struct document *receipt, const char *stated)
{
    uint64_t a, b;
    return document_number(answer, name, &a) && document_number(receipt, stated, &b) && a == b;
}

static bool same_time(const struct document *answer, const char *name,
                      const struct document *receipt, const char *stated)
{
    char text[CLOCK_TIME_SIZE];
    uint64_t ms;
    if (!document_number(receipt, stated, &ms))
        return false;
    clock_format_time(text, ms);
    return document_is(answer, name, span_of(text));
}

/* "21.953µs" in the answer, whole microseconds in the receipt. */
static bool same_duration(const struct document *answer, const char *name,
                          const struct document *receipt, const char *stated)
{
    struct buf text = BUF_INIT(CLOCK_DURATION_SIZE + 1);
    char again[CLOCK_DURATION_SIZE];
    uint64_t ns, us;
    bool same = document_number(receipt, stated, &us) && document_text(answer, name, &text) &&
                buf_terminate(&text) == 0 && clock_parse_duration(text.data, &ns) == 0 &&
                ns / NS_PER_US == us;
    if (same) { /* one text a duration: "60s" is no answer of ours */
        clock_format_duration(again, ns);
        same = strcmp(again, text.data) == 0;
    }
    buf_done(&text);
    return same;
}

/* Arrays of short strings. */
static bool same_array(const struct document *answer, const char *name,
                       const struct document *receipt, const char *stated)
{
    struct span a, b, x, y;
    if (!document_get(answer, name, &a) || !document_get(receipt, stated, &b) ||
        !json_array(a, &a) || !json_array(b, &b))
        return false;
    for (;;) {
        bool more = json_element(&a, &x);
        if (json_element(&b, &y) != more)
            return false;
        if (!more)
            return true;
        if (!span_equal(x, y))
            return false;
    }
}

/* Seconds with at most three digits of a fraction, against milliseconds. */
static bool same_seconds(const struct document *limits, const char *name,
                         const struct document *receipt, const char *stated)
{
    uint64_t ms;
    char text[32];
    struct span value;
    if (!document_number(receipt, stated, &ms) || !document_get(limits, name, &value))
        return false;
    int size = snprintf(text, sizeof text, "%" PRIu64, ms / 1000);
    if (ms % 1000) {
        size += snprintf(text + size, sizeof text - (size_t)size, ".%03u", (unsigned)(ms % 1000));
        while (text[size - 1] == '0')
            text[--size] = 0;
    }
    return span_equal(value, span_of(text));
}

struct row {
    const char *name, *stated;
    same_fn *same;
    enum refusal refusal;
};

/* The first row in which they differ; NULL if there is none. */
static const struct row *first_other(const struct document *answer, const struct document *receipt,
                                     const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct span a, b;
        bool there = document_get(answer, rows[i].name, &a);
        if (there != document_get(receipt, rows[i].stated, &b) ||
            (there && !rows[i].same(answer, rows[i].name, receipt, rows[i].stated)))
            return &rows[i];
    }
    return NULL;
}

static bool same_limits(const struct document *answer, const char *name,
                        const struct document *receipt, const char *stated)
{
    static const struct row rows[] = {{"timeout", "timeout_ms", same_seconds},
                                      {"gas_limit", "gas_limit", same_number},
                                      {"memory_limit", "memory_limit", same_number}};
    struct document limits;
    struct span value;
    return document_get(answer, name, &value) &&
           document_read_inner(value, "", &limits, NULL) == 0 && limits.count == 3 &&
           !first_other(&limits, receipt, rows, 3);
}

static const struct row answer_rows[] = {
    {"job_id", "jti", same_text, REFUSAL_JOB},
    {"status", "status", same_text, REFUSAL_STATUS},
    {"started_at", "started_ms", same_time, REFUSAL_ANSWER},
    {"gas_used", "gas_used", same_number, REFUSAL_ANSWER},
    {"memory_used", "memory_used", same_number, REFUSAL_ANSWER},
    {"duration", "duration_us", same_duration, REFUSAL_ANSWER},
    {"nondeterminism", "nondeterminism", same_array, REFUSAL_ANSWER},
    {"limits", "gas_limit", same_limits, REFUSAL_LIMITS},
    {"error_code", "error_code", same_text, REFUSAL_STATUS},
    {"app_id", "app_id", same_text, REFUSAL_ANSWER},
    {"script_name", "script_name", same_text, REFUSAL_ANSWER},
};
#define ANSWER_ROWS (sizeof answer_rows / sizeof *answer_rows)

/* What is checked of an answer and stands in no row. */
static const char *const answer_names[] = {"output", "output_hash", "receipt", "receipt_salt"};
static const char *const bundle_names[] = {"bundle", "job_id", "keys", "receipt", "salt"};

static bool is_one_of(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}
#define IS_ONE_OF(names, name) is_one_of(names, sizeof(names) / sizeof *(names), name)

static bool is_of_answer(const char *name)
{
    for (size_t i = 0; i < ANSWER_ROWS; i++)
        if (strcmp(answer_rows[i].name, name) == 0)
            return true;
    return IS_ONE_OF(answer_names, name);
}

bool verify_has_result(const struct document *outer)
{
    for (size_t i = 0; i < outer->count; i++) {
        const char *name = outer->members[i].name;
        if (strcmp(name, "encrypted_output") == 0 ||
            (is_of_answer(name) && !IS_ONE_OF(bundle_names, name)))
            return true;
    }
    return false;
}

/* --- the answer --- */

static enum verify_state fails(struct error_detail *detail, enum refusal refusal, const char *name)
{
    return verify_refuses(detail, refusal, "%s is not what the receipt states", name);
}

/*
 * output_hash is what the receipt states, except in an opened answer: the receipt of a sealed job
 * has an HMAC, and the answer beside the output its SHA-256.
 */
static bool right_output_hash(const struct verify *v, const char *stated, struct span output)
{
    uint8_t hash[SHA256_DIGEST_LENGTH];
    char text[2 * sizeof hash + 1];
    if (!output.data || strcmp(stated, "output_hmac") != 0)
        return same_text(&v->outer, "output_hash", &v->claims, stated);
    if (!SHA256((const uint8_t *)output.data, output.size, hash))
        return false;
    hex_encode(text, hash, sizeof hash);
    return document_is(&v->outer, "output_hash", span_of(text));
}

/* Output and output_hash; an answer with encrypt_to shows the output only sealed. */
static enum verify_state check_output(struct verify *v, struct error_detail *detail)
{
    struct span output = {0}, hash, key;
    bool encrypted = document_get(&v->claims, "encrypt_to", &key);
    const char *stated =
        document_get(&v->claims, "output_sha256", &hash) ? "output_sha256" : "output_hmac";
    bool completed = document_get(&v->claims, stated, &hash);
    if (document_get(&v->outer, "output", &output) != (completed && !encrypted) ||
        (output.data && !verify_bytes_are(v, "output", output)))
        return fails(detail, REFUSAL_OUTPUT, "output");
    if (document_get(&v->outer, "output_hash", &hash) != completed ||
        (completed && !right_output_hash(v, stated, output)))
        return fails(detail, REFUSAL_OUTPUT, "output_hash");
    return VERIFY_PASSED;
}

enum verify_state verify_answer(struct verify *v, struct error_detail *detail)
{
    struct span value;
    if (v->source != VERIFY_ANSWER)
        return VERIFY_ABSENT;
    const struct row *other = first_other(&v->outer, &v->claims, answer_rows, ANSWER_ROWS);
    if (other)
        return fails(detail, other->refusal, other->name);
    bool encrypted = document_get(&v->claims, "encrypt_to", &value);
    if (!v->request->salt.data && v->has_salt == encrypted)
        return fails(detail, REFUSAL_ANSWER, "receipt_salt");
    if (check_output(v, detail) == VERIFY_FAILED)
        return VERIFY_FAILED;
    return verify_says(detail, VERIFY_PASSED, "every member that a receipt speaks of");
}

/* --- the bundle of GET /jobs/{id}/receipt --- */

/* The keys beside the receipt are not used: those in the claims are. They must be the same. */
static bool same_keys(const struct verify *v)
{
    const uint8_t *const right[] = {v->bundle.result_key, v->bundle.identity_key,
                                    v->bundle.previous_key};
    size_t most = v->bundle.has_previous ? 3 : 2, count = 0;
    struct span keys, rest, key;
    if (!document_get(&v->outer, "keys", &keys) || !json_array(keys, &rest))
        return false;
    for (; json_element(&rest, &key); count++)
        if (count == most || !bundle_is_jwk(key, right[count]))
            return false;
    return count >= 2;
}

enum verify_state verify_bundle(struct verify *v, struct error_detail *detail)
{
    struct span value;
    if (v->source != VERIFY_BUNDLE)
        return VERIFY_ABSENT;
    if (!same_text(&v->outer, "job_id", &v->claims, "jti"))
        return fails(detail, REFUSAL_JOB, "job_id");
    bool encrypted = document_get(&v->claims, "encrypt_to", &value);
    if (!v->request->salt.data && v->has_salt == encrypted) /* then it is in encrypted_output */
        return verify_refuses(detail, REFUSAL_MALFORMED, "salt is none");
    if (v->has_bundle && !same_keys(v))
        return verify_refuses(detail, REFUSAL_KEY, "the keys are not those of the claims");
    return verify_says(detail, VERIFY_PASSED, "what stands around the receipt fits it");
}

/* --- what no check looks at --- */

static bool is_covered(const struct verify *v, const char *name)
{
    bool of_bundle = v->source == VERIFY_BUNDLE;
    struct span sealed;
    /* A salt is checked by what is hashed under it. */
    if (strcmp(name, of_bundle ? "salt" : "receipt_salt") == 0)
        return v->request->user.data ||
               (document_get(&v->claims, "output_hmac", &sealed) && !of_bundle);
    if (strcmp(name, "encrypted_output") == 0)
        return v->request->opened;
    return of_bundle ? IS_ONE_OF(bundle_names, name) : is_of_answer(name);
}

const char *verify_uncovered(const struct verify *v, size_t *at)
{
    while (*at < v->outer.count) {
        const char *name = v->outer.members[(*at)++].name;
        if (!is_covered(v, name))
            return name;
    }
    return NULL;
}
