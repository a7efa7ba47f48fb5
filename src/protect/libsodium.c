#include "protect/libsodium.h"

LIBRARY_DEFINE(libsodium, LIBSODIUM, "libsodium.so.23", "libsodium23")
