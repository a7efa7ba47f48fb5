#include "engine/prelude.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions" /* #embed */

static const char source_intrinsics[] = {
#embed "prelude/intrinsics.js"
};
static const char source_inspect_entries[] = {
#embed "prelude/inspect_entries.js"
};
static const char source_inspect[] = {
#embed "prelude/inspect.js"
};
static const char source_console[] = {
#embed "prelude/console.js"
};
static const char source_crypto[] = {
#embed "prelude/crypto.js"
};
static const char source_text[] = {
#embed "prelude/text.js"
};
static const char source_clone[] = {
#embed "prelude/clone.js"
};
static const char source_timers[] = {
#embed "prelude/timers.js"
};
static const char source_exports[] = {
#embed "prelude/exports.js"
};

#pragma clang diagnostic pop

#define PART(name) {source_##name, sizeof(source_##name)}

const struct span prelude_parts[PRELUDE_PART_COUNT] = {
    {"(function (host) { 'use strict';\n", 33},
    PART(intrinsics),
    PART(inspect_entries),
    PART(inspect),
    PART(console),
    PART(crypto),
    PART(text),
    PART(clone),
    PART(timers),
    PART(exports),
    {"return engineExports;\n})", 24},
};

size_t prelude_size(void)
{
    size_t size = 0;
    for (size_t i = 0; i < PRELUDE_PART_COUNT; i++) {
        size += prelude_parts[i].size;
    }
    return size;
}
