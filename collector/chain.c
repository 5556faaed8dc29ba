/* Hashing: BLAKE2b-256 with labels, through libsodium. See chain.h and docs/formats/chain.md. */
#include "collector/chain.h"

#include <string.h>

#include <sodium.h>

#include "base/codec.h"

_Static_assert(sizeof(struct chain_state) >= sizeof(crypto_generichash_state), "room for the state");
_Static_assert(_Alignof(struct chain_state) >= _Alignof(crypto_generichash_state), "alignment");

static crypto_generichash_state *
state(struct chain_state *s)
{
	return (crypto_generichash_state *)(void *)s->opaque;
}

void
chain_begin(struct chain_state *s, const char *label)
{
	static const char prefix[] = "candour/1 ";

	crypto_generichash_init(state(s), NULL, 0, 32);
	chain_add(s, prefix, sizeof(prefix) - 1);
	chain_add(s, label, strlen(label) + 1);
}

void
chain_add(struct chain_state *s, const void *data, size_t len)
{
	if (len > 0)
		crypto_generichash_update(state(s), data, len);
}

void
chain_add_u8(struct chain_state *s, uint8_t v)
{
	chain_add(s, &v, 1);
}

void
chain_add_u64(struct chain_state *s, uint64_t v)
{
	uint8_t b[8];

	put_be64(b, v);
	chain_add(s, b, sizeof(b));
}

void
chain_end(struct chain_state *s, struct chain_hash *out)
{
	crypto_generichash_final(state(s), out->bytes, sizeof(out->bytes));
}

void
chain_h(const char *label, const void *data, size_t len, struct chain_hash *out)
{
	struct chain_state s;

	chain_begin(&s, label);
	chain_add(&s, data, len);
	chain_end(&s, out);
}

bool
chain_works(void)
{
	/* H(body; 0, 1, .. 250, 0, .. of 1,000 bytes) by Python's hashlib.blake2b */
	static const struct chain_hash known = { { 0x1b, 0x6c, 0x4d, 0xc1, 0x7c, 0xf6, 0x4f, 0x18, 0x31, 0xec, 0x36, 0x3f,
		0xb4, 0x93, 0xb1, 0x0f, 0xaf, 0xbe, 0x63, 0xda, 0x95, 0xd8, 0x9c, 0x60, 0xbd, 0xaa, 0x90, 0xe9, 0x0e, 0x8b,
		0xe2, 0x99 } };
	struct chain_hash got;
	uint8_t bytes[1000];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i % 251);
	chain_h("body", bytes, sizeof(bytes), &got);
	return chain_same(&got, &known);
}

bool
chain_same(const struct chain_hash *a, const struct chain_hash *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

void
chain_sha256(const void *data, size_t len, uint8_t out[32])
{
	crypto_hash_sha256(out, data, len);
}

static const char *const use_words[KEY_USES + 1] = {
	[KEY_ROOT] = "root",
	[KEY_RESPONSE] = "response",
	[KEY_ESCROW] = "escrow",
	[KEY_CONCERN] = "concern",
	[KEY_PUBLISH] = "publish",
	[KEY_RECEIPT] = "receipt",
	[KEY_CA] = "ca",
	[KEY_DEVICE] = "device",
	[KEY_DEVICE_TLS] = "device-tls",
};

const char *
key_use_word(enum key_use use)
{
	return (unsigned)use > KEY_USES ? NULL : use_words[use];
}

enum key_use
key_use_of(const char *word)
{
	for (unsigned i = 1; i <= KEY_USES; i++)
		if (strcmp(use_words[i], word) == 0)
			return (enum key_use)i;
	return 0;
}

/* The first LEN bytes of a finished hash. */
static void
first(struct chain_state *s, uint8_t *out, size_t len)
{
	struct chain_hash h;

	chain_end(s, &h);
	memcpy(out, h.bytes, len);
}

void
chain_key_id(enum key_use use, const void *public_, size_t len, uint8_t out[8])
{
	struct chain_state s;

	chain_begin(&s, "key");
	chain_add_u8(&s, (uint8_t)use);
	chain_add(&s, public_, len);
	first(&s, out, 8);
}

void
chain_org_id(const uint8_t root[32], uint8_t out[16])
{
	struct chain_state s;

	chain_begin(&s, "org");
	chain_add(&s, root, 32);
	first(&s, out, 16);
}

void
chain_device_id(const uint8_t sign_public[32], const void *spki, size_t spki_len, uint8_t out[16])
{
	struct chain_state s;

	chain_begin(&s, "device");
	chain_add(&s, sign_public, 32);
	chain_add(&s, spki, spki_len);
	first(&s, out, 16);
}

void
chain_form_id(const void *definition, size_t len, uint8_t out[16])
{
	struct chain_state s;

	chain_begin(&s, "form");
	chain_add(&s, definition, len);
	first(&s, out, 16);
}

void
chain_fingerprint(const uint8_t device[16], char text[20])
{
	static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	size_t out = 0;

	for (unsigned i = 0; i < 16; i++) {
		unsigned bit = i * 5, at = bit / 8;
		unsigned pair = (unsigned)device[at] << 8 | (at + 1 < 10 ? device[at + 1] : 0);

		if (i > 0 && i % 4 == 0)
			text[out++] = '-';
		text[out++] = digits[pair >> (11 - bit % 8) & 31];
	}
	text[out] = '\0';
}

bool
chain_fingerprint_is(const uint8_t device[16], const char *text)
{
	uint8_t got[10];

	return base32_get(text, strlen(text), got, sizeof(got)) && memcmp(got, device, sizeof(got)) == 0;
}

void
chain_wraps(const uint8_t *wraps, size_t n, struct chain_hash *out)
{
	chain_h("wraps", wraps, n * 80, out);
}

void
chain_body(const uint8_t *nonce_body, size_t len, struct chain_hash *out)
{
	chain_h("body", nonce_body, len, out);
}

void
chain_leaf(const uint8_t header[128], const struct chain_hash *hw, const struct chain_hash *hb,
	struct chain_hash *out)
{
	struct chain_state s;

	chain_begin(&s, "leaf");
	chain_add(&s, header, 128);
	chain_add(&s, hw->bytes, 32);
	chain_add(&s, hb->bytes, 32);
	chain_end(&s, out);
}

void
chain_genesis(const uint8_t device[16], const uint8_t epoch[16], uint8_t lane, struct chain_hash *out)
{
	struct chain_state s;

	chain_begin(&s, "genesis");
	chain_add(&s, device, 16);
	chain_add(&s, epoch, 16);
	chain_add_u8(&s, lane);
	chain_end(&s, out);
}

void
chain_link(const struct chain_hash *before, uint64_t seq, const struct chain_hash *leaf, struct chain_hash *out)
{
	struct chain_state s;

	chain_begin(&s, "link");
	chain_add(&s, before->bytes, 32);
	chain_add_u64(&s, seq);
	chain_add(&s, leaf->bytes, 32);
	chain_end(&s, out);
}

void
chain_withdraw_tag(const uint8_t w[32], uint8_t out[16])
{
	struct chain_state s;

	chain_begin(&s, "withdraw tag");
	chain_add(&s, w, 32);
	first(&s, out, 16);
}
