/*
 * Judging a receipt without asking anybody: a table of checks over a receipt, over the bundle of
 * GET /jobs/{id}/receipt, or over the whole answer to a request, with what its holder has beside it
 * (script, input, output, pinned keys). No input, no output, no clock of its own.
 *
 * Life cycle: verify_run -> read `checks`, verify_verdict -> verify_done.
 */
#ifndef NEOCOMPUTE_PROTECT_VERIFY_H
#define NEOCOMPUTE_PROTECT_VERIFY_H

#include "protect/bundle.h"
#include "protect/receipt_text.h"
#include "protect/refusal.h"

#define VERIFY_SALT_SIZE 32
#define VERIFY_ROWS_MOST 32
#define VERIFY_ANY_AGE   UINT64_MAX

enum verify_state {
    VERIFY_PASSED,
    VERIFY_FAILED,
    VERIFY_UNDECIDED, /* it must be made, and something for it is missing */
    VERIFY_NOT_MADE,  /* nobody asked for it; the text says what would */
    VERIFY_ABSENT,    /* it has no meaning for this receipt: no row */
};

/* "passed", "failed", "undecided", "not made" */
const char *verify_state_name(enum verify_state state);

struct verify_check {
    const char *name; /* one word or two, static */
    enum verify_state state;
    char refusal[16]; /* of a check that failed: a name of refusal.h */
    char text[512];   /* UTF-8 of our own and hex; nothing that the receipt's maker chose */
};

/* What is to be judged, and by what. Spans are borrowed; one whose data is NULL was not given. */
struct verify_request {
    struct span text;   /* a receipt, a bundle with one, or an answer with one */
    struct span bundle; /* of /attestation, or one with a receipt */
    struct span jwks;   /* a key set, or one JWK */
    struct bundle_policy policy;
    struct span script, input, output; /* their bytes */
    bool opened; /* output and salt come out of the answer's encrypted_output */
    struct span job, nonce, user, entry;
    struct span salt;   /* base64url; in place of the one beside the receipt */
    uint64_t max_age_s; /* VERIFY_ANY_AGE: as old as it may be */
    uint64_t now_unix_s;
};

enum verify_source { VERIFY_BARE, VERIFY_BUNDLE, VERIFY_ANSWER };

/* Everything is owned, or borrowed from the request. */
struct verify {
    const struct verify_request *request;
    enum verify_source source;
    struct document outer; /* the bundle or the answer; empty for a bare receipt */
    struct buf receipt_text;
    struct receipt_text receipt;
    struct document claims; /* of the receipt: its payload */
    bool has_bundle;
    struct bundle bundle;
    bool has_salt;
    uint8_t salt[VERIFY_SALT_SIZE];
    struct verify_check checks[VERIFY_ROWS_MOST];
    size_t count;
};

/* Makes all checks; whatever goes wrong stands in them. Ends with verify_done in any case. */
void verify_run(const struct verify_request *request, struct verify *ret);
void verify_done(struct verify *verify);

/* Adds the row of a check that was made elsewhere; `refusal` is its name if it failed. */
__attribute__((format(printf, 5, 6))) void verify_add(struct verify *verify, const char *name,
                                                      enum verify_state state, enum refusal refusal,
                                                      const char *format, ...);

/* VERIFY_FAILED if a check failed, else VERIFY_UNDECIDED if one is, else VERIFY_PASSED. */
enum verify_state verify_verdict(const struct verify *verify);

/* The refusal of the first check that failed; "" if none did. */
const char *verify_refusal(const struct verify *verify);

/* For who compares something else with the receipt, after verify_run found its "content" right. */

/* A number of the payload that every receipt has. */
uint64_t verify_number(const struct verify *verify, const char *name);

/* Does the receipt state just these bytes as "script", "input" or "output": their SHA-256, or their
 * HMAC under the salt? */
bool verify_bytes_are(const struct verify *verify, const char *what, struct span bytes);

/* Does an element of the receipt's "secrets" name this secret, plainly or by HMAC? */
bool verify_names_secret(const struct verify *verify, const struct document *secret,
                         struct span name);

/* The members of the answer or bundle of which no check says anything: names, one a call from
 * *at = 0 on; NULL at the end. Chosen by a stranger. Borrowed. */
const char *verify_uncovered(const struct verify *verify, size_t *at);

#endif
