/* The key ring as text: reading, checking against a pin, choosing recipients, writing. See keyring.h and
 * docs/formats/keyring.md. The reader is strict: exactly the lines keyring_write makes, in its order, so that a
 * ring has one form and what its signer read is what counts. */
#include "collector/keyring.h"

#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/file.h"
#include "base/num.h"

#define DAY_MAX 3652424	/* 9999-12-31 */

const char *
key_state_word(enum key_state state)
{
	static const char *const words[] = { "next", "active", "old", "stop" };

	return (unsigned)state < ARRAY_LEN(words) ? words[state] : NULL;
}

/* --- reading line by line --- */

struct lines {
	const char *text;
	size_t len, at;
	int line;
};

/* The value of the next line, which must be "KEY = value" (or KEY alone for a section line); its length in *LEN.
 * NULL with *ERR set otherwise. */
static const char *
value_of(struct lines *in, const char *key, size_t *len, struct err *err)
{
	const char *p = in->text + in->at;
	const char *end = memchr(p, '\n', in->len - in->at);
	size_t n = strlen(key);

	in->line++;
	if (end == NULL) {
		err_set(err, ERR_INPUT, "line %d: ends before \"%s\"", in->line, key);
		return NULL;
	}
	if ((size_t)(end - p) < n + 3 || memcmp(p, key, n) != 0 || memcmp(p + n, " = ", 3) != 0) {
		err_set(err, ERR_INPUT, "line %d: \"%s = ...\" expected", in->line, key);
		return NULL;
	}
	*len = (size_t)(end - p) - n - 3;
	in->at += (size_t)(end - p) + 1;
	return p + n + 3;
}

static bool
next_is(const struct lines *in, const char *start)
{
	size_t n = strlen(start);

	return in->len - in->at >= n && memcmp(in->text + in->at, start, n) == 0;
}

static enum err_code
exact_line(struct lines *in, const char *line, struct err *err)
{
	size_t n = strlen(line);

	in->line++;
	if (!next_is(in, line) || in->len - in->at <= n || in->text[in->at + n] != '\n')
		return err_set(err, ERR_INPUT, "line %d: \"%s\" expected", in->line, line);
	in->at += n + 1;
	return ERR_OK;
}

static enum err_code
number(struct lines *in, const char *key, int64_t min, int64_t max, int64_t *out, struct err *err)
{
	size_t len;
	const char *v = value_of(in, key, &len, err);

	if (v == NULL)
		return ERR_INPUT;
	/* One form of each number: no leading zero, no minus. */
	if (!num_i64(v, len, min, max, out) || v[0] == '-' || (len > 1 && v[0] == '0'))
		return err_set(err, ERR_INPUT, "line %d: %s is no number from %lld to %lld", in->line, key,
		    (long long)min, (long long)max);
	return ERR_OK;
}

static enum err_code
hexes(struct lines *in, const char *key, uint8_t *out, size_t n, struct err *err)
{
	size_t len;
	const char *v = value_of(in, key, &len, err);
	bool is_lower = true;

	if (v == NULL)
		return ERR_INPUT;
	/* One form only: upper case would be another text for the same ring. */
	for (size_t i = 0; i < len; i++)
		is_lower &= v[i] < 'A' || v[i] > 'F';
	if (!is_lower || !hex_get(v, len, out, n))
		return err_set(err, ERR_INPUT, "line %d: %s is not %zu lower case hex digits", in->line, key, 2 * n);
	return ERR_OK;
}

/* Base64 of MIN to MAX bytes into OUT (initialised here; the caller frees). */
static enum err_code
base64s(struct lines *in, const char *key, size_t min, size_t max, struct buf *out, struct err *err)
{
	size_t len;
	const char *v = value_of(in, key, &len, err);

	buf_init(out, max);
	if (v == NULL)
		return ERR_INPUT;
	if (!base64_get(v, len, out) || out->len < min || buf_check(out, err) != ERR_OK)
		return err_set(err, ERR_INPUT, "line %d: %s is not base64 of %zu to %zu bytes", in->line, key, min, max);
	return ERR_OK;
}

static enum err_code
bytes32(struct lines *in, const char *key, uint8_t *out, size_t n, struct err *err)
{
	struct buf b;
	enum err_code rc = base64s(in, key, n, n, &b, err);

	if (rc == ERR_OK)
		memcpy(out, b.data, n);
	buf_free(&b);
	return rc;
}

static enum err_code
word(struct lines *in, const char *key, const char *(*word_of)(unsigned), unsigned from, unsigned n,
	unsigned *out, struct err *err)
{
	size_t len;
	const char *v = value_of(in, key, &len, err);

	if (v == NULL)
		return ERR_INPUT;
	for (unsigned i = from; i < n; i++) {
		const char *w = word_of(i);

		if (strlen(w) == len && memcmp(w, v, len) == 0) {
			*out = i;
			return ERR_OK;
		}
	}
	return err_set(err, ERR_INPUT, "line %d: unknown %s", in->line, key);
}

static const char *
use_at(unsigned i)
{
	return key_use_word((enum key_use)i);
}

static const char *
state_at(unsigned i)
{
	return key_state_word((enum key_state)i);
}

static enum err_code
read_key(struct lines *in, struct keyring *ring, struct err *err)
{
	struct buf public_ = { 0 };
	uint8_t id[8];
	unsigned use = 0, state = 0;
	int64_t before = 0, after = 0;
	bool is_cert;
	enum err_code rc = exact_line(in, "[key]", err);

	if (rc == ERR_OK)
		rc = word(in, "use", use_at, KEY_RESPONSE, KEY_DEVICE, &use, err);
	if (rc == ERR_OK)
		rc = hexes(in, "id", id, sizeof(id), err);
	is_cert = use == KEY_CA;
	if (rc == ERR_OK)
		rc = base64s(in, "public", is_cert ? 1 : 32, is_cert ? 8192 : 32, &public_, err);
	if (rc == ERR_OK)
		rc = number(in, "not-before", 0, DAY_MAX, &before, err);
	if (rc == ERR_OK)
		rc = number(in, "not-after", before, DAY_MAX, &after, err);
	if (rc == ERR_OK)
		rc = word(in, "state", state_at, 0, 4, &state, err);
	if (rc == ERR_OK) {
		rc = keyring_add(ring, (enum key_use)use, public_.data, public_.len, before, after, (enum key_state)state,
		    err);
		if (rc == ERR_EXISTS || rc == ERR_LIMIT)
			err_in(err, "line %d", in->line);
	}
	if (rc == ERR_OK && memcmp(ring->keys[ring->n - 1].id, id, sizeof(id)) != 0)
		rc = err_set(err, ERR_INPUT, "line %d: the id of this %s key is not the hash of its public key", in->line,
		    key_use_word((enum key_use)use));
	buf_free(&public_);
	return rc;
}

/* Each signature covers all bytes above its own line. */
struct signatures {
	uint8_t root[64], next[64];
	size_t root_len, next_len;
};

static enum err_code
read_ring(const char *text, size_t len, struct keyring *ring, struct signatures *sig, struct err *err)
{
	struct lines in = { .text = text, .len = len };
	int64_t serial = 0;
	enum err_code rc;

	for (size_t i = 0; i < len; i++)
		if (text[i] != '\n' && (text[i] < 0x20 || text[i] > 0x7e))
			return err_set(err, ERR_INPUT, "byte %zu is no ASCII character", i);
	rc = exact_line(&in, "candour-keyring 1", err);
	if (rc == ERR_OK)
		rc = hexes(&in, "org", ring->org, 16, err);
	if (rc == ERR_OK)
		rc = number(&in, "serial", 1, UINT32_MAX, &serial, err);
	ring->serial = (uint32_t)serial;
	if (rc == ERR_OK)
		rc = number(&in, "made", 0, DAY_MAX * INT64_C(86400), &ring->made, err);
	if (rc == ERR_OK && next_is(&in, "next-root")) {
		ring->has_next_root = true;
		rc = bytes32(&in, "next-root", ring->next_root, 32, err);
	}
	while (rc == ERR_OK && next_is(&in, "["))
		rc = read_key(&in, ring, err);
	sig->next_len = in.at;
	if (rc == ERR_OK && ring->has_next_root)
		rc = bytes32(&in, "signature-next", sig->next, 64, err);
	sig->root_len = in.at;
	if (rc == ERR_OK)
		rc = bytes32(&in, "signature", sig->root, 64, err);
	if (rc == ERR_OK && in.at != len)
		rc = err_set(err, ERR_INPUT, "line %d: something follows the signature", in.line + 1);
	return rc;
}

static enum err_code
parse(const char *text, size_t len, struct keyring **out, struct signatures *sig, struct err *err)
{
	struct keyring *ring;
	enum err_code rc;

	*out = NULL;
	if (len > KEYRING_MAX)
		return err_set(err, ERR_LIMIT, "key ring: %zu bytes, at most %d", len, KEYRING_MAX);
	ring = calloc(1, sizeof(*ring));
	if (ring == NULL)
		return err_nomem(err);
	rc = read_ring(text, len, ring, sig, err);
	if (rc != ERR_OK) {
		keyring_free(ring);
		return err_in(err, "key ring");
	}
	*out = ring;
	return ERR_OK;
}

enum err_code
keyring_parse(const char *text, size_t len, struct keyring **out, struct err *err)
{
	struct signatures sig;

	return parse(text, len, out, &sig, err);
}

void
keyring_free(struct keyring *ring)
{
	if (ring == NULL)
		return;
	for (size_t i = 0; i < ring->n; i++)
		free(ring->keys[i].public_);
	free(ring);
}

/* --- checking --- */

static enum err_code
check(const struct keyring *ring, const struct keyring_pin *pin, const char *text, size_t len,
	const struct signatures *sig, struct err *err)
{
	static const enum key_use needed[] = { KEY_RESPONSE, KEY_ESCROW, KEY_CONCERN, KEY_PUBLISH, KEY_RECEIPT, KEY_CA };
	struct chain_hash hash;
	/* Who has moved to the root that this ring announces (by this ring, before a restart) goes by that one's word. */
	bool moved = ring->has_next_root && memcmp(ring->next_root, pin->root, 32) == 0;

	if (!(moved ? seal_verify(pin->root, "keyring", text, sig->next_len, sig->next)
	    : seal_verify(pin->root, "keyring", text, sig->root_len, sig->root)))
		return err_set(err, ERR_DENIED, "key ring: not signed by the root this machine trusts");
	if (memcmp(ring->org, pin->org, 16) != 0)
		return err_set(err, ERR_DENIED, "key ring: of another organisation");
	if (ring->has_next_root && !seal_verify(ring->next_root, "keyring", text, sig->next_len, sig->next))
		return err_set(err, ERR_DENIED, "key ring: not signed by the next root it announces");
	for (size_t i = 0; i < ARRAY_LEN(needed); i++)
		if (keyring_active(ring, needed[i], 0) == NULL)
			return err_set(err, ERR_INPUT, "key ring: no active %s key", key_use_word(needed[i]));
	if (ring->serial < pin->ring_serial)
		return err_set(err, ERR_DENIED, "key ring: serial %u is older than %u, which this machine has seen",
		    ring->serial, pin->ring_serial);
	chain_h("ring", text, len, &hash);
	if (ring->serial == pin->ring_serial && !chain_same(&hash, &pin->ring_hash))
		return err_set(err, ERR_DENIED, "key ring: alarm: another ring than the one seen before has the same serial %u",
		    ring->serial);
	return ERR_OK;
}

enum err_code
keyring_read(const char *text, size_t len, const struct keyring_pin *pin, struct keyring **out, struct err *err)
{
	struct signatures sig;
	enum err_code rc = parse(text, len, out, &sig, err);

	if (rc != ERR_OK)
		return rc;
	rc = check(*out, pin, text, len, &sig, err);
	if (rc != ERR_OK) {
		keyring_free(*out);
		*out = NULL;
	}
	return rc;
}

/* --- the pin --- */

void
keyring_pin_init(struct keyring_pin *pin, const uint8_t root[32])
{
	memset(pin, 0, sizeof(*pin));
	memcpy(pin->root, root, 32);
	chain_org_id(root, pin->org);
}

void
keyring_pin_take(struct keyring_pin *pin, const struct keyring *ring, const char *text, size_t len)
{
	pin->ring_serial = ring->serial;
	chain_h("ring", text, len, &pin->ring_hash);
	if (ring->has_next_root)
		memcpy(pin->root, ring->next_root, 32);
}

enum err_code
keyring_pin_write(const char *path, const struct keyring_pin *pin, struct err *err)
{
	struct buf b;
	enum err_code rc;

	buf_init(&b, 4096);
	buf_puts(&b, "candour-pin 1\norg = ");
	hex_put(&b, pin->org, 16);
	buf_puts(&b, "\nroot = ");
	base64_put(&b, pin->root, 32);
	buf_printf(&b, "\nring-serial = %u\nring-hash = ", pin->ring_serial);
	hex_put(&b, pin->ring_hash.bytes, 32);
	for (int kind = 1; kind <= 4; kind++)
		buf_printf(&b, "\nbundle-serial-%d = %u", kind, pin->bundle_serial[kind]);
	buf_putc(&b, '\n');
	rc = buf_check(&b, err);
	if (rc == ERR_OK)
		rc = file_write(path, b.data, b.len, 0600, err);
	buf_free(&b);
	return rc;
}

enum err_code
keyring_pin_read(const char *path, struct keyring_pin *out, struct err *err)
{
	struct keyring_pin pin = { .ring_serial = 0 };
	struct lines in = { .line = 0 };
	struct buf b;
	int64_t n = 0;
	enum err_code rc;

	buf_init(&b, 4096);
	rc = file_read(path, &b, err);
	if (rc != ERR_OK) {
		buf_free(&b);
		return rc;
	}
	in.text = buf_str(&b);
	in.len = b.len;
	rc = exact_line(&in, "candour-pin 1", err);
	if (rc == ERR_OK)
		rc = hexes(&in, "org", pin.org, 16, err);
	if (rc == ERR_OK)
		rc = bytes32(&in, "root", pin.root, 32, err);
	if (rc == ERR_OK)
		rc = number(&in, "ring-serial", 0, UINT32_MAX, &n, err);
	pin.ring_serial = (uint32_t)n;
	if (rc == ERR_OK)
		rc = hexes(&in, "ring-hash", pin.ring_hash.bytes, 32, err);
	for (int kind = 1; kind <= 4 && rc == ERR_OK; kind++) {
		char key[] = "bundle-serial-0";

		key[14] = (char)('0' + kind);
		rc = number(&in, key, 0, UINT32_MAX, &n, err);
		pin.bundle_serial[kind] = (uint32_t)n;
	}
	if (rc == ERR_OK && in.at != in.len)
		rc = err_set(err, ERR_INPUT, "line %d: something follows", in.line + 1);
	if (rc == ERR_OK)
		*out = pin;
	else
		err_in(err, "%s", path);
	buf_free(&b);
	return rc;
}

/* --- choosing --- */

const struct keyring_key *
keyring_find(const struct keyring *ring, enum key_use use, const uint8_t id[8])
{
	for (size_t i = 0; i < ring->n; i++)
		if (ring->keys[i].use == use && memcmp(ring->keys[i].id, id, 8) == 0)
			return &ring->keys[i];
	return NULL;
}

const struct keyring_key *
keyring_active(const struct keyring *ring, enum key_use use, size_t i)
{
	for (size_t k = 0; k < ring->n; k++)
		if (ring->keys[k].use == use && ring->keys[k].state == KEY_ACTIVE && i-- == 0)
			return &ring->keys[k];
	return NULL;
}

const struct keyring_key *
keyring_verifier(const struct keyring *ring, enum key_use use, const uint8_t id[8])
{
	const struct keyring_key *k = keyring_find(ring, use, id);

	return k != NULL && (k->state == KEY_ACTIVE || k->state == KEY_OLD) ? k : NULL;
}

/* Is A to be preferred over B as the newest? */
static bool
newer(const struct keyring_key *a, const struct keyring_key *b)
{
	return b == NULL || a->not_before > b->not_before
	    || (a->not_before == b->not_before && a->not_after > b->not_after);
}

/* The newest key of USE that is active (and within its dates on DAY, if DATED); else NULL. STATELESS: any that is
 * not stopped. */
static const struct keyring_key *
newest(const struct keyring *ring, enum key_use use, int64_t day, bool dated, bool stateless)
{
	const struct keyring_key *best = NULL;

	for (size_t i = 0; i < ring->n; i++) {
		const struct keyring_key *k = &ring->keys[i];

		if (k->use != use || k->state == KEY_STOP || (!stateless && k->state != KEY_ACTIVE))
			continue;
		if (dated && (day < k->not_before || day > k->not_after))
			continue;
		if (newer(k, best))
			best = k;
	}
	return best;
}

static void
take(const struct keyring_key *k, struct seal_recipient *to, size_t *n)
{
	memcpy(to[*n].id, k->id, 8);
	memcpy(to[*n].public_, k->public_, 32);
	(*n)++;
}

static enum err_code
one_of(const struct keyring *ring, enum key_use use, int64_t day, struct seal_recipient *to, size_t *n, bool *stale,
	struct err *err)
{
	const struct keyring_key *k = newest(ring, use, day, true, false);

	if (k == NULL) {
		*stale = true;
		k = newest(ring, use, day, false, false);
	}
	if (k == NULL)
		k = newest(ring, use, day, false, true);
	if (k == NULL)
		return err_set(err, ERR_DENIED, "key ring: every %s key is stopped", key_use_word(use));
	take(k, to, n);
	return ERR_OK;
}

enum err_code
keyring_recipients(const struct keyring *ring, uint8_t lane, int64_t day, struct seal_recipient to[RECORD_RECIPIENTS],
	size_t *n, bool *stale, struct err *err)
{
	enum err_code rc = ERR_OK;

	*n = 0;
	*stale = false;
	if (lane == LANE_ANSWERS) {
		rc = one_of(ring, KEY_RESPONSE, day, to, n, stale, err);
		if (rc == ERR_OK)
			rc = one_of(ring, KEY_ESCROW, day, to, n, stale, err);
		return rc;
	}
	for (size_t i = 0; i < ring->n && *n < RECORD_RECIPIENTS; i++) {
		const struct keyring_key *k = &ring->keys[i];

		if (k->use == KEY_CONCERN && k->state == KEY_ACTIVE && day >= k->not_before && day <= k->not_after)
			take(k, to, n);
	}
	return *n > 0 ? ERR_OK : one_of(ring, KEY_CONCERN, day, to, n, stale, err);
}

/* --- making --- */

enum err_code
keyring_add(struct keyring *ring, enum key_use use, const void *public_, size_t len, int64_t not_before,
	int64_t not_after, enum key_state state, struct err *err)
{
	struct keyring_key *k = &ring->keys[ring->n];
	uint8_t id[8];

	if (ring->n == KEYRING_KEYS)
		return err_set(err, ERR_LIMIT, "a key ring holds at most %d keys", KEYRING_KEYS);
	if (use != KEY_CA && len != 32)
		return err_set(err, ERR_INPUT, "a public %s key of %zu bytes", key_use_word(use), len);
	chain_key_id(use, public_, len, id);
	if (keyring_find(ring, use, id) != NULL)
		return err_set(err, ERR_EXISTS, "that %s key is in the ring already", key_use_word(use));
	k->public_ = malloc(len);
	if (k->public_ == NULL)
		return err_nomem(err);
	memcpy(k->public_, public_, len);
	k->public_len = len;
	k->use = use;
	memcpy(k->id, id, sizeof(id));
	k->not_before = not_before;
	k->not_after = not_after;
	k->state = state;
	ring->n++;
	return ERR_OK;
}

static void
put_signature(struct buf *out, const char *key, const uint8_t signature[64])
{
	buf_printf(out, "%s = ", key);
	base64_put(out, signature, 64);
	buf_putc(out, '\n');
}

static void
put_key(struct buf *out, const struct keyring_key *k)
{
	buf_printf(out, "[key]\nuse = %s\nid = ", key_use_word(k->use));
	hex_put(out, k->id, 8);
	buf_puts(out, "\npublic = ");
	base64_put(out, k->public_, k->public_len);
	buf_printf(out, "\nnot-before = %lld\nnot-after = %lld\nstate = %s\n", (long long)k->not_before,
	    (long long)k->not_after, key_state_word(k->state));
}

enum err_code
keyring_write(const struct keyring *ring, const struct seal_key *root, const struct seal_key *next, struct buf *out,
	struct err *err)
{
	uint8_t signature[64];
	struct buf b;
	enum err_code rc;

	buf_init(&b, KEYRING_MAX);
	buf_puts(&b, "candour-keyring 1\norg = ");
	hex_put(&b, ring->org, 16);
	buf_printf(&b, "\nserial = %u\nmade = %lld\n", ring->serial, (long long)ring->made);
	if (next != NULL) {
		buf_puts(&b, "next-root = ");
		base64_put(&b, seal_key_public(next), 32);
		buf_putc(&b, '\n');
	}
	for (size_t i = 0; i < ring->n; i++)
		put_key(&b, &ring->keys[i]);
	rc = buf_check(&b, err);
	if (rc == ERR_OK && next != NULL) {
		rc = seal_sign(next, "keyring", b.data, b.len, signature, err);
		put_signature(&b, "signature-next", signature);
	}
	if (rc == ERR_OK) {
		rc = seal_sign(root, "keyring", b.data, b.len, signature, err);
		put_signature(&b, "signature", signature);
	}
	if (rc == ERR_OK)
		rc = buf_check(&b, err);
	if (rc == ERR_OK) {
		buf_put(out, b.data, b.len);
		rc = buf_check(out, err);
	}
	buf_free(&b);
	return rc;
}
