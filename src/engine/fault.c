#include "engine/fault.h"

#include "engine/runtime.h"
#include "engine/snapshot.h"
#include <signal.h>
#include <string.h>
#include <ucontext.h>

#define FAULT_STACK_BYTES       (32 * KIB) /* AVX-512 state in the signal frame alone is 3 KiB */
#define FAULT_STACK_LEAST_BYTES (16 * KIB)

_Thread_local struct engine *engine_current;

static _Thread_local uint8_t fault_stack[FAULT_STACK_BYTES];
static _Thread_local bool fault_stack_ready;

static bool fault_is_write(const ucontext_t *context)
{
#if defined(__x86_64__)
    return context->uc_mcontext.gregs[REG_ERR] & 2;
#else
    return true; /* a page of the snapshot can always be read: only a write faults there */
#endif
}

/*
 * The trap leaves the handler by a jump. SA_NODEFER keeps the signal mask as it was, so nothing has
 * to be undone.
 */
static void fault_handle(int signal, siginfo_t *info, void *context)
{
    struct engine *e = engine_current;
    if (e != NULL && info->si_code > 0) {
        uint64_t offset = (uint64_t)((uintptr_t)info->si_addr - (uintptr_t)e->wasm.memory);
        if (offset < e->memory.reserved) {
            if (fault_is_write(context) && snapshot_thaw(e, offset)) {
                return;
            }
            wasm_trap(&e->wasm, WASM_TRAP_OUT_OF_BOUNDS);
        }
    }
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(signal, &action, NULL); /* the instruction faults again, now for good */
}

int fault_install(void)
{
    struct sigaction action = {.sa_sigaction = fault_handle,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    return sigaction(SIGSEGV, &action, NULL) != 0 ? ERR_SYSTEM : 0;
}

int fault_prepare_thread(void)
{
    if (fault_stack_ready) {
        return 0;
    }
    /* Somebody's stack that is large enough stays: the sanitizers give each thread one. */
    stack_t old;
    if (sigaltstack(NULL, &old) != 0) {
        return ERR_SYSTEM;
    }
    if ((old.ss_flags & SS_DISABLE) || old.ss_size < FAULT_STACK_LEAST_BYTES) {
        stack_t stack = {.ss_sp = fault_stack, .ss_size = sizeof(fault_stack)};
        if (sigaltstack(&stack, NULL) != 0) {
            return ERR_SYSTEM;
        }
    }
    fault_stack_ready = true;
    return 0;
}

void fault_wipe_thread(void)
{
    explicit_bzero(fault_stack, sizeof fault_stack);
}
