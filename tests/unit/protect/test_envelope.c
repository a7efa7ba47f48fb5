#include "protect/envelope.h"

#include "base/encode.h"
#include "unit.h"

#define ROUTE  SPAN("POST /execute")
#define JOB_ID "01a2064b-9058-730d-8990-399dd4ca24e2"
#define TEXT   SPAN("{\"script\":\"function main() { return {} }\"}")

static const uint16_t kems[] = {HPKE_KEM_X25519, HPKE_KEM_P256};
#define KEMS (sizeof kems / sizeof *kems)

static struct span span(const struct buf *buf)
{
    return (struct span){buf->data, buf->size};
}

/* A key of the service, what its caller read of it, and that caller's first request. */
struct fixture {
    EVP_PKEY *key;
    struct envelope_key public_key;
    struct envelope_sender sender;
    struct buf request;
    struct envelope_reply caller, service;
};

static void add_u16(struct buf *buf, unsigned value)
{
    buf_add_char(buf, (char)(value >> 8));
    buf_add_char(buf, (char)value);
}

static void write_configuration(struct buf *out, uint16_t kem, EVP_PKEY *key)
{
    uint8_t bytes[HPKE_PUBLIC_MOST];
    size_t size;
    assert_int_equal(hpke_key_public(key, bytes, &size), 0);
    buf_add_char(out, 1);
    add_u16(out, kem);
    buf_add(out, bytes, size);
    add_u16(out, 4);
    add_u16(out, HPKE_KDF_SHA256);
    add_u16(out, HPKE_AEAD_AES256_GCM);
}

static void begin(struct fixture *f, uint16_t kem)
{
    struct buf configuration = BUF_INIT(256);
    *f = (struct fixture){.request = BUF_INIT(4096)};
    assert_int_equal(hpke_key_new(kem, &f->key), 0);
    write_configuration(&configuration, kem, f->key);
    assert_int_equal(envelope_key_read(span(&configuration), &f->public_key, NULL), 0);
    assert_int_equal(envelope_sender_init(&f->public_key, &f->sender), 0);
    assert_int_equal(envelope_seal(&f->sender, ROUTE, TEXT, &f->request, &f->caller), 0);
    buf_done(&configuration);
}

static void end(struct fixture *f)
{
    EVP_PKEY_free(f->key);
    buf_done(&f->request);
}

/* What the service makes of a request, whose text must then be TEXT. */
static int open_request(struct fixture *f, struct span request, struct span route)
{
    struct envelope envelope;
    struct error_detail detail = {0};
    struct hpke_context context;
    struct buf text = BUF_INIT(4096);
    int r = envelope_parse(request, &envelope, &detail);
    if (!r)
        r = envelope_derive(&envelope, f->public_key.kem, f->key, &context, &detail);
    if (!r)
        r = envelope_open(&envelope, &context, route, &text, &f->service, &detail);
    assert_int_equal(detail.code, r);
    if (r) {
        assert_true(detail.message[0]);
        assert_int_equal(text.size, 0);
    } else {
        assert_true(span_equal(span(&text), TEXT));
    }
    if (r == ERR_SEALED_UNOPENED) /* one text, whatever the reason */
        assert_string_equal(detail.message, error_text(ERR_SEALED_UNOPENED));
    buf_done(&text);
    return r;
}

static void both_directions(void **state)
{
    for (size_t i = 0; i < KEMS; i++) {
        struct fixture f;
        struct buf sealed = BUF_INIT(4096), again = BUF_INIT(4096), text = BUF_INIT(4096);
        char job_id[ENVELOPE_JOB_ID_SIZE + 1];
        uint32_t sequence = 99;
        begin(&f, kems[i]);
        assert_int_equal(f.request.size, ENVELOPE_HEADER_SIZE + hpke_public_size(kems[i]) +
                                             ENVELOPE_SEQUENCE_SIZE + TEXT.size + HPKE_TAG_SIZE);
        assert_int_equal(open_request(&f, span(&f.request), ROUTE), 0);
        assert_int_equal(envelope_answer(&f.service, JOB_ID, 7, SPAN("{}"), &sealed), 0);
        assert_int_equal(sealed.size, ENVELOPE_RESPONSE_FRAME + 2);
        assert_int_equal(envelope_read(&f.caller, span(&sealed), &text, job_id, &sequence), 0);
        assert_true(span_equal(span(&text), SPAN("{}")));
        assert_string_equal(job_id, JOB_ID);
        assert_int_equal(sequence, 7);
        /* A nonce of its own each: the same text is never the same bytes. */
        assert_int_equal(envelope_answer(&f.service, JOB_ID, 7, SPAN("{}"), &again), 0);
        assert_memory_not_equal(sealed.data + 40, again.data + 40, sealed.size - 40);
        buf_done(&sealed);
        buf_done(&again);
        buf_done(&text);
        end(&f);
    }
}

static void a_response_is_sealed_where_it_was_written(void **state)
{
    struct fixture f;
    struct buf out = BUF_INIT(4096), text = BUF_INIT(4096);
    char job_id[ENVELOPE_JOB_ID_SIZE + 1];
    uint32_t sequence;
    begin(&f, HPKE_KEM_X25519);
    assert_int_equal(open_request(&f, span(&f.request), ROUTE), 0);
    buf_add_str(&out, "before");
    assert_int_equal(envelope_answer_begin(JOB_ID, 1u << 31 | 5, 9, &out), 0);
    const char *room = out.data;
    buf_add_str(&out, "in ");
    buf_add_str(&out, "pieces");
    assert_int_equal(envelope_answer_end(&f.service, 6, &out), 0);
    assert_ptr_equal(out.data, room); /* it did not move */
    assert_null(memmem(out.data, out.size, "pieces", 6));
    struct span response = {out.data + 6, out.size - 6};
    assert_int_equal(envelope_read(&f.caller, response, &text, job_id, &sequence), 0);
    assert_true(span_equal(span(&text), SPAN("in pieces")));
    assert_int_equal(sequence, 1u << 31 | 5);
    buf_done(&out);
    buf_done(&text);
    end(&f);
}

static void what_cannot_be_sealed_is_wiped(void **state)
{
    struct fixture f;
    struct buf out = BUF_INIT(ENVELOPE_RESPONSE_FRAME + 10);
    begin(&f, HPKE_KEM_X25519);
    assert_int_equal(open_request(&f, span(&f.request), ROUTE), 0);
    assert_int_equal(envelope_answer_begin(JOB_ID, 0, 11, &out), ERR_NO_MEMORY);
    buf_reset(&out);
    assert_int_equal(envelope_answer_begin(JOB_ID, 0, 10, &out), 0);
    buf_add_str(&out, "more than ");
    buf_add_str(&out, "there is room for");
    assert_int_equal(envelope_answer_end(&f.service, 0, &out), ERR_NO_MEMORY);
    assert_int_equal(out.size, 0);
    assert_null(memmem(out.data, out.capacity, "more", 4));
    buf_done(&out);
    end(&f);
}

static void a_request_that_was_changed(void **state)
{
    for (size_t i = 0; i < KEMS; i++) {
        struct fixture f;
        begin(&f, kems[i]);
        for (size_t at = 0; at < f.request.size; at++) { /* every byte, some bit of it */
            f.request.data[at] ^= (char)(1 << at % 8);
            bool suite = at >= ENVELOPE_KEY_ID_SIZE && at < ENVELOPE_HEADER_SIZE;
            assert_int_equal(open_request(&f, span(&f.request), ROUTE),
                             suite ? ERR_SEALED_MALFORMED : ERR_SEALED_UNOPENED);
            f.request.data[at] ^= (char)(1 << at % 8);
        }
        struct span short_one = span(&f.request);
        size_t least = ENVELOPE_HEADER_SIZE + hpke_public_size(kems[i]) + ENVELOPE_SEQUENCE_SIZE +
                       HPKE_TAG_SIZE;
        for (short_one.size = 0; short_one.size < f.request.size; short_one.size++)
            assert_int_equal(open_request(&f, short_one, ROUTE),
                             short_one.size < least ? ERR_SEALED_MALFORMED : ERR_SEALED_UNOPENED);
        buf_add_char(&f.request, 0);
        assert_int_equal(open_request(&f, span(&f.request), ROUTE), ERR_SEALED_UNOPENED);
        end(&f);
    }
}

static void a_request_for_somewhere_else(void **state)
{
    struct fixture f;
    EVP_PKEY *right, *other;
    begin(&f, HPKE_KEM_X25519);
    assert_int_equal(open_request(&f, span(&f.request), SPAN("PUT /secrets/A")),
                     ERR_SEALED_UNOPENED);
    assert_int_equal(open_request(&f, span(&f.request), SPAN("")), ERR_SEALED_UNOPENED);
    right = f.key;
    assert_int_equal(hpke_key_new(HPKE_KEM_X25519, &other), 0);
    f.key = other;
    assert_int_equal(open_request(&f, span(&f.request), ROUTE), ERR_SEALED_UNOPENED);
    f.key = right;
    f.public_key.kem = HPKE_KEM_P256; /* a key of the other kind has this id */
    assert_int_equal(open_request(&f, span(&f.request), ROUTE), ERR_SEALED_UNOPENED);
    EVP_PKEY_free(other);
    end(&f);
}

/* What makes a Diffie-Hellman result that everybody knows: RFC 7748, section 6.1. */
static void points_of_low_order(void **state)
{
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000080",
    };
    struct fixture f;
    begin(&f, HPKE_KEM_X25519);
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        assert_int_equal(hex_decode(f.request.data + ENVELOPE_HEADER_SIZE, 32, span_of(points[i])),
                         0);
        assert_int_equal(open_request(&f, span(&f.request), ROUTE), ERR_SEALED_UNOPENED);
        assert_int_equal(hex_decode(f.public_key.public_key, 32, span_of(points[i])), 0);
        assert_int_equal(envelope_sender_init(&f.public_key, &f.sender), ERR_INVALID_FIELD);
    }
    end(&f);
}

static void a_response_that_was_changed(void **state)
{
    struct fixture f;
    struct buf sealed = BUF_INIT(4096), text = BUF_INIT(4096);
    char job_id[ENVELOPE_JOB_ID_SIZE + 1] = "";
    uint32_t sequence = 99;
    begin(&f, HPKE_KEM_X25519);
    assert_int_equal(open_request(&f, span(&f.request), ROUTE), 0);
    assert_int_equal(envelope_answer(&f.service, JOB_ID, 0, SPAN("{\"status\":200}"), &sealed), 0);
    for (size_t at = 0; at < sealed.size; at++) {
        sealed.data[at] ^= (char)(1 << at % 8);
        assert_int_equal(envelope_read(&f.caller, span(&sealed), &text, job_id, &sequence),
                         ERR_SEALED_UNOPENED);
        sealed.data[at] ^= (char)(1 << at % 8);
    }
    struct span part = span(&sealed);
    for (part.size = 0; part.size < sealed.size; part.size++)
        assert_int_equal(envelope_read(&f.caller, part, &text, job_id, &sequence),
                         ERR_SEALED_UNOPENED);
    /* The answer to another request of the same caller. */
    struct buf other = BUF_INIT(4096);
    struct envelope_sender sender;
    struct envelope_reply reply;
    assert_int_equal(envelope_sender_init(&f.public_key, &sender), 0);
    assert_int_equal(envelope_seal(&sender, ROUTE, TEXT, &other, &reply), 0);
    assert_int_equal(envelope_read(&reply, span(&sealed), &text, job_id, &sequence),
                     ERR_SEALED_UNOPENED);
    assert_string_equal(job_id, "");
    assert_int_equal(sequence, 99);
    assert_int_equal(text.size, 0);
    buf_done(&other);
    buf_done(&sealed);
    buf_done(&text);
    end(&f);
}

/* --- several requests of one sender --- */

#define REQUESTS 5

/* The first request and REQUESTS - 1 more, with the replies of their caller. */
static void seal_more(struct fixture *f, struct buf requests[REQUESTS],
                      struct envelope_reply callers[REQUESTS])
{
    requests[0] = BUF_INIT(4096);
    buf_add(&requests[0], f->request.data, f->request.size);
    callers[0] = f->caller;
    for (int i = 1; i < REQUESTS; i++) {
        requests[i] = BUF_INIT(4096);
        assert_int_equal(envelope_seal(&f->sender, ROUTE, TEXT, &requests[i], &callers[i]), 0);
    }
}

/* Derived once, one context opens them all: in any order, with gaps, as often as one likes. */
static void one_context_opens_all_of_its_requests(void **state)
{
    static const int order[] = {4, 0, 3, 0, 4, 1};
    for (size_t i = 0; i < KEMS; i++) {
        struct fixture f;
        struct buf requests[REQUESTS];
        struct envelope_reply callers[REQUESTS], service;
        struct envelope envelope;
        struct hpke_context context;
        begin(&f, kems[i]);
        seal_more(&f, requests, callers);
        assert_int_equal(envelope_parse(span(&requests[2]), &envelope, NULL), 0);
        assert_int_equal(envelope_derive(&envelope, kems[i], f.key, &context, NULL), 0);
        struct span origin = envelope.origin;
        for (size_t j = 0; j < sizeof order / sizeof *order; j++) {
            struct buf text = BUF_INIT(4096);
            assert_int_equal(envelope_parse(span(&requests[order[j]]), &envelope, NULL), 0);
            assert_true(span_equal(envelope.origin, origin));
            assert_int_equal(envelope.sequence, order[j]);
            assert_int_equal(envelope_open(&envelope, &context, ROUTE, &text, &service, NULL), 0);
            assert_true(span_equal(span(&text), TEXT));
            assert_memory_equal(service.request, callers[order[j]].request, ENVELOPE_DIGEST_SIZE);
            assert_memory_equal(service.secret, callers[order[j]].secret, HPKE_HASH_SIZE);
            buf_done(&text);
        }
        for (int j = 0; j < REQUESTS; j++)
            buf_done(&requests[j]);
        end(&f);
    }
}

static void a_number_that_was_changed(void **state)
{
    struct fixture f;
    struct buf requests[REQUESTS];
    struct envelope_reply callers[REQUESTS];
    begin(&f, HPKE_KEM_X25519);
    seal_more(&f, requests, callers);
    size_t at = ENVELOPE_HEADER_SIZE + hpke_public_size(HPKE_KEM_X25519);
    for (int bit = 0; bit < 32; bit++) { /* to that of another request too */
        requests[1].data[at + 3 - (size_t)bit / 8] ^= (char)(1 << bit % 8);
        assert_int_equal(open_request(&f, span(&requests[1]), ROUTE), ERR_SEALED_UNOPENED);
        requests[1].data[at + 3 - (size_t)bit / 8] ^= (char)(1 << bit % 8);
    }
    assert_int_equal(open_request(&f, span(&requests[1]), ROUTE), 0);
    for (int j = 0; j < REQUESTS; j++)
        buf_done(&requests[j]);
    end(&f);
}

static void answers_that_were_swapped(void **state)
{
    struct fixture f;
    struct buf requests[REQUESTS], text = BUF_INIT(4096);
    struct envelope_reply callers[REQUESTS];
    char job_id[ENVELOPE_JOB_ID_SIZE + 1];
    uint32_t sequence;
    begin(&f, HPKE_KEM_X25519);
    seal_more(&f, requests, callers);
    for (int i = 0; i < REQUESTS; i++) {
        struct buf answer = BUF_INIT(4096);
        assert_int_equal(open_request(&f, span(&requests[i]), ROUTE), 0);
        assert_int_equal(envelope_answer(&f.service, JOB_ID, 0, SPAN("{}"), &answer), 0);
        for (int j = 0; j < REQUESTS; j++) {
            int r = envelope_read(&callers[j], span(&answer), &text, job_id, &sequence);
            assert_int_equal(r, i == j ? 0 : ERR_SEALED_UNOPENED);
        }
        buf_done(&answer);
    }
    for (int j = 0; j < REQUESTS; j++)
        buf_done(&requests[j]);
    buf_done(&text);
    end(&f);
}

/* What a sender that was copied does, in a machine that was restored: one number twice. Both
 * requests open, and still neither's answer is the other's. */
static void a_number_that_was_used_twice(void **state)
{
    struct fixture f;
    struct buf one = BUF_INIT(4096), other = BUF_INIT(4096), answer = BUF_INIT(4096);
    struct buf text = BUF_INIT(4096);
    struct envelope_reply caller_of_one, caller_of_other;
    char job_id[ENVELOPE_JOB_ID_SIZE + 1];
    uint32_t sequence;
    begin(&f, HPKE_KEM_X25519);
    struct envelope_sender copy = f.sender;
    assert_int_equal(envelope_seal(&f.sender, ROUTE, TEXT, &one, &caller_of_one), 0);
    assert_int_equal(envelope_seal(&copy, SPAN("PUT /secrets/A"), TEXT, &other, &caller_of_other),
                     0);
    assert_int_equal(open_request(&f, span(&other), SPAN("PUT /secrets/A")), 0);
    assert_int_equal(open_request(&f, span(&one), ROUTE), 0);
    assert_int_equal(envelope_answer(&f.service, JOB_ID, 0, SPAN("{}"), &answer), 0);
    assert_int_equal(envelope_read(&caller_of_other, span(&answer), &text, job_id, &sequence),
                     ERR_SEALED_UNOPENED);
    assert_int_equal(envelope_read(&caller_of_one, span(&answer), &text, job_id, &sequence), 0);
    buf_done(&one);
    buf_done(&other);
    buf_done(&answer);
    buf_done(&text);
    end(&f);
}

static void no_number_is_left(void **state)
{
    struct fixture f;
    struct buf last = BUF_INIT(4096), none = BUF_INIT(4096);
    begin(&f, HPKE_KEM_X25519);
    f.sender.context.sequence = UINT32_MAX;
    assert_int_equal(envelope_seal(&f.sender, ROUTE, TEXT, &last, &f.caller), 0);
    assert_int_equal(open_request(&f, span(&last), ROUTE), 0);
    assert_int_equal(envelope_seal(&f.sender, ROUTE, TEXT, &none, &f.caller), ERR_INTERNAL);
    assert_int_equal(none.size, 0);
    buf_done(&last);
    buf_done(&none);
    end(&f);
}

/* A context opens only what has its origin, even where somebody mixes them up. */
static void the_context_of_another_sender(void **state)
{
    struct fixture f;
    struct envelope envelope;
    struct envelope_sender sender;
    struct envelope_reply reply;
    struct hpke_context context;
    struct error_detail detail = {0};
    struct buf other = BUF_INIT(4096), text = BUF_INIT(4096);
    begin(&f, HPKE_KEM_X25519);
    assert_int_equal(envelope_parse(span(&f.request), &envelope, NULL), 0);
    assert_int_equal(envelope_derive(&envelope, HPKE_KEM_X25519, f.key, &context, NULL), 0);
    assert_int_equal(envelope_sender_init(&f.public_key, &sender), 0);
    assert_int_equal(envelope_seal(&sender, ROUTE, TEXT, &other, &reply), 0);
    assert_int_equal(envelope_parse(span(&other), &envelope, NULL), 0);
    assert_int_equal(envelope_open(&envelope, &context, ROUTE, &text, &reply, &detail),
                     ERR_SEALED_UNOPENED);
    assert_string_equal(detail.message, error_text(ERR_SEALED_UNOPENED));
    assert_int_equal(text.size, 0);
    buf_done(&other);
    buf_done(&text);
    end(&f);
}

static void configurations_that_are_none(void **state)
{
    struct envelope_key key;
    struct error_detail detail = {0};
    EVP_PKEY *pkey;
    struct buf good = BUF_INIT(256);
    assert_int_equal(hpke_key_new(HPKE_KEM_X25519, &pkey), 0);
    write_configuration(&good, HPKE_KEM_X25519, pkey);
    for (size_t size = 0; size < good.size; size++)
        assert_int_equal(envelope_key_read((struct span){good.data, size}, &key, &detail),
                         ERR_INVALID_FIELD);
    assert_int_equal(detail.code, ERR_INVALID_FIELD);
    /* More suites than one: ours must be among them, wherever. */
    struct buf more = BUF_INIT(256);
    buf_add(&more, good.data, good.size - 6);
    add_u16(&more, 8);
    add_u16(&more, 1), add_u16(&more, 3);
    add_u16(&more, 1), add_u16(&more, 2);
    assert_int_equal(envelope_key_read(span(&more), &key, NULL), 0);
    more.data[more.size - 1] = 3;
    assert_int_equal(envelope_key_read(span(&more), &key, NULL), ERR_INVALID_FIELD);
    buf_add_char(&good, 0);
    assert_int_equal(envelope_key_read(span(&good), &key, NULL), ERR_INVALID_FIELD);
    buf_done(&more);
    buf_done(&good);
    EVP_PKEY_free(pkey);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_directions),
        cmocka_unit_test(a_response_is_sealed_where_it_was_written),
        cmocka_unit_test(what_cannot_be_sealed_is_wiped),
        cmocka_unit_test(a_request_that_was_changed),
        cmocka_unit_test(a_request_for_somewhere_else),
        cmocka_unit_test(points_of_low_order),
        cmocka_unit_test(a_response_that_was_changed),
        cmocka_unit_test(one_context_opens_all_of_its_requests),
        cmocka_unit_test(a_number_that_was_changed),
        cmocka_unit_test(answers_that_were_swapped),
        cmocka_unit_test(a_number_that_was_used_twice),
        cmocka_unit_test(no_number_is_left),
        cmocka_unit_test(the_context_of_another_sender),
        cmocka_unit_test(configurations_that_are_none),
    };
    return RUN_TESTS(tests);
}
