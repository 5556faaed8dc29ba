/* Texts shown: itext in all languages, labels and hints with <output>, and how they read in a session. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forms/load.h"
#include "forms/text.h"

/* --- loading ------------------------------------------------------------------------------------------ */

static bool
add_piece(struct loader *l, struct piece **list, uint32_t *n, struct piece p)
{
	if (*n % 8 == 0) {
		struct piece *more = realloc(*list, (*n + 8) * sizeof(*more));

		if (more == NULL)
			return load_nomem(l);
		*list = more;
	}
	(*list)[(*n)++] = p;
	return true;
}

/* An output, and which nodes it reads. */
static bool
output(struct loader *l, const xmlNode *e, uint32_t context, const char *value, struct piece *p)
{
	struct reads reads = { 0 };
	uint32_t *list = NULL;

	p->output = load_program(l, e, context, "output", value, &reads);
	if (p->output != NULL && reads.n > 0) {
		list = arena_calloc(&l->f->arena, reads.n, sizeof(*list));
		for (size_t i = 0; list != NULL && i < reads.n; i++)
			list[i] = reads.list[i].node;
		if (list == NULL)
			load_nomem(l);
		else
			p->n_reads = (uint32_t)reads.n;
		p->reads = list;
	}
	reads_clear(&reads);
	return p->output != NULL && l->rc == ERR_OK;
}

/* Mixed content: text and <output value=".."/>. */
static bool
mixed(struct loader *l, const xmlNode *e, uint32_t context, struct pieces *out)
{
	struct piece *list = NULL;
	uint32_t n = 0;
	bool ok = true;

	for (const xmlNode *c = e->children; c != NULL && ok; c = c->next) {
		struct piece p = { 0 };

		if (c->type == XML_TEXT_NODE || c->type == XML_CDATA_SECTION_NODE || c->type == XML_ENTITY_REF_NODE) {
			p.text = load_text(l, c);
			p.len = p.text != NULL ? strlen(p.text) : 0;
			ok = p.text != NULL;
		} else if (load_is(c, "output")) {
			const char *v = load_attr(l, c, "value", NULL);

			if (v == NULL)
				v = load_attr(l, c, "ref", NULL);
			if (v == NULL) {
				load_error(l, c, "<output> has no value");
				continue;
			}
			if (!output(l, c, context, v, &p))
				continue;
		} else if (c->type == XML_ELEMENT_NODE) {
			/* markup inside a text: its words count */
			p.text = load_text(l, c);
			p.len = p.text != NULL ? strlen(p.text) : 0;
			ok = p.text != NULL;
		} else {
			continue;
		}
		ok = ok && add_piece(l, &list, &n, p);
	}
	if (ok && n > 0) {
		struct piece *kept = arena_calloc(&l->f->arena, n, sizeof(*kept));

		if (kept == NULL)
			ok = load_nomem(l);
		else
			memcpy(kept, list, n * sizeof(*kept));
		out->list = kept;
		out->n = ok ? n : 0;
		out->context = context;
	}
	free(list);
	return ok;
}

static uint32_t
hash_of(const char *s, size_t len)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)s[i]) * 16777619u;
	return h;
}

uint32_t
itext_find(const struct form *f, const char *id, size_t len)
{
	if (f->itext_slots == 0)
		return 0;
	for (uint32_t i = hash_of(id, len) & (f->itext_slots - 1); f->itext_table[i] != 0; i = (i + 1) & (f->itext_slots - 1)) {
		const char *have = f->itext_ids[f->itext_table[i] - 1];

		if (strncmp(have, id, len) == 0 && have[len] == '\0')
			return f->itext_table[i];
	}
	return 0;
}

/* "/data/rep/q:label": outputs are relative to that node, if there is one. */
static uint32_t
context_of(struct loader *l, const char *id)
{
	const char *colon = strrchr(id, ':');
	char path[1024];
	uint32_t node;

	if (id[0] != '/' || colon == NULL || (size_t)(colon - id) >= sizeof(path))
		return 1;
	/* jr:constraintMsg has a colon of its own */
	if (colon - id > 3 && strncmp(colon - 2, "jr", 2) == 0 && colon[-3] == ':')
		colon -= 3;
	memcpy(path, id, (size_t)(colon - id));
	path[colon - id] = '\0';
	node = load_resolve(l, 1, path);
	return node == NO_NODE ? 1 : node;
}

static enum text_form
form_of_text(const char *form)
{
	static const char *const names[] = { "long", "short", "image", "big-image", "audio", "video", "guidance" };

	for (unsigned i = 0; form != NULL && i < ARRAY_LEN(names); i++)
		if (strcmp(form, names[i]) == 0)
			return (enum text_form)i;
	return form == NULL ? TEXT_LONG : TEXT_FORMS;
}

static bool
one_text(struct loader *l, const xmlNode *t, const char *id, struct itext_entry *e)
{
	uint32_t context = context_of(l, id);

	e->there = true;
	for (const xmlNode *v = t->children; v != NULL; v = v->next) {
		enum text_form form;

		if (!load_is(v, "value"))
			continue;
		form = form_of_text(load_attr(l, v, "form", NULL));
		if (form == TEXT_FORMS)
			continue;
		if (!mixed(l, v, context, &e->form[form]))
			return false;
	}
	return true;
}

/* Number every id; the same id in several languages is one. */
static bool
count_ids(struct loader *l, const xmlNode *itext)
{
	struct form *f = l->f;
	uint32_t all = 0;

	for (const xmlNode *t = itext->children; t != NULL; t = t->next)
		if (load_is(t, "translation"))
			for (const xmlNode *x = t->children; x != NULL; x = x->next)
				all += load_is(x, "text");
	f->itext_slots = 16;
	while (f->itext_slots < all * 2 + 2)
		f->itext_slots *= 2;
	f->itext_table = calloc(f->itext_slots, sizeof(*f->itext_table));
	f->itext_ids = calloc(all + 1, sizeof(*f->itext_ids));
	if (f->itext_table == NULL || f->itext_ids == NULL)
		return load_nomem(l);
	for (const xmlNode *t = itext->children; t != NULL; t = t->next)
		for (const xmlNode *x = load_is(t, "translation") ? t->children : NULL; x != NULL; x = x->next) {
			const char *id = load_is(x, "text") ? load_attr(l, x, "id", NULL) : NULL;
			uint32_t i;

			if (id == NULL || itext_find(f, id, strlen(id)) != 0)
				continue;
			f->itext_ids[f->n_itext++] = id;
			for (i = hash_of(id, strlen(id)) & (f->itext_slots - 1); f->itext_table[i] != 0; )
				i = (i + 1) & (f->itext_slots - 1);
			f->itext_table[i] = f->n_itext;
		}
	return l->rc == ERR_OK;
}

/* "English (en)" -> "en"; "en-GB" -> itself; else "". */
static const char *
tag_of(struct loader *l, const char *name)
{
	const char *open = strrchr(name, '('), *close = open != NULL ? strchr(open, ')') : NULL;
	size_t n = strlen(name), i = 0;

	if (open != NULL && close != NULL && close > open + 1)
		return arena_strn(&l->f->arena, open + 1, (size_t)(close - open - 1));
	while (i < n && ((name[i] >= 'a' && name[i] <= 'z') || (name[i] >= 'A' && name[i] <= 'Z')))
		i++;
	return (i == 2 || i == 3) && (i == n || name[i] == '-') ? name : "";
}

bool
load_itext(struct loader *l)
{
	struct form *f = l->f;
	const xmlNode *itext = load_child(l->model, "itext");
	size_t n = 0;
	bool preset = false;

	f->languages = arena_calloc(&f->arena, f->limits.languages + 1, sizeof(*f->languages));
	f->tags = arena_calloc(&f->arena, f->limits.languages + 1, sizeof(*f->tags));
	if (f->languages == NULL || f->tags == NULL)
		return load_nomem(l);
	for (const xmlNode *t = itext != NULL ? itext->children : NULL; t != NULL; t = t->next) {
		const char *lang = load_is(t, "translation") ? load_attr(l, t, "lang", NULL) : NULL;

		if (lang == NULL)
			continue;
		if (n >= f->limits.languages) {
			l->rc = err_set(l->err, ERR_LIMIT, "more than %zu languages (limit languages)", f->limits.languages);
			return false;
		}
		if (load_attr(l, t, "default", NULL) != NULL && !preset) {
			preset = true;
			f->default_language = n;
		}
		f->languages[n] = lang;
		f->tags[n++] = tag_of(l, lang);
	}
	f->n_languages = n;
	if (n == 0) {
		f->languages[0] = "default";
		f->tags[0] = "";
		f->n_languages = 1;
		return true;
	}
	if (!count_ids(l, itext))
		return false;
	f->itext = calloc(n * f->n_itext + 1, sizeof(*f->itext));
	if (f->itext == NULL)
		return load_nomem(l);
	n = 0;
	for (const xmlNode *t = itext->children; t != NULL; t = t->next) {
		if (!load_is(t, "translation") || load_attr(l, t, "lang", NULL) == NULL)
			continue;
		for (const xmlNode *x = t->children; x != NULL; x = x->next) {
			const char *id = load_is(x, "text") ? load_attr(l, x, "id", NULL) : NULL;

			if (id != NULL && !one_text(l, x, id, &f->itext[n * f->n_itext + itext_find(f, id, strlen(id)) - 1]))
				return false;
		}
		n++;
	}
	return true;
}

/* jr:itext('id') -> id */
static bool
literal_itext(const char *ref, const char **id, size_t *len)
{
	const char *p = ref + strspn(ref, " \t\r\n"), *end;
	char quote;

	if (strncmp(p, "jr:itext(", 9) != 0)
		return false;
	p += 9;
	p += strspn(p, " \t\r\n");
	quote = *p;
	if (quote != '\'' && quote != '"')
		return false;
	end = strchr(++p, quote);
	if (end == NULL || end[1 + strspn(end + 1, " ")] != ')')
		return false;
	*id = p;
	*len = (size_t)(end - p);
	return true;
}

static void
by_reference(struct loader *l, const xmlNode *at, uint32_t context, const char *ref, struct shown *out)
{
	const char *id;
	size_t len;

	if (literal_itext(ref, &id, &len)) {
		out->itext = itext_find(l->f, id, len);
		if (out->itext == 0)
			load_error(l, at, "there is no text '%.*s' in <itext>", (int)(len > 80 ? 80 : len), id);
		return;
	}
	out->ref = load_program(l, at, context, "ref", ref, NULL);
}

void
load_shown(struct loader *l, const xmlNode *at, uint32_t context, struct shown *out)
{
	const char *ref = load_attr(l, at, "ref", NULL);

	memset(out, 0, sizeof(*out));
	out->context = context;
	if (ref != NULL)
		by_reference(l, at, context, ref, out);
	else
		mixed(l, at, context, &out->literal);
}

void
load_message(struct loader *l, const xmlNode *at, uint32_t context, const char *text, struct shown *out)
{
	const char *id;
	size_t len;

	memset(out, 0, sizeof(*out));
	out->context = context;
	if (literal_itext(text, &id, &len)) {
		by_reference(l, at, context, text, out);
	} else {
		struct piece *p = arena_calloc(&l->f->arena, 1, sizeof(*p));

		if (p == NULL) {
			load_nomem(l);
			return;
		}
		p->text = text;
		p->len = strlen(text);
		out->literal = (struct pieces){ .list = p, .n = 1, .context = context };
	}
}

/* --- reading -------------------------------------------------------------------------------------------- */

/* "-" is what converters put where a translation is missing. */
static bool
is_missing(const struct pieces *p)
{
	return p->n == 0 || (p->n == 1 && p->list[0].text != NULL && strcmp(p->list[0].text, "-") == 0);
}

const struct pieces *
itext_pieces(const struct form *f, size_t language, uint32_t id, enum text_form form)
{
	const struct itext_entry *e;

	if (id == 0)
		return NULL;
	e = &f->itext[language * f->n_itext + id - 1];
	if (!is_missing(&e->form[form]))
		return &e->form[form];
	/* A sound speaks its language: that of another is heard only where the words are another's too. */
	if (form == TEXT_AUDIO && !is_missing(&e->form[TEXT_LONG]))
		return NULL;
	/* the default language, then any (forms.md 3.5, 23) */
	if (!is_missing(&f->itext[f->default_language * f->n_itext + id - 1].form[form]))
		return &f->itext[f->default_language * f->n_itext + id - 1].form[form];
	for (size_t k = 0; k < f->n_languages; k++)
		if (!is_missing(&f->itext[k * f->n_itext + id - 1].form[form]))
			return &f->itext[k * f->n_itext + id - 1].form[form];
	return NULL;
}

/* The row of CONTEXT in the same instances as ROW. */
static uint32_t
row_for(const struct run *x, uint32_t row, uint32_t context)
{
	const struct form *f = x->form;
	uint32_t repeat = f->nodes[context].repeat, base;

	if (row == 0 || repeat == 0)
		return block_row(f, 1, context);
	base = block_of(x->main, f, row, repeat);
	return base == 0 ? row : block_row(f, base, context);
}

bool
pieces_put(struct run *x, const struct pieces *p, uint32_t row, struct buf *out)
{
	for (uint32_t i = 0; p != NULL && i < p->n; i++) {
		struct val v, s;
		struct nref node = { x->main, row_for(x, row, p->context) };
		struct err *err = x->err;

		if (p->list[i].text != NULL) {
			buf_put(out, p->list[i].text, p->list[i].len);
			continue;
		}
		if (x->depth > 20)
			return run_fail(x, ERR_LIMIT, "texts inside texts go too deep");
		x->depth++;
		if (program_run(x, p->list[i].output, node, &v, err) != ERR_OK || !val_string(x, &v, &s)) {
			x->depth--;
			return false;
		}
		x->depth--;
		buf_put(out, s.u.s, s.n);
	}
	return true;
}

bool
itext_string(struct run *x, const char *id, size_t len, struct val *out)
{
	uint32_t at = itext_find(x->form, id, len);
	const struct pieces *p = at != 0 ? itext_pieces(x->form, x->language, at, TEXT_LONG) : NULL;
	struct buf b;
	bool ok;

	if (p == NULL && at != 0)
		p = itext_pieces(x->form, x->language, at, TEXT_SHORT);
	if (p == NULL)
		return false;
	buf_init_secret(&b, x->max_string);
	ok = pieces_put(x, p, x->current.tree == x->main ? x->current.row : 0, &b);
	return put_buf(x, out, &b, ok);
}

bool
shown_put(struct run *x, const struct shown *s, uint32_t row, enum text_form form, struct buf *out)
{
	if (s->itext != 0) {
		const struct pieces *p = itext_pieces(x->form, x->language, s->itext, form);

		if (p == NULL && form == TEXT_LONG)
			p = itext_pieces(x->form, x->language, s->itext, TEXT_SHORT);
		return pieces_put(x, p, row, out);
	}
	if (form != TEXT_LONG)
		return true;
	if (s->ref != NULL) {
		struct val v, t;
		struct nref node = { x->main, row_for(x, row, s->context) };

		if (program_run(x, s->ref, node, &v, x->err) != ERR_OK || !val_string(x, &v, &t))
			return false;
		buf_put(out, t.u.s, t.n);
		return true;
	}
	return pieces_put(x, &s->literal, row, out);
}
