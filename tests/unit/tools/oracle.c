/*
 * wasm2c's translation of quickjs.wasm (Debian's wabt 1.0.32, with its runtime) behind the same few
 * calls as native_quickjs.c: the oracle of the differential test, and the plain build that
 * bench_engine.py compares speed with. The imports answer as those of native.c.
 */
#include "quickjs.h"
#include "quickjs_driver.h"
#include "wasm-rt-impl.h"
#include "wasm-rt.h"
#include <string.h>

struct Z_env_instance_t {
    int unused;
};
struct Z_wasi_snapshot_preview1_instance_t {
    int unused;
};

static Z_quickjs_instance_t instance;
static struct Z_env_instance_t env;
static struct Z_wasi_snapshot_preview1_instance_t wasi;

uint8_t *driver_memory(void)
{
    return instance.w2c_memory.data;
}

uint64_t driver_memory_size(void)
{
    return instance.w2c_memory.size;
}

uint64_t driver_gas_used(void)
{
    return 0;
}

void driver_init(const char *build)
{
    (void)build;
    wasm_rt_init();
    Z_quickjs_init_module();
    Z_quickjs_instantiate(&instance, &env, &wasi);
}

int driver_run(void (*code)(void))
{
    int trap = wasm_rt_impl_try();
    if (!trap)
        code();
    return trap;
}

#define FORWARD(name, result, parameters, ...)                                                     \
    result qjs_##name parameters                                                                   \
    {                                                                                              \
        return Z_quickjsZ_##name(&instance, ##__VA_ARGS__);                                        \
    }
DRIVER_CALLS(FORWARD)

u32 Z_envZ_host_call(struct Z_env_instance_t *e, u32 a, u32 b, u32 c, u32 d, u32 f)
{
    return 0;
}
u32 Z_envZ_host_get_timezone_offset(struct Z_env_instance_t *e, u32 a, u32 b)
{
    return 0;
}
u32 Z_envZ_host_interrupt(struct Z_env_instance_t *e)
{
    return 0;
}
u32 Z_envZ_host_module_load(struct Z_env_instance_t *e, u32 a, u32 b)
{
    return 0;
}
u32 Z_envZ_host_module_normalize(struct Z_env_instance_t *e, u32 a, u32 b)
{
    return 0;
}
void Z_envZ_host_promise_rejection(struct Z_env_instance_t *e, u32 a, u32 b, u32 c)
{
}
u32 Z_wasi_snapshot_preview1Z_clock_time_get(struct Z_wasi_snapshot_preview1_instance_t *w, u32 id,
                                             u64 precision, u32 at)
{
    uint64_t time = 1700000000ull * 1000000000;
    memcpy(driver_memory() + at, &time, sizeof(time));
    return 0;
}
u32 Z_wasi_snapshot_preview1Z_fd_close(struct Z_wasi_snapshot_preview1_instance_t *w, u32 fd)
{
    return 8;
}
u32 Z_wasi_snapshot_preview1Z_fd_fdstat_get(struct Z_wasi_snapshot_preview1_instance_t *w, u32 fd,
                                            u32 at)
{
    return 8;
}
u32 Z_wasi_snapshot_preview1Z_fd_seek(struct Z_wasi_snapshot_preview1_instance_t *w, u32 fd, u64 to,
                                      u32 whence, u32 at)
{
    return 52;
}
u32 Z_wasi_snapshot_preview1Z_fd_write(struct Z_wasi_snapshot_preview1_instance_t *w, u32 fd,
                                       u32 parts, u32 count, u32 at)
{
    return 0;
}
u32 Z_wasi_snapshot_preview1Z_random_get(struct Z_wasi_snapshot_preview1_instance_t *w, u32 at,
                                         u32 size)
{
    memset(driver_memory() + at, 7, size);
    return 0;
}
