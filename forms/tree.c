/* Rows and their texts. See tree.h. */
#include "forms/tree.h"

#include <stdlib.h>
#include <string.h>

void
tree_init(struct tree *t, struct names *names, const struct form *form, bool secret, size_t max_rows,
	size_t max_text)
{
	memset(t, 0, sizeof(*t));
	t->names = names;
	t->form = form;
	t->secret = secret;
	t->max = max_rows > 0x7fffffff ? 0x7fffffff : (uint32_t)max_rows;
	if (max_text > 0x7fffffff)
		max_text = 0x7fffffff;
	if (secret)
		buf_init_secret(&t->text, max_text);
	else
		buf_init(&t->text, max_text);
}

void
tree_free(struct tree *t)
{
	if (t->rows != NULL && t->secret)
		wipe(t->rows, ((size_t)t->cap + 1) * sizeof(*t->rows));
	free(t->rows);
	t->rows = NULL;
	t->n = t->cap = 0;
	buf_free(&t->text);
}

uint32_t
tree_rows(struct tree *t, uint32_t n, struct err *err)
{
	uint32_t at = t->n + 1;

	if (n > t->max || t->n > t->max - n) {
		err_set(err, ERR_LIMIT, "more than %u rows (limit session_rows)", t->max);
		return 0;
	}
	if (t->n + n > t->cap) {
		size_t cap = t->cap < 32 ? 32 : (size_t)t->cap + t->cap / 2;
		struct row *rows;

		if (cap < (size_t)t->n + n)
			cap = (size_t)t->n + n;
		rows = malloc((cap + 1) * sizeof(*rows));
		if (rows == NULL) {
			err_nomem(err);
			return 0;
		}
		if (t->rows != NULL) {
			memcpy(rows, t->rows, ((size_t)t->n + 1) * sizeof(*rows));
			if (t->secret)
				wipe(t->rows, ((size_t)t->cap + 1) * sizeof(*rows));
			free(t->rows);
		} else {
			memset(rows, 0, sizeof(*rows));
		}
		t->rows = rows;
		t->cap = (uint32_t)cap;
	}
	memset(&t->rows[at], 0, n * sizeof(*t->rows));
	t->n += n;
	return at;
}

enum err_code
tree_set(struct tree *t, uint32_t row, const char *text, size_t len, struct err *err)
{
	struct row *r = &t->rows[row];

	if (len <= r->len) {
		if (len > 0)
			memcpy(t->text.data + r->value, text, len);
		t->dead += r->len - len;
		r->len = (uint32_t)len;
		return ERR_OK;
	}
	/* TEXT may lie in the buffer that is about to move. */
	if (t->text.data != NULL && text >= (const char *)t->text.data
	    && text < (const char *)t->text.data + t->text.len) {
		char *copy = malloc(len);
		enum err_code rc;

		if (copy == NULL)
			return err_nomem(err);
		memcpy(copy, text, len);
		rc = tree_set(t, row, copy, len, err);
		wipe(copy, len);
		free(copy);
		return rc;
	}
	if (t->dead > 4096 && t->dead > t->text.len / 2)
		tree_compact(t);
	{
		size_t at = t->text.len;

		buf_put(&t->text, text, len);
		if (t->text.failed != ERR_OK) {
			bool limit = t->text.failed == ERR_LIMIT;

			t->text.failed = ERR_OK;
			return limit ? err_set(err, ERR_LIMIT, "all values together have more than %zu MiB (limit text)", t->text.max >> 20)
			    : err_nomem(err);
		}
		t->dead += r->len;
		r->value = (uint32_t)at;
		r->len = (uint32_t)len;
	}
	return ERR_OK;
}

void
tree_compact(struct tree *t)
{
	struct buf fresh;

	if (t->secret)
		buf_init_secret(&fresh, t->text.max);
	else
		buf_init(&fresh, t->text.max);
	if (buf_room(&fresh, t->text.len - t->dead + 1) == NULL) {
		buf_free(&fresh);
		return;
	}
	fresh.len = 0;
	for (uint32_t i = 1; i <= t->n; i++) {
		struct row *r = &t->rows[i];

		if (r->kind == ROW_HEAD || r->len == 0)
			continue;
		buf_put(&fresh, t->text.data + r->value, r->len);
		r->value = (uint32_t)(fresh.len - r->len);
	}
	buf_free(&t->text);
	t->text = fresh;
	t->dead = 0;
}
