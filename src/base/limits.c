#include "base/limits.h"

#include "base/clock.h"
#include "base/machine.h"
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LIMIT_ROW(symbol, name, unit, standard, least, most, text)                                 \
    {name, unit, standard, least, most, text},
const struct limit_info limit_table[LIMIT_COUNT] = {LIMITS(LIMIT_ROW)};
#undef LIMIT_ROW

static uint64_t clamp(uint64_t value, const struct limit_info *info)
{
    if (value < info->least)
        return info->least;
    return value > info->most ? info->most : value;
}

void limits_init(struct limits *limits)
{
    for (int i = 0; i < LIMIT_COUNT; i++)
        limits->value[i] = limit_table[i].standard;
    limits->value[LIMIT_MEMORY_TOTAL] =
        clamp(machine_memory("") / 2, &limit_table[LIMIT_MEMORY_TOTAL]);
}

/* Digits; false if there is none or the number is too large. *text is moved behind them. */
static bool parse_digits(const char **text, uint64_t *ret)
{
    const char *start = *text;
    uint64_t value = 0;

    for (; **text >= '0' && **text <= '9'; (*text)++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(**text - '0'), &value))
            return false;
    *ret = value;
    return *text > start;
}

static int parse_bytes(const char *text, uint64_t *ret)
{
    static const struct {
        const char *name;
        uint64_t bytes;
    } units[] = {{"", 1},    {"B", 1},     {"K", KIB}, {"KiB", KIB},
                 {"M", MIB}, {"MiB", MIB}, {"G", GIB}, {"GiB", GIB}};
    uint64_t value;

    if (!parse_digits(&text, &value))
        return ERR_USAGE;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strcmp(text, units[i].name) == 0)
            return __builtin_mul_overflow(value, units[i].bytes, ret) ? ERR_USAGE : 0;
    return ERR_USAGE;
}

static int parse_count(const char *text, uint64_t *ret)
{
    return parse_digits(&text, ret) && *text == '\0' ? 0 : ERR_USAGE;
}

static int parse_ms(const char *text, uint64_t *ret)
{
    uint64_t ns;

    if (clock_parse_duration(text, &ns) < 0 || ns % NS_PER_MS != 0)
        return ERR_USAGE;
    *ret = ns / NS_PER_MS;
    return 0;
}

static void format_bytes(char *text, size_t size, uint64_t value)
{
    static const struct {
        const char *name;
        uint64_t bytes;
    } units[] = {{"GiB", GIB}, {"MiB", MIB}, {"KiB", KIB}};

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (value >= units[i].bytes && value % units[i].bytes == 0) {
            snprintf(text, size, "%" PRIu64 "%s", value / units[i].bytes, units[i].name);
            return;
        }
    snprintf(text, size, "%" PRIu64, value);
}

static void format_count(char *text, size_t size, uint64_t value)
{
    snprintf(text, size, "%" PRIu64, value);
}

static void format_ms(char *text, size_t size, uint64_t value)
{
    char duration[CLOCK_DURATION_SIZE];

    clock_format_duration(duration, value * NS_PER_MS);
    snprintf(text, size, "%s", duration);
}

/* What a unit is called in a message, how its values are read and written. */
static const struct unit {
    const char *name, *expected;
    int (*parse)(const char *text, uint64_t *ret);
    void (*format)(char *text, size_t size, uint64_t value);
} unit_table[] = {
    [UNIT_COUNT] = {"", "a whole number", parse_count, format_count},
    [UNIT_BYTES] = {"bytes ", "bytes such as 1048576, 64KiB or 64MiB", parse_bytes, format_bytes},
    [UNIT_MS] = {"ms ", "a time such as 30s, 1.5s or 24h (a bare number is seconds)", parse_ms,
                 format_ms},
    [UNIT_GAS] = {"gas ", "a whole number", parse_count, format_count},
};

void limit_format(char text[static LIMIT_TEXT_SIZE], enum limit limit, uint64_t value)
{
    unit_table[limit_table[limit].unit].format(text, LIMIT_TEXT_SIZE, value);
}

int limits_set(struct limits *limits, enum limit limit, const char *text,
               struct error_detail *detail)
{
    const struct limit_info *info = &limit_table[limit];
    const struct unit *unit = &unit_table[info->unit];
    char least[LIMIT_TEXT_SIZE], most[LIMIT_TEXT_SIZE];
    uint64_t value;

    if (unit->parse(text, &value) == 0 && value >= info->least && value <= info->most) {
        limits->value[limit] = value;
        return 0;
    }
    limit_format(least, limit, info->least);
    limit_format(most, limit, info->most);
    return error_set(detail, ERR_USAGE, info->name, "\"%.60s\" is not %s, from %s to %s", text,
                     unit->expected, least, most);
}

int limit_exceeded(struct error_detail *detail, int code, enum limit limit, uint64_t used,
                   uint64_t allowed)
{
    return error_set(detail, code, limit_table[limit].name, "%s: %" PRIu64 " of %" PRIu64 " %sused",
                     limit_table[limit].name, used, allowed,
                     unit_table[limit_table[limit].unit].name);
}
