/* From a definition's items to struct definition: values read, defaults filled in, tables loaded. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/num.h"
#include "collector/chain.h"
#include "indicators/definition_schema.h"

enum { DEFINITION_MAX = 64 << 10, TABLE_MAX = 16 << 20, ARENA_MAX = 256 << 20, ITEM_POINTS_MAX = 64 };

struct reader {
	struct items it;
	struct definition *d;
	table_open *open;
	void *open_arg;
	bool nomem;
};

struct word { const char *word; int value; };

static const struct word kinds[] = { { "proportion", KIND_PROPORTION }, { "options", KIND_OPTIONS }, { "mean", KIND_MEAN },
	{ "score", KIND_SCORE }, { "rate", KIND_RATE }, { "count", KIND_COUNT }, { "quantity", KIND_QUANTITY },
	{ "theme", KIND_THEME }, { NULL, 0 } };
static const struct word directions[] = { { "increase", DIRECTION_INCREASE }, { "decrease", DIRECTION_DECREASE },
	{ "neutral", DIRECTION_NEUTRAL }, { NULL, 0 } };
static const struct word periods[] = { { "month", PERIOD_MONTH }, { "quarter", PERIOD_QUARTER },
	{ "half_year", PERIOD_HALF_YEAR }, { "year", PERIOD_YEAR }, { NULL, 0 } };
static const struct word intervals[] = { { "wilson", INTERVAL_WILSON }, { "rate", INTERVAL_RATE }, { "t", INTERVAL_T },
	{ "strata", INTERVAL_STRATA }, { "dsr", INTERVAL_DSR }, { "none", INTERVAL_NONE }, { NULL, 0 } };
static const struct word states[] = { { "draft", STATE_DRAFT }, { "agreed", STATE_AGREED }, { "retired", STATE_RETIRED },
	{ NULL, 0 } };
static const struct word yes_no[] = { { "yes", 1 }, { "no", 0 }, { NULL, 0 } };
static const struct word zeros[] = { { "organisation", 1 }, { "shown", 0 }, { NULL, 0 } };
static const struct word onlys[] = { { "all", 0 }, { "organisation_year", 1 }, { NULL, 0 } };
static const struct word charts[] = { { "xmr", 1 }, { "none", 0 }, { NULL, 0 } };
static const struct word units[] = { { "response", 0 }, { "session", 1 }, { NULL, 0 } };
static const struct word combines[] = { { "none", COMBINE_NONE }, { "asc_satisfaction", COMBINE_ASC_SATISFACTION },
	{ NULL, 0 } };
static const struct word modes[] = { { "half_away", ROUND_HALF_AWAY }, { "half_even", ROUND_HALF_EVEN },
	{ "half_up", ROUND_HALF_UP }, { NULL, 0 } };

static const char *
word_of(const struct word *list, int value)
{
	for (; list->word != NULL; list++)
		if (list->value == value)
			return list->word;
	return "";
}

const char *definition_kind_word(enum indicator_kind k) { return word_of(kinds, (int)k); }
const char *definition_period_word(enum period_kind p) { return word_of(periods, (int)p); }
const char *definition_state_word(enum definition_state s) { return word_of(states, (int)s); }
const char *definition_interval_word(enum interval_kind k) { return word_of(intervals, (int)k); }

/* --- single values --------------------------------------------------------------------------------- */

static void *
list_of(struct reader *r, size_t n, size_t size)
{
	void *p = arena_calloc(&r->d->arena, n == 0 ? 1 : n, size);

	if (p == NULL)
		r->nomem = true;
	return p;
}

static const char *
text(struct reader *r, const char *section, const char *key)
{
	const struct item *x = items_get(&r->it, section, "", key);

	return x == NULL ? "" : x->value;
}

/* The value of X among WORDS; PRESET if X is NULL or no such word (then said). */
static int
word_in(struct reader *r, const struct item *x, const char *value, const struct word *words, int preset)
{
	char known[200] = "";
	size_t at = 0;

	if (x == NULL)
		return preset;
	for (const struct word *w = words; w->word != NULL; w++)
		if (strcmp(w->word, value) == 0)
			return w->value;
	for (const struct word *w = words; w->word != NULL && at < sizeof(known); w++)
		at += (size_t)snprintf(known + at, sizeof(known) - at, "%s%s", at > 0 ? ", " : "", w->word);
	items_fault(&r->it, x->line, "[%s] %s: %.60s is not one of %s", x->section, x->key, value, known);
	return preset;
}

static int
word(struct reader *r, const char *section, const char *key, const struct word *words, int preset)
{
	const struct item *x = items_get(&r->it, section, "", key);

	return word_in(r, x, x == NULL ? "" : x->value, words, preset);
}

static int64_t
integer_in(struct reader *r, const struct item *x, int64_t min, int64_t max, int64_t preset)
{
	int64_t v = preset;

	if (x != NULL && !num_i64(x->value, strlen(x->value), min, max, &v))
		items_fault(&r->it, x->line, "[%s] %s: %.60s is no whole number from %lld to %lld", x->section, x->key, x->value,
		    (long long)min, (long long)max);
	return v;
}

static int64_t
integer(struct reader *r, const char *section, const char *key, int64_t min, int64_t max, int64_t preset)
{
	return integer_in(r, items_get(&r->it, section, "", key), min, max, preset);
}

static double
number_in(struct reader *r, const struct item *x, double preset)
{
	double v = preset;

	if (x != NULL && !num_double(x->value, strlen(x->value), &v))
		items_fault(&r->it, x->line, "[%s] %s: %.60s is no number", x->section, x->key, x->value);
	return v;
}

/* "2025-04" to a month index. */
static bool
read_month(const char *s, size_t len, int *out)
{
	int64_t y, m;

	if (len != 7 || s[4] != '-' || !num_i64(s, 4, 1900, 2999, &y) || !num_i64(s + 5, 2, 1, 12, &m))
		return false;
	*out = (int)(y * 12 + m - 1);
	return true;
}

/* "2025-04", "2025-04..2026-03", "2025-04..", as first and last month. */
bool
items_months(const char *s, int *from, int *until)
{
	const char *dots = strstr(s, "..");
	size_t len = dots == NULL ? strlen(s) : (size_t)(dots - s);

	*until = INT_MAX;
	if (!read_month(s, len, from))
		return false;
	return dots == NULL || dots[2] == '\0' || (read_month(dots + 2, strlen(dots + 2), until) && *from <= *until);
}

/* --- lists --------------------------------------------------------------------------------------------- */

static size_t
count_of(const struct reader *r, const char *section, const char *argument, int line, const char *key)
{
	size_t n = 0;

	for (size_t i = 0; i < r->it.n; i++) {
		const struct item *x = &r->it.list[i];

		n += strcmp(x->section, section) == 0 && strcmp(x->argument, argument) == 0 && strcmp(x->key, key) == 0
		    && (line == 0 || x->line > line);
	}
	return n;
}

static struct labelled
labelled_of(const struct item *x)
{
	return x == NULL ? (struct labelled){ "", "", 0 } : (struct labelled){ x->label, x->value, x->line };
}

static struct labelled *
list(struct reader *r, const char *section, const char *key, size_t *n)
{
	struct labelled *out = list_of(r, count_of(r, section, "", 0, key), sizeof(*out));

	*n = 0;
	for (size_t i = 0; i < r->it.n && out != NULL; i++)
		if (strcmp(r->it.list[i].section, section) == 0 && strcmp(r->it.list[i].key, key) == 0)
			out[(*n)++] = labelled_of(&r->it.list[i]);
	return out;
}

/* --- measure, and form blocks over it ------------------------------------------------------------------- */

/* The lines of one [measure] or [form ID] section: from its own line to the next section's. */
struct span { int from, to; };

static struct span
span_of(const struct reader *r, size_t section)
{
	struct span s = { r->it.sections[section].line, INT_MAX };

	if (section + 1 < r->it.n_sections)
		s.to = r->it.sections[section + 1].line;
	return s;
}

static const struct item *
in_span(const struct reader *r, struct span s, const char *key)
{
	for (size_t i = 0; i < r->it.n; i++)
		if (r->it.list[i].line > s.from && r->it.list[i].line < s.to && strcmp(r->it.list[i].key, key) == 0)
			return &r->it.list[i];
	return NULL;
}

/* Labelled lines of KEY: those of BASE, each replaced by one of the same label in S, then the new ones of S. */
static void
over_list(struct reader *r, struct span s, const char *key, struct labelled **base, size_t *n)
{
	struct labelled *out;
	size_t extra = 0, at = *n;

	for (size_t i = 0; i < r->it.n; i++)
		extra += r->it.list[i].line > s.from && r->it.list[i].line < s.to && strcmp(r->it.list[i].key, key) == 0;
	out = list_of(r, *n + extra, sizeof(*out));
	if (out == NULL)
		return;
	if (*n > 0)
		memcpy(out, *base, *n * sizeof(*out));
	for (size_t i = 0; i < r->it.n; i++) {
		const struct item *x = &r->it.list[i];
		size_t k = 0;

		if (x->line <= s.from || x->line >= s.to || strcmp(x->key, key) != 0)
			continue;
		while (k < at && strcmp(out[k].label, x->label) != 0)
			k++;
		at += k == at;
		out[k] = labelled_of(x);
	}
	*base = out;
	*n = at;
}

/* "1 0.919 0.541 0" or "0.5 * 2 1 0" or "" parts into IT. */
static void
read_points(struct reader *r, const struct item *x, struct measure_item *out)
{
	double *points = list_of(r, ITEM_POINTS_MAX, sizeof(*points));
	const char *s = x->value, *star = strchr(s, '*');
	size_t n = 0;

	out->factor = 1;
	if (points == NULL)
		return;
	if (star != NULL) {
		size_t len = (size_t)(star - s);

		while (len > 0 && s[len - 1] == ' ')
			len--;
		if (!num_double(s, len, &out->factor))
			items_fault(&r->it, x->line, "[%s] item.%s: what stands before * is no number", x->section, x->label);
		s = star + 1;
	}
	while (*(s += strspn(s, " ")) != '\0') {
		size_t len = strcspn(s, " ");

		if (n == ITEM_POINTS_MAX || !num_double(s, len, &points[n])) {
			items_fault(&r->it, x->line, "[%s] item.%s: points are numbers with blanks between, for codes 1, 2 ..; or "
			    "the word score for the choices' score column", x->section, x->label);
			return;
		}
		n++;
		s += len;
	}
	out->points = n > 0 ? points : NULL;
	out->n_points = n;
}

static void
over_items(struct reader *r, struct span s, struct measure *m)
{
	struct measure_item *out;
	size_t extra = 0, n = m->n_items;

	for (size_t i = 0; i < r->it.n; i++)
		extra += r->it.list[i].line > s.from && r->it.list[i].line < s.to;
	out = list_of(r, n + extra, sizeof(*out));
	if (out == NULL)
		return;
	if (n > 0)
		memcpy(out, m->items, n * sizeof(*out));
	for (size_t i = 0; i < r->it.n; i++) {
		const struct item *x = &r->it.list[i];
		struct item scored = *x;
		bool is_item = strcmp(x->key, "item") == 0;
		size_t k = 0;

		if (x->line <= s.from || x->line >= s.to || (!is_item && strcmp(x->key, "answer") != 0))
			continue;
		while (k < n && strcmp(out[k].question, x->label) != 0)
			k++;
		if (k == n) {
			out[n++] = (struct measure_item){ .question = x->label, .factor = 1, .answer = { x->label, "", 0 } };
		}
		if (is_item) {
			const char *word = strstr(x->value, "score");

			/* "score" and "2 * score": from the form */
			if (word != NULL && strcmp(word, "score") == 0)
				scored.value = arena_strn(&r->d->arena, x->value, (size_t)(word - x->value));
			if (scored.value == NULL) {
				r->nomem = true;
				return;
			}
			out[k].line = x->line;
			out[k].points = NULL;
			out[k].n_points = 0;
			read_points(r, &scored, &out[k]);
		} else {
			out[k].answer = labelled_of(x);
		}
	}
	m->items = out;
	m->n_items = n;
}

static void
over_text(const struct reader *r, struct span s, const char *key, struct labelled *out)
{
	const struct item *x = in_span(r, s, key);

	if (x != NULL)
		*out = labelled_of(x);
}

static void
over_measure(struct reader *r, struct span s, struct measure *m)
{
	const struct item *x;

	over_text(r, s, "population", &m->population);
	over_text(r, s, "numerator", &m->numerator);
	over_text(r, s, "value", &m->value);
	over_text(r, s, "people", &m->people);
	over_list(r, s, "exclude", &m->excludes, &m->n_excludes);
	over_list(r, s, "option", &m->options, &m->n_options);
	over_items(r, s, m);
	m->offset = number_in(r, in_span(r, s, "offset"), m->offset);
	x = in_span(r, s, "per");
	m->per = number_in(r, x, m->per);
	if (x != NULL && !(m->per > 0))
		items_fault(&r->it, x->line, "[%s] per: a number above 0, such as 1000", x->section);
	x = in_span(r, s, "theme");
	if (x != NULL)
		m->theme = x->value;
	x = in_span(r, s, "at_risk");
	if (x != NULL)
		m->at_risk = x->value;
	x = in_span(r, s, "unit_of_analysis");
	m->by_session = word_in(r, x, x == NULL ? "" : x->value, units, m->by_session) != 0;
	x = in_span(r, s, "combine");
	m->combine = (enum combine_kind)word_in(r, x, x == NULL ? "" : x->value, combines, (int)m->combine);
}

static void
read_blocks(struct reader *r)
{
	static const struct labelled none = { "", "", 0 };
	struct measure base = { .population = { "", "true()", 0 }, .numerator = none, .value = none,
	    .people = { "", "1", 0 }, .per = 1000, .theme = "", .at_risk = "" };
	struct definition *d = r->d;
	size_t n = 0;

	for (size_t i = 0; i < r->it.n_sections; i++) {
		n += strcmp(r->it.sections[i].name, "form") == 0;
		if (strcmp(r->it.sections[i].name, "measure") == 0)
			over_measure(r, span_of(r, i), &base);
	}
	d->blocks = list_of(r, n, sizeof(*d->blocks));
	for (size_t i = 0; i < r->it.n_sections && d->blocks != NULL; i++) {
		struct form_block *b = &d->blocks[d->n_blocks];
		const struct item *x;
		struct span s;

		if (strcmp(r->it.sections[i].name, "form") != 0)
			continue;
		s = span_of(r, i);
		*b = (struct form_block){ r->it.sections[i].argument, "", "", "", base, r->it.sections[i].line };
		if ((x = in_span(r, s, "versions")) != NULL)
			b->versions = x->value;
		if ((x = in_span(r, s, "locked")) != NULL)
			b->locked = x->value;
		if ((x = in_span(r, s, "variant")) != NULL)
			b->variant = x->value;
		over_measure(r, s, &b->measure);
		d->n_blocks++;
	}
}

/* --- the other sections --------------------------------------------------------------------------------- */

static void
read_indicator(struct reader *r)
{
	struct definition *d = r->d;

	d->id = text(r, "indicator", "id");
	d->version = integer(r, "indicator", "version", 1, 1000000, 0);
	d->kind = (enum indicator_kind)word(r, "indicator", "kind", kinds, KIND_PROPORTION);
	d->title = text(r, "indicator", "title");
	d->title_easy = text(r, "indicator", "title_easy");
	d->about = text(r, "indicator", "about");
	d->unit = text(r, "indicator", "unit");
	d->direction = (enum direction)word(r, "indicator", "direction", directions, DIRECTION_NEUTRAL);
	d->owner = text(r, "indicator", "owner");
	d->review_by = text(r, "indicator", "review_by");
	d->supersedes = text(r, "indicator", "supersedes");
	d->break_why = text(r, "indicator", "break");
	d->family = text(r, "indicator", "family");
	if (d->family[0] == '\0')
		d->family = d->id;
	d->aliases = list(r, "indicator", "alias", &d->n_aliases);
	d->duties = list(r, "indicator", "duty", &d->n_duties);
	d->sources = list(r, "indicator", "source", &d->n_sources);
	d->methods = list(r, "indicator", "method", &d->n_methods);
	d->plan[0] = labelled_of(items_get(&r->it, "plan", "", "who"));
	d->plan[1] = labelled_of(items_get(&r->it, "plan", "", "where"));
	d->plan[2] = labelled_of(items_get(&r->it, "plan", "", "every"));
	d->plan[3] = labelled_of(items_get(&r->it, "plan", "", "target_n"));
	d->state = (enum definition_state)word(r, "state", "state", states, STATE_DRAFT);
	d->since = text(r, "state", "since");
	d->signatures = list(r, "state", "signed", &d->n_signatures);
	d->signed_hash = text(r, "state", "hash");
}

static void
read_time(struct reader *r)
{
	struct definition *d = r->d;
	const struct item *x = items_get(&r->it, "time", "", "year_start");
	int64_t month = 4;

	d->period_levels = list_of(r, count_of(r, "time", "", 0, "period"), sizeof(*d->period_levels));
	for (size_t i = 0; i < r->it.n && d->period_levels != NULL; i++) {
		const struct item *p = &r->it.list[i];
		int kind;

		if (strcmp(p->section, "time") != 0 || strcmp(p->key, "period") != 0)
			continue;
		if (strstr(p->value, "rolling") != NULL) {
			items_fault(&r->it, p->line, "[time] period: rolling periods overlap: the difference of two gives a month back "
			    "and a chart of them means nothing; use month, quarter, half_year or year");
			continue;
		}
		kind = word_in(r, p, p->value, periods, PERIOD_MONTH);
		if (p->label[0] == '\0')
			d->period = (enum period_kind)kind;
		else
			d->period_levels[d->n_period_levels++] = (struct period_level){ p->label, (enum period_kind)kind, p->line };
	}
	if (x != NULL && (strlen(x->value) != 5 || x->value[2] != '-' || !num_i64(x->value, 2, 1, 12, &month)
	    || strcmp(x->value + 3, "01") != 0)) {
		items_fault(&r->it, x->line, "[time] year_start: a first day of a month as 04-01");
		month = 4;
	}
	d->year_start = (int)month;
	d->wait_days = integer(r, "time", "wait_days", 0, 3660, 30);
}

/* "0.70 from 2025-04", "0.70 from 2025-04..2026-03"; "0.70" for a baseline. */
static bool
read_span(const char *value, struct period_span *out)
{
	const char *from = strstr(value, " from ");
	size_t len = from == NULL ? strlen(value) : (size_t)(from - value);

	out->from = INT_MIN;
	out->until = INT_MAX;
	while (len > 0 && value[len - 1] == ' ')
		len--;
	if (!num_double(value, len, &out->value))
		return false;
	return from == NULL || items_months(from + 6 + strspn(from + 6, " "), &out->from, &out->until);
}

static void
read_estimate(struct reader *r)
{
	struct definition *d = r->d;
	const struct item *x;
	static const enum interval_kind preset[] = { [KIND_PROPORTION] = INTERVAL_WILSON, [KIND_OPTIONS] = INTERVAL_WILSON,
		[KIND_MEAN] = INTERVAL_T, [KIND_SCORE] = INTERVAL_T, [KIND_RATE] = INTERVAL_RATE, [KIND_COUNT] = INTERVAL_NONE,
		[KIND_QUANTITY] = INTERVAL_NONE, [KIND_THEME] = INTERVAL_WILSON };

	d->interval = (enum interval_kind)word(r, "estimate", "interval", intervals, (int)preset[d->kind]);
	d->targets = list_of(r, count_of(r, "estimate", "", 0, "target"), sizeof(*d->targets));
	for (size_t i = 0; i < r->it.n && d->targets != NULL; i++) {
		struct period_span *s = &d->targets[d->n_targets];

		x = &r->it.list[i];
		if (strcmp(x->section, "estimate") != 0 || strcmp(x->key, "target") != 0)
			continue;
		s->line = x->line;
		if (read_span(x->value, s) && s->from != INT_MIN)	/* nothing was promised for all time */
			d->n_targets++;
		else
			items_fault(&r->it, x->line, "[estimate] target: write it as 0.70 from 2025-04");
	}
	x = items_get(&r->it, "estimate", "", "baseline");
	d->baselines = list_of(r, 1, sizeof(*d->baselines));
	if (x != NULL && d->baselines != NULL) {
		struct period_span *s = d->baselines;

		/* a range of months alone: what the series showed in them */
		s->line = x->line;
		s->value = NAN;
		if (!items_months(x->value, &s->from, &s->until) && !read_span(x->value, s))
			items_fault(&r->it, x->line, "[estimate] baseline: write 0.62 from 2023-04, or months as 2023-04..2024-03");
		else
			d->n_baselines = 1;
	}
	d->comparators = list(r, "estimate", "comparator", &d->n_comparators);
}

/* "5 half_away", or "percent 1 half_away" for the value. */
static void
read_round(struct reader *r, const char *key, bool *percent, int *number, enum round_mode *mode)
{
	const struct item *x = items_get(&r->it, "round", "", key);
	char unit[16] = "", how[16] = "half_away";
	int at = 0, n = 0;

	if (x == NULL)
		return;
	if (percent != NULL) {
		if (sscanf(x->value, "%15s %n", unit, &at) != 1)
			at = 0;
		if (strcmp(unit, "percent") == 0)
			*percent = true;
		else if (strcmp(unit, "number") == 0)
			*percent = false;
		else
			at = -1;
	}
	if (at < 0 || sscanf(x->value + at, "%d %15s", &n, how) < 1 || n < 0 || n > 1000 || (percent == NULL && n < 1)
	    || (percent != NULL && n > 9)) {
		items_fault(&r->it, x->line, "[round] %s: write it as %s", key, percent != NULL ? "percent 1 half_away, or number "
		    "2 half_even" : "5 half_away");
		return;
	}
	*number = n;
	*mode = (enum round_mode)word_in(r, x, how, modes, (int)*mode);
}

/* "2025-06 because TEXT decision N" */
static void
read_rebase(struct reader *r, const struct item *x)
{
	struct definition *d = r->d;
	struct rebase *b = &d->rebases[d->n_rebases];
	const char *because = strstr(x->value, " because "), *decision = NULL;

	for (const char *at = x->value; (at = strstr(at, " decision ")) != NULL; at++)
		decision = at;
	if (because == NULL || !read_month(x->value, (size_t)(because - x->value), &b->month) || decision == NULL
	    || decision <= because + 9 || decision[10] == '\0') {
		items_fault(&r->it, x->line, "[spc] rebase: limits move by a human decision only: write 2025-06 because WHY "
		    "decision N");
		return;
	}
	b->why = arena_strn(&d->arena, because + 9, (size_t)(decision - because - 9));
	b->decision = decision + 10;
	b->line = x->line;
	r->nomem |= b->why == NULL;
	d->n_rebases++;
}

static void
read_spc(struct reader *r)
{
	struct definition *d = r->d;

	d->chart = word(r, "spc", "chart", charts, 1) != 0;
	d->screen = word(r, "spc", "screen", yes_no, 0) != 0;
	d->two_of_three = word(r, "spc", "two_of_three", yes_no, 1) != 0;
	d->shift = (int)integer(r, "spc", "shift", 5, 20, 7);
	d->trend = (int)integer(r, "spc", "trend", 5, 20, 7);
	d->fix_after = (size_t)integer(r, "spc", "fix_after", 12, 1000, 0);
	d->rebases = list_of(r, count_of(r, "spc", "", 0, "rebase"), sizeof(*d->rebases));
	for (size_t i = 0; i < r->it.n && d->rebases != NULL; i++)
		if (strcmp(r->it.list[i].section, "spc") == 0 && strcmp(r->it.list[i].key, "rebase") == 0)
			read_rebase(r, &r->it.list[i]);
}

static void
read_by(struct reader *r)
{
	struct definition *d = r->d;
	bool given = false;

	for (size_t i = 0; i < r->it.n_sections; i++)
		given |= strcmp(r->it.sections[i].name, "by") == 0;
	d->by_site = true;
	d->by = list_of(r, r->it.n + 1, sizeof(*d->by));
	d->crosses = list(r, "by", "cross", &d->n_crosses);
	if (d->by == NULL)
		return;
	if (!given)
		d->by[d->n_by++] = (struct labelled){ "role", "${_role}", 0 };
	for (size_t i = 0; i < r->it.n; i++) {
		const struct item *x = &r->it.list[i];

		if (strcmp(x->section, "by") != 0 || strcmp(x->key, "cross") == 0)
			continue;
		if (strcmp(x->key, "site") == 0)
			d->by_site = word_in(r, x, x->value, yes_no, 1) != 0;
		else if (strcmp(x->key, "variant") == 0 || strcmp(x->key, "helped") == 0)
			items_fault(&r->it, x->line, "[by] %s: taken: figures are kept apart by it always; choose another name", x->key);
		else if (strcmp(x->key, "answer") == 0 || strcmp(x->key, "all") == 0 || strcmp(x->key, "organisation") == 0)
			items_fault(&r->it, x->line, "[by] %s: taken: rows say by it %s; choose another name", x->key,
			    x->key[1] == 'n' ? "which option was chosen" : "that they are of everybody");
		else
			d->by[d->n_by++] = (struct labelled){ x->key, x->value, x->line };
	}
}

static void
read_disclosure(struct reader *r)
{
	const struct item *x = items_get(&r->it, "disclosure", "", "preset");
	const struct policy *preset = x == NULL ? &policy_preset_organisation : policy_find(x->value);
	struct policy *p = &r->d->policy;

	if (preset == NULL) {
		items_fault(&r->it, x->line, "[disclosure] preset: %.40s is not one of organisation, ascs, sace, ofqual, gpps", x->value);
		preset = &policy_preset_organisation;
	}
	*p = *preset;
	p->base_min = integer(r, "disclosure", "base_min", 1, 1000000, p->base_min);
	p->cell_min = integer(r, "disclosure", "cell_min", 1, 1000000, p->cell_min);
	p->zero_hidden = word(r, "disclosure", "zero", zeros, p->zero_hidden) != 0;
	p->complement = word(r, "disclosure", "complement", yes_no, p->complement) != 0;
	p->round = (int)integer(r, "disclosure", "round", 1, 1000, p->round);
	r->d->only_organisation_year = word(r, "disclosure", "only", onlys, 0) == 1;
}

/* Folder of FILE + PATH. */
static enum err_code
open_beside(const char *file, const char *path, struct buf *out, struct err *err)
{
	char full[4096];
	const char *slash = strrchr(file, '/');
	int len = slash == NULL ? 0 : (int)(slash - file + 1);

	if (snprintf(full, sizeof(full), "%.*s%s", len, file, path) >= (int)sizeof(full))
		return err_set(err, ERR_LIMIT, "the path of a table is too long");
	return file_read(full, out, err);
}

static void
read_table(struct reader *r, const struct item *x)
{
	struct definition *d = r->d;
	struct err why = { 0 };
	struct buf data;
	enum err_code rc;

	if (x->value[0] == '/' || strstr(x->value, "..") != NULL) {
		items_fault(&r->it, x->line, "[tables] %s: a file beside the definition, without / at the beginning and ..", x->key);
		return;
	}
	buf_init(&data, TABLE_MAX);
	rc = r->open != NULL ? r->open(r->open_arg, d->file, x->value, &data, &why) : open_beside(d->file, x->value, &data, &why);
	if (rc == ERR_OK)
		rc = table_parse(&d->arena, x->key, x->value, buf_str(&data), data.len, &d->tables[d->n_tables], &why);
	if (rc == ERR_NOMEM)
		r->nomem = true;
	else if (rc != ERR_OK)
		items_fault(&r->it, x->line, "[tables] %s: %s", x->key, why.msg);
	else
		d->n_tables++;
	buf_free(&data);
}

static void
read_rest(struct reader *r)
{
	struct definition *d = r->d;

	d->strata_by = text(r, "strata", "by");
	d->strata_sizes = text(r, "strata", "sizes");
	d->strata_standard = text(r, "strata", "standard");
	d->strata_merges = list(r, "strata", "merge", &d->n_strata_merges);
	d->value_percent = d->kind == KIND_PROPORTION || d->kind == KIND_OPTIONS || d->kind == KIND_THEME;
	d->value_decimals = 1;
	d->count_step = 5;
	d->total_step = 10;
	read_round(r, "value", &d->value_percent, &d->value_decimals, &d->value_mode);
	read_round(r, "count", NULL, &d->count_step, &d->count_mode);
	read_round(r, "total", NULL, &d->total_step, &d->total_mode);
	d->tables = list_of(r, r->it.n + 1, sizeof(*d->tables));
	for (size_t i = 0; i < r->it.n && d->tables != NULL; i++)
		if (strcmp(r->it.list[i].section, "tables") == 0)
			read_table(r, &r->it.list[i]);
}

static enum err_code
fill(struct reader *r, const char *source, size_t len, struct err *err)
{
	struct definition *d = r->d;
	enum err_code rc = items_read(&r->it, source, len, err);

	if (rc == ERR_INPUT) {	/* the reader's own sentence has FILE:LINE */
		const char *colon = strstr(err->msg, ": ");
		char place[300];

		snprintf(place, sizeof(place), "%.*s", colon == NULL ? 0 : (int)(colon - err->msg), err->msg);
		findings_add(r->it.findings, false, 0, place, "%s", colon == NULL ? err->msg : colon + 2);
	}
	if (rc != ERR_OK)
		return rc;
	read_indicator(r);
	read_time(r);
	read_estimate(r);
	read_spc(r);
	read_by(r);
	read_disclosure(r);
	read_blocks(r);
	read_rest(r);
	if (r->nomem)
		return err_nomem(err);
	definition_rules(&r->it, d);
	items_canonical(&r->it, &d->canonical);
	rc = buf_check(&d->canonical, err);
	if (rc == ERR_OK)
		chain_sha256(d->canonical.data, d->canonical.len, d->hash);
	definition_state_rules(&r->it, d);
	return rc;
}

enum err_code
definition_parse(const char *name, const char *source, size_t len, table_open *open, void *arg, struct findings *findings,
    struct definition **out, struct err *err)
{
	struct definition *d;
	struct reader r = { .open = open, .open_arg = arg };
	struct findings own;
	size_t before, n_before;
	enum err_code rc;

	*out = NULL;
	if (len > DEFINITION_MAX)
		return err_set(err, ERR_LIMIT, "%s: longer than 64 KiB", name);
	d = calloc(1, sizeof(*d));
	if (d == NULL)
		return err_nomem(err);
	findings_init(&own);
	if (findings == NULL)
		findings = &own;
	before = findings->errors;
	n_before = findings->n;
	arena_init(&d->arena, ARENA_MAX);
	buf_init(&d->canonical, DEFINITION_MAX * 2);
	d->file = arena_str(&d->arena, name);
	r.d = d;
	r.it = (struct items){ .file = name, .findings = findings, .arena = &d->arena };
	rc = d->file == NULL ? err_nomem(err) : fill(&r, source, len, err);
	if (rc == ERR_OK && findings->errors > before) {
		const struct finding *first = &findings->list[findings->n - 1];

		for (size_t i = findings->n; i-- > n_before;)
			if (!findings->list[i].warning)
				first = &findings->list[i];
		rc = err_set(err, ERR_INPUT, "%s: %s", first->place, first->text);
	}
	if (rc == ERR_OK && findings->failed)
		rc = err_nomem(err);
	items_clear(&r.it);
	findings_clear(&own);
	if (rc == ERR_OK)
		*out = d;
	else
		definition_free(d);
	return rc;
}

enum err_code
definition_read(const char *path, struct findings *findings, struct definition **out, struct err *err)
{
	struct buf data;
	enum err_code rc;

	*out = NULL;
	buf_init(&data, DEFINITION_MAX);
	rc = file_read(path, &data, err);
	if (rc == ERR_OK)
		rc = definition_parse(path, buf_str(&data), data.len, NULL, NULL, findings, out, err);
	buf_free(&data);
	return rc;
}

void
definition_free(struct definition *d)
{
	if (d == NULL)
		return;
	buf_free(&d->canonical);
	arena_clear(&d->arena);
	free(d);
}
