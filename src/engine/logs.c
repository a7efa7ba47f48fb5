#include "engine/logs.h"

#include "engine/text.h"
#include <stdio.h>

#define TRUNCATED "...(truncated)"

/* Always kept free in the buffer: the last entry, "...(4294967295 more entries dropped)". */
#define LAST_ENTRY_MOST 64u

static size_t room(const struct engine *e, size_t kept)
{
    size_t used = e->log.size + sizeof(uint32_t) + kept;
    return e->out->logs_max > used ? e->out->logs_max - used : 0;
}

static void finish_entry(struct engine *e, size_t size)
{
    uint32_t size32 = (uint32_t)size;
    memcpy(e->out->logs + e->log.size, &size32, sizeof(size32));
    e->log.size += sizeof(size32) + size;
    e->log.count++;
}

void logs_add(struct engine *e, struct span text)
{
    size_t most = e->job->log_entry_bytes;
    size_t free_bytes = room(e, LAST_ENTRY_MOST);
    if (e->log.count >= e->job->log_entries || free_bytes < most) {
        e->log.dropped++;
        return;
    }
    struct text_out entry = {.data = e->out->logs + e->log.size + sizeof(uint32_t), .max = most};
    text_add(&entry, text);
    if (entry.cut) {
        /* Again, with room for the mark: the cut has to fall between two characters. */
        size_t mark = sizeof(TRUNCATED) - 1;
        entry.size = 0;
        entry.cut = false;
        entry.max = most > mark ? most - mark : 0;
        text_add(&entry, text);
        entry.cut = false;
        entry.max = most;
        text_add(&entry, SPAN(TRUNCATED));
    }
    finish_entry(e, entry.size);
}

void logs_finish(struct engine *e)
{
    size_t free_bytes = room(e, 0);
    if (e->log.dropped == 0 || free_bytes < LAST_ENTRY_MOST - sizeof(uint32_t)) {
        return;
    }
    int n = snprintf(e->out->logs + e->log.size + sizeof(uint32_t), free_bytes,
                     "...(%u more entries dropped)", e->log.dropped);
    finish_entry(e, (size_t)n);
}
