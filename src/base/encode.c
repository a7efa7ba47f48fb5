#include "base/encode.h"

#include "base/error.h"
#include <endian.h>
#include <stdint.h>
#include <string.h>

void hex_encode(char *text, const void *data, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = data;

    for (size_t i = 0; i < size; i++) {
        *text++ = digits[bytes[i] >> 4];
        *text++ = digits[bytes[i] & 15];
    }
    *text = '\0';
}

int hex_digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int hex_decode(void *data, size_t size, struct span text)
{
    uint8_t *bytes = data;

    if (text.size % 2 != 0 || text.size / 2 != size)
        return ERR_INVALID_FIELD;
    for (size_t i = 0; i < text.size; i++)
        if (hex_digit_value(text.data[i]) < 0)
            return ERR_INVALID_FIELD;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(hex_digit_value(text.data[2 * i]) << 4 |
                             hex_digit_value(text.data[2 * i + 1]));
    return 0;
}

int number_encode(struct buf *buf, uint64_t value)
{
    uint64_t big = htobe64(value);

    return buf_add(buf, &big, sizeof big);
}

int field_encode(struct buf *buf, struct span field)
{
    uint64_t big = htobe64(field.size);

    if (field.size > SIZE_MAX - sizeof big || buf_reserve(buf, sizeof big + field.size) < 0) {
        buf->failed = true;
        return ERR_NO_MEMORY;
    }
    char *at = buf->data + buf->size;
    memcpy(at, &big, sizeof big);
    if (field.size > 0)
        memcpy(at + sizeof big, field.data, field.size);
    buf->size += sizeof big + field.size;
    return 0;
}

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64url_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static int encode_groups(struct buf *buf, const char *digits, bool padded, const uint8_t *bytes,
                         size_t size)
{
    if (size > SIZE_MAX / 4 || buf_reserve(buf, (size + 2) / 3 * 4) < 0) {
        buf->failed = true;
        return ERR_NO_MEMORY;
    }
    if (size == 0)
        return 0; /* the buffer may have no memory yet */
    size_t whole = size - size % 3;
    char *at = buf->data + buf->size;
    for (size_t i = 0; i < whole; i += 3) {
        uint32_t group =
            (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 | (uint32_t)bytes[i + 2];

        *at++ = digits[group >> 18];
        *at++ = digits[group >> 12 & 63];
        *at++ = digits[group >> 6 & 63];
        *at++ = digits[group & 63];
    }
    buf->size = (size_t)(at - buf->data);
    for (size_t i = whole; i < size; i += 3) {
        size_t left = size - i < 3 ? size - i : 3;
        uint32_t group = (uint32_t)bytes[i] << 16;

        group |= left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0;
        group |= left > 2 ? (uint32_t)bytes[i + 2] : 0;
        for (size_t digit = 0; digit < 4; digit++)
            if (digit <= left)
                buf->data[buf->size++] = digits[group >> (18 - 6 * digit) & 63];
            else if (padded)
                buf->data[buf->size++] = '=';
    }
    return 0;
}

int base64_encode(struct buf *buf, const void *data, size_t size)
{
    return encode_groups(buf, base64_digits, true, data, size);
}

int base64url_encode(struct buf *buf, const void *data, size_t size)
{
    return encode_groups(buf, base64url_digits, false, data, size);
}

/* Values of digits plus one, by alphabet; 0: not one of them. */
#define SHARED_VALUES                                                                              \
    ['A'] = 1, ['B'] = 2, ['C'] = 3, ['D'] = 4, ['E'] = 5, ['F'] = 6, ['G'] = 7, ['H'] = 8,        \
    ['I'] = 9, ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16, \
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23,            \
    ['X'] = 24, ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30,            \
    ['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37,            \
    ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44,            \
    ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49, ['x'] = 50, ['y'] = 51,            \
    ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56, ['4'] = 57, ['5'] = 58,            \
    ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62
static const uint8_t base64_values[256] = {SHARED_VALUES, ['+'] = 63, ['/'] = 64};
static const uint8_t base64url_values[256] = {SHARED_VALUES, ['-'] = 63, ['_'] = 64};
#undef SHARED_VALUES

/* The value of a digit; of what is none more than 63. */
static uint32_t base64_value(char c, const uint8_t values[256])
{
    return values[(unsigned char)c] - 1u;
}

/* `text` has no padding any more. */
static int decode_groups(struct buf *buf, const uint8_t values[256], struct span text)
{
    uint32_t bits = 0;
    unsigned bit_count = 0;
    size_t start = buf->size, i = 0;

    if (text.size % 4 == 1)
        return ERR_INVALID_FIELD;
    if (buf_reserve(buf, text.size / 4 * 3 + 2) < 0)
        return ERR_NO_MEMORY;
    char *at = buf->data + start; /* groups of four, all but the last */
    for (; i + 4 < text.size; i += 4, at += 3) {
        uint32_t a = base64_value(text.data[i], values);
        uint32_t b = base64_value(text.data[i + 1], values);
        uint32_t c = base64_value(text.data[i + 2], values);
        uint32_t d = base64_value(text.data[i + 3], values);

        if ((a | b | c | d) > 63)
            goto invalid;
        uint32_t group = a << 18 | b << 12 | c << 6 | d;
        at[0] = (char)(group >> 16);
        at[1] = (char)(group >> 8);
        at[2] = (char)group;
    }
    buf->size = (size_t)(at - buf->data);
    for (; i < text.size; i++) {
        uint32_t value = base64_value(text.data[i], values);

        if (value > 63)
            goto invalid;
        bits = bits << 6 | value;
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            buf->data[buf->size++] = (char)(bits >> bit_count);
        }
    }
    if ((bits & ((1u << bit_count) - 1)) == 0)
        return 0;
invalid:
    buf->size = start;
    return ERR_INVALID_FIELD;
}

int base64_decode(struct buf *buf, struct span text)
{
    if (text.size % 4 != 0)
        return ERR_INVALID_FIELD;
    for (int padding = 0; padding < 2 && text.size > 0 && text.data[text.size - 1] == '=';
         padding++)
        text.size--;
    return decode_groups(buf, base64_values, text);
}

int base64url_decode(struct buf *buf, struct span text)
{
    return decode_groups(buf, base64url_values, text);
}

size_t utf8_encode(char *text, uint32_t c)
{
    size_t size;

    if (c < 0x80) {
        text[0] = (char)c;
        size = 1;
    } else if (c < 0x800) {
        text[0] = (char)(0xc0 | c >> 6);
        size = 2;
    } else if (c < 0x10000) {
        text[0] = (char)(0xe0 | c >> 12);
        size = 3;
    } else {
        text[0] = (char)(0xf0 | c >> 18);
        size = 4;
    }
    for (size_t i = 1; i < size; i++)
        text[i] = (char)(0x80 | (c >> 6 * (size - 1 - i) & 0x3f));
    return size;
}

static bool in_range(char c, unsigned least, unsigned most)
{
    return (unsigned char)c >= least && (unsigned char)c <= most;
}

/*
 * What may follow a lead byte: the length of the character and the range of its second byte, which
 * excludes overlong forms, surrogates and what is past U+10FFFF.
 */
struct lead {
    unsigned char size, least, most;
};

static struct lead lead_of(unsigned char c)
{
    if (c < 0x80) {
        return (struct lead){1, 0, 0};
    }
    if (c < 0xc2 || c > 0xf4) {
        return (struct lead){0, 0, 0};
    }
    if (c < 0xe0) {
        return (struct lead){2, 0x80, 0xbf};
    }
    if (c < 0xf0) {
        return (struct lead){3, c == 0xe0 ? 0xa0 : 0x80, c == 0xed ? 0x9f : 0xbf};
    }
    return (struct lead){4, c == 0xf0 ? 0x90 : 0x80, c == 0xf4 ? 0x8f : 0xbf};
}

/* How many bytes at the start of `text` fit the form of its lead byte. */
static size_t well_formed_bytes(struct span text, struct lead lead)
{
    size_t n = 1;
    if (lead.size > 1 && text.size > 1 && in_range(text.data[1], lead.least, lead.most)) {
        for (n = 2; n < lead.size && n < text.size && in_range(text.data[n], 0x80, 0xbf); n++) {
        }
    }
    return n;
}

size_t utf8_character(struct span text)
{
    struct lead lead = lead_of((unsigned char)text.data[0]);
    return lead.size > 0 && well_formed_bytes(text, lead) == lead.size ? lead.size : 0;
}

size_t utf8_broken(struct span text)
{
    struct lead lead = lead_of((unsigned char)text.data[0]);
    return lead.size > 0 ? well_formed_bytes(text, lead) : 1;
}

size_t utf8_valid_prefix(struct span text)
{
    const uint8_t *bytes = (const uint8_t *)text.data;
    size_t i = 0;

    while (i < text.size) {
        uint64_t eight;
        size_t length;

        /* Most text is ASCII: eight bytes at once. */
        if (text.size - i >= 8) {
            memcpy(&eight, bytes + i, 8);
            if ((eight & 0x8080808080808080) == 0) {
                i += 8;
                continue;
            }
        }
        length = utf8_character((struct span){text.data + i, text.size - i});
        if (length == 0)
            break;
        i += length;
    }
    return i;
}
