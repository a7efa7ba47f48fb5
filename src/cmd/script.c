#include "cmd/script.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

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

static int read_all(int fd, struct buf *buf)
{
    ssize_t size;

    do {
        if (buf_reserve(buf, 1) < 0)
            return ERR_NO_MEMORY;
        size_t room = buf->capacity - buf->size;
        if (room > buf->max - buf->size)
            room = buf->max - buf->size;
        size = read(fd, buf->data + buf->size, room);
        if (size > 0)
            buf->size += (size_t)size;
    } while (size > 0 || (size < 0 && errno == EINTR));
    return size < 0 ? ERR_SYSTEM : 0;
}

static int read_file(const char *file, struct buf *buf, struct error_detail *detail)
{
    int fd = strcmp(file, "-") == 0 ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
    int r;

    if (fd < 0)
        return error_set(detail, ERR_USAGE, file, "%s", strerror(errno));
    r = read_all(fd, buf);
    if (r == ERR_NO_MEMORY)
        error_set(detail, ERR_USAGE, file, "is larger than %zu bytes", buf->max - 1);
    else if (r < 0)
        error_set(detail, ERR_USAGE, file, "%s", strerror(errno));
    if (fd != STDIN_FILENO)
        close(fd);
    return r < 0 ? ERR_USAGE : 0;
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
    r = read_file(file, &script->text, detail);
    if (r < 0)
        return r;
    if (options->input_file)
        return read_file(options->input_file, &script->input, detail);
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
