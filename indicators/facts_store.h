/* The facts: one database, written by candour-indicators alone. Facts are bookkeeping entries and never
 * changed: a correction is a reversal (sign -1) and an entry with rev + 1. Facts hold numerators and
 * values, never an answer's text. indicators.md section 2 gives the tables; docs/formats/facts.md draws
 * them. Not safe for several threads: each opens its own. */
#ifndef INDICATORS_FACTS_STORE_H
#define INDICATORS_FACTS_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum { FACTS_ID = 16, FACTS_TEXT = 128 };

struct facts;

struct facts_num {
	bool given;		/* else NULL */
	double v;
};

/* An opened record, as far as facts go. */
struct facts_record {
	const char *site;
	uint8_t record[FACTS_ID], device[FACTS_ID];
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
	int64_t period;			/* its first day, days since 1970 */
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
	int64_t n;
	double num, mean, m2;
	int64_t people;
	int64_t data_rev;
};

/* Make (if absent) or open PATH, mode 0600, WAL, synchronous FULL. */
enum err_code facts_open(const char *path, struct facts **out, struct err *err) MUST_CHECK;
void facts_close(struct facts *f);

/* One transaction at a time. Until facts_commit returned, nothing happened. */
enum err_code facts_begin(struct facts *f, struct err *err) MUST_CHECK;
enum err_code facts_commit(struct facts *f, struct err *err) MUST_CHECK;
void facts_rollback(struct facts *f);

/* The revision of the data: + 1 for each transaction that changed facts. */
enum err_code facts_data_rev(struct facts *f, int64_t *out, struct err *err) MUST_CHECK;
enum err_code facts_next_rev(struct facts *f, int64_t *out, struct err *err) MUST_CHECK;

/* The number of a definition, made if new. ERR_INPUT if ID@VERSION is known with another hash and was
 * agreed: an agreed version never changes. */
enum err_code facts_definition(struct facts *f, const char *id, int64_t version, const uint8_t hash[32],
	const char *text, int64_t *def, bool *is_new, struct err *err) MUST_CHECK;
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
/* Insert an entry and mark its cell dirty. An entry that is there already changes nothing. */
enum err_code facts_put(struct facts *f, const struct facts_entry *e, struct err *err) MUST_CHECK;

/* Give up on a record for now: REASON is a word of ours ("not_ours", "damaged", "unknown_form"). */
enum err_code facts_quarantine(struct facts *f, const uint8_t device[FACTS_ID], const uint8_t record[FACTS_ID],
	const char *site, const char *reason, int64_t day, struct err *err) MUST_CHECK;
/* It opened after all. */
enum err_code facts_release(struct facts *f, const uint8_t device[FACTS_ID], const uint8_t record[FACTS_ID],
	struct err *err) MUST_CHECK;

/* Recompute every dirty cell from its entries (cells.h) and clear the marks. *N: how many. */
enum err_code facts_update_cells(struct facts *f, size_t *n, struct err *err) MUST_CHECK;

#endif
