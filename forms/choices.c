/* Choices of selects, for those who judge expressions and score answers. See choices.h. A session without answers is
 * asked what each select offers; what depends on answers is not told. */
#include "forms/choices.h"

#include <string.h>

#include "forms/state.h"

static int64_t
no_time(void *arg)
{
	(void)arg;
	return 0;
}

static void
no_chance(void *arg, void *out, size_t len)
{
	(void)arg;
	memset(out, 0, len);
}

static const struct body *
find_select(const struct form *f, const char *question)
{
	for (uint32_t i = 0; i < f->n_bodies; i++) {
		const struct body *b = &f->bodies[i];

		if (b->kind == BODY_CONTROL && b->node != NO_NODE && !b->filtered
		    && (b->control == CONTROL_SELECT1 || b->control == CONTROL_SELECT || b->control == CONTROL_RANK)
		    && strcmp(form_node_name(f, b->node), question) == 0)
			return b;
	}
	return NULL;
}

static const char *
column(const struct offer *o, const char *name, struct arena *arena)
{
	const struct tree *t = o->item.tree;

	if (o->item.row == 0)
		return arena_str(arena, "");
	for (uint32_t c = t->rows[o->item.row].first; c != 0; c = t->rows[c].next)
		if (t->rows[c].kind == ROW_ELEMENT && strcmp(t->names->list[t->rows[c].name].text, name) == 0)
			return arena_strn(arena, tree_text(t, c), t->rows[c].len);
	return arena_str(arena, "");
}

enum err_code
form_choices(const struct form *f, const char *question, struct arena *arena, const struct form_choice **out, size_t *n,
    struct err *err)
{
	struct session_env env = { .now_ms = no_time, .random = no_chance };
	const struct body *b = find_select(f, question);
	struct session *s = NULL;
	struct form_choice *list = NULL;
	struct offer *offered;
	uint32_t count = 0;
	enum err_code rc;

	*out = NULL;
	*n = 0;
	if (b == NULL)
		return err_set(err, ERR_ABSENT, "form %s has no select called %s with choices of its own", form_id(f), question);
	rc = session_new(f, &env, &s, err);
	if (rc == ERR_OK) {
		begin_answer(s);
		rc = offers(s, 1, b, &offered, &count, err);
	}
	if (rc == ERR_OK) {
		list = arena_calloc(arena, (size_t)count + 1, sizeof(*list));
		rc = list == NULL ? err_nomem(err) : ERR_OK;
	}
	for (uint32_t i = 0; i < count && rc == ERR_OK; i++) {
		list[i] = (struct form_choice){ arena_strn(arena, offered[i].value, offered[i].len),
		    column(&offered[i], "score", arena), column(&offered[i], "opt_out", arena) };
		if (list[i].value == NULL || list[i].score == NULL || list[i].opt_out == NULL)
			rc = err_nomem(err);
	}
	session_free(s);
	if (rc != ERR_OK)
		return rc;
	*out = list;
	*n = count;
	return ERR_OK;
}

static enum err_code
question(const struct form *f, uint32_t node, struct arena *arena, struct form_question *out, struct err *err)
{
	const struct form_node *n = &f->nodes[node];
	struct buf path;

	buf_init(&path, 4096);
	form_path(f, node, &path);
	*out = (struct form_question){ arena_str(arena, form_node_name(f, node)), arena_str(arena, buf_str(&path)),
	    (enum value_type)n->type, f->bodies[n->control - 1].control, n->repeat != 0 };
	buf_free(&path);
	return out->name == NULL || out->path == NULL ? err_nomem(err) : ERR_OK;
}

enum err_code
form_questions_list(const struct form *f, struct arena *arena, const struct form_question **out, size_t *n, struct err *err)
{
	struct form_question *list = arena_calloc(arena, (size_t)f->n_nodes + 1, sizeof(*list));
	enum err_code rc = list == NULL ? err_nomem(err) : ERR_OK;

	*out = NULL;
	*n = 0;
	for (uint32_t i = 0; i < f->n_nodes && rc == ERR_OK; i++) {
		uint32_t control = f->nodes[i].control;

		if (control == 0 || f->bodies[control - 1].kind != BODY_CONTROL || f->bodies[control - 1].control == CONTROL_NOTE)
			continue;
		rc = question(f, i, arena, &list[*n], err);
		(*n)++;
	}
	if (rc == ERR_OK)
		*out = list;
	else
		*n = 0;
	return rc;
}

const char *
form_group_extra(const struct form *f, const char *path, const char *key)
{
	for (uint32_t i = 0; i < f->n_bodies; i++) {
		const struct body *b = &f->bodies[i];

		if (b->kind != BODY_GROUP || b->path == NULL || strcmp(b->path, path) != 0 || b->extra == NULL)
			continue;
		for (const char *const *e = b->extra; e[0] != NULL; e += 2)
			if (strcmp(e[0], key) == 0)
				return e[1];
	}
	return "";
}
