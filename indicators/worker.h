/* The worker: from sealed records at the centre to facts, cells and the quarantine. It holds the
 * response key. Killed at any point it goes on where the last transaction ended, and nothing counts
 * twice. One thread. */
#ifndef INDICATORS_WORKER_H
#define INDICATORS_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "aggregator/store.h"
#include "base/clock.h"
#include "collector/keyfile.h"
#include "indicators/definition.h"
#include "indicators/facts_store.h"
#include "indicators/form_set.h"

struct worker;

struct worker_conf {
	const char *store;		/* the central store, as aggregator/store.h opens it */
	const char *facts;		/* facts.db */
	const char *forms;		/* folder of XForm XML files */
	const char *definitions;	/* folder of .ind files */
	const char *key;		/* response key: credential or key file; "": $CREDENTIALS_DIRECTORY */
	keyfile_ask *ask;		/* for a key file's passphrase; NULL: refuse */
	unsigned batch;			/* records a transaction; 0: 500 */
};

/* OPENED: ever; QUARANTINED: now; the others since worker_open. LATE: of months whose facts are gone (they make none). */
struct worker_counts {
	int64_t opened, known, facts, quarantined, dummies, other, withdrawn, unmapped, erased, late, steps;
};

/* Open everything, load forms and definitions, try what is in quarantine again, and derive the facts of
 * definitions that are new from the records that are still held. ERR_INPUT says which file is wrong. */
enum err_code worker_open(const struct worker_conf *conf, struct worker **out, struct err *err) MUST_CHECK;
void worker_close(struct worker *w);

/* One transaction: up to BATCH records from where it stands. *MORE: there is more to read at once.
 * ERR_AGAIN: the store or the facts are busy, call again later; nothing was done. */
enum err_code worker_step(struct worker *w, bool *more, struct err *err) MUST_CHECK;
/* Until there is no more. */
enum err_code worker_run(struct worker *w, struct err *err) MUST_CHECK;
/* Try what is in quarantine again. *OPENED: how many opened. */
enum err_code worker_retry(struct worker *w, int64_t *opened, struct err *err) MUST_CHECK;
struct worker_counts worker_counts(const struct worker *w);

/* Recompute all cells from all facts and compare bit for bit. *DIFFERENT counts the cells that differ
 * (0 is right); *CELLS all. */
enum err_code worker_nightly(struct worker *w, int64_t *cells, int64_t *different, struct err *err) MUST_CHECK;

/* Tell the store how far each chain of answers was read, so that their bodies can go at the end of their time
 * (aggregator/retention.h): what is not marked stays. ERR_DENIED, ERR_BROKEN: this user may not write there. */
enum err_code worker_mark_pulled(struct worker *w, int64_t now, struct err *err) MUST_CHECK;

/* For indicators/retain.h, from the worker's thread. */
struct facts *worker_facts(struct worker *w);
struct store *worker_store(struct worker *w);

/* For the reading room: immutable after worker_open, so any thread may read them. */
const struct seal_key *worker_key(const struct worker *w);
const struct form_set *worker_forms(const struct worker *w);
const struct library *worker_library(const struct worker *w);

/* Open the record at PLACE of ST again: the plaintext goes to OUT, a secret buffer. Any thread with a
 * store of its own. ERR_ABSENT: erased, or not there. */
enum err_code worker_open_record(struct store *st, const struct seal_key *key, const struct facts_place *place,
	struct buf *out, struct err *err) MUST_CHECK;

#endif
