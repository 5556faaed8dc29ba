/* What repair.c and repair_store.c share: the rows of a damaged store as found, and what becomes of them. */
#ifndef COLLECTOR_REPAIR_ROWS_H
#define COLLECTOR_REPAIR_ROWS_H

#include "collector/outbox.h"
#include "collector/repair.h"

enum repair_fate {
	REPAIR_DROP,	/* damaged, or told by another row */
	REPAIR_STAY,	/* delivered: in its place in its old epoch */
	REPAIR_MOVE,	/* not delivered (or cut off from its epoch): chained into the new one */
};

struct repair_record {
	uint32_t page, at;
	bool late, has_day, erased, whole;	/* whole: header, wraps and body hash to what the row says */
	bool late_wraps;
	bool proved;			/* by the link before it */
	uint8_t lane, kind;
	enum repair_fate fate;
	int64_t n, day;
	uint64_t seq;
	uint8_t id[16], epoch[16], header[RECORD_HEADER];
	struct chain_hash hw, hb, link, leaf;
};

struct repair_wrap {
	int64_t record_n;
	uint8_t slot;
	bool late;
	uint8_t wrap[RECORD_WRAP];
};

struct repair_receipt {
	uint8_t epoch[16], lane;
	uint64_t b;
	struct chain_hash link;
};

struct repair_head {		/* of a lane row, or of a signed head */
	bool late, is_signed;
	uint8_t lane;
	struct outbox_lane l;
};

struct repair_list {		/* a growing array of things of SIZE bytes */
	void *p;
	size_t n, cap, size;
};

struct repair_rows {
	struct salvage *from;
	struct repair_list records, wraps, receipts, heads;	/* of the four structs above, in this order */
	uint8_t device[16];
	bool has_device;
	struct buf sign, spki;			/* meta device.sign, device.tls */
	struct outbox_lane lane[2];		/* what each was when the damage was done */
	bool has_lane[2];
};

/* Read everything in FROM. */
enum err_code repair_rows_read(struct salvage *from, struct repair_rows *out, struct err *err) MUST_CHECK;
void repair_rows_free(struct repair_rows *r);
/* Decide whose they are, what each lane was, and each record's fate; says what is missing. */
enum err_code repair_rows_judge(struct repair_rows *r, const struct repair_owner *owner, repair_gap_fn *gap, void *arg,
	struct repair_report *out, struct err *err) MUST_CHECK;
/* The wraps of RECORD, RECORD_RECIPIENTS * RECORD_WRAP bytes of room; how many. */
size_t repair_rows_wraps(const struct repair_rows *r, const struct repair_record *record, uint8_t *out);
/* A receipt as verify wants it. */
bool repair_receipt_good(const struct salvage_row *row);

#endif
