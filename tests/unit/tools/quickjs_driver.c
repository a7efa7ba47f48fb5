/*
 * quickjs_driver BUILD FILE...: evaluates each file as a script, all in one realm, and prints a
 * line for each: CPU milliseconds, gas, how it trapped, size and hash of linear memory after it,
 * the result or exception as a string. Only the milliseconds may differ between two runs.
 */
#include "quickjs_driver.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FILE_BYTES_MOST (4u << 20)

static char script[FILE_BYTES_MOST];
static uint32_t script_size, context;
static char *result;
static uint32_t result_size;

static void init(void)
{
    qjs__initialize();
    qjs_qjs_init();
    context = qjs_qjs_get_context_ptr();
}

static uint32_t put(const char *text, uint32_t size)
{
    uint32_t at = qjs_wasm_malloc(size + 1);
    memcpy(driver_memory() + at, text, size);
    driver_memory()[at + size] = 0;
    return at;
}

static void evaluate(void)
{
    uint32_t text = put(script, script_size), name = put("test", 4), size_at = put("size", 4);
    uint64_t value = qjs_JS_Eval(context, text, script_size, name, 0);
    if (value >> 32 == 6) /* JS_TAG_EXCEPTION */
        value = qjs_JS_GetException(context);
    uint32_t at = qjs_JS_ToCStringLen2(context, size_at, value, 0);
    if (!at)
        return;
    memcpy(&result_size, driver_memory() + size_at, sizeof(result_size));
    result = malloc(result_size + 1);
    memcpy(result, driver_memory() + at, result_size);
    qjs_JS_FreeValue(context, value);
}

static uint64_t hash_memory(void)
{
    uint64_t hash = 14695981039346656037ull; /* FNV-1a */
    for (uint64_t i = 0; i < driver_memory_size(); i++)
        hash = (hash ^ driver_memory()[i]) * 1099511628211ull;
    return hash;
}

static double milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

int main(int count, char **arguments)
{
    if (count < 3) {
        fprintf(stderr, "usage: quickjs_driver BUILD FILE...\n");
        return 2;
    }
    driver_init(arguments[1]);
    if (driver_run(init)) {
        fprintf(stderr, "quickjs_driver: the module does not start\n");
        return 1;
    }
    for (int i = 2; i < count; i++) {
        FILE *file = fopen(arguments[i], "r");
        if (!file) {
            perror(arguments[i]);
            return 2;
        }
        script_size = (uint32_t)fread(script, 1, FILE_BYTES_MOST - 1, file);
        script[script_size] = 0;
        fclose(file);
        result = NULL;
        result_size = 0;
        uint64_t gas = driver_gas_used();
        double start = milliseconds();
        int trap = driver_run(evaluate);
        printf("%.2f %llu %d %llu %016llx %.*s\n", milliseconds() - start,
               (unsigned long long)(driver_gas_used() - gas), trap != 0,
               (unsigned long long)driver_memory_size(), (unsigned long long)hash_memory(),
               (int)result_size, result ? result : "");
        free(result);
    }
    return 0;
}
