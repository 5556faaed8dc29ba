/* The two backends of store.h, for store.c. */
#ifndef AGGREGATOR_STORE_OPEN_H
#define AGGREGATOR_STORE_OPEN_H

#include "aggregator/store.h"

enum err_code store_open_sqlite(const char *path, bool create, struct store **out, struct err *err) MUST_CHECK;
enum err_code store_open_pg(const char *url, bool create, struct store **out, struct err *err) MUST_CHECK;

/* Most bytes kept in quarantine for one device. */
enum { STORE_QUARANTINE_MAX = 64 << 20 };

#endif
