/* A bundle: files signed by the publish key that go from the centre to devices. 144 bytes of header with
 * signature, then the payload; drawn in docs/formats/bundle.md. */
#ifndef SYNC_BUNDLE_H
#define SYNC_BUNDLE_H

#include "collector/seal.h"

enum { BUNDLE_HEADER = 80, BUNDLE_HEAD = 144, BUNDLE_PAYLOAD_MAX = 8 << 20, BUNDLE_NAME_MAX = 64,
	BUNDLE_MAX = BUNDLE_HEAD + BUNDLE_PAYLOAD_MAX };

enum bundle_kind { BUNDLE_FORMS = 1, BUNDLE_SETTINGS = 2, BUNDLE_NOTICES = 3, BUNDLE_REVOKE = 4 };

struct bundle {
	enum bundle_kind kind;
	uint8_t target[16];	/* a device, a site (first 16 of H(site; name)), or zero: everybody */
	uint32_t serial;
	uint64_t made;
	uint8_t key_id[8];
	const uint8_t *payload;	/* borrowed */
	uint32_t payload_len;
};

/* Word of a kind ("forms", "settings", "notices", "revoke") and back (0: none). */
const char *bundle_kind_word(enum bundle_kind kind);
enum bundle_kind bundle_kind_of(const char *word);
/* The target that names a whole site. */
void bundle_site_target(const char *site, uint8_t target[16]);

/* Append one file to a payload. ERR_INPUT for a name outside [a-z0-9._-]{1,64}, ERR_LIMIT. */
enum err_code bundle_add(struct buf *payload, const char *name, const void *data, size_t len,
	struct err *err) MUST_CHECK;
/* Append the signed bundle of B to OUT. */
enum err_code bundle_make(const struct bundle *b, const struct seal_key *key, struct buf *out,
	struct err *err) MUST_CHECK;
/* Read LEN bytes: sizes, reserved bytes, payload hash and file table; *OUT borrows from BYTES. ERR_INPUT,
 * ERR_LIMIT. */
enum err_code bundle_read(const uint8_t *bytes, size_t len, struct bundle *out, struct err *err) MUST_CHECK;
/* Is it signed by KEY? BYTES were accepted by bundle_read. */
bool bundle_signed(const uint8_t *bytes, const uint8_t key[32]);
/* Next file of a payload: *AT starts at 0. False at the end. NAME has room for BUNDLE_NAME_MAX+1. */
bool bundle_next(const struct bundle *b, size_t *at, char *name, const uint8_t **data, size_t *len);

#endif
