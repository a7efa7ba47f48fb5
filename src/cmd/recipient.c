/*
 * `neocompute keygen` makes a key for `encrypt_to`; `neocompute open` opens what was sealed to it.
 */
#include "cmd/recipient.h"

#include "cmd/client.h"
#include "cmd/cmd.h"
#include "cmd/file.h"
#include "cmd/outcome.h"
#include "protect/document.h"
#include "protect/recipient_key.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define KEY_MOST 4096

/* --- keygen --- */

/* A new file that only its owner reads; one that is there stays as it is. */
static int write_private(const char *file, const struct buf *text, struct error_detail *detail)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_set(detail, ERR_USAGE, file, "%s", strerror(errno));
    bool written = write(fd, text->data, text->size) == (ssize_t)text->size && fsync(fd) == 0;
    close(fd);
    return written ? 0 : error_set(detail, ERR_SYSTEM, file, "%s", strerror(errno));
}

int cmd_keygen(const struct cmd *cmd, int argc, char **argv)
{
    struct buf private_text = BUF_INIT(KEY_MOST), public_text = BUF_INIT(KEY_MOST);
    struct recipient_key key = {0};
    struct error_detail detail = {0};
    struct args_result arguments;
    int status;
    if (!cmd_parse(cmd, NULL, argc, argv, &arguments, &status))
        return status;
    int r = recipient_key_new(&key);
    if (!r)
        r = recipient_key_write(&key, true, &private_text);
    if (!r)
        r = recipient_key_write(&key, false, &public_text);
    if (!r)
        r = buf_add_char(&private_text, '\n');
    if (r)
        error_set(&detail, r, "", "%s", error_text(r));
    else
        r = write_private(arguments.arguments[0], &private_text, &detail);
    if (!r)
        printf("%.*s\n", (int)public_text.size, public_text.data);
    recipient_key_done(&key);
    buf_wipe(&private_text);
    buf_done(&public_text);
    return r ? cmd_fail(&detail) : fflush(stdout) == 0 ? CMD_EXIT_DONE : CMD_EXIT_SERVICE;
}

/* --- open --- */

static int read_key(const char *file, struct recipient_key *ret, struct error_detail *detail)
{
    struct buf text = BUF_INIT(KEY_MOST + 1);
    struct error_detail why = {0};
    int r = file_read(file, &text, detail);
    if (!r && recipient_key_read((struct span){text.data, text.size}, ret, &why))
        r = error_set(detail, ERR_USAGE, file,
                      "%.300s. It must be a private key from neocompute keygen", why.message);
    buf_wipe(&text);
    return r;
}

int recipient_open(const char *file, struct span answer, struct buf *ret,
                   struct error_detail *detail)
{
    struct document document;
    struct recipient_key key = {0};
    struct buf job = BUF_INIT(256), sealed = BUF_INIT(answer.size + 1);
    int r = document_read(answer, "the answer", &document, detail);
    if (!r && (!document_text(&document, "job_id", &job) ||
               !document_text(&document, "encrypted_output", &sealed)))
        r = error_set(detail, ERR_USAGE, "",
                      "the answer has no job_id and encrypted_output: was encrypt_to asked for?");
    if (!r)
        r = read_key(file, &key, detail);
    if (!r)
        r = recipient_key_open(&key, (struct span){job.data, job.size},
                               (struct span){sealed.data, sealed.size}, ret, detail);
    recipient_key_done(&key);
    buf_done(&job);
    buf_done(&sealed);
    return r;
}

struct open_options {
    const char *key;
};

void cmd_open_options(struct option_list *list)
{
    option_add(list, (struct args_option){"key", "FILE", "the private key, from neocompute keygen",
                                          NULL, args_set_text, offsetof(struct open_options, key)});
}

int cmd_open(const struct cmd *cmd, int argc, char **argv)
{
    struct open_options options = {0};
    struct buf answer = BUF_INIT(CLIENT_ANSWER_BYTES + 1), text = BUF_INIT(CLIENT_ANSWER_BYTES);
    struct error_detail detail = {0};
    struct args_result arguments;
    int status;
    if (!cmd_parse(cmd, &options, argc, argv, &arguments, &status))
        return status;
    int r = options.key ? file_read(arguments.arguments[0], &answer, &detail)
                        : error_set(&detail, ERR_USAGE, "--key", "is missing");
    if (!r)
        r = recipient_open(options.key, (struct span){answer.data, answer.size}, &text, &detail);
    if (!r) {
        outcome_text(stdout, (struct span){text.data, text.size});
        putchar('\n');
    }
    status = r ? cmd_fail(&detail) : fflush(stdout) == 0 ? CMD_EXIT_DONE : CMD_EXIT_SERVICE;
    buf_done(&answer);
    buf_wipe(&text);
    return status;
}
