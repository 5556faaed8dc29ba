/* An answer that fails half way (a limit, no memory) is undone: the rows and texts before it come back. */
#include <stdlib.h>
#include <string.h>

#include "forms/state.h"

enum err_code
undo_begin(struct session *s, struct err *err)
{
	struct undo *u = &s->undo;
	size_t rows = ((size_t)s->tree.n + 1) * sizeof(*s->tree.rows);

	if (u->rows_cap < rows) {
		struct row *more = malloc(rows + rows / 2);

		if (more == NULL)
			return err_nomem(err);
		if (u->rows != NULL)
			wipe(u->rows, u->rows_cap);
		free(u->rows);
		u->rows = more;
		u->rows_cap = rows + rows / 2;
	}
	memcpy(u->rows, s->tree.rows, rows);
	u->n = s->tree.n;
	u->dead = s->tree.dead;
	u->language = s->env.language;
	buf_reset(&u->text);
	if (s->tree.text.len > 0)
		buf_put(&u->text, s->tree.text.data, s->tree.text.len);
	return buf_check(&u->text, err);
}

void
undo_back(struct session *s)
{
	struct undo *u = &s->undo;
	uint32_t words = (s->f->n_vertices + 63) / 64;

	/* both buffers only grew: there is room */
	memcpy(s->tree.rows, u->rows, ((size_t)u->n + 1) * sizeof(*s->tree.rows));
	if (s->tree.n > u->n)
		wipe(&s->tree.rows[u->n + 1], (s->tree.n - u->n) * sizeof(*s->tree.rows));
	s->tree.n = u->n;
	s->tree.dead = u->dead;
	buf_reset(&s->tree.text);
	if (u->text.len > 0)
		buf_put(&s->tree.text, u->text.data, u->text.len);
	s->env.language = u->language;
	s->run.language = u->language;
	s->n_fresh = 0;
	s->action_depth = 0;
	memset(s->dirty, 0, (s->f->n_vertices + 1) * sizeof(*s->dirty));
	memset(s->dirty_bits, 0, words * sizeof(*s->dirty_bits));
	s->dirty_from = 0;
}

void
undo_clear(struct session *s)
{
	if (s->undo.rows != NULL)
		wipe(s->undo.rows, s->undo.rows_cap);
	free(s->undo.rows);
	buf_free(&s->undo.text);
}
