/*
 * The master key and the keys derived from it. Inside protect only.
 */
#ifndef NEOCOMPUTE_PROTECT_KEY_H
#define NEOCOMPUTE_PROTECT_KEY_H

#include "base/error.h"
#include "base/secmem.h"
#include "protect/protect.h"

/* As protect_new's `master`: text, or NULL for random bytes. The caller ends `ret`. */
int key_parse_master(const char *text, struct secret_bytes *ret, struct error_detail *detail);

/* HKDF-SHA256 (RFC 5869), PROTECT_KEY_SIZE bytes into `ret`. ERR_INTERNAL. */
int key_derive(const struct secret_bytes *master, const char *salt, struct span info,
               uint8_t ret[PROTECT_KEY_SIZE]);

#endif
