/* The people's listener of the aggregator: sign-in, the published indicators as pages with charts and
 * tables, CSV, OData, and the place where a signed publication is posted. It reads the publication only,
 * never a record. Its database (users, sessions, publications) is a file of its own beside the central
 * store, because the intake's role has no business in it. */
#ifndef AGGREGATOR_PAGES_H
#define AGGREGATOR_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"

struct pages;

struct pages_conf {
	const char *listen;		/* "127.0.0.1:8090"; other than loopback needs cert and key */
	int listen_fd;			/* a bound socket to use instead, or -1 */
	const char *cert, *key;		/* PEM files of the public certificate; both "" or NULL: plain HTTP */
	const char *db;			/* pages.db; made if absent */
	const char *ring;		/* the key ring file, looked at for each publication */
	const char *root;		/* file with the organisation's root pin ("candour-pin 1"); "" or NULL: the
					 * ring file is trusted as it lies there */
	const char *organisation;	/* its name, as the pages show it */
	unsigned threads;		/* 0: one */
	const struct clock *clock;	/* NULL: the system's */
};

/* Check CONF without serving (for -n): ERR_INPUT says which setting and what would be right. */
enum err_code pages_check(const struct pages_conf *conf, struct err *err) MUST_CHECK;
/* Open the database and serve. *OUT is the caller's: pages_stop. ERR_INPUT as pages_check; ERR_BROKEN if
 * it cannot listen or open. */
enum err_code pages_start(const struct pages_conf *conf, struct pages **out, struct err *err) MUST_CHECK;
/* The port it listens on. */
uint16_t pages_port(const struct pages *p);
/* Finish what was accepted, free. NULL is fine. */
void pages_stop(struct pages *p);

#endif
