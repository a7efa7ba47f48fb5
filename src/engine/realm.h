/*
 * The realm that every job starts in: QuickJS with the prelude run, made once for the snapshot.
 *
 * Some of what the engine needs has no place in QuickJS's C API and is found in its structures by
 * content, not by offset: the stack limit, Math.random's state, and the object that holds top-level
 * let and const. Each is checked as it is found; a module where one is not where it should be is
 * refused (ERR_INTERNAL), never guessed at.
 */
#ifndef NEOCOMPUTE_ENGINE_REALM_H
#define NEOCOMPUTE_ENGINE_REALM_H

#include "engine/runtime.h"

/*
 * Makes the realm inside a freshly instantiated module. To be called under engine_guarded. 0 or
 * ERR_INTERNAL with e->why.
 */
int realm_make(struct engine *e);
void realm_done(struct realm *realm);

#endif
