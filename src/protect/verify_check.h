/*
 * What the checks of verify.c have in common. Inside protect only.
 */
#ifndef NEOCOMPUTE_PROTECT_VERIFY_CHECK_H
#define NEOCOMPUTE_PROTECT_VERIFY_CHECK_H

#include "protect/verify.h"

/* One check: its result, and in detail->message why. */
typedef enum verify_state verify_check_fn(struct verify *verify, struct error_detail *detail);

/* Fills detail->message and returns `state`, so that `return verify_says(...)` reads well. */
__attribute__((format(printf, 3, 4))) enum verify_state
verify_says(struct error_detail *detail, enum verify_state state, const char *format, ...);

/* The same for a check that failed: the name of the refusal goes to detail->field. */
__attribute__((format(printf, 3, 4))) enum verify_state
verify_refuses(struct error_detail *detail, enum refusal refusal, const char *format, ...);

/* Has the payload every member that a receipt has, each of its kind? Refuses as refusal.h
 * says. */
int verify_content(const struct document *claims, struct error_detail *detail);

/* Takes the salt from the request, or from beside the receipt. */
void verify_find_salt(struct verify *verify);

/*
 * Does the receipt state the hash of these bytes, or their HMAC under the salt (`what` is "script",
 * "input" or "output")? Bytes of a file may have one newline more at their end than what was sent.
 */
enum verify_state verify_bytes(struct verify *verify, const char *what, struct span bytes,
                               enum refusal refusal, struct error_detail *detail);

/* Does it show anything of what came of a job? Then it is an answer and judged as one, whatever
 * else is in it: an answer with a bundle put into it must not pass for a bundle, which shows
 * nothing. */
bool verify_has_result(const struct document *outer);

/* verify_signed.c: by whom it was signed, and under which claims. */
verify_check_fn verify_claims, verify_identity, verify_statement, verify_evidence, verify_signature,
    verify_path, verify_named, verify_validity;

/* Do the members of the bundle, or of the answer, say what the receipt says? */
verify_check_fn verify_bundle, verify_answer;

#endif
