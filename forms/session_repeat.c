/* Repeats in a session: instances added, removed, counted. */
#include <stdlib.h>
#include <string.h>

#include "forms/state.h"

uint32_t
count_seen(const struct session *s, uint32_t head)
{
	uint32_t n = 0;

	for (uint32_t i = head_first(&s->tree, head); i != 0; i = instance_next(&s->tree, i))
		n += row_seen(s, i);
	return n;
}

static bool
fresh_add(struct session *s, uint32_t instance)
{
	if (s->n_fresh == s->cap_fresh) {
		uint32_t cap = s->cap_fresh == 0 ? 16 : s->cap_fresh * 2;
		uint32_t *list = realloc(s->fresh, cap * sizeof(*list));

		if (list == NULL)
			return false;
		s->fresh = list;
		s->cap_fresh = cap;
	}
	s->fresh[s->n_fresh++] = instance;
	return true;
}

enum err_code
add_instance(struct session *s, uint32_t head, uint32_t *row, struct err *err)
{
	struct err mine = { 0 };
	uint32_t at, parent;
	bool hidden;

	if (err == NULL)
		err = &mine;
	at = block_add(&s->tree, s->f, head, true, err);
	if (at == 0)
		return err->code;
	if (!fresh_add(s, at))
		return err_nomem(err);
	parent = s->tree.rows[at].parent;
	hidden = (s->tree.rows[parent].flags & (ROW_OFF | ROW_HIDDEN | ROW_SURPLUS)) != 0;
	if (hidden) {
		s->tree.rows[at].flags |= ROW_HIDDEN;
		refresh_hidden(s, at);
	}
	dirty_instance(s, at);
	fire_structure(s, head);
	*row = at;
	return ERR_OK;
}

/* Eager: lowered, the surplus is not relevant; raised, it is back (forms.md 3.5, 21). */
enum err_code
set_count(struct session *s, uint32_t head, uint32_t count, struct err *err)
{
	uint32_t n = 0, at;
	bool changed = false;

	for (uint32_t i = head_first(&s->tree, head); i != 0; i = instance_next(&s->tree, i)) {
		bool surplus = n++ >= count;

		if (((s->tree.rows[i].flags & ROW_SURPLUS) != 0) == surplus)
			continue;
		s->tree.rows[i].flags ^= ROW_SURPLUS;
		if ((s->tree.rows[i].flags & (ROW_OFF | ROW_HIDDEN)) == 0) {
			fire(s, i);
			refresh_hidden(s, i);
		}
		changed = true;
	}
	for (; n < count; n++) {
		enum err_code rc = add_instance(s, head, &at, err);

		if (rc != ERR_OK)
			return rc;
	}
	if (changed)
		fire_structure(s, head);
	return ERR_OK;
}

enum err_code
run_fresh(struct session *s, struct err *err)
{
	uint32_t n = s->n_fresh, *list = s->fresh;
	enum err_code rc = ERR_OK;

	s->fresh = NULL;
	s->n_fresh = s->cap_fresh = 0;
	for (uint32_t i = 0; i < n && rc == ERR_OK; i++)
		if ((s->tree.rows[list[i]].flags & ROW_GONE) == 0)
			rc = actions_run(s, ON_NEW_REPEAT, s->tree.rows[list[i]].node, list[i], err);
	free(list);
	return rc;
}
