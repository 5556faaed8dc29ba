/* What people wrote behind "Something is wrong", for who holds a concern key. `pull` takes what has come of lane 1 into a
 * folder of the holder's, where it stays sealed; `list` and `show` open it for the terminal; `note` keeps who did what
 * about it; `table` gives kind, site and day for the rates. docs/formats/concern.md. */
#ifndef ADMIN_CONCERN_H
#define ADMIN_CONCERN_H

#include "base/err.h"
#include "collector/record.h"

#define CONCERN_HEAD "candour-concern 1\n"
enum { CONCERN_FILE_MAX = RECORD_WIRE_MAX + 4096 };

/* All of lane 1 since the last pull into DIR (made, 0700), opened with the concern key in KEY_FILE; says on the standard
 * output how many. The centre's folder CENTRE (NULL: the usual one) or its STORE is told up to where everything opened.
 * PROGRAM (NULL: none) is run with their number and DIR if there are any. ERR_AGAIN: another pull is at it. What was
 * pulled before an error stays; the next pull goes on from there. */
enum err_code concern_pull(const char *dir, const char *key_file, const char *centre, const char *store, const char *program,
	struct err *err) MUST_CHECK;

enum concern_how { CONCERN_LIST, CONCERN_SHOW, CONCERN_TABLE };
/* Of all a line or two each, or a row of CSV; or everything of the one that ID (its first characters; else NULL) names. One
 * that cannot be read is said and passed over. */
enum err_code concern_read_out(const char *dir, const char *key_file, enum concern_how how, const char *id,
	struct err *err) MUST_CHECK;
/* Keep that BY says TEXT (one line) of the concern ID, with the time. Durable, whole or not at all. ERR_INPUT. */
enum err_code concern_note(const char *dir, const char *id, const char *by, const char *text, struct err *err) MUST_CHECK;

#endif
