/*
 * A receipt as text, taken apart: the single form, a compact JWS, or the batched form, where one
 * signature stands for the root of a Merkle tree (merkle.h) over many receipts:
 *
 *     payload ~ inclusion path ~ JWS over the root          each in base64url
 *
 * docs/protocol.md has it byte by byte. All functions refuse as refusal.h says.
 *
 * Life cycle: receipt_text_parse -> receipt_text_signed, receipt_text_included ->
 * receipt_text_done.
 */
#ifndef NEOCOMPUTE_PROTECT_RECEIPT_TEXT_H
#define NEOCOMPUTE_PROTECT_RECEIPT_TEXT_H

#include "protect/jws.h"
#include "protect/merkle.h"

struct receipt_text {
    bool batched;
    struct jws jws;     /* over the receipt itself, or over the root */
    struct buf payload; /* the receipt's claims: JSON, not judged yet */
    uint8_t path[MERKLE_PATH_MOST];
    size_t path_size;     /* batched: bytes of the path */
    uint32_t index, size; /* batched: which leaf, of how many */
};

/* Takes it apart; nothing is verified yet. `text` is borrowed until receipt_text_done. */
int receipt_text_parse(struct span text, struct receipt_text *ret, struct error_detail *detail);
void receipt_text_done(struct receipt_text *text);

/* Did this key sign it, with the type that its form has? */
int receipt_text_signed(const struct receipt_text *text, const uint8_t key[JWS_PUBLIC_SIZE],
                        struct error_detail *detail);

/* Does the path lead from the payload to the root that was signed? 0 for the single form. */
int receipt_text_included(const struct receipt_text *text, struct error_detail *detail);

#endif
