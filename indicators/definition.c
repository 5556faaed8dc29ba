/* What is asked of a definition once it is read: time, tables, the estimate it prescribes, and libraries of
 * definitions. See definition.h. */
#include "indicators/definition.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "indicators/strata.h"

enum { LIBRARY_MAX = 4096 };

void
definition_name(const struct definition *d, char text[DEFINITION_NAME_MAX])
{
	snprintf(text, DEFINITION_NAME_MAX, "%.60s@%lld", d->id, (long long)d->version);
}

/* --- time ------------------------------------------------------------------------------------------------- */

int
month_of_day(int64_t day)
{
	int y, m, d;

	date_from_day(day, &y, &m, &d);
	return y * 12 + m - 1;
}

int64_t
month_first_day(int month)
{
	return day_from_date(month / 12, month % 12 + 1, 1);
}

enum period_kind
definition_period(const struct definition *d, const char *level)
{
	for (size_t i = 0; i < d->n_period_levels; i++)
		if (strcmp(d->period_levels[i].level, level) == 0)
			return d->period_levels[i].period;
	return d->period;
}

int
period_months(enum period_kind p)
{
	switch (p) {
	case PERIOD_MONTH:
		return 1;
	case PERIOD_QUARTER:
		return 3;
	case PERIOD_HALF_YEAR:
		return 6;
	case PERIOD_YEAR:
		return 12;
	}
	return 1;
}

int
period_first(const struct definition *d, enum period_kind p, int month)
{
	int since = (month - (d->year_start - 1)) % 12;	/* months since the year began */

	return month - since % period_months(p);
}

void
period_text(enum period_kind p, int first, char text[32])
{
	int last = first + period_months(p) - 1;

	if (p == PERIOD_MONTH)
		snprintf(text, 32, "%04d-%02d", first / 12 % 10000, first % 12 + 1);
	else
		snprintf(text, 32, "%04d-%02d..%04d-%02d", first / 12 % 10000, first % 12 + 1, last / 12 % 10000, last % 12 + 1);
}

/* The one that began last; open ranges hold for ever. */
static double
in_force(const struct period_span *list, size_t n, int month)
{
	double v = NAN;
	int from = INT_MIN;

	for (size_t i = 0; i < n; i++)
		if (list[i].from <= month && month <= list[i].until && list[i].from >= from) {
			v = list[i].value;
			from = list[i].from;
		}
	return v;
}

double
definition_target(const struct definition *d, int month)
{
	return in_force(d->targets, d->n_targets, month);
}

double
definition_baseline(const struct definition *d, int month)
{
	return in_force(d->baselines, d->n_baselines, month);
}

/* --- tables ----------------------------------------------------------------------------------------------- */

static const struct table *
find_table(const struct definition *d, const char *name)
{
	for (size_t i = 0; i < d->n_tables; i++)
		if (strcmp(d->tables[i].name, name) == 0)
			return &d->tables[i];
	return NULL;
}

static int
key_column(const struct table *t)
{
	int k = table_column(t, "area");

	return k >= 0 ? k : table_column(t, "site");
}

/* Sum of n over the rows in force on DAY that AREA and STRATUM (NULL: all) name; NAN if none does. */
static double
sum_of(const struct table *t, const char *area, const char *stratum, int64_t day)
{
	int n = table_column(t, "n"), a = key_column(t), s = table_column(t, "stratum");
	double sum = NAN, v;

	if (n < 0 || (area != NULL && a < 0) || (stratum != NULL && s < 0))
		return NAN;
	for (size_t i = 0; i < t->n_rows; i++) {
		const char *const *row = t->cells + i * t->n_columns;

		if (t->from[i] > day || t->until[i] < day || (area != NULL && strcmp(row[a], area) != 0)
		    || (stratum != NULL && strcmp(row[s], stratum) != 0))
			continue;
		if (!num_double(row[n], strlen(row[n]), &v))
			continue;
		sum = isnan(sum) ? v : sum + v;
	}
	return sum;
}

double
definition_at_risk(const struct definition *d, const struct measure *m, const char *area, int first, int last)
{
	const struct table *t = find_table(d, m != NULL && m->at_risk[0] != '\0' ? m->at_risk : "people_supported");
	double sum = 0;

	if (t == NULL || last < first)
		return NAN;
	for (int month = first; month <= last; month++)
		sum += sum_of(t, area == NULL || area[0] == '\0' ? NULL : area, NULL, month_first_day(month) + 14);
	return sum / (last - first + 1);
}

double
definition_stratum_size(const struct definition *d, const char *area, const char *stratum, int month)
{
	const struct table *t = find_table(d, d->strata_sizes);
	int64_t day = month_first_day(month) + 14;

	if (t == NULL)
		return NAN;
	return sum_of(t, area == NULL || area[0] == '\0' || key_column(t) < 0 ? NULL : area, stratum, day);
}

struct estimate
definition_estimate(const struct definition *d, const struct measure *m, const struct cell_sums *c)
{
	struct estimate e = { NAN, NAN, NAN, NAN, NAN };

	switch (d->kind) {
	case KIND_PROPORTION:
	case KIND_OPTIONS:
	case KIND_THEME:
		e = stat_proportion(c->num, c->n, 1);
		break;
	case KIND_MEAN:
	case KIND_SCORE:
		e = stat_mean_of(c->n, c->mean, c->m2, NULL);
		break;
	case KIND_RATE:
		e = stat_rate(c->num, c->at_risk, m->per);
		break;
	case KIND_COUNT:
	case KIND_QUANTITY:
		e.value = c->num;
		break;
	}
	if (d->interval == INTERVAL_NONE)
		e.lower95 = e.upper95 = e.lower998 = e.upper998 = NAN;
	return e;
}

/* --- strata ------------------------------------------------------------------------------------------------- */

/* Is STRATUM one of the "1+2" of MERGE? */
static bool
is_merged(const char *merge, const char *stratum)
{
	for (const char *s = merge; *s != '\0'; s += *s == '+') {
		size_t n = strcspn(s, "+");

		if (strlen(stratum) == n && memcmp(s, stratum, n) == 0)
			return true;
		s += n;
	}
	return false;
}

/* The name a stratum is estimated under: its merge, or itself. */
static const char *
merged_name(const struct definition *d, const char *stratum)
{
	for (size_t i = 0; i < d->n_strata_merges; i++)
		if (is_merged(d->strata_merges[i].text, stratum))
			return d->strata_merges[i].text;
	return stratum;
}

struct named_stratum {
	const char *name;
	struct stratum s;
	double of_all;
};

static struct named_stratum *
named(struct named_stratum *list, size_t *n, const char *name)
{
	for (size_t i = 0; i < *n; i++)
		if (strcmp(list[i].name, name) == 0)
			return &list[i];
	list[*n] = (struct named_stratum){ .name = name };
	return &list[(*n)++];
}

/* Chan's merge of means and sums of squares. */
static void
add_sums(struct named_stratum *t, const struct stratum_sums *s)
{
	double n = t->s.n + s->sums.n, delta = s->sums.mean - t->s.mean;

	if (n > 0) {
		t->s.m2 += s->sums.m2 + delta * delta * t->s.n * s->sums.n / n;
		t->s.mean += delta * s->sums.n / n;
	}
	t->s.n = n;
	t->s.x += s->sums.num;
	t->of_all += s->of_all;
}

/* Every stratum of the table of sizes counts, also one that nobody answered in; each once, whatever the number of its rows.
 * False: there is no such table. */
static bool
add_sizes(const struct definition *d, const char *area, int month, struct named_stratum *list, size_t *k)
{
	const struct table *t = find_table(d, d->strata_sizes);
	int column = t == NULL ? -1 : table_column(t, "stratum");

	for (size_t i = 0; column >= 0 && i < t->n_rows; i++) {
		const char *code = t->cells[i * t->n_columns + (size_t)column];
		double size = definition_stratum_size(d, area, code, month);
		bool before = false;

		for (size_t r = 0; r < i && !before; r++)
			before = strcmp(t->cells[r * t->n_columns + (size_t)column], code) == 0;
		if (!before && !isnan(size))
			named(list, k, merged_name(d, code))->s.population += size;
	}
	return column >= 0;
}

/* The rate as it would be if people were as many in each stratum as in the standard population. None if a stratum of it
 * has no people here, or one that people are in is not of it. SPACE holds 3 n. */
static struct estimate
standardised(const struct definition *d, int month, const struct named_stratum *list, size_t n, double *space)
{
	const struct table *t = find_table(d, d->strata_standard);
	int column = t == NULL ? -1 : table_column(t, "stratum");
	double *count = space, *pop = space + n, *standard = space + 2 * n, whole, sum = 0;

	for (size_t i = 0; i < n && column >= 0; i++) {
		count[i] = list[i].s.x;
		pop[i] = list[i].s.population;
		standard[i] = 0;
		for (size_t r = 0; r < t->n_rows; r++) {
			const char *code = t->cells[r * t->n_columns + (size_t)column];
			bool before = false;
			double people = sum_of(t, NULL, code, month_first_day(month) + 14);

			for (size_t b = 0; b < r && !before; b++)
				before = strcmp(t->cells[b * t->n_columns + (size_t)column], code) == 0;
			if (!before && !isnan(people) && strcmp(merged_name(d, code), list[i].name) == 0)
				standard[i] += people;
		}
		if (!(standard[i] > 0))
			column = -1;
		sum += standard[i];
	}
	whole = column >= 0 ? sum_of(t, NULL, NULL, month_first_day(month) + 14) : NAN;
	if (n == 0 || !(fabs(sum - whole) <= 1e-9 * whole))
		return (struct estimate){ NAN, NAN, NAN, NAN, NAN };
	return stat_dsr(count, pop, standard, n, d->blocks[0].measure.per);
}

enum err_code
definition_stratified(const struct definition *d, const char *area, int month, const struct stratum_sums *s, size_t n,
    struct estimate *out, struct err *err)
{
	const struct table *t = find_table(d, d->strata_sizes);
	size_t most = (t == NULL ? 0 : t->n_rows) + n + 1, k = 0, used = 0;
	struct named_stratum *list = calloc(most, sizeof(*list));
	struct stratum *strata = calloc(most, sizeof(*strata));
	double *space = calloc(most, 3 * sizeof(*space));
	struct stratified e;
	bool known;
	enum err_code rc = ERR_OK;

	*out = (struct estimate){ NAN, NAN, NAN, NAN, NAN };
	if (list == NULL || strata == NULL || space == NULL) {
		rc = err_nomem(err);
		goto out;
	}
	known = add_sizes(d, area, month, list, &k);
	for (size_t i = 0; i < n; i++)
		add_sums(named(list, &k, merged_name(d, s[i].stratum)), &s[i]);
	if (d->kind == KIND_RATE) {
		if (known)
			*out = standardised(d, month, list, k, space);
		if (d->interval == INTERVAL_NONE)
			out->lower95 = out->upper95 = out->lower998 = out->upper998 = NAN;
		goto out;
	}
	for (size_t i = 0; i < k; i++) {
		known = known && (list[i].s.population > 0 || list[i].of_all == 0);
		if (list[i].of_all > list[i].s.n)	/* a group of those who answered */
			list[i].s.population = strata_group_population(list[i].s.population, list[i].s.n, list[i].of_all);
		if (list[i].s.population > 0)
			strata[used++] = list[i].s;
	}
	e = d->kind == KIND_MEAN || d->kind == KIND_SCORE ? strata_mean(strata, used) : strata_proportion(strata, used);
	if (known)
		*out = (struct estimate){ e.value, e.lower95, e.upper95, NAN, NAN };
	if (known && d->interval != INTERVAL_STRATA)
		out->lower95 = out->upper95 = NAN;
out:
	free(list);
	free(strata);
	free(space);
	return rc;
}

/* --- libraries --------------------------------------------------------------------------------------------- */

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The *.ind names in DIR, sorted; the caller frees each and the list. */
static enum err_code
list_names(const char *dir, char ***out, size_t *n, struct err *err)
{
	char **names = calloc(LIBRARY_MAX, sizeof(*names));
	DIR *at = opendir(dir);
	struct dirent *e;
	enum err_code rc = ERR_OK;

	*n = 0;
	if (names == NULL)
		rc = err_nomem(err);
	else if (at == NULL)
		rc = err_set(err, errno == ENOENT ? ERR_ABSENT : ERR_BROKEN, "%s: %s", dir, strerror(errno));
	while (rc == ERR_OK && (e = readdir(at)) != NULL) {
		size_t len = strlen(e->d_name);

		if (len < 5 || strcmp(e->d_name + len - 4, ".ind") != 0 || e->d_name[0] == '.')
			continue;
		if (*n == LIBRARY_MAX)
			rc = err_set(err, ERR_LIMIT, "%s: more than %d definitions", dir, LIBRARY_MAX);
		else if (asprintf(&names[*n], "%s/%s", dir, e->d_name) < 0)
			rc = err_nomem(err);
		else
			(*n)++;
	}
	if (at != NULL)
		closedir(at);
	if (*n > 0)
		qsort(names, *n, sizeof(*names), by_name);
	*out = names;
	return rc;
}

/* Two codes of one scheme at one time, two definitions of one id and version. */
static void
check_together(const struct library *l, struct findings *findings)
{
	char place[300];

	for (size_t i = 0; i < l->n; i++)
		for (size_t k = 0; k < i; k++) {
			const struct definition *a = l->list[k], *b = l->list[i];

			if (strcmp(a->id, b->id) == 0 && a->version == b->version) {
				snprintf(place, sizeof(place), "%.250s:1", b->file);
				findings_add(findings, false, 1, place, "%s@%lld is in %s too: give it a new version", b->id,
				    (long long)b->version, a->file);
			}
			if (strcmp(a->id, b->id) == 0)
				continue;
			for (size_t x = 0; x < a->n_aliases; x++)
				for (size_t y = 0; y < b->n_aliases; y++)
					if (strcmp(a->aliases[x].label, b->aliases[y].label) == 0
					    && strcmp(a->aliases[x].text, b->aliases[y].text) == 0) {
						snprintf(place, sizeof(place), "%.250s:%d", b->file, b->aliases[y].line);
						findings_add(findings, false, b->aliases[y].line, place, "alias.%s: %s is %s's already", b->aliases[y].label,
						    b->aliases[y].text, a->id);
					}
		}
}

static const struct definition *
superseded_by(const struct library *l, const struct definition *d)
{
	for (size_t i = 0; i < l->n && d->supersedes[0] != '\0'; i++) {
		char name[DEFINITION_NAME_MAX];

		definition_name(l->list[i], name);
		if (strcmp(name, d->supersedes) == 0)
			return l->list[i];
	}
	return NULL;
}

/* Following what each supersedes must end. */
static void
check_successors(const struct library *l, struct findings *findings)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct definition *d = l->list[i], *older = superseded_by(l, d);
		char place[300];

		for (size_t steps = 0; older != NULL && older != d && steps < l->n; steps++)
			older = superseded_by(l, older);
		if (older != d)
			continue;
		snprintf(place, sizeof(place), "%.250s:1", d->file);
		findings_add(findings, false, 1, place, "[indicator] supersedes %s, which comes back to %s@%lld: one of them supersedes "
		    "nothing", d->supersedes, d->id, (long long)d->version);
	}
}

enum err_code
library_read(const char *dir, struct findings *findings, struct library *out, struct err *err)
{
	struct library l = { 0 };
	char **names = NULL;
	size_t n = 0;
	enum err_code rc = list_names(dir, &names, &n, err), bad = ERR_OK;
	struct err why = { 0 };
	size_t before = findings->errors;

	if (rc == ERR_OK) {
		l.list = calloc(n + 1, sizeof(struct definition *));
		if (l.list == NULL)
			rc = err_nomem(err);
	}
	for (size_t i = 0; i < n && rc == ERR_OK; i++) {
		struct err one = { 0 };
		enum err_code got = definition_read(names[i], findings, &l.list[l.n], &one);

		if (got == ERR_OK) {
			l.n++;
		} else if (got == ERR_NOMEM) {
			rc = err_nomem(err);
		} else if (bad == ERR_OK) {
			bad = got;
			why = one;
		}
	}
	if (rc == ERR_OK) {
		check_together(&l, findings);
		check_successors(&l, findings);
	}
	if (rc == ERR_OK && bad != ERR_OK)
		rc = err_set(err, bad, "%s", why.msg);
	else if (rc == ERR_OK && findings->errors > before)
		rc = err_set(err, ERR_INPUT, "%s: %s", findings->list[findings->n - 1].place, findings->list[findings->n - 1].text);
	for (size_t i = 0; i < n && names != NULL; i++)
		free(names[i]);
	free(names);
	if (rc != ERR_OK)
		library_clear(&l);
	*out = l;
	return rc;
}

void
library_clear(struct library *l)
{
	for (size_t i = 0; i < l->n; i++)
		definition_free(l->list[i]);
	free(l->list);
	l->list = NULL;
	l->n = 0;
}

const struct definition *
library_find(const struct library *l, const char *id, int64_t version)
{
	const struct definition *best = NULL;

	for (size_t i = 0; i < l->n; i++) {
		const struct definition *d = l->list[i];

		if (strcmp(d->id, id) != 0 || (version != 0 && d->version != version))
			continue;
		if (best == NULL || d->version > best->version)
			best = d;
	}
	return best;
}
