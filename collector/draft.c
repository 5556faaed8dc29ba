/* Drafts: keys, lines, the head. See draft.h; docs/formats/draft.md draws every box. The head counts the lines and
 * holds the hash of the last, and changes in the transaction of each line: a line that was cut off, changed,
 * exchanged or taken from another draft does not fit. */
#include "collector/draft.h"

#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "collector/draft_rows.h"

enum {
	NONCE = 24, TAG = 16, KEY = 32,
	STEP = 256,			/* lines are padded to multiples: the size of a box says little of a note */
	PACK_HEAD = 4 + 16 + DRAFT_HEAD + 1,
	ALL_MAX = 900 << 10,		/* boxes of a draft together: it must fit into a record */
	AD_MAX = 128,
};

struct draft {
	struct outbox *ob;
	uint8_t id[16], form[16];
	uint8_t *key;			/* guarded */
	uint32_t n;
	struct chain_hash last;		/* of line n; zero before the first */
	size_t bytes;			/* of all boxes */
	bool is_stale;			/* what is on the disk is not known */
};

/* --- boxes --- */

/* "candour/1 LABEL", NUL, draft id, then what follows. */
static size_t
ad_begin(uint8_t ad[AD_MAX], const char *label, const uint8_t id[16])
{
	size_t n = strlen(label);

	memcpy(ad, "candour/1 ", 10);
	memcpy(ad + 10, label, n + 1);
	memcpy(ad + 11 + n, id, 16);
	return 27 + n;
}

static size_t
line_ad(uint8_t ad[AD_MAX], const uint8_t id[16], uint32_t n, const struct chain_hash *before)
{
	size_t len = ad_begin(ad, "draft line", id);

	put_be32(ad + len, n);
	memcpy(ad + len + 4, before->bytes, 32);
	return len + 36;
}

static size_t
pass_ad(uint8_t ad[AD_MAX], const struct draft_row *row)
{
	size_t len = ad_begin(ad, "draft pass", row->id);

	put_be32(ad + len, row->kdf_t);
	put_be32(ad + len + 4, row->kdf_m);
	memcpy(ad + len + 8, row->salt, 16);
	return len + 24;
}

static void
line_hash(const uint8_t id[16], uint32_t n, const void *box, size_t len, struct chain_hash *out)
{
	struct chain_state s;
	uint8_t number[4];

	put_be32(number, n);
	chain_begin(&s, "draft line");
	chain_add(&s, id, 16);
	chain_add(&s, number, 4);
	chain_add(&s, box, len);
	chain_end(&s, out);
}

/* Nonce and box, appended. */
static enum err_code
lock(const uint8_t *key, const uint8_t *ad, size_t ad_len, const void *plain, size_t len, struct buf *out,
	struct err *err)
{
	uint8_t nonce[NONCE];

	seal_random(nonce, sizeof(nonce));
	buf_put(out, nonce, sizeof(nonce));
	return seal_lock(key, nonce, ad, ad_len, plain, len, out, err);
}

static enum err_code
unlock(const uint8_t *key, const uint8_t *ad, size_t ad_len, const uint8_t *box, size_t len, struct buf *out,
	struct err *err)
{
	if (len < NONCE + TAG)
		return err_set(err, ERR_DENIED, "a box of %zu bytes", len);
	return seal_unlock(key, box, ad, ad_len, box + NONCE, len - NONCE, out, err);
}

static enum err_code
make_head(const struct draft *d, uint32_t n, const struct chain_hash *last, uint8_t out[DRAFT_HEAD], struct err *err)
{
	uint8_t ad[AD_MAX], plain[40];
	size_t ad_len = ad_begin(ad, "draft head", d->id);
	struct buf box;
	enum err_code rc;

	put_be64(plain, n);
	memcpy(plain + 8, last->bytes, 32);
	buf_init(&box, DRAFT_HEAD);
	rc = lock(d->key, ad, ad_len, plain, sizeof(plain), &box, err);
	if (rc == ERR_OK)
		memcpy(out, box.data, DRAFT_HEAD);
	buf_free(&box);
	return rc;
}

static enum err_code
read_head(const uint8_t *key, const uint8_t id[16], const uint8_t head[DRAFT_HEAD], uint32_t *n,
	struct chain_hash *last, struct err *err)
{
	uint8_t ad[AD_MAX];
	size_t ad_len = ad_begin(ad, "draft head", id);
	struct buf plain;
	enum err_code rc;

	buf_init_secret(&plain, 40);
	rc = unlock(key, ad, ad_len, head, DRAFT_HEAD, &plain, err);
	if (rc == ERR_OK) {
		*n = (uint32_t)be64(plain.data);
		memcpy(last->bytes, plain.data + 8, 32);
	} else if (rc == ERR_DENIED) {
		rc = err_set(err, ERR_BROKEN, "the draft's head was changed");
	}
	buf_free(&plain);
	return rc;
}

/* --- beginning and ending --- */

static enum err_code
draft_alloc(struct outbox *ob, const uint8_t id[16], const uint8_t form[16], struct draft **out, struct err *err)
{
	struct draft *d = calloc(1, sizeof(*d));

	*out = NULL;
	if (d == NULL)
		return err_nomem(err);
	d->key = seal_guard(KEY);
	if (d->key == NULL) {
		free(d);
		return err_nomem(err);
	}
	d->ob = ob;
	memcpy(d->id, id, 16);
	memcpy(d->form, form, 16);
	*out = d;
	return ERR_OK;
}

void
draft_free(struct draft *d)
{
	if (d == NULL)
		return;
	seal_unguard(d->key);
	free(d);
}

const uint8_t *
draft_id(const struct draft *d)
{
	return d->id;
}

const uint8_t *
draft_form(const struct draft *d)
{
	return d->form;
}

uint32_t
draft_lines(const struct draft *d)
{
	return d->n;
}

void
draft_subkey(const struct draft *d, const char *label, uint8_t out[32])
{
	seal_keyed_hash(d->key, label, strlen(label), out);
}

static enum err_code
check_pass(size_t len, struct err *err)
{
	if (len < DRAFT_PASS_MIN || len > DRAFT_PASS_MAX)
		return err_set(err, ERR_LIMIT, "a passphrase of %zu bytes: from %d to %d are expected", len, DRAFT_PASS_MIN,
		    DRAFT_PASS_MAX);
	return ERR_OK;
}

/* The draft key under the passphrase. */
static enum err_code
wrap_pass(const struct draft *d, const char *pass, size_t len, struct draft_row *row, struct err *err)
{
	uint8_t stretched[KEY], ad[AD_MAX];
	struct buf box;
	enum err_code rc;

	row->kdf_t = seal_cost_draft.t;
	row->kdf_m = seal_cost_draft.m_kib;
	seal_random(row->salt, sizeof(row->salt));
	rc = seal_stretch(pass, len, row->salt, &seal_cost_draft, stretched, err);
	if (rc != ERR_OK)
		return rc;
	buf_init(&box, DRAFT_WRAP_PASS);
	rc = lock(stretched, ad, pass_ad(ad, row), d->key, KEY, &box, err);
	if (rc == ERR_OK)
		memcpy(row->wrap_pass, box.data, DRAFT_WRAP_PASS);
	buf_free(&box);
	wipe(stretched, sizeof(stretched));
	return rc;
}

enum err_code
draft_new(struct outbox *ob, const uint8_t form[16], int64_t day, const char *pass, size_t len,
	const struct seal_recipient *to, size_t n, struct draft **out, struct err *err)
{
	struct draft_row row = { .day = day, .n_wraps = n };
	struct draft *d = NULL;
	enum err_code rc = check_pass(len, err);

	*out = NULL;
	if (rc == ERR_OK && (n < 1 || n > RECORD_RECIPIENTS))
		rc = err_set(err, ERR_INPUT, "a draft for %zu recipients", n);
	if (rc != ERR_OK)
		return rc;
	seal_random(row.id, sizeof(row.id));
	memcpy(row.form, form, 16);
	rc = draft_alloc(ob, row.id, form, &d, err);
	if (rc != ERR_OK)
		return rc;
	seal_random(d->key, KEY);
	rc = wrap_pass(d, pass, len, &row, err);
	for (size_t i = 0; i < n && rc == ERR_OK; i++) {
		memcpy(row.key_ids[i], to[i].id, 8);
		rc = seal_wrap(&to[i], d->key, row.wraps[i], err);
	}
	if (rc == ERR_OK)
		rc = make_head(d, 0, &d->last, row.head, err);
	if (rc == ERR_OK)
		rc = draft_row_put(ob, &row, err);
	if (rc != ERR_OK) {
		draft_free(d);
		return rc;
	}
	*out = d;
	return ERR_OK;
}

/* --- reading --- */

struct reading {
	const uint8_t *key, *id;
	uint32_t want;		/* lines, by the head */
	uint32_t n;
	struct chain_hash last;
	size_t bytes;
	draft_line_fn *fn;
	void *arg;
};

static enum err_code
read_line(struct reading *r, uint32_t n, const uint8_t *box, size_t len, struct err *err)
{
	uint8_t ad[AD_MAX];
	struct buf plain;
	enum err_code rc;

	if (n != r->n + 1 || n > r->want)
		return err_set(err, ERR_BROKEN, "line %u of the draft is missing, or there are more than it counts", r->n + 1);
	buf_init_secret(&plain, DRAFT_LINE_MAX + 2 * STEP);
	rc = unlock(r->key, ad, line_ad(ad, r->id, n, &r->last), box, len, &plain, err);
	if (rc == ERR_DENIED || (rc == ERR_OK && (plain.len < 4 || be32(plain.data) > plain.len - 4)))
		rc = err_set(err, ERR_BROKEN, "line %u of the draft was changed", n);
	if (rc == ERR_OK && r->fn != NULL)
		rc = r->fn(r->arg, n, plain.data + 4, be32(plain.data), err);
	line_hash(r->id, n, box, len, &r->last);
	r->n = n;
	r->bytes += len;
	buf_free(&plain);
	return rc;
}

static enum err_code
read_end(const struct reading *r, const struct chain_hash *last, struct err *err)
{
	if (r->n != r->want || !chain_same(&r->last, last))
		return err_set(err, ERR_BROKEN, "%u of the draft's %u lines are there", r->n, r->want);
	return ERR_OK;
}

static enum err_code
take_box(void *arg, uint32_t n, const uint8_t *box, size_t len, struct err *err)
{
	return read_line(arg, n, box, len, err);
}

static enum err_code
open_key(struct draft *d, const struct draft_row *row, const char *pass, size_t len, struct err *err)
{
	struct seal_cost cost = { row->kdf_t, row->kdf_m };
	uint8_t stretched[KEY], ad[AD_MAX];
	struct buf key;
	enum err_code rc = seal_stretch(pass, len, row->salt, &cost, stretched, err);

	if (rc != ERR_OK)
		return rc;
	buf_init_secret(&key, KEY);
	rc = unlock(stretched, ad, pass_ad(ad, row), row->wrap_pass, DRAFT_WRAP_PASS, &key, err);
	if (rc == ERR_OK)
		memcpy(d->key, key.data, KEY);
	else if (rc == ERR_DENIED)
		err_set(err, ERR_DENIED, "another passphrase");
	buf_free(&key);
	wipe(stretched, sizeof(stretched));
	return rc;
}

enum err_code
draft_open(struct outbox *ob, const uint8_t id[16], const char *pass, size_t len, draft_line_fn *fn, void *arg,
	struct draft **out, struct err *err)
{
	struct draft_row row, again;
	struct draft *d = NULL;
	struct reading r = { .fn = fn, .arg = arg };
	struct chain_hash last;
	enum err_code rc;

	*out = NULL;
	/* The row alone first: the passphrase takes a while, and the file should not wait for it. */
	rc = draft_row_get(ob, id, &row, NULL, NULL, err);
	if (rc == ERR_OK)
		rc = draft_alloc(ob, id, row.form, &d, err);
	if (rc == ERR_OK)
		rc = open_key(d, &row, pass, len, err);
	if (rc == ERR_OK)
		rc = read_head(d->key, id, row.head, &r.want, &last, err);
	if (rc == ERR_OK) {
		r.key = d->key;
		r.id = d->id;
		rc = draft_row_get(ob, id, &again, take_box, &r, err);
	}
	if (rc == ERR_OK)
		rc = read_end(&r, &last, err);
	if (rc != ERR_OK) {
		draft_free(d);
		return rc;
	}
	d->n = r.n;
	d->last = r.last;
	d->bytes = r.bytes;
	*out = d;
	return ERR_OK;
}

/* --- writing --- */

size_t
draft_room(const struct draft *d)
{
	return d->n >= DRAFT_LINES_MAX || d->bytes + 2 * STEP >= ALL_MAX ? 0 : ALL_MAX - d->bytes - 2 * STEP;
}

static enum err_code
make_line(const struct draft *d, const void *line, size_t len, struct buf *box, struct err *err)
{
	uint8_t ad[AD_MAX];
	struct buf plain;
	enum err_code rc;

	buf_init_secret(&plain, DRAFT_LINE_MAX + 2 * STEP);
	buf_u32(&plain, (uint32_t)len);
	buf_put(&plain, line, len);
	buf_fill(&plain, 0, STEP - plain.len % STEP);
	rc = buf_check(&plain, err);
	if (rc == ERR_OK)
		rc = lock(d->key, ad, line_ad(ad, d->id, d->n + 1, &d->last), plain.data, plain.len, box, err);
	buf_free(&plain);
	return rc;
}

enum err_code
draft_add(struct draft *d, const void *line, size_t len, struct err *err)
{
	uint8_t head[DRAFT_HEAD];
	struct chain_hash last;
	struct buf box;
	enum err_code rc;

	if (d->is_stale)
		return err_set(err, ERR_BROKEN, "the draft must be opened again");
	if (len > DRAFT_LINE_MAX || len > draft_room(d) || draft_room(d) == 0)
		return err_set(err, ERR_LIMIT, "line %u of %zu bytes: the draft is full", d->n + 1, len);
	buf_init(&box, NONCE + TAG + DRAFT_LINE_MAX + 2 * STEP);
	rc = make_line(d, line, len, &box, err);
	if (rc == ERR_OK) {
		line_hash(d->id, d->n + 1, box.data, box.len, &last);
		rc = make_head(d, d->n + 1, &last, head, err);
	}
	if (rc == ERR_OK) {
		rc = draft_row_add(d->ob, d->id, d->n + 1, &box, head, err);
		d->is_stale = rc != ERR_OK && rc != ERR_AGAIN;
	}
	if (rc == ERR_OK) {
		d->n++;
		d->last = last;
		d->bytes += box.len;
	}
	buf_free(&box);
	return rc;
}

enum err_code
draft_close(struct draft *d, const struct sealed_record *r, int64_t day, struct err *err)
{
	return draft_send(d->ob, d->id, r, day, err);
}

/* --- without the passphrase --- */

static enum err_code
pack_box(void *arg, uint32_t n, const uint8_t *box, size_t len, struct err *err)
{
	struct buf *out = arg;

	(void)n;
	buf_u32(out, (uint32_t)len);
	buf_put(out, box, len);
	return buf_check(out, err);
}

enum err_code
draft_pack(struct outbox *ob, const uint8_t id[16], struct buf *out, struct err *err)
{
	struct draft_row row;
	struct buf boxes;
	enum err_code rc;

	buf_init(&boxes, RECORD_PLAIN_MAX);
	rc = draft_row_get(ob, id, &row, pack_box, &boxes, err);
	if (rc == ERR_OK) {
		buf_puts(out, "CDR1");
		buf_put(out, id, 16);
		buf_put(out, row.head, DRAFT_HEAD);
		buf_u8(out, (uint8_t)row.n_wraps);
		for (size_t i = 0; i < row.n_wraps; i++) {
			buf_put(out, row.key_ids[i], 8);
			buf_put(out, row.wraps[i], RECORD_WRAP);
		}
		buf_put(out, boxes.data, boxes.len);
		rc = buf_check(out, err);
	}
	buf_free(&boxes);
	return rc;
}

static enum err_code
find_wrap(const uint8_t *p, size_t n, const struct seal_key *k, uint8_t key[KEY], struct err *err)
{
	uint8_t id[8];

	seal_key_id(k, id);
	for (size_t i = 0; i < n; i++, p += 8 + RECORD_WRAP)
		if (memcmp(p, id, 8) == 0)
			return seal_unwrap(k, p + 8, key, err);
	return err_set(err, ERR_DENIED, "the draft is not sealed to this %s key", key_use_word(seal_key_use(k)));
}

enum err_code
draft_recover(const uint8_t *packed, size_t len, const struct seal_key *k, draft_line_fn *fn, void *arg,
	struct err *err)
{
	uint8_t key[KEY] = { 0 };
	struct reading r = { .fn = fn, .arg = arg, .key = key };
	const uint8_t *p = packed, *end = packed + len;
	struct chain_hash last;
	enum err_code rc;
	size_t n;

	if (len < PACK_HEAD || memcmp(p, "CDR1", 4) != 0 || p[PACK_HEAD - 1] > RECORD_RECIPIENTS
	    || len - PACK_HEAD < (n = p[PACK_HEAD - 1]) * (8 + RECORD_WRAP))
		return err_set(err, ERR_INPUT, "%zu bytes that are no packed draft", len);
	r.id = p + 4;
	rc = find_wrap(p + PACK_HEAD, n, k, key, err);
	if (rc == ERR_OK)
		rc = read_head(key, r.id, p + 20, &r.want, &last, err);
	p += PACK_HEAD + n * (8 + RECORD_WRAP);
	for (uint32_t i = 1; p < end && rc == ERR_OK; i++) {
		size_t left = (size_t)(end - p), box = left < 4 ? SIZE_MAX : be32(p);

		if (left < 4 || box > left - 4) {
			rc = err_set(err, ERR_INPUT, "the packed draft ends within line %u", i);
		} else {
			rc = read_line(&r, i, p + 4, box, err);
			p += 4 + box;
		}
	}
	if (rc == ERR_OK)
		rc = read_end(&r, &last, err);
	wipe(key, sizeof(key));
	return rc;
}
