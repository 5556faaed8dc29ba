/* The rows of a SQLite file that SQLite itself cannot or should not read any more. Every page of the file and of its
 * write-ahead log is looked at by itself, without the tree that leads to it: a page that was torn, a root that was
 * overwritten, an index that is gone cost what stood in that page and no more. What a row is worth is the caller's to
 * judge, by its hashes. Source of the formats: "Database File Format" and "WAL-mode File Format" of sqlite.org. */
#ifndef COLLECTOR_SALVAGE_H
#define COLLECTOR_SALVAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct salvage;

struct salvage_about {
	uint64_t bytes, wal_bytes;	/* of the two files */
	uint64_t unreadable;		/* bytes of them the disk would not give; read as zeros */
	uint64_t zeros;			/* pages of nothing but zeros */
	uint64_t pages;			/* of the file with its log */
	uint64_t late;			/* frames of the log that SQLite leaves out, since one before them is damaged */
	bool no_header;			/* the file's first page is not that of a SQLite file */
};

/* Read PATH and PATH-wal into memory; neither is changed, and no lock is taken. ERR_ABSENT: no PATH. ERR_DENIED: it may
 * not be read. ERR_NOMEM. Free with salvage_free. */
enum err_code salvage_open(const char *path, struct salvage **out, struct err *err) MUST_CHECK;
void salvage_free(struct salvage *s);
void salvage_about(const struct salvage *s, struct salvage_about *out);

enum { SALVAGE_COLUMNS = 16, SALVAGE_PAYLOAD = 20 << 20 };

struct salvage_value {
	char type;		/* n NULL, i integer, f real, t text, b blob */
	int64_t i;
	const uint8_t *p;
	size_t len;
};

struct salvage_row {
	bool late;		/* from the frames that SQLite leaves out: newer than what it would show */
	uint32_t page, at;	/* where; for salvage_again */
	int64_t rowid;		/* 0 in indices and tables without */
	unsigned n;
	struct salvage_value v[SALVAGE_COLUMNS];	/* borrowed until the next call */
};

/* Call FN for each row of each page: of tables, and of indices (which tables WITHOUT ROWID are too). What it returns, if
 * not ERR_OK, ends the walk. ERR_NOMEM. */
typedef enum err_code salvage_fn(void *arg, const struct salvage_row *row, struct err *err);
enum err_code salvage_each(struct salvage *s, salvage_fn *fn, void *arg, struct err *err) MUST_CHECK;
/* Read the row at LATE, PAGE, AT again. ERR_BROKEN if there is none. */
enum err_code salvage_again(struct salvage *s, bool late, uint32_t page, uint32_t at, struct salvage_row *out,
	struct err *err) MUST_CHECK;
/* Write to PATH (new, 0600), durably, the file as it would be with its log moved into it. ERR_AGAIN: no room. */
enum err_code salvage_merged(const struct salvage *s, const char *path, struct err *err) MUST_CHECK;

#endif
