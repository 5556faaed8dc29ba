/* The key ring: the signed text that says to whom records are sealed and whose signatures count; and the pin, a
 * reader's own file that says which root it trusts and how new a ring it has seen. docs/formats/keyring.md. */
#ifndef COLLECTOR_KEYRING_H
#define COLLECTOR_KEYRING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "collector/seal.h"

#define KEYRING_MAX 65536
#define KEYRING_KEYS 64

enum key_state { KEY_NEXT, KEY_ACTIVE, KEY_OLD, KEY_STOP };
/* "next", "active", "old", "stop". */
const char *key_state_word(enum key_state state);

struct keyring_key {
	enum key_use use;
	uint8_t id[8];
	uint8_t *public_;	/* 32 bytes; for KEY_CA the certificate, DER. Belongs to the ring */
	size_t public_len;
	int64_t not_before, not_after;	/* days since 1970, both inclusive */
	enum key_state state;
};

struct keyring {
	uint8_t org[16];
	uint32_t serial;
	int64_t made;		/* seconds since 1970 */
	bool has_next_root;
	uint8_t next_root[32];
	size_t n;
	struct keyring_key keys[KEYRING_KEYS];
};

/* Which root a reader trusts, and the newest serials it accepted. Kept by each program in a 0600 file of its
 * own ("candour-pin 1", keyring.md), since another process can write site.db. */
struct keyring_pin {
	uint8_t org[16];
	uint8_t root[32];
	uint32_t ring_serial;		/* 0: none yet */
	struct chain_hash ring_hash;	/* H(ring; text) of it */
	uint32_t bundle_serial[5];	/* by bundle kind 1 to 4 */
};

/* Trust ROOT from now on; no ring, no bundle seen. */
void keyring_pin_init(struct keyring_pin *pin, const uint8_t root[32]);
enum err_code keyring_pin_read(const char *path, struct keyring_pin *out, struct err *err) MUST_CHECK;
/* Durable, 0600. */
enum err_code keyring_pin_write(const char *path, const struct keyring_pin *pin, struct err *err) MUST_CHECK;

/* Read and check TEXT against PIN: form, signature by the pinned root (and by the next one, if announced), org,
 * every key id, an active response, escrow, concern, publish, receipt and ca key, serial. *OUT: free with
 * keyring_free. Does not change PIN.
 * Errors: ERR_INPUT (form; with line), ERR_DENIED (signature, org, older serial, or the same serial with other
 * bytes: the message says which), ERR_LIMIT, ERR_NOMEM. */
enum err_code keyring_read(const char *text, size_t len, const struct keyring_pin *pin, struct keyring **out,
	struct err *err) MUST_CHECK;
/* What PIN becomes once RING (read from TEXT with keyring_read) is taken into use: serial, hash, and the next
 * root if the ring announces one. The caller writes it. */
void keyring_pin_take(struct keyring_pin *pin, const struct keyring *ring, const char *text, size_t len);
void keyring_free(struct keyring *ring);

/* The key of that use and id, whatever its state, or NULL. */
const struct keyring_key *keyring_find(const struct keyring *ring, enum key_use use, const uint8_t id[8]);
/* The I-th (from 0) active key of USE, dates not considered, or NULL. */
const struct keyring_key *keyring_active(const struct keyring *ring, enum key_use use, size_t i);
/* Does a signature by this key count (active or old, of that use)? The key, or NULL. */
const struct keyring_key *keyring_verifier(const struct keyring *ring, enum key_use use, const uint8_t id[8]);

/* To whom a record of LANE is sealed on DAY (days since 1970): lane 0 to the newest active response key and
 * escrow key, lane 1 to all active concern keys (up to 4). Where dates leave none of a use: the newest not
 * stopped, and *STALE is set (alarm keyring_stale): an expired key never stops collection.
 * ERR_DENIED: every key of a use is stopped, or there is none. */
enum err_code keyring_recipients(const struct keyring *ring, uint8_t lane, int64_t day,
	struct seal_recipient to[RECORD_RECIPIENTS], size_t *n, bool *stale, struct err *err) MUST_CHECK;

/* Add a key to a ring being made (zeroed, org, serial, made set by the caller). Copies PUBLIC. ERR_LIMIT over 64,
 * ERR_EXISTS. */
enum err_code keyring_add(struct keyring *ring, enum key_use use, const void *public_, size_t len,
	int64_t not_before, int64_t not_after, enum key_state state, struct err *err) MUST_CHECK;
/* Write RING as text signed with ROOT (and with NEXT, if the ring has a next root; else NULL). Appends. */
enum err_code keyring_write(const struct keyring *ring, const struct seal_key *root, const struct seal_key *next,
	struct buf *out, struct err *err) MUST_CHECK;
/* Read without any check of signature, org or serial, to show or to go on from. */
enum err_code keyring_parse(const char *text, size_t len, struct keyring **out, struct err *err) MUST_CHECK;

#endif
