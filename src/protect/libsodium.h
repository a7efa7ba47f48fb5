/*
 * libsodium, loaded when the first key that signs is made (base/library.h).
 */
#ifndef NEOCOMPUTE_PROTECT_LIBSODIUM_H
#define NEOCOMPUTE_PROTECT_LIBSODIUM_H

#include "base/library.h"
#include <sodium.h>

#define LIBSODIUM(X)                                                                               \
    X(sodium_init)                                                                                 \
    X(crypto_sign_detached)                                                                        \
    X(crypto_sign_seed_keypair)

LIBRARY_DECLARE(libsodium, LIBSODIUM);

#endif
