/*
 * `neocompute verify --replay`: the script on the same input, in this program's engine, under the
 * limits of the receipt. What a job ends with is a function of script, input, secrets and limits
 * unless it saw a clock, chance or a timer, or something outside ended it; then nothing is decided.
 */
#include "base/encode.h"
#include "base/json_read.h"
#include "cmd/local_job.h"
#include "cmd/verify.h"
#include "engine/engine.h"
#include "protect/receipt.h"
#include <inttypes.h>
#include <openssl/sha.h>
#include <string.h>

#define REPLAY           "replay"
#define ENTRY_POINT_MOST 512 /* bytes */

/* Did something end the job that is no part of the job? */
static bool ended_from_outside(const struct document *receipt)
{
    static const int inside[] = {
        ERR_SCRIPT_ERROR,     ERR_ENTRY_POINT_MISSING, ERR_NEVER_SETTLED, ERR_OUTPUT_INVALID,
        ERR_OUTPUT_TOO_LARGE, ERR_INPUT_INVALID,       ERR_GAS_EXHAUSTED, ERR_MEMORY_EXCEEDED,
        ERR_STACK_OVERFLOW,   ERR_SECRET_LEAK,
    };
    struct span code;
    if (!document_get(receipt, "error_code", &code))
        return false;
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++)
        if (document_is(receipt, "error_code", span_of(error_name(inside[i]))))
            return false;
    return true;
}

static bool is_passed(const struct verify *v, const char *check)
{
    for (size_t i = 0; i < v->count; i++)
        if (strcmp(v->checks[i].name, check) == 0)
            return v->checks[i].state == VERIFY_PASSED;
    return false;
}

/* Absent input was {}: then nothing has to be given. */
static bool is_empty_input(const struct document *receipt)
{
    uint8_t hash[SHA256_DIGEST_LENGTH];
    char text[2 * sizeof hash + 1];
    SHA256((const uint8_t *)"{}", 2, hash);
    hex_encode(text, hash, sizeof hash);
    return document_is(receipt, "input_sha256", span_of(text));
}

/* The name of every secret in the receipt has a file; how many there are. False if one has none. */
static bool has_secrets(const struct verify *v, const struct run_secrets *given)
{
    struct span array, rest, element;
    struct document secret;
    size_t count = 0;
    if (!document_get(&v->claims, "secrets", &array) || !json_array(array, &rest))
        return false;
    for (; json_element(&rest, &element); count++) {
        bool found = false;
        if (document_read_inner(element, "", &secret, NULL))
            return false;
        for (size_t i = 0; i < given->count && !found; i++) {
            struct span name = {given->given[i], strcspn(given->given[i], "=")};
            found = verify_names_secret(v, &secret, name);
        }
        if (!found)
            return false;
    }
    return count == given->count;
}

/* Why nothing can be decided; NULL if it can. */
static const char *obstacle(const struct verify *v, const struct run_secrets *secrets)
{
    struct span used, rest, element;
    if (v->claims.count == 0 || !is_passed(v, "content"))
        return "there is no receipt to compare with";
    if (!document_get(&v->claims, "nondeterminism", &used) || !json_array(used, &rest) ||
        json_element(&rest, &element))
        return "the job used what never comes again the same (nondeterminism is not empty)";
    if (!document_is(&v->claims, "engine_digest", span_of(engine_digest())))
        return "the receipt is of another engine than this program has (neocompute --version)";
    if (ended_from_outside(&v->claims))
        return "something outside ended the job (its error_code says what)";
    if (!is_passed(v, "script"))
        return "it takes --script F, and just the script of the receipt";
    if (!is_passed(v, "input") && (v->request->input.data || !is_empty_input(&v->claims)))
        return "it takes --input F, and just the input of the receipt";
    if (!has_secrets(v, secrets))
        return "it takes --secret-file NAME=PATH for each secret of the receipt, and for no other";
    return NULL;
}

/* The part of a file that the receipt has the hash of: without its last newline, maybe. */
static struct span stated_bytes(const struct verify *v, const char *what, struct span bytes)
{
    if (!verify_bytes_are(v, what, bytes) && bytes.size > 0)
        bytes.size--;
    return bytes;
}

/* Figures are rounded where a secret was pinned. */
static bool has_pinned(const struct verify *v)
{
    struct span rounded;
    return document_get(&v->claims, "rounded", &rounded);
}

static void compare(struct verify *v, const struct exec_result *result)
{
    uint64_t gas = result->gas_used, stated = verify_number(v, "gas_used");
    struct span output = {result->output.data, result->output.size};
    const char *status = result->code ? "failed" : "completed";
    if (has_pinned(v))
        gas = receipt_round(gas, verify_number(v, "gas_limit"));
    if (result->code == ERR_TIMEOUT || result->code == ERR_CANCELLED)
        verify_add(v, REPLAY, VERIFY_UNDECIDED, REFUSAL_REPLAY,
                   "here it was ended before its end: %s", error_name(result->code));
    else if (!document_is(&v->claims, "status", span_of(status)) ||
             (result->code &&
              !document_is(&v->claims, "error_code", span_of(error_name(result->code)))))
        verify_add(v, REPLAY, VERIFY_FAILED, REFUSAL_REPLAY, "run again, it ends otherwise: %s",
                   result->code ? error_name(result->code) : status);
    else if (!result->code && !verify_bytes_are(v, "output", output))
        verify_add(v, REPLAY, VERIFY_FAILED, REFUSAL_REPLAY,
                   "run again, another output comes of it");
    else if (gas != stated)
        verify_add(v, REPLAY, VERIFY_FAILED, REFUSAL_REPLAY,
                   "run again, it takes %" PRIu64 " gas, and the receipt states %" PRIu64, gas,
                   stated);
    else
        verify_add(v, REPLAY, VERIFY_PASSED, REFUSAL_REPLAY,
                   "run again, it ends the same: %s, %" PRIu64 " gas",
                   result->code ? error_name(result->code) : status, gas);
}

static struct local_job make_job(const struct verify *v, const struct verify_options *options,
                                 const struct limits *limits, struct span entry)
{
    struct span input = v->request->input.data ? v->request->input : SPAN("{}");
    return (struct local_job){
        .request = {.script = stated_bytes(v, "script", v->request->script),
                    .entry_point = entry,
                    .input = stated_bytes(v, "input", input),
                    .timeout_ms = verify_number(v, "timeout_ms"),
                    .gas_limit = verify_number(v, "gas_limit"),
                    .memory_limit = verify_number(v, "memory_limit")},
        .limits = limits,
        .isolation = option_isolation(options->isolation),
    };
}

static int run(const struct verify_options *options, struct run_secrets *secrets, struct verify *v,
               struct span entry, struct exec_result *ret, struct error_detail *detail)
{
    struct limits limits;
    limits_init(&limits);
    /* What a service took may be larger than what is standard here. */
    limits.value[LIMIT_SCRIPT_BYTES] = limit_table[LIMIT_SCRIPT_BYTES].most;
    limits.value[LIMIT_INPUT_BYTES] = limit_table[LIMIT_INPUT_BYTES].most;
    struct local_job job = make_job(v, options, &limits, entry);
    secrets->guard_in_pieces = has_pinned(v);
    int r = local_job_prepare(&job, detail);
    if (!r)
        r = run_secrets_read(secrets, detail);
    if (r)
        return r;
    run_secrets_put(secrets, &job.request);
    /* The owner may have let the secrets out; a leak that ended the job ends it here too. */
    if (!document_is(&v->claims, "error_code", span_of(error_name(ERR_SECRET_LEAK))))
        job.request.output_guard = NULL;
    return local_job_run(&job, ret, detail);
}

void verify_replay(const struct verify_options *options, struct run_secrets *secrets,
                   struct verify *v)
{
    struct buf entry = BUF_INIT(ENTRY_POINT_MOST);
    struct exec_result result = {0};
    struct error_detail detail = {0};
    const char *why = obstacle(v, secrets);
    if (why) {
        verify_add(v, REPLAY, VERIFY_UNDECIDED, REFUSAL_REPLAY, "%s", why);
        return;
    }
    document_text(&v->claims, "entry_point", &entry);
    if (run(options, secrets, v, (struct span){entry.data, entry.size}, &result, &detail))
        verify_add(v, REPLAY, VERIFY_UNDECIDED, REFUSAL_REPLAY, "it cannot run here: %s",
                   detail.message);
    else
        compare(v, &result);
    local_job_result_done(&result);
    run_secrets_done(secrets);
    buf_done(&entry);
}
