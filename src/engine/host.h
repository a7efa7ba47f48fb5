/*
 * What the engine can ask of the outside: the host functions that the prelude calls. imports.c has
 * the module's other imports.
 *
 * A host function is known to the prelude only; scripts call what the prelude makes of it. Still
 * each one takes any value from anybody: it never throws, never runs script code, and answers a
 * value that it cannot use with null or false.
 */
#ifndef NEOCOMPUTE_ENGINE_HOST_H
#define NEOCOMPUTE_ENGINE_HOST_H

#include "engine/runtime.h"

/*
 * X(name, fixed, per_byte) -> host_<name>. What a call costs: `fixed` gas, and `per_byte` for each
 * byte it works on, charged before the work. One unit of gas is about half a nanosecond to one.
 */
#define HOST_FUNCTIONS(X)                                                                          \
    X(log, 200, 2)           /* (text) */                                                          \
    X(sha256, 500, 4)        /* (string) or (buffer, offset, size) -> hex, or null */              \
    X(random_hex, 500, 8)    /* (size) -> hex */                                                   \
    X(random_fill, 500, 8)   /* (buffer, offset, size) -> did it */                                \
    X(utf8_encode, 200, 2)   /* (string) -> ArrayBuffer */                                         \
    X(utf8_decode, 200, 4)   /* (buffer, offset, size, fatal) -> string, or null */                \
    X(timer_set, 200, 0)     /* (function, ms, repeat) -> id, or 0 if there are too many */        \
    X(timer_clear, 200, 0)   /* (id) */                                                            \
    X(class_of, 50, 0)       /* (value) -> the name of its class, "Proxy", or null */              \
    X(proxy_target, 50, 0)   /* (proxy) -> its target */                                           \
    X(own_keys, 100, 0)      /* (object, indices) -> its enumerable keys, perhaps indices */       \
    X(promise_state, 50, 0)  /* (promise) -> 0 pending, 1 fulfilled, 2 rejected */                 \
    X(promise_result, 50, 0) /* (promise) -> its value or reason */

/* Makes an object, owned, with all host functions as properties, for the prelude. */
js_value host_functions_new(struct engine *e);

/* The cost table as text, for the engine digest. */
extern const char host_cost_text[];

#endif
