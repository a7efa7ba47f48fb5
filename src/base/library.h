/*
 * Shared libraries that are loaded when they are needed, and not at each start.
 *
 * libmicrohttpd, libpq and libcurl bring some thirty others with them (TLS twice, Kerberos, LDAP,
 * SSH), and one command of many uses each, as libsodium. Whoever uses none of them, as the zygote
 * with its workers or `verify`, has neither their code in its memory nor the time it takes to link
 * them.
 *
 * A header for each library lists the functions that are used; their types are those of the
 * library's own header, so the compiler checks each call. A function is called by its own name, as
 * a member of a table of the library's name, which is read-only once it is filled:
 *
 *     #define LIBPQ(X) X(PQexec) X(PQclear)
 *     LIBRARY_DECLARE(libpq, LIBPQ);
 *     ...
 *     r = libpq_load(detail);
 *     result = libpq.PQexec(connection, "BEGIN");
 */
#ifndef NEOCOMPUTE_BASE_LIBRARY_H
#define NEOCOMPUTE_BASE_LIBRARY_H

#include "base/error.h"
#include <stddef.h>

/* A table has pages of its own, where they are no larger than this. */
#define LIBRARY_PAGE_BYTES 4096

/*
 * Loads `file` (a soname; `package` is where Debian has it) for good, and fills `table` with the
 * addresses of `count` functions. Done already, it does nothing. ERR_SYSTEM if the library or one
 * of the functions is not there; nothing is in the table then. Not for two threads at once.
 */
int library_load(const char *file, const char *package, const char *const *functions, size_t count,
                 void *table, struct error_detail *detail);

#define LIBRARY_MEMBER(function) __typeof__(function) *function;
#define LIBRARY_NAME(function)   #function,

/* struct library and its one object; library_load of it, as above. */
#define LIBRARY_DECLARE(library, FUNCTIONS)                                                        \
    struct __attribute__((aligned(LIBRARY_PAGE_BYTES))) library {                                  \
        FUNCTIONS(LIBRARY_MEMBER)                                                                  \
    };                                                                                             \
    extern struct library library;                                                                 \
    int library##_load(struct error_detail *detail)

#define LIBRARY_DEFINE(library, FUNCTIONS, file, package)                                          \
    struct library library;                                                                        \
    int library##_load(struct error_detail *detail)                                                \
    {                                                                                              \
        static const char *const names[] = {FUNCTIONS(LIBRARY_NAME)};                              \
        return library_load(file, package, names, sizeof names / sizeof *names, &library, detail); \
    }

#endif
