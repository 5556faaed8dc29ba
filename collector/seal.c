/* Sealing, keys, signatures, passphrases: libsodium's constructions put together as docs/sealing.md says. */
#include "collector/seal.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "base/codec.h"

_Static_assert(RECORD_WRAP == crypto_box_SEALBYTES + 32, "a wrap is a sealed box of 32 bytes");
_Static_assert(SEAL_PASSWORD >= crypto_pwhash_STRBYTES, "room for a stored hash");

const struct seal_cost seal_cost_keyfile = { 3, 256 * 1024 };
const struct seal_cost seal_cost_draft = { 3, 64 * 1024 };
const struct seal_cost seal_cost_withdraw = { 4, 9 * 1024 };

struct seal_key {
	enum key_use use;
	uint8_t id[8];
	uint8_t public_[32];
	uint8_t secret[64];	/* X25519: 32 bytes; Ed25519: seed, then public, as libsodium wants it */
};

/* Chooses the fast implementations for this processor and opens the generator; cheap when done already. */
static void
ready(void)
{
	if (sodium_init() < 0)
		sodium_misuse();
}

/* --- random, comparing, keyed hashing --- */

void
seal_random(void *out, size_t len)
{
	ready();
	randombytes_buf(out, len);
}

uint32_t
seal_random_below(uint32_t n)
{
	ready();
	return randombytes_uniform(n);
}

bool
seal_equal(const void *a, const void *b, size_t len)
{
	return sodium_memcmp(a, b, len) == 0;
}

void
seal_keyed_hash(const uint8_t key[32], const void *data, size_t len, uint8_t out[32])
{
	ready();
	crypto_generichash(out, 32, data, len, key, 32);
}

void *
seal_guard(size_t len)
{
	void *p;

	ready();
	p = sodium_malloc(len);
	if (p != NULL)
		memset(p, 0, len);
	return p;
}

void
seal_unguard(void *p)
{
	sodium_free(p);
}

/* --- passwords --- */

enum err_code
seal_password_hash(const char *password, size_t len, char out[SEAL_PASSWORD], struct err *err)
{
	ready();
	memset(out, 0, SEAL_PASSWORD);
	if (crypto_pwhash_str_alg(out, password, len, 3, 64u << 20, crypto_pwhash_ALG_ARGON2ID13) != 0) {
		memset(out, 0, SEAL_PASSWORD);
		return err_nomem(err);
	}
	return ERR_OK;
}

enum err_code
seal_password_verify(const char *hash, const char *password, size_t len, struct err *err)
{
	char text[SEAL_PASSWORD] = { 0 };
	size_t n = strnlen(hash, sizeof(text));

	ready();
	if (n >= sizeof(text) || strncmp(hash, "$argon2id$v=19$m=", 17) != 0)
		return err_set(err, ERR_INPUT, "not a stored password");
	memcpy(text, hash, n);
	if (crypto_pwhash_str_verify(text, password, len) != 0)
		return err_set(err, ERR_DENIED, "another password");
	return ERR_OK;
}

/* --- key pairs --- */

bool
seal_use_seals(enum key_use use)
{
	return use == KEY_RESPONSE || use == KEY_ESCROW || use == KEY_CONCERN;
}

bool
seal_use_signs(enum key_use use)
{
	return use == KEY_ROOT || use == KEY_PUBLISH || use == KEY_RECEIPT || use == KEY_DEVICE;
}

enum err_code
seal_key_from(enum key_use use, const uint8_t secret[32], struct seal_key **out, struct err *err)
{
	struct seal_key *k;

	ready();
	*out = NULL;
	if (!seal_use_seals(use) && !seal_use_signs(use))
		return err_set(err, ERR_INPUT, "a key of use %u is not X25519 or Ed25519", (unsigned)use);
	k = sodium_malloc(sizeof(*k));
	if (k == NULL)
		return err_nomem(err);
	memset(k, 0, sizeof(*k));
	k->use = use;
	if (seal_use_seals(use)) {
		memcpy(k->secret, secret, 32);
		crypto_scalarmult_base(k->public_, k->secret);
	} else {
		crypto_sign_seed_keypair(k->public_, k->secret, secret);
	}
	chain_key_id(use, k->public_, sizeof(k->public_), k->id);
	sodium_mprotect_readonly(k);
	*out = k;
	return ERR_OK;
}

enum err_code
seal_key_new(enum key_use use, struct seal_key **out, struct err *err)
{
	uint8_t secret[32];
	enum err_code rc;

	seal_random(secret, sizeof(secret));
	rc = seal_key_from(use, secret, out, err);
	wipe(secret, sizeof(secret));
	return rc;
}

void
seal_key_free(struct seal_key *k)
{
	if (k != NULL)
		sodium_free(k);
}

enum key_use
seal_key_use(const struct seal_key *k)
{
	return k->use;
}

const uint8_t *
seal_key_public(const struct seal_key *k)
{
	return k->public_;
}

void
seal_key_id(const struct seal_key *k, uint8_t out[8])
{
	memcpy(out, k->id, sizeof(k->id));
}

void
seal_key_secret(const struct seal_key *k, struct buf *out)
{
	buf_put(out, k->secret, 32);
}

/* --- signatures --- */

/* Ed25519 wants the message in one piece: the label, then the data. */
static bool
labelled(const char *label, const void *data, size_t len, struct buf *out)
{
	struct err err;

	buf_init(out, len + strlen(label) + 11);
	buf_puts(out, "candour/1 ");
	buf_put(out, label, strlen(label) + 1);
	buf_put(out, data, len);
	return buf_check(out, &err) == ERR_OK;
}

enum err_code
seal_sign(const struct seal_key *k, const char *label, const void *data, size_t len, uint8_t out[64],
	struct err *err)
{
	struct buf m;
	enum err_code rc = ERR_OK;

	memset(out, 0, 64);
	if (!labelled(label, data, len, &m))
		rc = err_nomem(err);
	else if (!seal_use_signs(k->use))
		rc = err_set(err, ERR_INPUT, "a %s key does not sign", key_use_word(k->use));
	else
		crypto_sign_detached(out, NULL, m.data, m.len, k->secret);
	buf_free(&m);
	return rc;
}

bool
seal_verify(const uint8_t public_[32], const char *label, const void *data, size_t len,
	const uint8_t signature[64])
{
	struct buf m;
	bool good;

	/* No ready(): a signature is verified with one implementation only. And a program that merely verifies and hashes
	 * is better off without: what libsodium 1.0.18 then chooses for BLAKE2b (AVX2) takes 1.75 times as long as its
	 * portable code (measured on an AMD EPYC with AVX-512; docs/sealing.md). */
	good = labelled(label, data, len, &m)
	    && crypto_sign_verify_detached(signature, m.data, m.len, public_) == 0;
	buf_free(&m);
	return good;
}

/* --- records --- */

void
sealed_record_clear(struct sealed_record *r)
{
	buf_free(&r->nonce_body);
	memset(r, 0, sizeof(*r));
}

void
sealed_record_put(const struct sealed_record *r, struct buf *out)
{
	record_put_whole(out, r->header, r->wraps, r->n, r->nonce_body.data, r->nonce_body.len);
}

/* Poly1305 alone would let a forger find two keys under which one body opens to two texts; a nonce that commits
 * to key and header does not. */
static void
nonce_of(const uint8_t dek[32], const uint8_t header[RECORD_HEADER], uint8_t out[RECORD_NONCE])
{
	struct chain_state s;
	struct chain_hash h;

	chain_begin(&s, "nonce");
	chain_add(&s, dek, 32);
	chain_add(&s, header, RECORD_HEADER);
	chain_end(&s, &h);
	memcpy(out, h.bytes, RECORD_NONCE);
	wipe(&s, sizeof(s));
}

static void
begin(struct sealed_record *out, struct record_header *h, const uint8_t device[16], const uint8_t id[16])
{
	memset(out, 0, sizeof(*out));
	memcpy(h->device, device, 16);
	if (id != NULL)
		memcpy(h->id, id, 16);
	else
		seal_random(h->id, 16);
	memcpy(out->id, h->id, 16);
	out->lane = h->lane;
	out->n = h->n;
}

/* Padded plaintext, appended; the room for it was made before so that it is written once. */
static enum err_code
pad(const struct record_plain *plain, uint8_t lane, struct buf *out, struct err *err)
{
	size_t len = PLAIN_HEAD + plain->len, padded = record_padded(lane, len), got = 0;

	record_plain_put(plain, out);
	buf_fill(out, 0, padded - len);
	if (buf_check(out, err) != ERR_OK)
		return err->code;
	if (sodium_pad(&got, out->data, len, record_step(lane, len + 1), padded) != 0 || got != padded)
		return err_set(err, ERR_BROKEN, "padding to %zu bytes failed", padded);
	return ERR_OK;
}

static enum err_code
wrap_all(const struct seal_recipient *to, size_t n, const uint8_t dek[32], struct sealed_record *out,
	struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		enum err_code rc = seal_wrap(&to[i], dek, out->wraps + i * RECORD_WRAP, err);

		if (rc != ERR_OK)
			return rc;
	}
	return ERR_OK;
}

enum err_code
seal_record(const struct seal_recipient *to, size_t n, uint8_t lane, const uint8_t device[16],
	const uint8_t id[16], const uint8_t tag[16], const struct record_plain *plain, struct sealed_record *out,
	struct err *err)
{
	struct record_header h = { .kind = RECORD_SEALED, .lane = lane, .n = (uint8_t)n };
	uint8_t dek[32], nonce[RECORD_NONCE], *body;
	struct buf text = { 0 };
	struct err own = { 0 };
	enum err_code rc;
	size_t padded;

	memset(out, 0, sizeof(*out));
	if (err == NULL)
		err = &own;
	if (n < 1 || n > RECORD_RECIPIENTS || lane >= LANES || (lane == LANE_CONCERNS && tag != NULL))
		return err_set(err, ERR_INPUT, "seal: %zu recipients, lane %u", n, lane);
	if (plain->len > RECORD_PLAIN_MAX - PLAIN_HEAD
	    || (lane == LANE_CONCERNS && plain->len > 16383 - PLAIN_HEAD))
		return err_set(err, ERR_LIMIT, "an answer of %zu bytes is too long to seal", plain->len);
	padded = record_padded(lane, PLAIN_HEAD + plain->len);
	for (size_t i = 0; i < n; i++)
		memcpy(h.key_ids[i], to[i].id, 8);
	h.body_len = (uint32_t)(padded + RECORD_TAG);
	if (tag != NULL)
		memcpy(h.tag, tag, 16);
	else
		seal_random(h.tag, 16);
	begin(out, &h, device, id);
	record_header_put(&h, out->header);

	buf_init_secret(&text, padded);
	seal_random(dek, sizeof(dek));
	nonce_of(dek, out->header, nonce);
	buf_init(&out->nonce_body, RECORD_NONCE + h.body_len);
	rc = wrap_all(to, n, dek, out, err);
	if (rc == ERR_OK)
		rc = pad(plain, lane, &text, err);
	if (rc == ERR_OK) {
		buf_put(&out->nonce_body, nonce, sizeof(nonce));
		body = buf_room(&out->nonce_body, h.body_len);
		if (body == NULL)
			rc = err_nomem(err);
		else
			crypto_aead_xchacha20poly1305_ietf_encrypt(body, NULL, text.data, text.len, out->header,
			    RECORD_HEADER, NULL, nonce, dek);
	}
	wipe(dek, sizeof(dek));
	buf_free(&text);
	if (rc != ERR_OK)
		sealed_record_clear(out);
	return rc;
}

/* A record with its body in clear and no recipients. */
static enum err_code
clear_record(struct record_header *h, const uint8_t device[16], const void *body, size_t len,
	struct sealed_record *out, struct err *err)
{
	struct err own = { 0 };

	if (err == NULL)
		err = &own;
	h->body_len = (uint32_t)len;
	begin(out, h, device, NULL);
	record_header_put(h, out->header);
	buf_init(&out->nonce_body, RECORD_NONCE + len);
	buf_fill(&out->nonce_body, 0, RECORD_NONCE);
	buf_put(&out->nonce_body, body, len);
	if (buf_check(&out->nonce_body, err) != ERR_OK) {
		sealed_record_clear(out);
		return err->code;
	}
	return ERR_OK;
}

enum err_code
seal_withdrawal(const uint8_t device[16], const uint8_t w[32], struct sealed_record *out, struct err *err)
{
	struct record_header h = { .kind = RECORD_WITHDRAWAL, .lane = LANE_ANSWERS };

	chain_withdraw_tag(w, h.tag);
	return clear_record(&h, device, w, 32, out, err);
}

enum err_code
seal_epoch(const uint8_t device[16], uint8_t lane, const struct record_epoch *e, struct sealed_record *out,
	struct err *err)
{
	struct record_header h = { .kind = RECORD_EPOCH, .lane = lane };
	uint8_t body[RECORD_EPOCH_BODY];

	memcpy(body, e->before, 16);
	put_be64(body + 16, e->seq);
	memcpy(body + 24, e->link.bytes, 32);
	body[56] = e->reason;
	return clear_record(&h, device, body, sizeof(body), out, err);
}

/* Decrypt and take off the padding, into OUT. */
static enum err_code
open_body(const struct record *r, const uint8_t dek[32], struct buf *out, struct err *err)
{
	size_t start = out->len, padded = r->head.body_len - RECORD_TAG, len = 0;
	uint8_t *text = buf_room(out, padded);

	if (text == NULL)
		return buf_check(out, err);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(text, NULL, NULL, r->nonce_body + RECORD_NONCE,
	    r->head.body_len, r->header, RECORD_HEADER, r->nonce_body, dek) != 0) {
		buf_truncate(out, start);
		return err_set(err, ERR_DENIED, "record: the body is not what was sealed");
	}
	if (sodium_unpad(&len, text, padded, record_step(r->head.lane, padded)) != 0) {
		buf_truncate(out, start);
		return err_set(err, ERR_INPUT, "record: bad padding");
	}
	buf_truncate(out, start + len);
	return ERR_OK;
}

enum err_code
seal_open(const struct seal_key *k, const struct record *r, struct buf *out, struct err *err)
{
	uint8_t id[8], dek[32], nonce[RECORD_NONCE];
	enum err_code rc = ERR_DENIED;
	size_t slot;

	if (r->erased)
		return err_set(err, ERR_ABSENT, "record: its content was erased");
	if (r->head.kind != RECORD_SEALED)
		return err_set(err, ERR_INPUT, "record: not a sealed one");
	seal_key_id(k, id);
	for (slot = 0; slot < r->head.n; slot++)
		if (memcmp(r->head.key_ids[slot], id, sizeof(id)) == 0)
			break;
	if (slot == r->head.n)
		return err_set(err, ERR_DENIED, "record: not sealed to this %s key", key_use_word(k->use));
	rc = seal_unwrap(k, r->wraps + slot * RECORD_WRAP, dek, err);
	if (rc != ERR_OK)
		return rc;
	nonce_of(dek, r->header, nonce);
	if (memcmp(nonce, r->nonce_body, sizeof(nonce)) != 0)
		rc = err_set(err, ERR_DENIED, "record: key and header do not belong to this body");
	else
		rc = open_body(r, dek, out, err);
	wipe(dek, sizeof(dek));
	return rc;
}

/* --- passphrases --- */

enum err_code
seal_stretch(const void *pass, size_t len, const uint8_t salt[16], const struct seal_cost *cost,
	uint8_t out[32], struct err *err)
{
	bool own = cost == &seal_cost_withdraw;

	ready();
	if (!own && (cost->t < 2 || cost->m_kib < 19 * 1024))
		return err_set(err, ERR_INPUT, "passphrase cost t=%u, m=%u KiB is too small: at least 2, %d", cost->t,
		    cost->m_kib, 19 * 1024);
	if (cost->t > 10 || cost->m_kib > 1024 * 1024)
		return err_set(err, ERR_INPUT, "passphrase cost t=%u, m=%u KiB is too large: at most 10, %d", cost->t,
		    cost->m_kib, 1024 * 1024);
	if (crypto_pwhash(out, 32, pass, len, salt, cost->t, (size_t)cost->m_kib * 1024,
	    crypto_pwhash_ALG_ARGON2ID13) != 0) {
		wipe(out, 32);
		return err_nomem(err);
	}
	return ERR_OK;
}

enum err_code
seal_lock(const uint8_t key[32], const uint8_t nonce[24], const void *ad, size_t ad_len, const void *plain,
	size_t len, struct buf *out, struct err *err)
{
	size_t start = out->len;
	uint8_t *box;

	ready();
	box = buf_room(out, len + RECORD_TAG);
	if (box == NULL) {
		enum err_code rc = buf_check(out, err);

		buf_truncate(out, start);
		return rc;
	}
	crypto_aead_xchacha20poly1305_ietf_encrypt(box, NULL, plain, len, ad, ad_len, NULL, nonce, key);
	return ERR_OK;
}

enum err_code
seal_unlock(const uint8_t key[32], const uint8_t nonce[24], const void *ad, size_t ad_len, const void *box,
	size_t len, struct buf *out, struct err *err)
{
	size_t start = out->len;
	uint8_t *text;

	ready();
	if (len < RECORD_TAG)
		return err_set(err, ERR_DENIED, "locked box of %zu bytes", len);
	if (len == RECORD_TAG) {
		uint8_t none[1];

		if (crypto_aead_xchacha20poly1305_ietf_decrypt(none, NULL, NULL, box, len, ad, ad_len, nonce, key) != 0)
			return err_set(err, ERR_DENIED, "wrong key, or the box was changed");
		return ERR_OK;
	}
	text = buf_room(out, len - RECORD_TAG);
	if (text == NULL)
		return buf_check(out, err);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(text, NULL, NULL, box, len, ad, ad_len, nonce, key) != 0) {
		buf_truncate(out, start);
		return err_set(err, ERR_DENIED, "wrong key, or the box was changed");
	}
	return ERR_OK;
}

enum err_code
seal_wrap(const struct seal_recipient *to, const uint8_t secret[32], uint8_t out[RECORD_WRAP], struct err *err)
{
	ready();
	if (crypto_box_seal(out, secret, 32, to->public_) != 0)
		return err_set(err, ERR_INPUT, "a recipient's public key is no point of the curve");
	return ERR_OK;
}

enum err_code
seal_unwrap(const struct seal_key *k, const uint8_t wrap[RECORD_WRAP], uint8_t out[32], struct err *err)
{
	if (!seal_use_seals(k->use))
		return err_set(err, ERR_INPUT, "a %s key opens nothing", key_use_word(k->use));
	if (crypto_box_seal_open(out, wrap, RECORD_WRAP, k->public_, k->secret) != 0) {
		wipe(out, 32);
		return err_set(err, ERR_DENIED, "record: its key is not sealed to this %s key", key_use_word(k->use));
	}
	return ERR_OK;
}

enum err_code
seal_withdraw(const uint8_t device[16], const uint16_t words[4], uint8_t w[32], struct err *err)
{
	uint8_t text[8];
	struct chain_hash salt;
	enum err_code rc;

	for (size_t i = 0; i < 4; i++)
		put_be16(text + i * 2, words[i]);
	chain_h("withdraw salt", device, 16, &salt);
	rc = seal_stretch(text, sizeof(text), salt.bytes, &seal_cost_withdraw, w, err);
	wipe(text, sizeof(text));
	return rc;
}
