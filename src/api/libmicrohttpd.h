/*
 * libmicrohttpd, loaded when the HTTP service is started (base/library.h).
 */
#ifndef NEOCOMPUTE_API_LIBMICROHTTPD_H
#define NEOCOMPUTE_API_LIBMICROHTTPD_H

#include "base/library.h"
#include <microhttpd.h>

#define LIBMICROHTTPD(X)                                                                           \
    X(MHD_add_response_header)                                                                     \
    X(MHD_create_response_from_buffer)                                                             \
    X(MHD_create_response_from_buffer_with_free_callback_cls)                                      \
    X(MHD_destroy_response)                                                                        \
    X(MHD_get_connection_info)                                                                     \
    X(MHD_get_connection_values_n)                                                                 \
    X(MHD_get_daemon_info)                                                                         \
    X(MHD_get_timeout)                                                                             \
    X(MHD_lookup_connection_value)                                                                 \
    X(MHD_queue_response)                                                                          \
    X(MHD_quiesce_daemon)                                                                          \
    X(MHD_resume_connection)                                                                       \
    X(MHD_run)                                                                                     \
    X(MHD_start_daemon)                                                                            \
    X(MHD_stop_daemon)                                                                             \
    X(MHD_suspend_connection)

LIBRARY_DECLARE(libmicrohttpd, LIBMICROHTTPD);

#endif
