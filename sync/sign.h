/* Ed25519 signatures (libsodium's crypto_sign_detached) over a label and the bytes: what is signed is
 * "candour/1 LABEL", a NUL, then the data, so that a signature made for one purpose is none for another. */
#ifndef SYNC_SIGN_H
#define SYNC_SIGN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct sign_public { uint8_t bytes[32]; };
struct sign_signature { uint8_t bytes[64]; };
struct sign_pair;	/* the secret half is in guarded memory */

/* Draw a key pair. *OUT is the caller's; free with sign_pair_free. ERR_NOMEM, ERR_BROKEN. */
enum err_code sign_pair_new(struct sign_pair **out, struct err *err) MUST_CHECK;
/* The pair of a 32-byte seed, as kept in a key file. */
enum err_code sign_pair_of_seed(const uint8_t seed[32], struct sign_pair **out, struct err *err) MUST_CHECK;
/* Copy the seed out, to be kept; wipe it after use. */
void sign_pair_seed(const struct sign_pair *pair, uint8_t seed[32]);
const struct sign_public *sign_pair_public(const struct sign_pair *pair);
/* Wipes. NULL is fine. */
void sign_pair_free(struct sign_pair *pair);

/* Sign LEN bytes at DATA under LABEL ("batch", "receipt", "time", "bundle", "enrol"). ERR_NOMEM. */
enum err_code sign_make(const struct sign_pair *pair, const char *label, const void *data, size_t len,
	struct sign_signature *out, struct err *err) MUST_CHECK;
/* Is SIGNATURE by KEY over LABEL and DATA? (Out of memory counts as no.) */
bool sign_good(const struct sign_public *key, const char *label, const void *data, size_t len,
	const uint8_t signature[64]);

/* H(LABEL; x, y): BLAKE2b-256 over "candour/1 LABEL", NUL, x, y. */
void sign_hash(const char *label, const void *x, size_t x_len, const void *y, size_t y_len,
	uint8_t out[32]);
/* First 16 bytes of H(device; Ed25519 public, P-256 SubjectPublicKeyInfo in DER). */
void sign_device_id(const struct sign_public *key, const void *spki, size_t spki_len, uint8_t id[16]);
/* The fingerprint people compare: the id's first 10 bytes in Crockford base32, "ABCD-EFGH-JKMN-PQRS". */
void sign_fingerprint(const uint8_t id[16], char text[20]);
/* LEN random bytes. */
void sign_random(void *out, size_t len);

#endif
