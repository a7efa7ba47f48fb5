#include "secret/audit.h"

#include "base/encode.h"
#include "base/limits.h"
#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROW_MOST        (64u * 1024) /* bytes of one row as it is MACed */
#define CHECKPOINT_MOST 256
#define CHAINS_MOST     100000 /* chains a verification follows */

/* --- the MAC --- */

void audit_mac_init(struct audit_mac *mac, const uint8_t key[AUDIT_KEY_SIZE])
{
    *mac = (struct audit_mac){.text = BUF_INIT(ROW_MOST)};
    hmac_init(&mac->hmac, (struct span){(const char *)key, AUDIT_KEY_SIZE});
}

void audit_mac_done(struct audit_mac *mac)
{
    hmac_done(&mac->hmac);
    buf_done(&mac->text);
}

/* Over mac->text, which is empty afterwards. */
static int mac_of(struct audit_mac *mac, uint8_t ret[STORE_MAC_SIZE])
{
    const struct span text = {mac->text.data, mac->text.size};
    bool ok = !buf_failed(&mac->text);
    if (ok)
        hmac_sign(&mac->hmac, &text, 1, ret);
    buf_reset(&mac->text);
    return ok ? 0 : ERR_NO_MEMORY;
}

static int row_mac(struct audit_mac *mac, const struct store_audit *row,
                   const uint8_t before[STORE_MAC_SIZE], uint8_t ret[STORE_MAC_SIZE])
{
    struct buf *buf = &mac->text;
    buf_add(buf, before, STORE_MAC_SIZE);
    field_encode(buf, row->boot_id);
    number_encode(buf, row->seq);
    field_encode(buf, row->user);
    field_encode(buf, row->name);
    field_encode(buf, span_of(store_action_name(row->action)));
    field_encode(buf, row->service);
    field_encode(buf, row->address);
    field_encode(buf, row->user_agent);
    number_encode(buf, row->success);
    field_encode(buf, row->error);
    number_encode(buf, (uint64_t)row->created_unix_ms);
    field_encode(buf, row->job_id);
    field_encode(buf, row->script_sha256);
    return mac_of(mac, ret);
}

int audit_chain_add(struct audit_chain *chain, struct audit_mac *mac, struct store_audit *row)
{
    row->boot_id = chain->boot_id;
    row->seq = chain->seq + 1;
    row->chained = true;
    int r = row_mac(mac, row, chain->mac, row->mac);
    if (r)
        return r;
    chain->seq++;
    memcpy(chain->mac, row->mac, sizeof chain->mac);
    return 0;
}

/* --- checkpoints --- */

static int checkpoint_mac(struct audit_mac *mac, struct span boot_id, struct span text,
                          uint8_t ret[STORE_MAC_SIZE])
{
    field_encode(&mac->text, SPAN("neocompute/checkpoint"));
    field_encode(&mac->text, boot_id);
    field_encode(&mac->text, text);
    return mac_of(mac, ret);
}

int audit_checkpoint_write(const struct audit_chain *chain, int64_t unix_ms, struct buf *out)
{
    char head[2 * STORE_MAC_SIZE + 1], text[CHECKPOINT_MOST], digits[2 * STORE_MAC_SIZE + 1];
    uint8_t signature[STORE_MAC_SIZE];
    struct audit_mac mac;
    hex_encode(head, chain->mac, STORE_MAC_SIZE);
    int size = snprintf(text, sizeof text, "%" PRIu64 ":%" PRId64 ":%s", chain->seq, unix_ms, head);
    audit_mac_init(&mac, chain->key);
    int r = checkpoint_mac(&mac, chain->boot_id, (struct span){text, (size_t)size}, signature);
    audit_mac_done(&mac);
    if (r)
        return r;
    hex_encode(digits, signature, STORE_MAC_SIZE);
    return buf_addf(out, "%s:%s", text, digits);
}

/* seq and head MAC of a checkpoint; false if it is not ours. */
static bool checkpoint_read(struct audit_mac *key, struct span boot_id, struct span text,
                            uint64_t *seq, uint8_t head[STORE_MAC_SIZE])
{
    const size_t digits = 2 * STORE_MAC_SIZE;
    uint8_t mac[STORE_MAC_SIZE], expected[STORE_MAC_SIZE];
    if (text.size < 2 * digits + 4 || text.size >= CHECKPOINT_MOST)
        return false;
    struct span signed_part = {text.data, text.size - digits - 1};
    struct span head_text = {text.data + signed_part.size - digits, digits};
    if (hex_decode(mac, sizeof mac, (struct span){text.data + text.size - digits, digits}) ||
        hex_decode(head, STORE_MAC_SIZE, head_text) ||
        checkpoint_mac(key, boot_id, signed_part, expected) ||
        CRYPTO_memcmp(mac, expected, sizeof mac) != 0)
        return false;
    char number[24] = "";
    const char *colon = memchr(text.data, ':', text.size);
    if (!colon || (size_t)(colon - text.data) >= sizeof number)
        return false;
    memcpy(number, text.data, (size_t)(colon - text.data));
    *seq = strtoull(number, NULL, 10);
    return true;
}

/* --- verification --- */

#define PAGE 256

/* One chain as far as it has been walked. */
struct walked {
    char boot_id[STORE_BOOT_ID_SIZE];
    struct audit_mac *key; /* what it was made with; NULL: not known yet */
    uint64_t seq;
    uint8_t mac[STORE_MAC_SIZE];
    uint64_t checkpoint_seq; /* 0: none */
    uint8_t checkpoint_mac[STORE_MAC_SIZE];
};

struct walk {
    struct audit_mac key, previous;
    bool has_previous;
    struct walked *chains;
    size_t count, capacity;
    struct audit_report report;
};

/* As ours are written: another one is nobody's chain. */
static bool is_boot_id(struct span text)
{
    return text.size == STORE_BOOT_ID_SIZE - 1 && !memchr(text.data, 0, text.size);
}

static struct walked *chain_of(struct walk *w, struct span boot_id)
{
    for (size_t i = w->count; i > 0; i--)
        if (span_equal(span_of(w->chains[i - 1].boot_id), boot_id))
            return &w->chains[i - 1];
    if (w->count == w->capacity) {
        size_t capacity = w->capacity ? 2 * w->capacity : 16;
        struct walked *grown =
            capacity > CHAINS_MOST ? NULL : realloc(w->chains, capacity * sizeof *grown);
        if (!grown)
            return NULL;
        w->chains = grown;
        w->capacity = capacity;
    }
    struct walked *chain = &w->chains[w->count++];
    *chain = (struct walked){0};
    memcpy(chain->boot_id, boot_id.data, boot_id.size);
    return chain;
}

static void note_bad(struct walk *w, uint64_t *counter, uint64_t id)
{
    ++*counter;
    if (!w->report.first_bad_id)
        w->report.first_bad_id = id;
}

/* Under one key or the other; the chain's key is then known. */
static bool take_checkpoint(struct walk *w, struct walked *chain, struct span boot_id,
                            struct span text)
{
    struct audit_mac *const keys[] = {&w->key, w->has_previous ? &w->previous : NULL};
    for (int i = 0; i < 2 && keys[i]; i++)
        if (checkpoint_read(keys[i], boot_id, text, &chain->checkpoint_seq,
                            chain->checkpoint_mac)) {
            chain->key = keys[i];
            return true;
        }
    return false;
}

static int read_checkpoint(struct walk *w, struct span name, struct span text)
{
    const size_t prefix = sizeof AUDIT_CHECKPOINT_PREFIX - 1;
    struct span boot_id = {name.data + prefix, name.size - prefix};
    struct walked *chain = is_boot_id(boot_id) ? chain_of(w, boot_id) : NULL;
    if (!chain && is_boot_id(boot_id))
        return ERR_NO_MEMORY;
    if (!chain || !take_checkpoint(w, chain, boot_id, text))
        note_bad(w, &w->report.forged, 0);
    w->report.checkpoints++;
    return 0;
}

static int read_checkpoints(struct store *store, struct walk *w)
{
    struct span names[PAGE], values[PAGE];
    struct buf last = BUF_INIT(MIB); /* whoever writes the tables may give them any name */
    size_t count;
    int r = 0;
    do {
        struct arena arena;
        arena_init(&arena, MIB);
        count = PAGE;
        struct span after = {last.data, last.size};
        r = store->ops->list_facts(store, AUDIT_CHECKPOINT_PREFIX, after, &arena, names, values,
                                   &count);
        for (size_t i = 0; !r && i < count; i++)
            r = read_checkpoint(w, names[i], values[i]);
        buf_reset(&last);
        if (!r && count == PAGE)
            r = buf_add(&last, names[count - 1].data, names[count - 1].size);
        arena_done(&arena);
    } while (!r && count == PAGE);
    buf_done(&last);
    return r;
}

/* The MAC that the row must have. A chain without a checkpoint shows by its first row under which
 * key it was made. */
static int expected_mac(struct walk *w, struct walked *chain, const struct store_audit *row,
                        uint8_t ret[STORE_MAC_SIZE])
{
    bool known = chain->key;
    chain->key = known ? chain->key : &w->key;
    int r = row_mac(chain->key, row, chain->mac, ret);
    if (r || known || !w->has_previous || CRYPTO_memcmp(row->mac, ret, STORE_MAC_SIZE) == 0)
        return r;
    chain->key = &w->previous;
    r = row_mac(chain->key, row, chain->mac, ret);
    if (!r && CRYPTO_memcmp(row->mac, ret, STORE_MAC_SIZE) != 0)
        chain->key = NULL; /* neither: this row is wrong, the next one may tell */
    return r;
}

static int walk_row(struct walk *w, const struct store_audit *row)
{
    if (row->damaged) {
        note_bad(w, &w->report.changed, row->id);
        return 0;
    }
    w->report.rows++;
    if (!row->chained) {
        w->report.foreign++;
        return 0;
    }
    w->report.chained++;
    if (!is_boot_id(row->boot_id)) {
        note_bad(w, &w->report.changed, row->id);
        return 0;
    }
    struct walked *chain = chain_of(w, row->boot_id);
    uint8_t expected[STORE_MAC_SIZE];
    if (!chain)
        return ERR_NO_MEMORY;
    int r = expected_mac(w, chain, row, expected);
    if (r)
        return r;
    if (row->seq != chain->seq + 1)
        note_bad(w, &w->report.gaps, row->id);
    else if (CRYPTO_memcmp(row->mac, expected, sizeof expected) != 0)
        note_bad(w, &w->report.changed, row->id);
    chain->seq = row->seq;
    memcpy(chain->mac, row->mac, sizeof chain->mac);
    if (chain->seq == chain->checkpoint_seq &&
        CRYPTO_memcmp(chain->mac, chain->checkpoint_mac, sizeof chain->mac) != 0)
        note_bad(w, &w->report.changed, row->id);
    return 0;
}

static int walk_rows(struct store *store, struct walk *w)
{
    struct store_page page = {.limit = PAGE};
    struct store_audit *rows = calloc(PAGE, sizeof *rows);
    size_t count = 0;
    int r = rows ? 0 : ERR_NO_MEMORY;
    while (!r) {
        struct arena arena;
        arena_init(&arena, 64 * MIB);
        count = PAGE;
        r = store->ops->list_audit(store, (struct span){0}, &page, &arena, rows, &count);
        for (size_t i = 0; !r && i < count; i++) {
            page.after = rows[i].id;
            r = walk_row(w, &rows[i]);
        }
        arena_done(&arena);
        if (count < PAGE)
            break;
    }
    free(rows);
    return r;
}

int audit_verify(struct store *store, const uint8_t key[AUDIT_KEY_SIZE], const uint8_t *previous,
                 struct audit_report *ret)
{
    struct walk w = {.has_previous = previous};
    audit_mac_init(&w.key, key);
    if (previous)
        audit_mac_init(&w.previous, previous);
    int r = read_checkpoints(store, &w);
    if (!r)
        r = walk_rows(store, &w);
    for (size_t i = 0; !r && i < w.count; i++) {
        w.report.chains += w.chains[i].seq > 0;
        w.report.cut += w.chains[i].seq < w.chains[i].checkpoint_seq;
    }
    free(w.chains);
    audit_mac_done(&w.key);
    audit_mac_done(&w.previous);
    if (!r)
        *ret = w.report;
    return r;
}
