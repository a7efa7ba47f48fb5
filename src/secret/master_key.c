#include "secret/master_key.h"

#include "base/limits.h"
#include "secret/service.h"

/* --- the check value --- */

#define KEY_CHECK_VALUE "neocompute"
#define FACT_BYTES      (64 * KIB) /* of one that is read by itself */

static const struct secret_place key_check_place = {
    {"", 0}, {SECRET_FACT_KEY_CHECK, sizeof SECRET_FACT_KEY_CHECK - 1}, 0};

int secret_put_key_check(struct store *store, const struct secret_key *key)
{
    struct buf sealed = BUF_INIT(SECRET_SEALED_MOST);
    int r = secret_seal(key, SECRET_FORMAT_V2, &key_check_place, SPAN(KEY_CHECK_VALUE), &sealed);
    if (!r)
        r = store->ops->put_fact(store, SECRET_FACT_KEY_CHECK,
                                 (struct span){sealed.data, sealed.size});
    buf_done(&sealed);
    return r;
}

static bool key_opens(const struct secret_key *key, const struct secret_place *place,
                      struct span sealed)
{
    struct secret_bytes value;
    size_t size;
    if (!key || secret_open(key, place, sealed, &value, &size))
        return false;
    secret_bytes_done(&value);
    return true;
}

bool secret_key_check_opens(const struct secret_key *key, struct span sealed)
{
    return key_opens(key, &key_check_place, sealed);
}

int secret_current_format(struct store *store, enum secret_format *ret)
{
    struct arena arena;
    struct span format = {0};
    arena_init(&arena, FACT_BYTES);
    int r = store->ops->get_fact(store, SECRET_FACT_FORMAT, &arena, &format);
    *ret = span_equal(format, SPAN("1")) ? SECRET_FORMAT_V1 : SECRET_FORMAT_V2;
    arena_done(&arena);
    return r == ERR_NOT_FOUND ? 0 : r;
}

/* --- does it belong to the database? --- */

static int wrong_key(struct error_detail *detail)
{
    return error_set(
        detail, ERR_USAGE, "SECRETS_MASTER_KEY",
        "does not open the secrets in this database; nothing was changed. Give the key "
        "they were sealed with, as SECRETS_MASTER_KEY or SECRETS_MASTER_KEY_PREVIOUS");
}

/* What the database says of itself at start. */
struct database {
    bool has_check, has_format, has_rows;
    struct span check, format;
    struct store_sealed_row row;
};

static int look(struct secret_service *s, struct arena *arena, struct database *db)
{
    size_t rows = 1;
    int r = s->store->ops->next_sealed(s->store, (struct span){0}, arena, &db->row, &rows);
    if (r)
        return r;
    db->has_rows = rows > 0;
    r = s->store->ops->get_fact(s->store, SECRET_FACT_KEY_CHECK, arena, &db->check);
    db->has_check = r == 0;
    if (r && r != ERR_NOT_FOUND)
        return r;
    r = s->store->ops->get_fact(s->store, SECRET_FACT_FORMAT, arena, &db->format);
    db->has_format = r == 0;
    return r == ERR_NOT_FOUND ? 0 : r;
}

static bool key_fits(const struct secret_service *s, const struct database *db)
{
    struct secret_place place = {db->row.user, db->row.name, db->row.version};
    if (db->has_check)
        return secret_key_check_opens(s->key, db->check) ||
               secret_key_check_opens(s->previous, db->check);
    return !db->has_rows || key_opens(s->key, &place, db->row.sealed) ||
           key_opens(s->previous, &place, db->row.sealed);
}

static int write_facts(struct secret_service *s, const struct database *db, bool v1)
{
    const struct store_ops *ops = s->store->ops;
    int r = ops->begin(s->store);
    if (!r && !db->has_check)
        r = secret_put_key_check(s->store, s->key);
    if (!r && !db->has_format)
        r = ops->put_fact(s->store, SECRET_FACT_FORMAT, v1 ? SPAN("1") : SPAN("2"));
    r = r ? r : ops->commit(s->store);
    if (r)
        ops->rollback(s->store);
    return r;
}

/*
 * Does the key belong to the database, and in which format are new rows written? A database whose
 * rows others read as v1 stays v1 until its operator says otherwise.
 */
int secret_master_key_check(struct secret_service *s, struct error_detail *detail)
{
    struct arena arena;
    struct database db = {0};
    arena_init(&arena, TICKET_ARENA_MOST);
    int r = look(s, &arena, &db);
    if (!r && !key_fits(s, &db)) {
        r = wrong_key(detail);
        goto out;
    }
    bool v1 = db.has_format ? span_equal(db.format, SPAN("1"))
                            : db.has_rows && secret_format_of(db.row.sealed) == SECRET_FORMAT_V1;
    if (!r && (!db.has_check || !db.has_format))
        r = write_facts(s, &db, v1);
    if (r)
        error_set(detail, r, "data-dir", "the secrets' database cannot be used");
out:
    arena_done(&arena);
    return r;
}

int secret_format_to_write(struct secret_service *s, enum secret_format *ret,
                           struct error_detail *detail)
{
    struct arena arena;
    struct database db = {0};
    arena_init(&arena, FACT_BYTES);
    int r = s->store->ops->get_fact(s->store, SECRET_FACT_KEY_CHECK, &arena, &db.check);
    db.has_check = r == 0;
    if (!r && !key_fits(s, &db))
        r = error_set(detail, ERR_STORE_DOWN, "",
                      "the secrets of this database are sealed under another key by now");
    arena_done(&arena);
    return r && r != ERR_NOT_FOUND ? r : secret_current_format(s->store, ret);
}

/* --- rows under either key --- */

void secret_rows_begin(const struct secret_service *s, struct row_opener *opener)
{
    secret_opener_init(&opener->current, s->key);
    secret_opener_init(&opener->previous, s->previous);
    opener->has_previous = s->previous != NULL;
}

void secret_rows_end(struct row_opener *opener)
{
    secret_opener_done(&opener->current);
    secret_opener_done(&opener->previous);
}

int secret_open_row(struct row_opener *opener, struct span user, const struct store_secret *row,
                    struct secret_bytes *ret, size_t *size)
{
    struct secret_place place = {user, row->name, row->version};
    int r = secret_opener_open(&opener->current, &place, row->sealed, ret, size);
    if (r && opener->has_previous)
        r = secret_opener_open(&opener->previous, &place, row->sealed, ret, size);
    return r;
}
