/* Disclosure control of a large publication: 1,000 sites x 6 roles x 12 months with year, site, role and month totals, bases
 * and numerators. Cross tables are dropped first if there is too much to check; site rows must be kept.
 * bench_disclosure [SITES]. Exit 1 if sites had to go, or it takes more than a minute of CPU. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "indicators/disclosure.h"

enum { ROLES = 6, MONTHS = 12, CPU_LIMIT_S = 60 };

static struct err err;
static int sites = 1000;
static int64_t *in, *out;	/* of each cell: in the numerator, and not */
static uint32_t *terms;

static void
good(enum err_code rc)
{
	if (rc == ERR_OK)
		return;
	fprintf(stderr, "bench_disclosure: %s\n", err.msg);
	exit(1);
}

static size_t
cell(int s, int r, int m)
{
	return ((size_t)s * ROLES + (size_t)r) * MONTHS + (size_t)m;
}

/* The base and the numerator of a row; -1 is all. */
static void
add(struct disclosure *d, int site, int role, int month)
{
	struct figure base = { .kind = FIGURE_BASE, .base = FIGURE_NONE, .pair = FIGURE_NONE, .whole = FIGURE_NONE,
		.supported = -1, .atoms = terms }, count;
	int level = (site < 0 ? 4 : 0) + (role < 0 ? 2 : 0) + (month < 0 ? 1 : 0), b, c;
	size_t n = 0;

	base.level = level == 7 ? LEVEL_ORGANISATION : level;
	count = base;
	count.kind = FIGURE_COUNT;
	for (int s = site < 0 ? 0 : site; s <= (site < 0 ? sites - 1 : site); s++)
		for (int r = role < 0 ? 0 : role; r <= (role < 0 ? ROLES - 1 : role); r++)
			for (int m = month < 0 ? 0 : month; m <= (month < 0 ? MONTHS - 1 : month); m++) {
				terms[n++] = (uint32_t)(2 * cell(s, r, m));
				count.count += in[cell(s, r, m)];
				base.count += in[cell(s, r, m)] + out[cell(s, r, m)];
			}
	count.n_atoms = n;
	for (size_t i = 0; i < n; i++)
		terms[n + i] = terms[i] + 1;
	base.n_atoms = 2 * n;
	good(disclosure_add(d, &base, &b, &err));
	count.base = b;
	good(disclosure_add(d, &count, &c, &err));
}

static enum err_code
publish(bool cross, size_t *figures, size_t *hidden, size_t *site_rows)
{
	struct disclosure *d;
	size_t n = 0;
	enum err_code rc;

	good(disclosure_new(&policy_preset_organisation, &d, &err));
	for (size_t i = 0; i < (size_t)sites * ROLES * MONTHS * 2; i++)
		disclosure_atom(d);
	for (int s = -1; s < sites; s++)
		for (int r = -1; r < ROLES; r++)
			for (int m = -1; m < MONTHS; m++)
				if (cross || s < 0 || r < 0) {
					add(d, s, r, m);
					n += 2;
				}
	rc = disclosure_run(d, &err);
	*figures = n;
	*hidden = *site_rows = 0;
	for (size_t i = 0; i < n && rc == ERR_OK; i++)
		*hidden += disclosure_flag(d, (int)i) == 'c';
	/* the first rows are those of all sites; then 13 a site without cross tables */
	for (size_t i = 2 * (ROLES + 1) * (MONTHS + 1); i < n && rc == ERR_OK; i += 2)
		*site_rows += disclosure_flag(d, (int)i) == 0;
	disclosure_free(d);
	return rc;
}

int
main(int argc, char **argv)
{
	struct rusage u;
	size_t cells, figures, hidden, site_rows;
	bool cross = true;
	double cpu;

	if (argc > 1)
		sites = atoi(argv[1]);
	cells = (size_t)sites * ROLES * MONTHS;
	in = calloc(cells, sizeof(*in));
	out = calloc(cells, sizeof(*out));
	terms = calloc(4 * cells, sizeof(*terms));
	if (in == NULL || out == NULL || terms == NULL)
		return 1;
	srand(20261122);
	for (int s = 0; s < sites; s++) {
		int size = 2 + rand() % (rand() % 4 == 0 ? 40 : 12);	/* most homes are small */

		for (int r = 0; r < ROLES; r++)
			for (int m = 0; m < MONTHS; m++) {
				int64_t n = rand() % size;

				for (int64_t k = 0; k < n; k++)
					in[cell(s, r, m)] += rand() % 4 != 0;
				out[cell(s, r, m)] = n - in[cell(s, r, m)];
			}
	}
	if (publish(cross, &figures, &hidden, &site_rows) == ERR_LIMIT) {
		printf("with cross tables: %s\n", err.msg);
		cross = false;
		good(publish(cross, &figures, &hidden, &site_rows));
	}
	getrusage(RUSAGE_SELF, &u);
	cpu = (double)u.ru_utime.tv_sec + (double)u.ru_utime.tv_usec / 1e6;
	printf("%d sites x %d roles x %d months, %s cross tables: %zu figures, %zu hidden, %zu site rows shown; %.1f s CPU (limit "
	    "%d), %ld MB\n", sites, ROLES, MONTHS, cross ? "with" : "without", figures, hidden, site_rows, cpu, CPU_LIMIT_S,
	    u.ru_maxrss / 1024);
	free(in);
	free(out);
	free(terms);
	return site_rows > 0 && cpu <= CPU_LIMIT_S ? 0 : 1;
}
