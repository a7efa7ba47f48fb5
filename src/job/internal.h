/*
 * What the files of src/job share. service.c: life cycle; user.c: users and their turns; admit.c:
 * who gets in; run.c: start, end, cancel; signing.c: signatures; receipt.c: what is signed and
 * shown of it; secrets.c: what a job is given; seal.c: sealed requests and results; keep.c: what is
 * kept and for how long; list.c: looking; stats.c: counting. Apart stand keys.c, the keys through
 * time, envelopes.c, which sealed requests came before, and table.c, the hash table.
 */
#ifndef NEOCOMPUTE_JOB_INTERNAL_H
#define NEOCOMPUTE_JOB_INTERNAL_H

#include "base/secmem.h"
#include "job/job.h"
#include "job/table.h"
#include "protect/at_rest.h"
#include "protect/merkle.h"
#include "protect/receipt.h"

/* The part of a job that goes when it has ended. */
struct live {
    struct job_submission submission; /* while it waits: with the storage */
    struct span *secret_refs;         /* owned copy of the submission's */
    struct exec_run *run;             /* while it runs */
    struct secret_ticket *ticket;     /* while it waits for its secrets */
    struct secret_set *secrets;       /* owned, until it ends */
    struct secret_bytes reply;        /* a struct envelope_reply, if its request was sealed */
    struct secret_bytes recipient;    /* a struct recipient, if it has one */
    struct job *ready_next; /* among those that have their secrets and wait for a worker */
    char *caller;           /* owned: address and user agent, while it waits */
    struct job_waiter *waiters;
    struct job *queue_next, *queue_prev; /* among the waiting jobs of its user */
    struct job *peer_next, *peer_prev;   /* among all waiting, or all running jobs */
    uint64_t queued_ns;                  /* monotonic */
    bool ended;                          /* its result is there; it waits for its signature */
    unsigned overtaken; /* jobs started before it because its memory was not free */
};

/* An idempotency key that is in use. */
struct key {
    struct table_link link;
    struct job *job;
    uint8_t digest[PROTECT_HASH_SIZE]; /* of user and key */
    uint8_t body[PROTECT_HASH_SIZE];
};

/* What a job keeps of its receipt; the rest is the job's anyway. */
struct job_receipt {
    struct keyring *keyring; /* held; signed with its result key. NULL: not signed */
    uint64_t issued_unix_s;
    uint8_t salt[RECEIPT_SALT_SIZE];
    uint8_t script_sha256[RECEIPT_HASH_SIZE];
    uint8_t input[RECEIPT_HASH_SIZE];      /* SHA-256, of a sealed job an HMAC under the salt */
    uint8_t signature[JWS_SIGNATURE_SIZE]; /* of the receipt, or of the root its path leads to */
    uint8_t *path;                         /* owned; NULL: signed alone */
    uint32_t path_size;
};

struct job {
    struct table_link link; /* by id */
    struct job_service *service;
    struct user *user;
    struct job *newer, *older;         /* among all jobs of its user */
    struct job *kept_next, *kept_prev; /* among all that have ended, in the order of their ends */
    struct live *live;                 /* NULL once it has ended */
    struct key *key;                   /* NULL: none */
    struct job_id id;
    enum job_status status;
    int code;
    uint64_t started_unix_ms, ended_ns;
    uint64_t duration_ns, gas_used, memory_used;
    uint64_t timeout_ms, gas_limit, memory_limit;
    uint32_t nondeterminism;
    bool rounded; /* it used pinned secrets: gas and memory are shown in 64ths of the limit */
    /* app_id, script_name, entry_point, nonce, encrypt_to (a thumbprint), secrets (as
     * job_pack_secrets writes them), output (if there is a recipient, what was sealed to it), logs
     * and error, one after another, with room around them to be sealed in place (at_rest.h). Once
     * the job is kept they are. */
    uint32_t app_id_size, script_name_size, entry_point_size, nonce_size, encrypt_to_size;
    uint32_t secrets_size;
    uint32_t output_size, logs_size, error_size;
    char *text;
    bool at_rest;
    bool encrypted;
    bool sealed; /* its request was; once it has ended the text is the sealed answer alone */
    struct proof proof;
    struct job_receipt receipt;
};

struct user {
    struct table_link link;
    struct job *newest, *oldest;
    struct job *queue_first, *queue_last; /* waiting, oldest first */
    struct user *turn_next, *turn_prev;   /* among the users with a job that may start */
    bool has_turn;
    uint64_t running, queued, jobs; /* jobs: of any status; the user goes with the last */
    uint64_t memory;                /* what those that run may have together, bytes */
    uint64_t retained, retained_bytes;
    size_t rank; /* place in service->ranking, if retained > 0 */
    size_t id_size;
    char id[];
};

/* The parts of a job's text. */
struct job_text {
    struct span app_id, script_name, entry_point, nonce, encrypt_to, secrets, output, logs, error;
};

/* Jobs that have ended and wait for their signature, and what it is made with. */
struct job_signing {
    struct keys *keys; /* NULL: no receipts */
    enum job_receipts mode;
    uv_check_t *check;
    uv_idle_t *idle;   /* active while jobs wait: the loop looks for more, and does not sleep */
    uint64_t since_ns; /* when the first of them ended */
    size_t seen;       /* how many there were a turn of the loop ago */
    struct job *waiting[MERKLE_LEAVES_MOST];
    size_t count;
    struct merkle tree;
    struct buf payloads;                     /* of the jobs that are being signed ... */
    struct span payload[MERKLE_LEAVES_MOST]; /* ... and each of them; empty: none */
    const struct job *told;                  /* the job whose waiters are told just now ... */
    struct span told_payload;                /* ... so that its payload is not written twice */
    struct buf batch; /* the JWS of the batch that is told of just now; empty: none */
    struct buf alone; /* likewise of the job, if it was signed alone */
    struct job_receipt_stats stats;
};

struct job_list_ends {
    struct job *first, *last;
};

struct job_service {
    uv_loop_t *loop;
    const struct limits *limits;
    struct protect *protect;
    struct at_rest *at_rest;
    job_seal_fn *seal;
    struct secret_service *secrets; /* NULL: none */
    uint64_t unlisted_warn_ms;      /* when to warn again of secrets without a list of services */
    struct exec_pool *pool;
    uint64_t user_running_max, user_memory_max;
    uint8_t hash_seed[16];

    struct table jobs, users, keys;
    struct user *turn_first, *turn_last;
    struct job_list_ends waiting, running; /* through live->peer_next; waiting oldest first */
    struct job *ready_first, *ready_last;  /* through live->ready_next */
    struct job_list_ends kept;             /* through kept_next; the first to end first */
    struct user **ranking;                 /* heap: the user with the most retained bytes is [0] */
    size_t ranking_size, ranking_capacity;

    uv_timer_t *queue_timer, *sweep_timer, *stop_timer;
    bool stopping;
    void (*stopped)(void *ctx);
    void *stopped_ctx;
    struct job_signing signing;
    struct job_stats stats;
};

static inline uint64_t service_limit(const struct job_service *service, enum limit limit)
{
    return service->limits->value[limit];
}

/* user.c: the user, made if need be. A user without jobs is released by user_release. */
int user_get(struct job_service *service, struct span id, struct user **ret);
struct user *user_find(struct job_service *service, struct span id);
void user_release(struct job_service *service, struct user *user);

/* Gives the user a turn, or takes it away, after `running` or the queue changed. */
void user_update_turn(struct job_service *service, struct user *user);
void user_drop_turn(struct job_service *service, struct user *user);

/* Keeps the ranking by retained_bytes after those changed. ERR_NO_MEMORY for a new user only. */
int user_rank_reserve(struct job_service *service);
void user_rank_update(struct job_service *service, struct user *user);

/* admit.c */
void job_dispatch(struct job_service *service);
void job_leave_queue(struct job *job);
void job_arm_queue_timer(struct job_service *service);
uint64_t job_id_hash(const struct job_id *id);

/* run.c: takes the job out of the queue and starts it; if that fails, the job has ended. */
void job_start(struct job *job);
/* Gives a job that has all it needs to a worker; if none is free, it is the first to get one. */
void job_hand_over(struct job *job);
/* Hands over those that wait so. False while one of them still has to wait. */
bool job_hand_over_ready(struct job_service *service);
/* Ends a job. `result` may be NULL; then `message` (or the text of `code`) is its error. */
void job_end(struct job *job, int code, struct exec_result *result, const char *message);
/* The result of an ended job is final: tells who waits, and keeps it. */
void job_finish(struct job *job);
/* Wipes what its request lay in. */
void job_drop_storage(struct live *live);
void job_peer_add(struct job_list_ends *list, struct job *job);
void job_peer_remove(struct job_list_ends *list, struct job *job);

#define RECEIPT_BATCH_FIXED   512 /* bytes of a batch JWS, or header and signature of a receipt's */
#define RECEIPT_BATCH_PAYLOAD 256 /* bytes */

/* receipt.c: takes from a new job's request what its receipt will say of it. ERR_NO_MEMORY. */
int job_receipt_begin(struct job *job, const struct job_submission *submission);
void job_receipt_done(struct job *job);
/* HMAC-SHA256 under the job's salt of label ‖ 0x00 ‖ bytes. */
void job_receipt_hmac(const struct job *job, const char *label, struct span bytes,
                      uint8_t ret[RECEIPT_HASH_SIZE]);
uint64_t job_receipt_bytes(const struct job *job); /* that it keeps in allocations of its own */
int job_pack_secrets(const struct secret_set *set, struct buf *out); /* NULL set: none */
bool job_gives_receipts(const struct job_service *service);
/* Adds the payload of an ended job whose receipt has its keyring. ERR_NO_MEMORY, ERR_INTERNAL. */
int job_receipt_write_payload(const struct job *job, struct buf *out);

/* signing.c: an ended job waits for its signature, and job_finish follows. False: it gets none. */
bool job_await_signature(struct job *job);
int job_signing_init(struct job_service *service, const struct job_options *options);
void job_signing_done(struct job_service *service);

/* secrets.c: asks for the job's secrets; job_hand_over or job_end follows. ERR_SECRET_UNAVAILABLE,
 * ERR_STORE_DOWN. */
int job_ask_secrets(struct job *job, struct error_detail *detail);
void job_drop_secrets(struct live *live);
void job_round_figures(struct job *job);

/* seal.c: takes what seals the answer or the result of a new job, if anything. ERR_NO_MEMORY. */
int job_keep_sealers(struct job *job, const struct job_submission *submission);
/* Seals the result of a job to its recipient, and proves it under the job's salt. ERR_NO_MEMORY. */
int job_seal_result(struct job *job, const struct recipient_result *result, struct buf *out);
/* Seals all that a job has to say, before its waiters are told that it ended. */
void job_seal_answer(struct job *job);

/* service.c: after a job ended, was it the last one that a stop waits for? */
void job_check_stop(struct job_service *service);

/* keep.c: room for a job's text, of so many bytes; it begins at job_text_data. */
char *job_text_new(size_t size);
char *job_text_data(const struct job *job);
size_t job_text_size(const struct job *job);
/* Wipes and frees it. */
void job_text_free(struct job *job);
/*
 * The parts of the text. That of a kept job is opened into `opened`, which is initialised here: the
 * caller wipes it (buf_wipe), whatever is returned. ERR_NO_MEMORY, ERR_INTERNAL.
 */
int job_text_get(const struct job *job, struct buf *opened, struct job_text *ret);

void job_keep(struct job *job); /* an ended job joins the retained ones; bounds are enforced */
void job_forget(struct job *job);
void job_free(struct job *job);       /* takes it out of all tables and lists; of any status */
void job_free_parts(struct job *job); /* of one that is in none */
void job_sweep(struct job_service *service);
void job_drop_key(struct job *job);

#endif
