#include "protect/recipient.h"

#include "base/encode.h"
#include "unit.h"

#define JOB_ID SPAN("01a2064b-9058-730d-8990-399dd4ca24e2")
#define INFO   SPAN("neocompute encrypted output")

/* RFC 7748, section 6.1: Bob's key. */
#define PRIVATE "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"
#define X       "3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08"
#define JWK     "{\"kty\":\"OKP\", \"crv\":\"X25519\", \"x\":\"" X "\"}"

static void opens_at_the_other_end(void **state)
{
    const struct span keys[] = {SPAN("\"" X "\""), SPAN(JWK)};
    uint8_t room[32];
    EVP_PKEY *mine;
    assert_int_equal(hex_decode(room, sizeof room, SPAN(PRIVATE)), 0);
    assert_int_equal(
        hpke_key_import(HPKE_KEM_X25519, (struct span){(char *)room, sizeof room}, &mine), 0);
    for (int i = 0; i < 2; i++) {
        struct recipient recipient;
        struct hpke_context context;
        struct buf sealed = BUF_INIT(4096), text = BUF_INIT(4096);
        assert_int_equal(recipient_read(keys[i], &recipient, NULL), 0);
        assert_int_equal(recipient_seal(&recipient, JOB_ID, SPAN("{\"output\":{}}"), &sealed), 0);
        assert_int_equal(sealed.size, RECIPIENT_FRAME + 13);
        struct span enc = {sealed.data, RECIPIENT_ENC_SIZE};
        struct span rest = {sealed.data + enc.size, sealed.size - enc.size};
        assert_int_equal(hpke_setup_receiver(HPKE_KEM_X25519, mine, enc, INFO, &context), 0);
        assert_int_equal(hpke_open(&context, 0, SPAN("another job"), rest, &text),
                         ERR_INVALID_FIELD);
        assert_int_equal(hpke_open(&context, 0, JOB_ID, rest, &text), 0);
        assert_bytes(text, "{\"output\":{}}");
        recipient_done(&recipient);
        buf_done(&sealed);
        buf_done(&text);
    }
    EVP_PKEY_free(mine);
}

/* SHA-256 of {"crv":"X25519","kty":"OKP","x":"..."}, made with the tools of RFC 7638's readers:
 * printf | openssl dgst -sha256 -binary | basenc --base64url */
static void thumbprint_of_rfc_7638(void **state)
{
    struct recipient recipient;
    assert_int_equal(recipient_read(SPAN(JWK), &recipient, NULL), 0);
    assert_string_equal(recipient.thumbprint, "giQqigT_IKcuzHl0FVJ3k5ts3_TWNAxvsC08UZsfcM8");
    recipient_done(&recipient);
}

static void keys_that_are_none(void **state)
{
    static const char *const bad[] = {
        "",
        "null",
        "7",
        "[]",
        "{}",
        "\"\"",
        "\"" X "A\"",
        "\"" X "=\"",
        "\"3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08\"", /* base64, not base64url */
        "\"3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK09\"", /* bits that must be zero */
        "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"", /* low order */
        "\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"",
        "\"4Ot6fDtBuK4WVuP68Z_EatoJjeucMrH9hmIFFl9JuAA\"",
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" X "\"}",
        "{\"kty\":\"EC\",\"crv\":\"X25519\",\"x\":\"" X "\"}",
        "{\"kty\":\"OKP\",\"crv\":\"X25519\"}",
        "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":7}",
        "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" X "\",\"d\":\"" X "\"}",
        "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" X "\",\"\\u0064\":\"" X "\"}",
        "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" X "\",\"x\":\"" X "\"}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct recipient recipient;
        struct error_detail detail = {0};
        assert_int_equal(recipient_read(span_of(bad[i]), &recipient, &detail), ERR_INVALID_FIELD);
        assert_string_equal(detail.field, "encrypt_to");
        assert_true(strlen(detail.message) > strlen("encrypt_to: "));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_at_the_other_end),
        cmocka_unit_test(thumbprint_of_rfc_7638),
        cmocka_unit_test(keys_that_are_none),
    };
    return RUN_TESTS(tests);
}
