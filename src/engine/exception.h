/*
 * What was thrown, as text for the caller: "Name: message\n    at f (script.js:3:7)\n..." for an
 * error, "Uncaught 'text'" (as the console renders it) for any other value.
 */
#ifndef NEOCOMPUTE_ENGINE_EXCEPTION_H
#define NEOCOMPUTE_ENGINE_EXCEPTION_H

#include "engine/runtime.h"

/*
 * Writes `thrown` (borrowed) to e->out->error and sets e->error_size. Getters and proxies of the
 * script may run, metered; whatever they throw in turn is left out. Cut at a character.
 */
void exception_write(struct engine *e, js_value thrown);

#endif
