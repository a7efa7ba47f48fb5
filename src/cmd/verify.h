/*
 * `neocompute verify`, its parts: reading what the options name (verify.c), running the script
 * again (verify_replay.c), showing what came of it (verify_show.c). Inside cmd only.
 */
#ifndef NEOCOMPUTE_CMD_VERIFY_H
#define NEOCOMPUTE_CMD_VERIFY_H

#include "cmd/run_secrets.h"
#include "cmd/trust.h"
#include "protect/verify.h"

struct verify_options {
    struct trust_options trust;
    const char *bundle, *jwks;
    const char *key; /* opens an answer's encrypted_output, for output and salt */
    const char *script, *input, *output;
    const char *job, *nonce, *user, *salt, *entry;
    uint64_t max_age_ms; /* UINT64_MAX: any */
    bool replay, json;
    struct run_secrets secrets;
    int isolation;
};

/* Adds the row "replay" to the checks: the script runs again, in this program's engine. */
void verify_replay(const struct verify_options *options, struct run_secrets *secrets,
                   struct verify *verify);

/* Prints the checks for people, or as one JSON object. False if standard output is broken. */
bool verify_show(const struct verify *verify, bool json);

#endif
