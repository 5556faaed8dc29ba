/* Actions run: setvalue on first load, on change, in new instances. forms.md 3.5, 22. */
#include <string.h>

#include "forms/state.h"

enum { ACTION_DEPTH = 50 };

struct targets { struct session *s; const struct action *a; struct err *err; enum err_code rc; };

static bool
set_target(void *arg, uint32_t row)
{
	struct targets *w = arg;
	struct session *s = w->s;
	struct val v, text;
	bool changed;

	if (w->a->value != NULL) {
		w->rc = run_at(s, w->a->value, row, &v, w->err);
		if (w->rc != ERR_OK)
			return false;
	} else {
		v = (struct val){ .kind = VAL_STRING, .n = (uint32_t)w->a->text_len, .u.s = w->a->text };
	}
	s->run.err = w->err;
	if (!value_for_node(s, w->a->target, &v, &text)) {
		w->rc = s->run.rc != ERR_OK ? s->run.rc : err_nomem(w->err);
		return false;
	}
	w->rc = store(s, row, &text, &changed, w->err);
	if (w->rc != ERR_OK || !changed)
		return w->rc == ERR_OK;
	if (s->f->nodes[w->a->target].calculate != NULL)
		s->tree.rows[row].flags |= ROW_USER;
	if (row_seen(s, row))
		fire(s, row);
	if (s->dispatch)
		w->rc = actions_run(s, ON_CHANGED, w->a->target, row, w->err);
	return w->rc == ERR_OK;
}

/* Actions of EVENT that stand in the question or repeat NODE (NO_NODE: all), for its ROW. */
enum err_code
actions_run(struct session *s, unsigned event, uint32_t node, uint32_t row, struct err *err)
{
	const struct form *f = s->f;

	if (f->n_actions == 0)
		return ERR_OK;
	if (++s->action_depth > ACTION_DEPTH) {
		s->action_depth--;
		return err_set(err, ERR_LIMIT, "actions set off each other without end");
	}
	for (uint32_t i = 0; i < f->n_actions; i++) {
		const struct action *a = &f->actions[i];
		struct targets w = { .s = s, .a = a, .err = err };
		uint32_t base = 1, repeat = 0;

		if ((a->events & event) == 0)
			continue;
		if (event == ON_CHANGED && a->source != node)
			continue;
		if (event == ON_NEW_REPEAT && a->repeat != node)
			continue;
		if (event == ON_CHANGED || event == ON_NEW_REPEAT) {
			repeat = a->target_scope;
			base = block_of(&s->tree, f, row, repeat);
			/* the computed state is what the action sees */
			if (event == ON_CHANGED && !s->loading) {
				enum err_code rc = settle(s, err);

				if (rc != ERR_OK) {
					s->action_depth--;
					return rc;
				}
			}
		}
		if (a->where != NULL) {
			struct val v;

			w.rc = run_at(s, a->where, row, &v, err);
			for (uint32_t k = 0; w.rc == ERR_OK && v.kind == VAL_SET && k < v.n; k++)
				if (v.u.set[k].tree == &s->tree)
					set_target(&w, v.u.set[k].row);
		} else if (base != 0)
			block_each(&s->tree, f, base, repeat, a->target, set_target, &w);
		if (w.rc != ERR_OK) {
			s->action_depth--;
			return w.rc;
		}
	}
	s->action_depth--;
	return ERR_OK;
}
