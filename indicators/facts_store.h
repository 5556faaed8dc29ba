/* The facts: one database, written by candour-indicators alone. Facts are bookkeeping entries and never
 * changed: a correction is a reversal (sign -1) and an entry with rev + 1. Facts hold numerators and
 * values, never an answer's text. indicators.md section 2 gives the tables; docs/formats/facts.md draws
 * them. Not safe for several threads: each opens its own. */
#ifndef INDICATORS_FACTS_STORE_H
#define INDICATORS_FACTS_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "indicators/cells.h"

enum { FACTS_ID = 16, FACTS_TEXT = 128 };

struct facts;

struct facts_num {
	bool given;		/* else NULL */
	double v;
};

/* Where a record stands in the central store: CHAIN is the device whose chain it is. */
struct facts_place {
	uint8_t chain[FACTS_ID];
	int lane;
	uint8_t epoch[FACTS_ID];
	int64_t seq;
};

/* An opened record, as far as facts go. */
struct facts_record {
	const char *site;
	uint8_t record[FACTS_ID], device[FACTS_ID];	/* device: of its own header */
	uint8_t tag[FACTS_ID];		/* of withdrawal */
	struct facts_place place;
	const char *form;		/* "satisfaction@2025040100" */
	uint8_t form_hash[FACTS_ID];	/* chain_form_id */
	int64_t day;			/* days since 1970, by which it is dated */
	const char *day_quality;	/* "sealed", "redated", "receipt" */
	const char *state;		/* "facts", "unmapped", "withdrawn", "none" */
};

/* The key of a cell: what is added up together. */
struct facts_cell_key {
	const char *site;
	int64_t def;
	int64_t period;			/* its month: year * 12 + month - 1; longer periods are merged from months */
	const char *stratum;		/* "" without strata */
	int64_t bucket;			/* facts_bucket */
	const char *item;		/* "" for the measure, an option's name, "-REASON" for excluded */
};

struct facts_entry {
	struct facts_cell_key cell;
	uint8_t record[FACTS_ID];
	int64_t rev;			/* 1, then + 1 for each correction */
	int sign;			/* 1 or -1 */
	struct facts_num num, value;
	int64_t people;
	int64_t data_rev;
};

struct facts_cell {
	struct facts_cell_key key;
	struct cell_sum sum;
	int64_t data_rev;	/* of the newest entry in it */
};

/* Make (if absent) or open PATH, mode 0600, WAL, synchronous FULL. ":memory:" keeps nothing (tests). */
enum err_code facts_open(const char *path, struct facts **out, struct err *err) MUST_CHECK;
void facts_close(struct facts *f);

/* One transaction at a time. Until facts_commit returned, nothing happened. */
enum err_code facts_begin(struct facts *f, struct err *err) MUST_CHECK;
enum err_code facts_commit(struct facts *f, struct err *err) MUST_CHECK;
void facts_rollback(struct facts *f);

/* Inside it: a point to which facts_undo goes back; facts_keep forgets the point. */
enum err_code facts_savepoint(struct facts *f, struct err *err) MUST_CHECK;
enum err_code facts_undo(struct facts *f, struct err *err) MUST_CHECK;
enum err_code facts_keep(struct facts *f, struct err *err) MUST_CHECK;

/* Write down who did what (aggregator/audit_store.h), within the open transaction or in one of its own. */
enum err_code facts_audit(struct facts *f, int64_t at, const char *actor, const char *role, const char *verb,
	const char *object, const char *detail, struct err *err) MUST_CHECK;
/* The head of that chain, "facts 12 3fa9..", as publications carry it; "" if it is empty. Into TEXT of 128 bytes. */
enum err_code facts_audit_head(struct facts *f, char head[FACTS_TEXT], struct err *err) MUST_CHECK;

/* The revision of the data: + 1 for each transaction that changed facts. */
enum err_code facts_data_rev(struct facts *f, int64_t *out, struct err *err) MUST_CHECK;
enum err_code facts_next_rev(struct facts *f, int64_t *out, struct err *err) MUST_CHECK;

/* The number of a definition, made if new. ERR_INPUT if ID@VERSION is known with another hash and this
 * one is AGREED: an agreed version never changes. (A draft may: each text has a number of its own.) */
enum err_code facts_definition(struct facts *f, const char *id, int64_t version, const uint8_t hash[32],
	bool agreed, const char *text, int64_t *def, bool *is_new, struct err *err) MUST_CHECK;
/* Is DEF in use: has it the facts of every record read so far? A definition that was taken out of the library, or was
 * numbered by a program that reads no records, is not: coming (back) into use it must be derived from what is held. */
enum err_code facts_is_used(struct facts *f, int64_t def, bool *used, struct err *err) MUST_CHECK;
enum err_code facts_use_none(struct facts *f, struct err *err) MUST_CHECK;
enum err_code facts_use(struct facts *f, int64_t def, struct err *err) MUST_CHECK;
/* Has RECORD facts of DEF? */
enum err_code facts_has(struct facts *f, const char *site, const uint8_t record[FACTS_ID], int64_t def, bool *has,
	struct err *err) MUST_CHECK;
/* The number of the bucket KEYS ("role=staff;mode=kiosk", "" for all) of DEF, made if new. */
enum err_code facts_bucket(struct facts *f, int64_t def, const char *keys, int64_t *bucket,
	struct err *err) MUST_CHECK;
/* Its text, copied. */
enum err_code facts_bucket_keys(struct facts *f, int64_t bucket, char keys[FACTS_TEXT], struct err *err) MUST_CHECK;

/* How far a chain of the central store was read. SEQ 0: not yet. */
enum err_code facts_position(struct facts *f, const uint8_t device[FACTS_ID], int lane,
	const uint8_t epoch[FACTS_ID], int64_t *seq, struct err *err) MUST_CHECK;
enum err_code facts_set_position(struct facts *f, const uint8_t device[FACTS_ID], int lane,
	const uint8_t epoch[FACTS_ID], int64_t seq, struct err *err) MUST_CHECK;

/* Insert, ON CONFLICT DO NOTHING: *IS_NEW tells whether a row was made. Exactly once rests on this. */
enum err_code facts_put_record(struct facts *f, const struct facts_record *r, bool *is_new, struct err *err) MUST_CHECK;
/* Take back a row that facts_put_record made in this transaction: the record could not be read. */
enum err_code facts_forget_record(struct facts *f, const char *site, const uint8_t record[FACTS_ID],
	struct err *err) MUST_CHECK;
/* Insert an entry and mark its cell dirty. An entry that is there already changes nothing. */
enum err_code facts_put(struct facts *f, const struct facts_entry *e, struct err *err) MUST_CHECK;

struct facts_held {
	uint8_t device[FACTS_ID], record[FACTS_ID];
	struct facts_place place;
	const char *site;
	const char *reason;	/* a word of ours: "not_sealed_to_us", "damaged", "unknown_form", "unreadable" */
	int64_t day, tries;
};
/* Give up on a record for now, or count one more try. */
enum err_code facts_quarantine(struct facts *f, const struct facts_held *held, struct err *err) MUST_CHECK;
/* It opened after all. */
enum err_code facts_release(struct facts *f, const uint8_t device[FACTS_ID], const uint8_t record[FACTS_ID],
	struct err *err) MUST_CHECK;

/* All records that were ever opened here. */
enum err_code facts_opened(struct facts *f, int64_t *n, struct err *err) MUST_CHECK;
/* How many are in quarantine, and each, oldest first. Texts are borrowed for the call. */
enum err_code facts_quarantined(struct facts *f, int64_t *n, struct err *err) MUST_CHECK;
enum err_code facts_quarantine_each(struct facts *f, enum err_code (*fn)(void *arg,
	const struct facts_held *held, struct err *err), void *arg, struct err *err) MUST_CHECK;

/* Take a record's answers back: every entry that stands gets its reversal, then num and value of all its
 * entries become NULL, and its state is "withdrawn". ERR_ABSENT: it made no record here (the withdrawal
 * may have come first; a later facts_put_record of it then stays without entries). */
enum err_code facts_withdraw(struct facts *f, const char *site, const uint8_t record[FACTS_ID],
	int64_t data_rev, struct err *err) MUST_CHECK;
/* The record of DEVICE whose withdrawal tag is TAG. ERR_ABSENT. */
enum err_code facts_by_tag(struct facts *f, const uint8_t device[FACTS_ID], const uint8_t tag[FACTS_ID],
	char site[FACTS_TEXT], uint8_t record[FACTS_ID], struct err *err) MUST_CHECK;
enum err_code facts_record_state(struct facts *f, const char *site, const uint8_t record[FACTS_ID],
	const char *state, struct err *err) MUST_CHECK;
/* Reverse every entry of RECORD in DEF (-1: all) that stands. *LAST_REV: the highest rev among them; a
 * correction then has rev + 1. 0: none stood. */
enum err_code facts_reverse(struct facts *f, const char *site, const uint8_t record[FACTS_ID], int64_t def,
	int64_t data_rev, int64_t *last_rev, struct err *err) MUST_CHECK;
/* The entries of RECORD in DEF (-1: all) that stand (not reversed). Borrowed for the call. */
typedef enum err_code facts_entry_fn(void *arg, const struct facts_entry *e, struct err *err);
enum err_code facts_standing(struct facts *f, const char *site, const uint8_t record[FACTS_ID], int64_t def,
	facts_entry_fn *fn, void *arg, struct err *err) MUST_CHECK;

/* Recompute every dirty cell from its entries (cells.h) and clear the marks. *N: how many. */
enum err_code facts_update_cells(struct facts *f, size_t *n, struct err *err) MUST_CHECK;
/* All cells from all entries that are kept, in key order, without looking at the table of cells. */
typedef enum err_code facts_cell_fn(void *arg, const struct facts_cell *cell, struct err *err);
enum err_code facts_recompute(struct facts *f, facts_cell_fn *fn, void *arg, struct err *err) MUST_CHECK;
/* The same, compared with the table bit for bit: *CELLS those recomputed, *DIFFERENT those that differ, are missing
 * or are too many. 0 is right. Cells of months whose facts are gone are compared with the hash that was kept of them: one
 * more if it is another. */
enum err_code facts_compare(struct facts *f, int64_t *cells, int64_t *different, struct err *err) MUST_CHECK;

/* The cells of DEF as kept, in key order. Borrowed for the call. */
enum err_code facts_cells(struct facts *f, int64_t def, facts_cell_fn *fn, void *arg, struct err *err) MUST_CHECK;
/* Definitions, by id and version. */
struct facts_def {
	int64_t def, version;
	const char *id, *text;
	const uint8_t *hash;
};
enum err_code facts_definitions(struct facts *f, enum err_code (*fn)(void *arg, const struct facts_def *d,
	struct err *err), void *arg, struct err *err) MUST_CHECK;

/* How many records each site has here (withdrawn ones left out), and their first and last day. */
enum err_code facts_record_counts(struct facts *f, enum err_code (*fn)(void *arg, const char *site,
	int64_t n, int64_t first_day, int64_t last_day, struct err *err), void *arg, struct err *err) MUST_CHECK;
/* The newest MAX records of SITE ("" for all) that made facts, after the first SKIP. */
enum err_code facts_records(struct facts *f, const char *site, size_t skip, size_t max, enum err_code (*fn)(void *arg,
	const struct facts_record *r, struct err *err), void *arg, struct err *err) MUST_CHECK;

/* Exact counts behind publications (docs/formats/facts.md). Forget those of number NO and later (they were
 * prepared, not published); keep one; read those of DEF by site, month, stratum, bucket, item and no. */
struct facts_snapshot {
	const char *site, *stratum, *bucket, *item;	/* bucket: its keys as text */
	int64_t period, no, n, people;
	double num;
};
enum err_code facts_snapshot_clear(struct facts *f, int64_t no, struct err *err) MUST_CHECK;
enum err_code facts_snapshot_put(struct facts *f, int64_t def, const struct facts_snapshot *s,
	struct err *err) MUST_CHECK;
enum err_code facts_snapshot_each(struct facts *f, int64_t def, enum err_code (*fn)(void *arg,
	const struct facts_snapshot *s, struct err *err), void *arg, struct err *err) MUST_CHECK;

/* All entries of DEF at SITE in primary key order: cell by cell in the order of facts_cells, and the reversal of an entry
 * right before it. Borrowed for the call. */
enum err_code facts_entries(struct facts *f, const char *site, int64_t def, enum err_code (*fn)(void *arg,
	const struct facts_entry *e, struct err *err), void *arg, struct err *err) MUST_CHECK;

/* --- the end of their time (retain_store.c; retain.h says when) ---------------------------------------------------- */

/* The first month of which facts are kept; 0: all are. Cells before it stay as they are for ever: facts_put of such a month is
 * refused by the database. */
enum err_code facts_kept_from(struct facts *f, int64_t *month, struct err *err) MUST_CHECK;
struct facts_retained {
	int64_t kept_from;	/* as above */
	int64_t day, since;	/* the day that the clock said last, and since when it did so without a leap; 0: never asked */
	int64_t facts, records;	/* erased so far */
};
enum err_code facts_retained(struct facts *f, struct facts_retained *out, struct err *err) MUST_CHECK;
enum err_code facts_retain_day(struct facts *f, int64_t day, int64_t since, struct err *err) MUST_CHECK;
/* From now on (AT, seconds since 1970) the cells of all months before MONTH stay as they are. ERR_BROKEN if a cell is not what
 * its facts add up to: then the facts are needed to find out why. In the transaction that is open. */
enum err_code facts_freeze(struct facts *f, int64_t month, int64_t at, struct err *err) MUST_CHECK;
/* Erase facts of those months, records of which no fact is left and whose quotes they were: about MAX rows in a transaction of
 * its own, from *AT on (all zero: the beginning). *MORE: call again; else facts_wipe is due. */
struct facts_erasing {
	char site[FACTS_TEXT];
	int64_t def;
	bool records;
	int64_t n_facts, n_records;	/* so far */
};
enum err_code facts_erase(struct facts *f, size_t max, struct facts_erasing *at, bool *more, struct err *err) MUST_CHECK;
/* Overwrite in the files what was erased: ERR_AGAIN while somebody reads an older state. */
enum err_code facts_wipe(struct facts *f, struct err *err) MUST_CHECK;
/* May a record of DAY still make facts? Not if those of its month are gone; nor if it was erased here itself and is dated
 * otherwise now, which happens only to records whose day is not sealed. */
enum err_code facts_takes(struct facts *f, const char *site, const uint8_t record[FACTS_ID], int64_t day,
	const char *day_quality, bool *takes, struct err *err) MUST_CHECK;
/* The day by which a record is dated here. ERR_ABSENT: there is none, or it was withdrawn. */
enum err_code facts_day_of(struct facts *f, const char *site, const uint8_t record[FACTS_ID], int64_t *day,
	struct err *err) MUST_CHECK;

/* Publications: keep a prepared one (replacing an earlier prepared one of that number), mark it as
 * published with the signed bytes, read the last published one's number and file hash (0 and ""). */
enum err_code facts_prepared(struct facts *f, int64_t no, int64_t data_rev, const char *sha256,
	const void *bytes, size_t len, struct err *err) MUST_CHECK;
enum err_code facts_published(struct facts *f, int64_t no, int64_t data_rev, const char *sha256,
	const void *bytes, size_t len, struct err *err) MUST_CHECK;
/* One that was signed but is not marked as published: appended to OUT, which stays empty if there is none. */
enum err_code facts_pending(struct facts *f, struct buf *out, struct err *err) MUST_CHECK;
enum err_code facts_last_publication(struct facts *f, int64_t *no, char sha256[65], struct err *err) MUST_CHECK;
/* Every published one, by number. */
enum err_code facts_publications(struct facts *f, enum err_code (*fn)(void *arg, int64_t no, const void *bytes,
	size_t len, struct err *err), void *arg, struct err *err) MUST_CHECK;

#endif
