/* Reading far ahead: an SQLite VFS over the usual one for whoever reads a database from its first page to its last.
 * SQLite asks the system for one page of 4 KiB at a time, which for a store of a million records is more work than
 * everything SQLite does with them; this one fetches 64 KiB and hands out the pages in it.
 *
 * What it keeps may only be believed while one read transaction is open: within it the pages that are read from the
 * file do not change (they are read from the WAL if a newer version counts). So ahead_begin comes after the first
 * read of the transaction and ahead_end before its end; outside, every read goes straight through. */
#ifndef COLLECTOR_AHEAD_H
#define COLLECTOR_AHEAD_H

#include <sqlite3.h>

#include "base/err.h"

struct ahead;

/* Register such a VFS over the default one, under a name of its own: pass ahead_name to sqlite3_open_v2. Free it when
 * all its connections are closed. ERR_NOMEM, ERR_BROKEN. */
enum err_code ahead_new(struct ahead **out, struct err *err) MUST_CHECK;
const char *ahead_name(const struct ahead *a);
/* The connection opened through A begins, and ends, to read ahead. */
void ahead_begin(struct ahead *a);
void ahead_end(struct ahead *a);
void ahead_free(struct ahead *a);

#endif
