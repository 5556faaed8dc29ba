/* Copies of the centre's SQLite databases as they stand at one moment, while the daemons work. The copy of the central
 * store comes in two files, since erasure must reach backups too: RECORDS holds all but what opens a record and may
 * be kept for ever; WRAPS (the wrapped keys, and quarantined batches, which hold such keys) is to go after 30 days. */
#ifndef AGGREGATOR_BACKUP_STORE_H
#define AGGREGATOR_BACKUP_STORE_H

#include "base/err.h"

/* Copy FROM whole to TO, which must not be there. ERR_ABSENT: no such database; ERR_EXISTS; ERR_AGAIN: no room or
 * locked; on failure what was made of TO is removed. The copy is on the disk, tight, without a WAL. */
enum err_code backup_copy(const char *from, const char *to, struct err *err) MUST_CHECK;
/* The same for a central store, in two files. */
enum err_code backup_split(const char *from, const char *records, const char *wraps, struct err *err) MUST_CHECK;
/* One central store TO, which must not be there, out of the two. */
enum err_code backup_join(const char *records, const char *wraps, const char *to, struct err *err) MUST_CHECK;
/* Each page and each foreign key of PATH as SQLite checks them. ERR_BROKEN says what is wrong. */
enum err_code backup_check(const char *path, struct err *err) MUST_CHECK;

#endif
