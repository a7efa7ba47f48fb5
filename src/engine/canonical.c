#include "engine/canonical.h"

#include "engine/canonical_writer.h"
#include "engine/text.h"
#include <stdio.h>
#include <sys/mman.h>

int canonical_init(struct engine *e)
{
    void *frames = mmap(NULL, CANONICAL_DEPTH_MOST * sizeof(struct canonical_frame),
                        PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (frames == MAP_FAILED) {
        return ERR_NO_MEMORY;
    }
    e->frames = frames;
    e->frame_capacity = CANONICAL_DEPTH_MOST;
    return 0;
}

void canonical_done(struct engine *e)
{
    if (e->frames != NULL) {
        munmap(e->frames, e->frame_capacity * sizeof(struct canonical_frame));
        e->frames = NULL;
    }
}

/*
 * Where in the output something is, for messages: $.items[2]["odd key"].
 */
static bool is_plain_key(struct span key)
{
    for (size_t i = 0; i < key.size; i++) {
        char c = key.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
        if (!letter && !(i > 0 && c >= '0' && c <= '9')) {
            return false;
        }
    }
    return key.size > 0;
}

static void path_add_key(struct engine *e, struct text_out *path, const struct canonical_frame *f)
{
    uint32_t entry = f->keys + (uint32_t)(f->next - 1) * JS_PROPERTY_ENUM_BYTES;
    struct js_text key = js_atom_text(e, engine_read_u32(e, entry + JS_PROPERTY_ENUM_ATOM));
    bool plain = is_plain_key(key.span);
    text_add(path, plain ? SPAN(".") : SPAN("[\""));
    text_add(path, key.span);
    text_add(path, plain ? SPAN("") : SPAN("\"]"));
    js_text_free(e, &key);
}

static void path_write(struct canonical_writer *w, char *text, size_t size)
{
    struct text_out path = {.data = text, .max = size - 1};
    text_add(&path, SPAN("$"));
    for (uint32_t i = 0; i < w->depth && !path.cut; i++) {
        const struct canonical_frame *f = &w->frames[i];
        if (f->next == 0) {
            break;
        }
        if (!f->array) {
            path_add_key(w->e, &path, f);
        } else {
            char index[32];
            int n = snprintf(index, sizeof(index), "[%llu]", (unsigned long long)f->next - 1);
            text_add(&path, (struct span){index, (size_t)n});
        }
    }
    text[path.size] = '\0';
}

void canonical_fail_invalid(struct canonical_writer *w, const char *what)
{
    char path[300];
    if (w->code == 0) {
        path_write(w, path, sizeof(path));
        w->code = error_set(&w->e->why, ERR_OUTPUT_INVALID, "", "%s at %s", what, path);
    }
}

void canonical_fail_script(struct canonical_writer *w)
{
    if (w->code == 0) {
        w->code = ERR_SCRIPT_ERROR;
    }
}

/*
 * Walking.
 */
static bool is_open(struct canonical_writer *w, js_value object)
{
    engine_charge(w->e, w->depth / 8);
    for (uint32_t i = w->depth; i-- > 0;) {
        if (js_address(w->frames[i].object) == js_address(object)) {
            return true;
        }
    }
    return false;
}

/* Fills in what the new frame walks over. */
static bool open_frame(struct engine *e, struct canonical_frame *f)
{
    uint32_t scratch = e->realm.scratch;
    if (f->array) {
        if ((int32_t)JS_CTX(e, JS_GetLength, f->object, scratch) < 0) {
            return false;
        }
        f->count = engine_read_u64(e, scratch);
        return true;
    }
    if ((int32_t)JS_CTX(e, JS_GetOwnPropertyNames, scratch, scratch + 4, f->object,
                        JS_GPN_STRING_MASK | JS_GPN_ENUM_ONLY) < 0) {
        return false;
    }
    f->keys = engine_read_u32(e, scratch);
    f->count = f->keys != 0 ? engine_read_u32(e, scratch + 4) : 0;
    return f->count < 2 || canonical_sort(e, f->keys, (uint32_t)f->count);
}

/* Goes into an object or array (taken). */
static void push(struct canonical_writer *w, js_value object, enum canonical_kind kind)
{
    struct engine *e = w->e;
    uint32_t most =
        e->job->output_depth < e->frame_capacity ? e->job->output_depth : e->frame_capacity;
    if (is_open(w, object)) {
        canonical_fail_invalid(w, "the value contains itself");
        return;
    }
    uint32_t level = w->around + w->depth + 1;
    if (level > most) {
        w->code = limit_exceeded(&e->why, ERR_OUTPUT_TOO_LARGE, LIMIT_OUTPUT_DEPTH, level, most);
        return;
    }
    struct canonical_frame *f = &w->frames[w->depth];
    *f = (struct canonical_frame){.object = object, .array = kind == CANONICAL_ARRAY};
    canonical_put_char(w, f->array ? '[' : '{');
    if (!open_frame(e, f)) {
        canonical_fail_script(w);
        return;
    }
    w->depth++;
}

static void pop(struct canonical_writer *w)
{
    struct engine *e = w->e;
    struct canonical_frame *f = &w->frames[--w->depth];
    canonical_put_char(w, f->array ? ']' : '}');
    if (f->keys != 0) {
        JS_CTX(e, JS_FreePropertyEnum, f->keys, (uint32_t)f->count);
    }
    js_free(e, f->object);
}

/* Writes a resolved value (taken): primitives at once, others by way of a new frame. */
static void put_value(struct canonical_writer *w, js_value value, enum canonical_kind kind)
{
    if (kind == CANONICAL_ARRAY || kind == CANONICAL_OBJECT) {
        push(w, value, kind);
    } else if (kind != CANONICAL_FAILED) {
        canonical_put_primitive(w, value);
        js_free(w->e, value);
    }
}

static void put_element(struct canonical_writer *w, struct canonical_frame *f)
{
    struct engine *e = w->e;
    uint64_t index = f->next++;
    js_value value = JS_CTX(e, JS_GetPropertyInt64, f->object, index);
    enum canonical_kind kind = canonical_resolve(w, &value);
    if (index > 0) {
        canonical_put_char(w, ',');
    }
    put_value(w, value, kind);
}

static void put_property(struct canonical_writer *w, struct canonical_frame *f)
{
    struct engine *e = w->e;
    uint32_t entry = f->keys + (uint32_t)f->next++ * JS_PROPERTY_ENUM_BYTES;
    uint32_t atom = engine_read_u32(e, entry + JS_PROPERTY_ENUM_ATOM);
    js_value value = JS_CTX(e, JS_GetProperty, f->object, atom);
    enum canonical_kind kind = canonical_resolve(w, &value);
    if (kind == CANONICAL_ABSENT || kind == CANONICAL_FAILED) {
        return;
    }
    if (f->filled) {
        canonical_put_char(w, ',');
    }
    f->filled = true;
    struct js_text key = js_atom_text(e, atom);
    canonical_put_text(w, key.span);
    js_text_free(e, &key);
    canonical_put_char(w, ':');
    put_value(w, value, kind);
}

static void walk(struct canonical_writer *w)
{
    while (w->depth > 0 && w->code == 0) {
        struct canonical_frame *f = &w->frames[w->depth - 1];
        if (f->next >= f->count) {
            pop(w);
        } else if (f->array) {
            put_element(w, f);
        } else {
            put_property(w, f);
        }
    }
}

int canonical_write(struct engine *e, js_value value)
{
    struct canonical_writer w = {.e = e, .frames = e->frames};
    enum canonical_kind kind = canonical_resolve(&w, &value);
    if (kind == CANONICAL_OBJECT) {
        push(&w, value, kind);
        walk(&w);
    } else {
        canonical_put(&w, "{\"result\":", 10);
        w.around = 1;
        put_value(&w, kind == CANONICAL_ABSENT ? JS_NULL : value, kind);
        walk(&w);
        canonical_put_char(&w, '}');
    }
    if (w.code == 0) {
        e->output_size = w.size;
    }
    return w.code;
}
