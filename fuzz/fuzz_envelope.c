/*
 * Sealed requests and responses, HPKE key configurations, and the keys of `encrypt_to`. The first
 * byte says which. Nobody guesses what opens: only what we sealed does, unless a byte was changed.
 */
#include "protect/envelope.h"
#include "protect/recipient.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROUTE SPAN("POST /execute")

static void expect(bool right)
{
    if (!right)
        abort();
}

static struct span span(const struct buf *buf)
{
    return (struct span){buf->data, buf->size};
}

static EVP_PKEY *key_of(uint16_t kem)
{
    static const char bytes[HPKE_KEY_SIZE] = "a key that every run has again.";
    static EVP_PKEY *x25519, *p256;
    EVP_PKEY **key = kem == HPKE_KEM_X25519 ? &x25519 : &p256;
    if (!*key)
        expect(hpke_key_import(kem, (struct span){bytes, sizeof bytes}, key) == 0);
    return *key;
}

static int open_request(struct span request, struct span route, struct buf *text,
                        struct envelope_reply *reply)
{
    struct error_detail detail = {0};
    struct envelope envelope;
    struct hpke_context context;
    int r = envelope_parse(request, &envelope, &detail);
    if (!r)
        r = envelope_derive(&envelope, envelope.kem, key_of(envelope.kem), &context, &detail);
    if (!r)
        r = envelope_open(&envelope, &context, route, text, reply, &detail);
    expect(detail.code == r && (r == 0) == (detail.message[0] == '\0'));
    return r;
}

static void try_request(struct span bytes)
{
    struct envelope_reply reply;
    struct buf text = BUF_INIT(bytes.size + 1);
    expect(open_request(bytes, ROUTE, &text, &reply) != 0);
    buf_done(&text);
}

/* Seals the text as the first and as a later request of one sender, opens the later one, answers
 * it, opens the answer; then with one byte changed, and by the first one's key. */
static void try_round(struct span bytes)
{
    struct envelope_key key = {.id = "key id"};
    struct envelope_sender sender;
    struct envelope_reply first, caller, service;
    struct buf request = BUF_INIT(2 * bytes.size + 512), text = BUF_INIT(bytes.size + 256);
    size_t key_size, at = bytes.size ? (uint8_t)bytes.data[0] : 0;
    char job_id[ENVELOPE_JOB_ID_SIZE + 1];
    uint32_t sequence;
    key.kem = bytes.size % 2 ? HPKE_KEM_X25519 : HPKE_KEM_P256;
    expect(hpke_key_public(key_of(key.kem), key.public_key, &key_size) == 0);
    expect(envelope_sender_init(&key, &sender) == 0);
    expect(envelope_seal(&sender, ROUTE, bytes, &request, &first) == 0);
    sender.context.sequence += at << 20;
    buf_reset(&request);
    expect(envelope_seal(&sender, ROUTE, bytes, &request, &caller) == 0);
    expect(open_request(span(&request), ROUTE, &text, &service) == 0);
    expect(span_equal(span(&text), bytes));
    request.data[at % request.size] ^= 1;
    expect(open_request(span(&request), ROUTE, &text, &service) != 0);
    buf_reset(&request);
    buf_reset(&text);
    expect(envelope_answer(&service, ENVELOPE_NO_JOB, 1, bytes, &request) == 0);
    expect(envelope_read(&first, span(&request), &text, job_id, &sequence) != 0);
    expect(envelope_read(&caller, span(&request), &text, job_id, &sequence) == 0);
    expect(span_equal(span(&text), bytes) && sequence == 1);
    request.data[at % request.size] ^= 1;
    expect(envelope_read(&caller, span(&request), &text, job_id, &sequence) != 0);
    buf_done(&request);
    buf_done(&text);
}

static void try_response(struct span bytes)
{
    struct envelope_reply reply = {.enc_size = 32};
    struct buf text = BUF_INIT(bytes.size + 1);
    char job_id[ENVELOPE_JOB_ID_SIZE + 1];
    uint32_t sequence;
    expect(envelope_read(&reply, bytes, &text, job_id, &sequence) == ERR_SEALED_UNOPENED);
    buf_done(&text);
}

static void try_configuration(struct span bytes)
{
    struct envelope_key key;
    struct error_detail detail = {0};
    int r = envelope_key_read(bytes, &key, &detail);
    expect(detail.code == r);
    expect(r || hpke_public_size(key.kem) > 0);
}

static void try_recipient(struct span bytes)
{
    struct recipient recipient;
    struct error_detail detail = {0};
    int r = recipient_read(bytes, &recipient, &detail);
    expect(detail.code == r && (r == 0 || detail.message[0]));
    if (r)
        return;
    expect(strlen(recipient.thumbprint) == JWS_KID_SIZE - 1);
    recipient_done(&recipient);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const kinds[])(struct span) = {try_request, try_round, try_response,
                                                 try_configuration, try_recipient};
    if (size == 0)
        return 0;
    kinds[data[0] % (sizeof kinds / sizeof *kinds)](
        (struct span){(const char *)data + 1, size - 1});
    return 0;
}
