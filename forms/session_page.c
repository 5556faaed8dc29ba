/* Pages: what to show next, with its texts, choices and values; and what is wrong with the answers. */
#include <stdlib.h>
#include <string.h>

#include "forms/state.h"
#include "forms/text.h"

/* --- states computed when asked -------------------------------------------------------------------------- */

static bool
holds(struct session *s, const struct program *p, uint32_t row)
{
	struct val v;
	struct err err = { 0 };

	if (run_at(s, p, row, &v, &err) != ERR_OK)
		return false;
	return truth(s, &v);
}

/* Inherited (forms.md 3.5, 2 and 3). */
bool
row_readonly(struct session *s, uint32_t row)
{
	for (; row > 1; row = s->tree.rows[row].parent) {
		const struct program *p = s->f->nodes[s->tree.rows[row].node].readonly;

		if (p != NULL && holds(s, p, row))
			return true;
	}
	return false;
}

bool
row_required(struct session *s, uint32_t row)
{
	const struct program *p = s->f->nodes[s->tree.rows[row].node].required;

	return p != NULL && !s->env.on_paper && holds(s, p, row);
}

/* Blanks do not answer a required question (forms.md 3.5, 5). */
static bool
is_blank(const struct session *s, uint32_t row)
{
	const char *t = tree_text(&s->tree, row);

	for (uint32_t i = 0; i < s->tree.rows[row].len; i++)
		if (strchr(" \t\r\n", t[i]) == NULL)
			return false;
	return true;
}

static bool
violated(struct session *s, uint32_t row, enum violation_kind *kind)
{
	const struct form_node *n = &s->f->nodes[s->tree.rows[row].node];

	if (is_blank(s, row) && row_required(s, row)) {
		*kind = VIOLATION_REQUIRED;
		return true;
	}
	if (s->tree.rows[row].len == 0)
		return false;
	if ((n->flags & NODE_CONTROL) != 0 && !stored_is_valid(s, row)) {
		*kind = VIOLATION_TYPE;
		return true;
	}
	if (n->constraint != NULL && !holds(s, n->constraint, row)) {
		*kind = VIOLATION_CONSTRAINT;
		return true;
	}
	return false;
}

/* --- the pages in order ------------------------------------------------------------------------------------ */

/* A page is visited with the body element it shows and the instance it stands in. */
typedef bool page_fn(void *arg, uint32_t id, uint32_t body, uint32_t base);
struct visit { struct session *s; page_fn *fn; void *arg; };

static uint32_t
row_in(const struct session *s, uint32_t base, uint32_t node)
{
	uint32_t repeat = s->f->nodes[node].repeat, at = base;

	if (repeat != (base <= 1 ? 0 : s->tree.rows[base].node))
		at = block_of(&s->tree, s->f, base, repeat);
	return at == 0 ? 0 : block_row(s->f, at, node);
}

static uint32_t
head_in(const struct session *s, uint32_t base, uint32_t repeat)
{
	uint32_t around = s->f->nodes[s->f->nodes[repeat].parent].repeat;
	uint32_t at = around == 0 ? 1 : block_of(&s->tree, s->f, base, around);

	return at == 0 ? 0 : at + s->f->nodes[repeat].head;
}

/* The row that names a field list: of its first element. */
static uint32_t
list_id(const struct session *s, uint32_t body, uint32_t base)
{
	const struct form *f = s->f;

	for (uint32_t i = body; i < f->bodies[body].end; i++) {
		if (f->bodies[i].kind == BODY_CONTROL)
			return row_in(s, base, f->bodies[i].node);
		if (f->bodies[i].kind == BODY_REPEAT)
			return head_in(s, base, f->bodies[i].node);
	}
	return 0;
}

/* Is anything of a field list to be seen? */
static bool
any_seen(const struct session *s, uint32_t body, uint32_t base)
{
	const struct form *f = s->f;

	for (uint32_t i = body + 1; i < f->bodies[body].end; i++) {
		const struct body *b = &f->bodies[i];
		uint32_t row;

		if (b->kind == BODY_CONTROL && f->nodes[b->node].control == i + 1) {
			row = row_in(s, base, b->node);
			if (row != 0 && row_seen(s, row))
				return true;
		} else if (b->kind == BODY_REPEAT) {
			row = head_in(s, base, b->node);
			if (row != 0 && row_seen(s, s->tree.rows[row].parent)
			    && (!f->nodes[b->node].no_add || count_seen(s, row) > 0))
				return true;
			i = b->end - 1;
		}
	}
	return false;
}

static bool visit_list(struct visit *v, uint32_t first, uint32_t base);

static bool
visit_one(struct visit *v, uint32_t i, uint32_t base)
{
	struct session *s = v->s;
	const struct form *f = s->f;
	const struct body *b = &f->bodies[i];
	uint32_t row, head;

	switch (b->kind) {
	case BODY_CONTROL:
		row = row_in(s, base, b->node);
		if (row == 0 || f->nodes[b->node].control != i + 1 || !row_seen(s, row))
			return true;
		return v->fn(v->arg, row, i, base);
	case BODY_GROUP:
		if (b->node != NO_NODE && !form_is_repeat(f, b->node)) {
			row = row_in(s, base, b->node);
			if (row == 0 || !row_seen(s, row))
				return true;
		}
		if (b->field_list && any_seen(s, i, base)) {
			row = list_id(s, i, base);
			return row == 0 || v->fn(v->arg, row, i, base);
		}
		return b->field_list || visit_list(v, b->first, base);
	case BODY_REPEAT:
		head = head_in(s, base, b->node);
		if (head == 0 || !row_seen(s, s->tree.rows[head].parent))
			return true;
		for (uint32_t k = head_first(&s->tree, head); k != 0; k = instance_next(&s->tree, k)) {
			if (!row_seen(s, k))
				continue;
			if (b->field_list && any_seen(s, i, k)) {
				row = list_id(s, i, k);
				/* a repeat as field list: one page an instance */
				if (row != 0 && !v->fn(v->arg, row, i, k))
					return false;
			} else if (!b->field_list && !visit_list(v, b->first, k)) {
				return false;
			}
		}
		return f->nodes[b->node].no_add || v->fn(v->arg, head, i, base);
	}
	return true;
}

static bool
visit_list(struct visit *v, uint32_t first, uint32_t base)
{
	for (uint32_t i = first; i != 0; i = v->s->f->bodies[i - 1].next)
		if (!visit_one(v, i - 1, base))
			return false;
	return true;
}

static void
visit_pages(struct session *s, page_fn *fn, void *arg)
{
	struct visit v = { s, fn, arg };

	if (s->f->n_bodies > 0)
		visit_list(&v, 1, 1);
}

struct search { uint32_t want, before, found; bool seen; uint32_t body, base; };

static bool
find_next(void *arg, uint32_t id, uint32_t body, uint32_t base)
{
	struct search *x = arg;

	(void)body;
	(void)base;
	if (x->want == 0 || x->seen) {
		x->found = id;
		return false;
	}
	x->seen = id == x->want;
	if (!x->seen)
		x->before = id;
	return true;
}

bool
session_next(struct session *s, uint32_t *page)
{
	struct search x = { .want = *page };

	begin_answer(s);
	visit_pages(s, find_next, &x);
	if (x.found == 0)
		return false;
	*page = x.found;
	return true;
}

bool
session_previous(struct session *s, uint32_t *page)
{
	struct search x = { .want = *page };

	begin_answer(s);
	visit_pages(s, find_next, &x);
	if (x.before == 0 || (*page != 0 && !x.seen))
		return false;
	*page = x.before;
	return true;
}

/* --- one page ------------------------------------------------------------------------------------------------- */

struct maker { struct session *s; struct page *out; struct err *err; enum err_code rc; size_t cap; };

/* B's text with the page; B is empty then. */
static const char *
take(struct maker *m, struct buf *b)
{
	const char *s = b->len == 0 ? "" : arena_strn(&m->s->page, buf_str(b), b->len);

	if (b->failed == ERR_NOMEM || (b->failed == ERR_OK && s == NULL && !m->s->page.limited))
		m->rc = err_nomem(m->err);
	else if (b->failed != ERR_OK || s == NULL)
		m->rc = err_set(m->err, ERR_LIMIT, "the page is too long");
	buf_reset(b);
	return s != NULL ? s : "";
}

static const char *
keep(struct maker *m, struct buf *b)
{
	const char *s = take(m, b);

	buf_free(b);
	return s;
}

static const char *
text_of(struct maker *m, const struct shown *t, uint32_t row, enum text_form form)
{
	struct buf b;

	if (t->itext == 0 && t->ref == NULL && (t->literal.n == 0 || form != TEXT_LONG))
		return "";
	buf_init_secret(&b, m->s->f->limits.string_bytes);
	m->s->run.err = m->err;
	m->s->run.language = m->s->env.language;
	if (!shown_put(&m->s->run, t, row, form, &b))
		m->rc = m->s->run.rc != ERR_OK ? m->s->run.rc : ERR_NOMEM;
	return keep(m, &b);
}

static const char *
column(struct maker *m, const struct offer *o, const char *name)
{
	const struct tree *t = o->item.tree;

	if (o->item.row == 0)
		return "";
	for (uint32_t c = t->rows[o->item.row].first; c != 0; c = t->rows[c].next)
		if (t->rows[c].kind == ROW_ELEMENT && strcmp(t->names->list[t->rows[c].name].text, name) == 0) {
			const char *v = arena_strn(&m->s->page, tree_text(t, c), t->rows[c].len);

			return v != NULL ? v : "";
		}
	return "";
}

/* Is WORD among the words of VALUE? Its place from 1; 0: no. */
static int
word_at(const char *value, size_t n, const char *word, size_t len)
{
	int place = 0;

	for (size_t i = 0, from; i < n; ) {
		while (i < n && strchr(" \t\r\n", value[i]) != NULL)
			i++;
		for (from = i; i < n && strchr(" \t\r\n", value[i]) == NULL; )
			i++;
		if (i > from) {
			place++;
			if (i - from == len && memcmp(value + from, word, len) == 0)
				return place;
		}
	}
	return 0;
}

static void
choices(struct maker *m, const struct body *b, struct page_control *c)
{
	struct session *s = m->s;
	const char *value = tree_text(&s->tree, c->row);
	size_t len = s->tree.rows[c->row].len;
	struct offer *list;
	struct buf shown, t;
	uint32_t n;

	m->rc = offers(s, c->row, b, &list, &n, m->err);
	if (m->rc != ERR_OK)
		return;
	c->choices = arena_calloc(&s->page, n + 1, sizeof(*c->choices));
	if (c->choices == NULL) {
		m->rc = err_nomem(m->err);
		return;
	}
	buf_init_secret(&shown, s->f->limits.string_bytes);
	buf_init_secret(&t, s->f->limits.string_bytes);
	for (uint32_t i = 0; i < n && m->rc == ERR_OK; i++) {
		struct page_choice *p = &c->choices[i];
		const char *texts[3];
		static const enum text_form forms[3] = { TEXT_LONG, TEXT_IMAGE, TEXT_AUDIO };

		for (int k = 0; k < 3; k++) {
			s->run.err = m->err;
			if (!offer_label(&s->run, b, &list[i], c->row, forms[k], &t))
				m->rc = s->run.rc;
			texts[k] = take(m, &t);
		}
		p->label = texts[0];
		p->image = texts[1];
		p->audio = texts[2];
		p->value = arena_strn(&s->page, list[i].value, list[i].len);
		p->score = column(m, &list[i], "score");
		p->opt_out = column(m, &list[i], "opt_out");
		p->symbol = column(m, &list[i], "symbol");
		if (b->control == CONTROL_SELECT1)
			p->chosen = len == list[i].len && memcmp(value, list[i].value, len) == 0;
		else
			p->rank = word_at(value, len, list[i].value, list[i].len);
		if (b->control != CONTROL_SELECT1) {
			p->chosen = p->rank != 0;
			if (b->control != CONTROL_RANK)
				p->rank = 0;
		}
		if (p->value == NULL)
			m->rc = err_nomem(m->err);
		if (p->chosen)
			buf_printf(&shown, "%s%s", shown.len > 0 ? ", " : "", p->label);
	}
	buf_free(&t);
	c->n_choices = n;
	if (shown.len > 0)
		c->shown = keep(m, &shown);
	else
		buf_free(&shown);
}

static struct page_control *
new_control(struct maker *m)
{
	struct page *p = m->out;

	if (p->n_controls == m->cap) {
		size_t cap = m->cap == 0 ? 4 : m->cap * 2;
		struct page_control *list = arena_calloc(&m->s->page, cap, sizeof(*list));

		if (list == NULL) {
			m->rc = err_nomem(m->err);
			return NULL;
		}
		if (p->n_controls > 0)
			memcpy(list, p->controls, p->n_controls * sizeof(*list));
		p->controls = list;
		m->cap = cap;
	}
	return &p->controls[p->n_controls++];
}

static void
texts(struct maker *m, const struct body *b, struct page_control *c, uint32_t row)
{
	c->label = text_of(m, &b->label, row, TEXT_LONG);
	c->image = text_of(m, &b->label, row, TEXT_IMAGE);
	c->audio = text_of(m, &b->label, row, TEXT_AUDIO);
	c->video = text_of(m, &b->label, row, TEXT_VIDEO);
	c->hint = text_of(m, &b->hint, row, TEXT_LONG);
	c->guidance = text_of(m, &b->hint, row, TEXT_GUIDANCE);
}

static void
put_control(struct maker *m, uint32_t body, uint32_t row)
{
	static const char *const none[] = { NULL };
	struct session *s = m->s;
	const struct body *b = &s->f->bodies[body];
	const struct form_node *n = &s->f->nodes[b->node];
	struct page_control *c = new_control(m);

	if (c == NULL)
		return;
	c->row = row;
	c->kind = b->control;
	c->type = (enum value_type)n->type;
	c->name = form_node_name(s->f, b->node);
	c->path = b->path;
	c->appearance = b->appearance;
	c->start = b->start;
	c->end = b->stop;
	c->step = b->step;
	c->extra = b->extra != NULL ? b->extra : none;
	texts(m, b, c, row);
	c->value = arena_strn(&s->page, tree_text(&s->tree, row), s->tree.rows[row].len);
	if (c->value == NULL) {
		m->rc = err_nomem(m->err);
		return;
	}
	c->shown = c->value;
	c->required = row_required(s, row);
	c->readonly = b->control == CONTROL_NOTE || row_readonly(s, row);
	c->required_message = text_of(m, &n->required_message, row, TEXT_LONG);
	c->constraint_message = text_of(m, &n->constraint_message, row, TEXT_LONG);
	if (m->rc == ERR_OK && (b->control == CONTROL_SELECT1 || b->control == CONTROL_SELECT
	    || b->control == CONTROL_RANK || b->itemset != NULL))
		choices(m, b, c);
}

static void
put_repeat(struct maker *m, uint32_t body, uint32_t head)
{
	static const char *const none[] = { NULL };
	struct session *s = m->s;
	const struct body *b = &s->f->bodies[body];
	const struct body *g = b->parent != 0 ? &s->f->bodies[b->parent - 1] : b;
	struct page_control *c = new_control(m);

	if (c == NULL)
		return;
	/* the label is on the group around the repeat */
	if (!b->has_label && g->kind == BODY_GROUP && g->first == body + 1)
		texts(m, g, c, s->tree.rows[head].parent);
	else
		texts(m, b, c, s->tree.rows[head].parent);
	c->row = head;
	c->kind = CONTROL_REPEAT;
	c->type = TYPE_OTHER;
	c->name = form_node_name(s->f, b->node);
	c->path = b->path;
	c->appearance = b->appearance;
	c->value = c->shown = c->required_message = c->constraint_message = "";
	c->extra = b->extra != NULL ? b->extra : none;
	m->out->repeat = count_seen(s, head);
}

static void put_list(struct maker *m, uint32_t first, uint32_t base);

static void
put_element(struct maker *m, uint32_t i, uint32_t base)
{
	struct session *s = m->s;
	const struct body *b = &s->f->bodies[i];
	uint32_t row;

	if (b->kind == BODY_CONTROL) {
		row = row_in(s, base, b->node);
		if (row != 0 && s->f->nodes[b->node].control == i + 1 && row_seen(s, row))
			put_control(m, i, row);
	} else if (b->kind == BODY_GROUP) {
		row = b->node != NO_NODE && !form_is_repeat(s->f, b->node) ? row_in(s, base, b->node) : 1;
		if (row != 0 && row_seen(s, row))
			put_list(m, b->first, base);
	} else {
		uint32_t head = head_in(s, base, b->node);

		if (head == 0 || !row_seen(s, s->tree.rows[head].parent))
			return;
		for (uint32_t k = head_first(&s->tree, head); k != 0; k = instance_next(&s->tree, k))
			if (row_seen(s, k))
				put_list(m, b->first, k);
		if (!s->f->nodes[b->node].no_add)
			put_repeat(m, i, head);
	}
}

static void
put_list(struct maker *m, uint32_t first, uint32_t base)
{
	for (uint32_t i = first; i != 0 && m->rc == ERR_OK; i = m->s->f->bodies[i - 1].next)
		put_element(m, i - 1, base);
}

struct finder { struct session *s; uint32_t want, body, base; size_t number, count; };

static bool
asks(const struct session *s, uint32_t body)
{
	const struct form *f = s->f;

	if (f->bodies[body].kind == BODY_REPEAT)
		return !f->bodies[body].field_list;
	for (uint32_t i = body; i < f->bodies[body].end || i == body; i++)
		if (f->bodies[i].kind == BODY_CONTROL && f->bodies[i].control != CONTROL_NOTE)
			return true;
	return false;
}

static bool
find_page(void *arg, uint32_t id, uint32_t body, uint32_t base)
{
	struct finder *x = arg;

	x->count += asks(x->s, body) && x->s->f->bodies[body].kind != BODY_REPEAT;
	if (id == x->want && x->base == 0) {
		x->body = body;
		x->base = base;
		x->number = x->count;
	}
	return true;
}

enum err_code
session_page(struct session *s, uint32_t page, struct page *out, struct err *err)
{
	struct finder x = { .s = s, .want = page };
	struct maker m = { .s = s, .out = out, .err = err };

	memset(out, 0, sizeof(*out));
	begin_answer(s);
	visit_pages(s, find_page, &x);
	if (x.base == 0)
		return err_set(err, ERR_ABSENT, "there is no page %u", page);
	arena_clear(&s->page);
	out->id = page;
	out->group_label = "";
	out->number = x.number > 0 ? x.number : 1;
	out->count = x.count;
	if (s->f->bodies[x.body].kind == BODY_CONTROL)
		put_control(&m, x.body, page);
	else if (s->f->bodies[x.body].kind == BODY_REPEAT && s->tree.rows[page].kind == ROW_HEAD
	    && s->tree.rows[page].node == s->f->bodies[x.body].node)
		put_repeat(&m, x.body, page);
	else
		put_list(&m, s->f->bodies[x.body].first, x.base);
	for (uint32_t g = s->f->bodies[x.body].kind == BODY_GROUP ? x.body + 1 : s->f->bodies[x.body].parent;
	    g != 0 && out->group_label[0] == '\0' && m.rc == ERR_OK; g = s->f->bodies[g - 1].parent) {
		const struct body *b = &s->f->bodies[g - 1];

		if (b->has_label && b->kind != BODY_CONTROL && !(out->n_controls > 0
		    && out->controls[0].kind == CONTROL_REPEAT && out->n_controls == 1))
			out->group_label = text_of(&m, &b->label, out->n_controls > 0 ? out->controls[0].row : 1, TEXT_LONG);
	}
	return m.rc;
}

/* --- on paper ------------------------------------------------------------------------------------------------ */

enum { WHEN_MAX = 16 };

struct outliner {
	struct session *s;
	enum err_code (*fn)(void *arg, const struct outline *o, struct err *err);
	void *arg;
	struct err *err;
	const char *when[WHEN_MAX + 1];
	size_t n_when;
	uint32_t last_group;	/* body element + 1 */
};

static enum err_code outline_list(struct outliner *o, uint32_t first, uint32_t base, uint32_t group, bool in_repeat);

static enum err_code
outline_control(struct outliner *o, uint32_t i, uint32_t base, uint32_t group, bool in_repeat)
{
	struct session *s = o->s;
	struct page page = { .n_controls = 0 };
	struct maker m = { .s = s, .out = &page, .err = o->err };
	struct outline line = { .group = "", .in_repeat = in_repeat, .when = o->when };
	uint32_t row = row_in(s, base, s->f->bodies[i].node);

	if (row == 0 || s->f->nodes[s->f->bodies[i].node].control != i + 1)
		return ERR_OK;
	begin_answer(s);
	arena_clear(&s->page);
	put_control(&m, i, row);
	if (m.rc == ERR_OK && group != 0)
		line.group = text_of(&m, &s->f->bodies[group - 1].label, row, TEXT_LONG);
	if (m.rc != ERR_OK)
		return m.rc;
	line.control = &page.controls[0];
	line.begins_group = group != o->last_group && line.group[0] != '\0';
	o->last_group = group;
	return o->fn(o->arg, &line, o->err);
}

static enum err_code
outline_one(struct outliner *o, uint32_t i, uint32_t base, uint32_t group, bool in_repeat)
{
	struct session *s = o->s;
	const struct body *b = &s->f->bodies[i];
	const struct program *p = b->node == NO_NODE ? NULL : s->f->nodes[b->node].relevant;
	bool hangs = p != NULL && p->source != NULL && o->n_when < WHEN_MAX
	    && !(b->kind == BODY_GROUP && form_is_repeat(s->f, b->node));
	enum err_code rc;

	if (hangs)
		o->when[o->n_when++] = p->source;
	o->when[o->n_when] = NULL;
	if (b->kind == BODY_CONTROL) {
		rc = outline_control(o, i, base, group, in_repeat);
	} else if (b->kind == BODY_GROUP) {
		rc = outline_list(o, b->first, base, b->has_label ? i + 1 : group, in_repeat);
	} else {
		uint32_t head = head_in(s, base, b->node), at = head == 0 ? 0 : head_first(&s->tree, head);

		rc = ERR_OK;
		if (head != 0 && at == 0)
			rc = add_instance(s, head, &at, o->err);
		if (rc == ERR_OK && at != 0)
			rc = outline_list(o, b->first, at, b->has_label ? i + 1 : group, true);
	}
	if (hangs)
		o->n_when--;
	o->when[o->n_when] = NULL;
	return rc;
}

static enum err_code
outline_list(struct outliner *o, uint32_t first, uint32_t base, uint32_t group, bool in_repeat)
{
	enum err_code rc = ERR_OK;

	for (uint32_t i = first; i != 0 && rc == ERR_OK; i = o->s->f->bodies[i - 1].next)
		rc = outline_one(o, i - 1, base, group, in_repeat);
	return rc;
}

enum err_code
session_outline(struct session *s, enum err_code (*fn)(void *arg, const struct outline *o, struct err *err), void *arg,
    struct err *err)
{
	struct outliner o = { .s = s, .fn = fn, .arg = arg, .err = err };

	return s->f->n_bodies > 0 ? outline_list(&o, 1, 1, 0, false) : ERR_OK;
}

/* --- violations ---------------------------------------------------------------------------------------------- */

struct checking { struct session *s; struct violation *out; size_t max, n; uint32_t page; bool cleared; };

static void
check_row(struct checking *c, uint32_t row)
{
	struct session *s = c->s;
	enum violation_kind kind;
	struct err err = { 0 };
	struct maker m = { .s = s, .err = &err };
	const struct form_node *n = &s->f->nodes[s->tree.rows[row].node];

	if (!violated(s, row, &kind))
		return;
	if (c->n < c->max) {
		if (!c->cleared) {
			arena_clear(&s->page);
			c->cleared = true;
		}
		c->out[c->n] = (struct violation){ .page = c->page, .row = row, .kind = kind, .message = "" };
		if (kind != VIOLATION_TYPE)
			c->out[c->n].message = text_of(&m, kind == VIOLATION_REQUIRED ? &n->required_message
			    : &n->constraint_message, row, TEXT_LONG);
	}
	c->n++;
}

static void
check_list(struct checking *c, uint32_t first, uint32_t base)
{
	struct session *s = c->s;

	for (uint32_t i = first; i != 0; i = s->f->bodies[i - 1].next) {
		const struct body *b = &s->f->bodies[i - 1];
		uint32_t row;

		if (b->kind == BODY_CONTROL) {
			row = row_in(s, base, b->node);
			if (row != 0 && row_seen(s, row) && s->f->nodes[b->node].control == i)
				check_row(c, row);
		} else if (b->kind == BODY_GROUP) {
			check_list(c, b->first, base);
		} else {
			row = head_in(s, base, b->node);
			for (uint32_t k = row != 0 ? head_first(&s->tree, row) : 0; k != 0; k = instance_next(&s->tree, k))
				if (row_seen(s, k))
					check_list(c, b->first, k);
		}
	}
}

static bool
check_page(void *arg, uint32_t id, uint32_t body, uint32_t base)
{
	struct checking *c = arg;
	const struct body *b = &c->s->f->bodies[body];

	c->page = id;
	if (b->kind == BODY_CONTROL)
		check_row(c, id);
	else if (b->kind == BODY_GROUP || b->field_list)
		check_list(c, b->first, base);
	return true;
}

size_t
session_violations(struct session *s, struct violation *out, size_t max)
{
	struct checking c = { .s = s, .out = out, .max = out != NULL ? max : 0 };

	begin_answer(s);
	visit_pages(s, check_page, &c);
	return c.n;
}
