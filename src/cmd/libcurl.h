/*
 * libcurl, loaded when a command talks to a server (base/library.h).
 */
#ifndef NEOCOMPUTE_CMD_LIBCURL_H
#define NEOCOMPUTE_CMD_LIBCURL_H

#include "base/library.h"
#include <curl/curl.h>

#define LIBCURL(X)                                                                                 \
    X(curl_easy_cleanup)                                                                           \
    X(curl_easy_getinfo)                                                                           \
    X(curl_easy_init)                                                                              \
    X(curl_easy_perform)                                                                           \
    X(curl_easy_setopt)                                                                            \
    X(curl_easy_strerror)                                                                          \
    X(curl_slist_append)                                                                           \
    X(curl_slist_free_all)

LIBRARY_DECLARE(libcurl, LIBCURL);

#endif
