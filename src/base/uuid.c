#include "base/uuid.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/error.h"
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#define SEQUENCE_BITS  12
#define SEQUENCE_LIMIT (1u << SEQUENCE_BITS)

/* RFC 9562, 6.2, method 1: a counter in rand_a, started anew at a random place each millisecond. */
static struct {
    uint64_t unix_ms;
    uint32_t sequence;
} last;

/* A call of getrandom for 25 ids; up to 256 bytes it is never cut short. */
#define ID_RANDOM_BYTES 10
static struct {
    uint8_t bytes[25 * ID_RANDOM_BYTES];
    size_t left; /* taken from the end */
} pool;

static const uint8_t *take_random(void)
{
    if (pool.left == 0) {
        if (getrandom(pool.bytes, sizeof(pool.bytes), 0) != sizeof(pool.bytes))
            return NULL;
        pool.left = sizeof(pool.bytes);
    }
    pool.left -= ID_RANDOM_BYTES;
    return pool.bytes + pool.left;
}

static void next_place(uint32_t random)
{
    uint64_t now = clock_unix_ms();

    if (now > last.unix_ms) {
        last.unix_ms = now;
        /* The top bit stays free, so that a millisecond has room for 2048 ids at least. */
        last.sequence = random % (SEQUENCE_LIMIT / 2);
    } else if (++last.sequence == SEQUENCE_LIMIT) {
        last.unix_ms++;
        last.sequence = 0;
    }
}

int uuid_new(char text[static UUID_SIZE])
{
    const uint8_t *random = take_random();
    uint8_t id[16];
    char hex[33];

    if (!random)
        return ERR_SYSTEM;
    next_place((uint32_t)random[8] << 8 | random[9]);
    for (int i = 0; i < 6; i++)
        id[i] = (uint8_t)(last.unix_ms >> (40 - 8 * i));
    id[6] = (uint8_t)(0x70 | last.sequence >> 8);
    id[7] = (uint8_t)last.sequence;
    memcpy(id + 8, random, 8);
    id[8] = (uint8_t)(0x80 | (id[8] & 0x3f));

    hex_encode(hex, id, sizeof(id));
    for (int i = 0, from = 0; i < UUID_SIZE - 1; i++)
        text[i] = i == 8 || i == 13 || i == 18 || i == 23 ? '-' : hex[from++];
    text[UUID_SIZE - 1] = '\0';
    return 0;
}

bool uuid_valid(struct span text)
{
    if (text.size != UUID_SIZE - 1)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
    }
    return true;
}
