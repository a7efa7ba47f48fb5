#include "cmd/exec_fields.h"

#include "base/json.h"
#include "base/json_read.h"
#include "base/json_scan.h"
#include "cmd/file.h"
#include "protect/recipient.h"
#include "secret/policy.h"
#include <string.h>

#define KEY_MOST 4096 /* bytes of a file with a public key */
#define X_SIZE   43   /* characters of base64url of one */

/* --- the options --- */

static int add_secret(void *ctx, const struct args_option *option, const char *text,
                      struct error_detail *detail)
{
    struct exec_fields *f = (struct exec_fields *)((char *)ctx + option->offset);
    if (!secret_name_valid(span_of(text))) /* which is not shown: it may be a value */
        return error_set(detail, ERR_USAGE, "--secret",
                         "takes the name of a secret (A-Z a-z 0-9 _ . -) that the service keeps: "
                         "neocompute secret set");
    for (size_t i = 0; i < f->secret_count; i++)
        if (strcmp(f->secrets[i], text) == 0)
            return 0; /* twice counts once */
    if (f->secret_count == SECRET_REFS_MOST)
        return error_set(detail, ERR_USAGE, "--secret", "at most %d are taken", SECRET_REFS_MOST);
    f->secrets[f->secret_count++] = text;
    return 0;
}

void exec_fields_add_options(struct option_list *list, size_t offset)
{
#define AT(field) (offset + offsetof(struct exec_fields, field))
    static const char output[] = "the output may hold their values, where their owner allows it";
    option_add(list, (struct args_option){"secret", "NAME",
                                          "a secret that the script gets; again for another", NULL,
                                          add_secret, offset});
    option_add(list, (struct args_option){"allow-secret-output", NULL, output, NULL, args_set_flag,
                                          AT(allow_secret_output)});
    option_add(list, (struct args_option){"app-id", "TEXT", "a label that the job keeps", NULL,
                                          args_set_text, AT(app_id)});
    option_add(list, (struct args_option){"script-name", "TEXT", "a name that the job keeps", NULL,
                                          args_set_text, AT(script_name)});
    option_add(list, (struct args_option){"nonce", "TEXT", "stands in the receipt",
                                          "random, where the receipt is checked", args_set_text,
                                          AT(nonce)});
    option_add(list, (struct args_option){"encrypt-to", "KEY|FILE",
                                          "who alone reads the result: the public key, from "
                                          "neocompute keygen. Prints the whole answer",
                                          NULL, args_set_text, AT(encrypt_to)});
#undef AT
}

/* --- the key of --encrypt-to --- */

static bool is_key_text(const char *text)
{
    return *text == '{' || (strlen(text) == X_SIZE && !strpbrk(text, "./"));
}

static int bad_key(struct error_detail *detail, const char *why)
{
    return error_set(detail, ERR_USAGE, "--encrypt-to", "%s", why);
}

/* The key as JSON, out of the file or as it was given. */
static int read_recipient(const char *given, struct buf *ret, struct error_detail *detail)
{
    struct buf text = BUF_INIT(KEY_MOST + 1);
    int r = 0;
    if (strcmp(given, "-") == 0)
        return bad_key(detail, "takes the key, or a file with it");
    if (is_key_text(given))
        buf_add_str(&text, given);
    else
        r = file_read(given, &text, detail);
    while (text.size > 0 && strchr(" \t\r\n", text.data[text.size - 1]))
        text.size--;
    struct span key = {text.data, text.size};
    struct json_fault fault;
    *ret = BUF_INIT(JSON_ESCAPE_MOST * (KEY_MOST + 1));
    if (!r && (key.size == 0 || key.data[0] != '{'))
        json_string(ret, key);
    else if (!r && json_scan_value(key, &fault) != key.size)
        r = bad_key(detail, "this is no JWK");
    else if (!r)
        buf_add(ret, key.data, key.size);
    if (!r && buf_failed(ret))
        r = bad_key(detail, "this is longer than any key");
    buf_done(&text);
    return r;
}

int exec_fields_read(struct exec_fields *f, struct error_detail *detail)
{
    static const char prefix[] = "encrypt_to: "; /* of the field's own messages */
    struct recipient recipient;
    struct error_detail why = {0};
    if (!f->encrypt_to)
        return 0;
    int r = read_recipient(f->encrypt_to, &f->recipient, detail);
    if (r)
        return r;
    if (recipient_read((struct span){f->recipient.data, f->recipient.size}, &recipient, &why)) {
        bool named = strncmp(why.message, prefix, sizeof prefix - 1) == 0;
        return bad_key(detail, why.message + (named ? sizeof prefix - 1 : 0));
    }
    memcpy(f->thumbprint, recipient.thumbprint, sizeof f->thumbprint);
    recipient_done(&recipient);
    return 0;
}

void exec_fields_done(struct exec_fields *f)
{
    buf_done(&f->recipient);
}

/* --- the request --- */

static void write_text(struct buf *body, const char *name, const char *text)
{
    if (!text)
        return;
    json_next_key(body, name);
    json_str(body, text);
}

void exec_fields_write(const struct exec_fields *f, const char *nonce, struct buf *body)
{
    if (f->secret_count > 0) {
        json_next_key(body, "secret_refs");
        for (size_t i = 0; i < f->secret_count; i++) {
            buf_add_char(body, i ? ',' : '[');
            json_str(body, f->secrets[i]);
        }
        buf_add_char(body, ']');
    }
    if (f->allow_secret_output) {
        json_next_key(body, "allow_secret_output");
        json_bool(body, true);
    }
    write_text(body, "app_id", f->app_id);
    write_text(body, "script_name", f->script_name);
    write_text(body, "nonce", f->nonce ? f->nonce : nonce);
    if (f->encrypt_to) {
        json_next_key(body, "encrypt_to");
        buf_add(body, f->recipient.data, f->recipient.size);
    }
}

/* --- what the receipt says of it --- */

static bool is_stated(const struct verify *v, const char *member, const char *asked)
{
    struct span value;
    return asked ? document_is(&v->claims, member, span_of(asked))
                 : !document_get(&v->claims, member, &value);
}

static bool is_asked_for(const struct exec_fields *f, const struct verify *v,
                         const struct document *secret)
{
    struct span hidden;
    if (!v->has_salt && document_get(secret, "name_hmac", &hidden))
        return true; /* its name can be told only with what --encrypt-to seals away */
    for (size_t i = 0; i < f->secret_count; i++)
        if (verify_names_secret(v, secret, span_of(f->secrets[i])))
            return true;
    return false;
}

/* A job that completed was given all that it asked for; one that failed, perhaps none yet. */
static bool secrets_are_stated(const struct exec_fields *f, const struct verify *v)
{
    struct span rest, element;
    struct document secret;
    size_t count = 0;
    if (!document_get(&v->claims, "secrets", &rest) || !json_array(rest, &rest))
        return false;
    for (; json_element(&rest, &element); count++)
        if (document_read_inner(element, "", &secret, NULL) || !is_asked_for(f, v, &secret))
            return false;
    return count == f->secret_count ||
           (count == 0 && document_is(&v->claims, "status", SPAN("failed")));
}

void exec_fields_check(const struct exec_fields *f, struct verify *v)
{
    const struct {
        const char *name;
        bool stated;
        enum refusal refusal;
    } rows[] = {
        {"secrets", secrets_are_stated(f, v), REFUSAL_SECRETS},
        {"app id", is_stated(v, "app_id", f->app_id), REFUSAL_LABELS},
        {"script name", is_stated(v, "script_name", f->script_name), REFUSAL_LABELS},
        {"recipient", is_stated(v, "encrypt_to", f->encrypt_to ? f->thumbprint : NULL),
         REFUSAL_ENCRYPT_TO},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        verify_add(v, rows[i].name, rows[i].stated ? VERIFY_PASSED : VERIFY_FAILED, rows[i].refusal,
                   "%s", rows[i].stated ? "as it was asked for" : "it is not what was asked for");
}
