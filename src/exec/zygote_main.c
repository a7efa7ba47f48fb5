/*
 * The zygote's side: one thread, one loop, no memory of anything but its children's ids.
 */
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "engine/engine.h"
#include "exec/exec.h"
#include "exec/message.h"
#include "exec/seal.h"
#include "exec/worker.h"
#include "exec/zygote.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

struct child {
    pid_t pid; /* 0: the place is free */
    uint32_t worker;
};

struct zygote {
    struct engine *engine;
    int namespaces;
    struct child children[ZYGOTE_CHILDREN];
    size_t child_count; /* places in use are all below this */
};

/* Told to every worker by the signals that the terminal and a supervisor send to all processes: the
 * core alone decides when to end, or a graceful stop would lose the jobs that run. */
static const int zygote_ignored_signals[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,
                                             SIGPIPE, SIGUSR1, SIGUSR2, SIGTSTP};

static void on_child(int signal)
{
    (void)signal; /* its only use is to end ppoll */
}

static void zygote_block_child_signal(bool block)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(block ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

static void zygote_set_signals(void)
{
    struct sigaction action = {.sa_handler = SIG_IGN};
    for (size_t i = 0; i < sizeof zygote_ignored_signals / sizeof zygote_ignored_signals[0]; i++)
        sigaction(zygote_ignored_signals[i], &action, NULL);
    action.sa_handler = on_child;
    sigaction(SIGCHLD, &action, NULL);
    zygote_block_child_signal(true);
}

static void zygote_say_died(uint32_t worker, int status)
{
    struct message message;
    message_init(&message, MESSAGE_DIED_TYPE);
    message.died = (struct message_died){.worker = worker, .status = status};
    /* A core that reads nothing for a while is waited for: deaths must not be lost. */
    while (message_send(ZYGOTE_FD, &message, NULL) == ERR_QUEUE_FULL) {
        struct pollfd room = {.fd = ZYGOTE_FD, .events = POLLOUT};
        poll(&room, 1, -1);
    }
}

/*
 * What a worker does from birth to death. `fds` are its window and its socket. The worker's first
 * byte of a tenant comes after seal_worker.
 */
static _Noreturn void zygote_become_worker(const struct zygote *zygote,
                                           const struct worker_config *config, const int *fds)
{
    struct window window;
    struct seal_report report = {0};
    struct error_detail detail = {0};

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGCHLD, SIG_DFL);
    zygote_block_child_signal(false);
    setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + WORKER_NICE);
    /* One that is woken does not push the core, or another worker, out in the middle of its work.
     */
    sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0});
    /* The worker's socket takes the place of the zygote's, which the worker thereby loses. */
    if (window_attach(&window, &config->layout, fds[0]) != 0 || dup2(fds[1], ZYGOTE_FD) < 0)
        _exit(1);
    close(fds[0]);
    close(fds[1]);

    const struct worker_setup setup = {ZYGOTE_FD, &window, config, zygote->engine};
    const struct seal_options options = {.memory_max = config->memory_max,
                                         .keep_fd = ZYGOTE_FD,
                                         .hint = &window_control(&window)->forbidden};
    int r = seal_worker(&options, zygote->namespaces, &report, &detail);
    if (worker_say_ready(&setup, r, &report, detail.message) == 0 && r == 0)
        worker_serve(&setup);
    _exit(0);
}

static struct child *zygote_find(struct zygote *zygote, uint32_t worker)
{
    for (size_t i = 0; i < zygote->child_count; i++)
        if (zygote->children[i].pid && zygote->children[i].worker == worker)
            return &zygote->children[i];
    return NULL;
}

static struct child *zygote_free_place(struct zygote *zygote)
{
    for (size_t i = 0; i < zygote->child_count; i++)
        if (!zygote->children[i].pid)
            return &zygote->children[i];
    return zygote->child_count < ZYGOTE_CHILDREN ? &zygote->children[zygote->child_count++] : NULL;
}

static void zygote_take_spawn(struct zygote *zygote, const struct message *message, const int *fds)
{
    struct child *child = zygote_free_place(zygote);
    pid_t pid = -1;
    errno = EAGAIN;
    if (child)
        pid = seal_clone(zygote->namespaces);
    if (pid == 0)
        zygote_become_worker(zygote, &message->spawn.config, fds);
    int error = errno;
    close(fds[0]);
    close(fds[1]);
    if (pid < 0)
        zygote_say_died(message->spawn.worker, -error);
    else
        *child = (struct child){.pid = pid, .worker = message->spawn.worker};
}

/* Only the zygote can kill without a race: a pid is not used again before it has been reaped here.
 */
static void zygote_take_kill(struct zygote *zygote, const struct message *message, const int *fds)
{
    (void)fds;
    struct child *child = zygote_find(zygote, message->kill.worker);
    if (child)
        kill(child->pid, SIGKILL);
}

static void zygote_reap(struct zygote *zygote)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (size_t i = 0; i < zygote->child_count; i++) {
            struct child *child = &zygote->children[i];
            if (child->pid != pid)
                continue;
            child->pid = 0;
            zygote_say_died(child->worker, status);
            break;
        }
    }
}

/* The core is gone or has closed the pool. */
static _Noreturn void zygote_end(struct zygote *zygote)
{
    for (size_t i = 0; i < zygote->child_count; i++)
        if (zygote->children[i].pid)
            kill(zygote->children[i].pid, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        continue;
    _exit(0);
}

typedef void zygote_handler(struct zygote *zygote, const struct message *message, const int *fds);

static zygote_handler *const zygote_handlers[MESSAGE_COUNT] = {
    [MESSAGE_SPAWN_TYPE] = zygote_take_spawn,
    [MESSAGE_KILL_TYPE] = zygote_take_kill,
};

static _Noreturn void zygote_serve(struct zygote *zygote)
{
    struct message message;
    int fds[MESSAGE_DESCRIPTORS_MOST];
    sigset_t none;

    sigemptyset(&none);
    for (;;) {
        struct pollfd core = {.fd = ZYGOTE_FD, .events = POLLIN};
        int ready = ppoll(&core, 1, NULL, &none);
        zygote_reap(zygote);
        if (ready <= 0)
            continue;
        int r = message_receive(ZYGOTE_FD, MESSAGE_CORE, MESSAGE_ZYGOTE, 0, &message, fds);
        if (r == 0)
            zygote_handlers[message.type](zygote, &message, fds);
        else if (r != ERR_QUEUE_FULL)
            zygote_end(zygote);
    }
}

static _Noreturn void zygote_fail(const char *what)
{
    dprintf(STDERR_FILENO, "neocompute: the zygote cannot start: %s\n", what);
    _exit(1);
}

static int never_interrupted(void *ctx)
{
    (void)ctx;
    return 0;
}

static void no_sleep(void *ctx, uint64_t monotonic_ns)
{
    (void)ctx;
    (void)monotonic_ns;
}

/*
 * Runs a small job of our own: the engine learns which pages jobs write (snapshot.h), so that not
 * every worker has to find that out by page faults in its first tenant's time.
 */
static void zygote_warm_up(struct engine *engine)
{
    static char output[4096], logs[4096], error[4096];
    const struct engine_host host = {NULL, never_interrupted, no_sleep};
    const struct engine_out out = {output, sizeof output, logs, sizeof logs, error, sizeof error};
    const struct engine_job job = {
        .script = SPAN("function main(input) {"
                       "  const list = input.list.map((x) => ({x, text: `n${x * 1.5}`}));"
                       "  return {list, sum: list.reduce((sum, {x}) => sum + x, 0)};"
                       "}"),
        .entry_point = SPAN("main"),
        .input = SPAN("{\"list\":[1,2,3]}"),
        .gas_limit = 10000000,
        .memory_limit = limit_table[LIMIT_MEMORY].standard,
        .timeout_ns = NS_PER_S,
        .output_depth = 16,
        .log_entries = 1,
        .log_entry_bytes = 64,
        .timers = 1,
    };
    struct engine_result result;
    if (engine_run(engine, &host, &job, &out, &result))
        zygote_fail("the engine broke at its first job");
}

_Noreturn void exec_zygote_main(void)
{
    static struct zygote zygote; /* too large for a comfortable stack */

    /* If the core died before this line, its socket has ended: zygote_serve sees that. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setsid();
    zygote_set_signals();
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
        zygote_fail("/dev/null cannot be opened");
    close_range(ZYGOTE_FD + 1, ~0u, 0);
    fcntl(ZYGOTE_FD, F_SETFD, FD_CLOEXEC);
    int r = engine_new(ENGINE_BOUNDS_GUARD, &zygote.engine);
    if (r)
        zygote_fail(error_text(r));
    zygote_warm_up(zygote.engine);
    zygote.namespaces = seal_namespaces();
    zygote_serve(&zygote);
}
