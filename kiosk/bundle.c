/* A bundle as the kiosk reads it. See bundle.h. */
#include "kiosk/bundle.h"

#include <string.h>

#include "base/codec.h"

enum { HEADER = 80, HEAD = 144, NAME_MAX_LEN = 64 };

enum err_code
bundle_check(const uint8_t *p, size_t len, uint8_t kind, const uint8_t target[16], const struct keyring *ring,
    uint32_t *serial, const uint8_t **payload, size_t *n, struct err *err)
{
	const struct keyring_key *key;
	struct chain_hash h;

	if (len < HEAD || memcmp(p, "CBND", 4) != 0 || p[4] != 1 || p[5] != kind)
		return err_set(err, ERR_INPUT, "bundle of %zu bytes is not one of kind %d", len, kind);
	if (be32(p + 44) != len - HEAD)
		return err_set(err, ERR_INPUT, "bundle says %u bytes and has %zu", be32(p + 44), len - HEAD);
	if (memcmp(p + 8, target, 16) != 0)
		return err_set(err, ERR_DENIED, "bundle %u is meant for others", be32(p + 24));
	key = keyring_verifier(ring, KEY_PUBLISH, p + 36);
	if (key == NULL || key->public_len != 32 || !seal_verify(key->public_, "bundle-head", p, HEADER, p + HEADER))
		return err_set(err, ERR_DENIED, "bundle %u is not signed by a publish key of the ring", be32(p + 24));
	chain_h("bundle", p + HEAD, len - HEAD, &h);
	if (memcmp(h.bytes, p + 48, 32) != 0)
		return err_set(err, ERR_DENIED, "bundle %u: the payload is not what was signed", be32(p + 24));
	*serial = be32(p + 24);
	*payload = p + HEAD;
	*n = len - HEAD;
	return ERR_OK;
}

void
bundle_signer(const uint8_t *p, uint8_t id[8])
{
	memcpy(id, p + 36, 8);
}

bool
bundle_file(const uint8_t *p, size_t n, size_t *at, char *name, const uint8_t **data, size_t *len)
{
	size_t name_len, left = n - *at;

	if (*at >= n || left < 2)
		return false;
	name_len = be16(p + *at);
	if (name_len > NAME_MAX_LEN || left < 2 + name_len + 4)
		return false;
	memcpy(name, p + *at + 2, name_len);
	name[name_len] = '\0';
	*len = be32(p + *at + 2 + name_len);
	if (*len > left - 2 - name_len - 4)
		return false;
	*data = p + *at + 2 + name_len + 4;
	*at += 2 + name_len + 4 + *len;
	return true;
}
