/* Families of definitions. See families.h. */
#include "indicators/families.h"

#include <stdlib.h>
#include <string.h>

#include "indicators/evaluate_lint.h"

/* A question that a definition counts. Borrowed from the definitions. */
struct counted {
	const char *form, *name;
	size_t len, definition;
};

struct counting {
	struct counted *list;
	size_t n, cap, definition;
	const char *form;
	bool failed;
};

static void
count(void *arg, const char *name, size_t len)
{
	struct counting *c = arg;

	if (len == 0 || name[0] == '_')	/* who somebody is may be in all of them */
		return;
	if (c->n == c->cap) {
		size_t cap = c->cap * 2 + 64;
		struct counted *more = realloc(c->list, cap * sizeof(*more));

		if (more == NULL) {
			c->failed = true;
			return;
		}
		c->list = more;
		c->cap = cap;
	}
	c->list[c->n++] = (struct counted){ c->form, name, len, c->definition };
}

static int
by_question(const void *va, const void *vb)
{
	const struct counted *a = va, *b = vb;
	int d = strcmp(a->form, b->form);

	if (d == 0)
		d = strncmp(a->name, b->name, a->len < b->len ? a->len : b->len);
	return d != 0 ? d : a->len < b->len ? -1 : a->len > b->len;
}

static size_t
first_of(size_t *family, size_t i)
{
	while (family[i] != i)
		i = family[i] = family[family[i]];
	return i;
}

static void
join(size_t *family, size_t a, size_t b)
{
	a = first_of(family, a);
	b = first_of(family, b);
	family[a > b ? a : b] = a < b ? a : b;
}

/* A mean or a score is no count that another could be subtracted from. */
static bool
counts_people(const struct definition *d)
{
	return d->kind == KIND_PROPORTION || d->kind == KIND_OPTIONS || d->kind == KIND_THEME;
}

enum err_code
families_of(const struct library *l, size_t **family, struct err *err)
{
	struct counting c = { 0 };
	size_t *made = calloc(l->n + 1, sizeof(*made));

	*family = NULL;
	if (made == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < l->n; i++) {
		made[i] = i;
		c.definition = i;
		for (size_t b = 0; b < l->list[i]->n_blocks && counts_people(l->list[i]); b++) {
			c.form = l->list[i]->blocks[b].form;
			evaluate_counted(&l->list[i]->blocks[b], count, &c);
		}
	}
	for (size_t i = 0; i < l->n; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(l->list[i]->family, l->list[k]->family) == 0)
				join(made, i, k);
	if (c.n > 0)
		qsort(c.list, c.n, sizeof(*c.list), by_question);
	for (size_t i = 1; i < c.n; i++)
		if (by_question(&c.list[i - 1], &c.list[i]) == 0)
			join(made, c.list[i - 1].definition, c.list[i].definition);
	for (size_t i = 0; i < l->n; i++)
		made[i] = first_of(made, i);
	free(c.list);
	if (c.failed) {
		free(made);
		return err_nomem(err);
	}
	*family = made;
	return ERR_OK;
}
