/* candour indicator evaluate and health: what definitions say of a table of responses, without any daemon. The responses go
 * the way of opened records: instances, evaluation, facts in a database in memory, cells, points. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "admin/indicator_cmd.h"
#include "base/codec.h"
#include "base/file.h"
#include "base/num.h"
#include "indicators/evaluate.h"
#include "indicators/evaluate_lint.h"
#include "indicators/points.h"
#include "indicators/prepare.h"
#include "indicators/responses.h"
#include "indicators/spc.h"

enum { CSV_MAX = 1 << 30, PUBLICATION_MAX = 64 << 20, MONTHS_MAX = 2400 };

struct run {
	const char *forms_dir, *by, *definitions, *csv;
	bool published;		/* as a publication would show it */
	struct library library;
	struct form_folder forms;
	struct responses *responses;
	struct buf text;
	struct facts *facts;
	int64_t *def;		/* the facts' number of each definition */
	int64_t *unmapped;	/* of each definition */
	int last_month;
	struct findings findings;
};

static int
usage(FILE *to)
{
	fprintf(to, "usage: candour indicator evaluate [--forms DIR] [--by NAME] [--published] FILE|DIR RESPONSES.csv\n"
	    "       candour indicator health [--forms DIR] FILE|DIR RESPONSES.csv\n\n"
	    "RESPONSES.csv: UTF-8, a header line, one response a row. Columns are the names of the form's questions, and of\n"
	    "the visit's values: _day (needed, as 2026-04-01), _site, _role (individual key_person community staff group),\n"
	    "_answered_by (self self_helped proxy group), _mode, _variant, _language, _helped_by, _quote_ok;\n"
	    "_id, if there is one, must be different in each row.\n\n"
	    "evaluate prints every point: unrounded and unsuppressed, for the eyes of the analyst only.\n"
	    "  --by NAME     only points by that breakdown (site, role, site*role ..); --by organisation: only the whole\n"
	    "  --published   what a publication would show: rounded, with small numbers hidden\n"
	    "  --forms DIR   questionnaires (.csv .xlsx .xml); else those that ship beside the definitions\n"
	    "health says how well an indicator works: missing answers, ceiling, width of intervals, signals.\n");
	return to == stdout ? 0 : 2;
}

static bool
options(struct run *r, int argc, char **argv)
{
	int at = 1;

	for (; at < argc && argv[at][0] == '-'; at++) {
		if (strcmp(argv[at], "--forms") == 0 && at + 1 < argc)
			r->forms_dir = argv[++at];
		else if (strcmp(argv[at], "--by") == 0 && at + 1 < argc)
			r->by = argv[++at];
		else if (strcmp(argv[at], "--published") == 0)
			r->published = true;
		else
			return false;
	}
	if (argc - at != 2)
		return false;
	r->definitions = argv[at];
	r->csv = argv[at + 1];
	return true;
}

static enum err_code
read_definitions(struct run *r, struct err *err)
{
	struct definition *d;
	struct stat st;
	enum err_code rc;
	size_t len = strlen(r->definitions);

	if (stat(r->definitions, &st) == 0 && !S_ISDIR(st.st_mode) && (len < 4 || strcmp(r->definitions + len - 4, ".ind") != 0))
		return err_set(err, ERR_INPUT, "%s is no definition: give an ID.ind, or a folder of them, and then the CSV", r->definitions);
	if (len < 4 || strcmp(r->definitions + len - 4, ".ind") != 0) {
		rc = library_read(r->definitions, &r->findings, &r->library, err);
		return rc == ERR_OK && r->library.n == 0 ? err_set(err, ERR_ABSENT, "%s: no definition (ID.ind) is in that folder",
		    r->definitions) : rc;
	}
	rc = definition_read(r->definitions, &r->findings, &d, err);
	if (rc != ERR_OK)
		return rc;
	r->library.list = calloc(1, sizeof(struct definition *));
	if (r->library.list == NULL) {
		definition_free(d);
		return err_nomem(err);
	}
	r->library.list[0] = d;
	r->library.n = 1;
	return ERR_OK;
}

/* The form whose questions the header names: of those that definitions have a block for, the one with fewest unknown
 * columns; what it does not know is then said. */
static enum err_code
read_responses(struct run *r, const struct form **form, struct err *err)
{
	size_t best_errors = SIZE_MAX, best = 0;
	enum err_code rc = file_read(r->csv, &r->text, err);

	for (size_t i = 0; i < r->forms.n && rc == ERR_OK; i++) {
		struct findings trial;
		struct responses *got = NULL;
		struct err why = { 0 };
		bool wanted = false;

		for (size_t k = 0; k < r->library.n; k++)
			for (size_t b = 0; b < r->library.list[k]->n_blocks; b++)
				wanted = wanted || strcmp(r->library.list[k]->blocks[b].form, form_id(r->forms.list[i])) == 0;
		if (!wanted)
			continue;
		findings_init(&trial);
		rc = responses_read(r->forms.list[i], r->csv, buf_str(&r->text), r->text.len, &trial, &got, &why);
		if (trial.errors < best_errors || (rc == ERR_OK && best_errors > 0)) {
			best_errors = trial.errors;
			best = i;
		}
		responses_free(got);
		findings_clear(&trial);
		if (rc == ERR_INPUT)
			rc = ERR_OK;
		else if (rc != ERR_OK)
			*err = why;
	}
	if (rc == ERR_OK && best_errors == SIZE_MAX)
		rc = err_set(err, ERR_ABSENT, "none of the forms is one that %s has a block for", r->definitions);
	if (rc != ERR_OK)
		return rc;
	*form = r->forms.list[best];
	return responses_read(*form, r->csv, buf_str(&r->text), r->text.len, &r->findings, &r->responses, err);
}

/* --- what the table lacks ---------------------------------------------------------------------------------------------- */

enum { LACKING_MAX = 64, LACKING_TEXT = 200 };

/* Questions that definitions read and the table has no column for: they read as not answered, which nobody should have to
 * find out from the figures. */
struct lacking {
	const struct run *r;
	const struct definition *d;
	struct {
		char name[64], readers[LACKING_TEXT];
		const struct definition *last;
	} list[LACKING_MAX];
	size_t n;
};

static void
lacks(void *arg, const char *name, size_t len)
{
	struct lacking *l = arg;
	char text[64];
	size_t i = 0, used;

	snprintf(text, sizeof(text), "%.*s", (int)len, name);
	if (responses_has(l->r->responses, text) || strcmp(text, "_form") == 0 || strcmp(text, "_site") == 0)
		return;
	while (i < l->n && strcmp(l->list[i].name, text) != 0)
		i++;
	if (i == LACKING_MAX)
		return;
	if (i == l->n)
		memcpy(l->list[l->n++].name, text, sizeof(text));
	if (l->list[i].last == l->d)
		return;
	l->list[i].last = l->d;
	used = strlen(l->list[i].readers);
	snprintf(l->list[i].readers + used, LACKING_TEXT - used, "%s%s", used > 0 ? ", " : "", l->d->id);
}

static enum err_code
say_lacking(struct run *r, const struct form *form, struct err *err)
{
	struct lacking *l = calloc(1, sizeof(*l));
	char place[300];

	if (l == NULL)
		return err_nomem(err);
	l->r = r;
	snprintf(place, sizeof(place), "%.250s:1", r->csv);
	for (size_t k = 0; k < r->library.n; k++)
		for (size_t b = 0; b < r->library.list[k]->n_blocks; b++) {
			l->d = r->library.list[k];
			if (strcmp(l->d->blocks[b].form, form_id(form)) == 0)
				evaluate_names(l->d, &l->d->blocks[b], lacks, l);
		}
	for (size_t i = 0; i < l->n; i++)
		findings_add(&r->findings, true, 1, place, "no column %s: for %s nobody answered it", l->list[i].name,
		    l->list[i].readers);
	if (responses_count(r->responses) == 0)
		findings_add(&r->findings, true, 1, place, "no responses: nothing follows the header line");
	free(l);
	return ERR_OK;
}

/* --by of something that no definition breaks down by would print nothing at all. */
static enum err_code
check_by(const struct run *r, struct err *err)
{
	char known[400] = "organisation, site";
	size_t n_known = 0;
	const char *names[32];

	if (r->by == NULL || strcmp(r->by, "organisation") == 0 || strcmp(r->by, "site") == 0)
		return ERR_OK;
	for (size_t k = 0; k < r->library.n; k++)
		for (size_t i = 0; i < r->library.list[k]->n_by + r->library.list[k]->n_crosses; i++) {
			const struct definition *d = r->library.list[k];
			const char *name = i < d->n_by ? d->by[i].label : d->crosses[i - d->n_by].text;
			size_t at = 0, used = strlen(known);

			if (strcmp(name, r->by) == 0)
				return ERR_OK;
			while (at < n_known && strcmp(names[at], name) != 0)
				at++;
			if (at < n_known || n_known == ARRAY_LEN(names))
				continue;
			names[n_known++] = name;
			snprintf(known + used, sizeof(known) - used, ", %s", name);
		}
	return err_set(err, ERR_INPUT, "--by %.60s: no definition is broken down by that: it is one of %s", r->by, known);
}

/* --- facts ----------------------------------------------------------------------------------------------------------- */

static enum err_code
put(struct run *r, size_t k, const struct response_row *row, const struct evaluation *ev, const uint8_t id[16],
    struct err *err)
{
	int64_t bucket;
	enum err_code rc = facts_bucket(r->facts, r->def[k], ev->bucket, &bucket, err);

	for (size_t i = 0; i < ev->n && rc == ERR_OK; i++) {
		struct facts_entry e = { .cell = { .site = row->site, .def = r->def[k], .period = ev->month, .stratum = ev->stratum,
			.bucket = bucket, .item = ev->entries[i].item }, .rev = 1, .sign = 1, .num = { true, ev->entries[i].num },
			.value = { true, ev->entries[i].value }, .people = ev->people, .data_rev = 1 };

		memcpy(e.record, id, 16);
		rc = facts_put(r->facts, &e, err);
	}
	if (ev->n > 0 && ev->month > r->last_month)
		r->last_month = ev->month;
	return rc;
}

static enum err_code
take(struct run *r, size_t i, struct evaluator **evaluators, const struct form *form, struct err *err)
{
	struct response_row row;
	uint8_t id[16] = { 0 };
	struct facts_record record = { .form = form_id(form), .day_quality = "sealed", .state = "facts" };
	bool is_new;
	enum err_code rc = responses_row(r->responses, i, &row, err);

	if (rc != ERR_OK)
		return rc;
	put_be64(id, i + 1);
	memcpy(record.record, id, 16);
	record.site = row.site;
	record.day = row.day;
	rc = facts_put_record(r->facts, &record, &is_new, err);
	for (size_t k = 0; k < r->library.n && rc == ERR_OK; k++) {
		struct response about = { .site = row.site, .day = row.day };
		struct evaluation ev;

		if (evaluators[k] == NULL)
			continue;
		rc = evaluator_run(evaluators[k], row.instance, &about, &ev, err);
		if (rc != ERR_OK) {
			err_in(err, "%s:%d: %s", r->csv, row.line, r->library.list[k]->id);
			break;
		}
		r->unmapped[k] += ev.outcome == OUTCOME_UNMAPPED;
		rc = put(r, k, &row, &ev, id, err);
	}
	instance_free(row.instance);
	return rc;
}

static enum err_code
make_facts(struct run *r, const struct form *form, struct err *err)
{
	struct evaluator **evaluators = calloc(r->library.n + 1, sizeof(struct evaluator *));
	size_t cells;
	enum err_code rc = evaluators == NULL ? err_nomem(err) : facts_open(":memory:", &r->facts, err);

	if (rc == ERR_OK)
		rc = facts_begin(r->facts, err);
	for (size_t k = 0; k < r->library.n && rc == ERR_OK; k++) {
		const struct definition *d = r->library.list[k];
		bool is_new;

		rc = evaluator_new(d, form, &r->findings, &evaluators[k], err);
		if (rc == ERR_ABSENT)
			rc = ERR_OK;
		if (rc == ERR_OK)
			rc = facts_definition(r->facts, d->id, d->version, d->hash, d->state != STATE_DRAFT,
			    buf_str(&d->canonical), &r->def[k], &is_new, err);
	}
	for (size_t i = 0; i < responses_count(r->responses) && rc == ERR_OK; i++)
		rc = take(r, i, evaluators, form, err);
	if (rc == ERR_OK)
		rc = facts_update_cells(r->facts, &cells, err);
	if (rc == ERR_OK)
		rc = facts_commit(r->facts, err);
	for (size_t k = 0; k < r->library.n && evaluators != NULL; k++)
		evaluator_free(evaluators[k]);
	free(evaluators);
	return rc;
}

static enum err_code
prepare(struct run *r, struct err *err)
{
	const struct form *form = NULL;
	enum err_code rc = read_definitions(r, err);

	if (rc == ERR_OK)
		rc = check_by(r, err);
	if (rc == ERR_OK)
		rc = form_folder_read(r->forms_dir, r->definitions, &r->forms, err);
	if (rc == ERR_OK)
		rc = read_responses(r, &form, err);
	if (rc == ERR_OK)
		rc = say_lacking(r, form, err);
	r->def = calloc(r->library.n + 1, sizeof(*r->def));
	r->unmapped = calloc(r->library.n + 1, sizeof(*r->unmapped));
	if (rc == ERR_OK && (r->def == NULL || r->unmapped == NULL))
		rc = err_nomem(err);
	return rc == ERR_OK ? make_facts(r, form, err) : rc;
}

/* --- evaluate ---------------------------------------------------------------------------------------------------------- */

static void
print_number(double v)
{
	struct buf text;

	buf_init(&text, 64);
	if (!isnan(v))
		num_put(&text, v);
	printf("\t%s", buf_str(&text));
	buf_free(&text);
}

static bool
is_asked_for(const struct run *r, const struct point *p)
{
	if (r->by == NULL)
		return true;
	if (strcmp(r->by, "organisation") == 0)
		return p->site[0] == '\0' && p->breakdown[0] == '\0';
	if (strcmp(r->by, "site") == 0)
		return p->site[0] != '\0' && p->breakdown[0] == '\0';
	if (strncmp(r->by, "site*", 5) == 0)
		return p->site[0] != '\0' && strcmp(p->breakdown, r->by + 5) == 0;
	return p->site[0] == '\0' && strcmp(p->breakdown, r->by) == 0;
}

static void
print_point(const struct definition *d, const struct point *p)
{
	char name[DEFINITION_NAME_MAX], period[32];

	definition_name(d, name);
	period_text(p->period, p->first_month, period);
	printf("%s\t%s\t%s\t%s\t%s\t%s\t%s\t%lld\t%lld", name, period, p->site[0] != '\0' ? p->site : "(all)", p->breakdown,
	    p->category, p->variant, p->item, (long long)p->sum.n, (long long)p->excluded);
	print_number(p->sum.num);
	print_number(p->e.value);
	print_number(p->e.lower95);
	print_number(p->e.upper95);
	print_number(p->target);
	printf("\t%s\n", stat_verdict_word(p->verdict));
}

static enum err_code
print_points(struct run *r, struct err *err)
{
	enum err_code rc = ERR_OK;

	printf("indicator\tperiod\tsite\tbreakdown\tcategory\tvariant\tanswer\tn\texcluded\tnumerator\tvalue\tlower95\tupper95\t"
	    "target\tverdict\n");
	for (size_t k = 0; k < r->library.n && rc == ERR_OK; k++) {
		struct points points;

		rc = points_of(r->facts, r->library.list[k], r->def[k], &points, err);
		for (size_t i = 0; i < points.n && rc == ERR_OK; i++)
			if (is_asked_for(r, &points.list[i]))
				print_point(r->library.list[k], &points.list[i]);
		if (rc == ERR_OK)
			points_clear(&points);
		if (r->unmapped[k] > 0)
			fprintf(stderr, "candour indicator evaluate: %lld responses are covered by no block of %s\n",
			    (long long)r->unmapped[k], r->library.list[k]->id);
	}
	return rc;
}

static enum err_code
print_published(struct run *r, struct err *err)
{
	struct prepare how = { .organisation = "(all)", .now = (month_first_day(r->last_month + 1) - 1) * 86400,
	    .until = r->last_month, .drafts = true };
	struct prepare_report report;
	struct publication p = { 0 };
	struct buf out;
	enum err_code rc;

	buf_init(&out, PUBLICATION_MAX);
	rc = prepare_publication(r->facts, &r->library, NULL, &how, &out, &report, err);
	if (rc == ERR_OK)
		rc = pub_read(out.data, out.len, &p, err);
	if (rc == ERR_OK)
		printf("id\tnumerator\tdenominator\tvalue\tlower95\tupper95\tverdict\tvariation\tassurance\tflag\n");
	for (size_t i = 0; i < p.n_rows && rc == ERR_OK; i++) {
		const struct pub_row *row = &p.rows[i];
		const struct pub_num *n[] = { &row->numerator, &row->denominator, &row->value, &row->lower95, &row->upper95 };

		printf("%s", row->id);
		for (size_t k = 0; k < ARRAY_LEN(n); k++)
			print_number(n[k]->shown ? n[k]->v : NAN);
		printf("\t%s\t%s\t%s\t%s\n", row->verdict, row->variation, row->assurance, row->flag);
	}
	if (rc == ERR_OK) {
		buf_reset(&out);
		prepare_report_text(&report, &out);
		fprintf(stderr, "candour indicator evaluate: %s\n", buf_str(&out));
	}
	pub_clear(&p);
	buf_free(&out);
	return rc;
}

/* --- health -------------------------------------------------------------------------------------------------------------- */

/* The organisation's series of D, chart and all, into words. */
static enum err_code
print_signals(const struct definition *d, const struct points *points, struct err *err)
{
	double *y = calloc(points->n + 1, sizeof(*y));
	struct spc_options o = { .fix_after = d->fix_after, .screen = d->screen, .improvement = d->direction, .target = NAN,
		.shift = d->shift, .trend = d->trend, .no_two_of_three = !d->two_of_three };
	struct spc_chart chart = { 0 };
	size_t n = 0, signals = 0;
	enum err_code rc = y == NULL ? err_nomem(err) : ERR_OK;

	for (size_t i = 0; i < points->n && rc == ERR_OK; i++) {
		const struct point *p = &points->list[i];

		if (p->site[0] == '\0' && p->breakdown[0] == '\0' && p->variant[0] == '\0' && p->item[0] == '\0'
		    && !isnan(p->e.value))
			y[n++] = p->e.value;
	}
	if (rc == ERR_OK)
		rc = spc_xmr(y, n, &o, &chart, err);
	for (size_t i = 0; i < chart.n; i++)
		signals += chart.points[i].rule != SPC_COMMON;
	if (rc == ERR_OK)
		printf("  periods %zu, of them with a signal %zu%s\n", n, signals,
		    n >= 13 && signals == 0 ? " (never signalled: is it able to?)" : n < 13 ? " (under 13: too few to judge)" : "");
	spc_clear(&chart);
	free(y);
	return rc;
}

static void
print_use(const struct definition *d, const struct points *points)
{
	double counted = 0, excluded = 0, num = 0, width = 0;
	size_t intervals = 0, wide = 0;

	for (size_t i = 0; i < points->n; i++) {
		const struct point *p = &points->list[i];

		if (p->breakdown[0] != '\0' || p->item[0] != '\0')
			continue;
		if (p->site[0] == '\0') {
			counted += (double)p->sum.n;
			excluded += (double)p->excluded;
			num += p->sum.num;
			continue;
		}
		if (isnan(p->e.lower95) || isnan(p->e.upper95))
			continue;
		width += p->e.upper95 - p->e.lower95;
		wide += p->e.upper95 - p->e.lower95 > 0.2;
		intervals++;
	}
	printf("  counted %.0f, excluded %.0f (%.1f %% of those asked)\n", counted, excluded,
	    counted + excluded > 0 ? 100 * excluded / (counted + excluded) : 0);
	if (d->value_percent && counted > 0)
		printf("  share overall %.1f %%%s\n", 100 * num / counted, num / counted > 0.95 ? " (ceiling: hardly any room to improve)"
		    : num / counted < 0.05 ? " (floor: hardly anyone)" : "");
	if (intervals > 0)
		printf("  intervals of sites: mean width %.3f%s%zu of %zu%s\n", width / (double)intervals, d->value_percent ? ", " : " (",
		    d->value_percent ? wide : intervals, intervals, d->value_percent ? " wider than 20 points" : " site periods)");
}

static enum err_code
print_health(struct run *r, struct err *err)
{
	enum err_code rc = ERR_OK;

	for (size_t k = 0; k < r->library.n && rc == ERR_OK; k++) {
		const struct definition *d = r->library.list[k];
		struct points points;
		char name[DEFINITION_NAME_MAX];

		rc = points_of(r->facts, d, r->def[k], &points, err);
		if (rc != ERR_OK)
			break;
		definition_name(d, name);
		printf("%s: %s\n", name, d->title);
		if (points.n == 0)
			printf("  nothing: no response is in its population\n");
		else
			print_use(d, &points);
		if (r->unmapped[k] > 0)
			printf("  unmapped %lld: no block covers their variant\n", (long long)r->unmapped[k]);
		if (points.n > 0)
			rc = print_signals(d, &points, err);
		points_clear(&points);
	}
	return rc;
}

/* --- the commands ----------------------------------------------------------------------------------------------------------- */

static int
run(int argc, char **argv, enum err_code (*print)(struct run *, struct err *))
{
	struct run r = { 0 };
	struct err err = { 0 };
	enum err_code rc;

	if (!options(&r, argc, argv))
		return usage(argc == 2 && strcmp(argv[1], "-h") == 0 ? stdout : stderr);
	findings_init(&r.findings);
	buf_init_secret(&r.text, CSV_MAX);
	rc = prepare(&r, &err);
	print_findings(&r.findings);
	if (rc == ERR_OK)
		rc = r.published ? print_published(&r, &err) : print(&r, &err);
	if (rc != ERR_OK && r.findings.errors == 0)
		fprintf(stderr, "candour indicator: %s\n", err.msg);
	facts_close(r.facts);
	responses_free(r.responses);
	buf_free(&r.text);
	form_folder_clear(&r.forms);
	library_clear(&r.library);
	findings_clear(&r.findings);
	free(r.def);
	free(r.unmapped);
	return rc == ERR_OK ? 0 : 1;
}

int
indicator_evaluate(int argc, char **argv)
{
	return run(argc, argv, print_points);
}

int
indicator_health(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "-c") == 0)
		return facts_health(argv[2]);
	return run(argc, argv, print_health);
}
