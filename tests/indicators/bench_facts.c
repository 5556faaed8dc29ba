/* Indicator updates against full recomputes, in one run and on disk:
 *	a batch of 500 facts of one site into N facts: at least 50 times faster than recomputing everything,
 *	one spread over all sites: at least 10 times, and both equal to the recompute bit for bit;
 *	the full recompute: at least as fast as the same aggregation in plain SQL over the same facts.
 * bench_facts [N [SITES]]: 1,000,000 facts of 20 indicators over 100 sites and 24 months. Exit 1 if a goal is
 * missed. CPU time of this process (user and system); wall time beside it. */
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "indicators/facts_store.h"

enum { DEFS = 20, MONTHS = 24, BATCH = 500, RUNS = 5 };

static struct err err;
static int n_sites = 100;
static char folder[64], path[96];

static void
good(enum err_code rc)
{
	if (rc == ERR_OK)
		return;
	fprintf(stderr, "bench_facts: %s\n", err.msg);
	exit(1);
}

struct took {
	double cpu, wall;
};

static struct took
now(void)
{
	struct rusage u;
	struct timespec t;

	getrusage(RUSAGE_SELF, &u);
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (struct took){
		(double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6,
		(double)t.tv_sec + (double)t.tv_nsec / 1e9,
	};
}

static struct took
since(struct took a)
{
	struct took b = now();

	return (struct took){ b.cpu - a.cpu, b.wall - a.wall };
}

/* The I-th response: all its facts, one a definition. SITE -1: by I. */
static void
put_response(struct facts *f, int64_t i, int site, int64_t data_rev)
{
	char name[16];

	snprintf(name, sizeof(name), "site%03d", site >= 0 ? site : (int)(i % n_sites));
	for (int d = 0; d < DEFS; d++) {
		struct facts_entry e = {
			.cell = { name, d + 1, 24300 + (int)(i / n_sites % MONTHS), "", 1, "" },
			.rev = 1, .sign = 1, .num = { true, (i * 31 + d) % 3 != 0 }, .value = { true, (double)((i * 31 + d) % 100) },
			.people = 1, .data_rev = data_rev,
		};
		uint64_t mix = (uint64_t)i * 0x9e3779b97f4a7c15u;

		memcpy(e.record, &mix, 8);
		memcpy(e.record + 8, &i, 8);
		good(facts_put(f, &e, &err));
	}
}

static void
fill(struct facts *f, int64_t responses)
{
	size_t n;

	for (int d = 0; d < DEFS; d++) {
		uint8_t hash[32] = { (uint8_t)(d + 1) };
		int64_t def, bucket;
		bool is_new;

		good(facts_definition(f, "bench", d + 1, hash, true, "", &def, &is_new, &err));
		good(facts_bucket(f, def, "", &bucket, &err));
	}
	for (int64_t i = 0; i < responses;) {
		good(facts_begin(f, &err));
		for (int64_t end = i + 20000; i < end && i < responses; i++)
			put_response(f, i, -1, 1);
		good(facts_commit(f, &err));
	}
	good(facts_begin(f, &err));
	good(facts_update_cells(f, &n, &err));
	good(facts_commit(f, &err));
}

static enum err_code
count_cell(void *arg, const struct facts_cell *c, struct err *unused)
{
	(void)unused;
	*(int64_t *)arg += c->sum.n;
	return ERR_OK;
}

static struct took
recompute(struct facts *f)
{
	struct took start = now();
	int64_t n = 0;

	good(facts_recompute(f, count_cell, &n, &err));
	return since(start);
}

/* BATCH facts (of BATCH / DEFS responses) with commit. */
static struct took
batch(struct facts *f, int64_t from, int site, size_t *cells)
{
	struct took start = now();
	int64_t rev;

	good(facts_begin(f, &err));
	good(facts_next_rev(f, &rev, &err));
	for (int64_t i = from; i < from + BATCH / DEFS; i++)
		put_response(f, i, site, rev);
	good(facts_update_cells(f, cells, &err));
	good(facts_commit(f, &err));
	return since(start);
}

/* The same aggregation as a commissioner's analyst would write it. */
static struct took
plain_sql(bool with_slow)
{
	static const char sql[] = "SELECT site, def, period, stratum, bucket, item, count(*), sum(num), avg(value),"
	    " sum(value * value), sum(people), max(data_rev) FROM (SELECT * FROM fact AS f WHERE sign = 1 AND NOT EXISTS"
	    " (SELECT 1 FROM fact AS g WHERE g.site = f.site AND g.def = f.def AND g.period = f.period AND g.stratum ="
	    " f.stratum AND g.bucket = f.bucket AND g.item = f.item AND g.record = f.record AND g.rev = f.rev AND"
	    " g.sign = -1)) GROUP BY 1, 2, 3, 4, 5, 6";
	static const char simple[] = "SELECT site, def, period, stratum, bucket, item, sum(sign), sum(sign * num),"
	    " sum(sign * value), sum(sign * value * value), sum(sign * people), max(data_rev) FROM fact"
	    " GROUP BY site, def, period, stratum, bucket, item";
	struct took best = { 1e9, 1e9 };
	sqlite3 *db;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
		exit(1);
	sqlite3_exec(db, "PRAGMA cache_size=-16384", NULL, NULL, NULL);
	for (int i = with_slow ? 0 : 1; i < 2; i++) {
		sqlite3_stmt *s;
		struct took start = now(), t;

		if (sqlite3_prepare_v2(db, i == 0 ? sql : simple, -1, &s, NULL) != SQLITE_OK)
			exit(1);
		while (sqlite3_step(s) == SQLITE_ROW)
			;
		sqlite3_finalize(s);
		t = since(start);
		if (t.cpu < best.cpu)
			best = t;
		if (with_slow)
			printf("  plain SQL, %s: %.0f ms CPU\n", i == 0 ? "reversals left out by NOT EXISTS" : "sum(sign * x)", t.cpu * 1e3);
	}
	sqlite3_close(db);
	return best;
}

static int
median_cmp(const void *a, const void *b)
{
	double x = ((const struct took *)a)->cpu, y = ((const struct took *)b)->cpu;

	return (x > y) - (x < y);
}

static int
ratio(const char *what, double limit, double ours, double goal)
{
	double r = limit / ours;

	printf("%-58s %8.1fx (goal %gx) %s\n", what, r, goal, r >= goal ? "ok" : "MISSED");
	return r < goal;
}

int
main(int argc, char **argv)
{
	int64_t n_facts = argc > 1 ? atoll(argv[1]) : 1000000, responses = n_facts / DEFS, cells = 0, different = 0;
	struct took full[RUNS], one[9], spread[9], sql[RUNS];
	struct facts *f = NULL;
	struct rusage usage;
	size_t one_cells = 0, spread_cells = 0;
	char command[128];
	int missed;

	if (argc > 2)
		n_sites = atoi(argv[2]);
	snprintf(folder, sizeof(folder), "/tmp/candour-bench-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/facts.db", folder);
	good(facts_open(path, &f, &err));
	fill(f, responses);
	/* In turn, so that what else this machine does falls on both; the least of each is what it takes
	 * (for the ratio to plain SQL; batches are held against the median by their median). */
	for (int i = 0; i < RUNS; i++) {
		full[i] = recompute(f);
		sql[i] = plain_sql(i == 0);
	}
	for (int i = 0; i < 9; i++) {
		one[i] = batch(f, responses + i * 1000, 7, &one_cells);
		spread[i] = batch(f, responses + 100000 + i * 1000 * n_sites, -1, &spread_cells);
	}
	qsort(full, RUNS, sizeof(full[0]), median_cmp);
	qsort(sql, RUNS, sizeof(sql[0]), median_cmp);
	qsort(one, 9, sizeof(one[0]), median_cmp);
	qsort(spread, 9, sizeof(spread[0]), median_cmp);
	good(facts_compare(f, &cells, &different, &err));
	getrusage(RUSAGE_SELF, &usage);
	printf("%lld facts, %lld cells; full recompute %.0f ms CPU (%.0f ms wall)\n", (long long)(responses * DEFS),
	    (long long)cells, full[RUNS / 2].cpu * 1e3, full[0].wall * 1e3);
	printf("batch of %d facts: one site %.2f ms CPU (%.2f ms wall, %zu cells), spread %.2f ms CPU (%.2f ms wall, %zu "
	    "cells)\n", BATCH, one[4].cpu * 1e3, one[4].wall * 1e3, one_cells, spread[4].cpu * 1e3, spread[4].wall * 1e3,
	    spread_cells);
	missed = ratio("indicator update, one-site batch, to full recompute", full[RUNS / 2].cpu, one[4].cpu, 50);
	missed += ratio("indicator update, spread batch, to full recompute", full[RUNS / 2].cpu, spread[4].cpu, 10);
	missed += ratio("full recompute, to plain SQL", sql[0].cpu, full[0].cpu, 1);
	printf("%-58s %8s (%lld of %lld cells differ)\n", "incremental equals recompute", different == 0 ? "equal" : "NO",
	    (long long)different, (long long)cells);
	printf("%-58s %8.0f MB (goal 512 MB) %s\n", "peak memory", (double)usage.ru_maxrss / 1024,
	    usage.ru_maxrss < 512 * 1024 ? "ok" : "MISSED");
	missed += different != 0 || usage.ru_maxrss >= 512 * 1024;
	facts_close(f);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command) != 0 || missed != 0;
}
