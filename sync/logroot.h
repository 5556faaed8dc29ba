/* The centre's daily log root and the proof that a receipt is under it, as both sides read them
 * (docs/formats/receipt.md). Who holds a receipt can ask to be shown that it is under a root that others hold too:
 * silent dropping shows. */
#ifndef SYNC_LOGROOT_H
#define SYNC_LOGROOT_H

#include "collector/seal.h"

enum { LOGROOT_LEN = 200, LOGPROOF_HEAD = 24, LOGPROOF_PATH = 64, LOGPROOF_ROOTS = 1000,
	LOGPROOF_MAX = LOGPROOF_HEAD + 32 * LOGPROOF_PATH + LOGROOT_LEN * LOGPROOF_ROOTS };

struct logroot {
	uint8_t log_id[16];
	uint32_t day;
	uint64_t n;		/* receipts */
	uint8_t root[32];	/* of the tree; H of nothing for an empty day */
	uint8_t previous[32];	/* H(root; bytes of the root before); zero for the first */
	uint64_t time;
	uint8_t key_id[8];
};

enum err_code logroot_make(const struct logroot *r, const struct seal_key *key, uint8_t out[LOGROOT_LEN],
	struct err *err) MUST_CHECK;
/* Without judging the signature. */
enum err_code logroot_read(const void *bytes, size_t len, struct logroot *out, struct err *err) MUST_CHECK;
bool logroot_signed(const uint8_t bytes[LOGROOT_LEN], const uint8_t key[32]);
/* H(root; BYTES): what the next root has as previous. */
void logroot_hash(const uint8_t bytes[LOGROOT_LEN], uint8_t out[32]);

/* RFC 6962's tree, 2.1, with BLAKE2b-256: H(0x00, input) and H(0x01, left, right). OUT may be LEFT or RIGHT. */
void merkle_leaf(const void *input, size_t len, uint8_t out[32]);
void merkle_node(const uint8_t left[32], const uint8_t right[32], uint8_t out[32]);
/* Does PATH (N_PATH hashes of 32 bytes, from the leaf upward) lead from LEAF, the INDEX-th of N, to ROOT? */
bool merkle_proves(const uint8_t leaf[32], uint64_t index, uint64_t n, const uint8_t *path, size_t n_path,
	const uint8_t root[32]);

/* What GET /v1/root answers: the path of one receipt, and the roots of its log up to its day, the last being that
 * day's. PATH and ROOTS are borrowed from what was read. */
struct logproof {
	uint64_t index;
	size_t n_path, n_roots;
	const uint8_t *path, *roots;
};
/* Appends to OUT; at most LOGPROOF_MAX bytes. */
void logproof_put(const struct logproof *p, struct buf *out);
/* ERR_INPUT: not one; at least one root is there otherwise. */
enum err_code logproof_read(const void *bytes, size_t len, struct logproof *out, struct err *err) MUST_CHECK;

#endif
