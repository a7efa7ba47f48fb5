/*
 * Whose keys a command believes: the options that pin them.
 */
#ifndef NEOCOMPUTE_CMD_TRUST_H
#define NEOCOMPUTE_CMD_TRUST_H

#include "cmd/options.h"
#include "protect/bundle.h"

struct trust_options {
    const char *identity_key, *claims_sha256;
    bool allow_simulation;
};
void option_add_trust(struct option_list *list, size_t offset);

struct trust {
    struct bundle_policy policy; /* points into this very struct */
    uint8_t identity_key[JWS_PUBLIC_SIZE];
    char claims_sha256[BUNDLE_DIGEST_TEXT];
};

/* Was any of them given? */
bool trust_asked(const struct trust_options *options);

/* Reads what the options name. ERR_USAGE, and why, in `detail`. */
int trust_read(const struct trust_options *options, struct trust *ret, struct error_detail *detail);

#endif
