/* Evaluation of definitions over finished instances. See evaluate.h.
 *
 * A block of the definition is compiled once for each *epoch*: a run of days in which the same rows of its tables
 * are in force, so that pulldata() sees the prices and factors of the response's own day. Without dated tables there
 * is one epoch, and it never ends. */
#include "indicators/evaluate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "forms/choices.h"
#include "indicators/evaluate_lint.h"

enum { BUCKET_MAX = EVALUATE_BUCKET_MAX, CODE_MAX = EVALUATE_CODE_MAX, TABLE_TEXT_MAX = 16 << 20, PEOPLE_MAX = 100000, EPOCHS_MAX = 400 };

/* What a definition may call ${_NAME}: the record's facts and a visit's values (kiosk.md section 2). */
static const char *const fact_names[] = { "site", "day", "form", "mode", "variant", "language", "role", "answered_by",
	"helped_by", "pictures", "scale_order", "quote_ok", NULL };

/* The expressions of one block in one epoch. */
struct program {
	int64_t from, until;	/* days, inclusive */
	struct expr *population, *numerator, *value, *people, *stratum;
	struct expr **excludes, **options, **answers, **by;
	struct program *next;
};

struct block {
	const struct form_block *b;
	struct program *programs;
	size_t n_programs;
};

/* The choices of one question with their scores. */
struct scores {
	const char *question;
	const struct form_choice *choices;
	size_t n;
	struct scores *next;
};

struct evaluator {
	const struct definition *d;
	const struct form *form;
	struct block *blocks;	/* of this form's id and version */
	size_t n_blocks;
	struct expr *variant, *answered_by, *mode;
	bool has_variants;
	struct entry *entries;
	struct scores *scores;		/* of items scored by the form's choices */
	const char **exclusions;	/* "-REASON" of block 0's and the others' reasons, found by reason_item */
	size_t n_exclusions;
	char bucket[BUCKET_MAX + 1];
	char stratum[CODE_MAX + 1];
	struct arena arena;
};

/* --- compiling --------------------------------------------------------------------------------------------- */

struct compiler {
	struct evaluator *e;
	struct findings *findings;
	const char **tables;	/* name, CSV, .., NULL */
	size_t errors;
	bool nomem;
};

static void
fault(struct compiler *c, int line, const char *what, const struct err *why)
{
	char place[300];

	c->errors++;
	snprintf(place, sizeof(place), "%.250s:%d", c->e->d->file, line);
	if (c->findings != NULL)
		findings_add(c->findings, false, line, place, "%s, form %s: %s", what, form_id(c->e->form), why->msg);
}

static struct expr *
compile(struct compiler *c, const struct labelled *text, const char *what)
{
	struct expr *out = NULL;
	struct err why = { 0 };
	enum err_code rc;

	if (text->text[0] == '\0')
		return NULL;
	rc = expr_compile(c->e->form, text->text, strlen(text->text), fact_names, c->tables, &out, &why);
	if (rc == ERR_NOMEM)
		c->nomem = true;
	else if (rc != ERR_OK)
		fault(c, text->line, what, &why);
	return out;
}

static struct expr **
compile_list(struct compiler *c, const struct labelled *list, size_t n, const char *what)
{
	struct expr **out = arena_calloc(&c->e->arena, n + 1, sizeof(struct expr *));
	char label[80];

	if (out == NULL)
		c->nomem = true;
	for (size_t i = 0; i < n && out != NULL; i++) {
		snprintf(label, sizeof(label), "%s%.60s", what, list[i].label);
		out[i] = compile(c, &list[i], label);
	}
	return out;
}

static struct expr **
compile_answers(struct compiler *c, const struct measure *m)
{
	struct expr **out = arena_calloc(&c->e->arena, m->n_items + 1, sizeof(struct expr *));
	char own[200];

	if (out == NULL)
		c->nomem = true;
	for (size_t i = 0; i < m->n_items && out != NULL; i++) {
		struct labelled answer = m->items[i].answer;

		if (answer.text[0] == '\0') {
			snprintf(own, sizeof(own), "${%.190s}", m->items[i].question);
			answer.text = own;
			answer.line = m->items[i].line;
		}
		out[i] = compile(c, &answer, "item");
	}
	return out;
}

static void
program_free(struct program *p, const struct definition *d, const struct measure *m)
{
	expr_free(p->population);
	expr_free(p->numerator);
	expr_free(p->value);
	expr_free(p->people);
	expr_free(p->stratum);
	for (size_t i = 0; i < m->n_excludes && p->excludes != NULL; i++)
		expr_free(p->excludes[i]);
	for (size_t i = 0; i < m->n_options && p->options != NULL; i++)
		expr_free(p->options[i]);
	for (size_t i = 0; i < m->n_items && p->answers != NULL; i++)
		expr_free(p->answers[i]);
	for (size_t i = 0; i < d->n_by && p->by != NULL; i++)
		expr_free(p->by[i]);
}

/* The days around DAY in which no row of any table comes or goes. */
static void
epoch_of(const struct definition *d, int64_t day, struct program *p)
{
	p->from = INT64_MIN;
	p->until = INT64_MAX;
	for (size_t i = 0; i < d->n_tables; i++) {
		const struct table *t = &d->tables[i];
		int64_t next = table_next_change(t, day);

		if (next != INT64_MAX && next - 1 < p->until)
			p->until = next - 1;
		for (size_t r = 0; r < t->n_rows; r++) {
			if (t->from[r] <= day && t->from[r] > p->from)
				p->from = t->from[r];
			if (t->until[r] < day && t->until[r] + 1 > p->from)
				p->from = t->until[r] + 1;
		}
	}
}

/* The tables as they stand on DAY, into LIST (name, CSV, .., NULL) in buffers of BUFS. */
static bool
tables_on(const struct definition *d, int64_t day, const char **list, struct buf *bufs)
{
	bool ok = true;

	for (size_t i = 0; i < d->n_tables; i++) {
		buf_init(&bufs[i], TABLE_TEXT_MAX);
		table_csv(&d->tables[i], day, &bufs[i]);
		ok = ok && bufs[i].failed == ERR_OK;
		list[2 * i] = d->tables[i].name;
		list[2 * i + 1] = buf_str(&bufs[i]);
	}
	return ok;
}

static enum err_code
compile_block(struct evaluator *e, struct block *b, int64_t day, struct findings *findings, struct program **out,
    struct err *err)
{
	const struct definition *d = e->d;
	const struct measure *m = &b->b->measure;
	struct program *p = arena_alloc(&e->arena, sizeof(*p));
	const char **list = calloc(2 * d->n_tables + 1, sizeof(*list));
	struct buf *bufs = calloc(d->n_tables + 1, sizeof(*bufs));
	struct compiler c = { e, findings, list, 0, false };
	struct labelled by_stratum = { "", d->strata_by, b->b->line };
	enum err_code rc = ERR_OK;

	if (p == NULL || list == NULL || bufs == NULL || !tables_on(d, day, list, bufs)) {
		rc = err_nomem(err);
		goto out;
	}
	epoch_of(d, day, p);
	p->population = compile(&c, &m->population, "population");
	p->numerator = compile(&c, &m->numerator, "numerator");
	p->value = compile(&c, &m->value, "value");
	p->people = compile(&c, &m->people, "people");
	p->stratum = compile(&c, &by_stratum, "strata by");
	p->excludes = compile_list(&c, m->excludes, m->n_excludes, "exclude.");
	p->options = compile_list(&c, m->options, m->n_options, "option.");
	p->by = compile_list(&c, d->by, d->n_by, "by ");
	p->answers = compile_answers(&c, m);
	if (c.nomem)
		rc = err_nomem(err);
	else if (c.errors > 0)
		rc = err_set(err, ERR_INPUT, "%s: %zu expressions of [form %s] do not fit the form", d->file, c.errors, b->b->form);
	if (rc != ERR_OK) {
		program_free(p, d, m);
		goto out;
	}
	p->next = b->programs;
	b->programs = p;
	b->n_programs++;
	*out = p;
out:
	for (size_t i = 0; i < d->n_tables && bufs != NULL; i++)
		buf_free(&bufs[i]);
	free(bufs);
	free(list);
	return rc;
}

/* "2025040101", "2025040101..", "A..B": all digits compare as numbers, others only for equality. */
static bool
version_in(const char *versions, const char *version)
{
	const char *dots = strstr(versions, "..");
	int64_t from, until = INT64_MAX, v;

	if (versions[0] == '\0' || strcmp(versions, version) == 0)
		return true;
	return dots != NULL && num_i64(version, strlen(version), 0, INT64_MAX, &v)
	    && num_i64(versions, (size_t)(dots - versions), 0, INT64_MAX, &from)
	    && (dots[2] == '\0' || num_i64(dots + 2, strlen(dots + 2), 0, INT64_MAX, &until)) && from <= v && v <= until;
}

bool
evaluate_covers(const struct form_block *b, const char *version)
{
	return version_in(b->versions, version);
}

static enum err_code
find_blocks(struct evaluator *e, struct err *err)
{
	const struct definition *d = e->d;

	e->blocks = arena_calloc(&e->arena, d->n_blocks + 1, sizeof(*e->blocks));
	if (e->blocks == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < d->n_blocks; i++) {
		e->has_variants |= d->blocks[i].variant[0] != '\0';
		if (strcmp(d->blocks[i].form, form_id(e->form)) == 0 && version_in(d->blocks[i].versions, form_version(e->form)))
			e->blocks[e->n_blocks++].b = &d->blocks[i];
	}
	if (e->n_blocks == 0)
		return err_set(err, ERR_ABSENT, "%s has no block for form %s version %s", d->id, form_id(e->form),
		    form_version(e->form));
	return ERR_OK;
}

static enum err_code
prepare_scores(struct evaluator *e, const struct measure *m, struct err *err)
{
	for (size_t i = 0; i < m->n_items; i++) {
		struct scores *s;
		enum err_code rc;

		if (m->items[i].points != NULL)
			continue;
		s = arena_alloc(&e->arena, sizeof(*s));
		if (s == NULL)
			return err_nomem(err);
		s->question = m->items[i].question;
		rc = form_choices(e->form, s->question, &e->arena, &s->choices, &s->n, err);
		if (rc == ERR_NOMEM)
			return rc;
		s->next = e->scores;
		e->scores = s;
	}
	return ERR_OK;
}

/* The score of VALUE; NAN: none. */
static double
score_of(const struct evaluator *e, const char *question, const char *value)
{
	double v = NAN;

	for (const struct scores *s = e->scores; s != NULL; s = s->next)
		for (size_t i = 0; i < s->n && strcmp(s->question, question) == 0; i++)
			if (strcmp(s->choices[i].value, value) == 0
			    && num_double(s->choices[i].score, strlen(s->choices[i].score), &v))
				return v;
	return NAN;
}

/* Entries: as many as the block with the most options; and "-REASON" for each exclusion. */
static enum err_code
prepare(struct evaluator *e, struct err *err)
{
	size_t most = 1, reasons = 1, at = 0;

	for (size_t i = 0; i < e->n_blocks; i++) {
		enum err_code rc = prepare_scores(e, &e->blocks[i].b->measure, err);

		if (rc != ERR_OK)
			return rc;
		most = e->blocks[i].b->measure.n_options > most ? e->blocks[i].b->measure.n_options : most;
		reasons += e->blocks[i].b->measure.n_excludes;
	}
	e->entries = arena_calloc(&e->arena, most, sizeof(*e->entries));
	e->exclusions = arena_calloc(&e->arena, reasons, sizeof(*e->exclusions));
	if (e->entries == NULL || e->exclusions == NULL)
		return err_nomem(err);
	e->exclusions[at++] = "-missing";
	for (size_t i = 0; i < e->n_blocks; i++)
		for (size_t k = 0; k < e->blocks[i].b->measure.n_excludes; k++) {
			const char *label = e->blocks[i].b->measure.excludes[k].label;
			char *text = arena_alloc(&e->arena, strlen(label) + 2);

			if (text == NULL)
				return err_nomem(err);
			snprintf(text, strlen(label) + 2, "-%s", label);
			e->exclusions[at++] = text;
		}
	e->n_exclusions = at;
	return ERR_OK;
}

static enum err_code
worse(enum err_code a, enum err_code b)
{
	return b != ERR_OK ? b : a;
}

enum err_code
evaluator_new(const struct definition *d, const struct form *form, struct findings *findings, struct evaluator **out,
    struct err *err)
{
	struct evaluator *e = calloc(1, sizeof(*e));
	struct program *first;
	enum err_code rc;
	size_t before = findings == NULL ? 0 : findings->errors;

	*out = NULL;
	if (e == NULL)
		return err_nomem(err);
	e->d = d;
	e->form = form;
	arena_init(&e->arena, SIZE_MAX / 2);
	rc = find_blocks(e, err);
	if (rc == ERR_OK)
		rc = prepare(e, err);
	if (rc == ERR_OK)
		rc = expr_compile(form, "${_variant}", 11, fact_names, NULL, &e->variant, err);
	if (rc == ERR_OK)
		rc = expr_compile(form, "${_answered_by}", 15, fact_names, NULL, &e->answered_by, err);
	if (rc == ERR_OK)
		rc = expr_compile(form, "${_mode}", 8, fact_names, NULL, &e->mode, err);
	for (size_t i = 0; i < e->n_blocks && (rc == ERR_OK || rc == ERR_INPUT); i++) {
		struct err why = { 0 };
		enum err_code got = compile_block(e, &e->blocks[i], 0, findings, &first, &why);

		if (got != ERR_OK && (rc == ERR_OK || got != ERR_INPUT)) {
			rc = got;
			*err = why;
		}
		if (findings != NULL && rc != ERR_NOMEM)
			rc = worse(rc, evaluate_lint(d, e->blocks[i].b, form, findings, err));
	}
	if (rc == ERR_OK && findings != NULL && findings->errors > before)
		rc = err_set(err, ERR_INPUT, "%s: %s", findings->list[findings->n - 1].place, findings->list[findings->n - 1].text);
	if (rc == ERR_OK)
		*out = e;
	else
		evaluator_free(e);
	return rc;
}

void
evaluator_free(struct evaluator *e)
{
	if (e == NULL)
		return;
	for (size_t i = 0; i < e->n_blocks; i++)
		for (struct program *p = e->blocks[i].programs; p != NULL; p = p->next)
			program_free(p, e->d, &e->blocks[i].b->measure);
	expr_free(e->variant);
	expr_free(e->answered_by);
	expr_free(e->mode);
	arena_clear(&e->arena);
	free(e);
}

/* --- running ------------------------------------------------------------------------------------------------- */

static enum err_code
program_for(struct evaluator *e, struct block *b, int64_t day, struct program **out, struct err *err)
{
	for (struct program *p = b->programs; p != NULL; p = p->next)
		if (p->from <= day && day <= p->until) {
			*out = p;
			return ERR_OK;
		}
	if (b->n_programs >= EPOCHS_MAX)
		return err_set(err, ERR_LIMIT, "%s: its tables change more than %d times", e->d->id, EPOCHS_MAX);
	return compile_block(e, b, day, NULL, out, err);
}

/* The text of E's value into OUT, as a code: "" stays, what is no code becomes "other". */
static enum err_code
code_of(const struct expr *x, struct instance *in, char out[CODE_MAX + 1], struct err *err)
{
	struct value v;
	struct buf number;
	const char *text;
	size_t len;
	enum err_code rc = expr_eval(x, in, &v, err);

	out[0] = '\0';
	if (rc != ERR_OK)
		return rc;
	buf_init(&number, 64);
	if (v.kind == VALUE_NUMBER)
		num_put(&number, v.number);
	text = v.kind == VALUE_TEXT ? v.text : v.kind == VALUE_BOOL ? (v.boolean ? "yes" : "no") : buf_str(&number);
	len = strlen(text);
	if (len > CODE_MAX || strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-") != len) {
		text = "other";
		len = 5;
	}
	memcpy(out, text, len + 1);
	buf_free(&number);
	return ERR_OK;
}

static enum err_code
truth(const struct expr *x, struct instance *in, bool *out, struct err *err)
{
	struct value v;
	enum err_code rc = expr_eval(x, in, &v, err);

	*out = rc == ERR_OK && value_bool(&v);
	return rc;
}

/* NAN: '' or no number. */
static enum err_code
number(const struct expr *x, struct instance *in, double *out, struct err *err)
{
	struct value v;
	enum err_code rc = expr_eval(x, in, &v, err);

	*out = rc != ERR_OK || (v.kind == VALUE_TEXT && v.text[0] == '\0') ? NAN : value_number(&v);
	if (isinf(*out))
		*out = NAN;
	return rc;
}

static void
put_key(struct evaluator *e, const char *key, const char *value)
{
	size_t at = strlen(e->bucket);
	int n = snprintf(e->bucket + at, sizeof(e->bucket) - at, "%s%s=%s", at > 0 ? ";" : "", key, value);

	/* a breakdown that does not fit is not published: the key stays whole */
	if (n < 0 || (size_t)n >= sizeof(e->bucket) - at)
		e->bucket[at] = '\0';
}

static enum err_code
fill_bucket(struct evaluator *e, const struct program *p, struct instance *in, const char *variant, struct err *err)
{
	char code[CODE_MAX + 1];
	enum err_code rc;

	e->bucket[0] = '\0';
	for (size_t i = 0; i < e->d->n_by; i++) {
		rc = code_of(p->by[i], in, code, err);
		if (rc != ERR_OK)
			return rc;
		put_key(e, e->d->by[i].label, code);
	}
	if (e->has_variants)
		put_key(e, "variant", variant);
	rc = code_of(e->answered_by, in, code, err);
	if (rc == ERR_OK)
		put_key(e, "helped", strcmp(code, "self_helped") == 0 || strcmp(code, "proxy") == 0 ? "yes" : "no");
	return rc;
}

static void
exclude(struct evaluator *e, const char *reason, struct evaluation *out)
{
	out->outcome = OUTCOME_EXCLUDED;
	for (size_t i = 0; i < e->n_exclusions; i++)
		if (strcmp(e->exclusions[i] + 1, reason) == 0)
			e->entries[0] = (struct entry){ e->exclusions[i], 0, 0 };
	out->n = 1;
}

static void
one(struct evaluator *e, double v, struct evaluation *out)
{
	e->entries[0] = (struct entry){ "", v, v };
	out->n = 1;
	if (isnan(v))
		exclude(e, "missing", out);
}

/* Points of one item's answer; NAN: none. */
static enum err_code
item_points(const struct evaluator *e, const struct measure_item *item, const struct expr *x, struct instance *in,
    double *out, struct err *err)
{
	struct value v;
	double code;
	enum err_code rc;

	*out = NAN;
	if (item->points == NULL) {
		rc = expr_eval(x, in, &v, err);
		if (rc == ERR_OK && v.kind == VALUE_TEXT)
			*out = item->factor * score_of(e, item->question, v.text);
		return rc;
	}
	rc = number(x, in, &code, err);
	if (rc == ERR_OK && code >= 1 && code <= (double)item->n_points && code == floor(code))
		*out = item->factor * item->points[(size_t)code - 1];
	return rc;
}

/* What a share's numerator gains: 1 for a person; of a session, its people if the expression is true, or the
 * number it is (votes). NAN: more votes than people. */
static enum err_code
weigh(const struct measure *m, const struct expr *x, struct instance *in, const struct evaluation *out, double *v,
    struct err *err)
{
	struct value got;
	enum err_code rc = expr_eval(x, in, &got, err);

	*v = NAN;
	if (rc != ERR_OK)
		return rc;
	if (!m->by_session)
		*v = value_bool(&got) ? 1 : 0;
	else if (got.kind == VALUE_NUMBER)
		*v = got.number >= 0 && got.number <= out->people ? got.number : isnan(got.number) ? 0 : NAN;
	else
		*v = value_bool(&got) ? out->people : 0;
	return ERR_OK;
}

static enum err_code
measure(struct evaluator *e, const struct measure *m, const struct program *p, struct instance *in, struct evaluation *out,
    struct err *err)
{
	enum err_code rc = ERR_OK;
	double v = 1;

	switch (e->d->kind) {
	case KIND_PROPORTION:
	case KIND_THEME:
		rc = weigh(m, p->numerator, in, out, &v, err);
		one(e, v, out);
		return rc;
	case KIND_OPTIONS:
		for (size_t i = 0; i < m->n_options && rc == ERR_OK; i++) {
			rc = weigh(m, p->options[i], in, out, &v, err);
			if (rc == ERR_OK && isnan(v)) {
				exclude(e, "missing", out);
				return ERR_OK;
			}
			e->entries[i] = (struct entry){ m->options[i].label, v, v };
		}
		out->n = m->n_options;
		return rc;
	case KIND_RATE:
	case KIND_COUNT:
	case KIND_MEAN:
	case KIND_QUANTITY:
		if (p->value != NULL)
			rc = number(p->value, in, &v, err);
		one(e, v, out);
		return rc;
	case KIND_SCORE:
		v = m->offset;
		for (size_t i = 0; i < m->n_items && rc == ERR_OK; i++) {
			double points;

			rc = item_points(e, &m->items[i], p->answers[i], in, &points, err);
			v += points;
		}
		one(e, v, out);
		return rc;
	}
	return rc;
}

static enum err_code
count_people(const struct program *p, struct instance *in, struct evaluation *out, struct err *err)
{
	double v = 1;
	enum err_code rc = p->people == NULL ? ERR_OK : number(p->people, in, &v, err);

	if (rc == ERR_OK && !(v >= 0 && v <= PEOPLE_MAX && v == floor(v)))
		return err_set(err, ERR_INPUT, "people is no whole number from 0 to %d", PEOPLE_MAX);
	out->people = rc == ERR_OK ? (int)v : 0;
	return rc;
}

static enum err_code
give_facts(const struct evaluator *e, struct instance *in, const struct response *about, struct err *err)
{
	char day[16];
	int y, m, d;
	enum err_code rc;

	date_from_day(about->day, &y, &m, &d);
	snprintf(day, sizeof(day), "%04d-%02d-%02d", y % 10000, m, d);
	rc = instance_fact(in, "site", about->site, err);
	if (rc == ERR_OK)
		rc = instance_fact(in, "day", day, err);
	if (rc == ERR_OK)
		rc = instance_fact(in, "form", form_id(e->form), err);
	return rc;
}

bool
evaluate_theme(const char *theme, const struct coded *c, size_t n, bool *coded)
{
	size_t frame = strcspn(theme, "/"), len = theme[frame] == '\0' ? 0 : strlen(theme + frame + 1), word;

	*coded = false;
	for (size_t i = 0; i < n; i++) {
		if (strlen(c[i].frame) != frame || memcmp(c[i].frame, theme, frame) != 0)
			continue;
		*coded = true;
		for (const char *at = c[i].themes; *at != '\0'; at += word) {
			at += strspn(at, " ");
			word = strcspn(at, " ");
			if (len > 0 && word == len && memcmp(at, theme + frame + 1, len) == 0)
				return true;
		}
	}
	return false;
}

enum err_code
evaluator_run(struct evaluator *e, struct instance *in, const struct response *about, struct evaluation *out, struct err *err)
{
	struct block *b = NULL;
	struct program *p = NULL;
	const struct measure *m;
	char variant[CODE_MAX + 1], mode[CODE_MAX + 1];
	bool yes, themed, coded;
	enum err_code rc = give_facts(e, in, about, err);

	*out = (struct evaluation){ .outcome = OUTCOME_UNMAPPED, .entries = e->entries, .stratum = e->stratum,
	    .bucket = e->bucket, .month = month_of_day(about->day) };
	e->stratum[0] = e->bucket[0] = '\0';
	if (rc == ERR_OK)
		rc = code_of(e->variant, in, variant, err);
	if (rc == ERR_OK)
		rc = code_of(e->mode, in, mode, err);
	if (rc != ERR_OK)
		return rc;
	if (variant[0] == '\0')
		snprintf(variant, sizeof(variant), "%.*s", CODE_MAX, form_setting(e->form, "variant"));
	if (variant[0] == '\0')
		snprintf(variant, sizeof(variant), "standard");
	for (size_t i = 0; i < e->n_blocks && b == NULL; i++)
		if (e->blocks[i].b->variant[0] == '\0' || strcmp(e->blocks[i].b->variant, variant) == 0)
			b = &e->blocks[i];
	if (b == NULL)
		return ERR_OK;
	out->block = b->b;
	m = &b->b->measure;
	/* A group and a person are never added up, whatever the population says. */
	if (m->by_session != (strcmp(mode, "group") == 0)) {
		out->outcome = OUTCOME_OUTSIDE;
		return ERR_OK;
	}
	rc = program_for(e, b, about->day, &p, err);
	if (rc == ERR_OK)
		rc = truth(p->population, in, &yes, err);
	if (rc != ERR_OK)
		return rc;
	out->outcome = OUTCOME_OUTSIDE;
	themed = evaluate_theme(m->theme, about->codes, about->n_codes, &coded);
	if (!yes || (m->theme[0] != '\0' && !coded))
		return ERR_OK;
	rc = fill_bucket(e, p, in, variant, err);
	if (rc == ERR_OK)
		rc = count_people(p, in, out, err);
	if (rc == ERR_OK && p->stratum != NULL)
		rc = code_of(p->stratum, in, e->stratum, err);
	out->outcome = OUTCOME_COUNTED;
	for (size_t i = 0; i < m->n_excludes && rc == ERR_OK; i++) {
		rc = truth(p->excludes[i], in, &yes, err);
		if (rc == ERR_OK && yes) {
			exclude(e, m->excludes[i].label, out);
			return ERR_OK;
		}
	}
	if (rc == ERR_OK && m->theme[0] != '\0')
		one(e, themed ? 1 : 0, out);
	else if (rc == ERR_OK)
		rc = measure(e, m, p, in, out, err);
	if (rc != ERR_OK)
		out->n = 0;
	return rc;
}

bool
bucket_value(const char *bucket, const char *key, char *out, size_t max)
{
	size_t len = strlen(key);

	while (*bucket != '\0') {
		size_t n = strcspn(bucket, ";");

		if (n > len && strncmp(bucket, key, len) == 0 && bucket[len] == '=' && n - len <= max) {
			memcpy(out, bucket + len + 1, n - len - 1);
			out[n - len - 1] = '\0';
			return true;
		}
		bucket += n;
		bucket += *bucket == ';';
	}
	return false;
}
