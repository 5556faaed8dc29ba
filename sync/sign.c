/* Signatures. See sign.h. */
#include "sync/sign.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"

struct sign_pair {
	uint8_t secret[crypto_sign_SECRETKEYBYTES];	/* libsodium's: seed, then public */
	struct sign_public public;
};

static const char prefix[] = "candour/1 ";

static enum err_code
ready(struct err *err)
{
	if (sodium_init() < 0)
		return err_set(err, ERR_BROKEN, "libsodium does not start");
	return ERR_OK;
}

/* Memory for a pair: one guarded allocation, read-only once filled. */
static enum err_code
pair_room(struct sign_pair **out, struct err *err)
{
	enum err_code rc = ready(err);

	*out = NULL;
	if (rc != ERR_OK)
		return rc;
	*out = sodium_malloc(sizeof(**out));
	return *out == NULL ? err_nomem(err) : ERR_OK;
}

enum err_code
sign_pair_new(struct sign_pair **out, struct err *err)
{
	enum err_code rc = pair_room(out, err);

	if (rc != ERR_OK)
		return rc;
	crypto_sign_keypair((*out)->public.bytes, (*out)->secret);
	sodium_mprotect_readonly(*out);
	return ERR_OK;
}

enum err_code
sign_pair_of_seed(const uint8_t seed[32], struct sign_pair **out, struct err *err)
{
	enum err_code rc = pair_room(out, err);

	if (rc != ERR_OK)
		return rc;
	crypto_sign_seed_keypair((*out)->public.bytes, (*out)->secret, seed);
	sodium_mprotect_readonly(*out);
	return ERR_OK;
}

void
sign_pair_seed(const struct sign_pair *pair, uint8_t seed[32])
{
	crypto_sign_ed25519_sk_to_seed(seed, pair->secret);
}

const struct sign_public *
sign_pair_public(const struct sign_pair *pair)
{
	return &pair->public;
}

void
sign_pair_free(struct sign_pair *pair)
{
	sodium_free(pair);
}

/* LABEL and DATA in one piece: SMALL if it is large enough, else malloc'ed. NULL: out of memory. */
static uint8_t *
labelled(const char *label, const void *data, size_t len, uint8_t *small, size_t room, size_t *out_len)
{
	size_t head = sizeof(prefix) - 1 + strlen(label) + 1;
	uint8_t *p;

	if (len > SIZE_MAX - head)
		return NULL;
	*out_len = head + len;
	p = *out_len <= room ? small : malloc(*out_len);
	if (p == NULL)
		return NULL;
	memcpy(p, prefix, sizeof(prefix) - 1);
	memcpy(p + sizeof(prefix) - 1, label, strlen(label) + 1);
	if (len > 0)
		memcpy(p + head, data, len);
	return p;
}

enum err_code
sign_make(const struct sign_pair *pair, const char *label, const void *data, size_t len,
    struct sign_signature *out, struct err *err)
{
	uint8_t small[512], *all;
	size_t n;

	all = labelled(label, data, len, small, sizeof(small), &n);
	if (all == NULL)
		return err_nomem(err);
	crypto_sign_detached(out->bytes, NULL, all, n, pair->secret);
	if (all != small)
		free(all);
	return ERR_OK;
}

bool
sign_good(const struct sign_public *key, const char *label, const void *data, size_t len,
    const uint8_t signature[64])
{
	uint8_t small[512], *all;
	bool good;
	size_t n;

	if (sodium_init() < 0)
		return false;
	all = labelled(label, data, len, small, sizeof(small), &n);
	if (all == NULL)
		return false;
	good = crypto_sign_verify_detached(signature, all, n, key->bytes) == 0;
	if (all != small)
		free(all);
	return good;
}

void
sign_hash(const char *label, const void *x, size_t x_len, const void *y, size_t y_len, uint8_t out[32])
{
	crypto_generichash_state st;

	crypto_generichash_init(&st, NULL, 0, 32);
	crypto_generichash_update(&st, (const uint8_t *)prefix, sizeof(prefix) - 1);
	crypto_generichash_update(&st, (const uint8_t *)label, strlen(label) + 1);
	if (x_len > 0)
		crypto_generichash_update(&st, x, x_len);
	if (y_len > 0)
		crypto_generichash_update(&st, y, y_len);
	crypto_generichash_final(&st, out, 32);
}

void
sign_device_id(const struct sign_public *key, const void *spki, size_t spki_len, uint8_t id[16])
{
	uint8_t h[32];

	sign_hash("device", key->bytes, 32, spki, spki_len, h);
	memcpy(id, h, 16);
}

void
sign_fingerprint(const uint8_t id[16], char text[20])
{
	struct buf b;

	buf_init(&b, 64);
	base32_put(&b, id, 10);
	memset(text, 0, 20);
	for (size_t i = 0, at = 0; i < 16 && i < b.len; i++) {
		if (i > 0 && i % 4 == 0)
			text[at++] = '-';
		text[at++] = (char)b.data[i];
	}
	buf_free(&b);
}

void
sign_random(void *out, size_t len)
{
	randombytes_buf(out, len);
}
