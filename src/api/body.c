/*
 * Memory for the bodies of answers that carry what is somebody's: overwritten once they are out,
 * and kept for the next ones. An answer with a receipt is more than glibc has at hand for the
 * asking: each allocation of a kilobyte or more makes it sort and join all the small pieces that
 * were freed since the last, which then have to be cut again, for every header of every answer.
 */
#include "api/server.h"
#include <stdlib.h>

#define BODY_BYTES (8 * KIB) /* of each that is kept; a larger one is an allocation of its own */

/* A body that libmicrohttpd has. */
struct sent {
    struct api *api;
    struct buf body;
};

int body_take(struct api *api, size_t size, struct buf *ret)
{
    buf_init(ret, size);
    if (size > BODY_BYTES)
        return buf_reserve(ret, size);
    if (api->spare_body_count > 0) {
        ret->data = api->spare_bodies[--api->spare_body_count];
    } else {
        ret->data = malloc(BODY_BYTES);
        ret->failed = !ret->data;
    }
    ret->capacity = ret->data ? BODY_BYTES : 0;
    return ret->failed ? ERR_NO_MEMORY : 0;
}

/* Bytes past its size were never written since it was overwritten last. */
static void give_back(struct api *api, struct buf *body)
{
    if (body->capacity != BODY_BYTES || api->spare_body_count == SPARE_BODIES) {
        buf_wipe(body);
        return;
    }
    explicit_bzero(body->data, body->size);
    api->spare_bodies[api->spare_body_count++] = body->data;
    *body = BUF_INIT(0);
}

static void body_sent(void *ctx)
{
    struct sent *sent = ctx;
    give_back(sent->api, &sent->body);
    free(sent);
}

struct MHD_Response *body_response(struct api *api, struct buf *body)
{
    struct sent *sent = malloc(sizeof *sent);
    if (!sent) {
        give_back(api, body);
        return NULL;
    }
    *sent = (struct sent){api, *body};
    *body = BUF_INIT(0);
    struct MHD_Response *response =
        libmicrohttpd.MHD_create_response_from_buffer_with_free_callback_cls(
            sent->body.size, sent->body.data, body_sent, sent);
    if (!response)
        body_sent(sent);
    return response;
}

void body_free_spare(struct api *api)
{
    while (api->spare_body_count > 0)
        free(api->spare_bodies[--api->spare_body_count]);
}
