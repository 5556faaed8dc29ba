/* The worker: from sealed records at the centre to facts, cells and the quarantine. It holds the
 * response key. Killed at any point it goes on where the last transaction ended, and nothing counts
 * twice. */
#ifndef INDICATORS_WORKER_H
#define INDICATORS_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"

struct worker;

struct worker_conf {
	const char *store;		/* the central store, as aggregator/store.h opens it */
	const char *facts;		/* facts.db */
	const char *forms;		/* folder of XForm XML files */
	const char *definitions;	/* folder of .ind files */
	const char *key;		/* response key: credential or key file */
	const struct clock *clock;	/* NULL: the system's */
	unsigned batch;			/* records a transaction; 0: 500 */
};

struct worker_counts {
	int64_t opened, known, facts, quarantined, dummies, withdrawn, unmapped;
};

/* Open everything and load forms and definitions. ERR_INPUT says which file and what is wrong. */
enum err_code worker_open(const struct worker_conf *conf, struct worker **out, struct err *err) MUST_CHECK;
void worker_close(struct worker *w);

/* One transaction: up to BATCH records from where it stands. *MORE: there is more to read at once.
 * ERR_AGAIN: the store or the facts are busy, call again later. */
enum err_code worker_step(struct worker *w, bool *more, struct err *err) MUST_CHECK;
/* Until there is no more. */
enum err_code worker_run(struct worker *w, struct err *err) MUST_CHECK;
/* What happened since worker_open. */
struct worker_counts worker_counts(const struct worker *w);

/* Recompute all cells from all facts and compare bit for bit. *DIFFERENT counts the cells that differ
 * (0 is right); *CELLS all. */
enum err_code worker_nightly(struct worker *w, int64_t *cells, int64_t *different, struct err *err) MUST_CHECK;

#endif
