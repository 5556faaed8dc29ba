/* A bundle as the kiosk reads it: verified here again, because another program writes site.db.
 * docs/formats/bundle.md. */
#ifndef KIOSK_BUNDLE_H
#define KIOSK_BUNDLE_H

#include "collector/keyring.h"

/* Check LEN bytes at P: form, KIND, TARGET, signature by a publish key of RING, hash of the payload. *PAYLOAD and
 * *N borrow from P. ERR_INPUT, ERR_DENIED. */
enum err_code bundle_check(const uint8_t *p, size_t len, uint8_t kind, const uint8_t target[16],
	const struct keyring *ring, uint32_t *serial, const uint8_t **payload, size_t *n, struct err *err) MUST_CHECK;
/* The id of the key that signed a bundle which bundle_check has passed. */
void bundle_signer(const uint8_t *p, uint8_t id[8]);
/* The next file of a payload: *AT starts at 0. False at the end or where it is cut off. NAME has room for 65. */
bool bundle_file(const uint8_t *payload, size_t n, size_t *at, char *name, const uint8_t **data, size_t *len);

#endif
