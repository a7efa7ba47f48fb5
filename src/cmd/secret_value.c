#include "cmd/secret_value.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

void secret_value_done(struct secret_value_text *value)
{
    secret_bytes_done(&value->bytes);
    value->size = 0;
}

/* Reads to the end, or to the first newline where somebody types. */
static int read_all(int fd, bool line, const char *from, struct secret_value_text *ret,
                    struct error_detail *detail)
{
    struct secret_value_text value = {0};
    int r = secret_bytes_init(&value.bytes, SECRET_VALUE_FILE_MOST);
    if (r)
        return error_set(detail, r, from, "no memory for it");
    for (;;) {
        ssize_t n = read(fd, value.bytes.data + value.size, value.bytes.size - value.size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            secret_value_done(&value);
            return error_set(detail, ERR_USAGE, from, "%s", strerror(errno));
        }
        value.size += (size_t)n;
        if (n == 0 || (line && value.size && value.bytes.data[value.size - 1] == '\n'))
            break;
        if (value.size == value.bytes.size) {
            secret_value_done(&value);
            return error_set(detail, ERR_USAGE, from, "has more than %u bytes",
                             SECRET_VALUE_FILE_MOST);
        }
    }
    *ret = value;
    return 0;
}

int secret_value_read_file(const char *file, struct secret_value_text *ret,
                           struct error_detail *detail)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(detail, ERR_USAGE, file, "%s", strerror(errno));
    int r = read_all(fd, false, file, ret, detail);
    close(fd);
    return r;
}

static struct termios before_prompt;

/* A signal that ends us must not leave a terminal that shows nothing of what is typed. */
static void on_signal(int number)
{
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_prompt);
    signal(number, SIG_DFL);
    raise(number);
}

static int read_typed(const char *name, struct secret_value_text *ret, struct error_detail *detail)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    struct termios hidden;
    if (tcgetattr(STDIN_FILENO, &before_prompt) != 0)
        return error_set(detail, ERR_USAGE, "standard input", "%s", strerror(errno));
    hidden = before_prompt;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        signal(signals[i], on_signal);
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    /* Hidden first: what is typed at the prompt must not be shown, nor flushed. */
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    fprintf(stderr, "Value of %s (not shown): ", name);
    int r = read_all(STDIN_FILENO, true, "standard input", ret, detail);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_prompt);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        signal(signals[i], SIG_DFL);
    fputc('\n', stderr);
    return r;
}

int secret_value_read(const char *name, const char *file, bool raw, struct secret_value_text *ret,
                      struct error_detail *detail)
{
    bool typed = !file && isatty(STDIN_FILENO);
    int r = file    ? secret_value_read_file(file, ret, detail)
            : typed ? read_typed(name, ret, detail)
                    : read_all(STDIN_FILENO, false, "standard input", ret, detail);
    if (!r && (!raw || typed) && ret->size && ret->bytes.data[ret->size - 1] == '\n')
        ret->size--;
    return r;
}
