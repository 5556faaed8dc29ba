/* The body: controls, groups, repeats; their labels, choices and itemsets. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "forms/load.h"

/* --- where the repeats are -------------------------------------------------------------------------- */

/* PATH and REF as one absolute path of local names. */
static bool
join_path(const char *path, const char *ref, char *out, size_t len)
{
	size_t n;

	while (*ref != '\0' && strchr(" \t\r\n", *ref) != NULL)
		ref++;
	if (strncmp(ref, "current()/", 10) == 0)
		ref += 10;
	snprintf(out, len, "%s", *ref == '/' ? "" : path);
	while (*ref != '\0') {
		size_t word;
		const char *colon;

		ref += strspn(ref, "/ \t\r\n");
		word = strcspn(ref, "/ \t\r\n");
		if (word == 0)
			break;
		if (word == 2 && memcmp(ref, "..", 2) == 0) {
			char *slash = strrchr(out, '/');

			if (slash != NULL)
				*slash = '\0';
		} else if (word != 1 || *ref != '.') {
			colon = memchr(ref, ':', word);
			n = strlen(out);
			if (colon != NULL) {
				word -= (size_t)(colon + 1 - ref);
				ref = colon + 1;
			}
			if (n + word + 2 > len)
				return false;
			snprintf(out + n, len - n, "/%.*s", (int)word, ref);
		}
		ref += word;
	}
	return true;
}

static bool
find_repeats(struct loader *l, const xmlNode *e, const char *path, unsigned depth)
{
	if (depth > l->f->limits.depth) {
		l->rc = err_set(l->err, ERR_LIMIT, "the body is nested more than %zu deep (limit depth)", l->f->limits.depth);
		return false;
	}
	for (const xmlNode *c = e->children; c != NULL; c = c->next) {
		const char *ref;
		char sub[1024];

		if (!load_is(c, "group") && !load_is(c, "repeat"))
			continue;
		ref = load_attr(l, c, load_is(c, "repeat") ? "nodeset" : "ref", NULL);
		if (ref == NULL && load_is(c, "repeat"))
			ref = load_attr(l, c, "ref", NULL);
		if (ref == NULL || !join_path(path, ref, sub, sizeof(sub)))
			snprintf(sub, sizeof(sub), "%s", path);
		else if (load_is(c, "repeat")) {
			char **list = realloc(l->repeats, (l->n_repeats + 1) * sizeof(*list));

			if (list == NULL)
				return load_nomem(l);
			l->repeats = list;
			list[l->n_repeats] = strdup(sub);
			if (list[l->n_repeats] == NULL)
				return load_nomem(l);
			l->n_repeats++;
		}
		if (!find_repeats(l, c, sub, depth + 1))
			return false;
	}
	return true;
}

bool
load_find_repeats(struct loader *l)
{
	char root[300];

	snprintf(root, sizeof(root), "/%.250s", (const char *)l->instance->name);
	return find_repeats(l, l->body, root, 0);
}

/* --- the elements --------------------------------------------------------------------------------------- */

static bool
kind_of(const xmlNode *c, enum control_kind *kind)
{
	static const struct { const char *name; enum control_kind kind; } kinds[] = {
		{ "input", CONTROL_INPUT }, { "select1", CONTROL_SELECT1 }, { "select", CONTROL_SELECT },
		{ "range", CONTROL_RANGE }, { "rank", CONTROL_RANK }, { "trigger", CONTROL_TRIGGER },
		{ "upload", CONTROL_UPLOAD }, { "secret", CONTROL_INPUT }, { "textarea", CONTROL_INPUT },
	};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (load_is(c, kinds[i].name)) {
			*kind = kinds[i].kind;
			return true;
		}
	return false;
}

static struct body *
body_new(struct loader *l, xmlNode *e, enum body_kind kind, uint32_t node, uint32_t parent)
{
	struct form *f = l->f;
	struct body *b;

	if (f->n_bodies >= f->limits.nodes) {
		l->rc = err_set(l->err, ERR_LIMIT, "the body has more than %zu elements (limit nodes)", f->limits.nodes);
		return NULL;
	}
	if (f->n_bodies == l->cap_bodies) {
		uint32_t cap = l->cap_bodies == 0 ? 64 : l->cap_bodies * 2;
		struct body *list = realloc(f->bodies, cap * sizeof(*list));
		xmlNode **xml = realloc(l->body_xml, cap * sizeof(*xml));

		if (list != NULL)
			f->bodies = list;
		if (xml != NULL)
			l->body_xml = xml;
		if (list == NULL || xml == NULL) {
			load_nomem(l);
			return NULL;
		}
		l->cap_bodies = cap;
	}
	b = &f->bodies[f->n_bodies];
	memset(b, 0, sizeof(*b));
	l->body_xml[f->n_bodies++] = e;
	b->kind = kind;
	b->node = node;
	b->parent = parent;
	b->appearance = b->mediatype = "";
	b->path = "";
	b->line = e->line;
	return b;
}

static bool
has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = strstr(list, word); p != NULL; p = strstr(p + 1, word))
		if ((p == list || p[-1] == ' ') && (p[n] == '\0' || p[n] == ' '))
			return true;
	return false;
}

static uint32_t
reference(struct loader *l, xmlNode *e, uint32_t context)
{
	const char *ref = load_attr(l, e, load_is(e, "repeat") ? "nodeset" : "ref", NULL), *bind;
	uint32_t node;

	if (ref == NULL && load_is(e, "repeat"))
		ref = load_attr(l, e, "ref", NULL);
	if (ref == NULL && (bind = load_attr(l, e, "bind", NULL)) != NULL) {
		for (xmlNode *b = l->model->children; b != NULL && ref == NULL; b = b->next) {
			const char *id = load_is(b, "bind") ? load_attr(l, b, "id", NULL) : NULL;

			if (id != NULL && strcmp(id, bind) == 0) {
				ref = load_attr(l, b, "nodeset", NULL);
				context = 1;
			}
		}
		if (ref == NULL)
			load_error(l, e, "there is no bind with id %.60s", bind);
	}
	if (ref == NULL)
		return NO_NODE;
	node = load_resolve(l, context, ref);
	if (node == NO_NODE && (l->admit || load_is(e, "repeat")))
		load_error(l, e, "<%s>: there is no node %.80s in the instance", (const char *)e->name, ref);
	else if (node == NO_NODE)
		load_warn(l, e, "<%s>: there is no node %.80s in the instance", (const char *)e->name, ref);
	return node;
}

static const char *
keep_path(struct loader *l, uint32_t node)
{
	struct buf b;
	const char *s;

	buf_init(&b, 1 << 20);
	form_path(l->f, node, &b);
	s = b.failed == ERR_OK ? arena_str(&l->f->arena, buf_str(&b)) : NULL;
	buf_free(&b);
	if (s == NULL)
		load_nomem(l);
	return s != NULL ? s : "";
}

static const char *const *
extras(struct loader *l, const xmlNode *e)
{
	const char **list;
	size_t n = 0, k = 0;

	for (const xmlAttr *a = e->properties; a != NULL; a = a->next)
		n += a->ns != NULL && strcmp((const char *)a->ns->href, NS_CANDOUR) == 0;
	list = arena_calloc(&l->f->arena, n * 2 + 1, sizeof(*list));
	if (list == NULL) {
		load_nomem(l);
		return NULL;
	}
	for (const xmlAttr *a = e->properties; a != NULL; a = a->next)
		if (a->ns != NULL && strcmp((const char *)a->ns->href, NS_CANDOUR) == 0) {
			list[k++] = arena_str(&l->f->arena, (const char *)a->name);
			list[k++] = load_attr(l, e, (const char *)a->name, NS_CANDOUR);
		}
	return list;
}

static void
range(struct loader *l, const xmlNode *e, struct body *b)
{
	const char *s = load_attr(l, e, "start", NULL), *t = load_attr(l, e, "end", NULL), *p = load_attr(l, e, "step", NULL);

	b->start = 1;
	b->stop = 10;
	b->step = 1;
	if ((s != NULL && !num_double(s, strlen(s), &b->start)) || (t != NULL && !num_double(t, strlen(t), &b->stop))
	    || (p != NULL && !num_double(p, strlen(p), &b->step)) || b->step == 0)
		load_error(l, e, "range: start, end and step must be numbers, step not 0");
}

/* upload mediatype: "image/png", or a star after the slash */
static void
upload(struct loader *l, const xmlNode *e, struct body *b)
{
	const char *m = load_attr(l, e, "mediatype", NULL), *slash;

	if (m == NULL)
		return;
	b->mediatype = m;
	slash = strchr(m, '/');
	if (slash == NULL || slash == m || slash[1] == '\0' || strchr(slash + 1, '/') != NULL)
		load_error(l, e, "upload: the mediatype \"%.60s\" is not of the form type/subtype", m);
}

static bool walk_body(struct loader *l, xmlNode *e, uint32_t context, uint32_t parent, unsigned depth);

static void
link_last(struct loader *l, uint32_t parent, uint32_t me)
{
	struct body *bodies = l->f->bodies;
	uint32_t *last = parent != 0 ? &bodies[parent - 1].last : &l->last_body;

	if (*last != 0)
		bodies[*last - 1].next = me + 1;
	else if (parent != 0)
		bodies[parent - 1].first = me + 1;
	*last = me + 1;
}

static bool
control(struct loader *l, xmlNode *e, enum control_kind kind, uint32_t context, uint32_t parent)
{
	struct form *f = l->f;
	uint32_t node = reference(l, e, context), me = f->n_bodies;
	struct body *b;
	const char *s;

	if (l->rc != ERR_OK)
		return false;
	if (node == NO_NODE) {
		if (load_attr(l, e, "ref", NULL) == NULL && load_attr(l, e, "bind", NULL) == NULL)
			load_error(l, e, "<%s> has no ref", (const char *)e->name);
		return true;
	}
	b = body_new(l, e, BODY_CONTROL, node, parent);
	if (b == NULL)
		return false;
	b->control = kind;
	s = load_attr(l, e, "appearance", NULL);
	if (s != NULL)
		b->appearance = s;
	b->extra = extras(l, e);
	b->path = keep_path(l, node);
	if (kind == CONTROL_RANGE)
		range(l, e, b);
	if (kind == CONTROL_UPLOAD)
		upload(l, e, b);
	if (load_child(e, "itemset") != NULL)
		b->value_ref = "";
	for (xmlNode *i = e->children; i != NULL; i = i->next)
		b->n_choices += load_is(i, "item");
	b->end = f->n_bodies;
	if (f->nodes[node].control != 0)
		load_warn(l, e, "a second question for %.80s: it is not shown", b->path);
	else
		f->nodes[node].control = me + 1;
	f->nodes[node].flags |= NODE_CONTROL;
	link_last(l, parent, me);
	return true;
}

static bool
container(struct loader *l, xmlNode *e, uint32_t context, uint32_t parent, unsigned depth)
{
	struct form *f = l->f;
	bool repeat = load_is(e, "repeat");
	uint32_t node = reference(l, e, context), me = f->n_bodies;
	struct body *b;
	const char *s;

	if (l->rc != ERR_OK)
		return false;
	if (repeat && (node == NO_NODE || !form_is_repeat(f, node))) {
		if (node != NO_NODE || load_attr(l, e, "nodeset", NULL) == NULL)
			load_error(l, e, "<repeat> needs a nodeset that is in the instance");
		return true;
	}
	b = body_new(l, e, repeat ? BODY_REPEAT : BODY_GROUP, node, parent);
	if (b == NULL)
		return false;
	b->extra = extras(l, e);
	s = load_attr(l, e, "appearance", NULL);
	if (s != NULL)
		b->appearance = s;
	b->field_list = has_word(b->appearance, "field-list");
	if (node != NO_NODE)
		b->path = keep_path(l, node);
	if (repeat && f->nodes[node].control == 0)
		f->nodes[node].control = me + 1;
	link_last(l, parent, me);
	if (!walk_body(l, e, node != NO_NODE ? node : context, me + 1, depth + 1))
		return false;
	f->bodies[me].end = f->n_bodies;
	return true;
}

static bool
walk_body(struct loader *l, xmlNode *e, uint32_t context, uint32_t parent, unsigned depth)
{
	static const char *const known[] = { "label", "hint", "group", "repeat", "setvalue", "item", "itemset", "value",
	    "setgeopoint", "recordaudio", "copy", "help", "alert", "output" };
	enum control_kind kind;

	for (xmlNode *c = e->children; c != NULL; c = c->next) {
		bool is_known = false;

		if (c->type != XML_ELEMENT_NODE)
			continue;
		if (kind_of(c, &kind)) {
			if (!control(l, c, kind, context, parent))
				return false;
			continue;
		}
		if (load_is(c, "group") || load_is(c, "repeat")) {
			if (!container(l, c, context, parent, depth))
				return false;
			continue;
		}
		for (size_t i = 0; i < ARRAY_LEN(known); i++)
			is_known |= load_is(c, known[i]);
		if (!is_known)
			load_warn(l, c, "<%.60s> is not known: it is left out", (const char *)c->name);
	}
	return l->rc == ERR_OK;
}

bool
load_body(struct loader *l)
{
	return walk_body(l, l->body, 1, 0, 0);
}

/* --- choices -------------------------------------------------------------------------------------------- */

static bool
items(struct loader *l, const xmlNode *e, struct body *b)
{
	struct body_choice *list = arena_calloc(&l->f->arena, b->n_choices, sizeof(*list));
	uint32_t n = 0;

	if (list == NULL)
		return load_nomem(l);
	for (const xmlNode *i = e->children; i != NULL; i = i->next) {
		const xmlNode *label, *value;

		if (!load_is(i, "item"))
			continue;
		label = load_child(i, "label");
		value = load_child(i, "value");
		if (value == NULL) {
			load_error(l, i, "a choice has no <value>");
			continue;
		}
		if (label != NULL)
			load_shown(l, label, b->node, &list[n].label);
		list[n].value = load_text(l, value);
		if (list[n].value == NULL)
			return false;
		/* blanks around a value are of the file's layout */
		list[n].value += strspn(list[n].value, " \t\r\n");
		list[n].value_len = strlen(list[n].value);
		while (list[n].value_len > 0 && strchr(" \t\r\n", list[n].value[list[n].value_len - 1]) != NULL)
			list[n].value_len--;
		list[n].value = arena_strn(&l->f->arena, list[n].value, list[n].value_len);
		if (list[n].value == NULL)
			return load_nomem(l);
		n++;
	}
	b->choices = list;
	b->n_choices = n;
	return true;
}

/* "name" or "jr:itext(itextId)": the child it names, if it is that simple. */
static const char *
plain_ref(struct loader *l, const char *ref, bool *itext)
{
	const char *p = ref + strspn(ref, " \t\r\n"), *end, *q;

	*itext = strncmp(p, "jr:itext(", 9) == 0;
	if (*itext)
		p += 9;
	p += strspn(p, " ");
	if (strncmp(p, "./", 2) == 0)
		p += 2;
	end = p + strcspn(p, " )\t\r\n");
	for (q = p; q < end; q++)
		if (strchr("/[]()*|=,'\"@$", *q) != NULL)
			return NULL;
	q = memchr(p, ':', (size_t)(end - p));
	if (q != NULL)
		p = q + 1;
	if (end == p || end[strspn(end, " )\t\r\n")] != '\0')
		return NULL;
	return arena_strn(&l->f->arena, p, (size_t)(end - p));
}

static uint32_t
name_id(struct loader *l, const char *name)
{
	uint32_t id = name != NULL && strcmp(name, ".") != 0 ? names_put(&l->f->names, name, strlen(name), "") : 0;

	return id;
}

static bool
is_secondary(const char *nodeset)
{
	const char *p = nodeset + strspn(nodeset, " \t\r\n");

	return strncmp(p, "instance(", 9) == 0 || (strncmp(p, "randomize(", 10) == 0 && is_secondary(p + 10));
}

static bool
has_child(const struct tree *t, uint32_t item, uint32_t name)
{
	for (uint32_t c = t->rows[item].first; c != 0; c = t->rows[c].next)
		if (t->rows[c].name == name)
			return true;
	return false;
}

/* The first item must have the value that the itemset names, some item its label (forms.md 3.2). */
static void
check_items(struct loader *l, const xmlNode *e, const struct body *b, const char *nodeset)
{
	const char *p = strstr(nodeset, "instance("), *q;
	uint32_t at, row, item = 0;
	const struct tree *t;
	bool label = b->label_name == 0 || b->label_ref == NULL;

	if (p == NULL)
		return;
	p += 9;
	p += strspn(p, " ");
	q = strchr(p + 1, *p);
	if (q == NULL || (*p != '\'' && *p != '"'))
		return;
	at = secondary_find(l->f, p + 1, (size_t)(q - p - 1));
	if (at == 0 || l->f->secondary[at - 1].broken)
		return;
	t = &l->f->secondary[at - 1].tree;
	row = t->n > 0 ? t->rows[1].first : 0;
	if (row != 0)
		item = t->rows[row].first;
	if (item == 0 || strstr(q, "/item") == NULL)
		return;
	if (b->value_name != 0 && !has_child(t, item, b->value_name))
		load_error(l, e, "the first item of the list has no <%.60s>, which is its value", b->value_ref);
	for (uint32_t i = item; i != 0 && !label; i = t->rows[i].next)
		label = has_child(t, i, b->label_name);
	if (!label)
		load_error(l, e, "no item of the list has a <%.60s>, which is its label", b->label_ref);
}

static bool
itemset(struct loader *l, uint32_t index)
{
	struct body *b = &l->f->bodies[index];
	const xmlNode *e = load_child(l->body_xml[index], "itemset"), *value, *label;
	const char *nodeset = load_attr(l, e, "nodeset", NULL), *ref;
	bool itext;

	if (nodeset == NULL) {
		load_error(l, e, "<itemset> has no nodeset");
		return true;
	}
	value = load_child(e, "value");
	label = load_child(e, "label");
	ref = value != NULL ? load_attr(l, value, "ref", NULL) : NULL;
	if (ref == NULL) {
		load_error(l, e, "<itemset> has no <value ref>");
		return true;
	}
	b->value_ref = plain_ref(l, ref, &itext);
	if (b->value_ref == NULL || itext) {
		load_error(l, e, "the value of an itemset must be the name of a child: \"%.60s\"", ref);
		b->value_ref = "";
		return true;
	}
	b->value_name = name_id(l, b->value_ref);
	ref = label != NULL ? load_attr(l, label, "ref", NULL) : NULL;
	if (ref != NULL) {
		b->label_ref = plain_ref(l, ref, &b->label_itext);
		if (b->label_ref != NULL)
			b->label_name = name_id(l, b->label_ref);
		else
			load_error(l, e, "the label of an itemset must be the name of a child or jr:itext(..) of one: \"%.60s\"", ref);
	}
	b->itemset = load_program(l, e, b->node, "itemset", nodeset, &l->body_reads[index]);
	b->filtered = l->body_reads[index].n > 0 || (b->itemset != NULL && b->itemset->is_volatile);
	if (b->itemset != NULL && is_secondary(nodeset))
		check_items(l, e, b, nodeset);
	return true;
}

bool
load_body_programs(struct loader *l)
{
	struct form *f = l->f;

	l->body_reads = calloc(f->n_bodies + 1, sizeof(*l->body_reads));
	if (l->body_reads == NULL)
		return load_nomem(l);
	for (uint32_t i = 0; i < f->n_bodies && l->rc == ERR_OK; i++) {
		struct body *b = &f->bodies[i];
		const xmlNode *e = l->body_xml[i], *label = load_child(e, "label"), *hint = load_child(e, "hint");
		uint32_t context = b->node;

		for (uint32_t up = b->parent; context == NO_NODE && up != 0; up = f->bodies[up - 1].parent)
			context = f->bodies[up - 1].node;
		if (context == NO_NODE)
			context = 1;
		if (label != NULL) {
			b->has_label = true;
			load_shown(l, label, context, &b->label);
		}
		if (hint != NULL)
			load_shown(l, hint, context, &b->hint);
		if (b->kind != BODY_CONTROL)
			continue;
		if (b->value_ref != NULL)
			itemset(l, i);
		else if (b->n_choices > 0)
			items(l, e, b);
		else if (b->control == CONTROL_SELECT1 || b->control == CONTROL_SELECT || b->control == CONTROL_RANK)
			load_warn(l, e, "the question has no choices");
		/* a note: read only, always, and nothing computes it */
		if (b->control == CONTROL_INPUT && f->nodes[b->node].readonly != NULL
		    && strcmp(f->nodes[b->node].readonly->source, "true()") == 0 && f->nodes[b->node].calculate == NULL)
			b->control = CONTROL_NOTE;
		f->questions += b->control != CONTROL_NOTE;
	}
	return l->rc == ERR_OK;
}
