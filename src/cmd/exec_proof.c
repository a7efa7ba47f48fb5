#include "cmd/exec_proof.h"

#include "base/clock.h"
#include "base/encode.h"
#include "cmd/outcome.h"
#include "protect/envelope.h"
#include "protect/refusal.h"
#include "protect/verify.h"
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#define MS_PER_S    1000
#define URL_BYTES   4096
#define BUNDLE_MOST (256 * 1024)
#define NONCE_BYTES 16

static uint64_t now_s(void)
{
    return clock_unix_ms() / MS_PER_S;
}

/* --- the claims --- */

/* GET /attestation, or of the claims with this digest. */
static int fetch_bundle(const struct client_options *client, const char *digest, struct buf *ret,
                        struct error_detail *detail)
{
    char url[URL_BYTES];
    size_t size = strlen(client->server);
    while (size > 0 && client->server[size - 1] == '/')
        size--;
    snprintf(url, sizeof url, "%.*s/attestation%s%s", (int)size, client->server, digest ? "/" : "",
             digest ? digest : "");
    *ret = BUF_INIT(BUNDLE_MOST);
    return client_fetch(url, ret, detail);
}

static int make_nonce(char ret[PROOF_NONCE_TEXT])
{
    uint8_t bytes[NONCE_BYTES];
    struct buf text = BUF_INIT(2 * NONCE_BYTES);
    int r = RAND_bytes(bytes, sizeof bytes) == 1 ? base64url_encode(&text, bytes, sizeof bytes)
                                                 : ERR_INTERNAL;
    if (!r)
        snprintf(ret, PROOF_NONCE_TEXT, "%.*s", (int)text.size, text.data);
    buf_done(&text);
    return r;
}

static int take_bundle(struct proof *proof, const struct client_options *client,
                       struct error_detail *detail)
{
    bundle_done(&proof->bundle);
    buf_done(&proof->text);
    proof->bundle = (struct bundle){0};
    int r = fetch_bundle(client, NULL, &proof->text, detail);
    if (!r)
        r = bundle_read((struct span){proof->text.data, proof->text.size}, &proof->bundle, detail);
    if (!r)
        r = bundle_trust(&proof->bundle, &proof->trust.policy, now_s(), detail);
    /* Not our caller's mistake, but the service's, or of somebody in between. */
    if (r == ERR_INVALID_FIELD)
        r = detail->code = ERR_PROTOCOL;
    return r;
}

int proof_fetch(const struct client_options *client, const struct trust_options *options,
                struct proof *ret, struct error_detail *detail)
{
    if (!trust_asked(options))
        return error_set(detail, ERR_USAGE, "--sealed",
                         "takes --identity-key FILE or --claims-sha256 HEX, and --allow-simulation "
                         "where no TEE is");
    int r = trust_read(options, &ret->trust, detail);
    if (!r)
        r = make_nonce(ret->nonce);
    return r ? r : take_bundle(ret, client, detail);
}

void proof_done(struct proof *proof)
{
    bundle_done(&proof->bundle);
    buf_done(&proof->text);
}

/* --- the call --- */

static int seal(const struct proof *proof, struct span body, struct buf *out,
                struct envelope_reply *reply, struct error_detail *detail)
{
    struct buf configuration = BUF_INIT(256);
    struct envelope_key key;
    struct envelope_sender sender = {0};
    int r =
        bundle_hpke_configuration(&proof->bundle, HPKE_KEM_X25519, &configuration)
            ? envelope_key_read((struct span){configuration.data, configuration.size}, &key, detail)
            : error_set(detail, ERR_PROTOCOL, "", "the claims have no key to seal to");
    if (!r)
        r = envelope_sender_init(&key, &sender);
    if (!r)
        r = envelope_seal(&sender, SPAN("POST /execute"), body, out, reply);
    if (r && detail->code == 0)
        error_set(detail, r, "", "%s", error_text(r));
    envelope_sender_done(&sender);
    buf_done(&configuration);
    return r;
}

/* What the service answered, out of its envelope: its body, if the status in there is good. */
static int open_answer(const struct envelope_reply *reply, const struct client_answer *answer,
                       struct buf *ret, struct error_detail *detail)
{
    struct buf text = BUF_INIT(CLIENT_ANSWER_BYTES);
    char job_id[ENVELOPE_JOB_ID_SIZE + 1];
    struct document document;
    struct span body;
    uint32_t sequence;
    uint64_t status;
    int r = 0;
    if (strcmp(answer->type, ENVELOPE_RESPONSE_TYPE) != 0 ||
        envelope_read(reply, (struct span){answer->body.data, answer->body.size}, &text, job_id,
                      &sequence) ||
        document_read((struct span){text.data, text.size}, "the answer", &document, NULL) ||
        !document_number(&document, "status", &status) || !document_get(&document, "body", &body))
        r = error_set(detail, ERR_PROTOCOL, "", "the answer is not sealed to this request");
    else if (status >= 200 && status < 300)
        r = buf_add(ret, body.data, body.size);
    else
        r = client_problem((long)status, body, detail);
    buf_wipe(&text);
    return r;
}

static int call_once(struct proof *proof, const struct client_options *client, struct span body,
                     struct buf *ret, struct error_detail *detail)
{
    struct client_extra extra = {.content_type = ENVELOPE_REQUEST_TYPE};
    struct buf sealed = BUF_INIT(CLIENT_ANSWER_BYTES);
    struct envelope_reply reply = {0};
    struct client_answer answer = {0};
    int r = seal(proof, body, &sealed, &reply, detail);
    if (!r)
        r = client_call_with(client, "POST", "/execute", (struct span){sealed.data, sealed.size},
                             &extra, &answer, detail);
    if (!r)
        r = open_answer(&reply, &answer, ret, detail);
    envelope_done(&reply);
    client_answer_done(&answer);
    buf_done(&sealed);
    return r;
}

int proof_call(struct proof *proof, const struct client_options *client, struct span body,
               struct buf *ret, struct error_detail *detail)
{
    int r = call_once(proof, client, body, ret, detail);
    if (r != ERR_SEALED_KEY_UNKNOWN)
        return r;
    /* The keys may just have been changed. That is a reason to verify again, not to believe. */
    r = take_bundle(proof, client, detail);
    return r ? r : call_once(proof, client, body, ret, detail);
}

/* --- the receipt --- */

static void show_failed(const struct verify *v)
{
    struct buf line = BUF_INIT(1024);
    for (size_t i = 0; i < v->count; i++)
        if (v->checks[i].state == VERIFY_FAILED || v->checks[i].state == VERIFY_UNDECIDED) {
            buf_reset(&line);
            buf_addf(&line, "%-9s  %-13s  %s\n", verify_state_name(v->checks[i].state),
                     v->checks[i].name, v->checks[i].text);
            outcome_text(stderr, (struct span){line.data, line.size});
        }
    buf_done(&line);
}

/* Keys that were changed while the job ran: the receipt names other claims, of the same service. */
static bool other_claims(const struct client_options *client, const struct verify *v,
                         struct buf *ret)
{
    uint8_t digest[32];
    char text[2 * sizeof digest + 1];
    struct error_detail ignored;
    if ((strcmp(verify_refusal(v), "key") != 0 && strcmp(verify_refusal(v), "claims") != 0) ||
        !document_hex(&v->claims, "claims_sha256", digest, sizeof digest))
        return false;
    hex_encode(text, digest, sizeof digest);
    return fetch_bundle(client, text, ret, &ignored) == 0;
}

/*
 * The user needs the salt, and so does the input of a sealed job: what only the recipient of
 * encrypt_to opens. `neocompute verify --key` checks them then.
 */
static struct verify_request make_request(const struct proof *proof,
                                          const struct client_options *client, struct span answer,
                                          const struct proof_asked *asked)
{
    const struct script *script = asked->script;
    bool salted = !asked->fields->encrypt_to;
    struct verify_request request = {
        .text = answer,
        .bundle = {proof->text.data, proof->text.size},
        .policy = proof->trust.policy,
        .script = {script->text.data, script->text.size},
        .entry = span_of(asked->entry ? asked->entry : "main"),
        .nonce = span_of(asked->fields->nonce ? asked->fields->nonce : proof->nonce),
        .max_age_s = VERIFY_ANY_AGE,
        .now_unix_s = now_s(),
    };
    if (salted)
        request.user = span_of(client->user); /* NULL: whoever the gateway says it is */
    if (salted || !asked->sealed)
        request.input = (struct span){script->input.data, script->input.size};
    return request;
}

int proof_check(struct proof *proof, const struct client_options *client, struct span answer,
                const struct proof_asked *asked, struct error_detail *detail)
{
    static struct verify v;
    struct buf other = {0};
    struct verify_request request = make_request(proof, client, answer, asked);
    verify_run(&request, &v);
    if (other_claims(client, &v, &other)) {
        request.bundle = (struct span){other.data, other.size};
        verify_done(&v);
        verify_run(&request, &v);
    }
    if (v.count > 0 && v.source != VERIFY_ANSWER)
        verify_add(&v, "form", VERIFY_FAILED, REFUSAL_MALFORMED, "a receipt, but not an answer");
    if (verify_verdict(&v) == VERIFY_PASSED)
        exec_fields_check(asked->fields, &v);
    bool verified = verify_verdict(&v) == VERIFY_PASSED;
    if (!verified)
        show_failed(&v);
    else if (v.bundle.simulation)
        fputs("SIMULATION: no TEE stands behind this answer, only whoever runs the service.\n",
              stderr);
    verify_done(&v);
    buf_done(&other);
    return verified ? 0
                    : error_set(detail, ERR_PROTOCOL, "receipt",
                                "it does not prove this answer, which is not shown");
}
