#include "cmd/serve_isolation.h"

#include "base/log.h"
#include <string.h>

static const char *const names[] = {
    [EXEC_ISOLATION_PROCESS] = "process", [EXEC_ISOLATION_THREAD] = "thread"};

const char *serve_isolation_name(enum exec_isolation kind)
{
    return names[kind];
}

static enum seal_level level_of(int property, const struct seal_report *sealed)
{
    return seal_level_of((enum seal_property)property, sealed->mechanisms);
}

void serve_isolation_describe(struct serve_isolation *isolation, const struct seal_report *sealed)
{
    for (int i = 0; i < SEAL_PROPERTY_COUNT; i++) {
        enum seal_property property = (enum seal_property)i;

        seal_describe(property, sealed->mechanisms, isolation->mechanisms[i],
                      sizeof(isolation->mechanisms[i]));
        isolation->properties[i] = (struct api_property){
            .name = seal_property_name(property),
            .level = seal_level_name(level_of(i, sealed)),
            .by = isolation->mechanisms[i],
        };
    }
}

int serve_isolation_require_full(const struct serve_isolation *isolation,
                                 struct error_detail *detail)
{
    for (int i = 0; i < SEAL_PROPERTY_COUNT; i++) {
        const struct api_property *property = &isolation->properties[i];

        if (strcmp(property->level, seal_level_name(SEAL_FULL)) != 0)
            return error_set(detail, ERR_SYSTEM, "--require-isolation",
                             "\"%s\" is %s here (by: %s), and full is required", property->name,
                             property->level, *property->by ? property->by : "nothing");
    }
    return 0;
}

void serve_isolation_log(const struct serve_isolation *isolation, const struct seal_report *sealed)
{
    for (int i = 0; i < SEAL_PROPERTY_COUNT; i++) {
        const struct api_property *property = &isolation->properties[i];
        bool missing = level_of(i, sealed) == SEAL_NONE;

        log_at(missing ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "isolation",
               log_str("property", property->name), log_str("level", property->level),
               log_str("by", property->by));
    }
    if (*sealed->refused)
        log_info("not had for the isolation", log_str("refused", sealed->refused));
}

void serve_isolation_write_weakest(const struct serve_isolation *isolation,
                                   const struct seal_report *sealed, struct buf *out)
{
    enum seal_level weakest = SEAL_FULL;

    for (int i = 0; i < SEAL_PROPERTY_COUNT; i++) {
        enum seal_level level = level_of(i, sealed);

        weakest = level < weakest ? level : weakest;
    }
    buf_addf(out, "{\"kind\":\"%s\",\"level\":\"%s\"}", names[isolation->kind],
             seal_level_name(weakest));
}
