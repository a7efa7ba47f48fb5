#include "api/route.h"
#include <stdio.h>
#include <string.h>

#define USER ROUTE_NEEDS_USER

static const struct route routes[] = {
    {"GET", "/health", ROUTE_QUIET, handle_health},
    {"GET", "/ready", ROUTE_QUIET, handle_ready},
    {"GET", "/info", ROUTE_QUIET, handle_info},
    {"GET", "/metrics", ROUTE_QUIET, handle_metrics},
    {"GET", "/openapi.json", ROUTE_QUIET, handle_openapi},
    {"GET", "/.well-known/jwks.json", ROUTE_QUIET, handle_jwks},
    {"GET", "/.well-known/hpke-keys", ROUTE_QUIET, handle_hpke_keys},
    {"GET", "/attestation", ROUTE_QUIET, handle_attestation},
    {"GET", "/attestation/{id}", ROUTE_QUIET, handle_attestation_of},
    {"POST", "/execute", USER | ROUTE_HAS_BODY, handle_execute},
    {"GET", "/jobs", USER | ROUTE_QUIET, handle_jobs},
    {"GET", "/jobs/{id}", USER | ROUTE_QUIET, handle_job},
    {"DELETE", "/jobs/{id}", USER, handle_job_delete},
    {"GET", "/jobs/{id}/receipt", USER | ROUTE_QUIET, handle_job_receipt},
    {"POST", "/jobs/{id}/cancel", USER, handle_job_cancel},
    {"GET", "/secrets", USER | ROUTE_QUIET, handle_secrets},
    {"GET", "/secrets/audit", USER | ROUTE_QUIET, handle_secret_audit}, /* no secret's name */
    {"GET", "/secrets/{id}", USER | ROUTE_QUIET, handle_secret},
    {"PUT", "/secrets/{id}", USER | ROUTE_HAS_BODY | ROUTE_WIPE_BODY, handle_secret_put},
    {"DELETE", "/secrets/{id}", USER, handle_secret_delete},
    {"POST", "/secrets/{id}/reveal", USER, handle_secret_reveal},
    {"GET", "/secrets/{id}/policy", USER | ROUTE_QUIET, handle_secret_policy},
    {"PUT", "/secrets/{id}/policy", USER | ROUTE_HAS_BODY, handle_secret_policy_put},
};
#define ROUTE_COUNT (sizeof routes / sizeof *routes)

#define ID_MARK "{id}"

/* Paths are compared as they were sent: nothing here needs percent-encoding. */
static bool path_matches(const char *pattern, const char *path, struct span *id)
{
    const char *mark = strstr(pattern, ID_MARK);
    if (!mark)
        return strcmp(pattern, path) == 0;
    size_t before = (size_t)(mark - pattern);
    if (strncmp(pattern, path, before) != 0)
        return false;
    const char *part = path + before;
    size_t size = strcspn(part, "/");
    if (size == 0 || strcmp(mark + strlen(ID_MARK), part + size) != 0)
        return false;
    *id = (struct span){part, size};
    return true;
}

static bool method_matches(const struct route *route, const char *method)
{
    return strcmp(route->method, method) == 0 ||
           (strcmp(method, "HEAD") == 0 && strcmp(route->method, "GET") == 0);
}

const struct route *route_find(const char *method, const char *path, struct span *id, int *code)
{
    *code = ERR_NOT_FOUND;
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        if (!path_matches(routes[i].path, path, id))
            continue;
        if (method_matches(&routes[i], method)) {
            *code = 0;
            return &routes[i];
        }
        *code = ERR_METHOD_NOT_ALLOWED;
    }
    return NULL;
}

void route_allow(const char *path, char *text, size_t size)
{
    size_t used = 0;
    struct span id;
    text[0] = '\0';
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        if (!path_matches(routes[i].path, path, &id))
            continue;
        bool get = strcmp(routes[i].method, "GET") == 0;
        int n = snprintf(text + used, size - used, "%s%s", used ? ", " : "",
                         get ? "GET, HEAD" : routes[i].method);
        if (n < 0 || (size_t)n >= size - used)
            return;
        used += (size_t)n;
    }
}
