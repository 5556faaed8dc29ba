/* The central store in PostgreSQL: opening, intake and reading. See store.h. Rows of a batch are written by one
 * statement a table, their columns as arrays; the device row's lock keeps a chain to one writer; what two chains
 * can both bring (a record, under its owner) is decided by ON CONFLICT. The registry's half is in
 * pg_registry_store.c, the connection in pg_link_store.c. */
#include "aggregator/pg.h"

#include <stdlib.h>
#include <string.h>

#include "sync/receipt.h"

#define OF_CHAIN "device = $1 AND lane = $2 AND epoch = $3"

const char *const pg_store_sql[PQ_N] = {
	[PQ_BEGIN] = "BEGIN",
	[PQ_COMMIT] = "COMMIT",
	[PQ_ROLLBACK] = "ROLLBACK",
	[PQ_HEAD] = "SELECT hw, hw_link FROM epoch WHERE " OF_CHAIN,
	[PQ_HEAD_MOVE] = "UPDATE epoch SET hw = $4, hw_link = $5, records = records + $6 WHERE " OF_CHAIN " AND hw = $7",
	[PQ_EPOCH_NEXT] = "SELECT coalesce(max(opened), 0) + 1 FROM epoch WHERE device = $1 AND lane = $2",
	[PQ_EPOCH_PUT] = "INSERT INTO epoch (device, lane, epoch, hw, hw_link, records, opened) "
	    "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (device, lane, epoch) DO NOTHING",
	[PQ_LINK_AT] = "SELECT link FROM entry WHERE " OF_CHAIN " AND seq = $4",
	[PQ_RECORD_PUT] = "INSERT INTO record (device, id, kind, lane, tag, header, hw, hb, leaf) "
	    "SELECT $1, u.id, u.kind, $2, u.tag, u.header, u.hw, u.hb, u.leaf "
	    "FROM unnest($3, $4, $5, $6, $7, $8, $9) AS u(id, kind, tag, header, hw, hb, leaf) "
	    "ON CONFLICT (device, id) DO NOTHING RETURNING id",
	[PQ_RECORD_GET] = "SELECT id, leaf FROM record WHERE device = $1 AND id = ANY ($2)",
	[PQ_RELEASED] = "SELECT id FROM release WHERE device = $1 AND id = ANY ($2)",
	[PQ_WITHDRAWN] = "SELECT tag FROM withdrawal WHERE device = $1 AND tag = ANY ($2)",
	[PQ_BODY_PUT] = "INSERT INTO body (device, id, nonce_body) SELECT $1, u.id, u.nonce_body "
	    "FROM unnest($2, $3) AS u(id, nonce_body) ON CONFLICT (device, id) DO NOTHING",
	[PQ_WRAP_PUT] = "INSERT INTO wrap (device, id, wraps) SELECT $1, u.id, u.wraps "
	    "FROM unnest($2, $3) AS u(id, wraps) ON CONFLICT (device, id) DO NOTHING",
	[PQ_ENTRY_PUT] = "INSERT INTO entry (device, lane, epoch, seq, owner, record_id, leaf, link) "
	    "SELECT $1, $2, $3, u.seq, u.owner, u.id, u.leaf, u.link "
	    "FROM unnest($4, $5, $6, $7, $8) AS u(seq, owner, id, leaf, link) "
	    "ON CONFLICT (device, lane, epoch, seq) DO NOTHING",
	[PQ_RECEIPT_PUT] = "INSERT INTO receipt (device, lane, epoch, a, b, made, last_link, log_id, log_day, bytes) "
	    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
	[PQ_RECEIPT_COVERING] = "SELECT bytes FROM receipt WHERE " OF_CHAIN " AND b >= $4 ORDER BY b, made DESC LIMIT 1",
	[PQ_EPOCH_NEWEST] = "SELECT epoch FROM epoch WHERE device = $1 AND lane = $2 ORDER BY opened DESC LIMIT 1 OFFSET $3",
	[PQ_RECEIPT_EPOCH] = "SELECT bytes FROM receipt WHERE " OF_CHAIN " ORDER BY b DESC, made DESC LIMIT 1",
	[PQ_WITHDRAW_PUT] = "INSERT INTO withdrawal (device, tag, w, at) VALUES ($1, $2, $3, $4) "
	    "ON CONFLICT (device, tag) DO NOTHING",
	[PQ_BODY_MARK] = "UPDATE body SET gone = 'withdrawn' WHERE device = $1 AND gone IS NULL AND id IN "
	    "(SELECT id FROM record WHERE device = $1 AND tag = $2 AND kind = 0 AND lane = 0)",
	[PQ_WRAP_MARK] = "UPDATE wrap SET gone = 'withdrawn' WHERE device = $1 AND gone IS NULL AND id IN "
	    "(SELECT id FROM record WHERE device = $1 AND tag = $2 AND kind = 0 AND lane = 0)",
	[PQ_BODY_DELETE] = "DELETE FROM body WHERE device = $1 AND gone IS NOT NULL AND id IN "
	    "(SELECT id FROM record WHERE device = $1 AND tag = $2 AND kind = 0 AND lane = 0)",
	[PQ_WRAP_DELETE] = "DELETE FROM wrap WHERE device = $1 AND gone IS NOT NULL AND id IN "
	    "(SELECT id FROM record WHERE device = $1 AND tag = $2 AND kind = 0 AND lane = 0)",
	[PQ_QUARANTINE_SIZE] = "SELECT coalesce(sum(size), 0)::bigint FROM quarantine WHERE device = $1",
	/* Not VALUES: beside a default that changes Citus writes them into the statement, megabytes in hexadecimal. */
	[PQ_QUARANTINE_PUT] = "INSERT INTO quarantine (device, at, why, bytes, size) SELECT $1, $2, $3, u.bytes, $5 "
	    "FROM unnest(ARRAY[$4]) AS u(bytes)",
	[PQ_EVENT_PUT] = "INSERT INTO event (at, what, device, detail) VALUES ($1, $2, $3, $4)",
	[PQ_SEEN_PUT] = "INSERT INTO seen (device, at, waiting, oldest_hours, free_mib, ring_serial, software, "
	    "bundle_refused, clock_off_s) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (device) DO UPDATE SET "
	    "at = excluded.at, waiting = excluded.waiting, oldest_hours = excluded.oldest_hours, "
	    "free_mib = excluded.free_mib, ring_serial = excluded.ring_serial, software = excluded.software, "
	    "bundle_refused = excluded.bundle_refused, clock_off_s = excluded.clock_off_s",
	[PQ_BOOT_PUT] = "INSERT INTO boot (device, boot_id, began) VALUES ($1, $2, $3) "
	    "ON CONFLICT (device, boot_id) DO NOTHING",
	[PQ_BOOT_GET] = "SELECT began FROM boot WHERE device = $1 AND boot_id = $2",
	[PQ_POSITIONS] = "SELECT e.device, d.site, e.lane, e.epoch, e.hw, e.opened FROM epoch e "
	    "JOIN device d ON d.id = e.device WHERE (e.device, e.lane, e.opened) > ($1, $2, $3) "
	    "ORDER BY e.device, e.lane, e.opened LIMIT $4",
	[PQ_ROWS] = "SELECT t.seq, t.owner, t.record_id, t.leaf, t.link, r.kind, r.tag, r.header, r.hw, r.hb, "
	    "b.nonce_body, w.wraps, r.leaf FROM entry t "
	    "LEFT JOIN record r ON r.device = $1 AND r.id = t.record_id AND t.owner IS NULL "
	    "LEFT JOIN body b ON b.device = $1 AND b.id = r.id LEFT JOIN wrap w ON w.device = $1 AND w.id = r.id "
	    "WHERE t.device = $1 AND t.lane = $2 AND t.epoch = $3 AND t.seq > $4 ORDER BY t.seq LIMIT $5",
	[PQ_ROW_OF] = "SELECT NULL::bigint, r.device, r.id, NULL::bytea, NULL::bytea, r.kind, r.tag, r.header, r.hw, r.hb, "
	    "b.nonce_body, w.wraps, r.leaf FROM record r "
	    "LEFT JOIN body b ON b.device = $1 AND b.id = r.id LEFT JOIN wrap w ON w.device = $1 AND w.id = r.id "
	    "WHERE r.device = $1 AND r.id = $2",
	[PQ_SEEN] = "SELECT device, at, waiting, oldest_hours, free_mib, ring_serial, software, bundle_refused, "
	    "clock_off_s FROM seen ORDER BY device",
	[PQ_EVENTS] = "SELECT at, what, device, detail FROM event WHERE at >= $1 ORDER BY at, made",
	[PQ_COUNT_RECORDS] = "SELECT coalesce(sum(records), 0)::bigint FROM epoch",
	[PQ_COUNT_DEVICES] = "SELECT count(*) FROM device WHERE state = 1",
	[PQ_COUNT_QUARANTINE] = "SELECT coalesce(sum(size), 0)::bigint FROM quarantine",
};

static struct pg_store *
of(struct store *base)
{
	return (struct pg_store *)(void *)base;
}

static enum err_code
begin(struct store *base, struct err *err)
{
	return pg_begin(of(base), err);
}

static enum err_code
commit(struct store *base, struct err *err)
{
	return pg_end(of(base), ERR_OK, err);
}

static void
rollback(struct store *base)
{
	enum err_code rc = pg_end(of(base), ERR_AGAIN, NULL);

	(void)rc;
}

/* --- intake: chains ---------------------------------------------------------------------------- */

static enum err_code
head(struct store *base, const uint8_t device[16], int lane, const uint8_t epoch[16], struct store_head *out,
    struct err *err)
{
	PGresult *res;
	enum err_code rc = pg_run(of(base), PQ_HEAD, "head", &res, err, "bib", device, 16, (int64_t)lane, epoch, 16);

	memset(out, 0, sizeof(*out));
	if (rc == ERR_OK && PQntuples(res) == 1) {
		out->known = true;
		out->hw = (uint64_t)pg_int(res, 0, 0);
		pg_bytes(res, 0, 1, out->link, 32);
	}
	PQclear(res);
	return rc;
}

/* One column of a fixed size. */
static enum err_code
one(enum err_code rc, PGresult *res, const char *what, void *out, size_t len, struct err *err)
{
	if (rc == ERR_OK && PQntuples(res) == 0)
		rc = err_set(err, ERR_ABSENT, "%s: there is none", what);
	if (rc == ERR_OK)
		pg_bytes(res, 0, 0, out, len);
	PQclear(res);
	return rc;
}

static enum err_code
link_at(struct store *base, const uint8_t device[16], int lane, const uint8_t epoch[16], uint64_t seq,
    uint8_t link[32], struct err *err)
{
	PGresult *res;
	enum err_code rc = pg_run(of(base), PQ_LINK_AT, "link", &res, err, "bibi", device, 16, (int64_t)lane, epoch, 16,
	    (int64_t)seq);

	return one(rc, res, "link", link, 32, err);
}

/* Row of RES whose column 0 is the 16 bytes KEY, or -1. */
static int
find16(const PGresult *res, const uint8_t key[16])
{
	for (int i = 0; i < PQntuples(res); i++)
		if (PQgetlength(res, i, 0) == 16 && memcmp(PQgetvalue(res, i, 0), key, 16) == 0)
			return i;
	return -1;
}

/* The rows of one append that have the same owner, from FIRST on; a chain has one but for a successor's. */
struct part {
	struct store_row *rows;
	size_t n;
	const uint8_t *owner;
};

static bool
in_part(const struct part *p, size_t i)
{
	return p->rows[i].owner == p->owner || memcmp(p->rows[i].owner, p->owner, 16) == 0;
}

/* What was returned is new, once each; the others are known by their id: the same leaf, or another's. */
static enum err_code
judge_known(struct pg_store *st, const struct part *p, const PGresult *fresh, bool *any_known, struct err *err)
{
	PGresult *known = NULL;
	struct pg_array ids;
	enum err_code rc;

	pg_array_init(&ids, false);
	*any_known = false;
	for (size_t i = 0; i < p->n; i++) {
		bool is_new = in_part(p, i) && find16(fresh, p->rows[i].id) >= 0;

		if (!in_part(p, i))
			continue;
		for (size_t k = 0; is_new && k < i; k++)
			is_new = !in_part(p, k) || memcmp(p->rows[k].id, p->rows[i].id, 16) != 0;
		p->rows[i].found = is_new ? STORE_NEW : STORE_KNOWN;
		if (!is_new) {
			*any_known = true;
			pg_array_bytes(&ids, p->rows[i].id, 16);
		}
	}
	rc = pg_run(st, PQ_RECORD_GET, "record", &known, err, "bA", p->owner, 16, &ids);
	for (size_t i = 0; rc == ERR_OK && i < p->n; i++) {
		int k = in_part(p, i) && p->rows[i].found == STORE_KNOWN ? find16(known, p->rows[i].id) : -1;
		uint8_t leaf[32];

		if (!in_part(p, i) || p->rows[i].found == STORE_NEW)
			continue;
		/* Kept by a transaction that began after ours: not ours to see yet. */
		if (k < 0) {
			rc = err_set(err, ERR_AGAIN, "record: kept by another writer just now");
			break;
		}
		pg_bytes(known, k, 1, leaf, 32);
		if (memcmp(leaf, p->rows[i].leaf, 32) != 0)
			p->rows[i].found = STORE_OTHER;
	}
	PQclear(known);
	pg_array_clear(&ids);
	return rc;
}

static enum err_code
put_records(struct pg_store *st, const struct part *p, int lane, bool *any_known, struct err *err)
{
	struct pg_array ids, kinds, tags, headers, hws, hbs, leaves;
	PGresult *res = NULL;
	size_t n = 0;
	enum err_code rc;

	pg_array_init(&ids, false);
	pg_array_init(&kinds, true);
	pg_array_init(&tags, false);
	pg_array_init(&headers, false);
	pg_array_init(&hws, false);
	pg_array_init(&hbs, false);
	pg_array_init(&leaves, false);
	for (size_t i = 0; i < p->n; i++) {
		const struct store_row *row = &p->rows[i];

		if (!in_part(p, i))
			continue;
		n++;
		pg_array_bytes(&ids, row->id, 16);
		pg_array_int(&kinds, row->kind);
		pg_array_bytes(&tags, row->tag, 16);
		pg_array_bytes(&headers, row->header, 128);
		pg_array_bytes(&hws, row->hw, 32);
		pg_array_bytes(&hbs, row->hb, 32);
		pg_array_bytes(&leaves, row->leaf, 32);
	}
	rc = pg_run(st, PQ_RECORD_PUT, "record", &res, err, "biAIAAAAA", p->owner, 16, (int64_t)lane, &ids, &kinds,
	    &tags, &headers, &hws, &hbs, &leaves);
	*any_known = false;
	if (rc == ERR_OK && (size_t)PQntuples(res) == n) {
		for (size_t i = 0; i < p->n; i++)
			if (in_part(p, i))
				p->rows[i].found = STORE_NEW;
	} else if (rc == ERR_OK) {
		rc = judge_known(st, p, res, any_known, err);
	}
	PQclear(res);
	pg_array_clear(&ids);
	pg_array_clear(&kinds);
	pg_array_clear(&tags);
	pg_array_clear(&headers);
	pg_array_clear(&hws);
	pg_array_clear(&hbs);
	pg_array_clear(&leaves);
	return rc;
}

/* Bodies and wraps of what is new, or known without them; none where a withdrawal or release stands. */
static enum err_code
put_bodies(struct pg_store *st, const struct part *p, bool any_known, struct err *err)
{
	struct pg_array ids, tags, bodies, wrap_ids, wraps;
	PGresult *withdrawn = NULL, *released = NULL;
	enum err_code rc;

	pg_array_init(&ids, false);
	pg_array_init(&tags, false);
	pg_array_init(&bodies, false);
	pg_array_init(&wrap_ids, false);
	pg_array_init(&wraps, false);
	for (size_t i = 0; i < p->n; i++) {
		if (in_part(p, i) && p->rows[i].kind == 0 && p->rows[i].lane == 0)
			pg_array_bytes(&tags, p->rows[i].tag, 16);
		if (in_part(p, i) && p->rows[i].found == STORE_KNOWN)
			pg_array_bytes(&ids, p->rows[i].id, 16);
	}
	rc = pg_run(st, PQ_WITHDRAWN, "withdrawal", &withdrawn, err, "bA", p->owner, 16, &tags);
	if (rc == ERR_OK && any_known)
		rc = pg_run(st, PQ_RELEASED, "release", &released, err, "bA", p->owner, 16, &ids);
	pg_array_clear(&ids);
	pg_array_init(&ids, false);
	for (size_t i = 0; rc == ERR_OK && i < p->n; i++) {
		const struct store_row *row = &p->rows[i];

		if (!in_part(p, i) || row->found == STORE_OTHER || row->nonce_body == NULL
		    || (row->kind == 0 && row->lane == 0 && find16(withdrawn, row->tag) >= 0)
		    || (released != NULL && find16(released, row->id) >= 0))
			continue;
		pg_array_bytes(&ids, row->id, 16);
		pg_array_bytes(&bodies, row->nonce_body, row->nonce_body_len);
		if (row->n_wraps > 0) {
			pg_array_bytes(&wrap_ids, row->id, 16);
			pg_array_bytes(&wraps, row->wraps, (size_t)row->n_wraps * 80);
		}
	}
	if (rc == ERR_OK && ids.n > 0)
		rc = pg_later(st, PQ_BODY_PUT, "body", -1, err, "bAA", p->owner, 16, &ids, &bodies);
	if (rc == ERR_OK && wrap_ids.n > 0)
		rc = pg_later(st, PQ_WRAP_PUT, "wraps", -1, err, "bAA", p->owner, 16, &wrap_ids, &wraps);
	PQclear(withdrawn);
	PQclear(released);
	pg_array_clear(&ids);
	pg_array_clear(&tags);
	pg_array_clear(&bodies);
	pg_array_clear(&wrap_ids);
	pg_array_clear(&wraps);
	return rc;
}

static enum err_code
put_entries(struct pg_store *st, const uint8_t device[16], int lane, const uint8_t epoch[16],
    const struct store_row *rows, size_t n, struct err *err)
{
	struct pg_array seqs, owners, ids, leaves, links;
	enum err_code rc;

	pg_array_init(&seqs, true);
	pg_array_init(&owners, false);
	pg_array_init(&ids, false);
	pg_array_init(&leaves, false);
	pg_array_init(&links, false);
	for (size_t i = 0; i < n; i++) {
		bool own = memcmp(rows[i].owner, device, 16) == 0;

		pg_array_int(&seqs, (int64_t)rows[i].seq);
		pg_array_bytes(&owners, own ? NULL : rows[i].owner, 16);
		pg_array_bytes(&ids, rows[i].id, 16);
		pg_array_bytes(&leaves, rows[i].leaf, 32);
		pg_array_bytes(&links, rows[i].link, 32);
	}
	rc = pg_later(st, PQ_ENTRY_PUT, "entry", (int64_t)n, err, "bibIAAAA", device, 16, (int64_t)lane, epoch, 16, &seqs,
	    &owners, &ids, &leaves, &links);
	pg_array_clear(&seqs);
	pg_array_clear(&owners);
	pg_array_clear(&ids);
	pg_array_clear(&leaves);
	pg_array_clear(&links);
	return rc;
}

static enum err_code
move_head(struct pg_store *st, const uint8_t device[16], int lane, const uint8_t epoch[16],
    const struct store_row *rows, size_t n, struct err *err)
{
	const struct store_row *last = &rows[n - 1];
	int64_t fresh = 0, opened = 0;
	PGresult *res;
	enum err_code rc;

	for (size_t i = 0; i < n; i++)
		fresh += rows[i].found == STORE_NEW ? 1 : 0;
	if (rows[0].seq > 1)
		return pg_later(st, PQ_HEAD_MOVE, "head", 1, err, "bibibii", device, 16, (int64_t)lane, epoch, 16,
		    (int64_t)last->seq, last->link, 32, fresh, (int64_t)(rows[0].seq - 1));
	rc = pg_run(st, PQ_EPOCH_NEXT, "epoch", &res, err, "bi", device, 16, (int64_t)lane);
	if (rc == ERR_OK)
		opened = pg_int(res, 0, 0);
	PQclear(res);
	if (rc == ERR_OK)
		rc = pg_later(st, PQ_EPOCH_PUT, "epoch", 1, err, "bibibii", device, 16, (int64_t)lane, epoch, 16,
		    (int64_t)last->seq, last->link, 32, fresh, opened);
	return rc;
}

/* A successor's chain and its predecessor's may meet in one record: whoever writes it holds the owner's row too, so
 * that a body and the withdrawal that forbids it cannot pass each other. */
static enum err_code
lock_owner(struct pg_store *st, const uint8_t owner[16], struct err *err)
{
	return pg_done(st, PQ_DEVICE_LOCK, "device", NULL, err, "b", owner, 16);
}

static enum err_code
append(struct store *base, const uint8_t device[16], int lane, const uint8_t epoch[16], struct store_row *rows,
    size_t n, struct err *err)
{
	struct pg_store *st = of(base);
	enum err_code rc = ERR_OK;

	if (n == 0)
		return ERR_OK;
	for (size_t i = 0; i < n && rc == ERR_OK; i++) {
		struct part p = { rows, n, rows[i].owner };
		bool done = false, any_known;

		for (size_t k = 0; k < i && !done; k++)
			done = in_part(&p, k);
		if (done)
			continue;
		if (memcmp(p.owner, device, 16) != 0)
			rc = lock_owner(st, p.owner, err);
		if (rc == ERR_OK)
			rc = put_records(st, &p, lane, &any_known, err);
		if (rc == ERR_OK)
			rc = put_bodies(st, &p, any_known, err);
	}
	if (rc == ERR_OK)
		rc = put_entries(st, device, lane, epoch, rows, n, err);
	if (rc == ERR_OK)
		rc = move_head(st, device, lane, epoch, rows, n, err);
	return rc;
}

/* --- intake: receipts and the rest ------------------------------------------------------------- */

static enum err_code
receipt_put(struct store *base, const uint8_t device[16], int lane, const uint8_t epoch[16],
    const struct receipt *r, const uint8_t bytes[200], struct err *err)
{
	return pg_later(of(base), PQ_RECEIPT_PUT, "receipt", 1, err, "bibiiibbib", device, 16, (int64_t)lane, epoch, 16,
	    (int64_t)r->a, (int64_t)r->b, (int64_t)r->time, r->link, 32, r->log_id, 16, (int64_t)r->log_day, bytes, 200);
}

static enum err_code
receipt_covering(struct store *base, const uint8_t device[16], int lane, const uint8_t epoch[16], uint64_t b,
    uint8_t bytes[200], struct err *err)
{
	PGresult *res;
	enum err_code rc = pg_run(of(base), PQ_RECEIPT_COVERING, "receipt", &res, err, "bibi", device, 16, (int64_t)lane,
	    epoch, 16, (int64_t)b);

	return one(rc, res, "receipt", bytes, 200, err);
}

static enum err_code
receipt_newest(struct store *base, const uint8_t device[16], int lane, const uint8_t *epoch, uint8_t bytes[200],
    struct err *err)
{
	struct pg_store *st = of(base);
	uint8_t newest[16];
	PGresult *res;
	enum err_code rc;

	/* The newest epoch that has a receipt; each has one but for a transaction that is under way. */
	for (int64_t i = 0;; i++) {
		if (epoch == NULL) {
			rc = pg_run(st, PQ_EPOCH_NEWEST, "epoch", &res, err, "bii", device, 16, (int64_t)lane, i);
			rc = one(rc, res, "receipt", newest, 16, err);
			if (rc != ERR_OK)
				return rc;
		}
		rc = pg_run(st, PQ_RECEIPT_EPOCH, "receipt", &res, err, "bib", device, 16, (int64_t)lane,
		    epoch != NULL ? epoch : newest, 16);
		rc = one(rc, res, "receipt", bytes, 200, err);
		if (rc != ERR_ABSENT || epoch != NULL)
			return rc;
	}
}

static enum err_code
withdraw(struct store *base, const uint8_t owner[16], const uint8_t tag[16], const uint8_t w[32], int64_t at,
    bool *erased, struct err *err)
{
	static const enum pq steps[] = { PQ_BODY_MARK, PQ_WRAP_MARK, PQ_WRAP_DELETE, PQ_BODY_DELETE };
	struct pg_store *st = of(base);
	size_t changed = 0;
	enum err_code rc;

	*erased = false;
	rc = lock_owner(st, owner, err);
	if (rc == ERR_OK)
		rc = pg_done(st, PQ_WITHDRAW_PUT, "withdrawal", NULL, err, "bbbi", owner, 16, tag, 16, w, 32, at);
	for (size_t i = 0; rc == ERR_OK && i < sizeof(steps) / sizeof(steps[0]); i++)
		rc = pg_done(st, steps[i], "erase", &changed, err, "bb", owner, 16, tag, 16);
	*erased = rc == ERR_OK && changed > 0;
	return rc;
}

static enum err_code
quarantine(struct store *base, const uint8_t device[16], const char *why, int64_t at, const void *bytes, size_t len,
    struct err *err)
{
	struct pg_store *st = of(base);
	int64_t used = 0;
	PGresult *res;
	enum err_code rc = pg_run(st, PQ_QUARANTINE_SIZE, "quarantine", &res, err, "b", device, 16);

	if (rc == ERR_OK)
		used = pg_int(res, 0, 0);
	PQclear(res);
	if (rc != ERR_OK)
		return rc;
	if (len > STORE_QUARANTINE_MAX || used > (int64_t)(STORE_QUARANTINE_MAX - len))
		return err_set(err, ERR_LIMIT, "quarantine of this device is full");
	return pg_done(st, PQ_QUARANTINE_PUT, "quarantine", NULL, err, "bitbi", device, 16, at, why,
	    len > 0 ? bytes : "", (int)len, (int64_t)len);
}

enum err_code
pg_event(struct store *base, const struct store_event *e, struct err *err)
{
	return pg_later(of(base), PQ_EVENT_PUT, "event", 1, err, "itbt", e->at, e->what, e->device, 16, e->detail);
}

static enum err_code
seen(struct store *base, const struct store_seen *x, struct err *err)
{
	return pg_later(of(base), PQ_SEEN_PUT, "seen", -1, err, "biiiiiiii", x->device, 16, x->at, (int64_t)x->waiting,
	    (int64_t)x->oldest_hours, (int64_t)x->free_mib, (int64_t)x->ring_serial, (int64_t)x->software,
	    (int64_t)x->bundle_refused, x->clock_off_s);
}

static enum err_code
boot_put(struct store *base, const uint8_t device[16], const uint8_t boot_id[8], int64_t began, struct err *err)
{
	return pg_later(of(base), PQ_BOOT_PUT, "boot", -1, err, "bbi", device, 16, boot_id, 8, began);
}

/* --- readers ----------------------------------------------------------------------------------- */

static enum err_code
boot_get(struct store *base, const uint8_t device[16], const uint8_t boot_id[8], int64_t *began, struct err *err)
{
	PGresult *res;
	enum err_code rc = pg_run(of(base), PQ_BOOT_GET, "boot", &res, err, "bb", device, 16, boot_id, 8);

	if (rc == ERR_OK && PQntuples(res) == 0)
		rc = err_set(err, ERR_ABSENT, "boot: there is none");
	if (rc == ERR_OK)
		*began = pg_int(res, 0, 0);
	PQclear(res);
	return rc;
}

static enum err_code
positions(struct store *base, store_position_fn *fn, void *arg, struct err *err)
{
	enum { PAGE = 2000 };
	uint8_t device[16] = { 0 };
	int64_t lane = -1, opened = 0;
	enum err_code rc = ERR_OK;
	int n = PAGE;

	/* Page by page, so that a million chains are not in memory at once. */
	while (rc == ERR_OK && n == PAGE) {
		PGresult *res;

		rc = pg_run(of(base), PQ_POSITIONS, "positions", &res, err, "biii", device, 16, lane, opened, (int64_t)PAGE);
		n = rc == ERR_OK ? PQntuples(res) : 0;
		for (int i = 0; rc == ERR_OK && i < n; i++) {
			struct store_position p = { .lane = (uint8_t)pg_int(res, i, 2), .hw = (uint64_t)pg_int(res, i, 4) };

			pg_bytes(res, i, 0, p.device, 16);
			pg_text(res, i, 1, p.site, sizeof(p.site));
			pg_bytes(res, i, 3, p.epoch, 16);
			rc = fn(arg, &p, err);
			memcpy(device, p.device, 16);
			lane = p.lane;
			opened = pg_int(res, i, 5);
		}
		PQclear(res);
	}
	return rc;
}

/* What stands in the record, its body and its wraps; LEAF and LINK are the entry's. */
static void
row_read(const PGresult *res, int i, struct store_row *row)
{
	size_t len;
	uint8_t leaf[32];

	row->kind = (uint8_t)pg_int(res, i, 5);
	pg_bytes(res, i, 6, row->tag, 16);
	row->header = pg_blob(res, i, 7, &len);
	pg_bytes(res, i, 8, row->hw, 32);
	pg_bytes(res, i, 9, row->hb, 32);
	row->nonce_body = pg_blob(res, i, 10, &row->nonce_body_len);
	row->wraps = pg_blob(res, i, 11, &len);
	row->n_wraps = (uint8_t)(row->wraps == NULL ? 0 : len / 80);
	pg_bytes(res, i, 12, leaf, 32);
	row->found = memcmp(leaf, row->leaf, 32) == 0 ? STORE_KNOWN : STORE_OTHER;
}

static enum err_code
rows(struct store *base, const uint8_t device[16], int lane, const uint8_t epoch[16], uint64_t after, size_t max,
    store_row_fn *fn, void *arg, struct err *err)
{
	struct pg_store *st = of(base);
	PGresult *res = NULL;
	enum err_code rc = pg_run(st, PQ_ROWS, "rows", &res, err, "bibii", device, 16, (int64_t)lane, epoch, 16,
	    (int64_t)after, (int64_t)max);

	for (int i = 0; rc == ERR_OK && i < PQntuples(res); i++) {
		struct store_row row = { .lane = (uint8_t)lane, .seq = (uint64_t)pg_int(res, i, 0) };
		bool own = PQgetisnull(res, i, 1) != 0;
		PGresult *other = NULL;

		memcpy(row.device, device, 16);
		memcpy(row.epoch, epoch, 16);
		memcpy(row.owner, device, 16);
		if (!own)
			pg_bytes(res, i, 1, row.owner, 16);
		pg_bytes(res, i, 2, row.id, 16);
		pg_bytes(res, i, 3, row.leaf, 32);
		pg_bytes(res, i, 4, row.link, 32);
		if (own) {
			row_read(res, i, &row);
		} else {	/* a predecessor's record, on its own shard */
			rc = pg_run(st, PQ_ROW_OF, "rows", &other, err, "bb", row.owner, 16, row.id, 16);
			if (rc == ERR_OK && PQntuples(other) == 1)
				row_read(other, 0, &row);
		}
		if (rc == ERR_OK && row.header == NULL)
			rc = err_set(err, ERR_BROKEN, "rows: entry %llu has no record", (unsigned long long)row.seq);
		if (rc == ERR_OK)
			rc = fn(arg, &row, err);
		PQclear(other);
	}
	PQclear(res);
	return rc;
}

static enum err_code
seen_each(struct store *base, store_seen_fn *fn, void *arg, struct err *err)
{
	PGresult *res;
	enum err_code rc = pg_run(of(base), PQ_SEEN, "seen", &res, err, "");

	for (int i = 0; rc == ERR_OK && i < PQntuples(res); i++) {
		struct store_seen x = { .at = pg_int(res, i, 1), .waiting = (uint32_t)pg_int(res, i, 2),
		    .oldest_hours = (uint32_t)pg_int(res, i, 3), .free_mib = (uint32_t)pg_int(res, i, 4),
		    .ring_serial = (uint32_t)pg_int(res, i, 5), .software = (uint32_t)pg_int(res, i, 6),
		    .bundle_refused = (uint32_t)pg_int(res, i, 7), .clock_off_s = pg_int(res, i, 8) };

		pg_bytes(res, i, 0, x.device, 16);
		rc = fn(arg, &x, err);
	}
	PQclear(res);
	return rc;
}

static enum err_code
events(struct store *base, int64_t since, store_event_fn *fn, void *arg, struct err *err)
{
	PGresult *res;
	enum err_code rc = pg_run(of(base), PQ_EVENTS, "events", &res, err, "i", since);

	for (int i = 0; rc == ERR_OK && i < PQntuples(res); i++) {
		/* libpq puts a NUL after every value. */
		struct store_event e = { .at = pg_int(res, i, 0), .what = PQgetvalue(res, i, 1),
		    .detail = PQgetvalue(res, i, 3) };

		pg_bytes(res, i, 2, e.device, 16);
		rc = fn(arg, &e, err);
	}
	PQclear(res);
	return rc;
}

static enum err_code
counts(struct store *base, uint64_t *records, uint64_t *devices, uint64_t *quarantined, struct err *err)
{
	static const enum pq which[] = { PQ_COUNT_RECORDS, PQ_COUNT_DEVICES, PQ_COUNT_QUARANTINE };
	uint64_t got[3] = { 0, 0, 0 };
	enum err_code rc = ERR_OK;

	for (int i = 0; rc == ERR_OK && i < 3; i++) {
		PGresult *res;

		rc = pg_run(of(base), which[i], "counts", &res, err, "");
		if (rc == ERR_OK)
			got[i] = (uint64_t)pg_int(res, 0, 0);
		PQclear(res);
	}
	if (rc == ERR_OK) {
		*records = got[0];
		*devices = got[1];
		*quarantined = got[2];
	}
	return rc;
}

/* --- opening ----------------------------------------------------------------------------------- */

static void
close_store(struct store *base)
{
	struct pg_store *st = of(base);

	PQfinish(st->conn);
	if (st->url != NULL)
		wipe(st->url, strlen(st->url));	/* may hold a password */
	free(st->url);
	free(st);
}

static const struct store_ops ops = {
	.name = "postgresql", .close = close_store,
	.begin = begin, .commit = commit, .rollback = rollback,
	.device_lock = pg_device_lock, .head = head, .link_at = link_at, .append = append,
	.receipt_put = receipt_put, .receipt_covering = receipt_covering, .receipt_newest = receipt_newest,
	.withdraw = withdraw, .quarantine = quarantine, .event = pg_event, .seen = seen, .boot_put = boot_put,
	.positions = positions, .rows = rows, .boot_get = boot_get, .seen_each = seen_each, .events = events,
	.counts = counts,
};

enum err_code
store_open_pg(const char *url, bool create, struct store **out, struct err *err)
{
	struct pg_store *st = calloc(1, sizeof(*st));
	enum err_code rc;

	*out = NULL;
	if (st == NULL)
		return err_nomem(err);
	st->ops = ops;
	pg_registry_ops(&st->ops);
	pg_retain_ops(&st->ops);
	st->base.ops = &st->ops;
	st->url = strdup(url);
	if (st->url == NULL) {
		rc = err_nomem(err);
		goto fail;
	}
	rc = pg_connect(st, err);
	if (rc == ERR_OK)
		rc = pg_schema(st, create, err);
	if (rc != ERR_OK)
		goto fail;
	*out = &st->base;
	return ERR_OK;
fail:
	close_store(&st->base);
	return rc;
}
