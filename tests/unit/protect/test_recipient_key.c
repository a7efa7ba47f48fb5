#include "protect/hpke.h"
#include "protect/recipient.h"
#include "protect/recipient_key.h"
#include "protect/vectors.h"

#define JOB SPAN("01a2064b-9058-730d-8990-000000000000")

/* `text` sealed to the key as the service does it, in base64. */
static struct buf seal_to(const struct recipient_key *key, struct span text)
{
    struct buf jwk = BUF_INIT(1024), message = BUF_INIT(4096), encoded = BUF_INIT(8192);
    struct recipient recipient;
    assert_int_equal(recipient_key_write(key, false, &jwk), 0);
    assert_int_equal(recipient_read(of_buf(&jwk), &recipient, NULL), 0);
    assert_int_equal(recipient_seal(&recipient, JOB, text, &message), 0);
    assert_int_equal(base64_encode(&encoded, message.data, message.size), 0);
    recipient_done(&recipient);
    buf_done(&jwk);
    buf_done(&message);
    return encoded;
}

static bool opens(const struct recipient_key *key, struct span job, struct span text)
{
    struct buf out = BUF_INIT(4096);
    bool opened = recipient_key_open(key, job, text, &out, NULL) == 0;
    buf_done(&out);
    return opened;
}

static void what_is_sealed_opens_for_its_job_and_key_only(void **state)
{
    (void)state;
    struct recipient_key key, other;
    struct buf out = BUF_INIT(4096);
    assert_int_equal(recipient_key_new(&key), 0);
    assert_int_equal(recipient_key_new(&other), 0);
    struct buf sealed = seal_to(&key, SPAN("{\"output\":1}"));
    assert_int_equal(recipient_key_open(&key, JOB, of_buf(&sealed), &out, NULL), 0);
    assert_bytes(out, "{\"output\":1}");
    assert_false(opens(&key, SPAN("01a2064b-9058-730d-8990-000000000001"), of_buf(&sealed)));
    assert_false(opens(&other, JOB, of_buf(&sealed)));
    for (size_t at = 0; at < sealed.size; at++) {
        char kept = sealed.data[at];
        sealed.data[at] = kept == 'A' ? 'B' : 'A';
        assert_false(opens(&key, JOB, of_buf(&sealed)));
        sealed.data[at] = kept;
    }
    for (size_t size = 0; size < sealed.size; size++)
        assert_false(opens(&key, JOB, (struct span){sealed.data, size}));
    recipient_key_done(&key);
    recipient_key_done(&other);
    buf_done(&sealed);
    buf_done(&out);
}

static void a_key_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct recipient_key key, again;
    struct buf text = BUF_INIT(1024), public_text = BUF_INIT(1024);
    assert_int_equal(recipient_key_new(&key), 0);
    assert_int_equal(recipient_key_write(&key, true, &text), 0);
    assert_int_equal(recipient_key_write(&key, false, &public_text), 0);
    assert_int_equal(recipient_key_read(of_buf(&text), &again, NULL), 0);
    struct buf sealed = seal_to(&key, SPAN("{}"));
    assert_true(opens(&again, JOB, of_buf(&sealed)));
    recipient_key_done(&again);
    assert_int_equal(recipient_key_read(of_buf(&public_text), &again, NULL), ERR_INVALID_FIELD);
    buf_done(&sealed);
    buf_done(&text);
    buf_done(&public_text);
    recipient_key_done(&key);
}

static void bad_keys_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "[]",
        "{}",
        /* RFC 8037, appendix A.6: Bob's key, and then with the public part of another. */
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"d\":\"XasIfmJKikt54X-Lg4AO5m87sSkmGLb9HC-LJ_-"
        "I4Os\","
        "\"x\":\"3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08\"}",
        "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"d\":\"XasIfmJKikt54X-Lg4AO5m87sSkmGLb9HC-LJ_-I4Os\","
        "\"x\":\"hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo\"}",
        "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"d\":\"AA\","
        "\"x\":\"3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08\"}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct recipient_key key;
        assert_int_equal(recipient_key_read(span_of(texts[i]), &key, NULL), ERR_INVALID_FIELD);
    }
}

static void what_another_implementation_sealed(void **state)
{
    (void)state;
    struct buf file = read_file("tests/vectors/sealed.json");
    struct span vector = member(of_buf(&file), "encrypted_output");
    struct buf sealed = text_of(vector, "encrypted_output"), job = text_of(vector, "job_id");
    struct buf private_key = bytes_of(vector, "private"), plain = text_of(vector, "plaintext");
    struct buf out = BUF_INIT(FILE_MOST);
    struct recipient_key key;
    assert_int_equal(hpke_key_import(HPKE_KEM_X25519, of_buf(&private_key), &key.pkey), 0);
    assert_int_equal(recipient_key_open(&key, of_buf(&job), of_buf(&sealed), &out, NULL), 0);
    assert_same(of_buf(&out), of_buf(&plain));
    recipient_key_done(&key);
    buf_done(&out);
    buf_done(&sealed);
    buf_done(&job);
    buf_done(&private_key);
    buf_done(&plain);
    buf_done(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sealed_opens_for_its_job_and_key_only),
        cmocka_unit_test(a_key_is_read_as_it_was_written),
        cmocka_unit_test(bad_keys_are_refused),
        cmocka_unit_test(what_another_implementation_sealed),
    };
    return RUN_TESTS(tests);
}
