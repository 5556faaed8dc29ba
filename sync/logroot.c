/* The daily log root and proofs under it. See logroot.h; offsets as in docs/formats/receipt.md. */
#include "sync/logroot.h"

#include <string.h>

#include "base/codec.h"

enum { SIGNED = 136 };

enum err_code
logroot_make(const struct logroot *r, const struct seal_key *key, uint8_t out[LOGROOT_LEN], struct err *err)
{
	memset(out, 0, LOGROOT_LEN);
	memcpy(out, "CLOG\1", 5);
	memcpy(out + 8, r->log_id, 16);
	put_be32(out + 24, r->day);
	put_be64(out + 32, r->n);
	memcpy(out + 40, r->root, 32);
	memcpy(out + 72, r->previous, 32);
	put_be64(out + 104, r->time);
	memcpy(out + 112, r->key_id, 8);
	return seal_sign(key, "root", out, SIGNED, out + SIGNED, err);
}

enum err_code
logroot_read(const void *bytes, size_t len, struct logroot *out, struct err *err)
{
	const uint8_t *p = bytes;
	static const uint8_t zero[16];

	if (len != LOGROOT_LEN || memcmp(p, "CLOG\1\0\0\0", 8) != 0 || memcmp(p + 28, zero, 4) != 0
	    || memcmp(p + 120, zero, 16) != 0)
		return err_set(err, ERR_INPUT, "log root: not one of this version (%zu bytes)", len);
	*out = (struct logroot){ .day = be32(p + 24), .n = be64(p + 32), .time = be64(p + 104) };
	memcpy(out->log_id, p + 8, 16);
	memcpy(out->root, p + 40, 32);
	memcpy(out->previous, p + 72, 32);
	memcpy(out->key_id, p + 112, 8);
	return ERR_OK;
}

bool
logroot_signed(const uint8_t bytes[LOGROOT_LEN], const uint8_t key[32])
{
	return seal_verify(key, "root", bytes, SIGNED, bytes + SIGNED);
}

void
logroot_hash(const uint8_t bytes[LOGROOT_LEN], uint8_t out[32])
{
	struct chain_hash h;

	chain_h("root", bytes, LOGROOT_LEN, &h);
	memcpy(out, h.bytes, 32);
}

/* --- the tree ----------------------------------------------------------------------------------- */

void
merkle_leaf(const void *input, size_t len, uint8_t out[32])
{
	struct chain_state s;
	struct chain_hash h;

	chain_begin(&s, "merkle");
	chain_add_u8(&s, 0);
	chain_add(&s, input, len);
	chain_end(&s, &h);
	memcpy(out, h.bytes, 32);
}

void
merkle_node(const uint8_t left[32], const uint8_t right[32], uint8_t out[32])
{
	struct chain_state s;
	struct chain_hash h;

	chain_begin(&s, "merkle");
	chain_add_u8(&s, 1);
	chain_add(&s, left, 32);
	chain_add(&s, right, 32);
	chain_end(&s, &h);
	memcpy(out, h.bytes, 32);
}

/* Level by level: a node stands left or right of its neighbour by the lowest bit of its index; the last of an odd
 * number has no neighbour and moves up as it is. */
bool
merkle_proves(const uint8_t leaf[32], uint64_t index, uint64_t n, const uint8_t *path, size_t n_path,
    const uint8_t root[32])
{
	uint8_t at[32];
	size_t used = 0;

	if (index >= n)
		return false;
	memcpy(at, leaf, 32);
	for (uint64_t last = n - 1; last > 0; index >>= 1, last >>= 1) {
		if ((index & 1) == 0 && index == last)
			continue;
		if (used == n_path)
			return false;
		if ((index & 1) != 0)
			merkle_node(path + 32 * used, at, at);
		else
			merkle_node(at, path + 32 * used, at);
		used++;
	}
	return used == n_path && memcmp(at, root, 32) == 0;
}

/* --- the proof ---------------------------------------------------------------------------------- */

void
logproof_put(const struct logproof *p, struct buf *out)
{
	uint8_t head[LOGPROOF_HEAD] = "CPRF\1";

	put_be64(head + 8, p->index);
	put_be16(head + 16, (uint16_t)p->n_path);
	put_be16(head + 18, (uint16_t)p->n_roots);
	buf_put(out, head, sizeof(head));
	buf_put(out, p->path, 32 * p->n_path);
	buf_put(out, p->roots, LOGROOT_LEN * p->n_roots);
}

enum err_code
logproof_read(const void *bytes, size_t len, struct logproof *out, struct err *err)
{
	const uint8_t *p = bytes;
	size_t n_path, n_roots;

	if (len < LOGPROOF_HEAD || memcmp(p, "CPRF\1\0\0\0", 8) != 0 || be32(p + 20) != 0)
		return err_set(err, ERR_INPUT, "log proof: not one of this version (%zu bytes)", len);
	n_path = be16(p + 16);
	n_roots = be16(p + 18);
	if (n_path > LOGPROOF_PATH || n_roots == 0 || n_roots > LOGPROOF_ROOTS
	    || len != LOGPROOF_HEAD + 32 * n_path + LOGROOT_LEN * n_roots)
		return err_set(err, ERR_INPUT, "log proof: %zu hashes and %zu roots do not fit %zu bytes", n_path, n_roots,
		    len);
	*out = (struct logproof){ .index = be64(p + 8), .n_path = n_path, .n_roots = n_roots,
	    .path = p + LOGPROOF_HEAD, .roots = p + LOGPROOF_HEAD + 32 * n_path };
	return ERR_OK;
}
