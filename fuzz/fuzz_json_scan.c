/*
 * Our scan of a JSON value against yajl's parser: what one takes the other takes. What follows a
 * value is not compared: yajl passes over an unfinished string or word there. Nor are form feeds
 * and vertical tabs, which yajl takes for space.
 */
#include "base/encode.h"
#include "base/json_scan.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool yajl_takes(const uint8_t *data, size_t size)
{
    yajl_handle yajl = yajl_alloc(NULL, NULL, NULL);
    bool takes = yajl_parse(yajl, data, size) == yajl_status_ok &&
                 yajl_complete_parse(yajl) == yajl_status_ok;
    yajl_free(yajl);
    return takes;
}

static void compare(struct span text)
{
    struct json_fault fault = {0};
    size_t space = json_scan_space(text);
    struct span value = {text.data + space, text.size - space};
    size_t size = json_scan_value(value, &fault);
    if (size == 0 && (!fault.why || fault.at > value.size))
        abort();
    struct span rest = {value.data + size, value.size - size};
    if (size > 0 && json_scan_space(rest) != rest.size)
        return;
    if (yajl_takes((const uint8_t *)text.data, text.size) != (size > 0))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {(const char *)data, size};
    bool feeds = size > 0 && (memchr(data, '\f', size) || memchr(data, '\v', size));
    if (utf8_valid(text) && size < JSON_SCAN_DEPTH && !feeds)
        compare(text);
    return 0;
}
