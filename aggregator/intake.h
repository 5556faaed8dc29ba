/* What the aggregator does with a batch: the case table of docs/formats/batch.md, as one function over the
 * store, and a writer thread that takes what has come in within 5 ms, decides each batch and commits all of
 * them with their receipts before anybody is answered. */
#ifndef AGGREGATOR_INTAKE_H
#define AGGREGATOR_INTAKE_H

#include <stdatomic.h>

#include "aggregator/store.h"
#include "base/clock.h"
#include "sync/batch.h"
#include "sync/receipt.h"

enum intake_result {
	INTAKE_KEPT,	/* 200, receipt */
	INTAKE_AGAIN,	/* 200, the stored receipt: it was kept before */
	INTAKE_WANT,	/* 409 want=N */
	INTAKE_FORK,	/* 409 fork */
	INTAKE_REVOKED,	/* 403 */
	INTAKE_BAD,	/* 422: chain or record wrong */
	INTAKE_LATER	/* 503 */
};

/* One batch, verified on arrival (intake_check) and decided in a transaction (intake_decide). */
struct intake_batch {
	const uint8_t *bytes;	/* the whole request body, borrowed */
	size_t len;
	uint8_t device[16];	/* that of the certificate */
	struct batch_header h;
	struct store_row *rows;	/* h.n of them; borrow from BYTES */
	bool released;		/* a person lets in what this device sent after it was revoked */
	enum intake_result result;
	uint64_t want;
	uint8_t receipt[RECEIPT_LEN];
	struct err why;
};

struct intake_log {	/* who signs */
	const struct seal_key *receipt_key;
	uint8_t receipt_key_id[8];
	uint8_t log_id[16];
	const struct clock *clock;
	uint32_t log_day;	/* of the last receipt; never goes back */
	const atomic_uint *ring_serial, *bundle_serial;	/* newest there are; told in receipts */
};

/* Read the batch: framing, record headers, leaves, links from prev to last. The signature of the head was
 * judged before. ERR_INPUT: what is wrong. Free with intake_clear. */
enum err_code intake_check(struct intake_batch *b, struct err *err) MUST_CHECK;
void intake_clear(struct intake_batch *b);
/* Inside a transaction of ST: decide and write. ERR_OK with b->result set; else roll back. */
enum err_code intake_decide(struct store *st, struct intake_log *log, struct intake_batch *b,
	struct err *err) MUST_CHECK;
/* A group: begin, decide each, commit; each result is final afterwards (INTAKE_LATER where nothing is sure).
 * One bad batch never fails the others. */
void intake_group(struct store *st, struct intake_log *log, struct intake_batch **batches, size_t n);

struct intake_writer;
/* Starts the one thread that writes; ST belongs to it until intake_writer_stop. */
enum err_code intake_writer_start(struct store *st, const struct intake_log *log,
	struct intake_writer **out, struct err *err) MUST_CHECK;
/* Blocks until B is decided. INTAKE_LATER at once when 16 MiB are waiting. */
void intake_submit(struct intake_writer *w, struct intake_batch *b);
/* Finishes what was accepted. NULL is fine. */
void intake_writer_stop(struct intake_writer *w);

#endif
