/* The one place that opens pages.db: users and publications share it, each over a connection of its own. */
#ifndef AGGREGATOR_PEOPLE_DB_H
#define AGGREGATOR_PEOPLE_DB_H

#include <sqlite3.h>

#include "base/err.h"

/* Made if absent, mode 0600, WAL, synchronous FULL. */
enum err_code people_db_open(const char *path, sqlite3 **out, struct err *err) MUST_CHECK;

#endif
