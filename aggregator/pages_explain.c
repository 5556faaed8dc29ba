/* What stands around a figure: what it is held against, how sure it is, why its limits moved. All of it follows from
 * the published rows and the text of the definition in the same publication. */
#include "aggregator/pages_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/deftext.h"

enum { BESIDE_MAX = 16, TERMS_MAX = 24, BREAKS_MAX = 16, SHORT_SERIES = 13 };

struct making {
	struct page_request *q;
	const struct series *s;
	const struct pub_row *last;	/* that shows a value, or NULL */
	const char *text;		/* of the definition */
	int places;
	struct beside_view *beside;
	size_t n_beside;
	struct term_view *terms;
	size_t n_terms;
	struct explain *out;
};

/* Values of definitions are fractions where the unit is percent. */
static double
scaled(const struct making *m, double v)
{
	return strcmp(series_first(m->s)->unit, "%") == 0 ? v * 100 : v;
}

static const char *
say_comparison(const char *c)
{
	static const struct { const char *code, *words; } all[] = {
		{ "better", "more than chance explains" }, { "worse", "more than chance explains" },
		{ "higher", "more than chance explains" }, { "lower", "more than chance explains" },
		{ "similar", "chance alone could make this difference" },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (strcmp(all[i].code, c) == 0)
			return all[i].words;
	return "";
}

static struct badge_view
comparison_badge(const char *c)
{
	if (c[0] == '\0')
		return (struct badge_view){ "", "" };
	return (struct badge_view){ strcmp(c, "better") == 0 ? "better" : strcmp(c, "worse") == 0 ? "worse"
	    : strcmp(c, "similar") == 0 ? "common" : "square", c };
}

static void
add_beside(struct making *m, const char *name, const char *class_name, double value, const char *note)
{
	const char *c = strcmp(class_name, "target") == 0 ? "" : deftext_compare(m->last, value);
	struct pub_num n = { true, value };

	if (m->n_beside == BESIDE_MAX)
		return;
	m->beside[m->n_beside++] = (struct beside_view){
		.name = name, .value = pages_number(m->q->arena, &n, series_first(m->s)->unit, m->places), .note = note,
		.says = say_comparison(c),
		.badge = strcmp(class_name, "target") == 0 ? pages_verdict(m->last) : comparison_badge(c),
	};
	m->out->refs[m->out->n_refs++] = (struct chart_ref){ value, name, class_name };
}

/* What the series showed in the months of V: shares weighted by how many answered, else the plain mean. */
static bool
mean_of_period(const struct making *m, const struct deftext_value *v, double *out)
{
	double sum = 0, n = 0;

	for (size_t i = 0; i < m->s->n; i++) {
		const struct pub_row *r = m->s->rows[i];
		double weight = strcmp(r->unit, "%") == 0 && r->denominator.shown ? r->denominator.v : 1;

		if (!r->value.shown || !deftext_in_force(v, r->period_start))
			continue;
		sum += r->value.v * weight;
		n += weight;
	}
	*out = n > 0 ? sum / n : 0;
	return n > 0;
}

static const char *
months(struct arena *a, const struct deftext_value *v)
{
	return v->until[0] == '\0' ? arena_printf(a, "from %s", pages_month(a, v->from))
	    : arena_printf(a, "%s to %s", pages_month(a, v->from), pages_month(a, v->until));
}

/* "0.62 from 2023-04", or "2023-04..2024-03": what the series itself showed then. */
static void
add_baseline(struct making *m)
{
	struct arena *a = m->q->arena;
	const char *line = deftext_get(a, m->text, "estimate", "baseline", 0, NULL);
	struct deftext_value v;
	double mean;

	if (line == NULL)
		return;
	if (deftext_value(line, &v)) {
		add_beside(m, "Before", "baseline", scaled(m, v.value), months(a, &v));
	} else if (deftext_value(arena_printf(a, "0 from %s", line), &v) && mean_of_period(m, &v, &mean)) {
		add_beside(m, "Before", "baseline", mean, arena_printf(a, "what was published of %s", months(a, &v)));
	}
}

static void
add_comparators(struct making *m)
{
	struct arena *a = m->q->arena;
	const char *line;

	for (size_t i = 0; m->last != NULL && (line = deftext_get(a, m->text, "estimate", "comparator", i, NULL)) != NULL; i++) {
		struct deftext_value v;

		if (deftext_value(line, &v) && v.name[0] != '\0' && deftext_in_force(&v, m->last->period_start))
			add_beside(m, v.name, "other", scaled(m, v.value), months(a, &v));
	}
}

static void
add_term(struct making *m, const char *term, const char *text)
{
	if (m->n_terms < TERMS_MAX && text != NULL && text[0] != '\0')
		m->terms[m->n_terms++] = (struct term_view){ term, text };
}

/* All values of a key that may stand several times, joined. */
static const char *
joined(struct making *m, const char *section, const char *key, bool labels)
{
	struct arena *a = m->q->arena;
	const char *text = "", *one, *label = "";

	for (size_t i = 0; (one = deftext_get(a, m->text, section, key, i, &label)) != NULL; i++) {
		const char *piece = labels ? label : one;
		char words[128];

		snprintf(words, sizeof(words), "%s", piece);
		for (char *p = words; labels && *p != '\0'; p++)
			if (*p == '_')
				*p = ' ';
		text = arena_printf(a, "%s%s%s", text, i == 0 ? "" : "; ", words);
	}
	return text;
}

static size_t
shown_rows(const struct series *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->rows[i]->value.shown;
	return n;
}

/* What a reader must know before leaning on the figure. */
static const char *
caveats(struct making *m)
{
	struct arena *a = m->q->arena;
	const char *text = "Counts are rounded; shares are worked out before rounding.";
	const char *review = deftext_get(a, m->text, "indicator", "review_by", 0, NULL);
	char today[32];

	time_text(m->q->p->manifest.made_at, today);
	if (m->last != NULL && m->last->annotation[0] != '\0')
		text = arena_printf(a, "Provisional: %s. %s", m->last->annotation, text);
	if (m->last != NULL && strstr(m->last->flag, "[u]") != NULL)
		text = arena_printf(a, "%s There are more answers than people: some answered more than once, so there are no limits.", text);
	if (m->last != NULL && m->last->spc_mean.shown && shown_rows(m->s) < SHORT_SERIES)
		text = arena_printf(a, "%s The chart has fewer than %d values: its limits will still move.", text, SHORT_SERIES);
	if (shown_rows(m->s) < m->s->n)
		text = arena_printf(a, "%s %zu of %zu periods are hidden, because few people answered.", text,
		    m->s->n - shown_rows(m->s), m->s->n);
	if (review != NULL && strncmp(today, review, strlen(review)) > 0)
		text = arena_printf(a, "%s The definition was due for review in %s.", text, pages_month(a, review));
	return text;
}

static void
add_terms(struct making *m)
{
	struct arena *a = m->q->arena;
	const struct pub_row *last = m->last;

	if (last != NULL && last->denominator.shown)
		add_term(m, "Who answered", arena_printf(a, "%s people in %s", pages_number(a, &last->denominator, "", -1),
		    pages_period(a, last)));
	if (last != NULL && last->helped_share.shown)
		add_term(m, "Helped to answer", pages_number(a, &last->helped_share, "%", -1));
	if (last != NULL && last->lower95.shown)
		add_term(m, "Range", arena_printf(a, "%s (%s)", pages_limits(a, last, m->places, "to"), deftext_method(m->q->arena, m->text)));
	else
		add_term(m, "Range", deftext_method(m->q->arena, m->text));
	add_term(m, "How people were asked", joined(m, "indicator", "method", false));
	add_term(m, "Left out", joined(m, "measure", "exclude", true));
	add_term(m, "After", joined(m, "indicator", "source", false));
	add_term(m, "Duty", joined(m, "indicator", "duty", false));
	add_term(m, "Definition", arena_printf(a, "%s, version %s", series_first(m->s)->indicator, series_first(m->s)->version));
	add_term(m, "Caveats", caveats(m));
}

/* "2025-06 because WHY decision N" */
static enum err_code
add_reasons(struct making *m, struct indicator_view *v, struct err *err)
{
	struct arena *a = m->q->arena;
	struct reason_view *list = arena_calloc(a, BREAKS_MAX, sizeof(*list));
	const char *line;

	if (list == NULL)
		return err_nomem(err);
	while (v->n_reasons < BREAKS_MAX && (line = deftext_get(a, m->text, "spc", "rebase", v->n_reasons, NULL)) != NULL) {
		const char *because = strstr(line, " because "), *decision = NULL, *why = because == NULL ? "" : because + 9;

		for (const char *at = why; (at = strstr(at, " decision ")) != NULL; at++)
			decision = at;

		m->out->breaks[m->out->n_breaks++] = (struct chart_break){ arena_printf(a, "%.7s", line) };
		list[v->n_reasons] = (struct reason_view){ arena_printf(a, "%zu", v->n_reasons + 1), arena_printf(a,
		    "In %s the limits begin again, because %.*s%s%s%s.", pages_month(a, line),
		    (int)(decision == NULL ? strlen(why) : (size_t)(decision - why)), why, decision == NULL ? "" : " (",
		    decision == NULL ? "" : decision + 1, decision == NULL ? "" : ")") };
		v->n_reasons++;
	}
	v->reasons = list;
	return ERR_OK;
}

enum err_code
pages_explain(struct page_request *q, const struct series_list *l, const struct series *s, struct indicator_view *v,
	struct explain *out, struct err *err)
{
	struct arena *a = q->arena;
	struct making m = {
		.q = q, .s = s, .last = series_latest(s), .text = deftext_of(q->p, series_first(s)->definition_hash),
		.places = pages_decimals(s), .beside = arena_calloc(a, BESIDE_MAX, sizeof(*m.beside)),
		.terms = arena_calloc(a, TERMS_MAX, sizeof(*m.terms)), .out = out,
	};
	const char *about = deftext_get(a, m.text, "indicator", "about", 0, NULL);

	(void)l;
	*out = (struct explain){ .refs = arena_calloc(a, BESIDE_MAX, sizeof(*out->refs)),
	    .breaks = arena_calloc(a, BREAKS_MAX, sizeof(*out->breaks)) };
	if (m.beside == NULL || m.terms == NULL || out->refs == NULL || out->breaks == NULL)
		return err_nomem(err);
	if (m.last != NULL && m.last->target.shown)
		add_beside(&m, "Target", "target", m.last->target.v, "");
	add_baseline(&m);
	add_comparators(&m);
	add_terms(&m);
	v->beside = m.beside;
	v->n_beside = m.n_beside;
	v->terms = m.terms;
	v->n_terms = m.n_terms;
	v->about = about == NULL ? "" : about;
	v->has_other = out->n_refs > (m.last != NULL && m.last->target.shown ? 1u : 0u);
	return add_reasons(&m, v, err);
}
