/*
 * What holds secrets: bodies of PUT requests, sealed texts, and the leak guard. The first byte says
 * which. Whatever is taken must be within its bounds; a sealed text opens only if we sealed it; and
 * the guard finds a planted secret in every spelling.
 */
#include "api/secret_body.h"
#include "base/encode.h"
#include "base/guard.h"
#include "secret/cipher.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MASTER "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define PLACE  ((struct secret_place){SPAN("user"), SPAN("NAME"), 3})

static void expect(bool right)
{
    if (!right)
        abort();
}

static void try_value(struct span body)
{
    struct error_detail detail = {0};
    struct buf value = BUF_INIT(body.size + 1);
    struct buf user = BUF_INIT(body.size + 1);
    bool sealed = body.size % 2;
    int r = secret_body_value(body, &value, sealed ? &user : NULL, &detail);
    buf_done(&user);
    if (r)
        expect(detail.code == r && detail.message[0]);
    else
        expect(value.size <= body.size && utf8_valid((struct span){value.data, value.size}));
    buf_done(&value);
}

static void try_policy(struct span body)
{
    struct error_detail detail = {0};
    struct secret_policy policy;
    struct arena arena;
    arena_init(&arena, 1u << 20);
    int r = secret_body_policy(body, &arena, &policy, &detail);
    if (r) {
        expect(detail.code == r && detail.message[0]);
    } else {
        expect(policy.service_count <= SECRET_SERVICES_MOST);
        expect(policy.script_count <= SECRET_SCRIPTS_MOST);
        expect(policy.pinned || policy.script_count == 0);
        for (size_t i = 0; i < policy.service_count; i++)
            expect(policy.services[i].size > 0 && utf8_valid(policy.services[i]));
    }
    arena_done(&arena);
}

static void try_sealed(const struct secret_key *key, struct span text)
{
    struct secret_bytes value;
    size_t size;
    /* Nobody guesses a tag of 128 bits. */
    expect(secret_open(key, &PLACE, text, &value, &size) == ERR_SECRET_UNAVAILABLE);
    for (int format = SECRET_FORMAT_V1; format <= SECRET_FORMAT_V2; format++) {
        struct buf sealed = BUF_INIT(SECRET_SEALED_MOST);
        expect(secret_seal(key, (enum secret_format)format, &PLACE, text, &sealed) == 0);
        struct span whole = {sealed.data, sealed.size};
        expect(secret_format_of(whole) == format);
        expect(secret_open(key, &PLACE, whole, &value, &size) == 0);
        expect(size == text.size && (size == 0 || memcmp(value.data, text.data, size) == 0));
        secret_bytes_done(&value);
        buf_done(&sealed);
    }
}

/* --- the guard --- */

typedef void spell_fn(struct buf *out, struct span value);

static void plain(struct buf *out, struct span v)
{
    buf_add(out, v.data, v.size);
}

static void reversed(struct buf *out, struct span v)
{
    for (size_t i = v.size; i > 0; i--)
        buf_add_char(out, v.data[i - 1]);
}

static void hex(struct buf *out, struct span v)
{
    for (size_t i = 0; i < v.size; i++)
        buf_addf(out, "%02x", (unsigned char)v.data[i]);
}

static void percent(struct buf *out, struct span v)
{
    for (size_t i = 0; i < v.size; i++)
        buf_addf(out, "%%%02X", (unsigned char)v.data[i]);
}

static void base64(struct buf *out, struct span v)
{
    base64_encode(out, (const uint8_t *)v.data, v.size);
}

/* `before` bytes in front of the value are encoded with it, and some behind. */
static void plant(const struct guard *guard, spell_fn *spell, struct span value, size_t before)
{
    struct buf joined = BUF_INIT(1u << 20), text = BUF_INIT(1u << 22);
    struct guard_match match;
    buf_add(&joined, "\1\2\3\4", before);
    buf_add(&joined, value.data, value.size);
    buf_add_str(&joined, "\5\6\7");
    spell(&text, (struct span){joined.data, joined.size});
    expect(guard_find(guard, (struct span){text.data, text.size}, 0, &match));
    expect(match.start + match.size <= text.size);
    buf_done(&joined);
    buf_done(&text);
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Bytes of `value` between the white space at its two ends, which the guard leaves out. */
static size_t trimmed_size(struct span value)
{
    size_t start = 0, end = value.size;
    while (end > start && is_space(value.data[end - 1]))
        end--;
    while (start < end && is_space(value.data[start]))
        start++;
    return end - start;
}

static void try_guard(struct span value)
{
    static spell_fn *const spellings[] = {plain, reversed, hex, percent, base64};
    const struct guard_secret secret = {SPAN("NAME"), value};
    struct guard *guard;
    struct guard_match match;
    struct buf shown = BUF_INIT(1u << 20);
    size_t size = trimmed_size(value);
    expect(guard_new(&secret, 1, &guard) == 0);
    if (size >= GUARD_VALUE_LEAST) {
        for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
            for (size_t before = 0; before < 4; before++)
                plant(guard, spellings[i], value, before);
        expect(guard_redact(guard, value, &shown) == 0 && shown.size > 0);
    } else {
        expect(!guard_find(guard, value, 0, &match));
    }
    buf_done(&shown);
    guard_free(guard);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct secret_key key;
    if (!key.cipher)
        expect(secret_key_init(&key, MASTER, NULL) == 0);
    if (size == 0 || size > 4096)
        return 0;
    struct span rest = {(const char *)data + 1, size - 1};
    switch (data[0] & 3) {
    case 0:
        try_value(rest);
        break;
    case 1:
        try_policy(rest);
        break;
    case 2:
        try_sealed(&key, rest);
        break;
    default:
        try_guard(rest);
    }
    return 0;
}
