/* The texts and messages of enrolment, and signed time; drawn in docs/formats/enrol.md. All trust of a box
 * begins with the invitation, which carries the organisation's root key. */
#ifndef SYNC_ENROL_H
#define SYNC_ENROL_H

#include "collector/seal.h"

enum {
	ENROL_CODE = 12,	/* characters: 2 that name the invitation, 10 (50 bits) that are secret */
	ENROL_TAG = 2, ENROL_SITE_MAX = 64, ENROL_HOST_MAX = 253, ENROL_SPKI_MAX = 128,
	ENROL_REQUEST_MAX = 512, TIME_LEN = 96, TIME_NONCE = 16
};

struct invite {
	char host[ENROL_HOST_MAX + 1];
	uint16_t port;
	uint8_t root[32];
	char code[ENROL_CODE + 1];
	char site[ENROL_SITE_MAX + 1];
};

/* A site's name: 1 to 64 of a-z, 0-9, - and _. */
bool enrol_site_good(const char *site);
/* A fresh random code in Crockford base32. */
void enrol_code_new(char code[ENROL_CODE + 1]);
/* What the centre keeps of a code: H(invite; code). */
void enrol_code_hash(const char code[ENROL_CODE + 1], uint8_t hash[32]);

/* "candour:1:HOST:PORT:ROOT:CODE:SITE". */
void invite_put(const struct invite *i, struct buf *out);
/* Blanks around it are skipped. ERR_INPUT says which part is wrong. */
enum err_code invite_read(const char *text, size_t len, struct invite *out, struct err *err) MUST_CHECK;

struct enrol_request {
	char code[ENROL_CODE + 1];
	char site[ENROL_SITE_MAX + 1];
	uint8_t sign_key[32];
	uint8_t spki[ENROL_SPKI_MAX];
	size_t spki_len;
	bool has_succeeds;
	uint8_t succeeds[16];	/* the device whose records this box also holds */
};

/* Append R signed with the device key (label "enrol"). */
enum err_code enrol_request_put(const struct enrol_request *r, const struct seal_key *device, struct buf *out,
	struct err *err) MUST_CHECK;
/* Read and verify the signature by the key inside. ERR_INPUT, ERR_DENIED. */
enum err_code enrol_request_read(const uint8_t *bytes, size_t len, struct enrol_request *out,
	struct err *err) MUST_CHECK;

/* Signed time: seconds since 1970, the asker's nonce, key id, signature (label "time"). */
enum err_code time_make(int64_t now, const uint8_t nonce[TIME_NONCE], const struct seal_key *receipt_key,
	uint8_t out[TIME_LEN], struct err *err) MUST_CHECK;
/* The key id in it, to find the key by. */
void time_key_id(const uint8_t bytes[TIME_LEN], uint8_t id[8]);
/* ERR_INPUT for the length, ERR_DENIED for another nonce or a wrong signature. */
enum err_code time_verify(const uint8_t *bytes, size_t len, const uint8_t nonce[TIME_NONCE],
	const uint8_t receipt_public[32], int64_t *now, struct err *err) MUST_CHECK;

#endif
