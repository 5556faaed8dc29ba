/* Drafts: the whole state of a session, to go on later. Blocks are written in the order they were made,
 * so that making them again gives the same row ids. The format is in docs/formats/forms.md. */
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "forms/state.h"

static const char magic[8] = "CNDRFT1\n";
enum { KEPT = ROW_OFF | ROW_HIDDEN | ROW_USER | ROW_SURPLUS };

static void
put_string(struct buf *b, const char *s, size_t n)
{
	buf_u32(b, (uint32_t)n);
	buf_put(b, s, n);
}

/* Is ROW the first of its block? */
static bool
is_base(const struct session *s, uint32_t row)
{
	const struct row *r = &s->tree.rows[row];

	return r->kind != ROW_HEAD && r->kind != ROW_ATTRIBUTE && s->f->nodes[r->node].off == 0;
}

enum err_code
session_save(struct session *s, struct buf *out, struct err *err)
{
	const struct tree *t = &s->tree;
	size_t before = out->len;
	uint32_t blocks = 0, rows = 0;
	enum err_code rc;

	for (uint32_t i = 1; i <= t->n; i++) {
		blocks += is_base(s, i);
		rows += t->rows[i].kind != ROW_HEAD && (t->rows[i].len > 0 || (t->rows[i].flags & KEPT) != 0)
		    && (t->rows[i].flags & ROW_GONE) == 0;
	}
	buf_put(out, magic, sizeof(magic));
	buf_put(out, s->f->fingerprint, sizeof(s->f->fingerprint));
	buf_u64(out, s->seed);
	buf_u32(out, (uint32_t)s->env.language);
	put_string(out, s->instance_id, strlen(s->instance_id));
	put_string(out, s->deprecated_id, strlen(s->deprecated_id));
	buf_u32(out, (uint32_t)s->n_meta);
	for (size_t i = 0; i < s->n_meta; i++) {
		put_string(out, s->meta[i].name, strlen(s->meta[i].name));
		put_string(out, s->meta[i].value, strlen(s->meta[i].value));
	}
	buf_u32(out, blocks);
	for (uint32_t i = 1; i <= t->n; i++)
		if (is_base(s, i)) {
			buf_u32(out, i == 1 ? 0 : instance_head(t, s->f, i));
			buf_u8(out, (t->rows[i].flags & ROW_GONE) != 0);
		}
	buf_u32(out, rows);
	for (uint32_t i = 1; i <= t->n; i++) {
		const struct row *r = &t->rows[i];

		if (r->kind == ROW_HEAD || (r->len == 0 && (r->flags & KEPT) == 0) || (r->flags & ROW_GONE) != 0)
			continue;
		buf_u32(out, i);
		buf_u16(out, r->flags & KEPT);
		put_string(out, tree_text(t, i), r->len);
	}
	rc = buf_check(out, err);
	if (rc != ERR_OK)
		buf_truncate(out, before);
	return rc;
}

/* --- reading ------------------------------------------------------------------------------------------------ */

struct reader { const uint8_t *p; size_t n; bool bad; };

static const uint8_t *
take(struct reader *r, size_t n)
{
	const uint8_t *at = r->p;

	if (r->bad || n > r->n) {
		r->bad = true;
		return NULL;
	}
	r->p += n;
	r->n -= n;
	return at;
}

static uint32_t
take32(struct reader *r)
{
	const uint8_t *at = take(r, 4);

	return at != NULL ? be32(at) : 0;
}

static const char *
take_string(struct reader *r, uint32_t *n)
{
	*n = take32(r);
	return (const char *)take(r, *n);
}

static bool
take_fixed(struct reader *r, char *to, size_t cap)
{
	uint32_t n;
	const char *s = take_string(r, &n);

	if (s == NULL || n >= cap || memchr(s, '\0', n) != NULL)
		return false;
	memcpy(to, s, n);
	to[n] = '\0';
	return true;
}

static enum err_code
read_meta(struct session *s, struct reader *r, struct err *err)
{
	uint32_t n = take32(r);

	for (uint32_t i = 0; i < n && !r->bad; i++) {
		char name[80];
		uint32_t len;
		const char *value;
		enum err_code rc;

		if (!take_fixed(r, name, sizeof(name)))
			return err_set(err, ERR_INPUT, "the draft is damaged");
		value = take_string(r, &len);
		if (value == NULL)
			break;
		rc = session_meta(s, name, value, len, err);
		if (rc != ERR_OK)
			return rc;
	}
	return r->bad ? err_set(err, ERR_INPUT, "the draft is damaged") : ERR_OK;
}

static enum err_code
read_blocks(struct session *s, struct reader *r, struct err *err)
{
	struct tree *t = &s->tree;
	uint32_t n = take32(r);
	uint32_t *gone = calloc(n < 1000000 ? n + 1 : 1, sizeof(*gone)), n_gone = 0;
	enum err_code rc = ERR_OK;

	if (gone == NULL)
		return err_nomem(err);
	if (n == 0 || n > 1000000)
		rc = err_set(err, ERR_INPUT, "the draft is damaged");
	for (uint32_t i = 0; i < n && rc == ERR_OK; i++) {
		uint32_t head = take32(r), at;
		const uint8_t *dead = take(r, 1);

		if (dead == NULL || (i == 0) != (head == 0) || head > t->n || (head != 0 && t->rows[head].kind != ROW_HEAD)) {
			rc = err_set(err, ERR_INPUT, "the draft is damaged");
			break;
		}
		at = block_add(t, s->f, head, false, err);
		if (at == 0)
			rc = err->code;
		else if (*dead != 0)
			gone[n_gone++] = at;
	}
	for (uint32_t i = 0; i < n_gone && rc == ERR_OK; i++)
		if ((t->rows[gone[i]].flags & ROW_GONE) == 0 && gone[i] != 1)
			block_remove(t, s->f, gone[i]);
	free(gone);
	return rc;
}

static enum err_code
read_rows(struct session *s, struct reader *r, struct err *err)
{
	uint32_t n = take32(r);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t row = take32(r), len;
		const uint8_t *flags = take(r, 2);
		const char *text = take_string(r, &len);
		enum err_code rc;

		if (r->bad || row == 0 || row > s->tree.n || s->tree.rows[row].kind == ROW_HEAD || !utf8_valid(text, len, NULL)
		    || (s->tree.rows[row].flags & ROW_GONE) != 0)
			return err_set(err, ERR_INPUT, "the draft is damaged");
		s->tree.rows[row].flags |= be16(flags) & KEPT;
		rc = tree_set(&s->tree, row, text, len, err);
		if (rc != ERR_OK)
			return rc;
	}
	return ERR_OK;
}

enum err_code
session_restore(const struct form *f, const struct session_env *env, const void *draft, size_t len,
	struct session **out, struct err *err)
{
	struct reader r = { draft, len, false };
	struct session *s = NULL;
	struct err mine = { 0 };
	const uint8_t *p;
	enum err_code rc;

	*out = NULL;
	if (err == NULL)
		err = &mine;
	p = take(&r, sizeof(magic));
	if (p == NULL || memcmp(p, magic, sizeof(magic)) != 0)
		return err_set(err, ERR_INPUT, "this is no draft");
	p = take(&r, sizeof(f->fingerprint));
	if (p == NULL || memcmp(p, f->fingerprint, sizeof(f->fingerprint)) != 0)
		return err_set(err, ERR_INPUT, "the draft was made with another version of the form");
	rc = session_make(f, env, &s, err);
	if (rc != ERR_OK)
		return rc;
	p = take(&r, 8);
	s->seed = p != NULL ? be64(p) : 0;
	s->run.seed = s->seed;
	s->env.language = take32(&r);
	if (s->env.language >= f->n_languages)
		s->env.language = f->default_language;
	s->run.language = s->env.language;
	if (!take_fixed(&r, s->instance_id, sizeof(s->instance_id)) || !take_fixed(&r, s->deprecated_id, sizeof(s->deprecated_id)))
		rc = err_set(err, ERR_INPUT, "the draft is damaged");
	if (rc == ERR_OK)
		rc = read_meta(s, &r, err);
	if (rc == ERR_OK)
		rc = read_blocks(s, &r, err);
	if (rc == ERR_OK)
		rc = read_rows(s, &r, err);
	if (rc == ERR_OK && (r.bad || r.n != 0))
		rc = err_set(err, ERR_INPUT, "the draft is damaged");
	if (rc != ERR_OK) {
		session_free(s);
		return rc;
	}
	s->dispatch = true;
	*out = s;
	return ERR_OK;
}
