/* The XForm document: root, head, primary and secondary instances, binds (forms.md 2.1). */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "forms/xlsform_int.h"

/* --- writing ------------------------------------------------------------------------------------------- */

static void
escape(struct buf *out, const char *s, size_t len, bool quoted)
{
	const char *end = s + len;

	for (const char *p = s; ; p++) {
		const char *ref = NULL;

		if (p == end)
			;
		else if (*p == '&')
			ref = "&amp;";
		else if (*p == '<')
			ref = "&lt;";
		else if (*p == '>')
			ref = "&gt;";
		else if (quoted && *p == '"')
			ref = "&quot;";
		else if (quoted && *p == '\n')
			ref = "&#10;";
		else if (*p == '\r')
			ref = quoted ? " " : "";
		else if (quoted && *p == '\t')
			ref = "&#9;";
		else if ((unsigned char)*p < ' ' && *p != '\n' && *p != '\t')
			ref = " ";
		else
			continue;
		buf_put(out, s, (size_t)(p - s));
		if (p == end)
			return;
		buf_puts(out, ref);
		s = p + 1;
	}
}

void
w_line(struct writer *w)
{
	/* a document that is too long already needs no more work */
	if (w->out->failed != ERR_OK && w->x->rc == ERR_OK)
		w->x->rc = buf_check(w->out, w->x->err);
	buf_putc(w->out, '\n');
	for (unsigned i = 0; i < w->depth; i++)
		buf_puts(w->out, "  ");
}

void
w_open(struct writer *w, const char *name)
{
	w_line(w);
	buf_putc(w->out, '<');
	buf_puts(w->out, name);
}

void
w_attr(struct writer *w, const char *key, const char *value)
{
	buf_putc(w->out, ' ');
	buf_puts(w->out, key);
	buf_puts(w->out, "=\"");
	escape(w->out, value != NULL ? value : "", value != NULL ? strlen(value) : 0, true);
	buf_putc(w->out, '"');
}

void
w_close(struct writer *w, bool empty)
{
	buf_puts(w->out, empty ? "/>" : ">");
	if (!empty)
		w->depth++;
}

void
w_end(struct writer *w, const char *name)
{
	w->depth--;
	w_line(w);
	buf_printf(w->out, "</%s>", name);
}

void
w_text(struct writer *w, const char *text)
{
	escape(w->out, text, strlen(text), false);
}

/* The end of a path that begins with instance( at P: quotes and brackets are followed, it ends at a blank or
 * at anything that cannot be in a path. */
static const char *
instance_end(const char *p)
{
	int depth = 0;
	char quote = 0;
	const char *slash = NULL;

	for (; *p != '\0'; p++) {
		if (quote != 0) {
			quote = *p == quote ? 0 : quote;
			continue;
		}
		if (depth > 0 && (*p == '\'' || *p == '"'))
			quote = *p;
		else if (*p == '[' || *p == '(')
			depth++;
		else if (*p == ']' || *p == ')')
			depth--;
		else if (depth == 0 && *p == '/')
			slash = p;
		else if (depth == 0 && !(isalnum((unsigned char)*p) || strchr("_-.:@*", *p) != NULL || (unsigned char)*p >= 0x80))
			break;
		if (depth < 0)
			break;
	}
	if (slash == NULL || depth > 0 || quote != 0)
		return NULL;
	while (p > slash && (p[-1] == '.' || p[-1] == ':' || p[-1] == '-'))
		p--;
	return p;
}

void
w_label_text(struct writer *w, const struct el *context, const char *text)
{
	struct xlsform *x = w->x;
	const char *p = text, *at = strstr(text, "instance(");
	unsigned tries = 8;	/* an instance( that does not end well is text */

	while (*p != '\0') {
		const char *end = NULL, *from, *to;
		struct ref ref;
		bool has_ref = xf_ref_next(p, &ref);
		char *expr;

		while (at != NULL && (at < p || (at > text && (isalnum((unsigned char)at[-1]) || at[-1] == '-' || at[-1] == '_'))))
			at = strstr(at + 1, "instance(");
		if (at != NULL && tries > 0 && (!has_ref || at < ref.start)) {
			end = instance_end(at);
			tries -= end == NULL;
		}
		if (end == NULL && !has_ref) {
			w_text(w, p);
			return;
		}
		from = end != NULL ? at : ref.start;
		to = end != NULL ? end : ref.end;
		expr = xf_strn(x, from, (size_t)(to - from));
		if (expr == NULL || w->out->failed != ERR_OK)
			return;
		escape(w->out, p, (size_t)(from - p), false);
		buf_puts(w->out, "<output");
		w_attr(w, "value", xf_resolve(x, context, expr, false));
		buf_puts(w->out, "/>");
		p = to;
	}
}

/* --- instances ----------------------------------------------------------------------------------------- */

static void
write_node(struct writer *w, const struct el *e)
{
	struct xlsform *x = w->x;

	w_open(w, e->name);
	for (const struct pair *p = e->instance.first; p != NULL; p = p->next)
		w_attr(w, p->key, xf_resolve(x, e, p->value, false));
	if (e->def == NULL || xf_is_dynamic(e->def, e->type)) {
		w_close(w, true);
		return;
	}
	buf_putc(w->out, '>');
	if (e->type != NULL && strcmp(e->type->name, "image") == 0 && strstr(e->def, "://") == NULL)
		buf_puts(w->out, "jr://images/");
	w_text(w, e->def);
	buf_printf(w->out, "</%s>", e->name);
}

/* A repeat stands twice: as template and plain. In a template, repeats right inside are templates only, but
 * those in a group of it stand twice again; in a plain one all are plain (so does the reference). */
enum { BOTH, ONLY_TEMPLATE, ONLY_PLAIN };

static void write_children(struct writer *w, const struct el *e, int which);

static void
write_section(struct writer *w, const struct el *e, bool is_template, int which)
{
	w_open(w, e->name);
	if (is_template)
		w_attr(w, "jr:template", "");
	for (const struct pair *p = e->instance.first; p != NULL; p = p->next)
		w_attr(w, p->key, xf_resolve(w->x, e, p->value, false));
	if (e->first == NULL && e->entity == NULL) {
		w_close(w, true);
		return;
	}
	w_close(w, false);
	write_children(w, e, which);
	if (e->entity != NULL)
		xf_write_entity_instance(w, e->entity);
	w_end(w, e->name);
}

static void
write_children(struct writer *w, const struct el *e, int which)
{
	for (const struct el *k = e->first; k != NULL; k = k->next) {
		if (k->in_meta || (k->type != NULL && k->type->class == TYPE_EXTERNAL))
			continue;
		if (k->kind == EL_QUESTION) {
			write_node(w, k);
		} else if (k->kind == EL_REPEAT) {
			if (which != ONLY_PLAIN)
				write_section(w, k, true, ONLY_TEMPLATE);
			if (which != ONLY_TEMPLATE)
				write_section(w, k, false, ONLY_PLAIN);
		} else {
			write_section(w, k, false, which == ONLY_TEMPLATE ? BOTH : which);
		}
	}
}

static bool
has_meta(const struct xlsform *x)
{
	return !x->omit_instance_id || x->audit != NULL || x->instance_name != NULL || x->root->entity != NULL;
}

static void
write_primary(struct writer *w)
{
	struct xlsform *x = w->x;

	w_open(w, "instance");
	w_close(w, false);
	w_open(w, x->root->name);
	if (x->xmlns != NULL)
		w_attr(w, "xmlns", x->xmlns);
	w_attr(w, "id", x->id);
	if (x->version != NULL)
		w_attr(w, "version", x->version);
	if (x->prefix != NULL)
		w_attr(w, "odk:prefix", x->prefix);
	if (x->delimiter != NULL)
		w_attr(w, "odk:delimiter", x->delimiter);
	for (const struct pair *p = x->attributes.first; p != NULL; p = p->next)
		w_attr(w, p->key, p->value);
	w_close(w, false);
	write_children(w, x->root, BOTH);
	if (has_meta(x)) {
		w_open(w, "meta");
		w_close(w, false);
		if (x->audit != NULL) {
			w_open(w, "audit");
			w_close(w, true);
		}
		if (!x->omit_instance_id) {
			w_open(w, "instanceID");
			w_close(w, true);
		}
		if (x->instance_name != NULL) {
			w_open(w, "instanceName");
			w_close(w, true);
		}
		if (x->root->entity != NULL)
			xf_write_entity_instance(w, x->root->entity);
		w_end(w, "meta");
	}
	w_end(w, x->root->name);
	w_end(w, "instance");
}

static void
leaf(struct writer *w, const char *name, const char *text)
{
	w_open(w, name);
	buf_putc(w->out, '>');
	w_text(w, text);
	buf_printf(w->out, "</%s>", name);
}

static void
write_list(struct writer *w, const struct list *l)
{
	size_t i = 0;

	w_open(w, "instance");
	w_attr(w, "id", l->name);
	w_close(w, false);
	w_open(w, "root");
	w_close(w, l->first == NULL);
	for (const struct choice *c = l->first; c != NULL; c = c->next, i++) {
		w_open(w, "item");
		w_close(w, false);
		if (l->itext)
			leaf(w, "itextId", xf_fmt(w->x, "%s-%zu", l->name, i));
		leaf(w, "name", c->name);
		if (!l->itext && c->tr[TR_LABEL] != NULL)
			leaf(w, "label", c->tr[TR_LABEL]->text);
		for (const struct pair *p = c->extra.first; p != NULL; p = p->next)
			leaf(w, p->key, p->value);
		w_end(w, "item");
	}
	if (l->first != NULL)
		w_end(w, "root");
	w_end(w, "instance");
}

static void
write_secondary(struct writer *w)
{
	struct xlsform *x = w->x;

	for (const struct instance_use *u = x->instances; u != NULL; u = u->next) {
		w_open(w, "instance");
		w_attr(w, "id", u->id);
		w_attr(w, "src", u->src);
		w_close(w, true);
	}
	if (x->uses_last_saved) {
		w_open(w, "instance");
		w_attr(w, "id", "__last-saved");
		w_attr(w, "src", "jr://instance/last-saved");
		w_close(w, true);
	}
	for (const struct list *l = x->lists; l != NULL; l = l->next)
		if (!l->searched || l->used)
			write_list(w, l);
}

/* --- binds --------------------------------------------------------------------------------------------- */

static const char *
message(struct xlsform *x, const struct el *e, enum slot slot, const char *key)
{
	if (e->tr[slot] == NULL)
		return NULL;
	if (xf_needs_itext(x, e, slot))
		return xf_fmt(x, "jr:itext('%s:%s')", e->path, key);
	return e->tr[slot]->text;
}

static void
write_bind(struct writer *w, const struct el *e)
{
	static const struct { enum slot slot; const char *key; } TEXTS[] = { { TR_CONSTRAINT, "jr:constraintMsg" },
		{ TR_REQUIRED, "jr:requiredMsg" }, { TR_NOAPP, "jr:noAppErrorString" } };
	struct xlsform *x = w->x;
	const char *type = xf_get(&e->bind, "type");

	if (e->kind != EL_QUESTION && e->bind.first == NULL && e->calculation == NULL && e->tr[TR_CONSTRAINT] == NULL
	    && e->tr[TR_REQUIRED] == NULL)
		return;
	w_open(w, "bind");
	w_attr(w, "nodeset", e->path);
	if (type == NULL && e->type != NULL)
		type = e->type->bind;
	if (type != NULL)
		w_attr(w, "type", type);
	for (const struct pair *p = e->bind.first; p != NULL; p = p->next)
		if (strcmp(p->key, "type") != 0 && !(e->type != NULL && e->type->class == TYPE_BACKGROUND
		    && strcmp(p->key, "odk:quality") == 0))
			w_attr(w, p->key, xf_resolve(x, e, p->value, false));
	if (e->calculation != NULL && e->trigger == NULL)
		w_attr(w, "calculate", xf_resolve(x, e, e->calculation, false));
	for (size_t i = 0; i < ARRAY_LEN(TEXTS); i++) {
		const char *text = message(x, e, TEXTS[i].slot, TEXTS[i].key);

		if (text != NULL)
			w_attr(w, TEXTS[i].key, text);
	}
	if (e->type != NULL && e->type->class == TYPE_META) {
		if (xf_get(&e->bind, "jr:preload") == NULL)
			w_attr(w, "jr:preload", e->type->preload);
		if (xf_get(&e->bind, "jr:preloadParams") == NULL)
			w_attr(w, "jr:preloadParams", e->type->extra);
	}
	w_close(w, true);
	if (e->type != NULL && strcmp(e->type->name, "start-geopoint") == 0) {
		w_open(w, "odk:setgeopoint");
		w_attr(w, "event", "odk-instance-first-load");
		w_attr(w, "ref", e->path);
		w_close(w, true);
	}
	if (e->type != NULL && strcmp(e->type->name, "background-audio") == 0) {
		const char *quality = xf_get(&e->parameters, "quality");

		w_open(w, "odk:recordaudio");
		w_attr(w, "event", "odk-instance-load");
		w_attr(w, "ref", e->path);
		if (quality != NULL)
			w_attr(w, "odk:quality", quality);
		w_close(w, true);
	}
	if (e->def != NULL && xf_is_dynamic(e->def, e->type)) {
		w_open(w, "setvalue");
		w_attr(w, "event", "odk-instance-first-load");
		w_attr(w, "ref", e->path);
		w_attr(w, "value", xf_resolve(x, e, e->def, false));
		w_close(w, true);
	}
}

static void
write_binds(struct writer *w, const struct el *e)
{
	for (const struct el *k = e->first; k != NULL; k = k->next) {
		if (k->kind == EL_QUESTION && k->type->class == TYPE_EXTERNAL)
			continue;
		if (!k->in_meta)
			write_bind(w, k);
		write_binds(w, k);
		if (k->entity != NULL)
			xf_write_entity_binds(w, k->entity);
	}
}

static void
write_meta_binds(struct writer *w)
{
	struct xlsform *x = w->x;

	if (x->audit != NULL)
		write_bind(w, x->audit);
	if (!x->omit_instance_id) {
		w_open(w, "bind");
		w_attr(w, "nodeset", xf_fmt(x, "%s/meta/instanceID", x->root->path));
		w_attr(w, "type", "string");
		w_attr(w, "readonly", "true()");
		w_attr(w, "jr:preload", "uid");
		w_close(w, true);
	}
	if (x->instance_name != NULL) {
		w_open(w, "bind");
		w_attr(w, "nodeset", xf_fmt(x, "%s/meta/instanceName", x->root->path));
		w_attr(w, "type", "string");
		w_attr(w, "calculate", xf_resolve(x, x->root, x->instance_name, false));
		w_close(w, true);
	}
	if (x->root->entity != NULL)
		xf_write_entity_binds(w, x->root->entity);
}

/* --- the document -------------------------------------------------------------------------------------- */

static void
write_submission(struct writer *w)
{
	const struct xlsform *x = w->x;
	const struct { const char *key, *value; } all[] = {
		{ "action", x->submission_url }, { "method", x->submission_url != NULL ? "post" : NULL },
		{ "base64RsaPublicKey", x->public_key }, { "orx:auto-send", x->auto_send },
		{ "orx:auto-delete", x->auto_delete },
		{ "odk:client-editable", x->client_editable != NULL && xf_is_yes(x->client_editable) ? "true" : NULL },
	};
	bool any = false;

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		any = any || all[i].value != NULL;
	if (!any)
		return;
	w_open(w, "submission");
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (all[i].value != NULL)
			w_attr(w, all[i].key, all[i].value);
	w_close(w, true);
}

void
xf_write_model(struct writer *w)
{
	struct xlsform *x = w->x;

	w_open(w, "model");
	w_attr(w, "odk:xforms-version", "1.0.0");
	if (x->entities_list != NULL)
		w_attr(w, "entities:entities-version", "2025.1.0");
	for (const struct pair *p = x->kiosk.first; p != NULL; p = p->next)
		w_attr(w, xf_fmt(x, "candour:%s", p->key), p->value);
	w_close(w, false);
	write_submission(w);
	xf_write_itext(w);
	write_primary(w);
	write_secondary(w);
	write_binds(w, x->root);
	write_meta_binds(w);
	w_end(w, "model");
}

/* --- prefixes ------------------------------------------------------------------------------------------ */

struct prefixes {
	struct writer *w;
	struct lang *declared;	/* a list of names */
};

static bool
declared(const struct prefixes *p, const char *prefix, size_t len)
{
	for (const struct lang *l = p->declared; l != NULL; l = l->next)
		if (strlen(l->name) == len && memcmp(l->name, prefix, len) == 0)
			return true;
	return false;
}

static void
declare(struct prefixes *p, const char *prefix, const char *uri)
{
	struct xlsform *x = p->w->x;
	struct lang *l;

	if (declared(p, prefix, strlen(prefix)))
		return;
	l = xf_alloc(x, sizeof(*l));
	if (l == NULL)
		return;
	l->name = prefix;
	l->next = p->declared;
	p->declared = l;
	if (uri != NULL)
		w_attr(p->w, xf_fmt(x, "xmlns:%s", prefix), uri);
}

/* Attributes that authors name freely need a namespace each. */
static void
need(struct prefixes *p, const struct el *e, const struct pairs *pairs)
{
	struct xlsform *x = p->w->x;

	for (const struct pair *one = pairs->first; one != NULL; one = one->next) {
		const char *colon = strchr(one->key, ':');

		if (!xf_is_name(one->key)) {
			xf_error(x, e != NULL ? &x->survey : &x->settings, e != NULL ? e->row : x->settings_row, e != NULL ? e->line
			    : x->settings_line, one->column, "\"%.60s\" cannot be the name of an attribute", one->key);
		} else if (colon != NULL && !declared(p, one->key, (size_t)(colon - one->key))) {
			if (strncmp(one->key, "esri:", 5) == 0)
				declare(p, "esri", "http://esri.com/xforms");
			else
				xf_error(x, e != NULL ? &x->survey : &x->settings, e != NULL ? e->row : x->settings_row, e != NULL
				    ? e->line : x->settings_line, one->column, "the prefix of \"%.60s\" is not declared: put %.*s=\"address\" into "
				    "namespaces on the settings sheet", one->key, (int)(colon - one->key), one->key);
		}
	}
}

/* The columns of choices become elements. */
static void
need_choices(struct prefixes *p)
{
	struct xlsform *x = p->w->x;
	const struct table *t = &x->choices;

	for (size_t i = 0; t->sheet != NULL && t->columns != NULL && i < t->sheet->n_columns; i++) {
		const struct column *c = &t->columns[i];
		const char *colon = c->use == COL_EXTRA ? strchr(c->key, ':') : NULL;

		if (colon != NULL && !declared(p, c->key, (size_t)(colon - c->key)))
			xf_error(x, t, 1, t->sheet->header_line, c->raw, "the prefix of \"%.60s\" is not declared: rename the column, or put "
			    "%.*s=\"address\" into namespaces on the settings sheet", c->key, (int)(colon - c->key), c->key);
	}
}

static void
need_all(struct prefixes *p, const struct el *e)
{
	for (const struct el *k = e->first; k != NULL; k = k->next) {
		need(p, k, &k->bind);
		need(p, k, &k->control);
		need(p, k, &k->instance);
		if (k->kiosk.first != NULL)
			declare(p, "candour", "urn:candour:form:1");
		need_all(p, k);
	}
}

/* The setting: prefix="uri" pairs with blanks between them. */
static void
write_namespaces(struct writer *w)
{
	static const char *const known[] = { "xml", "h", "ev", "xsd", "jr", "orx", "odk" };
	struct xlsform *x = w->x;
	struct prefixes all = { .w = w };
	const char *p = x->namespaces != NULL ? x->namespaces : "";

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		declare(&all, known[i], NULL);
	declare(&all, "entities", x->entities_list != NULL ? "http://www.opendatakit.org/xforms/entities" : NULL);
	for (;;) {
		const char *eq, *end;
		char *prefix, *uri;

		p += strspn(p, " \t\r\n,;");
		eq = strchr(p, '=');
		if (eq == NULL || (eq[1] != '"' && eq[1] != '\''))
			break;
		end = strchr(eq + 2, eq[1]);
		if (end == NULL)
			break;
		prefix = xf_strn(x, p, (size_t)(eq - p));
		uri = xf_strn(x, eq + 2, (size_t)(end - eq - 2));
		if (prefix == NULL || uri == NULL)
			return;
		if (xf_is_name(prefix) && strchr(prefix, ':') == NULL && strncmp(prefix, "xml", 3) != 0 && *uri != '\0')
			declare(&all, prefix, uri);
		else
			xf_error(x, &x->settings, x->settings_row, x->settings_line, "namespaces", "\"%.60s\" cannot name a namespace: write "
			    "prefix=\"address\"", prefix);
		p = end + 1;
	}
	if (*p != '\0')
		xf_error(x, &x->settings, x->settings_row, x->settings_line, "namespaces", "\"%.60s\" is not a namespace: write "
		    "prefix=\"address\"", p);
	if (x->kiosk.first != NULL)
		declare(&all, "candour", "urn:candour:form:1");
	need(&all, NULL, &x->attributes);
	need_choices(&all);
	need_all(&all, x->root);
}

void
xf_write(struct xlsform *x, struct buf *out)
{
	static const char *const spaces[][2] = {
		{ "xmlns", "http://www.w3.org/2002/xforms" }, { "xmlns:h", "http://www.w3.org/1999/xhtml" },
		{ "xmlns:ev", "http://www.w3.org/2001/xml-events" }, { "xmlns:xsd", "http://www.w3.org/2001/XMLSchema" },
		{ "xmlns:jr", "http://openrosa.org/javarosa" }, { "xmlns:orx", "http://openrosa.org/xforms" },
		{ "xmlns:odk", "http://www.opendatakit.org/xforms" },
	};
	struct writer w = { .x = x, .out = out };

	buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
	w_open(&w, "h:html");
	for (size_t i = 0; i < ARRAY_LEN(spaces); i++)
		w_attr(&w, spaces[i][0], spaces[i][1]);
	write_namespaces(&w);
	w_close(&w, false);
	w_open(&w, "h:head");
	w_close(&w, false);
	leaf(&w, "h:title", x->title);
	xf_write_model(&w);
	w_end(&w, "h:head");
	w_open(&w, "h:body");
	if (x->style != NULL)
		w_attr(&w, "class", x->style);
	w_close(&w, false);
	xf_write_body(&w);
	w_end(&w, "h:body");
	w_end(&w, "h:html");
	buf_putc(out, '\n');
}
