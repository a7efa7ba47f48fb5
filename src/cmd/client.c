#include "cmd/client.h"

#include "base/json_read.h"
#include "cmd/libcurl.h"
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define URL_BYTES       4096
#define CONNECT_SECONDS 10L

void client_answer_done(struct client_answer *answer)
{
    buf_done(&answer->body);
}

static size_t take_body(char *data, size_t one, size_t size, void *ctx)
{
    struct client_answer *answer = ctx;

    return buf_add(&answer->body, data, size) < 0 ? 0 : size;
}

/* The tag of an ETag header, with its quotes; one that cannot be taken whole is none. */
static void take_etag(const char *line, char ret[CLIENT_ETAG_BYTES])
{
    const char *start = strchr(line, '"');
    const char *end = start ? strchr(start + 1, '"') : NULL;
    if (end && (size_t)(end + 1 - start) < CLIENT_ETAG_BYTES)
        snprintf(ret, CLIENT_ETAG_BYTES, "%.*s", (int)(end + 1 - start), start);
}

/* Link: </jobs?cursor=...>; rel="next", and ETag: "5f2c..." */
static size_t take_header(char *data, size_t one, size_t size, void *ctx)
{
    struct client_answer *answer = ctx;
    char line[sizeof(answer->next) + 64];
    char *start, *end;

    if (size < 5 || size >= sizeof(line) ||
        (strncasecmp(data, "link:", 5) != 0 && strncasecmp(data, "etag:", 5) != 0))
        return size;
    memcpy(line, data, size);
    line[size] = '\0';
    if (strncasecmp(line, "etag:", 5) == 0) {
        take_etag(line, answer->etag);
        return size;
    }
    start = strchr(line, '<');
    end = start ? strchr(start, '>') : NULL;
    if (end && strstr(end, "rel=\"next\"")) {
        *end = '\0';
        snprintf(answer->next, sizeof(answer->next), "%s", start + 1);
    }
    return size;
}

const char *client_user(const struct client_options *options)
{
    const struct passwd *login;
    const char *user = getenv("USER");

    if (options->user)
        return options->user;
    if (user && *user)
        return user;
    login = getpwuid(geteuid());
    return login ? login->pw_name : "";
}

static struct curl_slist *add_condition(struct curl_slist *headers, const char *name,
                                        const char *list)
{
    char line[CLIENT_ETAG_BYTES + 32];

    if (!list)
        return headers;
    snprintf(line, sizeof(line), "%s: %s", name, list);
    return libcurl.curl_slist_append(headers, line);
}

static struct curl_slist *make_headers(const struct client_options *options, struct span body,
                                       const struct client_extra *extra)
{
    char user[512], type[128];
    struct curl_slist *headers = NULL;

    snprintf(user, sizeof(user), "X-User-ID: %s", client_user(options));
    headers = libcurl.curl_slist_append(headers, user);
    /* curl would ask first whether a large body is welcome, and wait. */
    headers = libcurl.curl_slist_append(headers, "Expect:");
    if (body.size > 0) {
        snprintf(type, sizeof(type), "Content-Type: %s",
                 extra->content_type ? extra->content_type : "application/json");
        headers = libcurl.curl_slist_append(headers, type);
    }
    headers = add_condition(headers, "If-Match", extra->if_match);
    return add_condition(headers, "If-None-Match", extra->if_none_match);
}

int client_check_user(const struct client_options *options, struct error_detail *detail)
{
    const char *user = client_user(options);

    if (!*user)
        return error_set(detail, ERR_USAGE, "--user",
                         options->user ? "is empty: leave it out to be your login name"
                                       : "is missing, and you have no login name");
    for (; *user; user++)
        if ((unsigned char)*user < 0x20 || *user == 0x7f)
            return error_set(detail, ERR_USAGE, "--user", "has a control character in it");
    return 0;
}

/* A request for `url` that says in `reason` (CURL_ERROR_SIZE) why it failed. Returns owned. */
static int make_request(const char *url, char *reason, CURL **ret, struct error_detail *detail)
{
    int r = libcurl_load(detail);
    if (r < 0)
        return r;
    CURL *curl = libcurl.curl_easy_init();
    if (!curl)
        return error_set(detail, ERR_NO_MEMORY, "", "no memory for a request");
    libcurl.curl_easy_setopt(curl, CURLOPT_URL, url);
    libcurl.curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    libcurl.curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
    libcurl.curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
    *ret = curl;
    return 0;
}

static void set_body(CURL *curl, const char *method, struct span body)
{
    libcurl.curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    if (strcmp(method, "POST") != 0 && strcmp(method, "PUT") != 0)
        return;
    libcurl.curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.size > 0 ? body.data : "");
    libcurl.curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.size);
}

/* Why there is no answer. A URL that cannot be one is the caller's mistake. */
static int no_answer(CURLcode code, const char *url, const char *reason,
                     struct error_detail *detail)
{
    bool absent = code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST;
    if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
        return error_set(detail, ERR_USAGE, *url ? url : "--server",
                         "must be a URL such as http://127.0.0.1:8080");
    return error_set(detail, ERR_SYSTEM, url, "%s%s",
                     *reason ? reason : libcurl.curl_easy_strerror(code),
                     absent ? ". Is the service running there?" : "");
}

static int send_request(const struct client_options *options, const char *method,
                        const char *target, struct span body, const struct client_extra *extra,
                        struct client_answer *ret, struct error_detail *detail)
{
    struct client_answer answer = {.body = BUF_INIT(CLIENT_ANSWER_BYTES)};
    char url[URL_BYTES], reason[CURL_ERROR_SIZE] = "";
    size_t server_size = strlen(options->server);
    struct curl_slist *headers = NULL;
    const char *type = NULL;
    CURLcode code;
    CURL *curl;
    int r;

    r = client_check_user(options, detail);
    if (r < 0)
        return r;
    while (server_size > 0 && options->server[server_size - 1] == '/')
        server_size--;
    snprintf(url, sizeof(url), "%.*s%s", (int)server_size, options->server, target);
    r = make_request(url, reason, &curl, detail);
    if (r < 0)
        return r;
    headers = make_headers(options, body, extra);
    if (!headers) {
        r = error_set(detail, ERR_NO_MEMORY, "", "no memory for a request");
        goto out;
    }
    libcurl.curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    libcurl.curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    libcurl.curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    libcurl.curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    libcurl.curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer);
    set_body(curl, method, body);
    code = libcurl.curl_easy_perform(curl);
    if (code != CURLE_OK) {
        r = no_answer(code, options->server, reason, detail);
        goto out;
    }
    libcurl.curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
    if (libcurl.curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK && type)
        snprintf(answer.type, sizeof(answer.type), "%s", type);
    *ret = answer;
    answer.body = (struct buf){0};
out:
    client_answer_done(&answer);
    libcurl.curl_slist_free_all(headers);
    libcurl.curl_easy_cleanup(curl);
    return r;
}

static size_t append(char *data, size_t one, size_t size, void *ctx)
{
    return buf_add(ctx, data, size) < 0 ? 0 : size;
}

int client_fetch(const char *url, struct buf *ret, struct error_detail *detail)
{
    char reason[CURL_ERROR_SIZE] = "";
    long status = 0;
    CURL *curl;
    int r = make_request(url, reason, &curl, detail);

    if (r < 0)
        return r;
    libcurl.curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, append);
    libcurl.curl_easy_setopt(curl, CURLOPT_WRITEDATA, ret);
    CURLcode code = libcurl.curl_easy_perform(curl);
    libcurl.curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    libcurl.curl_easy_cleanup(curl);
    if (code != CURLE_OK)
        return no_answer(code, url, reason, detail);
    if (status != 200)
        return error_set(detail, ERR_PROTOCOL, url, "answered %ld, not 200", status);
    return 0;
}

/* A string member of the answer as text; "" if there is none. */
static void copy_member(struct span object, const char *key, char *text, size_t size)
{
    struct buf buf = BUF_INIT(object.size + 1);
    struct span literal;

    *text = '\0';
    if (json_member(object, key, &literal) && json_unquote(literal, &buf) == 0)
        snprintf(text, size, "%.*s", (int)(buf.size < size ? buf.size : size - 1), buf.data);
    buf_done(&buf);
}

int client_problem(long status, struct span problem, struct error_detail *detail)
{
    char name[64], message[384];

    copy_member(problem, "error_code", name, sizeof(name));
    if (!*name)
        return error_set(detail, ERR_PROTOCOL, "",
                         "answered %ld, and not as NeoCompute does. Is this the service's URL?",
                         status);
    copy_member(problem, "message", message, sizeof(message));
    int code = error_from_name(name);
    return error_set(detail, code < 0 ? code : ERR_PROTOCOL, "", "%ld %s%s%s", status, name,
                     *message ? ": " : "", message);
}

int client_call(const struct client_options *options, const char *method, const char *target,
                struct span body, struct client_answer *ret, struct error_detail *detail)
{
    struct client_extra extra = {0};

    return client_call_with(options, method, target, body, &extra, ret, detail);
}

int client_call_with(const struct client_options *options, const char *method, const char *target,
                     struct span body, struct client_extra *extra, struct client_answer *ret,
                     struct error_detail *detail)
{
    struct client_answer answer;
    int r = send_request(options, method, target, body, extra, &answer, detail);

    if (r < 0)
        return r;
    if (answer.status >= 200 && answer.status < 300) {
        memcpy(extra->etag, answer.etag, sizeof(extra->etag));
        *ret = answer;
        return 0;
    }
    r = client_problem(answer.status, (struct span){answer.body.data, answer.body.size}, detail);
    if (r == ERR_PROTOCOL)
        snprintf(detail->field, sizeof(detail->field), "%s", options->server);
    client_answer_done(&answer);
    return r;
}
