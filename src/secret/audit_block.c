#include "secret/audit_block.h"

#include <string.h>

/* Bits of a row's fields: the texts first. */
enum { TIME = 9, KIND, SEQUENCE, MAC, FIELD_COUNT };

#define KIND_CHAINED 64u
#define KIND_SUCCESS 128u

static const size_t texts[TIME] = {
    offsetof(struct store_audit, boot_id),       offsetof(struct store_audit, user),
    offsetof(struct store_audit, name),          offsetof(struct store_audit, service),
    offsetof(struct store_audit, address),       offsetof(struct store_audit, user_agent),
    offsetof(struct store_audit, error),         offsetof(struct store_audit, job_id),
    offsetof(struct store_audit, script_sha256),
};

static struct span *text_of(const struct store_audit *row, size_t field)
{
    return (struct span *)((char *)row + texts[field]);
}

static unsigned kind_of(const struct store_audit *row)
{
    return row->action | (row->chained ? KIND_CHAINED : 0) | (row->success ? KIND_SUCCESS : 0);
}

/* --- writing --- */

#define NUMBER_MOST 10 /* bytes of a number */

static size_t put_number(char *at, uint64_t value)
{
    size_t n = 0;
    for (; value >= 128; value >>= 7)
        at[n++] = (char)(value | 128);
    at[n++] = (char)value;
    return n;
}

static bool same_text(struct span a, struct span b)
{
    return a.size == b.size && (a.data == b.data || a.size == 0 || !memcmp(a.data, b.data, a.size));
}

/* Which fields have to be written, and *size: no fewer bytes than they take. */
static unsigned changed(const struct store_audit *row, const struct store_audit *before,
                        uint64_t seq, size_t *size)
{
    unsigned fields = row->chained ? 1u << MAC : 0;
    *size = 4 * NUMBER_MOST + STORE_MAC_SIZE;
    for (size_t i = 0; i < TIME; i++)
        if (!same_text(*text_of(row, i), *text_of(before, i))) {
            fields |= 1u << i;
            *size += NUMBER_MOST + text_of(row, i)->size;
        }
    if (row->created_unix_ms != before->created_unix_ms)
        fields |= 1u << TIME;
    if (kind_of(row) != kind_of(before))
        fields |= 1u << KIND;
    if (row->chained && row->seq != seq + 1)
        fields |= 1u << SEQUENCE;
    return fields;
}

static int write_row(const struct store_audit *row, const struct store_audit *before, uint64_t seq,
                     struct buf *out)
{
    size_t size;
    unsigned fields = changed(row, before, seq, &size);
    if (buf_reserve(out, size))
        return ERR_NO_MEMORY;
    char *at = out->data + out->size;
    at += put_number(at, fields);
    for (size_t i = 0; i < TIME; i++) {
        if (!(fields & 1u << i))
            continue;
        const struct span *text = text_of(row, i);
        at += put_number(at, text->size);
        if (text->size)
            memcpy(at, text->data, text->size);
        at += text->size;
    }
    if (fields & 1u << TIME)
        at += put_number(at, (uint64_t)row->created_unix_ms);
    if (fields & 1u << KIND)
        *at++ = (char)kind_of(row);
    if (fields & 1u << SEQUENCE)
        at += put_number(at, row->seq);
    if (fields & 1u << MAC) {
        memcpy(at, row->mac, STORE_MAC_SIZE);
        at += STORE_MAC_SIZE;
    }
    out->size = (size_t)(at - out->data);
    return 0;
}

int audit_block_write(const struct store_audit *const *rows, size_t count, struct buf *out)
{
    const struct store_audit nothing = {0}, *before = &nothing;
    uint64_t seq = 0;
    int r = buf_add_char(out, AUDIT_BLOCK_VERSION);
    for (size_t i = 0; !r && i < count; i++) {
        r = write_row(rows[i], before, seq, out);
        before = rows[i];
        seq = before->chained ? before->seq : seq;
    }
    return r;
}

/* --- reading --- */

static bool get_number(struct span *rest, uint64_t *ret)
{
    uint64_t value = 0;
    for (size_t i = 0; i < rest->size && i < NUMBER_MOST; i++) {
        uint64_t byte = (unsigned char)rest->data[i];
        if (i == NUMBER_MOST - 1 && byte > 1)
            return false; /* past 64 bits */
        value |= (byte & 127) << 7 * i;
        if (byte < 128) {
            *rest = (struct span){rest->data + i + 1, rest->size - i - 1};
            *ret = value;
            return true;
        }
    }
    return false;
}

static bool get_bytes(struct span *rest, uint64_t size, struct span *ret)
{
    if (size > rest->size)
        return false;
    *ret = (struct span){rest->data, (size_t)size};
    *rest = (struct span){rest->data + size, rest->size - (size_t)size};
    return true;
}

static bool get_text(struct span *rest, struct span *ret)
{
    uint64_t size;
    return get_number(rest, &size) && get_bytes(rest, size, ret);
}

static bool get_kind(struct span *rest, struct store_audit *row)
{
    struct span byte;
    if (!get_bytes(rest, 1, &byte))
        return false;
    unsigned kind = (unsigned char)byte.data[0];
    row->success = kind & KIND_SUCCESS;
    row->chained = kind & KIND_CHAINED;
    row->action = (enum store_action)(kind & ~(KIND_SUCCESS | KIND_CHAINED));
    return row->action < STORE_ACTION_COUNT;
}

/* *row: the row before, which becomes this one. */
static bool read_row(struct span *rest, struct store_audit *row, uint64_t *seq)
{
    uint64_t fields, number;
    struct span mac;
    if (!get_number(rest, &fields) || fields >> FIELD_COUNT)
        return false;
    for (size_t i = 0; i < TIME; i++)
        if (fields & 1u << i && !get_text(rest, text_of(row, i)))
            return false;
    if (fields & 1u << TIME) {
        if (!get_number(rest, &number))
            return false;
        row->created_unix_ms = (int64_t)number;
    }
    if (fields & 1u << KIND && !get_kind(rest, row))
        return false;
    if (row->chained != !!(fields & 1u << MAC) || (!row->chained && fields & 1u << SEQUENCE))
        return false;
    number = *seq + 1;
    if (fields & 1u << SEQUENCE && !get_number(rest, &number))
        return false;
    row->seq = row->chained ? number : 0;
    *seq = row->chained ? number : *seq;
    if (row->chained && !get_bytes(rest, STORE_MAC_SIZE, &mac))
        return false;
    if (row->chained)
        memcpy(row->mac, mac.data, STORE_MAC_SIZE);
    return true;
}

size_t audit_block_read(struct span block, uint64_t first_id, struct store_audit *rows, bool *whole)
{
    struct store_audit row = {0};
    struct span rest = block, version;
    uint64_t seq = 0;
    size_t count = 0;
    *whole = get_bytes(&rest, 1, &version) && version.data[0] == AUDIT_BLOCK_VERSION;
    while (*whole && rest.size > 0) {
        *whole = count < AUDIT_BLOCK_ROWS && read_row(&rest, &row, &seq);
        if (!*whole)
            break;
        row.id = first_id + count;
        rows[count++] = row;
    }
    return count;
}
