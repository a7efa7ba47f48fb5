/*
 * By whom a receipt was signed: the checks of the claims, of the identity that states them, of the
 * key, the signature and the path, and whether receipt and claims speak of the same service.
 */
#include "protect/verify_check.h"

#include "base/json_read.h"
#include <string.h>

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

enum verify_state verify_claims(struct verify *v, struct error_detail *detail)
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

enum verify_state verify_identity(struct verify *v, struct error_detail *detail)
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

enum verify_state verify_statement(struct verify *v, struct error_detail *detail)
{
    if (!v->has_bundle)
        return VERIFY_ABSENT;
    if (bundle_stated(&v->bundle, detail))
        return VERIFY_FAILED;
    return verify_says(detail, VERIFY_PASSED, "the identity states that the key is its own");
}

enum verify_state verify_evidence(struct verify *v, struct error_detail *detail)
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

enum verify_state verify_signature(struct verify *v, struct error_detail *detail)
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

enum verify_state verify_path(struct verify *v, struct error_detail *detail)
{
    if (!v->receipt.batched)
        return VERIFY_ABSENT;
    if (receipt_text_included(&v->receipt, detail))
        return VERIFY_FAILED;
    return verify_says(detail, VERIFY_PASSED, "it leads to the root that was signed");
}

/* --- do receipt and claims fit? --- */

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

enum verify_state verify_named(struct verify *v, struct error_detail *detail)
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

enum verify_state verify_validity(struct verify *v, struct error_detail *detail)
{
    if (!v->has_bundle)
        return VERIFY_ABSENT;
    if (bundle_in_force(&v->bundle, verify_number(v, "iat"), detail))
        return VERIFY_FAILED;
    return verify_says(detail, VERIFY_PASSED, "made while the key was in force");
}
