#include "cmd/trust.h"

#include "base/encode.h"
#include "cmd/file.h"

#define KEY_FILE_MOST 4096

void option_add_trust(struct option_list *list, size_t offset)
{
    option_add(list, (struct args_option){"identity-key", "FILE",
                                          "the service's identity that you trust, as a JWK", NULL,
                                          args_set_text,
                                          offset + offsetof(struct trust_options, identity_key)});
    option_add(list, (struct args_option){"claims-sha256", "HEX",
                                          "the digest of the claims document that you trust", NULL,
                                          args_set_text,
                                          offset + offsetof(struct trust_options, claims_sha256)});
    option_add(list, (struct args_option){
                         "allow-simulation", NULL, "take claims that say \"tee\":\"none\"", NULL,
                         args_set_flag, offset + offsetof(struct trust_options, allow_simulation)});
}

static int read_identity(const char *file, struct trust *trust, struct error_detail *detail)
{
    struct buf text = BUF_INIT(KEY_FILE_MOST + 1);
    struct error_detail why = {0};
    int r = file_read(file, &text, detail);
    if (!r && jws_read_jwk((struct span){text.data, text.size}, trust->identity_key, &why))
        r = error_set(detail, ERR_USAGE, file,
                      "%.300s. It must be the identity of the service, as a JWK: \"identity_key\" "
                      "of GET /attestation",
                      why.message);
    buf_done(&text);
    return r;
}

bool trust_asked(const struct trust_options *options)
{
    return options->identity_key || options->claims_sha256 || options->allow_simulation;
}

int trust_read(const struct trust_options *options, struct trust *ret, struct error_detail *detail)
{
    uint8_t digest[(BUNDLE_DIGEST_TEXT - 1) / 2];
    ret->policy = (struct bundle_policy){.allow_simulation = options->allow_simulation};
    if (options->claims_sha256) {
        struct span text = span_of(options->claims_sha256);
        if (hex_decode(digest, sizeof digest, text))
            return error_set(detail, ERR_USAGE, "--claims-sha256", "must be 64 hex digits");
        hex_encode(ret->claims_sha256, digest, sizeof digest); /* lower case */
        ret->policy.claims_sha256 = ret->claims_sha256;
    }
    if (!options->identity_key)
        return 0;
    ret->policy.identity_key = ret->identity_key;
    return read_identity(options->identity_key, ret, detail);
}
