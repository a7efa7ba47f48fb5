/*
 * Turns: a core that gives jobs and takes them back, against a worker that begins them, each on a
 * thread of its own as fast as it can.
 */
#include "exec/turn.h"
#include "unit.h"
#include <pthread.h>

#define JOBS 400000

static turn_word word;
static _Atomic uint32_t rounds[JOBS + 1]; /* of each job, from when it was given; 0: not yet */
static _Atomic uint32_t seen;             /* the last that the worker has looked at */
static bool begun[JOBS + 1];              /* the worker's; read when it has ended */

static void *worker_main(void *arg)
{
    (void)arg;
    for (uint32_t job = 1; job <= JOBS; job++) {
        uint32_t round;
        while ((round = atomic_load(&rounds[job])) == 0)
            ;
        begun[job] = turn_begin(&word, round, job);
        if (begun[job] && job % 97 == 0)
            turn_decline(&word, round, job);
        atomic_store(&seen, job);
    }
    return NULL;
}

/* Of what was given, the core knows exactly which have been begun or will be. */
static void test_begun_or_taken_back(void **state)
{
    (void)state;
    static bool counts_as_begun[JOBS + 1];
    pthread_t worker;
    uint32_t round = 1, given = 0, settled = 0, back = 0;
    atomic_store(&word, (uint64_t)round << 32);
    assert_int_equal(pthread_create(&worker, NULL, worker_main, NULL), 0);
    while (given < JOBS) {
        for (uint32_t ahead = 1 + given % 5; ahead > 0 && given < JOBS; ahead--)
            atomic_store(&rounds[++given], round);
        for (volatile int pause = (int)(given % 64); pause > 0; pause--)
            ;
        uint32_t first = settled + 1, last = turn_take_back(&word, ++round, first);
        for (uint32_t job = first; job <= given; job++) {
            counts_as_begun[job] = job == first || job <= last;
            back += !counts_as_begun[job];
        }
        settled = given;
        while (atomic_load(&seen) < first) /* the core has an answer of it */
            ;
    }
    pthread_join(worker, NULL);
    for (uint32_t job = 1; job <= JOBS; job++)
        if (begun[job] != counts_as_begun[job])
            fail_msg("job %u: begun %d, but the core was told %d", job, begun[job],
                     counts_as_begun[job]);
    assert_in_range(back, 1, JOBS / 5 * 4);
}

/* After a worker has declined, it begins nothing more of that round, nor a later core's exchange.
 */
static void test_declined(void **state)
{
    (void)state;
    atomic_store(&word, 0);
    assert_true(turn_begin(&word, 0, 1));
    turn_decline(&word, 0, 1);
    assert_false(turn_begin(&word, 0, 2));
    turn_decline(&word, 0, 1); /* again: nothing */
    assert_int_equal(turn_take_back(&word, 1, 1), 1);
    assert_false(turn_begin(&word, 0, 2));
    assert_true(turn_begin(&word, 1, 3));
    assert_int_equal(turn_take_back(&word, 2, 3), 3);
    turn_decline(&word, 1, 3); /* too late: the core was first */
    assert_true(turn_begin(&word, 2, 4));
    assert_int_equal(turn_take_back(&word, 3, 5), 4); /* 5 and 6 were given, neither begun */
    assert_true(turn_begin(&word, 2, 5));
    assert_false(turn_begin(&word, 2, 6));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_begun_or_taken_back),
        cmocka_unit_test(test_declined),
    };
    return RUN_TESTS(tests);
}
