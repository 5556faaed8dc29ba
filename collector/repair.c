/* Judging the rows of a damaged store: which hold, what was delivered, what is missing. See repair.h; the writing is
 * repair_store.c's. */
#include "collector/repair_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"

enum { FAR = 1000000 };	/* more numbers than this missing at once is no number but damage */
enum { RECEIPT = 200, RECEIPT_B = 48, RECEIPT_LINK = 56 };	/* docs/formats/receipt.md */

#define SEQ(x) (unsigned long long)(x)

/* --- collecting ----------------------------------------------------------------------------------- */

static void *
add(struct repair_list *l, struct err *err)
{
	if (l->n == l->cap) {
		void *more = realloc(l->p, (l->cap * 2 + 256) * l->size);

		if (more == NULL) {
			err_nomem(err);
			return NULL;
		}
		l->p = more;
		l->cap = l->cap * 2 + 256;
	}
	memset((char *)l->p + l->n * l->size, 0, l->size);
	return (char *)l->p + l->n++ * l->size;
}

/* Are ROW's types FMT (n i t b; * anything; o integer or NULL; x blob or NULL)? */
static bool
is_like(const struct salvage_row *row, const char *fmt)
{
	unsigned i = 0;

	for (; fmt[i] != '\0'; i++) {
		char t = i < row->n ? row->v[i].type : '\0';

		if (!(fmt[i] == t || (fmt[i] == 'o' && (t == 'i' || t == 'n')) || (fmt[i] == 'x' && (t == 'b' || t == 'n'))))
			return false;
	}
	return i == row->n;
}

static bool
len_is(const struct salvage_row *row, unsigned col, size_t len)
{
	return row->v[col].len == len;
}

static enum err_code
take_record(struct repair_rows *r, const struct salvage_row *row, struct err *err)
{
	struct repair_record *x = add(&r->records, err);

	if (x == NULL)
		return ERR_NOMEM;
	x->page = row->page;
	x->at = row->at;
	x->late = row->late;
	x->n = row->rowid;
	memcpy(x->id, row->v[1].p, 16);
	memcpy(x->epoch, row->v[2].p, 16);
	x->lane = (uint8_t)row->v[3].i;
	x->seq = (uint64_t)row->v[4].i;
	memcpy(x->header, row->v[5].p, RECORD_HEADER);
	memcpy(x->hw.bytes, row->v[6].p, 32);
	memcpy(x->hb.bytes, row->v[7].p, 32);
	memcpy(x->link.bytes, row->v[8].p, 32);
	x->erased = row->v[9].type == 'n';
	x->has_day = row->v[10].type == 'i';
	x->day = row->v[10].i;
	return ERR_OK;
}

static enum err_code
take_head(struct repair_rows *r, const struct salvage_row *row, bool is_signed, struct err *err)
{
	struct repair_head *x = add(&r->heads, err);

	if (x == NULL)
		return ERR_NOMEM;
	x->late = row->late;
	x->is_signed = is_signed;
	x->lane = (uint8_t)row->rowid;
	memcpy(x->l.epoch, row->v[1].p, 16);
	x->l.head_seq = (uint64_t)row->v[2].i;
	memcpy(x->l.head_link.bytes, row->v[3].p, 32);
	if (!is_signed) {
		x->l.acked_seq = (uint64_t)row->v[4].i;
		memcpy(x->l.acked_link.bytes, row->v[5].p, 32);
	}
	return ERR_OK;
}

bool
repair_receipt_good(const struct salvage_row *row)
{
	const uint8_t *p = row->v[4].p;

	return is_like(row, "biiib") && len_is(row, 0, 16) && len_is(row, 4, RECEIPT) && memcmp(p, "CRCP", 4) == 0
	    && row->v[1].i == p[5] && p[5] < LANES && memcmp(p + 24, row->v[0].p, 16) == 0
	    && (int64_t)be64(p + RECEIPT_B) == row->v[2].i && row->v[2].i > 0;
}

static enum err_code
take_meta(struct repair_rows *r, const struct salvage_row *row)
{
	const struct salvage_value *k = &row->v[0], *v = &row->v[1];
	struct buf *to = NULL;

	if (k->len == 6 && memcmp(k->p, "device", 6) == 0 && v->len == 16) {
		memcpy(r->device, v->p, 16);
		r->has_device = true;
	} else if (k->len == 11 && memcmp(k->p, "device.sign", 11) == 0 && v->len == 32) {
		to = &r->sign;
	} else if (k->len == 10 && memcmp(k->p, "device.tls", 10) == 0 && v->len <= 1024) {
		to = &r->spki;
	}
	if (to != NULL) {
		buf_reset(to);
		buf_put(to, v->p, v->len);
	}
	return ERR_OK;
}

static enum err_code
take_row(void *arg, const struct salvage_row *row, struct err *err)
{
	struct repair_rows *r = arg;

	if (is_like(row, "nbbiibbbbxo") && len_is(row, 1, 16) && len_is(row, 2, 16) && len_is(row, 5, RECORD_HEADER)
	    && len_is(row, 6, 32) && len_is(row, 7, 32) && len_is(row, 8, 32) && row->v[3].i >= 0 && row->v[3].i < LANES
	    && row->v[4].i >= 1 && row->rowid > 0)
		return take_record(r, row, err);
	if (is_like(row, "iib") && len_is(row, 2, RECORD_WRAP) && row->v[1].i >= 0 && row->v[1].i < RECORD_RECIPIENTS) {
		struct repair_wrap *x = add(&r->wraps, err);

		if (x == NULL)
			return ERR_NOMEM;
		*x = (struct repair_wrap){ .record_n = row->v[0].i, .slot = (uint8_t)row->v[1].i, .late = row->late };
		memcpy(x->wrap, row->v[2].p, RECORD_WRAP);
		return ERR_OK;
	}
	if (repair_receipt_good(row)) {
		struct repair_receipt *x = add(&r->receipts, err);

		if (x == NULL)
			return ERR_NOMEM;
		*x = (struct repair_receipt){ .lane = (uint8_t)row->v[1].i, .b = (uint64_t)row->v[2].i };
		memcpy(x->epoch, row->v[0].p, 16);
		memcpy(x->link.bytes, row->v[4].p + RECEIPT_LINK, 32);
		return ERR_OK;
	}
	if (row->rowid >= 0 && row->rowid < LANES && is_like(row, "nbibib") && len_is(row, 1, 16) && len_is(row, 3, 32)
	    && len_is(row, 5, 32) && row->v[2].i >= 1 && row->v[4].i >= 0 && row->v[4].i <= row->v[2].i)
		return take_head(r, row, false, err);
	if (row->rowid >= 0 && row->rowid < LANES && is_like(row, "nbibb") && len_is(row, 1, 16) && len_is(row, 3, 32)
	    && len_is(row, 4, 64) && row->v[2].i >= 1)
		return take_head(r, row, true, err);
	return is_like(row, "tb") ? take_meta(r, row) : ERR_OK;
}

static int
by_wrap(const void *a, const void *b)
{
	const struct repair_wrap *x = a, *y = b;

	if (x->record_n != y->record_n)
		return x->record_n < y->record_n ? -1 : 1;
	return x->slot != y->slot ? x->slot - y->slot : x->late - y->late;
}

enum err_code
repair_rows_read(struct salvage *from, struct repair_rows *out, struct err *err)
{
	enum err_code rc;

	memset(out, 0, sizeof(*out));
	out->from = from;
	out->records.size = sizeof(struct repair_record);
	out->wraps.size = sizeof(struct repair_wrap);
	out->receipts.size = sizeof(struct repair_receipt);
	out->heads.size = sizeof(struct repair_head);
	buf_init(&out->sign, 32);
	buf_init(&out->spki, 1024);
	rc = salvage_each(from, take_row, out, err);
	if (rc == ERR_OK && out->wraps.n > 0)
		qsort(out->wraps.p, out->wraps.n, out->wraps.size, by_wrap);
	return rc;
}

void
repair_rows_free(struct repair_rows *r)
{
	free(r->records.p);
	free(r->wraps.p);
	free(r->receipts.p);
	free(r->heads.p);
	buf_free(&r->sign);
	buf_free(&r->spki);
	memset(r, 0, sizeof(*r));
}

/* --- one record by itself ------------------------------------------------------------------------- */

size_t
repair_rows_wraps(const struct repair_rows *r, const struct repair_record *record, uint8_t *out)
{
	const struct repair_wrap *w = r->wraps.p;
	size_t low = 0, high = r->wraps.n, most = 0;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (w[mid].record_n < record->n)
			low = mid + 1;
		else
			high = mid;
	}
	memset(out, 0, (size_t)RECORD_RECIPIENTS * RECORD_WRAP);
	for (; low < r->wraps.n && w[low].record_n == record->n; low++) {
		/* Sorted: what is late comes after what is not, and takes its place if it is wanted. */
		if (w[low].late && !record->late_wraps)
			continue;
		memcpy(out + (size_t)w[low].slot * RECORD_WRAP, w[low].wrap, RECORD_WRAP);
		if (w[low].slot >= most)
			most = w[low].slot + 1u;
	}
	return most;
}

/* Do header, wraps and body hash to what the row says of them? */
static enum err_code
look(struct repair_rows *r, struct repair_record *x, struct err *err)
{
	uint8_t wraps[RECORD_RECIPIENTS * RECORD_WRAP];
	struct record_header head;
	struct salvage_row row;
	struct record view;
	struct buf wire;
	struct err why;
	enum err_code rc;

	chain_leaf(x->header, &x->hw, &x->hb, &x->leaf);
	if (record_header_get(x->header, &head, &why) != ERR_OK || memcmp(head.id, x->id, 16) != 0 || head.lane != x->lane)
		return ERR_OK;
	x->kind = head.kind;
	if (x->erased) {
		x->whole = head.kind == RECORD_SEALED;
		return ERR_OK;
	}
	rc = salvage_again(r->from, x->late, x->page, x->at, &row, err);
	if (rc != ERR_OK)
		return rc;
	buf_init(&wire, RECORD_WIRE_MAX);
	for (int late = 0; late < 2 && !x->whole; late++) {
		x->late_wraps = late != 0;
		if (repair_rows_wraps(r, x, wraps) != head.n)
			continue;
		buf_reset(&wire);
		record_put_whole(&wire, x->header, wraps, head.n, row.v[9].p, row.v[9].len);
		rc = buf_check(&wire, err);
		if (rc == ERR_NOMEM)
			break;
		rc = ERR_OK;
		x->whole = wire.failed == ERR_OK && record_read(wire.data, wire.len, &view, &why) == ERR_OK
		    && chain_same(&view.hw, &x->hw) && chain_same(&view.hb, &x->hb);
	}
	buf_free(&wire);
	return rc;
}

/* --- which rows tell it --------------------------------------------------------------------------- */

/* Of two rows of one record the erased one (erasing is never undone), the one that is whole, the newer one. */
static int
by_id(const void *a, const void *b)
{
	const struct repair_record *x = a, *y = b;
	int got = memcmp(x->id, y->id, 16);

	if (got == 0)
		got = (y->erased && y->whole) - (x->erased && x->whole);
	if (got == 0)
		got = y->whole - x->whole;
	if (got == 0)
		got = y->late - x->late;
	return got != 0 ? got : (x->page > y->page) - (x->page < y->page);
}

static int
by_place(const void *a, const void *b)
{
	const struct repair_record *x = a, *y = b;
	int got = x->lane != y->lane ? x->lane - y->lane : memcmp(x->epoch, y->epoch, 16);

	return got != 0 ? got : (x->seq > y->seq) - (x->seq < y->seq);
}

static int
by_tag(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

static void
one_row_each(struct repair_rows *r)
{
	struct repair_record *x = r->records.p;
	size_t n = 0;

	if (r->records.n == 0)
		return;
	qsort(x, r->records.n, sizeof(*x), by_id);
	for (size_t i = 0; i < r->records.n; i++)
		if (n == 0 || memcmp(x[n - 1].id, x[i].id, 16) != 0)
			x[n++] = x[i];
	r->records.n = n;
	qsort(x, n, sizeof(*x), by_place);
}

/* What was withdrawn is erased, whichever row was read first; what is erased without its withdrawal is not carried over:
 * nobody could tell it from a record that somebody destroyed. */
static enum err_code
obey_withdrawals(struct repair_rows *r, uint64_t *unsure, struct err *err)
{
	struct repair_list tags = { .size = 16 };
	struct repair_record *x = r->records.p;

	for (size_t i = 0; i < r->records.n; i++)
		if (x[i].kind == RECORD_WITHDRAWAL && x[i].whole) {
			uint8_t *tag = add(&tags, err);

			if (tag == NULL)
				return ERR_NOMEM;
			memcpy(tag, x[i].header + 64, 16);
		}
	if (tags.n > 0)
		qsort(tags.p, tags.n, 16, by_tag);
	for (size_t i = 0; i < r->records.n; i++) {
		bool withdrawn;

		if (!x[i].whole || x[i].kind != RECORD_SEALED || x[i].lane != LANE_ANSWERS)
			continue;
		withdrawn = tags.n > 0 && bsearch(x[i].header + 64, tags.p, tags.n, 16, by_tag) != NULL;
		if (x[i].erased && !withdrawn) {
			x[i].whole = false;
			*unsure += x[i].has_day;
		}
		x[i].erased |= withdrawn;
	}
	free(tags.p);
	return ERR_OK;
}

/* --- whose it is, and what its lanes were --------------------------------------------------------- */

static bool
is_device_of(const uint8_t device[16], const struct buf *sign, const struct buf *spki)
{
	uint8_t id[16];

	if (sign->len != 32 || spki->len == 0)
		return false;
	chain_device_id(sign->data, spki->data, spki->len, id);
	return memcmp(id, device, 16) == 0;
}

static enum err_code
whose(struct repair_rows *r, const struct repair_owner *owner, struct repair_report *out, struct err *err)
{
	const struct repair_record *x = r->records.p, *newest = NULL;
	bool sure = r->has_device && (is_device_of(r->device, &r->sign, &r->spki)
	    || (owner->has_device && memcmp(owner->device, r->device, 16) == 0));

	for (size_t i = 0; i < r->records.n; i++) {
		if (!x[i].whole)
			continue;
		sure |= r->has_device && memcmp(x[i].header + 8, r->device, 16) == 0;
		if (newest == NULL || x[i].n > newest->n)
			newest = &x[i];
	}
	if (!sure && owner->has_device)
		memcpy(r->device, owner->device, 16);
	else if (!sure && newest != NULL)
		memcpy(r->device, newest->header + 8, 16);
	else if (!sure && !r->has_device)
		return err_set(err, ERR_INPUT, "nothing says which device this store belongs to: neither the file nor the keys can "
		    "be read");
	memcpy(out->device, r->device, 16);
	if (!is_device_of(r->device, &r->sign, &r->spki)) {
		buf_reset(&r->sign);
		buf_reset(&r->spki);
		if (owner->has_keys) {
			buf_put(&r->sign, owner->sign, 32);
			buf_put(&r->spki, owner->spki, owner->spki_len);
		}
	}
	out->device_keys = is_device_of(r->device, &r->sign, &r->spki);
	return ERR_OK;
}

static const struct repair_record *
at_place(const struct repair_rows *r, uint8_t lane, const uint8_t epoch[16], uint64_t seq)
{
	struct repair_record key = { .lane = lane, .seq = seq };

	if (r->records.n == 0)
		return NULL;
	memcpy(key.epoch, epoch, 16);
	return bsearch(&key, r->records.p, r->records.n, sizeof(key), by_place);
}

/* How sure a lane row is: 2 its head is the link of a record that is here, 1 nothing says otherwise, 0 it is not. */
static int
head_worth(const struct repair_rows *r, const struct repair_head *h)
{
	const struct repair_record *x = at_place(r, h->lane, h->l.epoch, h->l.head_seq);

	if (x == NULL)
		return h->l.head_seq - h->l.acked_seq < FAR ? 1 : 0;
	return chain_same(&x->link, &h->l.head_link) ? 2 : 0;
}

/* The lane as it was: its row; without one the newest record's epoch. What was signed last counts if it is further. */
static void
find_lane(struct repair_rows *r, uint8_t lane)
{
	const struct repair_head *h = r->heads.p;
	const struct repair_record *x = r->records.p, *newest = NULL;
	struct outbox_lane *l = &r->lane[lane];
	int best = 0;

	for (size_t i = 0; i < r->heads.n; i++) {
		int worth = h[i].is_signed || h[i].lane != lane ? 0 : 2 * head_worth(r, &h[i]);

		worth += worth > 0 && h[i].late;
		if (worth > best) {
			best = worth;
			*l = h[i].l;
			r->has_lane[lane] = true;
		}
	}
	for (size_t i = 0; i < r->records.n; i++)
		if (x[i].lane == lane && x[i].whole && (newest == NULL || x[i].n > newest->n))
			newest = &x[i];
	if (!r->has_lane[lane] && newest != NULL) {
		memset(l, 0, sizeof(*l));
		memcpy(l->epoch, newest->epoch, 16);
		r->has_lane[lane] = true;
	}
	for (size_t i = 0; i < r->records.n && r->has_lane[lane]; i++)
		if (x[i].lane == lane && x[i].whole && memcmp(x[i].epoch, l->epoch, 16) == 0 && x[i].seq > l->head_seq) {
			l->head_seq = x[i].seq;
			l->head_link = x[i].link;
		}
	for (size_t i = 0; i < r->heads.n && r->has_lane[lane]; i++)
		if (h[i].is_signed && h[i].lane == lane && memcmp(h[i].l.epoch, l->epoch, 16) == 0
		    && h[i].l.head_seq >= l->head_seq && h[i].l.head_seq - l->head_seq < FAR) {
			l->head_seq = h[i].l.head_seq;
			l->head_link = h[i].l.head_link;
		}
}

/* What the centre has of EPOCH: by receipts that fit our chain, and by the lane row. */
static uint64_t
acked(const struct repair_rows *r, uint8_t lane, const uint8_t epoch[16])
{
	const struct repair_receipt *c = r->receipts.p;
	const struct outbox_lane *l = &r->lane[lane];
	const struct repair_record *x;
	uint64_t most = 0;

	for (size_t i = 0; i < r->receipts.n; i++) {
		if (c[i].lane != lane || memcmp(c[i].epoch, epoch, 16) != 0 || c[i].b <= most)
			continue;
		x = at_place(r, lane, epoch, c[i].b);
		if (x == NULL || chain_same(&x->link, &c[i].link))
			most = c[i].b;
	}
	if (r->has_lane[lane] && memcmp(l->epoch, epoch, 16) == 0 && l->acked_seq > most) {
		x = at_place(r, lane, epoch, l->acked_seq);
		if (x == NULL || chain_same(&x->link, &l->acked_link))
			most = l->acked_seq;
	}
	return most;
}

/* --- fates ---------------------------------------------------------------------------------------- */

/* Does NEXT hang on LINK, if that is the link of the number before it? */
static bool
hangs_on(const struct repair_record *next, const struct chain_hash *link)
{
	struct chain_hash got;

	chain_link(link, next->seq, &next->leaf, &got);
	return chain_same(&got, &next->link);
}

/* Along the N rows X of one epoch: is each proved by the link before it? */
static void
prove(struct repair_record *x, size_t n)
{
	struct chain_hash link, ours;
	bool known = false, guessed = false;	/* guessed: the link before is what a row after a gap says of itself */

	for (size_t i = 0; i < n; i++) {
		if (i == 0 || x[i].seq != x[i - 1].seq + 1)
			known = false;
		if (x[i].seq == 1) {
			chain_genesis(x[i].header + 8, x[i].epoch, x[i].lane, &link);
			known = true;
		}
		if (known) {
			chain_link(&link, x[i].seq, &x[i].leaf, &ours);
			x[i].proved = chain_same(&ours, &x[i].link);
			/* The link alone was damaged, if the next one hangs on what it should have been. */
			if (!x[i].proved && i + 1 < n && x[i + 1].seq == x[i].seq + 1 && hangs_on(&x[i + 1], &ours)) {
				x[i].link = ours;
				x[i].proved = true;
			}
			if (!x[i].proved && !guessed)
				x[i].whole = false;
		}
		guessed = !known || (guessed && !x[i].proved);
		link = x[i].link;
		known = true;
	}
}

/* How many rows from number I on are of one epoch and lane. */
static size_t
epoch_rows(const struct repair_rows *r, size_t i)
{
	const struct repair_record *x = r->records.p;
	size_t n = 1;

	while (i + n < r->records.n && x[i + n].lane == x[i].lane && memcmp(x[i + n].epoch, x[i].epoch, 16) == 0)
		n++;
	return n;
}

/* The fates of the N rows X of one epoch, of which the centre has up to ACKED. */
static void
decide(struct repair_record *x, size_t n, uint64_t acked_seq, struct repair_lane *out)
{
	bool stays = true;

	for (size_t i = n; i-- > 0;) {
		bool sent = x[i].seq <= acked_seq;

		if (!x[i].whole) {
			out->damaged++;
			stays &= !sent;
			continue;
		}
		out->unproved += !x[i].proved;
		if (sent && stays) {
			x[i].fate = REPAIR_STAY;
			out->delivered++;
			/* What is before a gap does not hang together with what is behind it. */
			stays = i > 0 && x[i - 1].whole && x[i].seq == x[i - 1].seq + 1 && hangs_on(&x[i], &x[i - 1].link);
			out->kept += x[i].kind == RECORD_SEALED;
			continue;
		}
		/* The opening of an epoch that the centre does not have yet is told by the next opening. */
		if (x[i].kind == RECORD_EPOCH)
			continue;
		x[i].fate = REPAIR_MOVE;
		x[i].has_day = false;
		out->again += sent;
		out->waiting += !sent;
		out->kept += x[i].kind == RECORD_SEALED;
	}
}

/* Say what of (ACKED, head] of the lane's last epoch is not there. */
static void
tell_gaps(const struct repair_rows *r, uint8_t lane, uint64_t acked_seq, repair_gap_fn *gap, void *arg,
	struct repair_report *out)
{
	const struct outbox_lane *l = &r->lane[lane];
	uint64_t from = 0;
	char text[200];

	for (uint64_t seq = acked_seq + 1; seq <= l->head_seq + 1; seq++) {
		const struct repair_record *x = seq > l->head_seq ? NULL : at_place(r, lane, l->epoch, seq);
		bool here = seq > l->head_seq || (x != NULL && x->whole);

		out->lane[lane].lost += !here;
		if (!here && from == 0)
			from = seq;
		if (here && from > 0) {
			snprintf(text, sizeof(text), seq - from == 1 ? "%s: number %llu, not delivered, is missing or damaged."
			    : "%s: numbers %llu to %llu, not delivered, are missing or damaged.", lane == LANE_ANSWERS ? "answers"
			    : "concern lane", SEQ(from), SEQ(seq - 1));
			gap(arg, text);
			from = 0;
		}
	}
}

enum err_code
repair_rows_judge(struct repair_rows *r, const struct repair_owner *owner, repair_gap_fn *gap, void *arg,
	struct repair_report *out, struct err *err)
{
	struct repair_record *x = r->records.p;
	enum err_code rc = ERR_OK;
	size_t n;

	for (size_t i = 0; i < r->records.n && rc == ERR_OK; i++)
		rc = look(r, &x[i], err);
	if (rc != ERR_OK)
		return rc;
	one_row_each(r);
	for (size_t i = 0; i < r->records.n; i += n) {
		n = epoch_rows(r, i);
		prove(&x[i], n);
	}
	rc = obey_withdrawals(r, &out->withdrawn_unsure, err);
	if (rc == ERR_OK)
		rc = whose(r, owner, out, err);
	if (rc != ERR_OK)
		return rc;
	for (uint8_t lane = 0; lane < LANES; lane++)
		find_lane(r, lane);
	for (size_t i = 0; i < r->records.n; i += n) {
		n = epoch_rows(r, i);
		decide(&x[i], n, acked(r, x[i].lane, x[i].epoch), &out->lane[x[i].lane]);
	}
	for (uint8_t lane = 0; lane < LANES; lane++)
		if (r->has_lane[lane])
			tell_gaps(r, lane, acked(r, lane, r->lane[lane].epoch), gap, arg, out);
	return ERR_OK;
}
