#include "base/clock.h"

#include "base/error.h"
#include <stdbool.h>
#include <string.h>
#include <time.h>

static uint64_t clock_read(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

uint64_t clock_now_ns(void)
{
    return clock_read(CLOCK_MONOTONIC);
}

uint64_t clock_unix_ms(void)
{
    return clock_read(CLOCK_REALTIME) / NS_PER_MS;
}

/* The last `count` decimal digits. Every answer has a time in it: strftime and printf cost 1 µs. */
static void write_digits(char *text, int count, uint64_t value)
{
    for (; count > 0; value /= 10)
        text[--count] = (char)('0' + value % 10);
}

void clock_format_time(char text[static CLOCK_TIME_SIZE], uint64_t unix_ms)
{
    const uint64_t last_ms = 253402300799999; /* 9999-12-31T23:59:59.999Z */
    struct tm tm;

    if (unix_ms > last_ms)
        unix_ms = last_ms;
    time_t seconds = (time_t)(unix_ms / 1000);
    gmtime_r(&seconds, &tm);
    memcpy(text, "0000-00-00T00:00:00.000Z", CLOCK_TIME_SIZE);
    write_digits(text, 4, (uint64_t)tm.tm_year + 1900);
    write_digits(text + 5, 2, (uint64_t)tm.tm_mon + 1);
    write_digits(text + 8, 2, (uint64_t)tm.tm_mday);
    write_digits(text + 11, 2, (uint64_t)tm.tm_hour);
    write_digits(text + 14, 2, (uint64_t)tm.tm_min);
    write_digits(text + 17, 2, (uint64_t)tm.tm_sec);
    write_digits(text + 20, 3, unix_ms % 1000);
}

static char *write_number(char *text, uint64_t value)
{
    int count = 1;

    for (uint64_t rest = value; rest >= 10; rest /= 10)
        count++;
    write_digits(text, count, value);
    return text + count;
}

/*
 * `value` units of 10^-digits, as "12.5": without the zeros at the end, and without the point if
 * nothing is left behind it. Returns its end.
 */
static char *write_decimal(char *text, uint64_t value, int digits)
{
    uint64_t scale = 1;

    for (int i = 0; i < digits; i++)
        scale *= 10;
    uint64_t fraction = value % scale;
    text = write_number(text, value / scale);
    while (digits > 0 && fraction % 10 == 0) {
        fraction /= 10;
        digits--;
    }
    if (digits == 0)
        return text;
    *text++ = '.';
    write_digits(text, digits, fraction);
    return text + digits;
}

void clock_format_duration(char text[static CLOCK_DURATION_SIZE], uint64_t ns)
{
    const uint64_t minute = 60 * NS_PER_S, hour = 60 * minute;
    const char *unit = "s";
    int digits = 9;

    if (ns > INT64_MAX)
        ns = INT64_MAX;
    if (ns > 0 && ns < NS_PER_US) {
        unit = "ns";
        digits = 0;
    } else if (ns > 0 && ns < NS_PER_MS) {
        unit = "µs";
        digits = 3;
    } else if (ns > 0 && ns < NS_PER_S) {
        unit = "ms";
        digits = 6;
    }
    /* At most "2562047h47m16.854775807s": INT64_MAX is the most. */
    if (ns >= hour) {
        text = write_number(text, ns / hour);
        *text++ = 'h';
    }
    if (ns >= minute) {
        text = write_number(text, ns % hour / minute);
        *text++ = 'm';
    }
    text = write_decimal(text, ns % minute, digits);
    memcpy(text, unit, strlen(unit) + 1);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/*
 * Reads "12.5" at *text into ns of a unit of `scale` ns, exactly; digits past one ns are dropped.
 * The unit follows the number, so the number is read twice: this is told where it ends.
 */
static int scale_number(const char *number, const char *end, uint64_t scale, uint64_t *ret)
{
    uint64_t value = 0;

    for (; number < end && *number != '.'; number++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*number - '0'), &value))
            return ERR_USAGE;
    if (__builtin_mul_overflow(value, scale, &value))
        return ERR_USAGE;
    if (number < end)
        for (number++; number < end; number++) {
            scale /= 10;
            if (__builtin_add_overflow(value, (uint64_t)(*number - '0') * scale, &value))
                return ERR_USAGE;
        }
    *ret = value;
    return 0;
}

int clock_parse_duration(const char *text, uint64_t *ret_ns)
{
    static const struct {
        const char *name;
        uint64_t ns;
    } units[] = {
        /* longer names before those that begin like them */
        {"ns", 1},         {"us", NS_PER_US}, {"µs", NS_PER_US},    {"μs", NS_PER_US},
        {"ms", NS_PER_MS}, {"s", NS_PER_S},   {"m", 60 * NS_PER_S}, {"h", 3600 * NS_PER_S}};
    const size_t unit_count = sizeof(units) / sizeof(units[0]);
    uint64_t total = 0, part;
    bool first = true;

    do {
        const char *number = text;
        bool digits = false;
        size_t unit = 0;

        while (is_digit(*text) || (*text == '.' && !memchr(number, '.', (size_t)(text - number))))
            digits |= is_digit(*text++);
        if (!digits)
            return ERR_USAGE;
        while (unit < unit_count && strncmp(text, units[unit].name, strlen(units[unit].name)) != 0)
            unit++;
        bool bare = *text == '\0' && first; /* seconds */
        if (unit == unit_count && !bare)
            return ERR_USAGE;
        if (scale_number(number, text, bare ? NS_PER_S : units[unit].ns, &part) < 0 ||
            __builtin_add_overflow(total, part, &total) || total > INT64_MAX)
            return ERR_USAGE;
        text += bare ? 0 : strlen(units[unit].name);
        first = false;
    } while (*text != '\0');
    *ret_ns = total;
    return 0;
}

/* `count` digits of *text, which moves on; -1 if they are not all digits. */
static int take_digits(const char **text, int count)
{
    int value = 0;
    for (; count > 0; count--, (*text)++) {
        if (**text < '0' || **text > '9')
            return -1;
        value = 10 * value + (**text - '0');
    }
    return value;
}

int clock_parse_time(const char *text, uint64_t *ret_unix_ms)
{
    static const char marks[] = "--T::";
    static const int widths[] = {4, 2, 2, 2, 2, 2};
    int part[6], ms = 0;
    for (int i = 0; i < 6; i++) {
        part[i] = take_digits(&text, widths[i]);
        if (part[i] < 0 || (i < 5 && *text++ != marks[i]))
            return ERR_USAGE;
    }
    if (*text == '.') {
        int scale = 100;
        for (text++; *text >= '0' && *text <= '9'; text++, scale /= 10)
            ms += scale * (*text - '0');
    }
    struct tm tm = {.tm_year = part[0] - 1900,
                    .tm_mon = part[1] - 1,
                    .tm_mday = part[2],
                    .tm_hour = part[3],
                    .tm_min = part[4],
                    .tm_sec = part[5]},
              given = tm;
    time_t seconds = timegm(&tm);
    /* A day that does not exist comes back as another one. */
    if (strcmp(text, "Z") != 0 || seconds < 0 || tm.tm_mday != given.tm_mday ||
        tm.tm_mon != given.tm_mon || tm.tm_hour != given.tm_hour || tm.tm_min != given.tm_min)
        return ERR_USAGE;
    *ret_unix_ms = (uint64_t)seconds * 1000 + (uint64_t)ms;
    return 0;
}
