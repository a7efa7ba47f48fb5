/* Attacks on the core by what it reads: forged answers, forged messages, silence. */
#include "break_in.h"
#include "exec/message.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define ATTACK(name) static long name(struct break_in *job)

/* Any bytes as the output of the job: the argument, with "\xNN" for what a line cannot hold. */
ATTACK(forge_output)
{
    const char *from = job->argument;
    size_t n = 0;

    while (*from && n < job->out->output_max) {
        unsigned byte = (unsigned char)*from++;
        if (byte == '\\' && from[0] == 'x' && sscanf(from + 1, "%2x", &byte) == 1)
            from += 3;
        job->out->output[n++] = (char)byte;
    }
    job->result->output_size = n;
    return 0;
}

/* Sizes past what was handed out. */
ATTACK(forge_output_size)
{
    job->result->output_size = job->out->output_max + 1;
    return 0;
}

ATTACK(forge_huge_size)
{
    job->result->output_size = 0xfffffff0u;
    return 0;
}

ATTACK(forge_log_size)
{
    job->result->logs_size = job->out->logs_max + 1;
    return 0;
}

ATTACK(forge_log_count)
{
    job->result->log_count = 0xffffffffu;
    return 0;
}

/* Entries whose own size leads out of the area. */
ATTACK(forge_log_entry)
{
    const uint32_t size = 0xffffffffu;
    memcpy(job->out->logs, &size, sizeof(size));
    job->result->logs_size = sizeof(size);
    job->result->log_count = 1;
    return 0;
}

ATTACK(forge_error_size)
{
    job->result->code = -1;
    job->result->error_size = job->out->error_max + 1;
    return 0;
}

ATTACK(forge_error_bytes)
{
    memset(job->out->error, 0xff, 64);
    job->result->code = -1;
    job->result->error_size = 64;
    return 0;
}

ATTACK(forge_code)
{
    job->result->code = -12345;
    return 0;
}

ATTACK(forge_positive_code)
{
    job->result->code = 1;
    return 0;
}

ATTACK(forge_gas)
{
    job->result->gas_used = job->job->gas_limit + 1;
    return 0;
}

ATTACK(forge_memory)
{
    job->result->memory_used = ~0ull;
    return 0;
}

ATTACK(forge_duration)
{
    job->result->duration_ns = ~0ull;
    return 0;
}

/* The socket: bytes that are no message, messages of every first byte and size, a flood. */
ATTACK(send_garbage)
{
    static char bytes[256];
    memset(bytes, 0xee, sizeof(bytes));
    return send(break_in_socket, bytes, sizeof(bytes), MSG_NOSIGNAL);
}

ATTACK(send_every_type)
{
    static char bytes[512];
    long sent = 0;
    for (unsigned type = 0; type < 256; type++) {
        memset(bytes, 0, sizeof(bytes));
        bytes[0] = (char)type;
        for (size_t size = 0; size <= sizeof(bytes); size += 8)
            sent += send(break_in_socket, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
    }
    return sent;
}

ATTACK(flood)
{
    static char bytes[4096];
    long sent = 0;
    for (int i = 0; i < 1000000; i++)
        sent += send(break_in_socket, bytes, sizeof(bytes), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
    return sent;
}

/* The word of turn.h, at the start of the window. Its low half names the job that runs. */
static struct window_control *control(void)
{
    return (struct window_control *)((uintptr_t)break_in_window & ~4095ul);
}

/* Looks for a while whether jobs are given ahead: the first of them, without taking it. */
static bool look_ahead(struct message *ret)
{
    for (int i = 0; i < 200000; i++)
        if (recv(break_in_socket, ret, sizeof *ret, MSG_PEEK | MSG_DONTWAIT) > 0)
            return true;
    return false;
}

static long answer_for(uint32_t after, uint32_t says)
{
    struct message ahead, answer;
    look_ahead(&ahead);
    message_init(&answer, MESSAGE_DONE_TYPE);
    answer.done.sequence = (uint32_t)atomic_load(&control()->turn) + after;
    answer.done.output_size = says;
    answer.text_size = sizeof "{\"forged\":1}" - 1;
    memcpy(answer.text, "{\"forged\":1}", answer.text_size);
    return message_send(break_in_socket, &answer, NULL);
}

/* Answers the job behind its own, which was given ahead. */
ATTACK(answer_next)
{
    return answer_for(1, 12);
}

/* A text that is not as long as the answer says. */
ATTACK(answer_longer)
{
    return answer_for(0, 64 * 1024);
}

/* Says that it has begun all it will ever be given, and never answers. */
ATTACK(claim_ahead)
{
    struct message ahead;
    look_ahead(&ahead);
    atomic_fetch_add(&control()->turn, 1000);
    for (volatile unsigned long i = 0;; i++)
        continue;
}

/* How many jobs of others, given ahead, it can read; it takes the first of them only to look. */
ATTACK(read_ahead)
{
    static const char own[] = "//audit:";
    struct message ahead;
    if (!look_ahead(&ahead) || ahead.type != MESSAGE_START_TYPE)
        return 0;
    return memcmp(ahead.text, own, sizeof own - 1) != 0;
}

/* Never answers, past every refill check. */
ATTACK(hang)
{
    for (volatile unsigned long i = 0;; i++)
        continue;
}

ATTACK(crash)
{
    *(volatile int *)16 = 1;
    return 0;
}

const struct attack attacks_core[] = {
    {"forge-output", forge_output},
    {"forge-output-size", forge_output_size},
    {"forge-huge-size", forge_huge_size},
    {"forge-log-size", forge_log_size},
    {"forge-log-count", forge_log_count},
    {"forge-log-entry", forge_log_entry},
    {"forge-error-size", forge_error_size},
    {"forge-error-bytes", forge_error_bytes},
    {"forge-code", forge_code},
    {"forge-positive-code", forge_positive_code},
    {"forge-gas", forge_gas},
    {"forge-memory", forge_memory},
    {"forge-duration", forge_duration},
    {"send-garbage", send_garbage},
    {"send-every-type", send_every_type},
    {"flood", flood},
    {"answer-next", answer_next},
    {"answer-longer", answer_longer},
    {"claim-ahead", claim_ahead},
    {"read-ahead", read_ahead},
    {"hang", hang},
    {"crash", crash},
    {NULL, NULL},
};
