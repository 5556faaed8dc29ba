/* Sessions: begun, answered, ended. See session.h; the phases are forms.md 3.4. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "forms/dates.h"
#include "forms/state.h"

/* --- time, as the form may see it --------------------------------------------------------------------- */

/* In anonymous forms the clock itself is coarse, so that no answer can hold more (forms.md 1.5). */
static int64_t
coarse_now(void *arg)
{
	struct session *s = arg;
	int64_t ms = s->env.now_ms != NULL ? s->env.now_ms(s->env.arg) : 0;
	const char *precision = form_setting(s->f, "time_precision");
	int32_t offset;

	if (precision[0] == '\0' || strcmp(form_setting(s->f, "anonymous"), "no") == 0)
		return ms;
	offset = zone_minutes(s->env.zone, ms);
	if (strcmp(precision, "hour") == 0) {
		int64_t local = ms + (int64_t)offset * 60000;

		return ms - ((local % 3600000) + 3600000) % 3600000;
	}
	return day_start(s->env.zone, local_day(ms, offset));
}

static void
chance(void *arg, void *out, size_t len)
{
	struct session *s = arg;

	if (s->env.random != NULL)
		s->env.random(s->env.arg, out, len);
	else
		memset(out, 0, len);
}

void
session_run_init(struct session *s)
{
	struct run *x = &s->run;

	memset(x, 0, sizeof(*x));
	x->form = s->f;
	x->main = &s->tree;
	x->root = 1;
	x->session = s;
	x->zone = s->env.zone;
	x->language = s->env.language;
	x->scratch = &s->scratch;
	x->max_steps = s->f->limits.steps;
	x->max_string = s->f->limits.string_bytes;
	x->secondary = s->f->secondary_trees;
	x->seed = s->seed;
}

/* --- beginning ----------------------------------------------------------------------------------------- */

/* The environment expressions see: the session's own clock and chance. */
struct inner { struct session_env env; };

enum err_code
session_make(const struct form *f, const struct session_env *env, struct session **out, struct err *err)
{
	struct session *s = calloc(1, sizeof(*s) + sizeof(struct inner));
	struct inner *inner;

	*out = NULL;
	if (s == NULL)
		return err_nomem(err);
	s->f = f;
	s->env = *env;
	if (s->env.language >= f->n_languages)
		s->env.language = f->default_language;
	tree_init(&s->tree, NULL, f, true, f->limits.session_rows, (size_t)64 << 20);
	/* names are only read */
	memcpy(&s->tree.names, &(struct names *){ (struct names *)(uintptr_t)&f->names }, sizeof(s->tree.names));
	scratch_init(&s->scratch, (size_t)64 << 20);
	arena_init_secret(&s->page, (size_t)32 << 20);
	buf_init_secret(&s->undo.text, (size_t)64 << 20);
	s->dirty = calloc(f->n_vertices + 1, sizeof(*s->dirty));
	s->dirty_bits = calloc((f->n_vertices + 64) / 64 + 1, sizeof(*s->dirty_bits));
	if (s->dirty == NULL || s->dirty_bits == NULL) {
		session_free(s);
		return err_nomem(err);
	}
	chance(s, &s->seed, sizeof(s->seed));
	inner = (struct inner *)(s + 1);
	inner->env = s->env;
	inner->env.now_ms = coarse_now;
	inner->env.random = chance;
	inner->env.arg = s;
	session_run_init(s);
	s->run.env = &inner->env;
	*out = s;
	return ERR_OK;
}

static enum err_code
put_row(struct session *s, uint32_t row, const char *text, struct err *err)
{
	return tree_set(&s->tree, row, text, strlen(text), err);
}

static enum err_code
instance_id(struct session *s, struct err *err)
{
	unsigned char bytes[16];
	char text[40];

	chance(s, bytes, sizeof(bytes));
	uuid_text(bytes, text);
	snprintf(s->instance_id, sizeof(s->instance_id), "uuid:%s", text);
	if (s->f->instance_id != NO_NODE && s->f->nodes[s->f->instance_id].repeat == 0)
		return put_row(s, block_row(s->f, 1, s->f->instance_id), s->instance_id, err);
	return ERR_OK;
}

struct preloading { struct session *s; bool at_end; struct err *err; enum err_code rc; enum preload kind; uint32_t node; };

static bool
preload_row(void *arg, uint32_t row)
{
	struct preloading *p = arg;
	struct session *s = p->s;
	int64_t now = s->run.env->now_ms(s->run.env->arg);
	struct val v = { .kind = VAL_DATETIME }, text;
	bool changed;

	v.u.dt.ms = now;
	v.u.dt.offset = zone_minutes(s->env.zone, now);
	if (p->kind == PRELOAD_TODAY)
		v = (struct val){ .kind = VAL_DATE, .u.day = local_day(now, v.u.dt.offset) };
	else if (p->kind == PRELOAD_DEVICE)
		v = (struct val){ .kind = VAL_STRING, .n = (uint32_t)strlen(s->env.device_id != NULL ? s->env.device_id : ""),
		    .u.s = s->env.device_id != NULL ? s->env.device_id : "" };
	else if (p->kind == PRELOAD_UID) {
		unsigned char bytes[16];
		char uuid[40], id[64];

		chance(s, bytes, sizeof(bytes));
		uuid_text(bytes, uuid);
		snprintf(id, sizeof(id), "uuid:%s", uuid);
		p->rc = put_row(s, row, id, p->err);
		return p->rc == ERR_OK;
	}
	s->run.err = p->err;
	if (!value_for_node(s, p->node, &v, &text)) {
		p->rc = ERR_LIMIT;
		return false;
	}
	p->rc = store(s, row, &text, &changed, p->err);
	if (changed && p->at_end && p->rc == ERR_OK && row_seen(s, row))
		fire(s, row);
	return p->rc == ERR_OK;
}

static enum err_code
preloads(struct session *s, bool at_end, struct err *err)
{
	struct preloading p = { .s = s, .at_end = at_end, .err = err };

	for (uint32_t i = 1; i < s->f->n_nodes && p.rc == ERR_OK; i++) {
		p.kind = (enum preload)s->f->nodes[i].preload;
		p.node = i;
		if (p.kind == PRELOAD_NONE || p.kind == PRELOAD_OTHER || (p.kind == PRELOAD_END) != at_end)
			continue;
		if (p.kind == PRELOAD_UID && i == s->f->instance_id)
			continue;
		block_each(&s->tree, s->f, 1, 0, i, preload_row, &p);
	}
	return p.rc;
}

/* Values the form begins with, as their types store them: 2.5 in an int is 2, an instant in a date its day. */
static enum err_code
typed_presets(struct session *s, struct err *err)
{
	enum err_code rc = ERR_OK;

	for (uint32_t i = 1; i <= s->tree.n && rc == ERR_OK; i++) {
		const struct row *r = &s->tree.rows[i];
		uint8_t type = r->kind == ROW_ELEMENT || r->kind == ROW_ATTRIBUTE ? s->f->nodes[r->node].type : TYPE_STRING;
		struct val v = { .kind = VAL_STRING, .n = r->len, .u.s = tree_text(&s->tree, i) }, text;
		bool changed;

		if (r->kind == ROW_HEAD || r->len == 0 || r->first != 0 || type == TYPE_STRING || type == TYPE_OTHER
		    || type == TYPE_BARCODE || type == TYPE_BINARY)
			continue;
		s->run.err = err;
		if (type == TYPE_GEOPOINT) {
			if (!answer_for_node(s, i, v.u.s, v.n, &text))
				text = (struct val){ .kind = VAL_STRING, .n = 0, .u.s = "" };
		} else if (!value_for_node(s, s->tree.rows[i].node, &v, &text)) {
			return s->run.rc;
		}
		rc = store(s, i, &text, &changed, err);
	}
	return rc;
}

/* Compute everything for the first time. */
static enum err_code
first_compute(struct session *s, struct err *err)
{
	enum err_code rc;

	dirty_all(s);
	rc = settle(s, err);
	s->loading = false;
	s->dispatch = true;
	scratch_reset(&s->scratch);
	return rc;
}

enum err_code
session_new(const struct form *f, const struct session_env *env, struct session **out, struct err *err)
{
	struct session *s;
	enum err_code rc = session_make(f, env, &s, err);

	*out = NULL;
	if (rc != ERR_OK)
		return rc;
	s->loading = true;
	begin_answer(s);
	rc = tree_fill(&s->tree, f, &f->initial, true, err);
	if (rc == ERR_OK)
		rc = typed_presets(s, err);
	if (rc == ERR_OK)
		rc = instance_id(s, err);
	if (rc == ERR_OK)
		rc = preloads(s, false, err);
	if (rc == ERR_OK)
		rc = actions_run(s, ON_FIRST_LOAD | ON_LOAD, NO_NODE, 1, err);
	if (rc == ERR_OK)
		rc = first_compute(s, err);
	if (rc != ERR_OK) {
		session_free(s);
		return rc;
	}
	*out = s;
	return ERR_OK;
}

/* Names of candour meta values in the document that was read. */
static enum err_code
take_meta(struct session *s, const struct tree *doc, struct err *err)
{
	uint32_t root = doc->n > 0 ? doc->rows[1].first : 0;

	for (uint32_t m = root != 0 ? doc->rows[root].first : 0; m != 0; m = doc->rows[m].next) {
		if (doc->rows[m].kind != ROW_ELEMENT || strcmp(doc->names->list[doc->rows[m].name].colon, "meta") != 0)
			continue;
		for (uint32_t k = doc->rows[m].first; k != 0; k = doc->rows[k].next) {
			const struct name *n = &doc->names->list[doc->rows[k].name];

			if (doc->rows[k].kind == ROW_ELEMENT && strcmp(n->ns, "urn:candour:form:1") == 0) {
				enum err_code rc = session_meta(s, n->colon, tree_text(doc, k), doc->rows[k].len, err);

				if (rc != ERR_OK)
					return rc;
			}
			if (strcmp(n->colon, "instanceID") == 0 && doc->rows[k].len > 0)
				snprintf(s->deprecated_id, sizeof(s->deprecated_id), "%.*s",
				    (int)(doc->rows[k].len < 120 ? doc->rows[k].len : 120), tree_text(doc, k));
		}
	}
	return ERR_OK;
}

enum err_code
session_edit(const struct form *f, const struct session_env *env, const char *xml, size_t len,
	struct session **out, struct err *err)
{
	struct session *s = NULL;
	struct tree doc, plain;
	struct names names;
	struct arena arena;
	struct _xmlDoc *parsed = NULL;
	struct xml_rules ns = { .keep_ns = true }, local = { .keep_ns = false };
	enum err_code rc;

	*out = NULL;
	if (len > f->limits.xml_bytes)
		return err_set(err, ERR_LIMIT, "the submission has %zu bytes: at most %zu (limit xml_bytes)", len, f->limits.xml_bytes);
	arena_init_secret(&arena, (size_t)64 << 20);
	names_init(&names, &arena);
	tree_init(&doc, &names, NULL, true, 400000, (size_t)64 << 20);
	tree_init(&plain, &names, NULL, true, 400000, (size_t)64 << 20);
	rc = xml_parse(xml, len, false, &parsed, err);
	if (rc == ERR_OK)
		rc = xtree_from_node(&doc, (const struct _xmlNode *)parsed, &ns, err);
	if (rc == ERR_OK)
		rc = xtree_from_node(&plain, (const struct _xmlNode *)parsed, &local, err);
	if (rc == ERR_OK)
		rc = session_make(f, env, &s, err);
	if (rc == ERR_OK) {
		s->loading = true;
		begin_answer(s);
		rc = tree_fill(&s->tree, f, &plain, false, err);
	}
	/* what was not relevant is not in the document: it is there, and empty */
	for (uint32_t i = 1; rc == ERR_OK && i <= s->tree.n; i++)
		s->tree.rows[i].flags &= (uint16_t)~ROW_ABSENT;
	if (rc == ERR_OK)
		rc = take_meta(s, &doc, err);
	if (rc == ERR_OK)
		rc = instance_id(s, err);
	if (rc == ERR_OK)
		rc = actions_run(s, ON_LOAD, NO_NODE, 1, err);
	if (rc == ERR_OK)
		rc = first_compute(s, err);
	xml_free(parsed);
	tree_free(&doc);
	tree_free(&plain);
	names_clear(&names);
	arena_clear(&arena);
	if (rc != ERR_OK) {
		session_free(s);
		return rc;
	}
	*out = s;
	return ERR_OK;
}

void
session_free(struct session *s)
{
	if (s == NULL)
		return;
	tree_free(&s->tree);
	undo_clear(s);
	scratch_clear(&s->scratch);
	arena_clear(&s->page);
	free(s->dirty);
	free(s->dirty_bits);
	free(s->fresh);
	for (size_t i = 0; i < s->n_meta; i++) {
		free(s->meta[i].name);
		wipe(s->meta[i].value, strlen(s->meta[i].value));
		free(s->meta[i].value);
	}
	free(s->meta);
	wipe(s, sizeof(*s));
	free(s);
}

/* --- answering ----------------------------------------------------------------------------------------- */

static bool
is_question(const struct session *s, uint32_t row)
{
	return row >= 1 && row <= s->tree.n && (s->tree.rows[row].flags & ROW_GONE) == 0
	    && (s->tree.rows[row].kind == ROW_ELEMENT || s->tree.rows[row].kind == ROW_ATTRIBUTE)
	    && (s->f->nodes[s->tree.rows[row].node].flags & NODE_CONTROL) != 0;
}

/* Each word of a select must be on offer. */
static enum err_code
check_words(struct session *s, uint32_t row, const struct val *v, struct err *err)
{
	const struct form_node *n = &s->f->nodes[s->tree.rows[row].node];
	const struct body *b = &s->f->bodies[n->control - 1];
	struct offer *list;
	uint32_t k, i = 0;
	enum err_code rc;

	if ((b->control != CONTROL_SELECT1 && b->control != CONTROL_SELECT && b->control != CONTROL_RANK) || v->n == 0)
		return ERR_OK;
	if (b->itemset == NULL && b->n_choices == 0)
		return ERR_OK;
	rc = offers(s, row, b, &list, &k, err);
	if (rc != ERR_OK)
		return rc;
	while (i < v->n) {
		uint32_t from = i, c;

		if (b->control == CONTROL_SELECT1) {
			i = v->n;
		} else {
			for (; from < v->n && strchr(" \t\r\n", v->u.s[from]) != NULL; )
				from++;
			for (i = from; i < v->n && strchr(" \t\r\n", v->u.s[i]) == NULL; )
				i++;
		}
		if (i == from)
			continue;
		for (c = 0; c < k; c++)
			if (list[c].len == i - from && memcmp(list[c].value, v->u.s + from, i - from) == 0)
				break;
		if (c == k)
			return err_set(err, ERR_INPUT, "%s: a value that is not one of the choices", b->path);
	}
	return ERR_OK;
}

/* What is selected stands in the order of the offer, each once (Web Forms). */
static enum err_code
order_words(struct session *s, uint32_t row, struct val *v, struct err *err)
{
	const struct form_node *n = &s->f->nodes[s->tree.rows[row].node];
	const struct body *b = &s->f->bodies[n->control - 1];
	struct offer *list;
	struct buf out;
	uint32_t k;
	enum err_code rc;

	if (b->control != CONTROL_SELECT || v->n == 0 || (b->itemset == NULL && b->n_choices == 0))
		return ERR_OK;
	rc = offers(s, row, b, &list, &k, err);
	if (rc != ERR_OK)
		return rc;
	buf_init_secret(&out, (size_t)v->n + 1);
	for (uint32_t c = 0; c < k; c++) {
		bool found = false;

		for (uint32_t i = 0, from; i < v->n && !found; ) {
			while (i < v->n && strchr(" \t\r\n", v->u.s[i]) != NULL)
				i++;
			for (from = i; i < v->n && strchr(" \t\r\n", v->u.s[i]) == NULL; )
				i++;
			found = i > from && list[c].len == i - from && memcmp(list[c].value, v->u.s + from, i - from) == 0;
		}
		if (!found)
			continue;
		if (out.len > 0)
			buf_putc(&out, ' ');
		buf_put(&out, list[c].value, list[c].len);
	}
	s->run.err = err;
	s->run.rc = ERR_OK;
	if (!put_buf(&s->run, v, &out, true))
		rc = s->run.rc;
	return rc;
}

enum err_code
session_set(struct session *s, uint32_t row, const char *text, size_t len, struct err *err)
{
	struct val v;
	bool changed = false;
	enum err_code rc;
	size_t bad;

	if (!is_question(s, row))
		return err_set(err, ERR_DENIED, "row %u is no question", row);
	if (len > s->f->limits.answer_bytes)
		return err_set(err, ERR_LIMIT, "an answer of %zu bytes: at most %zu (limit answer_bytes)", len,
		    s->f->limits.answer_bytes);
	if (!utf8_valid(text, len, &bad))
		return err_set(err, ERR_INPUT, "the answer is not UTF-8 at byte %zu", bad);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 && strchr("\t\r\n", text[i]) == NULL)
			return err_set(err, ERR_INPUT, "the answer holds a control character at byte %zu", i);
	begin_answer(s);
	if (row_readonly(s, row))
		return err_set(err, ERR_DENIED, "row %u is read only", row);
	s->run.err = err;
	s->run.rc = ERR_OK;
	if (!answer_for_node(s, row, text, len, &v))
		return s->run.rc != ERR_OK ? s->run.rc
		    : err_set(err, ERR_INPUT, "row %u: not a value of type %s", row, s->f->nodes[s->tree.rows[row].node].type_name);
	rc = check_words(s, row, &v, err);
	if (rc == ERR_OK)
		rc = order_words(s, row, &v, err);
	if (rc == ERR_OK)
		rc = undo_begin(s, err);
	if (rc != ERR_OK)
		return rc;
	rc = store(s, row, &v, &changed, err);
	if (rc != ERR_OK || !changed)
		return rc;
	if (s->f->nodes[s->tree.rows[row].node].calculate != NULL)
		s->tree.rows[row].flags |= ROW_USER;
	if (row_seen(s, row))
		fire(s, row);
	rc = actions_run(s, ON_CHANGED, s->tree.rows[row].node, row, err);
	if (rc == ERR_OK)
		rc = settle(s, err);
	if (rc != ERR_OK)
		undo_back(s);
	return rc;
}

enum err_code
session_language(struct session *s, size_t language, struct err *err)
{
	enum err_code rc;

	if (language >= s->f->n_languages)
		return err_set(err, ERR_INPUT, "there is no language %zu", language);
	if (language == s->env.language)
		return ERR_OK;
	begin_answer(s);
	rc = undo_begin(s, err);
	if (rc != ERR_OK)
		return rc;
	s->env.language = language;
	s->run.language = language;
	for (uint32_t v = 0; v < s->f->n_vertices; v++)
		if (s->f->vertices[v].reads_language)
			dirty_mark(s, v, 1);
	rc = settle(s, err);
	if (rc != ERR_OK)
		undo_back(s);
	return rc;
}

enum err_code
session_add(struct session *s, uint32_t repeat, uint32_t *row, struct err *err)
{
	uint32_t at;
	enum err_code rc;

	if (repeat == 0 || repeat > s->tree.n || s->tree.rows[repeat].kind != ROW_HEAD
	    || (s->tree.rows[repeat].flags & ROW_GONE) != 0)
		return err_set(err, ERR_DENIED, "row %u is no repeat", repeat);
	if (s->f->nodes[s->tree.rows[repeat].node].no_add)
		return err_set(err, ERR_DENIED, "the number of instances of this repeat is given by the form");
	begin_answer(s);
	rc = undo_begin(s, err);
	if (rc != ERR_OK)
		return rc;
	rc = add_instance(s, repeat, &at, err);
	if (rc == ERR_OK)
		rc = settle(s, err);
	if (rc != ERR_OK)
		undo_back(s);
	if (rc == ERR_OK && row != NULL)
		*row = at;
	return rc;
}

enum err_code
session_remove(struct session *s, uint32_t row, struct err *err)
{
	uint32_t head;
	enum err_code rc;

	if (row == 0 || row > s->tree.n || s->tree.rows[row].kind != ROW_ELEMENT
	    || !form_is_repeat(s->f, s->tree.rows[row].node) || (s->tree.rows[row].flags & ROW_GONE) != 0)
		return err_set(err, ERR_DENIED, "row %u is no instance of a repeat", row);
	if (s->f->nodes[s->tree.rows[row].node].no_add)
		return err_set(err, ERR_DENIED, "the number of instances of this repeat is given by the form");
	begin_answer(s);
	rc = undo_begin(s, err);
	if (rc != ERR_OK)
		return rc;
	head = instance_head(&s->tree, s->f, row);
	block_remove(&s->tree, s->f, row);
	fire_structure(s, head);
	rc = settle(s, err);
	if (rc != ERR_OK)
		undo_back(s);
	return rc;
}

static bool
is_name(const char *n)
{
	size_t len = strlen(n);

	if (len == 0 || len > 64 || !((n[0] >= 'a' && n[0] <= 'z') || (n[0] >= 'A' && n[0] <= 'Z') || n[0] == '_'))
		return false;
	return strspn(n, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == len;
}

enum err_code
session_meta(struct session *s, const char *name, const char *value, size_t len, struct err *err)
{
	struct meta_value *list;
	char *copy, *key;
	size_t i;

	if (!is_name(name))
		return err_set(err, ERR_INPUT, "\"%.40s\" is no name for a meta value", name);
	if (len > s->f->limits.answer_bytes || !utf8_valid(value, len, NULL) || memchr(value, '\0', len) != NULL)
		return err_set(err, ERR_INPUT, "meta %s: the value is not text, or too long", name);
	copy = strndup(value, len);
	if (copy == NULL)
		return err_nomem(err);
	for (i = 0; i < s->n_meta; i++)
		if (strcmp(s->meta[i].name, name) == 0) {
			wipe(s->meta[i].value, strlen(s->meta[i].value));
			free(s->meta[i].value);
			s->meta[i].value = copy;
			return ERR_OK;
		}
	list = realloc(s->meta, (s->n_meta + 1) * sizeof(*list));
	key = strdup(name);
	if (list != NULL)
		s->meta = list;
	if (list == NULL || key == NULL) {
		free(key);
		wipe(copy, len);
		free(copy);
		return err_nomem(err);
	}
	list[s->n_meta++] = (struct meta_value){ key, copy };
	return ERR_OK;
}

/* --- ending ---------------------------------------------------------------------------------------------- */

enum err_code
session_finalise(struct session *s, struct buf *out, struct err *err)
{
	size_t before = out->len;
	enum err_code rc;

	begin_answer(s);
	rc = preloads(s, true, err);
	if (rc == ERR_OK)
		rc = settle(s, err);
	if (rc == ERR_OK && session_violations(s, NULL, 0) > 0)
		rc = err_set(err, ERR_INPUT, "%zu questions are not answered as the form asks", session_violations(s, NULL, 0));
	if (rc == ERR_OK)
		rc = session_check(s, err);
	if (rc == ERR_OK)
		rc = serialise(s, out, err);
	if (rc != ERR_OK)
		buf_truncate(out, before);
	return rc;
}
