#include "protect/jws.h"

#include "base/encode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The key of RFC 8037, appendix A.1, and its thumbprint, A.3. */
static const char seed_hex[] = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
static const char thumbprint[] = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
static const char jwk[] = "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
                          "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}";

/* Appendix A.4: its payload, and its signature of 'header.payload' with {"alg":"EdDSA"}. */
static const char rfc_input[] = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
static const char rfc_signature[] =
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5"
    "BhVsPt9g7sVvpAr_MuM0KAg";

static struct jws_key rfc_key(void)
{
    uint8_t seed[JWS_SEED_SIZE];
    struct jws_key key;
    assert_int_equal(hex_decode(seed, sizeof seed, span_of(seed_hex)), 0);
    assert_int_equal(jws_key_derive(seed, &key), 0);
    return key;
}

static void the_rfc_s_key_and_thumbprint(void **state)
{
    (void)state;
    struct jws_key key = rfc_key();
    uint8_t read[JWS_PUBLIC_SIZE];
    assert_string_equal(key.kid, thumbprint);
    assert_int_equal(jws_read_jwk(span_of(jwk), read, NULL), 0);
    assert_memory_equal(read, key.public_key, sizeof read);
    struct buf out = BUF_INIT(1024);
    assert_int_equal(jws_write_jwk(&key, &out), 0);
    assert_int_equal(jws_read_jwk((struct span){out.data, out.size}, read, NULL), 0);
    assert_memory_equal(read, key.public_key, sizeof read);
    buf_done(&out);
    jws_key_done(&key);
}

static void the_rfc_s_signature(void **state)
{
    (void)state;
    struct jws_key key = rfc_key();
    struct buf signature = BUF_INIT(2 * JWS_SIGNATURE_SIZE);
    struct jws jws = {.typ = "neocompute-receipt+jwt", .signing_input = span_of(rfc_input)};
    assert_int_equal(base64url_decode(&signature, span_of(rfc_signature)), 0);
    memcpy(jws.signature, signature.data, JWS_SIGNATURE_SIZE);
    assert_int_equal(jws_verify(&jws, JWS_RECEIPT, key.public_key, NULL), 0);
    buf_done(&signature);
    jws_key_done(&key);
}

static void a_signature_verifies_and_any_change_is_seen(void **state)
{
    (void)state;
    struct jws_key key;
    struct buf text = BUF_INIT(4096);
    struct jws jws;
    assert_int_equal(jws_key_new(&key), 0);
    assert_int_equal(jws_sign(&key, JWS_RECEIPT, SPAN("{\"a\":1}"), &text), 0);
    struct span all = {text.data, text.size};
    assert_int_equal(jws_parse(all, &jws, NULL), 0);
    assert_string_equal(jws.kid, key.kid);
    assert_true(span_equal((struct span){jws.payload.data, jws.payload.size}, SPAN("{\"a\":1}")));
    assert_int_equal(jws_verify(&jws, JWS_RECEIPT, key.public_key, NULL), 0);
    jws_done(&jws);
    for (size_t at = 0; at < text.size; at++) {
        char kept = text.data[at];
        text.data[at] = kept == 'A' ? 'B' : 'A';
        if (jws_parse(all, &jws, NULL) == 0) {
            assert_int_equal(jws_verify(&jws, JWS_RECEIPT, key.public_key, NULL),
                             ERR_INVALID_FIELD);
            jws_done(&jws);
        }
        text.data[at] = kept;
    }
    buf_done(&text);
    jws_key_done(&key);
}

static void no_type_passes_for_another(void **state)
{
    (void)state;
    struct jws_key key;
    assert_int_equal(jws_key_new(&key), 0);
    for (int made = 0; made < JWS_TYPE_COUNT; made++)
        for (int wanted = 0; wanted < JWS_TYPE_COUNT; wanted++) {
            struct buf text = BUF_INIT(4096);
            struct jws jws;
            assert_int_equal(jws_sign(&key, made, SPAN("{}"), &text), 0);
            assert_int_equal(jws_parse((struct span){text.data, text.size}, &jws, NULL), 0);
            assert_int_equal(jws_verify(&jws, wanted, key.public_key, NULL) == 0, made == wanted);
            jws_done(&jws);
            buf_done(&text);
        }
    jws_key_done(&key);
}

/*
 * The attack: a caller hands in a receipt's signing input as a nonce, hoping that the signature
 * over the nonce is one over the receipt. What is signed is our own document with its own type.
 */
static void a_receipt_s_signing_input_as_a_nonce_gains_nothing(void **state)
{
    (void)state;
    struct jws_key key;
    struct buf forged = BUF_INIT(4096), payload = BUF_INIT(4096), text = BUF_INIT(8192);
    struct jws jws;
    char header[256];
    assert_int_equal(jws_key_new(&key), 0);
    snprintf(header, sizeof header, "{\"alg\":\"Ed25519\",\"kid\":\"%s\",\"typ\":\"%s\"}", key.kid,
             jws_type_name(JWS_RECEIPT));
    base64url_encode(&forged, header, strlen(header));
    buf_add_char(&forged, '.');
    base64url_encode(&forged, "{\"status\":\"completed\"}", 22);
    buf_addf(&payload, "{\"nonce\":\"%.*s\"}", (int)forged.size, forged.data);
    assert_int_equal(
        jws_sign(&key, JWS_FRESHNESS, (struct span){payload.data, payload.size}, &text), 0);
    assert_int_equal(jws_parse((struct span){text.data, text.size}, &jws, NULL), 0);
    jws.signing_input = (struct span){forged.data, forged.size};
    snprintf(jws.typ, sizeof jws.typ, "%s", jws_type_name(JWS_RECEIPT));
    assert_int_equal(jws_verify(&jws, JWS_RECEIPT, key.public_key, NULL), ERR_INVALID_FIELD);
    jws_done(&jws);
    buf_done(&forged);
    buf_done(&payload);
    buf_done(&text);
    jws_key_done(&key);
}

static void bad_headers_have_their_names(void **state)
{
    (void)state;
    static const struct {
        const char *header, *why;
    } table[] = {
        {"{\"alg\":\"none\",\"kid\":\"k\",\"typ\":\"t\"}", "algorithm"},
        {"{\"alg\":\"HS256\",\"kid\":\"k\",\"typ\":\"t\"}", "algorithm"},
        {"{\"alg\":[\"Ed25519\"],\"kid\":\"k\",\"typ\":\"t\"}", "algorithm"},
        {"{\"alg\":\"Ed25519\",\"alg\":\"none\",\"kid\":\"k\",\"typ\":\"t\"}", "JSON object"},
        {"{\"alg\":\"Ed25519\",\"kid\":\"k\",\"typ\":\"t\",\"crit\":[\"x\"]}", "critical"},
        {"{\"alg\":\"Ed25519\",\"kid\":\"k\",\"typ\":\"t\",\"b64\":false}", "base64url"},
        {"{\"alg\":\"Ed25519\",\"typ\":\"t\"}", "\"kid\""},
        {"{\"alg\":\"Ed25519\",\"kid\":\"k\"}", "\"typ\""},
        {"[1]", "JSON object"},
        {"{\"alg\":\"Ed25519\"", "JSON object"},
        {"", "JSON object"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct buf text = BUF_INIT(4096);
        struct jws jws;
        struct error_detail detail = {0};
        base64url_encode(&text, table[i].header, strlen(table[i].header));
        buf_add_str(&text, ".e30.");
        base64url_encode(&text, (uint8_t[JWS_SIGNATURE_SIZE]){0}, JWS_SIGNATURE_SIZE);
        assert_int_equal(jws_parse((struct span){text.data, text.size}, &jws, &detail),
                         ERR_INVALID_FIELD);
        if (!strstr(detail.message, table[i].why))
            fail_msg("%s: %s", table[i].header, detail.message);
        buf_done(&text);
    }
    static const char *const texts[] = {"", ".", "..", "a.b", "a.b.c.d", "a..", "e30.e30.e30"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct jws jws;
        assert_int_equal(jws_parse(span_of(texts[i]), &jws, NULL), ERR_INVALID_FIELD);
    }
}

static void bad_keys_are_refused(void **state)
{
    (void)state;
    static const char *const keys[] = {"",
                                       "[]",
                                       "{}",
                                       "{\"kty\":\"RSA\"}",
                                       "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AA\"}",
                                       "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"}",
                                       "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"
                                       "7TyWQHOg7hcvPapiMlrwIaaPcHURo\","
                                       "\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\"}"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        uint8_t read[JWS_PUBLIC_SIZE];
        assert_int_equal(jws_read_jwk(span_of(keys[i]), read, NULL), ERR_INVALID_FIELD);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rfc_s_key_and_thumbprint),
        cmocka_unit_test(the_rfc_s_signature),
        cmocka_unit_test(a_signature_verifies_and_any_change_is_seen),
        cmocka_unit_test(no_type_passes_for_another),
        cmocka_unit_test(a_receipt_s_signing_input_as_a_nonce_gains_nothing),
        cmocka_unit_test(bad_headers_have_their_names),
        cmocka_unit_test(bad_keys_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
