/* The rows of drafts in site.db, for draft.c alone: nothing here can open one. Every function takes OB's lock. */
#ifndef COLLECTOR_DRAFT_ROWS_H
#define COLLECTOR_DRAFT_ROWS_H

#include "collector/draft.h"

enum { DRAFT_WRAP_PASS = 72, DRAFT_HEAD = 80 };

struct draft_row {
	uint8_t id[16], form[16];
	uint32_t kdf_t, kdf_m;
	uint8_t salt[16], wrap_pass[DRAFT_WRAP_PASS], head[DRAFT_HEAD];
	int64_t day;
	size_t n_wraps;
	uint8_t key_ids[RECORD_RECIPIENTS][8], wraps[RECORD_RECIPIENTS][RECORD_WRAP];
};

typedef enum err_code draft_box_fn(void *arg, uint32_t n, const uint8_t *box, size_t len, struct err *err);

enum err_code draft_row_put(struct outbox *ob, const struct draft_row *row, struct err *err) MUST_CHECK;
/* The row, and then every box in order to FN (NULL: none), in one reading. ERR_ABSENT. */
enum err_code draft_row_get(struct outbox *ob, const uint8_t id[16], struct draft_row *row, draft_box_fn *fn,
	void *arg, struct err *err) MUST_CHECK;
/* Line N with the head that counts it, in one transaction. ERR_AGAIN: surely not there. */
enum err_code draft_row_add(struct outbox *ob, const uint8_t id[16], uint32_t n, const struct buf *box,
	const uint8_t head[DRAFT_HEAD], struct err *err) MUST_CHECK;

#endif
