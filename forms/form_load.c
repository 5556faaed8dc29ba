/* form_load: XForm XML to a compiled form, in passes; each works on what the last left sound, and all
 * findings of a pass are reported. */
#include <libxml/parser.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forms/load.h"

/* --- helpers of all passes ------------------------------------------------------------------------- */

static void
place_of(struct loader *l, const xmlNode *at, char *place, size_t len)
{
	const char *ref = NULL;

	if (at == NULL) {
		place[0] = '\0';
		return;
	}
	for (const xmlNode *n = at; n != NULL && n->type == XML_ELEMENT_NODE && ref == NULL; n = n->parent) {
		ref = load_attr(l, n, "nodeset", NULL);
		if (ref == NULL)
			ref = load_attr(l, n, "ref", NULL);
		if (ref == NULL)
			ref = load_attr(l, n, "id", NULL);
	}
	snprintf(place, len, "line %ld%s%.80s", xmlGetLineNo(at), ref != NULL ? ", " : "", ref != NULL ? ref : "");
}

static void
finding(struct loader *l, const xmlNode *at, bool warning, const char *fmt, va_list ap)
{
	char text[512], place[160];

	vsnprintf(text, sizeof(text), fmt, ap);
	place_of(l, at, place, sizeof(place));
	findings_add(l->findings, warning, at != NULL ? xmlGetLineNo(at) : 0, place, "%s", text);
}

void
load_error(struct loader *l, const xmlNode *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	finding(l, at, false, fmt, ap);
	va_end(ap);
}

void
load_warn(struct loader *l, const xmlNode *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	finding(l, at, true, fmt, ap);
	va_end(ap);
}

bool
load_nomem(struct loader *l)
{
	if (l->rc == ERR_OK)
		l->rc = l->f != NULL && l->f->arena.limited
		    ? err_set(l->err, ERR_LIMIT, "the form needs too much memory") : err_nomem(l->err);
	return false;
}

bool
load_is(const xmlNode *n, const char *name)
{
	return n != NULL && n->type == XML_ELEMENT_NODE && strcmp((const char *)n->name, name) == 0;
}

xmlNode *
load_child(const xmlNode *n, const char *name)
{
	for (xmlNode *c = n != NULL ? n->children : NULL; c != NULL; c = c->next)
		if (load_is(c, name))
			return c;
	return NULL;
}

const char *
load_attr(struct loader *l, const xmlNode *n, const char *name, const char *ns)
{
	for (const xmlAttr *a = n->properties; a != NULL; a = a->next) {
		xmlChar *v;
		const char *s;

		if (strcmp((const char *)a->name, name) != 0)
			continue;
		if (ns == NULL ? a->ns != NULL : a->ns == NULL || strcmp((const char *)a->ns->href, ns) != 0)
			continue;
		if (a->children == NULL)
			return "";
		if (a->children->next == NULL && a->children->content != NULL) {
			s = arena_str(&l->f->arena, (const char *)a->children->content);
		} else {
			v = xmlNodeListGetString(n->doc, a->children, 1);
			s = v != NULL ? arena_str(&l->f->arena, (const char *)v) : NULL;
			xmlFree(v);
		}
		if (s == NULL)
			load_nomem(l);
		return s;
	}
	return NULL;
}

const char *
load_text(struct loader *l, const xmlNode *n)
{
	xmlChar *v = xmlNodeGetContent(n);
	bool empty = v == NULL && n->children == NULL && n->content == NULL;
	const char *s = v != NULL || empty ? arena_str(&l->f->arena, v != NULL ? (const char *)v : "") : NULL;

	xmlFree(v);
	if (s == NULL)
		load_nomem(l);
	return s;
}

/* A path without predicates: "/data/a", "a/b", "../a", ".", "current()/..". */
uint32_t
load_resolve(struct loader *l, uint32_t context, const char *ref)
{
	const struct form *f = l->f;
	uint32_t at = context;

	while (*ref != '\0' && strchr(" \t\r\n", *ref) != NULL)
		ref++;
	if (*ref == '/')
		at = 0;
	else if (strncmp(ref, "current()/", 10) == 0)
		ref += 10;
	while (*ref != '\0' && at != NO_NODE) {
		const char *end, *colon;
		size_t len;

		while (*ref == '/')
			ref++;
		end = ref + strcspn(ref, "/ \t\r\n");
		len = (size_t)(end - ref);
		if (len == 0)
			break;
		if (len == 2 && memcmp(ref, "..", 2) == 0) {
			at = at == 0 ? NO_NODE : f->nodes[at].parent;
		} else if (len != 1 || *ref != '.') {
			bool attribute = *ref == '@';
			uint32_t name;

			colon = memchr(ref, ':', len);
			if (colon != NULL)
				name = names_find(&f->names, colon + 1, len - (size_t)(colon + 1 - ref), "");
			else
				name = names_find(&f->names, ref + attribute, len - attribute, "");
			at = name == 0 ? NO_NODE : form_child(f, at, name, attribute);
		}
		ref = end;
		while (*ref != '\0' && strchr(" \t\r\n", *ref) != NULL)
			ref++;
		if (*ref != '\0' && *ref != '/')
			return NO_NODE;
	}
	return at == 0 ? NO_NODE : at;
}

const struct program *
load_program(struct loader *l, const xmlNode *at, uint32_t node, const char *what, const char *text,
	struct reads *reads)
{
	struct form *f = l->f;
	struct scope scope = { .form = f, .node = node, .limits = { f->limits.expr_bytes, f->limits.ast_depth },
	    .max_ops = f->limits.program_len };
	struct program *p;
	struct err err = { 0 };
	enum err_code rc;

	if (f->n_programs == f->cap_programs) {
		uint32_t cap = f->cap_programs == 0 ? 64 : f->cap_programs * 2;
		struct program **list = realloc(f->programs, cap * sizeof(*list));

		if (list == NULL) {
			load_nomem(l);
			return NULL;
		}
		f->programs = list;
		f->cap_programs = cap;
	}
	rc = program_compile(&f->arena, &scope, text, strlen(text), &p, reads, &err);
	if (rc == ERR_NOMEM) {
		load_nomem(l);
		return NULL;
	}
	if (rc != ERR_OK) {
		load_error(l, at, "%s: %s", what, err.msg);
		return NULL;
	}
	p->id = f->n_programs + 1;
	f->programs[f->n_programs++] = p;
	return p;
}

/* --- the head ----------------------------------------------------------------------------------------- */

static bool
find_parts(struct loader *l)
{
	xmlNode *root = xmlDocGetRootElement(l->doc), *head;

	if (!load_is(root, "html")) {
		load_error(l, root, "this is no XForm: the root element is <%.60s>, not <h:html>", (const char *)root->name);
		return false;
	}
	head = load_child(root, "head");
	l->model = load_child(head, "model");
	l->body = load_child(root, "body");
	if (l->model == NULL)
		load_error(l, root, "the form has no <model>");
	if (l->body == NULL)
		load_error(l, root, "the form has no <h:body>");
	if (l->findings->errors > 0)
		return false;
	if (load_child(head, "title") != NULL)
		l->f->title = load_text(l, load_child(head, "title"));
	l->f->body_class = load_attr(l, l->body, "class", NULL);
	for (xmlNode *i = load_child(l->model, "instance"); i != NULL && l->instance == NULL; i = i->next)
		if (load_is(i, "instance"))
			for (xmlNode *c = i->children; c != NULL && l->instance == NULL; c = c->next)
				if (c->type == XML_ELEMENT_NODE) {
					l->instance = c;
					l->f->instance_prefix = load_attr(l, i, "id", NULL);
				}
	if (l->instance == NULL) {
		load_error(l, l->model, "the model has no <instance> with a root element");
		return false;
	}
	return l->rc == ERR_OK;
}

static bool
settings(struct loader *l)
{
	struct form *f = l->f;
	const char **list;
	size_t n = 0, k = 0;
	const char *id = load_attr(l, l->instance, "id", NULL), *version = load_attr(l, l->instance, "version", NULL);

	f->id = id != NULL ? id : "";
	f->version = version != NULL ? version : "";
	if (f->id[0] == '\0' && l->instance->ns != NULL && strcmp((const char *)l->instance->ns->href, NS_XFORMS) != 0)
		f->id = arena_str(&f->arena, (const char *)l->instance->ns->href);
	for (const xmlAttr *a = l->model->properties; a != NULL; a = a->next)
		n += a->ns != NULL && strcmp((const char *)a->ns->href, NS_CANDOUR) == 0;
	list = arena_calloc(&f->arena, n * 2 + 1, sizeof(*list));
	if (list == NULL)
		return load_nomem(l);
	for (const xmlAttr *a = l->model->properties; a != NULL; a = a->next)
		if (a->ns != NULL && strcmp((const char *)a->ns->href, NS_CANDOUR) == 0) {
			list[k++] = arena_str(&f->arena, (const char *)a->name);
			list[k++] = load_attr(l, l->model, (const char *)a->name, NS_CANDOUR);
			if (list[k - 1] == NULL || list[k - 2] == NULL)
				return load_nomem(l);
		}
	f->settings = list;
	l->anonymous = strcmp(form_setting(f, "anonymous"), "no") != 0;
	return l->rc == ERR_OK;
}

static void
submission(struct loader *l)
{
	xmlNode *s = load_child(l->model, "submission");
	const char *method = s != NULL ? load_attr(l, s, "method", NULL) : NULL;

	if (method != NULL && strcmp(method, "post") != 0 && strcmp(method, "form-data-post") != 0)
		load_error(l, s, "submission method \"%.60s\": only post and form-data-post are possible", method);
}

/* FNV-1a, 64 bits: enough to tell whether a draft belongs to this definition. */
static void
fingerprint(struct form *f, const char *xml, size_t len)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)xml[i]) * 1099511628211u;
	for (int i = 0; i < 8; i++)
		f->fingerprint[i] = (uint8_t)(h >> (56 - 8 * i));
}

typedef bool pass_fn(struct loader *l);

static bool
trees(struct loader *l)
{
	struct form *f = l->f;

	f->secondary_trees = calloc(f->n_secondary + 1, sizeof(*f->secondary_trees));
	if (f->secondary_trees == NULL)
		return load_nomem(l);
	for (uint32_t i = 0; i < f->n_secondary; i++)
		f->secondary_trees[i] = &f->secondary[i].tree;
	return true;
}

static bool
probes(struct loader *l)
{
	for (uint32_t i = 0; i < l->f->n_probes; i++)
		if (probe_build(l->f, &l->f->probes[i], l->err) != ERR_OK) {
			l->rc = l->err->code;
			return false;
		}
	return true;
}

static void
run_passes(struct loader *l)
{
	static pass_fn *const passes[] = {
		find_parts, settings, load_find_repeats, load_nodes, load_layout, load_secondary, trees, load_body,
		load_binds, load_itext, load_bind_programs, load_body_programs, load_actions, load_graph, probes,
	};

	for (size_t i = 0; i < ARRAY_LEN(passes); i++) {
		bool ok = passes[i](l);

		if (l->rc != ERR_OK)
			return;
		/* the tree must stand before anything is resolved in it; later passes tell all they find */
		if ((!ok || l->findings->errors > 0) && (i <= 7 || passes[i] == load_actions))
			return;
		if (!ok)
			return;
	}
	submission(l);
	if (l->admit)
		load_admit(l);
}

static void
loader_clear(struct loader *l)
{
	for (size_t i = 0; i < l->n_repeats; i++)
		free(l->repeats[i]);
	free(l->repeats);
	free(l->body_xml);
	free(l->bind_xml);
	free(l->last_child);
	for (size_t i = 0; i < l->n_pending; i++) {
		reads_clear(&l->pending[i].reads);
		reads_clear(&l->pending[i].indirect);
	}
	free(l->pending);
	for (uint32_t i = 0; l->body_reads != NULL && i < l->f->n_bodies; i++)
		reads_clear(&l->body_reads[i]);
	free(l->body_reads);
	if (l->doc != NULL)
		xmlFreeDoc(l->doc);
}

enum err_code
form_load(const char *xml, size_t len, const struct form_rules *rules, struct findings *findings,
	struct form **out, struct err *err)
{
	static const struct form_rules plain = { .admit = true };
	struct err mine = { 0 };
	struct loader l = { .rules = rules != NULL ? rules : &plain, .findings = findings, .err = err != NULL ? err : &mine };
	size_t before = findings->errors;
	struct form *f;

	*out = NULL;
	f = calloc(1, sizeof(*f));
	if (f == NULL)
		return err_nomem(err);
	l.f = f;
	l.admit = l.rules->admit;
	arena_init(&f->arena, (size_t)256 << 20);
	names_init(&f->names, &f->arena);
	f->limits = l.rules->limits;
	form_limits_fill(&f->limits);
	f->id = f->version = f->title = "";
	f->meta = f->instance_id = NO_NODE;
	findings->errors = 0;
	if (len > f->limits.xml_bytes) {
		l.rc = err_set(l.err, ERR_LIMIT, "the form has %zu bytes: at most %zu (limit xml_bytes)", len, f->limits.xml_bytes);
	} else {
		l.rc = xml_parse(xml, len, false, &l.doc, l.err);
		if (l.rc == ERR_INPUT) {
			findings_add(findings, false, 0, "", "%s", l.err->msg);
			l.rc = ERR_OK;
		} else if (l.rc == ERR_OK) {
			fingerprint(f, xml, len);
			run_passes(&l);
		}
	}
	if (l.rc == ERR_OK && findings->failed)
		l.rc = err_nomem(l.err);
	if (l.rc == ERR_OK && findings->errors > 0) {
		const struct finding *first = NULL;

		for (size_t i = 0; i < findings->n && first == NULL; i++)
			if (!findings->list[i].warning)
				first = &findings->list[i];
		l.rc = err_set(l.err, ERR_INPUT, "%s%s%s", first != NULL ? first->place : "",
		    first != NULL && first->place[0] != '\0' ? ": " : "", first != NULL ? first->text : "the form is not usable");
	}
	if (l.rc != ERR_OK && l.rc != ERR_INPUT && l.rc != ERR_NOMEM)
		findings_add(findings, false, 0, "", "%s", l.err->msg);
	findings->errors += before;
	loader_clear(&l);
	if (l.rc != ERR_OK)
		form_free(f);
	else
		*out = f;
	return l.rc;
}
