#include "break_in.h"

#include "exec/seal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct break_in_range break_in_ranges[BREAK_IN_RANGES];
size_t break_in_range_count;
int break_in_socket;
const volatile void *break_in_window;

/* Before sealing, for afterwards there is no /proc. No allocation: that would change the map. */
static void look_at_maps(void)
{
    static char line[512];
    FILE *file = fopen("/proc/self/maps", "r");

    while (file != NULL && break_in_range_count < BREAK_IN_RANGES &&
           fgets(line, sizeof(line), file) != NULL) {
        struct break_in_range *range = &break_in_ranges[break_in_range_count];
        char name[256] = "";

        if (sscanf(line, "%lx-%lx %*s %*s %*s %*s %255s", &range->start, &range->end, name) >= 2) {
            snprintf(range->name, sizeof(range->name), "%.31s", name);
            break_in_range_count++;
        }
    }
    if (file != NULL)
        fclose(file);
}

int __real_seal_worker(const struct seal_options *options, int namespaces, struct seal_report *ret,
                       struct error_detail *detail);

int __wrap_seal_worker(const struct seal_options *options, int namespaces, struct seal_report *ret,
                       struct error_detail *detail)
{
    break_in_socket = options->keep_fd;
    break_in_window = options->hint;
    look_at_maps();
    return __real_seal_worker(options, namespaces, ret, detail);
}

/*
 * What the attack "stay" leaves behind, and "tell" reports: the input of the first job after it, as
 * a broken worker could see it. This is not stopped by anything but the end of the worker.
 */
static bool staying;
static char seen[256];
static size_t seen_size;

static long stay(struct break_in *job)
{
    staying = true;
    return 0;
}

static long tell(struct break_in *job)
{
    memcpy(job->out->output, seen, seen_size);
    job->result->output_size = seen_size;
    return seen_size > 0 ? 0 : -1;
}

static const struct attack attacks_later[] = {{"stay", stay}, {"tell", tell}, {NULL, NULL}};

static void look_at_next(const struct engine_job *job)
{
    if (!staying || job->input.size > sizeof(seen))
        return;
    staying = false;
    seen_size = job->input.size;
    memcpy(seen, job->input.data, seen_size);
}

static const struct attack *find(const char *name)
{
    const struct attack *const tables[] = {attacks_calls, attacks_memory, attacks_core,
                                           attacks_later};

    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        for (const struct attack *attack = tables[i]; attack->name != NULL; attack++)
            if (strcmp(attack->name, name) == 0)
                return attack;
    }
    return NULL;
}

/* "//audit:NAME ARGUMENT\n..." into two strings. */
static const struct attack *parse(const struct engine_job *job, char *line, size_t size,
                                  const char **ret_argument)
{
    const size_t prefix = sizeof(BREAK_IN_PREFIX) - 1;
    size_t n = 0;
    char *space;

    if (job->script.size < prefix || memcmp(job->script.data, BREAK_IN_PREFIX, prefix) != 0)
        return NULL;
    while (n + 1 < size && prefix + n < job->script.size && job->script.data[prefix + n] != '\n') {
        line[n] = job->script.data[prefix + n];
        n++;
    }
    line[n] = '\0';
    space = strchr(line, ' ');
    *ret_argument = space ? space + 1 : "";
    if (space != NULL)
        *space = '\0';
    return find(line);
}

int __real_engine_run(struct engine *engine, const struct engine_host *host,
                      const struct engine_job *job, const struct engine_out *out,
                      struct engine_result *ret);

int __wrap_engine_run(struct engine *engine, const struct engine_host *host,
                      const struct engine_job *job, const struct engine_out *out,
                      struct engine_result *ret)
{
    static char line[4096];
    struct break_in context = {.job = job, .out = out, .result = ret};
    const struct attack *attack = parse(job, line, sizeof(line), &context.argument);
    long value;
    int error;

    if (attack == NULL) {
        look_at_next(job);
        return __real_engine_run(engine, host, job, out, ret);
    }

    *ret = (struct engine_result){.gas_used = 1, .memory_used = 65536, .duration_ns = 1};
    errno = 0;
    value = attack->run(&context);
    error = errno;
    if (ret->output_size == 0) /* not forged */
        ret->output_size = (size_t)snprintf(out->output, out->output_max,
                                            "{\"error\":%d,\"value\":%ld}", error, value);
    return 0;
}
