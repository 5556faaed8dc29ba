/* Bundles. See bundle.h; offsets as in docs/formats/bundle.md. */
#include "sync/bundle.h"

#include <string.h>

#include "base/codec.h"

/* 0 CBND, 4 version, 5 kind, 6 zero, 8 target, 24 serial, 28 made, 36 key id, 44 length, 48 hash. */
enum { VERSION = 1 };

static const char *const kinds[] = { NULL, "forms", "settings", "notices", "revoke" };

const char *
bundle_kind_word(enum bundle_kind kind)
{
	return (size_t)kind < ARRAY_LEN(kinds) ? kinds[kind] : NULL;
}

enum bundle_kind
bundle_kind_of(const char *word)
{
	for (size_t i = 1; i < ARRAY_LEN(kinds); i++)
		if (strcmp(word, kinds[i]) == 0)
			return (enum bundle_kind)i;
	return (enum bundle_kind)0;
}

void
bundle_site_target(const char *site, uint8_t target[16])
{
	struct chain_hash h;

	chain_h("site", site, strlen(site), &h);
	memcpy(target, h.bytes, 16);
}

static bool
name_good(const char *name, size_t len)
{
	if (len == 0 || len > BUNDLE_NAME_MAX || name[0] == '.')
		return false;
	for (size_t i = 0; i < len; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyz0123456789._-", name[i]) == NULL || name[i] == '\0')
			return false;
	return true;
}

enum err_code
bundle_add(struct buf *payload, const char *name, const void *data, size_t len, struct err *err)
{
	size_t n = strlen(name);

	if (!name_good(name, n))
		return err_set(err, ERR_INPUT, "\"%.80s\" cannot be in a bundle: a name is 1 to 64 of a-z 0-9 . _ - "
		    "and does not begin with a dot", name);
	if (len > BUNDLE_PAYLOAD_MAX || payload->len > BUNDLE_PAYLOAD_MAX - len
	    || payload->len + len > BUNDLE_PAYLOAD_MAX - 6 - n)
		return err_set(err, ERR_LIMIT, "%s: the bundle would be over 8 MiB", name);
	buf_u16(payload, (uint16_t)n);
	buf_puts(payload, name);
	buf_u32(payload, (uint32_t)len);
	buf_put(payload, data, len);
	return buf_check(payload, err);
}

enum err_code
bundle_make(const struct bundle *b, const struct seal_key *key, struct buf *out, struct err *err)
{
	uint8_t p[BUNDLE_HEAD] = "CBND";
	struct chain_hash hash;
	enum err_code rc;

	p[4] = VERSION;
	p[5] = (uint8_t)b->kind;
	memcpy(p + 8, b->target, 16);
	put_be32(p + 24, b->serial);
	put_be64(p + 28, b->made);
	memcpy(p + 36, b->key_id, 8);
	put_be32(p + 44, b->payload_len);
	chain_h("bundle", b->payload, b->payload_len, &hash);
	memcpy(p + 48, hash.bytes, 32);
	rc = seal_sign(key, "bundle-head", p, BUNDLE_HEADER, p + BUNDLE_HEADER, err);
	if (rc != ERR_OK)
		return rc;
	buf_put(out, p, sizeof(p));
	buf_put(out, b->payload, b->payload_len);
	return buf_check(out, err);
}

bool
bundle_next(const struct bundle *b, size_t *at, char *name, const uint8_t **data, size_t *len)
{
	const uint8_t *p = b->payload;
	size_t left = b->payload_len - *at, n, size;

	if (left < 2)
		return false;
	n = be16(p + *at);
	if (!(n <= BUNDLE_NAME_MAX && left - 2 >= n + 4 && name_good((const char *)p + *at + 2, n)))
		return false;
	size = be32(p + *at + 2 + n);
	if (size > left - 6 - n)
		return false;
	memcpy(name, p + *at + 2, n);
	name[n] = '\0';
	*data = p + *at + 6 + n;
	*len = size;
	*at += 6 + n + size;
	return true;
}

enum err_code
bundle_read(const uint8_t *p, size_t len, struct bundle *out, struct err *err)
{
	char name[BUNDLE_NAME_MAX + 1];
	const uint8_t *data;
	struct chain_hash hash;
	struct bundle b;
	size_t at = 0, n;

	if (len < BUNDLE_HEAD)
		return err_set(err, ERR_INPUT, "bundle of %zu bytes: the head alone has %d", len, BUNDLE_HEAD);
	if (memcmp(p, "CBND", 4) != 0)
		return err_set(err, ERR_INPUT, "bundle: does not begin with CBND");
	if (p[4] != VERSION || be16(p + 6) != 0)
		return err_set(err, ERR_INPUT, "bundle: version %d is not known", p[4]);
	if (p[5] < BUNDLE_FORMS || p[5] > BUNDLE_REVOKE)
		return err_set(err, ERR_INPUT, "bundle: kind %d is not known", p[5]);
	b = (struct bundle){ .kind = (enum bundle_kind)p[5], .serial = be32(p + 24), .made = be64(p + 28),
	    .payload = p + BUNDLE_HEAD, .payload_len = be32(p + 44) };
	if (b.payload_len > BUNDLE_PAYLOAD_MAX)
		return err_set(err, ERR_LIMIT, "bundle: payload of %u bytes", b.payload_len);
	if (b.payload_len != len - BUNDLE_HEAD)
		return err_set(err, ERR_INPUT, "bundle: %zu bytes of payload, %u announced", len - BUNDLE_HEAD,
		    b.payload_len);
	memcpy(b.target, p + 8, 16);
	memcpy(b.key_id, p + 36, 8);
	chain_h("bundle", b.payload, b.payload_len, &hash);
	if (memcmp(hash.bytes, p + 48, 32) != 0)
		return err_set(err, ERR_INPUT, "bundle: the payload is not the one signed for");
	while (bundle_next(&b, &at, name, &data, &n))
		;
	if (at != b.payload_len)
		return err_set(err, ERR_INPUT, "bundle: the file table breaks at byte %zu", at);
	*out = b;
	return ERR_OK;
}

bool
bundle_signed(const uint8_t *bytes, const uint8_t key[32])
{
	return seal_verify(key, "bundle-head", bytes, BUNDLE_HEADER, bytes + BUNDLE_HEADER);
}
