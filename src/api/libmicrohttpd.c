#include "api/libmicrohttpd.h"

LIBRARY_DEFINE(libmicrohttpd, LIBMICROHTTPD, "libmicrohttpd.so.12", "libmicrohttpd12")
