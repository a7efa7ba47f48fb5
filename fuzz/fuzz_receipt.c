/*
 * Receipts, bundles and answers with receipts in them. Under a pinned identity nothing that a
 * fuzzer makes verifies, nor does anything in the corpus: the identity is another one. Without a
 * pin, whatever comes of it must be said. The first byte says what the text is given as.
 */
#include "protect/verify.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool right)
{
    if (!right)
        abort();
}

static void judge(const struct verify_request *request, bool pinned)
{
    static struct verify v;
    verify_run(request, &v);
    enum verify_state verdict = verify_verdict(&v);
    expect(v.count > 0 && (!pinned || verdict != VERIFY_PASSED));
    expect((verdict == VERIFY_FAILED) == (verify_refusal(&v)[0] != 0));
    for (size_t i = 0; i < v.count; i++)
        expect(v.checks[i].name && v.checks[i].text[0]);
    for (size_t at = 0; verify_uncovered(&v, &at);)
        expect(at <= v.outer.count);
    verify_done(&v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct jws_key identity;
    if (!identity.private_key.data)
        expect(jws_key_new(&identity) == 0);
    if (size == 0)
        return 0;
    struct span text = {(const char *)data + 1, size - 1};
    const char *line = memchr(text.data, '\n', text.size); /* a receipt, then its bundle */
    struct span first = {text.data, line ? (size_t)(line - text.data) : text.size};
    struct span rest = {line, line ? (size_t)(text.data + text.size - line) : 0};
    struct verify_request request = {
        .text = first,
        .policy = {.allow_simulation = true},
        .script = SPAN("script"),
        .user = SPAN("alice"),
        .max_age_s = data[0] & 4 ? 10 : VERIFY_ANY_AGE,
        .now_unix_s = 1795000100,
    };
    if (data[0] & 1)
        request.bundle = rest;
    if (data[0] & 2)
        request.jwks = rest;
    judge(&request, false);
    request.policy.identity_key = identity.public_key;
    judge(&request, true);
    return 0;
}
