#include "cmd/libcurl.h"

LIBRARY_DEFINE(libcurl, LIBCURL, "libcurl.so.4", "libcurl4")
