/*
 * Clocks, and how times and durations are written.
 */
#ifndef NEOCOMPUTE_BASE_CLOCK_H
#define NEOCOMPUTE_BASE_CLOCK_H

#include <stdint.h>

#define NS_PER_US 1000ull
#define NS_PER_MS 1000000ull
#define NS_PER_S  1000000000ull

/* CLOCK_MONOTONIC, ns. */
uint64_t clock_now_ns(void);

/* Unix time, ms. */
uint64_t clock_unix_ms(void);

/* RFC 3339 in UTC with ms, "2026-11-23T01:02:03.004Z". Years past 9999 are written as 9999. */
#define CLOCK_TIME_SIZE 25
void clock_format_time(char text[static CLOCK_TIME_SIZE], uint64_t unix_ms);

/*
 * As Go's time.Duration.String writes it: "0s", "1.5µs", "12ms", "1m30s", "1h0m0.5s". Past what Go
 * can hold (2^63-1 ns) the largest one is written.
 */
#define CLOCK_DURATION_SIZE 32
void clock_format_duration(char text[static CLOCK_DURATION_SIZE], uint64_t ns);

/*
 * A time of RFC 3339 in UTC ("2026-11-23T01:02:03Z", with or without a fraction) as Unix ms, from
 * 1970 on. ERR_USAGE for anything else.
 */
int clock_parse_time(const char *text, uint64_t *ret_unix_ms);

/*
 * The other way, by Go's rules without a sign: numbers with the units h m s ms us µs ns, one after
 * another ("1h30m", "1.5s"). A bare number is seconds. ERR_USAGE for anything else and past 2^63-1.
 */
int clock_parse_duration(const char *text, uint64_t *ret_ns);

#endif
