/*
 * The few calls by which quickjs_driver.c evaluates scripts, whichever translation of quickjs.wasm
 * is linked in: ours (native_quickjs.c) or wasm2c's (oracle.c). One instance a process.
 */
#ifndef TESTS_TOOLS_QUICKJS_DRIVER_H
#define TESTS_TOOLS_QUICKJS_DRIVER_H

#include <stdint.h>

/* X(name, result, parameters, arguments...) */
#define DRIVER_CALLS(X)                                                                            \
    X(_initialize, void, (void))                                                                   \
    X(qjs_init, uint32_t, (void))                                                                  \
    X(qjs_get_context_ptr, uint32_t, (void))                                                       \
    X(wasm_malloc, uint32_t, (uint32_t a), a)                                                      \
    X(JS_Eval, uint64_t, (uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e), a, b, c, d, \
      e)                                                                                           \
    X(JS_GetException, uint64_t, (uint32_t a), a)                                                  \
    X(JS_ToCStringLen2, uint32_t, (uint32_t a, uint32_t b, uint64_t c, uint32_t d), a, b, c, d)    \
    X(JS_FreeValue, void, (uint32_t a, uint64_t b), a, b)

#define DECLARE(name, result, parameters, ...) result qjs_##name parameters;
DRIVER_CALLS(DECLARE)
#undef DECLARE

/* `build`: guard or checked; wasm2c has only one. */
void driver_init(const char *build);

/* Runs code of the module; 0, or how it trapped (the numbers differ between the translations). */
int driver_run(void (*code)(void));

uint8_t *driver_memory(void);
uint64_t driver_memory_size(void);
uint64_t driver_gas_used(void);

#endif
