/* Who took files of publications and when: people who signed in, and readers' programs. Kept in pages.db, a row for each day,
 * reader, thing and publication, for two years. Safe from any thread. */
#ifndef AGGREGATOR_PULL_STORE_H
#define AGGREGATOR_PULL_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum { PULLS_KEPT_DAYS = 731, PULL_WHAT = 120 };

struct pull_line {
	const char *who;
	bool by_program;	/* a reader's token, not a person's session */
	const char *what;	/* "csv/all.csv", "xlsx/sat-users.xlsx", "pack", "publication", "odata/Results" */
	int64_t publication;
	int64_t times, first_at, last_at;	/* of one day; seconds since 1970 */
};

struct pulls;

/* The record in PATH (pages.db), made if absent; what is older than PULLS_KEPT_DAYS before NOW goes. *OUT: pulls_close. */
enum err_code pulls_open(const char *path, int64_t now, struct pulls **out, struct err *err) MUST_CHECK;
void pulls_close(struct pulls *p);
/* WHO took WHAT (cut to PULL_WHAT bytes) of PUBLICATION now. */
enum err_code pulls_add(struct pulls *p, const char *who, bool by_program, const char *what, int64_t publication, int64_t now,
	struct err *err) MUST_CHECK;
/* Each since the day of SINCE (seconds), oldest first. */
enum err_code pulls_each(struct pulls *p, int64_t since, enum err_code (*fn)(void *arg, const struct pull_line *line,
	struct err *err), void *arg, struct err *err) MUST_CHECK;

#endif
