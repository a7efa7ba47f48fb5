/*
 * The attack: bundles and receipts are put together of pieces of several boots of one service.
 * Every piece is real and signed, and the identity is the one that is pinned; only all of one boot
 * may pass.
 */
#include "base/encode.h"
#include "base/json_read.h"
#include "protect/document.h"
#include "protect/receipt.h"
#include "protect/verify.h"
#include "unit.h"

#define MASTER "0f1e2d3c4b5a69788796a5b4c3d2e1f00123456789abcdeffedcba9876543210"
#define BOOTS  3
#define NOW_S  1000u
#define MOST   16384

struct boot_pieces {
    struct keyring *keys;
    struct buf receipt;
};

static void make_receipt(struct boot_pieces *boot)
{
    static const uint8_t hash[RECEIPT_HASH_SIZE] = {1};
    struct buf payload = BUF_INIT(MOST);
    const struct receipt receipt = {.job_id = SPAN("01a2064b-9058-730d-8990-000000000000"),
                                    .subject = hash,
                                    .entry_point = SPAN("main"),
                                    .script_sha256 = hash,
                                    .input_sha256 = hash,
                                    .output_sha256 = hash,
                                    .gas_used = 1,
                                    .gas_limit = 64000,
                                    .memory_used = 1,
                                    .memory_limit = 64000,
                                    .started_unix_ms = NOW_S * 1000,
                                    .duration_us = 7,
                                    .timeout_ms = 9,
                                    .engine_digest = keyring_engine_digest(boot->keys),
                                    .isolation = keyring_isolation(boot->keys),
                                    .claims_sha256 = keyring_claims_digest(boot->keys),
                                    .issued_unix_s = NOW_S};
    boot->receipt = BUF_INIT(MOST);
    assert_int_equal(receipt_write(&receipt, &payload), 0);
    assert_int_equal(jws_sign(keyring_result_key(boot->keys), JWS_RECEIPT,
                              (struct span){payload.data, payload.size}, &boot->receipt, NULL),
                     0);
    buf_done(&payload);
}

static void make_boots(struct boot_pieces boots[BOOTS])
{
    static const char digest[] = "23cd5b66423fc8bd75e22c92c862a05ee93b57edac107e5be141969ab6e2a8bf";
    struct protect *protect;
    assert_int_equal(protect_new(MASTER, &protect, NULL), 0);
    const struct keyring_options options = {.protect = protect,
                                            .engine_digest = digest,
                                            .isolation = "{\"kind\":\"process\",\"properties\":[]}",
                                            .isolation_of_receipt =
                                                "{\"kind\":\"process\",\"level\":\"full\"}",
                                            .lifetime_ms = 60000,
                                            .now_unix_ms = NOW_S * 1000};
    for (int i = 0; i < BOOTS; i++) {
        assert_int_equal(keyring_new(&options, &boots[i].keys), 0);
        make_receipt(&boots[i]);
    }
    protect_free(protect);
}

/* Which boot each piece is of. */
struct pieces {
    int receipt, claims, digest, statement, jwks;
};

static struct span member(const struct boot_pieces *boot, const char *name)
{
    struct document bundle;
    struct span value;
    assert_int_equal(document_read(keyring_bundle(boot->keys), "", &bundle, NULL), 0);
    assert_true(document_get(&bundle, name, &value));
    return value;
}

static void add_member(struct buf *out, const char *name, struct span value)
{
    buf_addf(out, "%s\"%s\":%.*s", out->size > 1 ? "," : "", name, (int)value.size, value.data);
}

static void put_together(const struct boot_pieces boots[BOOTS], const struct pieces *of,
                         struct buf *out)
{
    buf_add_char(out, '{');
    add_member(out, "claims", member(&boots[of->claims], "claims"));
    add_member(out, "claims_sha256", member(&boots[of->digest], "claims_sha256"));
    add_member(out, "evidence", member(&boots[0], "evidence"));
    add_member(out, "identity_key", member(&boots[0], "identity_key"));
    add_member(out, "statement", member(&boots[of->statement], "statement"));
    buf_add_char(out, '}');
}

/* The first refusal in the order in which things are judged. */
static const char *expected_refusal(const struct pieces *of)
{
    if (of->digest != of->claims)
        return "claims"; /* the document has another digest */
    if (of->statement != of->claims)
        return "statement";
    if (of->jwks != of->receipt || of->claims != of->receipt)
        return "key";
    return "";
}

static void judge(const struct boot_pieces boots[BOOTS], const struct pieces *of)
{
    static struct verify verify;
    struct buf bundle = BUF_INIT(MOST);
    put_together(boots, of, &bundle);
    const struct buf *receipt = &boots[of->receipt].receipt;
    const struct verify_request request = {
        .text = {receipt->data, receipt->size},
        .bundle = {bundle.data, bundle.size},
        .jwks = keyring_jwks(boots[of->jwks].keys),
        .policy = {.identity_key = keyring_identity(boots[0].keys)->public_key,
                   .allow_simulation = true},
        .max_age_s = VERIFY_ANY_AGE,
        .now_unix_s = NOW_S,
    };
    verify_run(&request, &verify);
    const char *expected = expected_refusal(of);
    enum verify_state verdict = *expected ? VERIFY_FAILED : VERIFY_PASSED;
    if (verify_verdict(&verify) != verdict || strcmp(verify_refusal(&verify), expected) != 0) {
        for (size_t i = 0; i < verify.count; i++)
            print_message("%s %s [%s]: %s\n", verify_state_name(verify.checks[i].state),
                          verify.checks[i].name, verify.checks[i].refusal, verify.checks[i].text);
        fail_msg("receipt %d, claims %d, digest %d, statement %d, key set %d: \"%s\"", of->receipt,
                 of->claims, of->digest, of->statement, of->jwks, expected);
    }
    verify_done(&verify);
    buf_done(&bundle);
}

static void pieces_of_several_boots_never_pass(void **state)
{
    (void)state;
    enum { PIECES = 5, MIXTURES = 243 }; /* BOOTS to the power of PIECES */
    struct boot_pieces boots[BOOTS];
    make_boots(boots);
    for (int mixture = 0; mixture < MIXTURES; mixture++) {
        int of[PIECES], rest = mixture;
        for (int i = 0; i < PIECES; i++, rest /= BOOTS)
            of[i] = rest % BOOTS;
        judge(boots, &(struct pieces){of[0], of[1], of[2], of[3], of[4]});
    }
    for (int i = 0; i < BOOTS; i++) {
        keyring_release(boots[i].keys);
        buf_done(&boots[i].receipt);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_of_several_boots_never_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
