/*
 * Why a proof is not believed: one table of names, which programs may act on. The same names stand
 * in tests/vectors and in the TypeScript client.
 *
 * A function that judges returns ERR_INVALID_FIELD, with the name in detail->field and a sentence
 * in detail->message.
 */
#ifndef NEOCOMPUTE_PROTECT_REFUSAL_H
#define NEOCOMPUTE_PROTECT_REFUSAL_H

#include "base/error.h"

/* X(symbol, name) */
#define REFUSALS(X)                                                                                \
    /* Of a receipt or a bundle. */                                                                \
    X(MALFORMED, "malformed")   /* not the shape */                                                \
    X(ALGORITHM, "algorithm")   /* `alg` is neither Ed25519 nor EdDSA */                           \
    X(CRITICAL, "critical")     /* the header has `crit` or `b64` */                               \
    X(TYPE, "type")             /* signed for another purpose */                                   \
    X(CLAIMS, "claims")         /* another claims document than was named or pinned */             \
    X(VERSION, "version")       /* of another service or version */                                \
    X(IDENTITY, "identity")     /* another identity than was pinned */                             \
    X(STATEMENT, "statement")   /* the identity did not state this key */                          \
    X(EVIDENCE, "evidence")     /* not what `tee` asks for, or of a kind that is not known */      \
    X(SIMULATION, "simulation") /* `tee` is none, and nobody allowed that */                       \
    X(KEY, "key")               /* signed by another key than the one in the claims */             \
    X(SIGNATURE, "signature")   /* the key did not sign this */                                    \
    X(PATH, "path")             /* the path does not lead to the signed root */                    \
    X(VALIDITY, "validity")     /* made outside the life of its key */                             \
    /* A good receipt, of something else than its holder says. */                                  \
    X(JOB, "job")                                                                                  \
    X(NONCE, "nonce")                                                                              \
    X(SCRIPT, "script")                                                                            \
    X(INPUT, "input")                                                                              \
    X(OUTPUT, "output")                                                                            \
    X(ENTRY_POINT, "entry_point")                                                                  \
    X(USER, "user")                                                                                \
    X(STATUS, "status")                                                                            \
    X(LIMITS, "limits")                                                                            \
    X(SECRETS, "secrets")       /* given other secrets than were asked for */                      \
    X(LABELS, "labels")         /* another app_id or script_name */                                \
    X(ENCRYPT_TO, "encrypt_to") /* encrypted to another key, or to none */                         \
    X(ANSWER, "answer")         /* another member of the answer around it */                       \
    X(AGE, "age")                                                                                  \
    X(REPLAY, "replay")

#define REFUSAL_SYMBOL(symbol, name) REFUSAL_##symbol,
enum refusal { REFUSALS(REFUSAL_SYMBOL) REFUSAL_COUNT };
#undef REFUSAL_SYMBOL

const char *refusal_name(enum refusal refusal);

/* Fills `detail` (which may be NULL) and returns ERR_INVALID_FIELD. */
__attribute__((format(printf, 3, 4))) int refuse(struct error_detail *detail, enum refusal refusal,
                                                 const char *format, ...);

#endif
