/* Relevance expressions as people read them. See paper_when.h. */
#include "kiosk/paper_when.h"

#include <string.h>

#include "forms/ast.h"

enum { WHEN_OR = 8 };

struct sheet_so_far { const struct paper_known *known; size_t n; };

static const struct paper_known *
find(const struct sheet_so_far *x, const char *name)
{
	for (size_t i = x->n; i-- > 0; )
		if (strcmp(x->known[i].name, name) == 0)
			return &x->known[i];
	return NULL;
}

static const char *
last_name(const struct ast *e)
{
	const struct ast_step *s = e->kind == AST_PATH && e->start != FROM_EXPR ? e->steps : NULL;

	while (s != NULL && s->next != NULL)
		s = s->next;
	return s != NULL && s->test == TEST_NAME && s->preds == NULL ? s->name : NULL;
}

/* One of "q = 'x'", "selected(q, 'x')", or some of them joined by "or", all of one question: the labels of the values.
 * False: anything else. */
static bool
chosen(const struct sheet_so_far *x, const struct ast *e, const struct paper_known **of, const char *labels[WHEN_OR], size_t *n)
{
	const struct ast *where = NULL, *what = NULL;
	const struct paper_known *q;

	if (e->kind == AST_BINARY && e->op == TOK_OR)
		return chosen(x, e->a, of, labels, n) && chosen(x, e->b, of, labels, n);
	if (e->kind == AST_BINARY && e->op == TOK_EQ) {
		where = e->a;
		what = e->b;
	} else if (e->kind == AST_CALL && strcmp(e->text, "selected") == 0 && e->n == 2) {
		where = e->a;
		what = e->a->next;
	}
	if (where == NULL || what == NULL || what->kind != AST_STRING || last_name(where) == NULL)
		return false;
	q = find(x, last_name(where));
	if (q == NULL || (*of != NULL && *of != q) || *n >= WHEN_OR)
		return false;
	*of = q;
	for (size_t i = 0; i < q->n; i++)
		if (strlen(q->values[i]) == what->len && memcmp(q->values[i], what->text, what->len) == 0) {
			labels[(*n)++] = q->labels[i];
			return true;
		}
	return false;
}

/* TEXT with {1}, {2} filled in. */
static const char *
fill(struct arena *a, const char *text, const char *x, const char *y)
{
	struct buf b;
	const char *out;

	buf_init(&b, 64 << 10);
	words_fill(&b, text, x, y);
	out = buf_check(&b, NULL) == ERR_OK ? arena_strn(a, buf_str(&b), b.len) : NULL;
	buf_free(&b);
	return out;
}

const char *
paper_when(const struct words *w, const struct paper_known *known, size_t n, const char *const *when, struct arena *a)
{
	const struct sheet_so_far x = { known, n };
	const char *labels[WHEN_OR], *text = w->sheet_if;
	const struct paper_known *of = NULL;
	struct arena tree;
	struct ast *e;
	struct err err;
	size_t found = 0;

	if (when[0] == NULL)
		return "";
	arena_init(&tree, 1 << 20);
	if (when[1] == NULL && ast_parse(&tree, when[0], strlen(when[0]), false, NULL, &e, &err) == ERR_OK
	    && chosen(&x, e, &of, labels, &found) && found > 0) {
		text = labels[0];
		for (size_t i = 1; i < found && text != NULL; i++)
			text = fill(a, w->sheet_or, text, labels[i]);
		text = text == NULL ? NULL : fill(a, w->sheet_only, of->number, text);
	}
	arena_clear(&tree);
	return text;
}
