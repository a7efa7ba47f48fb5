/*
 * The attestation bundle of GET /attestation, read by whoever does not trust the service: the
 * claims document with the keys, what the lasting identity states about them, and the evidence.
 *
 * Keys come from here and from nowhere else, and only after bundle_trust (or its parts) said yes.
 * All functions that return int refuse as refusal.h says.
 *
 * Life cycle: bundle_read -> bundle_trust -> use the keys -> bundle_done.
 */
#ifndef NEOCOMPUTE_PROTECT_BUNDLE_H
#define NEOCOMPUTE_PROTECT_BUNDLE_H

#include "protect/document.h"
#include "protect/jws.h"

#define BUNDLE_DIGEST_TEXT   65 /* hex of a SHA-256, with its NUL */
#define BUNDLE_CLAIMS_MOST   (64 * 1024)
#define BUNDLE_CLOCK_SLACK_S 60 /* a late rotation, and clocks that differ */

struct bundle {
    struct document document; /* what it was read from; borrowed */
    struct buf claims_text;   /* the claims document's bytes */
    struct document claims;
    char claims_sha256[BUNDLE_DIGEST_TEXT];
    uint8_t result_key[JWS_PUBLIC_SIZE], identity_key[JWS_PUBLIC_SIZE];
    char result_kid[JWS_KID_SIZE];
    bool has_previous; /* an identity before this one vouches too */
    uint8_t previous_key[JWS_PUBLIC_SIZE];
    uint64_t not_before, not_after; /* Unix time, s */
    bool simulation;                /* the claims say "tee":"none": only the operator vouches */
};

/* Reads a bundle whose digests and keys fit each other. That does not make it trustworthy yet.
 * `text` is borrowed until bundle_done. */
int bundle_read(struct span text, struct bundle *ret, struct error_detail *detail);
void bundle_done(struct bundle *bundle);

/* Whom the caller believes; all NULL and false: nobody. */
struct bundle_policy {
    const uint8_t *identity_key; /* pinned: JWS_PUBLIC_SIZE bytes */
    const char *claims_sha256;   /* pinned: hex, lower case */
    bool allow_simulation;       /* take claims for which no TEE vouches */
};

/* The parts of bundle_trust, in its order. What the policy does not ask for is right. */

/* Are claims and identity (the one in force, or the one before it) the pinned ones? */
int bundle_pinned(const struct bundle *bundle, const struct bundle_policy *policy,
                  struct error_detail *detail);

/* Does each identity in the bundle state that the result key is its own, with these claims? */
int bundle_stated(const struct bundle *bundle, struct error_detail *detail);

/* Does the evidence show what the claims say of the TEE, and does the policy take that? */
int bundle_evidence(const struct bundle *bundle, const struct bundle_policy *policy,
                    struct error_detail *detail);

/* Were the keys in force at that time? */
int bundle_in_force(const struct bundle *bundle, uint64_t unix_s, struct error_detail *detail);

/* All of them. */
int bundle_trust(const struct bundle *bundle, const struct bundle_policy *policy, uint64_t unix_s,
                 struct error_detail *detail);

/*
 * The key configuration (RFC 9458, section 3.1, without its length) of a KEM, from the claims.
 * False if the claims have none.
 */
bool bundle_hpke_configuration(const struct bundle *bundle, uint16_t kem, struct buf *out);

/* Is the JWK `json` just what the service writes for this key? */
bool bundle_is_jwk(struct span json, const uint8_t key[JWS_PUBLIC_SIZE]);

#endif
