/* A table beside a definition: CSV whose rows may be dated by columns "from" and "until" (days or months).
 * What a pulldata() sees on a day are the rows in force then. */
#ifndef INDICATORS_TABLE_H
#define INDICATORS_TABLE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

struct table {
	const char *name, *file;
	const char *const *cells;	/* row-major, n_rows * n_columns, without the header */
	const char *const *columns;	/* header names */
	const int64_t *from, *until;	/* days since 1970, inclusive, of each row */
	const int *lines;		/* of the file, of each row */
	size_t n_rows, n_columns;
	uint8_t hash[32];		/* SHA-256 of the file */
};

/* Parse LEN bytes of CSV (RFC 4180, UTF-8, header line) into ARENA. FILE:LINE in messages. ERR_INPUT, ERR_NOMEM. */
enum err_code table_parse(struct arena *arena, const char *name, const char *file, const char *text, size_t len,
	struct table *out, struct err *err) MUST_CHECK;
/* Index of a column, or -1. */
int table_column(const struct table *t, const char *name);
/* Can people be counted by it: a column n (with STRATA also stratum) of numbers from 0, and no two rows of the same at the same
 * time? ERR_INPUT: FILE:LINE, what and how to mend it; ERR_NOMEM. */
enum err_code table_counts(const struct table *t, bool strata, struct err *err) MUST_CHECK;
/* The cell of column WANT in the row in force on DAY where column KEY is VALUE; NULL: none. */
const char *table_find(const struct table *t, const char *want, const char *key, const char *value, int64_t day);
/* The rows in force on DAY as CSV, as pulldata() reads it. */
void table_csv(const struct table *t, int64_t day, struct buf *out);
/* The first day after DAY on which other rows hold; INT64_MAX: never. */
int64_t table_next_change(const struct table *t, int64_t day);

/* One row of CSV at a time: for tables and for responses in `candour indicator evaluate`. */
struct csv_rows {
	const char *text;
	size_t len, at;
	int line;		/* of the row just read, from 1 */
	int inside;		/* line ends in its quoted fields */
};
/* Is it text that can be CSV: UTF-8, no NUL, lines that end, commas in the header? ERR_INPUT: what it is instead and how to
 * mend it, *LINE where. */
enum err_code csv_check(const char *text, size_t len, int *line, struct err *err) MUST_CHECK;
/* Fields of the next row into ARENA; *N 0 at the end. ERR_INPUT, C->line being the line. */
enum err_code csv_next(struct csv_rows *c, struct arena *arena, const char *const **fields, size_t *n,
	struct err *err) MUST_CHECK;

#endif
