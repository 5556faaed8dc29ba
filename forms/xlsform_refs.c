/* ${name}: syntax, whether there is such a question, and the path from where it is used, as the reference
 * converter writes it: absolute, or relative inside a repeat that both share (forms.md 2.1). */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "forms/near.h"
#include "forms/xlsform_int.h"

static bool
name_byte(unsigned char c)
{
	return isalnum(c) || c == '_' || c == '-' || c == '.' || c == ':' || c >= 0x80;
}

bool
xf_ref_next(const char *p, struct ref *ref)
{
	const char *q;

	memset(ref, 0, sizeof(*ref));
	p = strstr(p, "${");
	if (p == NULL)
		return false;
	ref->start = p;
	q = p + 2;
	if (strncmp(q, "last-saved#", 11) == 0) {
		ref->last_saved = true;
		q += 11;
	}
	ref->name = q;
	while (name_byte((unsigned char)*q))
		q++;
	ref->len = (size_t)(q - ref->name);
	ref->bad = *q != '}' || ref->len == 0 || isdigit((unsigned char)ref->name[0]) || strchr("-.:", ref->name[0]) != NULL;
	if (ref->bad) {
		q = p + 2;
		while (*q != '\0' && *q != '}' && strncmp(q, "${", 2) != 0)
			q++;
	}
	ref->end = *q == '}' ? q + 1 : q;
	return true;
}

bool
xf_has_ref(const char *s)
{
	struct ref ref;

	while (xf_ref_next(s, &ref)) {
		if (!ref.bad)
			return true;
		s = ref.end;
	}
	return false;
}

void
xf_ref_cell(struct xlsform *x, const struct table *t, unsigned row, unsigned line, const char *column,
	const char *text)
{
	struct ref_cell *c = strstr(text, "${") != NULL ? xf_alloc(x, sizeof(*c)) : NULL;

	if (c == NULL)
		return;
	*c = (struct ref_cell){ .table = t, .row = row, .line = line, .column = column, .text = text };
	if (x->ref_cells_last != NULL)
		x->ref_cells_last->next = c;
	else
		x->ref_cells = c;
	x->ref_cells_last = c;
}

/* The nearest question to NAME, for "did you mean". */
static const char *
near_name(const struct xlsform *x, const char *name)
{
	struct near n;

	near_init(&n, name);
	for (size_t i = 0; i < x->names.cap; i++)
		if (x->names.slot[i] != NULL)
			near_try(&n, x->names.slot[i]->name);
	return n.best;
}

bool
xf_refs_check(struct xlsform *x, const struct table *t, unsigned row, unsigned line, const char *column,
	const char *text)
{
	struct ref ref;
	bool ok = true;

	for (const char *p = text; xf_ref_next(p, &ref); p = ref.end) {
		char name[128];
		const char *near;
		size_t n;

		if (ref.bad) {
			xf_error(x, t, row, line, column, "\"%.*s\" is not a reference: write ${name} with the name of a question and "
			    "no spaces", ref.end - ref.start > 60 ? 60 : (int)(ref.end - ref.start), ref.start);
			return false;
		}
		snprintf(name, sizeof(name), "%.*s", (int)ref.len, ref.name);
		if (ref.last_saved)
			x->uses_last_saved = true;
		xf_find(x, ref.name, ref.len, &n);
		if (n == 1)
			continue;
		ok = false;
		if (n > 1) {
			xf_error(x, t, row, line, column, "${%.60s} could be any of %zu questions of that name: give them different names",
			    name, n);
			continue;
		}
		near = x->findings->errors < NEAR_ERRORS ? near_name(x, name) : NULL;
		xf_error(x, t, row, line, column, "no question is called \"%.60s\"%s%s%s", name,
		    near != NULL ? "; did you mean \"" : "", near != NULL ? near : "", near != NULL ? "\"?" : "");
	}
	return ok;
}

/* --- paths --------------------------------------------------------------------------------------------- */

static bool
is_above(const struct el *above, const struct el *e)
{
	for (e = e->parent; e != NULL; e = e->parent)
		if (e == above)
			return true;
	return false;
}

/* The innermost repeat around both. */
static const struct el *
shared_repeat(const struct el *a, const struct el *b)
{
	for (const struct el *r = b->repeat; r != NULL; r = r->repeat)
		if (is_above(r, a))
			return r;
	return NULL;
}

static const struct el *
common(const struct el *a, const struct el *b)
{
	const struct el *c = b->parent;

	while (c != NULL && !is_above(c, a))
		c = c->parent;
	return c;
}

/* Does a select on answers of TARGET see all instances of the repeat that both share, rather than its own? */
static bool
means_every_instance(const struct el *context, const struct el *target, const struct el *shared)
{
	return shared != NULL && target->repeat == shared && (shared->repeat == NULL || context->repeat != shared)
	    && shared->parent != NULL;
}

/* Append the path of TARGET as CONTEXT sees it, blanks around it. */
static void
put_path(struct buf *out, const struct el *context, const struct el *target, bool current, bool every)
{
	const struct el *shared = context != NULL ? shared_repeat(context, target) : NULL, *top;

	if (shared == NULL) {
		buf_printf(out, " %s ", target->path);
		return;
	}
	top = every && means_every_instance(context, target, shared) ? shared->parent : common(context, target);
	buf_puts(out, current ? " current()/" : " ");
	for (unsigned d = context->depth; d > top->depth; d--)
		buf_puts(out, d == top->depth + 1 ? ".." : "../");
	buf_printf(out, "%s ", target->path + strlen(top->path));
}

/* Where in an expression a reference stands, found in one pass from left to right. */
struct where {
	const char *at;
	bool instance;		/* an instance( was passed */
	unsigned predicates;	/* open [ since then */
	char quote;
	struct { bool indexed; unsigned arg; } call[64];
	unsigned depth;		/* open ( and [; deeper ones are not told apart */
};

static bool
ends_in(const char *text, const char *end, const char *word)
{
	size_t n = strlen(word);

	return (size_t)(end - text) >= n && memcmp(end - n, word, n) == 0;
}

static void
go_to(struct where *w, const char *text, const char *to)
{
	for (; w->at < to; w->at++) {
		char c = *w->at;

		if (w->quote != 0) {
			w->quote = c == w->quote ? 0 : w->quote;
		} else if (c == '\'' || c == '"') {
			w->quote = c;
		} else if (c == '(' || c == '[') {
			w->depth++;
			if (w->depth < ARRAY_LEN(w->call)) {
				w->call[w->depth].indexed = c == '(' && ends_in(text, w->at, "indexed-repeat");
				w->call[w->depth].arg = 0;
			}
			w->instance = w->instance || (c == '(' && ends_in(text, w->at, "instance"));
			w->predicates += c == '[' && w->instance;
		} else if (c == ')' || c == ']') {
			w->depth -= w->depth > 0;
			w->predicates -= c == ']' && w->predicates > 0;
		} else if (c == ',' && w->depth < ARRAY_LEN(w->call)) {
			w->call[w->depth].arg++;
		}
	}
}

/* Is this an argument of indexed-repeat() that must name all instances? */
static bool
stays_absolute(const struct where *w)
{
	for (unsigned d = w->depth < ARRAY_LEN(w->call) ? w->depth : (unsigned)ARRAY_LEN(w->call) - 1; d > 0; d--)
		if (w->call[d].indexed)
			return w->call[d].arg == 0 || w->call[d].arg == 1 || w->call[d].arg == 3 || w->call[d].arg == 5;
	return false;
}

static const char *
resolve(struct xlsform *x, const struct el *context, const char *text, bool use_current, bool every)
{
	struct where where = { .at = text };
	struct ref ref;
	struct buf out;
	const char *p = text, *made;

	if (strstr(text, "${") == NULL)
		return text;
	buf_init(&out, 4 << 20);
	while (xf_ref_next(p, &ref)) {
		size_t n;
		const struct el *target = ref.bad ? NULL : xf_find(x, ref.name, ref.len, &n);

		go_to(&where, text, ref.start);
		buf_put(&out, p, (size_t)(ref.start - p));
		if (target == NULL)
			buf_put(&out, ref.start, (size_t)(ref.end - ref.start));
		else if (ref.last_saved)
			buf_printf(&out, " instance('__last-saved')%s ", target->path);
		else if (stays_absolute(&where))
			buf_printf(&out, " %s ", target->path);
		else
			put_path(&out, context, target, use_current || where.predicates > 0, every);
		p = ref.end;
	}
	buf_puts(&out, p);
	if (x->rc == ERR_OK)
		x->rc = buf_check(&out, x->err);
	made = x->rc == ERR_OK ? xf_strn(x, buf_str(&out), out.len) : NULL;
	buf_free(&out);
	return made != NULL ? made : "";
}

const char *
xf_resolve(struct xlsform *x, const struct el *context, const char *text, bool use_current)
{
	return resolve(x, context, text, use_current, false);
}

const char *
xf_resolve_filter(struct xlsform *x, const struct el *context, const char *text)
{
	return resolve(x, context, text, true, true);
}

const char *
xf_resolve_itemset(struct xlsform *x, const struct el *context, const char *text)
{
	struct ref ref;
	struct buf out;
	const struct el *target, *shared;
	const char *made;
	size_t n;

	if (!xf_ref_next(text, &ref) || ref.bad)
		return text;
	target = xf_find(x, ref.name, ref.len, &n);
	if (target == NULL)
		return text;
	buf_init(&out, 1 << 20);
	shared = shared_repeat(context, target);
	if (means_every_instance(context, target, shared)) {
		for (unsigned d = context->depth; d > shared->parent->depth; d--)
			buf_puts(&out, d == shared->parent->depth + 1 ? ".." : "../");
		buf_puts(&out, target->path + strlen(shared->parent->path));
	} else {
		put_path(&out, context, target, false, false);
	}
	made = xf_strn(x, buf_str(&out), out.len);
	buf_free(&out);
	while (made != NULL && *made == ' ')
		made++;
	if (made != NULL && *made != '\0' && made[strlen(made) - 1] == ' ')
		made = xf_strn(x, made, strlen(made) - 1);
	return made != NULL ? made : "";
}

/* --- dynamic defaults ---------------------------------------------------------------------------------- */

static size_t
digits(const char *p)
{
	return strspn(p, "0123456789");
}

/* A date, a time or both at P: its length, else 0. */
static size_t
date_length(const char *p)
{
	size_t n = 0;

	if (digits(p) == 4 && p[4] == '-' && digits(p + 5) == 2 && p[7] == '-' && digits(p + 8) == 2) {
		n = 10;
		if (p[10] != 'T')
			return n;
		n = 11;
	}
	if (digits(p + n) == 2 && p[n + 2] == ':' && digits(p + n + 3) >= 2 && p[n + 5] == ':' && digits(p + n + 6) >= 2) {
		n += 8;
		if (p[n] == '.' && digits(p + n + 1) > 0)
			n += 1 + digits(p + n + 1);
		if (p[n] == 'Z')
			n++;
		else if ((p[n] == '+' || p[n] == '-') && digits(p + n + 1) == 2 && p[n + 3] == ':' && digits(p + n + 4) == 2)
			n += 6;
		return n;
	}
	return n == 10 ? 10 : 0;
}

static size_t
name_length(const char *p)
{
	size_t n = 0;

	if (!(isalpha((unsigned char)*p) || *p == '_' || (unsigned char)*p >= 0x80))
		return 0;
	while (name_byte((unsigned char)p[n]) && p[n] != ':')
		n++;
	if (p[n] == ':' && (isalpha((unsigned char)p[n + 1]) || p[n + 1] == '_')) {
		n++;
		while (name_byte((unsigned char)p[n]) && p[n] != ':')
			n++;
	}
	return n;
}

static bool
minus_is_plain(const struct xtype *type)
{
	static const char *const types[] = { "date", "dateTime", "geopoint", "geotrace", "geoshape", "time" };

	for (size_t i = 0; type != NULL && i < ARRAY_LEN(types); i++)
		if (strcmp(type->name, types[i]) == 0)
			return true;
	return false;
}

bool
xf_is_dynamic(const char *text, const struct xtype *type)
{
	bool plain_minus = minus_is_plain(type);

	for (const char *p = text; *p != '\0'; ) {
		size_t n = date_length(p);

		if (n > 0) {
			p += n;
			continue;
		}
		if (isdigit((unsigned char)*p) || (*p == '-' && isdigit((unsigned char)p[1]))) {
			p += 1 + digits(p + 1);
			if (*p == '.' && isdigit((unsigned char)p[1]))
				p += 1 + digits(p + 1);
			continue;
		}
		if (strncmp(p, " mod ", 5) == 0 || strncmp(p, " div ", 5) == 0 || *p == '*' || *p == '+' || *p == '|')
			return true;
		if (*p == '-' && !plain_minus)
			return true;
		if (*p == '\'' || *p == '"') {
			const char *q = strchr(p + 1, *p);

			p = q != NULL ? q + 1 : p + 1;
			continue;
		}
		if (strncmp(p, "${", 2) == 0) {
			struct ref ref;

			if (xf_ref_next(p, &ref) && ref.start == p && !ref.bad)
				return true;
			p += 2;
			continue;
		}
		n = name_length(p);
		if (n > 0) {
			if (p[n] == '(' || p[n] == '[')
				return true;
			p += n;
			if (strncmp(p, "://", 3) == 0)
				p += 3;
			continue;
		}
		p++;
	}
	return false;
}
