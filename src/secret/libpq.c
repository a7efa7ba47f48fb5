#include "secret/libpq.h"

LIBRARY_DEFINE(libpq, LIBPQ, "libpq.so.5", "libpq5")
