/*
 * `neocompute serve`: wires the pool, the job service and the HTTP interface to one loop.
 *
 * The order is part of the safety (serve_start): privileges go first, the zygote starts before a
 * key is in memory, and the master key leaves the environment as soon as it is read.
 */
#include "api/api.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/privileges.h"
#include "base/secmem.h"
#include "cmd/cmd.h"
#include "cmd/secret_store.h"
#include "cmd/serve_isolation.h"
#include "cmd/serve_options.h"
#include "engine/engine.h"
#include "exec/exec.h"
#include "job/job.h"
#include "job/keys.h"
#include "protect/protect.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ISOLATION_BYTES 8192 /* of its description in JSON, at most */

struct serve {
    struct serve_options options;
    uv_loop_t loop;
    bool has_loop;
    uv_signal_t terminate, interrupt;
    struct serve_isolation isolation;
    struct exec_zygote *zygote;
    struct exec_pool *pool;
    struct protect *protect, *previous; /* previous: NULL without a master key before this one */
    struct keys *keys;
    struct secret_store store;
    struct secret_service *secrets;
    struct job_service *jobs;
    struct api *api;
    bool exposed; /* anybody beyond this machine can reach the port */
    bool stopping;
    int status;
};

static int check_options(struct serve *serve, struct error_detail *detail)
{
    privileges_close_inherited();
    return serve_options_check(&serve->options, &serve->exposed, detail);
}

static int make_data_dir(struct serve *serve, struct error_detail *detail)
{
    const char *path = serve->options.data_dir;
    struct stat info;

    if (!path)
        return 0;
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return error_set(detail, ERR_USAGE, "--data-dir", "%s: %s", path, strerror(errno));
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode))
        return error_set(detail, ERR_USAGE, "--data-dir", "%s is no directory", path);
    if (access(path, R_OK | W_OK | X_OK) != 0)
        return error_set(detail, ERR_USAGE, "--data-dir", "%s: %s", path, strerror(errno));
    return 0;
}

static int drop_privileges(struct serve *serve, struct error_detail *detail)
{
    char user[PRIVILEGES_USER_BYTES];
    int r = privileges_drop(serve->options.run_as, serve->options.data_dir, user, detail);

    if (r == 0)
        log_debug("running", log_str("user", user));
    return r;
}

static int start_zygote(struct serve *serve, struct error_detail *detail)
{
    serve->isolation.kind = option_isolation(serve->options.isolation);
    if (serve->isolation.kind != EXEC_ISOLATION_PROCESS)
        return 0;
    return exec_zygote_start(&serve->zygote, detail);
}

static int lock_heap(struct serve *serve, struct error_detail *detail)
{
    (void)serve;
    (void)detail;
    if (!secret_heap_init())
        log_warn("private keys cannot be locked in memory: they may be swapped out");
    return 0;
}

/* A key that is short or weak is refused with --strict; else a random one takes its place. */
static int take_master_key(struct serve *serve, struct error_detail *detail)
{
    struct error_detail why = {0};
    char *key = secret_environment_take("COMPUTE_MASTER_KEY");
    int r;

    if (!key && serve->options.strict)
        return error_set(detail, ERR_USAGE, "COMPUTE_MASTER_KEY",
                         "must be set with --strict: 32 bytes or more, as hex digits or as they "
                         "are");
    r = protect_new(key, &serve->protect, &why);
    secret_environment_drop(key);
    if (r < 0 && (serve->options.strict || r != ERR_USAGE)) {
        snprintf(why.field, sizeof(why.field), "COMPUTE_MASTER_KEY");
        *detail = why;
        return r;
    }
    if (r == 0 && key)
        return 0;
    log_warn("a random master key is used: nobody can check signatures, or knows this service by "
             "its identity, once this process has ended",
             log_str("COMPUTE_MASTER_KEY", r < 0 ? why.message : "is not set"));
    return r < 0 ? protect_new(NULL, &serve->protect, detail) : 0;
}

/*
 * The master key before this one: its identity signs the new keys too, so that who pinned it can
 * follow. Results are signed with the new one alone.
 */
static int take_previous_master_key(struct serve *serve, struct error_detail *detail)
{
    char *key = secret_environment_take("COMPUTE_MASTER_KEY_PREVIOUS");
    int r = key ? protect_new(key, &serve->previous, detail) : 0;

    secret_environment_drop(key);
    if (r < 0)
        snprintf(detail->field, sizeof(detail->field), "COMPUTE_MASTER_KEY_PREVIOUS");
    return r;
}

static void api_stopped(void *ctx)
{
    struct serve *serve = ctx;

    uv_stop(&serve->loop);
}

static void serve_stop(struct serve *serve)
{
    if (serve->stopping)
        return;
    serve->stopping = true;
    if (serve->api)
        api_stop(serve->api, api_stopped, serve);
}

static void signalled(uv_signal_t *handle, int number)
{
    struct serve *serve = handle->data;

    if (serve->stopping) {
        log_warn("told again to stop: running jobs are lost");
        uv_stop(&serve->loop);
        return;
    }
    log_info("stopping", log_str("signal", number == SIGTERM ? "SIGTERM" : "SIGINT"));
    serve_stop(serve);
}

static void worker_lost(void *ctx, const char *reason)
{
    struct serve *serve = ctx;
    struct exec_stats stats;

    log_warn("worker lost", log_str("reason", reason));
    if (!serve->pool)
        return;
    exec_pool_stats(serve->pool, &stats);
    if (!stats.healthy && !serve->stopping) {
        log_error("no worker can be made any more: the service ends, to be started anew");
        serve->status = CMD_EXIT_SERVICE;
        serve_stop(serve);
    }
}

static int start_loop(struct serve *serve, struct error_detail *detail)
{
    if (uv_loop_init(&serve->loop) != 0)
        return error_set(detail, ERR_SYSTEM, "", "the event loop cannot be made");
    serve->has_loop = true;
    uv_signal_init(&serve->loop, &serve->terminate);
    uv_signal_init(&serve->loop, &serve->interrupt);
    serve->terminate.data = serve->interrupt.data = serve;
    if (uv_signal_start(&serve->terminate, signalled, SIGTERM) != 0 ||
        uv_signal_start(&serve->interrupt, signalled, SIGINT) != 0)
        return error_set(detail, ERR_SYSTEM, "", "signals cannot be watched");
    return 0;
}

static void log_checkpoint(void *ctx, const char *boot_id, const char *text)
{
    (void)ctx;
    log_info("audit checkpoint", log_str("boot_id", boot_id), log_str("checkpoint", text));
}

/* A service without a place for secrets, or without their key, starts: they are then store_down. */
static int start_secrets(struct serve *serve, struct error_detail *detail)
{
    const struct serve_options *options = &serve->options;
    const uint64_t *limit = options->limits.value;
    struct secret_store *store = &serve->store;
    int r =
        secret_store_open(options->data_dir, options->database_url, serve->protect, store, detail);

    if (r < 0)
        return r;
    if (store->store && !store->has_key)
        log_warn("SECRETS_MASTER_KEY is not set: every secret is store_down");
    if (store->has_key && !store->key.master.locked)
        log_warn("secrets may be swapped out: RLIMIT_MEMLOCK does not let their memory be locked");
    const struct secret_options secrets = {
        .loop = &serve->loop,
        .store = store->store,
        .key = store->has_key ? &store->key : NULL,
        .previous = store->has_previous ? &store->previous : NULL,
        .audit_key = store->audit_key,
        .strict = options->strict,
        .cache = {.life_ns = limit[LIMIT_SECRET_CACHE] * NS_PER_MS,
                  .count = limit[LIMIT_SECRET_CACHE_COUNT],
                  .bytes = limit[LIMIT_SECRET_CACHE_BYTES]},
        .checkpoint_ms = limit[LIMIT_AUDIT_CHECKPOINT],
        .checkpoint = log_checkpoint,
    };
    r = secret_service_new(&secrets, &serve->secrets, detail);
    if (r == 0)
        store->store = NULL; /* the service's now */
    return r;
}

static int make_keys(struct serve *serve, struct error_detail *detail)
{
    const struct keys_options keys = {
        .loop = &serve->loop,
        .limits = &serve->options.limits,
        .secrets = serve->secrets,
        .protect = serve->protect,
        .previous = serve->previous,
        .engine_digest = engine_digest(),
    };
    int r = jws_signing_load(detail);

    if (r < 0)
        return r;
    r = keys_new(&keys, &serve->keys);
    return r < 0 ? error_set(detail, r, "", "no memory for the keys") : 0;
}

static int start_workers(struct serve *serve, struct error_detail *detail)
{
    struct job_options jobs = {
        .seal = api_seal_job,
        .loop = &serve->loop,
        .limits = &serve->options.limits,
        .protect = serve->protect,
        .secrets = serve->secrets,
        .keys = serve->keys,
        .receipts = (enum job_receipts)serve->options.receipts,
    };
    struct exec_options pool = {
        .loop = &serve->loop,
        .limits = &serve->options.limits,
        .isolation = serve->isolation.kind,
        .capacity = job_service_capacity,
        .lost = worker_lost,
        .lost_ctx = serve,
    };
    int r = job_service_new(&jobs, &serve->jobs, detail);

    if (r < 0)
        return r;
    pool.ctx = serve->jobs;
    pool.zygote = serve->zygote;
    serve->zygote = NULL;
    r = exec_pool_new(&pool, &serve->pool, detail);
    if (r < 0)
        return r;
    job_service_attach(serve->jobs, serve->pool);
    return 0;
}

static int check_isolation(struct serve *serve, struct error_detail *detail)
{
    if (serve->exposed)
        log_warn("insecure: listening beyond this machine without verified clients, so anybody who "
                 "can reach the port can be any user (X-User-ID)");
    serve_isolation_describe(&serve->isolation, exec_pool_sealed(serve->pool));
    return serve->options.require_isolation == REQUIRE_FULL
               ? serve_isolation_require_full(&serve->isolation, detail)
               : 0;
}

/* Makes the first keys and gives the store a chance to keep their bundle before anything is signed.
 */
static int start_keys(struct serve *serve, struct error_detail *detail)
{
    struct buf isolation = BUF_INIT(ISOLATION_BYTES), of_receipt = BUF_INIT(ISOLATION_BYTES);
    int r = ERR_NO_MEMORY;

    api_write_isolation(serve_isolation_name(serve->isolation.kind), serve->isolation.properties,
                        SEAL_PROPERTY_COUNT, &isolation);
    serve_isolation_write_weakest(&serve->isolation, exec_pool_sealed(serve->pool), &of_receipt);
    if (buf_terminate(&isolation) == 0 && buf_terminate(&of_receipt) == 0 &&
        !buf_failed(&isolation) && !buf_failed(&of_receipt))
        r = keys_start(serve->keys, isolation.data, of_receipt.data);
    buf_done(&isolation);
    buf_done(&of_receipt);
    if (r < 0)
        return error_set(detail, r, "", "the keys could not be made");
    while (!keys_settled(serve->keys) && !serve->stopping)
        uv_run(&serve->loop, UV_RUN_ONCE);
    return serve->stopping ? error_set(detail, ERR_SHUTTING_DOWN, "", "told to stop") : 0;
}

static int start_api(struct serve *serve, struct error_detail *detail)
{
    struct api_options api = {
        .loop = &serve->loop,
        .limits = &serve->options.limits,
        .jobs = serve->jobs,
        .secrets = serve->secrets,
        .keys = serve->keys,
        .listen = serve->options.listen,
        .engine_digest = engine_digest(),
        .isolation = serve_isolation_name(serve->isolation.kind),
        .properties = serve->isolation.properties,
        .property_count = SEAL_PROPERTY_COUNT,
    };

    return api_new(&api, &serve->api, detail);
}

static int serve_start(struct serve *serve, struct error_detail *detail)
{
    static int (*const steps[])(struct serve *, struct error_detail *) = {
        check_options,
        make_data_dir,
        drop_privileges,
        start_zygote,
        lock_heap,
        take_master_key,
        take_previous_master_key,
        start_loop,
        start_secrets,
        make_keys,
        start_workers,
        check_isolation,
        start_keys,
        start_api,
    };
    int r = 0;

    for (size_t i = 0; r == 0 && i < sizeof(steps) / sizeof(*steps); i++)
        r = steps[i](serve, detail);
    return r;
}

/* In the order of the life cycles: each module closes its own handles, the loop must turn for it.
 */
static void serve_end(struct serve *serve)
{
    api_free(serve->api);
    exec_pool_free(serve->pool);
    serve->pool = NULL;
    if (serve->has_loop)
        uv_run(&serve->loop, UV_RUN_NOWAIT);
    job_service_free(serve->jobs);
    keys_free(serve->keys);
    secret_service_free(serve->secrets);
    if (serve->has_loop) {
        uv_close((uv_handle_t *)&serve->terminate, NULL);
        uv_close((uv_handle_t *)&serve->interrupt, NULL);
        uv_run(&serve->loop, UV_RUN_DEFAULT);
        uv_loop_close(&serve->loop);
    }
    secret_store_close(&serve->store);
    protect_free(serve->protect);
    protect_free(serve->previous);
}

int cmd_serve(const struct cmd *cmd, int argc, char **argv)
{
    static struct serve serve;
    struct error_detail detail = {0};
    struct args_result arguments;
    int status;

    serve_options_init(&serve.options);
    if (!cmd_parse(cmd, &serve.options, argc, argv, &arguments, &status))
        return status;
    log_init(STDERR_FILENO, (enum log_level)serve.options.log_level,
             (enum log_format)serve.options.log_format);
    if (serve_start(&serve, &detail) < 0) {
        serve.status = cmd_fail(&detail);
    } else {
        serve_isolation_log(&serve.isolation, exec_pool_sealed(serve.pool));
        log_info("listening", log_str("url", api_url(serve.api)),
                 log_str("isolation", serve_isolation_name(serve.isolation.kind)),
                 log_u64("workers", serve.options.limits.value[LIMIT_WORKERS]),
                 log_u64("memory_total", serve.options.limits.value[LIMIT_MEMORY_TOTAL]),
                 log_str("engine_digest", engine_digest()), log_str("version", NEOCOMPUTE_VERSION));
        printf("neocompute %s listens on %s\n", NEOCOMPUTE_VERSION, api_url(serve.api));
        fflush(stdout);
        uv_run(&serve.loop, UV_RUN_DEFAULT);
        log_info("stopped");
    }
    serve_end(&serve);
    return serve.status;
}
