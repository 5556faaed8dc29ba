/* Actions: setvalue and when it happens. */
#include <stdlib.h>
#include <string.h>

#include "forms/load.h"

static unsigned
events_of(struct loader *l, const xmlNode *e)
{
	static const struct { const char *name; unsigned event; } known[] = {
		{ "odk-instance-first-load", ON_FIRST_LOAD }, { "xforms-value-changed", ON_CHANGED },
		{ "odk-new-repeat", ON_NEW_REPEAT }, { "odk-instance-load", ON_LOAD },
	};
	const char *p = load_attr(l, e, "event", NULL);
	unsigned events = 0;

	if (p == NULL || p[strspn(p, " \t\r\n")] == '\0') {
		load_error(l, e, "<%s> has no event", (const char *)e->name);
		return 0;
	}
	while (*(p += strspn(p, " \t\r\n")) != '\0') {
		size_t n = strcspn(p, " \t\r\n"), i;

		for (i = 0; i < ARRAY_LEN(known); i++)
			if (strlen(known[i].name) == n && memcmp(known[i].name, p, n) == 0)
				break;
		if (i < ARRAY_LEN(known))
			events |= known[i].event;
		else
			load_error(l, e, "the event \"%.*s\" is not supported", (int)(n > 60 ? 60 : n), p);
		p += n;
	}
	return events;
}

static bool
setvalue(struct loader *l, const xmlNode *e, uint32_t source, uint32_t repeat)
{
	struct form *f = l->f;
	struct action a = { .source = source, .repeat = repeat };
	const char *ref = load_attr(l, e, "ref", NULL), *value = load_attr(l, e, "value", NULL);
	uint32_t r;

	a.events = events_of(l, e);
	if (a.events == 0)
		return l->rc == ERR_OK;
	if ((a.events & ON_NEW_REPEAT) != 0 && repeat == NO_NODE) {
		load_error(l, e, "odk-new-repeat is for actions inside a <repeat>");
		return true;
	}
	if ((a.events & ON_CHANGED) != 0 && source == NO_NODE) {
		load_error(l, e, "xforms-value-changed is for actions inside a question");
		return true;
	}
	if (ref == NULL && (ref = load_attr(l, e, "bind", NULL)) != NULL) {
		for (xmlNode *b = l->model->children; b != NULL; b = b->next) {
			const char *id = load_is(b, "bind") ? load_attr(l, b, "id", NULL) : NULL;

			if (id != NULL && strcmp(id, ref) == 0) {
				ref = load_attr(l, b, "nodeset", NULL);
				break;
			}
		}
	}
	a.target = ref != NULL ? load_resolve(l, source != NO_NODE ? source : repeat != NO_NODE ? repeat : 1, ref) : NO_NODE;
	if (a.target == NO_NODE && ref != NULL && strchr(ref, '[') != NULL) {
		uint32_t from = source != NO_NODE ? source : repeat != NO_NODE ? repeat : 1;
		char *plain = arena_str(&f->arena, ref), *to = plain;

		if (plain == NULL)
			return load_nomem(l);
		for (unsigned depth = 0; *ref != '\0'; ref++) {
			depth += *ref == '[';
			if (depth == 0)
				*to++ = *ref;
			depth -= *ref == ']' && depth > 0;
		}
		*to = '\0';
		a.target = load_resolve(l, from, plain);
		ref = load_attr(l, e, "ref", NULL);
		if (a.target != NO_NODE)
			a.where = load_program(l, e, from, "setvalue", ref, NULL);
	}
	if (a.target == NO_NODE) {
		load_error(l, e, "<setvalue>: there is no node %.80s in the instance", ref != NULL ? ref : "(no ref)");
		return true;
	}
	if (source != NO_NODE || repeat != NO_NODE) {
		uint32_t from = source != NO_NODE ? source : repeat;

		for (r = f->nodes[a.target].repeat; r != 0 && !form_within(f, r, from); )
			r = f->nodes[f->nodes[r].parent].repeat;
		a.target_scope = r;
	}
	if (value != NULL && value[strspn(value, " \t\r\n")] != '\0') {
		a.value = load_program(l, e, a.target, "setvalue", value, NULL);
		if (a.value == NULL)
			return l->rc == ERR_OK;
	} else {
		a.text = value != NULL ? "" : load_text(l, e);
		if (a.text == NULL)
			return false;
		a.text_len = strlen(a.text);
	}
	if (f->n_actions == l->cap_actions) {
		uint32_t cap = l->cap_actions == 0 ? 16 : l->cap_actions * 2;
		struct action *list = realloc(f->actions, cap * sizeof(*list));

		if (list == NULL)
			return load_nomem(l);
		f->actions = list;
		l->cap_actions = cap;
	}
	f->actions[f->n_actions++] = a;
	return true;
}

static bool
children(struct loader *l, const xmlNode *e, uint32_t source, uint32_t repeat)
{
	for (const xmlNode *c = e->children; c != NULL; c = c->next) {
		if (load_is(c, "setvalue")) {
			if (!setvalue(l, c, source, repeat))
				return false;
		} else if (load_is(c, "setgeopoint") || load_is(c, "recordaudio")) {
			if (c->ns == NULL || strcmp((const char *)c->ns->href, NS_ODK) != 0)
				load_error(l, c, "<%s> is an ODK action: it must be in the namespace %s", (const char *)c->name, NS_ODK);
			else if (l->admit)
				load_error(l, c, "<odk:%s> is not supported: feedback has no places and no recordings",
				    (const char *)c->name);
			else
				events_of(l, c);
		}
	}
	return l->rc == ERR_OK;
}

bool
load_actions(struct loader *l)
{
	struct form *f = l->f;

	if (!children(l, l->model, NO_NODE, NO_NODE))
		return false;
	for (uint32_t i = 0; i < f->n_bodies; i++) {
		const struct body *b = &f->bodies[i];
		uint32_t repeat = NO_NODE;

		for (uint32_t up = i + 1; up != 0 && repeat == NO_NODE; up = f->bodies[up - 1].parent)
			if (f->bodies[up - 1].kind == BODY_REPEAT)
				repeat = f->bodies[up - 1].node;
		if (!children(l, l->body_xml[i], b->kind == BODY_CONTROL ? b->node : NO_NODE, repeat))
			return false;
	}
	return children(l, l->body, NO_NODE, NO_NODE);
}
