/* Choices: what a question offers now, what a choice is called, and clearing what is offered no more. */
#include <string.h>

#include "forms/state.h"
#include "forms/text.h"

static uint32_t
child_row(const struct tree *t, uint32_t item, uint32_t name)
{
	for (uint32_t c = t->rows[item].first; c != 0; c = t->rows[c].next)
		if (t->rows[c].kind == ROW_ELEMENT && t->rows[c].name == name)
			return c;
	return 0;
}

/* Text of the child NAME of an item; NAME 0: of the item itself. */
static bool
item_text(struct run *x, struct nref item, uint32_t name, struct val *out)
{
	uint32_t c = name == 0 ? item.row : child_row(item.tree, item.row, name);
	struct nref node = { item.tree, c };

	if (c == 0) {
		*out = (struct val){ .kind = VAL_STRING, .n = 0, .u.s = "" };
		return true;
	}
	return node_string(x, node, out);
}

enum err_code
offers(struct session *s, uint32_t row, const struct body *b, struct offer **list, uint32_t *n, struct err *err)
{
	struct val v, text;
	struct offer *o;
	enum err_code rc;

	*n = 0;
	*list = NULL;
	if (b->itemset == NULL) {
		o = scratch_get(&s->scratch, (b->n_choices + 1) * sizeof(*o));
		if (o == NULL)
			return err_nomem(err);
		for (uint32_t i = 0; i < b->n_choices; i++)
			o[i] = (struct offer){ .choice = &b->choices[i], .value = b->choices[i].value,
			    .len = (uint32_t)b->choices[i].value_len };
		*list = o;
		*n = b->n_choices;
		return ERR_OK;
	}
	rc = run_at(s, b->itemset, row, &v, err);
	if (rc != ERR_OK)
		return rc;
	if (v.kind != VAL_SET)
		return ERR_OK;
	o = scratch_get(&s->scratch, (v.n + 1) * sizeof(*o));
	if (o == NULL)
		return err_nomem(err);
	s->run.err = err;
	for (uint32_t i = 0; i < v.n; i++) {
		if (!item_text(&s->run, v.u.set[i], b->value_name, &text))
			return s->run.rc;
		/* a select from a repeat offers no blanks */
		if (text.n == 0 && v.u.set[i].tree == &s->tree)
			continue;
		o[*n] = (struct offer){ .item = v.u.set[i], .value = text.u.s, .len = text.n };
		(*n)++;
	}
	*list = o;
	return ERR_OK;
}

bool
offer_label(struct run *x, const struct body *b, const struct offer *o, uint32_t row, enum text_form form, struct buf *out)
{
	struct val v;

	if (o->choice != NULL)
		return shown_put(x, &o->choice->label, row, form, out);
	if (b->label_ref == NULL) {
		if (form == TEXT_LONG)
			buf_put(out, o->value, o->len);
		return true;
	}
	if (!item_text(x, o->item, b->label_name, &v))
		return false;
	if (b->label_itext) {
		uint32_t id = itext_find(x->form, v.u.s, v.n);
		const struct pieces *p = itext_pieces(x->form, x->language, id, form);

		if (p == NULL && form == TEXT_LONG)
			p = itext_pieces(x->form, x->language, id, TEXT_SHORT);
		return pieces_put(x, p, row, out);
	}
	/* an item without a label is better known by its value than by nothing */
	if (form == TEXT_LONG && v.n > 0)
		buf_put(out, v.u.s, v.n);
	else if (form == TEXT_LONG)
		buf_put(out, o->value, o->len);
	return true;
}

/* jr:choice-name: the label of VALUE among what the question offers where the expression stands. */
bool
choice_label(struct run *x, uint32_t node, const char *value, size_t len, struct val *out)
{
	struct session *s = x->session;
	const struct form *f = x->form;
	const struct body *b = &f->bodies[f->nodes[node].control - 1];
	uint32_t row = x->current.tree == x->main ? x->current.row : 1, n, repeat = f->nodes[node].repeat, base;
	struct offer *list;
	struct buf buf;
	bool ok = true;

	if (s == NULL || x->depth > 20)
		return false;
	base = repeat == 0 ? 1 : block_of(x->main, f, row, repeat);
	row = base != 0 ? block_row(f, base, node) : row;
	x->depth++;
	if (offers(s, row, b, &list, &n, x->err) != ERR_OK) {
		x->depth--;
		return false;
	}
	buf_init_secret(&buf, x->max_string);
	for (uint32_t i = 0; i < n; i++)
		if (list[i].len == len && memcmp(list[i].value, value, len) == 0) {
			ok = offer_label(x, b, &list[i], row, TEXT_LONG, &buf);
			break;
		}
	x->depth--;
	return put_buf(x, out, &buf, ok);
}

static bool
offered(const struct offer *list, uint32_t n, const char *word, size_t len)
{
	for (uint32_t i = 0; i < n; i++)
		if (list[i].len == len && memcmp(list[i].value, word, len) == 0)
			return true;
	return false;
}

/* Keep of the value what is offered still. */
enum err_code
check_offer(struct session *s, uint32_t row, struct err *err)
{
	const struct form_node *node = &s->f->nodes[s->tree.rows[row].node];
	const struct body *b = &s->f->bodies[node->control - 1];
	const char *text = tree_text(&s->tree, row);
	uint32_t len = s->tree.rows[row].len, n;
	struct offer *list;
	struct buf kept;
	struct val v;
	bool changed;
	enum err_code rc;

	if (len == 0)
		return ERR_OK;
	rc = offers(s, row, b, &list, &n, err);
	if (rc != ERR_OK)
		return rc;
	buf_init_secret(&kept, (size_t)len + 1);
	if (b->control == CONTROL_SELECT1) {
		if (offered(list, n, text, len))
			buf_put(&kept, text, len);
	} else {
		for (uint32_t i = 0, from; i < len; ) {
			while (i < len && strchr(" \t\r\n", text[i]) != NULL)
				i++;
			for (from = i; i < len && strchr(" \t\r\n", text[i]) == NULL; )
				i++;
			if (i > from && offered(list, n, text + from, i - from)) {
				if (kept.len > 0)
					buf_putc(&kept, ' ');
				buf_put(&kept, text + from, i - from);
			}
		}
		/* nothing lost: leave the blanks as they are */
		if (kept.len == len)
			buf_reset(&kept), buf_put(&kept, text, len);
	}
	rc = buf_check(&kept, err);
	if (rc == ERR_OK && !put_text(&s->run, &v, buf_str(&kept), kept.len))
		rc = s->scratch.failed ? err_nomem(err) : err_set(err, ERR_LIMIT, "too much memory for one answer (limit memory)");
	buf_free(&kept);
	if (rc != ERR_OK)
		return rc;
	rc = store(s, row, &v, &changed, err);
	if (rc == ERR_OK && changed && row_seen(s, row))
		fire(s, row);
	return rc;
}
