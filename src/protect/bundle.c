#include "protect/bundle.h"

#include "base/encode.h"
#include "base/json_read.h"
#include "protect/refusal.h"
#include <openssl/sha.h>
#include <string.h>

#define CONFIGURATION_MOST 256

bool bundle_is_jwk(struct span json, const uint8_t public_key[JWS_PUBLIC_SIZE])
{
    struct jws_key key = {0};
    struct document given, right;
    struct buf text = BUF_INIT(512);
    memcpy(key.public_key, public_key, JWS_PUBLIC_SIZE);
    bool same = jws_thumbprint(public_key, key.kid) == 0 && jws_write_jwk(&key, &text) == 0 &&
                document_read((struct span){text.data, text.size}, "", &right, NULL) == 0 &&
                document_read(json, "", &given, NULL) == 0 && given.count == right.count;
    for (size_t i = 0; same && i < right.count; i++) {
        struct span value;
        same = document_get(&given, right.members[i].name, &value) &&
               span_equal(value, right.members[i].value);
    }
    buf_done(&text);
    return same;
}

/* --- reading --- */

static int read_keys(struct bundle *b, struct error_detail *detail)
{
    struct span result, identity, previous;
    if (!document_get(&b->claims, "result_key", &result) ||
        !document_get(&b->claims, "identity_key", &identity))
        return refuse(detail, REFUSAL_MALFORMED, "the claims document has no keys");
    int r = jws_read_jwk(result, b->result_key, detail);
    if (!r)
        r = jws_read_jwk(identity, b->identity_key, detail);
    if (!r)
        r = jws_thumbprint(b->result_key, b->result_kid);
    b->has_previous = document_get(&b->document, "previous_identity_key", &previous);
    if (!r && b->has_previous)
        r = jws_read_jwk(previous, b->previous_key, detail);
    return r;
}

static int read_claims(struct bundle *b, struct error_detail *detail)
{
    uint8_t hash[SHA256_DIGEST_LENGTH];
    struct span text = {b->claims_text.data, b->claims_text.size};
    uint64_t version;
    if (!SHA256((const uint8_t *)text.data, text.size, hash))
        return ERR_INTERNAL;
    hex_encode(b->claims_sha256, hash, sizeof hash);
    if (!document_is(&b->document, "claims_sha256", span_of(b->claims_sha256)))
        return refuse(detail, REFUSAL_CLAIMS,
                      "the digest beside the claims document is not that of its bytes");
    int r = document_read(text, "the claims document", &b->claims, detail);
    if (r)
        return r;
    if (!document_is(&b->claims, "service", SPAN("neocompute")) ||
        !document_number(&b->claims, "version", &version) || version != 1)
        return refuse(detail, REFUSAL_VERSION,
                      "the claims document is none of this service, version 1");
    if (!document_number(&b->claims, "not_before", &b->not_before) ||
        !document_number(&b->claims, "not_after", &b->not_after))
        return refuse(detail, REFUSAL_MALFORMED,
                      "the claims document does not say how long its keys live");
    b->simulation = document_is(&b->claims, "tee", SPAN("none"));
    return read_keys(b, detail);
}

int bundle_read(struct span text, struct bundle *ret, struct error_detail *detail)
{
    struct bundle b = {.claims_text = BUF_INIT(BUNDLE_CLAIMS_MOST)};
    struct span identity;
    int r = document_read(text, "the attestation bundle", &b.document, detail);
    if (!r && !document_text(&b.document, "claims", &b.claims_text))
        r = refuse(detail, REFUSAL_MALFORMED, "there is no claims document, as a string");
    if (!r)
        r = read_claims(&b, detail);
    if (!r && (!document_get(&b.document, "identity_key", &identity) ||
               !bundle_is_jwk(identity, b.identity_key)))
        r = refuse(detail, REFUSAL_IDENTITY,
                   "the identity key beside the claims document is another than in it");
    if (r)
        bundle_done(&b);
    else
        *ret = b;
    return r;
}

void bundle_done(struct bundle *bundle)
{
    buf_done(&bundle->claims_text);
}

/* --- judging --- */

static bool same_key(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, JWS_PUBLIC_SIZE) == 0;
}

int bundle_pinned(const struct bundle *b, const struct bundle_policy *policy,
                  struct error_detail *detail)
{
    if (policy->claims_sha256 && strcmp(policy->claims_sha256, b->claims_sha256) != 0)
        return refuse(detail, REFUSAL_CLAIMS, "the claims are not the pinned ones");
    if (policy->identity_key && !same_key(policy->identity_key, b->identity_key) &&
        (!b->has_previous || !same_key(policy->identity_key, b->previous_key)))
        return refuse(detail, REFUSAL_IDENTITY, "no statement is by the pinned identity");
    return 0;
}

static int check_statement(const struct bundle *b, const struct jws *jws,
                           struct error_detail *detail)
{
    struct document statement;
    struct span key;
    uint64_t from, to;
    if (document_read((struct span){jws->payload.data, jws->payload.size}, "the key statement",
                      &statement, detail))
        return ERR_INVALID_FIELD;
    if (!document_is(&statement, "iss", SPAN("neocompute")) ||
        !document_is(&statement, "claims_sha256", span_of(b->claims_sha256)))
        return refuse(detail, REFUSAL_STATEMENT, "the key statement is about other claims");
    if (!document_get(&statement, "key", &key) || !bundle_is_jwk(key, b->result_key))
        return refuse(detail, REFUSAL_STATEMENT, "the key statement is about another key");
    if (!document_number(&statement, "iat", &from) || !document_number(&statement, "exp", &to) ||
        from != b->not_before || to != b->not_after)
        return refuse(detail, REFUSAL_STATEMENT,
                      "the key statement gives the key another life than the claims");
    return 0;
}

static int judge_statement(const struct bundle *b, const char *name, const uint8_t *identity,
                           struct error_detail *detail)
{
    struct buf text = BUF_INIT(2 * BUNDLE_CLAIMS_MOST);
    struct jws jws = {0};
    bool good = document_text(&b->document, name, &text) &&
                jws_parse((struct span){text.data, text.size}, &jws, NULL) == 0 &&
                jws_verify(&jws, JWS_KEY, identity, NULL) == 0;
    int r = good ? check_statement(b, &jws, detail)
                 : refuse(detail, REFUSAL_STATEMENT,
                          "the key statement is missing, or not the identity's");
    jws_done(&jws);
    buf_done(&text);
    return r;
}

int bundle_stated(const struct bundle *b, struct error_detail *detail)
{
    int r = judge_statement(b, "statement", b->identity_key, detail);
    return r || !b->has_previous
               ? r
               : judge_statement(b, "previous_statement", b->previous_key, detail);
}

int bundle_evidence(const struct bundle *b, const struct bundle_policy *policy,
                    struct error_detail *detail)
{
    struct document evidence;
    struct span value;
    if (!document_get(&b->document, "evidence", &value) ||
        document_read_inner(value, "the evidence", &evidence, NULL) || !b->simulation ||
        evidence.count != 1 || !document_is(&evidence, "type", SPAN("none")))
        return refuse(detail, REFUSAL_EVIDENCE,
                      "the evidence is not what the claims ask for, or of a kind that this program "
                      "cannot verify");
    if (!policy->allow_simulation)
        return refuse(detail, REFUSAL_SIMULATION,
                      "the claims say \"tee\":\"none\": nothing but the operator's word stands "
                      "behind them; --allow-simulation takes that");
    return 0;
}

int bundle_in_force(const struct bundle *b, uint64_t unix_s, struct error_detail *detail)
{
    if (unix_s + BUNDLE_CLOCK_SLACK_S < b->not_before)
        return refuse(detail, REFUSAL_VALIDITY, "the key was not yet valid then");
    if (unix_s > b->not_after + BUNDLE_CLOCK_SLACK_S)
        return refuse(detail, REFUSAL_VALIDITY, "the key had expired then");
    return 0;
}

int bundle_trust(const struct bundle *b, const struct bundle_policy *policy, uint64_t unix_s,
                 struct error_detail *detail)
{
    int r = bundle_pinned(b, policy, detail);
    if (!r)
        r = bundle_stated(b, detail);
    if (!r)
        r = bundle_evidence(b, policy, detail);
    return r ? r : bundle_in_force(b, unix_s, detail);
}

/* --- keys to seal to --- */

static bool is_of_kem(const struct buf *configuration, uint16_t kem)
{
    const uint8_t *bytes = (const uint8_t *)configuration->data;
    return configuration->size >= 3 && bytes[1] == kem >> 8 && bytes[2] == (kem & 0xff);
}

bool bundle_hpke_configuration(const struct bundle *b, uint16_t kem, struct buf *out)
{
    struct span keys, rest, element;
    struct document key;
    bool found = false;
    if (!document_get(&b->claims, "hpke_keys", &keys) || !json_array(keys, &rest))
        return false;
    while (!found && json_element(&rest, &element)) {
        struct buf encoded = BUF_INIT(CONFIGURATION_MOST);
        buf_reset(out);
        found = document_read_inner(element, "", &key, NULL) == 0 &&
                document_text(&key, "configuration", &encoded) &&
                base64url_decode(out, (struct span){encoded.data, encoded.size}) == 0 &&
                is_of_kem(out, kem);
        buf_done(&encoded);
    }
    return found;
}
