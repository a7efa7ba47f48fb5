/* Our translation of quickjs.wasm behind quickjs_driver.h. */
#include "native.h"
#include "quickjs_driver.h"
#include <stdlib.h>
#include <string.h>

static struct native native;

uint8_t *driver_memory(void)
{
    return native.wasm.memory;
}

uint64_t driver_memory_size(void)
{
    return native.wasm.memory_size;
}

uint64_t driver_gas_used(void)
{
    return native_gas_used(&native);
}

void driver_init(const char *build)
{
    int masked = !strcmp(build, "checked");
    native_init(&native, masked ? &wasm_checked_exports : &wasm_guard_exports, masked);
    const char *slice = getenv("SLICE"); /* gas must not depend on it */
    if (slice)
        native.slice = strtoull(slice, NULL, 10);
}

static void call(struct native *unused, void *code)
{
    (void)unused;
    (*(void (**)(void))code)();
}

int driver_run(void (*code)(void))
{
    return (int)native_run(&native, call, &code);
}

#define FORWARD(name, result, parameters, ...)                                                     \
    result qjs_##name parameters                                                                   \
    {                                                                                              \
        return native.wasm.exports->name(&native.wasm, ##__VA_ARGS__);                             \
    }
DRIVER_CALLS(FORWARD)
