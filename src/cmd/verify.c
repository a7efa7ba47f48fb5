/*
 * `neocompute verify`: reads a receipt and what its holder has beside it, and shows what the checks
 * of protect/verify.h say. Nobody is asked unless a URL is given.
 */
#include "cmd/verify.h"

#include "base/clock.h"
#include "cmd/client.h"
#include "cmd/cmd.h"
#include "cmd/file.h"
#include "cmd/recipient.h"
#include "protect/refusal.h"
#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>

#define MS_PER_S  1000
#define SALT_MOST 256 /* characters */

static void add_text(struct option_list *list, const char *name, const char *value,
                     const char *text, size_t offset)
{
    option_add(list, (struct args_option){name, value, text, NULL, args_set_text, offset});
}

void cmd_verify_options(struct option_list *list)
{
#define AT(field) offsetof(struct verify_options, field)
    option_add_trust(list, AT(trust));
    add_text(list, "bundle", "FILE|URL", "the attestation bundle, or a receipt's", AT(bundle));
    add_text(list, "jwks", "FILE|URL", "a key set that must have the key", AT(jwks));
    add_text(list, "key", "FILE", "opens encrypted_output, to check what is in it", AT(key));
    add_text(list, "script", "FILE", "the script that it must have been", AT(script));
    add_text(list, "input", "FILE", "the input that it must have had", AT(input));
    add_text(list, "output", "FILE", "the output that must have come", AT(output));
    add_text(list, "job", "ID", "the job that it must be about", AT(job));
    add_text(list, "nonce", "TEXT", "the nonce that the request had", AT(nonce));
    add_text(list, "user", "ID", "whose job it must have been", AT(user));
    add_text(list, "salt", "TEXT", "receipt_salt, where it is not beside the receipt", AT(salt));
    add_text(list, "entry", "NAME", "the function that must have been called", AT(entry));
    option_add(list, (struct args_option){"max-age", "TIME", "how old it may be", NULL, args_set_ms,
                                          AT(max_age_ms)});
    option_add(list, (struct args_option){"replay", NULL,
                                          "run the script again: takes --script, and --input", NULL,
                                          args_set_flag, AT(replay)});
    run_secrets_add_options(list, AT(secrets));
    option_add_isolation(list, AT(isolation));
    option_add(list, (struct args_option){"json", NULL, "print the checks as JSON", NULL,
                                          args_set_flag, AT(json)});
#undef AT
}

/* --- reading --- */

enum file { FILE_TEXT, FILE_BUNDLE, FILE_JWKS, FILE_SCRIPT, FILE_INPUT, FILE_OUTPUT, FILE_COUNT };

static struct span span_of_buf(const struct buf *buf)
{
    return (struct span){buf->data, buf->size};
}

/* A receipt or a document, rather than the name of a file with one. */
static bool is_text(const char *argument)
{
    static const char characters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        "-_.~";
    size_t size = strlen(argument);
    return *argument == '{' ||
           (size > 255 && strspn(argument, characters) == size); /* no file has such a name */
}

static bool is_url(const char *where)
{
    return strncmp(where, "http://", 7) == 0 || strncmp(where, "https://", 8) == 0;
}

static int read_one(const char *where, enum file file, struct buf *buf, struct error_detail *detail)
{
    *buf = BUF_INIT(CLIENT_ANSWER_BYTES + 1);
    if (!where)
        return 0;
    if (file == FILE_TEXT && is_text(where))
        return buf_add_str(buf, where);
    if (file == FILE_TEXT && is_url(where))
        return error_set(detail, ERR_USAGE, where,
                         "a receipt is not fetched: save it first, with curl for example");
    if ((file == FILE_BUNDLE || file == FILE_JWKS) && is_url(where))
        return client_fetch(where, buf, detail);
    return file_read(where, buf, detail);
}

static int read_files(const char *text, const struct verify_options *o, struct buf *files,
                      struct error_detail *detail)
{
    const char *const where[FILE_COUNT] = {text,      o->bundle, o->jwks,
                                           o->script, o->input,  o->output};
    int stdin_users = 0;
    for (int i = 0; i < FILE_COUNT; i++)
        stdin_users += where[i] && strcmp(where[i], "-") == 0;
    if (stdin_users > 1)
        return error_set(detail, ERR_USAGE, "", "only one of them can be read from -");
    for (int i = 0; i < FILE_COUNT; i++) {
        int r = read_one(where[i], (enum file)i, &files[i], detail);
        if (r)
            return r;
    }
    return 0;
}

static struct verify_request make_request(const struct verify_options *o, const struct trust *trust,
                                          const struct buf *files)
{
    return (struct verify_request){
        .text = span_of_buf(&files[FILE_TEXT]),
        .bundle = span_of_buf(&files[FILE_BUNDLE]),
        .jwks = span_of_buf(&files[FILE_JWKS]),
        .policy = trust->policy,
        .script = span_of_buf(&files[FILE_SCRIPT]),
        .input = span_of_buf(&files[FILE_INPUT]),
        .output = span_of_buf(&files[FILE_OUTPUT]),
        .job = span_of(o->job),
        .nonce = span_of(o->nonce),
        .user = span_of(o->user),
        .entry = span_of(o->entry),
        .salt = span_of(o->salt),
        .max_age_s = o->max_age_ms == UINT64_MAX ? VERIFY_ANY_AGE : o->max_age_ms / MS_PER_S,
        .now_unix_s = clock_unix_ms() / MS_PER_S,
    };
}

/* Is the file's the same, but for a newline at its end? */
static bool same_bytes(struct span file, struct span bytes)
{
    if (file.size == bytes.size + 1 && file.data[bytes.size] == '\n')
        file.size--;
    return span_equal(file, bytes);
}

/*
 * Output and salt out of an answer's encrypted_output, which anybody can have sealed: they are
 * judged, not those that the options bring, which must be the same. `opened` and `salt` stay the
 * caller's, to be wiped. *has_output: there was one in it.
 */
static int open_output(const char *key, struct verify_request *request, struct buf *opened,
                       struct buf *salt, bool *has_output, struct error_detail *detail)
{
    struct document document;
    struct span output;
    int r = recipient_open(key, request->text, opened, detail);
    if (!r)
        r = document_read(span_of_buf(opened), "encrypted_output", &document, detail);
    if (r)
        return r;
    request->opened = true;
    *has_output = document_get(&document, "output", &output);
    if (*has_output && request->output.data && !same_bytes(request->output, output))
        return refuse(detail, REFUSAL_OUTPUT, "it holds another output than --output F");
    if (*has_output)
        request->output = output;
    if (!document_text(&document, "receipt_salt", salt))
        return refuse(detail, REFUSAL_OUTPUT, "there is no salt in it");
    if (request->salt.data && !span_equal(request->salt, span_of_buf(salt)))
        return refuse(detail, REFUSAL_OUTPUT, "it holds another salt than --salt S");
    request->salt = span_of_buf(salt);
    return 0;
}

/* `opened`: what open_output returned, with `detail`. */
static void judge_opening(struct verify *verify, int opened, bool has_output,
                          const struct error_detail *detail)
{
    bool completed = document_is(&verify->claims, "status", SPAN("completed"));
    if (opened)
        verify_add(verify, "sealed output", VERIFY_FAILED, REFUSAL_OUTPUT, "%s", detail->message);
    else if (completed && !has_output)
        verify_add(verify, "sealed output", VERIFY_FAILED, REFUSAL_OUTPUT,
                   "there is no output in it, and the receipt states one");
    else
        verify_add(verify, "sealed output", VERIFY_PASSED, REFUSAL_OUTPUT,
                   "opened: output and salt are those in it; nothing covers its logs and error");
}

/* Everything that is wrong before a check could be made is a wrong call: status 2. */
static int fail_usage(const struct error_detail *detail)
{
    cmd_fail(detail);
    return CMD_EXIT_USAGE;
}

static int make_checks(const struct verify_options *options, const struct trust *trust,
                       const struct buf *files, struct run_secrets *secrets,
                       struct error_detail *detail)
{
    static const int statuses[] = {[VERIFY_PASSED] = CMD_EXIT_DONE,
                                   [VERIFY_FAILED] = CMD_EXIT_REFUTED,
                                   [VERIFY_UNDECIDED] = CMD_EXIT_USAGE};
    static struct verify verify;
    struct buf opened = BUF_INIT(CLIENT_ANSWER_BYTES), salt = BUF_INIT(SALT_MOST);
    struct verify_request request = make_request(options, trust, files);
    int status = CMD_EXIT_USAGE;
    bool has_output = false;
    int r =
        options->key ? open_output(options->key, &request, &opened, &salt, &has_output, detail) : 0;
    if (r && r != ERR_INVALID_FIELD) {
        fail_usage(detail);
    } else {
        verify_run(&request, &verify);
        if (options->key)
            judge_opening(&verify, r, has_output, detail);
        if (options->replay)
            verify_replay(options, secrets, &verify);
        if (verify_show(&verify, options->json))
            status = statuses[verify_verdict(&verify)];
        verify_done(&verify);
    }
    buf_wipe(&opened);
    buf_wipe(&salt);
    return status;
}

/*
 * A verdict does not hang on what openssl.cnf says, and reading it takes a tenth of a check. Who is
 * asked for a URL is asked by the rules for TLS that stand there.
 */
static void leave_openssl_config(const struct verify_options *options)
{
    bool asks =
        (options->bundle && is_url(options->bundle)) || (options->jwks && is_url(options->jwks));
    if (!asks)
        OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
}

int cmd_verify(const struct cmd *cmd, int argc, char **argv)
{
    static struct verify_options options = {.max_age_ms = UINT64_MAX};
    struct buf files[FILE_COUNT] = {0};
    struct error_detail detail = {0};
    struct args_result arguments;
    struct trust trust;
    int status;

    if (!cmd_parse(cmd, &options, argc, argv, &arguments, &status))
        return status;
    leave_openssl_config(&options);
    if (trust_read(&options.trust, &trust, &detail) ||
        read_files(arguments.arguments[0], &options, files, &detail))
        status = fail_usage(&detail);
    else
        status = make_checks(&options, &trust, files, &options.secrets, &detail);
    for (int i = 0; i < FILE_COUNT; i++)
        buf_done(&files[i]);
    return status;
}
