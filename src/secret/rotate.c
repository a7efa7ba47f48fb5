#include "secret/rotate.h"

#include "base/limits.h"
#include "secret/master_key.h"
#include <stdio.h>
#include <string.h>

#define PAGE        64
#define PASSES_MOST 10
#define CURSOR_MOST 128

static int rotate_row(const struct rotate_options *o, enum secret_format format,
                      const struct store_sealed_row *row, bool *changed,
                      struct error_detail *detail)
{
    struct secret_place place = {row->user, row->name, row->version};
    struct secret_bytes value;
    size_t size;
    bool current = secret_open(o->key, &place, row->sealed, &value, &size) == 0;
    if (current && secret_format_of(row->sealed) == (int)format) {
        secret_bytes_done(&value);
        return 0;
    }
    if (!current && (!o->previous || secret_open(o->previous, &place, row->sealed, &value, &size)))
        return error_set(detail, ERR_SECRET_UNAVAILABLE, "SECRETS_MASTER_KEY_PREVIOUS",
                         "version %llu of %.*s opens neither under SECRETS_MASTER_KEY nor under "
                         "SECRETS_MASTER_KEY_PREVIOUS",
                         (unsigned long long)row->version, (int)row->name.size, row->name.data);
    struct buf sealed = BUF_INIT(SECRET_SEALED_MOST);
    int r = secret_seal(o->key, format, &place, (struct span){(char *)value.data, size}, &sealed);
    secret_bytes_done(&value);
    if (!r)
        r = o->store->ops->replace_sealed(o->store, row, (struct span){sealed.data, sealed.size});
    buf_done(&sealed);
    *changed = r == 0 || r == ERR_CONFLICT; /* written meanwhile: the next pass looks again */
    return r == ERR_CONFLICT ? 0 : r;
}

/* One page, one transaction. *count 0: the end. */
static int rotate_page(const struct rotate_options *o, enum secret_format format, char *cursor,
                       size_t *count, struct rotate_progress *progress, struct error_detail *detail)
{
    struct store_sealed_row rows[PAGE];
    struct arena arena;
    arena_init(&arena, 64 * MIB);
    *count = PAGE;
    int r = o->store->ops->begin(o->store);
    if (!r)
        r = o->store->ops->next_sealed(o->store, span_of(cursor), &arena, rows, count);
    for (size_t i = 0; !r && i < *count; i++) {
        bool changed = false;
        r = rotate_row(o, format, &rows[i], &changed, detail);
        progress->seen++;
        progress->changed += changed;
    }
    if (!r && *count)
        snprintf(cursor, CURSOR_MOST, "%.*s", (int)rows[*count - 1].cursor.size,
                 rows[*count - 1].cursor.data);
    if (!r)
        r = o->store->ops->commit(o->store);
    if (r)
        o->store->ops->rollback(o->store);
    arena_done(&arena);
    return r;
}

/* From now on new rows are written so, and the new key is the one to start with. */
static int write_facts(const struct rotate_options *o, enum secret_format format)
{
    int r = o->store->ops->begin(o->store);
    if (!r)
        r = o->store->ops->put_fact(o->store, SECRET_FACT_FORMAT,
                                    format == SECRET_FORMAT_V2 ? SPAN("2") : SPAN("1"));
    if (!r)
        r = secret_put_key_check(o->store, o->key);
    if (!r)
        r = o->store->ops->commit(o->store);
    if (r)
        o->store->ops->rollback(o->store);
    return r;
}

int secret_rotate(const struct rotate_options *o, struct rotate_progress *ret,
                  struct error_detail *detail)
{
    struct rotate_progress progress = {0}, total = {0};
    enum secret_format format = o->format;
    int r = format ? 0 : secret_current_format(o->store, &format);
    do {
        char cursor[CURSOR_MOST] = "";
        size_t count = 0;
        progress = (struct rotate_progress){.pass = progress.pass + 1};
        do {
            r = r ? r : rotate_page(o, format, cursor, &count, &progress, detail);
            if (!r && o->progress)
                o->progress(o->ctx, &progress);
        } while (!r && count > 0);
        total.changed += progress.changed;
        if (!r)
            r = write_facts(o, format);
    } while (!r && progress.changed && progress.pass < PASSES_MOST);
    if (!r && progress.changed)
        r = error_set(
            detail, ERR_CONFLICT, "",
            "others keep writing rows under the old key or format: give every server the "
            "new key (and the old one as SECRETS_MASTER_KEY_PREVIOUS), then rotate again");
    if (r && detail->code != r)
        error_set(detail, r, "", "stopped by the database (%s); nothing is lost: rotate again",
                  *o->store->trouble ? o->store->trouble : error_text(r));
    total.seen = progress.seen;
    total.pass = progress.pass;
    *ret = total;
    return r;
}
