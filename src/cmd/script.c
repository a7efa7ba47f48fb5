#include "cmd/script.h"

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
    if (r < 0)
        return r;
    if (options->input_file)
        return file_read(options->input_file, &script->input, detail);
    if (buf_add_str(&script->input, options->input ? options->input : "{}") < 0)
        return error_set(detail, ERR_USAGE, "--input", "is larger than %zu bytes",
                         script->input.max - 1);
    return 0;
}

void script_done(struct script *script)
{
    buf_done(&script->text);
    buf_done(&script->input);
}
