#include "cmd/script.h"

#include "base/encode.h"
#include "base/json_scan.h"
#include "cmd/file.h"
#include <string.h>

void option_add_script(struct option_list *list, size_t offset)
{
    static const enum limit limits[] = {LIMIT_TIMEOUT, LIMIT_GAS, LIMIT_MEMORY};

    option_add(list, (struct args_option){"input", "JSON", "what the script gets as input", "{}",
                                          args_set_text,
                                          offset + offsetof(struct script_options, input)});
    option_add(list, (struct args_option){"input-file", "FILE", "the same from a file; - is stdin",
                                          NULL, args_set_text,
                                          offset + offsetof(struct script_options, input_file)});
    option_add(list,
               (struct args_option){"entry", "NAME", "the function to call", "main", args_set_text,
                                    offset + offsetof(struct script_options, entry)});
    option_add(list,
               (struct args_option){"json", NULL, "print the whole answer as JSON", NULL,
                                    args_set_flag, offset + offsetof(struct script_options, json)});
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
        option_add_limit(list, limits[i], offset + offsetof(struct script_options, limits));
}

/* What a service would refuse, or an engine read otherwise than it was sent. */
static int check_script(struct span text, const char *place, struct error_detail *detail)
{
    if (text.size == 0)
        return error_set(detail, ERR_USAGE, place, "is empty: there is no script in it");
    if (!utf8_valid(text))
        return error_set(detail, ERR_USAGE, place, "is no script: it is not UTF-8");
    return 0;
}

/* One value and nothing behind it: it is put into a request as it is. */
static int check_input(struct span text, const char *place, struct error_detail *detail)
{
    size_t start = json_scan_space(text);
    struct span value = {text.data + start, text.size - start};
    struct json_fault fault = {"there is something behind the value", 0};
    if (value.size == 0)
        return error_set(detail, ERR_USAGE, place, "is empty: leave it out for an input of {}");
    if (!utf8_valid(text))
        return error_set(detail, ERR_USAGE, place, "is not JSON: it is not UTF-8");
    size_t size = json_scan_value(value, &fault);
    struct span rest = {value.data + size, value.size - size};
    if (size > 0 && json_scan_space(rest) == rest.size)
        return 0;
    return error_set(detail, ERR_USAGE, place, "is not JSON: %s, at byte %zu", fault.why,
                     start + (size > 0 ? size + json_scan_space(rest) : fault.at));
}

int script_read(struct script *script, const char *file, const struct script_options *options,
                struct error_detail *detail)
{
    int r;

    /* One byte more, or a file of exactly the limit could not be told from a larger one. */
    buf_init(&script->text, options->limits.value[LIMIT_SCRIPT_BYTES] + 1);
    buf_init(&script->input, options->limits.value[LIMIT_INPUT_BYTES] + 1);
    if (options->input && options->input_file)
        return error_set(detail, ERR_USAGE, "--input-file", "is one too many beside --input");
    if (options->input_file && strcmp(options->input_file, "-") == 0 && strcmp(file, "-") == 0)
        return error_set(detail, ERR_USAGE, "--input-file", "the script is read from - already");
    r = file_read(file, &script->text, detail);
    if (!r)
        r = check_script((struct span){script->text.data, script->text.size}, file_place(file),
                         detail);
    if (!r && options->input_file)
        r = file_read(options->input_file, &script->input, detail);
    else if (!r && buf_add_str(&script->input, options->input ? options->input : "{}") < 0)
        r = error_set(detail, ERR_USAGE, "--input", "is larger than %zu bytes",
                      script->input.max - 1);
    if (r)
        return r;
    return check_input((struct span){script->input.data, script->input.size},
                       options->input_file ? file_place(options->input_file) : "--input", detail);
}

void script_done(struct script *script)
{
    buf_done(&script->text);
    buf_done(&script->input);
}
