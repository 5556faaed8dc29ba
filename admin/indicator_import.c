/* candour indicator import ascof: what others reached, from the files of the Adult Social Care Outcomes Framework (or of another
 * Candour), as lines for a definition. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "admin/indicator_cmd.h"
#include "base/codec.h"
#include "base/file.h"
#include "base/num.h"
#include "forms/near.h"
#include "indicators/methods.h"

enum { FILE_BYTES = 256 << 20, ARENA_BYTES = 1 << 30, AREAS_MAX = 40, PLACES = 6 };

enum column { DESCRIPTION, CODE, GROUP, TYPE, VALUE, NEEDED, LEVEL = NEEDED, START, END, COLUMNS };
static const char *const names[COLUMNS] = { "Geographical description", "ASCOF measure code", "Disaggregation level",
	"Measure type", "Measure value", "Geographical level", "Period start", "Period end" };

struct import {
	const char *csv, *definition, *period, *level, *group;
	const char *areas[AREAS_MAX];
	size_t n_areas;
	struct table table;
	int at[COLUMNS];		/* -1: not there */
	const struct definition *d;
};

static int
usage(FILE *to)
{
	fprintf(to, "usage: candour indicator import ascof FILE.csv ID.ind --area NAME ... [options]\n\n"
	    "Looks up what NAME (a country, region, council) reached in the measure that ID.ind names by alias.ascof, and\n"
	    "prints it as lines comparator = .. for its [estimate], with where it comes from. Nothing is written: a new\n"
	    "comparator is a new version, which people agree on. FILE is the framework's long CSV, or that of another Candour.\n"
	    "  --area NAME         may be given %d times\n"
	    "  --period FROM..TO   the months of FILE's figures, as 2023-04..2024-03, if it has no columns for them\n"
	    "  --group NAME        column Disaggregation level [Total]\n"
	    "  --level NAME        column Geographical level, if an area's name stands at several\n", AREAS_MAX);
	return to == stdout ? 0 : 2;
}

static const char *
cell(const struct import *m, size_t row, enum column c)
{
	return m->at[c] < 0 ? "" : m->table.cells[row * m->table.n_columns + (size_t)m->at[c]];
}

static enum err_code
find_columns(struct import *m, struct err *err)
{
	for (int c = 0; c < COLUMNS; c++) {
		m->at[c] = -1;
		for (size_t i = 0; i < m->table.n_columns; i++)
			if (strcasecmp(m->table.columns[i], names[c]) == 0)
				m->at[c] = (int)i;
		if (m->at[c] < 0 && c < NEEDED)
			return err_set(err, ERR_INPUT, "%s:1: no column \"%s\": this is not the long CSV of the framework (one line a measure)",
			    m->csv, names[c]);
	}
	if ((m->at[START] < 0 || m->at[END] < 0) && m->period == NULL)
		return err_set(err, ERR_INPUT, "%s has no columns \"%s\" and \"%s\": say which months it is of, as --period 2023-04..2024-03",
		    m->csv, names[START], names[END]);
	return ERR_OK;
}

/* "2023-04..2024-03" */
static bool
is_period(const char *s)
{
	int64_t y, month, y2, month2;

	return strlen(s) == 16 && s[4] == '-' && strncmp(s + 7, "..", 2) == 0 && s[13] == '-' && num_i64(s, 4, 1900, 2999, &y)
	    && num_i64(s + 5, 2, 1, 12, &month) && num_i64(s + 9, 4, 1900, 2999, &y2) && num_i64(s + 14, 2, 1, 12, &month2)
	    && y * 12 + month <= y2 * 12 + month2;
}

/* The months of ROW. False: it has none. */
static bool
period_of(const struct import *m, size_t row, char out[20])
{
	if (m->period != NULL)
		snprintf(out, 20, "%s", m->period);
	else
		snprintf(out, 20, "%.7s..%.7s", cell(m, row, START), cell(m, row, END));
	return is_period(out);
}

/* Was CODE the definition's in the first month of PERIOD? Codes are reused, so each alias has its date. */
static bool
is_ours(const struct import *m, const char *code, const char *period)
{
	const char *best = NULL, *since = "";

	for (size_t i = 0; i < m->d->n_aliases; i++) {
		const char *text = m->d->aliases[i].text, *from = strstr(text, " from ");

		if (strcmp(m->d->aliases[i].label, "ascof") != 0 || from == NULL || strncmp(from + 6, period, 7) > 0
		    || strcmp(from + 6, since) < 0)
			continue;
		best = text;
		since = from + 6;
	}
	return best != NULL && strlen(code) == (size_t)(strchr(best, ' ') - best) && strncmp(best, code, strlen(code)) == 0;
}

static bool
is_wanted(const struct import *m, size_t row, const char *area)
{
	return strcasecmp(cell(m, row, DESCRIPTION), area) == 0 && strcasecmp(cell(m, row, TYPE), "Outcome") == 0
	    && strcasecmp(cell(m, row, GROUP), m->group) == 0 && (m->level == NULL || strcasecmp(cell(m, row, LEVEL), m->level) == 0);
}

/* Why nothing was found of AREA. */
static enum err_code
not_found(const struct import *m, const char *area, struct err *err)
{
	struct near near;
	bool there = false;

	near_init(&near, area);
	for (size_t r = 0; r < m->table.n_rows; r++) {
		there = there || strcasecmp(cell(m, r, DESCRIPTION), area) == 0;
		near_try(&near, cell(m, r, DESCRIPTION));
	}
	if (!there)
		return err_set(err, ERR_ABSENT, "%s has no area %.80s%s%.80s%s", m->csv, area, near.best != NULL ? "; did you mean " : "",
		    near.best != NULL ? near.best : "", near.best != NULL ? "?" : "");
	return err_set(err, ERR_ABSENT, "%s has no outcome of %.80s for what %s calls alias.ascof in that year (%s \"%.40s\"%s%.40s): is the code "
	    "of the alias that of the year, and the group right?", m->csv, area, m->definition, names[GROUP], m->group,
	    m->level != NULL ? ", level " : "", m->level != NULL ? m->level : "");
}

/* The lines of AREA, one a period. */
static enum err_code
put_area(const struct import *m, const char *area, struct buf *out, struct err *err)
{
	bool share = m->d->kind == KIND_PROPORTION || m->d->kind == KIND_OPTIONS || m->d->kind == KIND_THEME;
	size_t found = 0;

	for (size_t r = 0; r < m->table.n_rows; r++) {
		char period[20], other[20];
		struct buf number;
		double v;

		if (!is_wanted(m, r, area))
			continue;
		if (!period_of(m, r, period))
			return err_set(err, ERR_INPUT, "%s:%d: no months in \"%s\" and \"%s\": days as 2023-04-01 and 2024-03-31", m->csv,
			    m->table.lines[r], names[START], names[END]);
		if (!is_ours(m, cell(m, r, CODE), period))
			continue;
		for (size_t k = 0; k < r; k++)
			if (is_wanted(m, k, area) && is_ours(m, cell(m, k, CODE), period) && period_of(m, k, other)
			    && strcmp(period, other) == 0)
				return err_set(err, ERR_INPUT, "%s:%d: %.80s stands on line %d too, for the same months: say which with --level", m->csv,
				    m->table.lines[r], area, m->table.lines[k]);
		found++;
		if (!num_double(cell(m, r, VALUE), strlen(cell(m, r, VALUE)), &v) || !isfinite(v)) {
			buf_printf(out, "# %s, %s: no figure is given (\"%.20s\"), line %d\n", area, period, cell(m, r, VALUE), m->table.lines[r]);
			continue;
		}
		if (share && (v < 0 || v > 100))
			return err_set(err, ERR_INPUT, "%s:%d: %g is no percentage, and %s counts a share", m->csv, m->table.lines[r], v, m->definition);
		buf_init(&number, 64);
		num_put(&number, stat_round(share ? v / 100 : v, PLACES, ROUND_HALF_AWAY));
		buf_printf(out, "comparator = %s from %s %s\n", buf_str(&number), period, cell(m, r, DESCRIPTION));
		buf_free(&number);
	}
	return found > 0 ? ERR_OK : not_found(m, area, err);
}

static enum err_code
import(struct import *m, struct err *err)
{
	struct definition *d = NULL;
	struct findings findings;
	struct arena arena;
	struct buf text, out;
	char hex[65];
	bool named = false;
	enum err_code rc;

	findings_init(&findings);
	arena_init(&arena, ARENA_BYTES);
	buf_init(&text, FILE_BYTES);
	buf_init(&out, FILE_BYTES);
	rc = definition_read(m->definition, &findings, &d, err);
	if (rc != ERR_OK)
		print_findings(&findings);
	for (size_t i = 0; rc == ERR_OK && i < d->n_aliases; i++)
		named = named || strcmp(d->aliases[i].label, "ascof") == 0;
	if (rc == ERR_OK && !named)
		rc = err_set(err, ERR_INPUT, "%s has no alias.ascof: add alias.ascof = 1D from 2023-04 with the code that the framework has for it",
		    m->definition);
	if (rc == ERR_OK)
		rc = file_read(m->csv, &text, err);
	if (rc == ERR_OK)
		rc = table_parse(&arena, "ascof", m->csv, buf_str(&text), text.len, &m->table, err);
	m->d = d;
	if (rc == ERR_OK)
		rc = find_columns(m, err);
	if (rc == ERR_OK) {
		hex_str(m->table.hash, 32, hex);
		buf_printf(&out, "# %s, %s: from %s, SHA-256 %s\n", d->id, m->group, m->csv, hex);
	}
	for (size_t i = 0; rc == ERR_OK && i < m->n_areas; i++)
		rc = put_area(m, m->areas[i], &out, err);
	if (rc == ERR_OK)
		rc = buf_check(&out, err);
	if (rc == ERR_OK)
		printf("%s", buf_str(&out));
	definition_free(d);
	findings_clear(&findings);
	arena_clear(&arena);
	buf_free(&text);
	buf_free(&out);
	return rc;
}

int
indicator_import(int argc, char **argv)
{
	struct import m = { .group = "Total" };
	const char *words[3] = {0};
	struct err err = {0};
	size_t n = 0;

	for (int i = 1; i < argc; i++) {
		const char **where = strcmp(argv[i], "--period") == 0 ? &m.period : strcmp(argv[i], "--group") == 0 ? &m.group
		    : strcmp(argv[i], "--level") == 0 ? &m.level : NULL;

		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0)
			return usage(stdout);
		if (where != NULL && i + 1 < argc)
			*where = argv[++i];
		else if (strcmp(argv[i], "--area") == 0 && i + 1 < argc && m.n_areas < AREAS_MAX)
			m.areas[m.n_areas++] = argv[++i];
		else if (argv[i][0] != '-' && n < 3)
			words[n++] = argv[i];
		else
			return usage(stderr);
	}
	if (n != 3 || strcmp(words[0], "ascof") != 0 || m.n_areas == 0)
		return usage(stderr);
	m.csv = words[1];
	m.definition = words[2];
	if (m.period != NULL && !is_period(m.period)) {
		fprintf(stderr, "candour indicator import: --period %.40s: write it as 2023-04..2024-03\n", m.period);
		return 2;
	}
	if (import(&m, &err) != ERR_OK) {
		fprintf(stderr, "candour indicator import: %s\n", err.msg);
		return 1;
	}
	return 0;
}
