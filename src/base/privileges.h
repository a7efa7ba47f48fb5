/*
 * What the core gives up for itself, before it starts a child, opens a port or reads a key.
 *
 * Life cycle: privileges_close_inherited and privileges_drop, once, at the start of a service, with
 * one thread. There is no way back.
 */
#ifndef NEOCOMPUTE_BASE_PRIVILEGES_H
#define NEOCOMPUTE_BASE_PRIVILEGES_H

#include "base/error.h"
#include <stdbool.h>

/* Whom a service started as root becomes: the first of them that the system has. */
#define PRIVILEGES_USER          "neocompute"
#define PRIVILEGES_FALLBACK_USER "nobody"

#define PRIVILEGES_USER_BYTES 64

/* Closes every descriptor but standard input, output and error. */
void privileges_close_inherited(void);

/*
 * Gives up what the process has: as root it becomes `user` (NULL: the first of the above; "root":
 * stays, on the operator's word), with that user's group and no other; in any case no capability is
 * left, none can be had again (bounding set, securebits, no_new_privs), memory goes into no core
 * dump and is not to be read by another process of the same user. `data_dir` (may be NULL) goes to
 * the new user if it is root's, with the files in it.
 *
 * `ret_user` is told who the process is now. ERR_USAGE if there is no such user or `data_dir` is
 * out of its reach; ERR_SYSTEM if the system refuses to take a privilege away.
 */
int privileges_drop(const char *user, const char *data_dir, char ret_user[PRIVILEGES_USER_BYTES],
                    struct error_detail *detail);

/* True if no capability can be had from the bounding set any more; dropping them takes one. */
bool privileges_empty_bounding_set(void);

/* Root's number gives no capability any more, and no bit of this can be undone. 0 or an errno. */
int privileges_lock_securebits(void);

/* Empties the effective, permitted, inheritable and ambient sets, and looks. 0 or an errno. */
int privileges_empty_capabilities(void);

#endif
