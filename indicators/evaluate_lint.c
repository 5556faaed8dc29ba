/* Lint of a definition's expressions against the choices of the form's selects. It reads the text of expressions: every
 * ${QUESTION} that is compared with a literal, or given to selected() with one. See evaluate_lint.h. */
#include "indicators/evaluate_lint.h"

#include <stdio.h>
#include <string.h>

#include "forms/choices.h"

enum { ARENA_MAX = 16 << 20, NAMES_MAX = 200, NAME = 64 };

/* A question that the block's expressions name, with its choices and the codes they are compared with. */
struct named {
	char question[NAME];
	const struct form_choice *choices;
	size_t n_choices;
	bool *seen;		/* of each choice */
	int line;
};

struct lint {
	const struct definition *d;
	const struct form_block *b;
	const struct form *form;
	struct findings *findings;
	struct arena arena;
	struct named named[NAMES_MAX];
	size_t n;
	bool nomem;
};

static void
fault(struct lint *l, int line, const char *text)
{
	char place[300];

	snprintf(place, sizeof(place), "%.250s:%d", l->d->file, line);
	findings_add(l->findings, false, line, place, "%s", text);
}

/* What the kiosk writes of a visit (docs/formats/indicator.md section 3), where it is one of a few words. */
static const struct form_choice *
visit_choices(const char *name, size_t *n)
{
	static const struct form_choice role[] = { { .value = "individual" }, { .value = "key_person" }, { .value = "community" },
		{ .value = "staff" }, { .value = "group" } };
	static const struct form_choice answered_by[] = { { .value = "self" }, { .value = "self_helped" }, { .value = "proxy" },
		{ .value = "group" } };
	static const struct form_choice variant[] = { { .value = "standard" }, { .value = "easy_read" } };

	*n = strcmp(name, "_role") == 0 ? ARRAY_LEN(role) : strcmp(name, "_answered_by") == 0 ? ARRAY_LEN(answered_by)
	    : strcmp(name, "_variant") == 0 ? ARRAY_LEN(variant) : 0;
	return strcmp(name, "_role") == 0 ? role : strcmp(name, "_answered_by") == 0 ? answered_by
	    : strcmp(name, "_variant") == 0 ? variant : NULL;
}

static struct named *
find(struct lint *l, const char *question, size_t len, int line)
{
	struct err err = { 0 };
	struct named *q;

	if (len >= NAME)
		return NULL;
	for (size_t i = 0; i < l->n; i++)
		if (strlen(l->named[i].question) == len && memcmp(l->named[i].question, question, len) == 0)
			return &l->named[i];
	if (l->n == NAMES_MAX)
		return NULL;
	q = &l->named[l->n++];
	memset(q, 0, sizeof(*q));
	memcpy(q->question, question, len);
	q->line = line;
	/* no select of that name: a number, a text, a visit's value; nothing to compare with */
	if (question[0] == '_')
		q->choices = visit_choices(q->question, &q->n_choices);
	else if (form_choices(l->form, q->question, &l->arena, &q->choices, &q->n_choices, &err) == ERR_NOMEM)
		l->nomem = true;
	q->seen = arena_calloc(&l->arena, q->n_choices + 1, sizeof(*q->seen));
	l->nomem = l->nomem || q->seen == NULL;
	return q;
}

/* VALUE stands beside QUESTION in an expression on LINE. */
static void
compared(struct lint *l, struct named *q, const char *value, size_t len, int line)
{
	char text[700], known[300] = "";
	size_t at = 0;
	bool found = false;

	if (q == NULL || q->n_choices == 0 || len == 0 || l->nomem)
		return;
	for (size_t i = 0; i < q->n_choices; i++) {
		bool same = strlen(q->choices[i].value) == len && memcmp(q->choices[i].value, value, len) == 0;

		q->seen[i] = q->seen[i] || same;
		found = found || same;
		if (at < sizeof(known))
			at += (size_t)snprintf(known + at, sizeof(known) - at, "%s%s", at > 0 ? ", " : "", q->choices[i].value);
	}
	if (found)
		return;
	if (q->question[0] == '_') {
		snprintf(text, sizeof(text), "'%.*s' is no value of ${%s}: it is one of %s", len > 60 ? 60 : (int)len, value, q->question,
		    known);
		fault(l, line, text);
		return;
	}
	snprintf(text, sizeof(text), "'%.*s' is no choice of %s in form %s: its choices are %s", len > 60 ? 60 : (int)len, value,
	    q->question, l->b->form, known);
	fault(l, line, text);
}

static const char *
blanks(const char *s)
{
	return s + strspn(s, " \t");
}

/* At a literal ('x', "x" or digits): its text; NULL: none. *END follows it. */
static const char *
literal(const char *s, size_t *len, const char **end)
{
	if (*s == '\'' || *s == '"') {
		const char *close = strchr(s + 1, *s);

		if (close == NULL)
			return NULL;
		*len = (size_t)(close - s - 1);
		*end = close + 1;
		return s + 1;
	}
	*len = strspn(s, "0123456789");
	*end = s + *len;
	return *len > 0 ? s : NULL;
}

/* "= 'x'", "!= 'x'", ", 'x'" (of selected) behind the reference; what stands before it is seen by before(). */
static void
after(struct lint *l, struct named *q, const char *s, int line)
{
	const char *value, *end;
	size_t len;

	s = blanks(s);
	if (*s == '!' && s[1] == '=')
		s++;
	if (*s != '=' && *s != ',')
		return;
	value = literal(blanks(s + 1), &len, &end);
	if (value != NULL)
		compared(l, q, value, len, line);
}

/* "'x' = ${q}": the literal before the reference at S in TEXT. */
static void
before(struct lint *l, struct named *q, const char *text, const char *s, int line)
{
	const char *from, *to;

	while (s > text && (s[-1] == ' ' || s[-1] == '\t'))
		s--;
	if (s == text || *--s != '=')
		return;
	if (s > text && s[-1] == '!')
		s--;
	while (s > text && (s[-1] == ' ' || s[-1] == '\t'))
		s--;
	if (s == text || (s[-1] != '\'' && s[-1] != '"'))
		return;
	to = s - 1;
	for (from = to; from > text && from[-1] != *to;)
		from--;
	compared(l, q, from, (size_t)(to - from), line);
}

/* The next ${NAME} at or after S, not inside a literal: where it begins, its name's *LEN; NULL: none. */
static const char *
reference(const char *s, size_t *len)
{
	for (; *s != '\0'; s++) {
		const char *end;

		if (*s == '\'' || *s == '"') {
			end = strchr(s + 1, *s);
			if (end == NULL)
				return NULL;
			s = end;
		} else if (s[0] == '$' && s[1] == '{') {
			end = strchr(s, '}');
			*len = end == NULL ? 0 : (size_t)(end - s - 2);
			return end == NULL ? NULL : s;
		}
	}
	return NULL;
}

static void
expression(struct lint *l, const struct labelled *e)
{
	size_t len;

	for (const char *s = reference(e->text, &len); s != NULL; s = reference(s + len + 3, &len)) {
		struct named *q = find(l, s + 2, len, e->line);

		before(l, q, e->text, s, e->line);
		after(l, q, s + len + 3, e->line);
	}
}

static void
names_of(const char *text, evaluate_name *each, void *arg)
{
	size_t len;

	for (const char *s = reference(text, &len); s != NULL; s = reference(s + len + 3, &len))
		each(arg, s + 2, len);
}

void
evaluate_names(const struct definition *d, const struct form_block *b, evaluate_name *each, void *arg)
{
	const struct measure *m = &b->measure;

	names_of(m->population.text, each, arg);
	for (size_t i = 0; i < m->n_excludes; i++)
		names_of(m->excludes[i].text, each, arg);
	names_of(d->strata_by, each, arg);
	evaluate_counted(b, each, arg);
}

void
evaluate_counted(const struct form_block *b, evaluate_name *each, void *arg)
{
	const struct measure *m = &b->measure;

	if (m->theme[0] != '\0')	/* themes of one frame are of the same comments */
		each(arg, m->theme, strcspn(m->theme, "/"));
	names_of(m->numerator.text, each, arg);
	names_of(m->value.text, each, arg);
	for (size_t i = 0; i < m->n_options; i++)
		names_of(m->options[i].text, each, arg);
	for (size_t i = 0; i < m->n_items; i++)
		if (m->items[i].answer.text[0] != '\0')
			names_of(m->items[i].answer.text, each, arg);
		else
			each(arg, m->items[i].question, strlen(m->items[i].question));
}

/* An opt-out answer ("I do not know") is not an answer: some expression must say what becomes of it. */
static void
opt_outs(struct lint *l)
{
	char text[300];

	for (size_t i = 0; i < l->n; i++)
		for (size_t k = 0; k < l->named[i].n_choices; k++) {
			if (l->named[i].choices[k].opt_out == NULL || l->named[i].choices[k].opt_out[0] == '\0' || l->named[i].seen[k])
				continue;
			snprintf(text, sizeof(text), "the opt-out choice '%.40s' of %s is named by no expression: say what becomes of it, as "
			    "exclude.no_answer = ${%s} = '%.40s'", l->named[i].choices[k].value, l->named[i].question, l->named[i].question,
			    l->named[i].choices[k].value);
			fault(l, l->named[i].line, text);
		}
}

static void
scores(struct lint *l)
{
	const struct measure *m = &l->b->measure;
	char text[300];

	for (size_t i = 0; i < m->n_items; i++) {
		struct named *q = find(l, m->items[i].question, strlen(m->items[i].question), m->items[i].line);
		bool any = m->items[i].points != NULL;

		for (size_t k = 0; q != NULL && k < q->n_choices && !l->nomem; k++) {
			any = any || q->choices[k].score[0] != '\0';
			q->seen[k] = true;	/* without points it is missing: that is said */
		}
		if (any)
			continue;
		snprintf(text, sizeof(text), "item.%.60s: the choices of the form have no score column: write the points of codes 1, 2 .. "
		    "here", m->items[i].question);
		fault(l, m->items[i].line, text);
	}
}

/* Is TEXT one reference and nothing else? */
static bool
is_bare(const char *text)
{
	size_t len = 0;
	const char *s = reference(text, &len);

	return s == text && text[len + 3] == '\0';
}

/* Does the expression decide between values (by comparing, or if(..)), rather than hand on what was written? */
static bool
decides(const char *text)
{
	return strpbrk(text, "=<>") != NULL || strncmp(text, "if(", 3) == 0 || strncmp(text, "not(", 4) == 0
	    || strncmp(text, "boolean(", 8) == 0;
}

static bool
is_free_text(struct lint *l, const char *name, size_t len)
{
	const struct form_question *list;
	struct err err = { 0 };
	size_t n = 0;

	if (form_questions_list(l->form, &l->arena, &list, &n, &err) != ERR_OK) {
		l->nomem = true;
		return false;
	}
	for (size_t i = 0; i < n; i++)
		if (strlen(list[i].name) == len && memcmp(list[i].name, name, len) == 0)
			return list[i].control == CONTROL_INPUT && list[i].type == TYPE_STRING;
	return false;
}

/* The longest code that a breakdown may give, as far as its text tells: a select's choices, the words of a visit's value,
 * the literals of an expression. */
static size_t
longest_code(struct lint *l, const struct labelled *by)
{
	size_t longest = strlen("other"), len = 0;

	if (is_bare(by->text)) {
		struct named *q = find(l, by->text + 2, strlen(by->text) - 3, by->line);

		for (size_t i = 0; q != NULL && i < q->n_choices; i++)
			longest = strlen(q->choices[i].value) > longest ? strlen(q->choices[i].value) : longest;
		return longest;
	}
	for (const char *s = strpbrk(by->text, "'\""); s != NULL; s = strpbrk(s + len + 2, "'\"")) {
		const char *close = strchr(s + 1, *s);

		if (close == NULL)
			break;
		len = (size_t)(close - s - 1);
		longest = len > longest && len <= EVALUATE_CODE_MAX ? len : longest;
	}
	return longest;
}

/* What people wrote is no category; and all categories of a response stand in one text of so many characters. */
static void
breakdowns(struct lint *l)
{
	size_t len, width = strlen("variant=easy_read;helped=yes");
	char text[400];

	for (size_t i = 0; i < l->d->n_by; i++) {
		const struct labelled *by = &l->d->by[i];

		for (const char *s = reference(by->text, &len); s != NULL && !decides(by->text); s = reference(s + len + 3, &len))
			if (is_free_text(l, s + 2, len)) {
				snprintf(text, sizeof(text), "[by] %.40s hands on what people wrote in %.*s, which would be published: use a question "
				    "with choices, or decide, as if(${%.*s} = '', 'no', 'yes')", by->label, (int)len, s + 2, (int)len, s + 2);
				fault(l, by->line, text);
			}
		width += strlen(by->label) + 2 + longest_code(l, by);
	}
	if (width > EVALUATE_BUCKET_MAX) {
		snprintf(text, sizeof(text), "[by] %zu breakdowns, whose codes may take %zu characters with variant and helped: %d fit; leave "
		    "one out, or make another indicator for it", l->d->n_by, width, EVALUATE_BUCKET_MAX);
		fault(l, l->d->by[0].line, text);
	}
}

enum err_code
evaluate_lint(const struct definition *d, const struct form_block *b, const struct form *form, struct findings *findings,
    struct err *err)
{
	struct lint l = { .d = d, .b = b, .form = form, .findings = findings };
	const struct measure *m = &b->measure;

	arena_init(&l.arena, ARENA_MAX);
	if (strcmp(form_setting(form, "lane"), "concern") == 0 && !d->only_organisation_year)
		fault(&l, b->line, "concerns and complaints of people are published for the organisation and the year only: say "
		    "[disclosure] only = organisation_year and [time] period = year");
	expression(&l, &m->population);
	expression(&l, &m->numerator);
	expression(&l, &m->value);
	for (size_t i = 0; i < m->n_excludes; i++)
		expression(&l, &m->excludes[i]);
	for (size_t i = 0; i < m->n_options; i++)
		expression(&l, &m->options[i]);
	for (size_t i = 0; i < m->n_items; i++)
		expression(&l, &m->items[i].answer);
	scores(&l);
	opt_outs(&l);
	breakdowns(&l);
	arena_clear(&l.arena);
	return l.nomem ? err_nomem(err) : ERR_OK;
}
