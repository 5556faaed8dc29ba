/* The central store in PostgreSQL: registry, enrolment, bundles, log roots. Each writing function is one
 * transaction, in which the small tables that citus.sql copies to every node are written before a device's shard. */
#include "aggregator/pg.h"

#include <stdlib.h>
#include <string.h>

#include "base/codec.h"

enum { TRIES_MAX = 5 };

#define DEVICE_COLUMNS "id, site, sign_key, spki, cert_sha256, state, since, succeeds, address"

const char *const pg_registry_sql[PQ_N] = {
	[PQ_DEVICE_LOCK] = "SELECT " DEVICE_COLUMNS ", cert_pem FROM device WHERE id = $1 FOR UPDATE",
	[PQ_DEVICE_GET] = "SELECT " DEVICE_COLUMNS ", cert_pem FROM device WHERE id = $1",
	[PQ_CERT_GET] = "SELECT device FROM cert WHERE sha256 = $1",
	[PQ_DEVICE_EACH] = "SELECT " DEVICE_COLUMNS " FROM device ORDER BY site, since, id",
	[PQ_DEVICE_PUT] = "INSERT INTO device (id, site, sign_key, spki, since, succeeds, address) "
	    "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING",
	[PQ_CERT_PUT] = "INSERT INTO cert (sha256, device) VALUES ($1, $2) ON CONFLICT (sha256) DO NOTHING",
	[PQ_DEVICE_APPROVE] = "UPDATE device SET state = 1, since = $2, cert_sha256 = $3, cert_pem = $4, succeeds = $5 "
	    "WHERE id = $1 AND state = 0",
	[PQ_DEVICE_REVOKE] = "UPDATE device SET state = 2, since = $2, revocation = coalesce($3, revocation) WHERE id = $1",
	[PQ_REVOCATION] = "SELECT revocation FROM device WHERE id = $1 AND revocation IS NOT NULL",
	[PQ_INVITE_PUT] = "INSERT INTO invite (site, tag, code_hash, expires) VALUES ($1, $2, $3, $4) "
	    "ON CONFLICT (site, tag) DO UPDATE SET code_hash = excluded.code_hash, expires = excluded.expires, "
	    "used = false, tries = 0 WHERE invite.used OR invite.expires < $5",
	[PQ_INVITE_LOCK] = "SELECT code_hash, expires, used, tries FROM invite WHERE site = $1 AND tag = $2 FOR UPDATE",
	[PQ_INVITE_TRY] = "UPDATE invite SET tries = tries + 1 WHERE site = $1 AND tag = $2",
	[PQ_INVITE_USE] = "UPDATE invite SET used = true WHERE site = $1 AND tag = $2 AND NOT used",
	[PQ_SITE_PUT] = "INSERT INTO site (name, label, grp) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET "
	    "label = excluded.label, grp = excluded.grp",
	[PQ_SITE_EACH] = "SELECT name, label, grp FROM site ORDER BY name",
	[PQ_BUNDLE_PUT] = "INSERT INTO bundle (kind, target, serial, bytes) VALUES ($1, $2, $3, $4) "
	    "ON CONFLICT (kind, target, serial) DO NOTHING",
	[PQ_BUNDLE_NEWEST] = "SELECT coalesce(max(serial), 0) FROM bundle WHERE kind = $1 "
	    "AND ($2 = decode(repeat('00', 16), 'hex') OR target IN ($2, decode(repeat('00', 16), 'hex')))",
	[PQ_BUNDLE_GET] = "SELECT serial, bytes FROM bundle AS b WHERE kind = $1 "
	    "AND target IN ($2, $3, decode(repeat('00', 16), 'hex')) AND serial > $4 "
	    "AND NOT EXISTS (SELECT 1 FROM bundle AS n WHERE n.kind = b.kind AND n.target = b.target "
	    "AND n.serial > b.serial) ORDER BY serial LIMIT 1",
	[PQ_BUNDLE_SERIAL] = "SELECT coalesce(max(serial), 0) FROM bundle",
	[PQ_ASIDE_EACH] = "SELECT device, uuid_send(id), at, why, size FROM quarantine ORDER BY at, id",
	[PQ_ASIDE_GET] = "SELECT bytes FROM quarantine WHERE device = $1 AND uuid_send(id) = $2",
	[PQ_ASIDE_RELEASE] = "UPDATE quarantine SET why = 'released' WHERE device = $1 AND uuid_send(id) = $2 "
	    "AND why = 'revoked'",
	[PQ_ASIDE_DONE] = "DELETE FROM quarantine WHERE device = $1 AND uuid_send(id) = $2",
	[PQ_LOG_DAYS] = "SELECT DISTINCT log_day FROM receipt WHERE log_id = $1 AND log_day > $2 ORDER BY log_day",
	[PQ_LOG_RECEIPTS] = "SELECT device, lane, epoch, b, bytes FROM receipt WHERE log_id = $1 AND log_day = $2 "
	    "AND device >= $3 AND (device, lane, epoch, b, bytes) > ($3, $4, $5, $6, $7) "
	    "ORDER BY device, lane, epoch, b, bytes LIMIT $8",
	[PQ_ROOT_PUT] = "INSERT INTO root (log_id, day, bytes) VALUES ($1, $2, $3) ON CONFLICT (log_id, day) DO NOTHING",
	[PQ_ROOT_EACH] = "SELECT day, bytes FROM root WHERE log_id = $1 ORDER BY day",
};

static struct pg_store *
of(struct store *base)
{
	return (struct pg_store *)(void *)base;
}

/* --- devices ----------------------------------------------------------------------------------- */

static enum err_code
device_read(const PGresult *res, int i, bool with_cert, struct store_device *out, struct err *err)
{
	struct store_device d = { .state = (enum store_state)pg_int(res, i, 5), .since = pg_int(res, i, 6) };

	pg_bytes(res, i, 0, d.id, 16);
	pg_text(res, i, 1, d.site, sizeof(d.site));
	pg_bytes(res, i, 2, d.sign_key, 32);
	d.spki_len = (uint32_t)PQgetlength(res, i, 3);
	if (d.spki_len > sizeof(d.spki))
		return err_set(err, ERR_BROKEN, "registry: a TLS key of %u bytes", d.spki_len);
	pg_bytes(res, i, 3, d.spki, d.spki_len);
	pg_bytes(res, i, 4, d.cert_sha256, 32);
	d.has_succeeds = PQgetlength(res, i, 7) == 16;
	pg_bytes(res, i, 7, d.succeeds, 16);
	pg_text(res, i, 8, d.address, sizeof(d.address));
	if (with_cert && PQgetisnull(res, i, 9) == 0) {
		d.cert_pem = strdup(PQgetvalue(res, i, 9));
		if (d.cert_pem == NULL)
			return err_nomem(err);
	}
	*out = d;
	return ERR_OK;
}

static enum err_code
device_by(struct pg_store *st, enum pq n, const uint8_t id[16], struct store_device *out, struct err *err)
{
	PGresult *res;
	enum err_code rc = pg_run(st, n, "device", &res, err, "b", id, 16);

	memset(out, 0, sizeof(*out));
	if (rc == ERR_OK && PQntuples(res) == 0)
		rc = err_set(err, ERR_ABSENT, "device: there is none");
	if (rc == ERR_OK)
		rc = device_read(res, 0, true, out, err);
	PQclear(res);
	return rc;
}

enum err_code
pg_device_lock(struct store *base, const uint8_t id[16], struct store_device *out, struct err *err)
{
	return device_by(of(base), PQ_DEVICE_LOCK, id, out, err);
}

static enum err_code
device_get(struct store *base, const uint8_t id[16], struct store_device *out, struct err *err)
{
	return device_by(of(base), PQ_DEVICE_GET, id, out, err);
}

static enum err_code
device_by_cert(struct store *base, const uint8_t sha256[32], struct store_device *out, struct err *err)
{
	uint8_t id[16];
	PGresult *res;
	enum err_code rc = pg_run(of(base), PQ_CERT_GET, "device", &res, err, "b", sha256, 32);

	memset(out, 0, sizeof(*out));
	if (rc == ERR_OK && PQntuples(res) == 0)
		rc = err_set(err, ERR_ABSENT, "device: there is none");
	if (rc == ERR_OK)
		pg_bytes(res, 0, 0, id, 16);
	PQclear(res);
	return rc == ERR_OK ? device_get(base, id, out, err) : rc;
}

static enum err_code
device_each(struct store *base, store_device_fn *fn, void *arg, struct err *err)
{
	PGresult *res;
	enum err_code rc = pg_run(of(base), PQ_DEVICE_EACH, "devices", &res, err, "");

	for (int i = 0; rc == ERR_OK && i < PQntuples(res); i++) {
		struct store_device d;

		rc = device_read(res, i, false, &d, err);
		if (rc == ERR_OK)
			rc = fn(arg, &d, err);
	}
	PQclear(res);
	return rc;
}

static enum err_code
audit(struct store *base, const char *what, const uint8_t id[16], int64_t now, const char *detail, struct err *err)
{
	struct store_event e = { .at = now, .what = what, .detail = detail };

	memcpy(e.device, id, 16);
	return pg_event(base, &e, err);
}

static enum err_code
approve(struct store *base, const struct store_device *d, int64_t now, struct err *err)
{
	struct pg_store *st = of(base);
	size_t changed = 0;
	enum err_code rc = pg_begin(st, err);

	if (rc != ERR_OK)
		return rc;
	rc = pg_done(st, PQ_CERT_PUT, "approve", &changed, err, "bb", d->cert_sha256, 32, d->id, 16);
	if (rc == ERR_OK && changed != 1)
		rc = err_set(err, ERR_EXISTS, "this certificate was given out before");
	if (rc == ERR_OK)
		rc = pg_done(st, PQ_DEVICE_APPROVE, "approve", &changed, err, "bibtb", d->id, 16, now, d->cert_sha256, 32,
		    d->cert_pem, d->has_succeeds ? d->succeeds : NULL, 16);
	if (rc == ERR_OK && changed != 1)
		rc = err_set(err, ERR_EXISTS, "this device is not waiting for approval");
	if (rc == ERR_OK)
		rc = audit(base, "approved", d->id, now, d->site, err);
	return pg_end(st, rc, err);
}

static enum err_code
revoke(struct store *base, const uint8_t id[16], int64_t now, const void *order, size_t order_len, struct err *err)
{
	struct pg_store *st = of(base);
	size_t changed = 0;
	enum err_code rc = pg_begin(st, err);

	if (rc != ERR_OK)
		return rc;
	rc = pg_done(st, PQ_DEVICE_REVOKE, "revoke", &changed, err, "bib", id, 16, now, order, (int)order_len);
	if (rc == ERR_OK && changed != 1)
		rc = err_set(err, ERR_ABSENT, "there is no such device");
	if (rc == ERR_OK)
		rc = audit(base, "revoked", id, now, order_len > 0 ? "with a signed order" : "", err);
	return pg_end(st, rc, err);
}

static enum err_code
revocation(struct store *base, const uint8_t id[16], struct buf *out, struct err *err)
{
	const uint8_t *bytes;
	size_t len;
	PGresult *res;
	enum err_code rc = pg_run(of(base), PQ_REVOCATION, "revocation", &res, err, "b", id, 16);

	if (rc == ERR_OK && PQntuples(res) == 1) {
		bytes = pg_blob(res, 0, 0, &len);
		buf_put(out, bytes, len);
		rc = buf_check(out, err);
	}
	PQclear(res);
	return rc;
}

/* --- enrolment --------------------------------------------------------------------------------- */

/* Is the code right, in time and unused? A wrong one counts against this invitation and no other. */
static enum err_code
judge_code(struct pg_store *st, const char *site, const char *tag, const uint8_t code_hash[32], int64_t now,
    bool *wrong, struct err *err)
{
	PGresult *res;
	enum err_code rc = pg_run(st, PQ_INVITE_LOCK, "invitation", &res, err, "tt", site, tag);
	uint8_t kept[32];

	*wrong = false;
	if (rc == ERR_OK && PQntuples(res) == 0)
		rc = err_set(err, ERR_DENIED, "no such invitation");
	if (rc != ERR_OK)
		goto out;
	pg_bytes(res, 0, 0, kept, 32);
	if (pg_int(res, 0, 3) >= TRIES_MAX) {
		rc = err_set(err, ERR_DENIED, "this invitation was tried wrongly five times: ask for a new one");
	} else if (memcmp(kept, code_hash, 32) != 0) {
		*wrong = true;
		rc = err_set(err, ERR_DENIED, "the code is wrong");
	} else if (pg_int(res, 0, 2) != 0) {
		rc = err_set(err, ERR_DENIED, "this invitation was used before: ask for a new one");
	} else if (now > pg_int(res, 0, 1)) {
		rc = err_set(err, ERR_DENIED, "this invitation is too old: ask for a new one");
	}
out:
	PQclear(res);
	return rc;
}

static enum err_code
enrol(struct store *base, const struct store_device *d, const char *tag, const uint8_t code_hash[32], int64_t now,
    struct err *err)
{
	struct pg_store *st = of(base);
	struct err ignored;
	size_t changed = 0;
	bool wrong = false;
	enum err_code rc = pg_begin(st, err), end;

	if (rc != ERR_OK)
		return rc;
	rc = judge_code(st, d->site, tag, code_hash, now, &wrong, err);
	if (wrong) {
		end = pg_done(st, PQ_INVITE_TRY, "invitation", NULL, &ignored, "tt", d->site, tag);
		end = pg_end(st, end, &ignored);
		if (end == ERR_OK)
			return rc;
		/* The try was not counted: say neither yes nor no. */
		return err_set(err, ERR_AGAIN, "invitation: %s", ignored.msg);
	}
	if (rc == ERR_OK)
		rc = pg_done(st, PQ_INVITE_USE, "invitation", NULL, err, "tt", d->site, tag);
	if (rc == ERR_OK)
		rc = pg_done(st, PQ_DEVICE_PUT, "device", &changed, err, "btbbibt", d->id, 16, d->site, d->sign_key, 32,
		    d->spki, (int)d->spki_len, now, d->has_succeeds ? d->succeeds : NULL, 16, d->address);
	if (rc == ERR_OK && changed != 1)
		rc = err_set(err, ERR_EXISTS, "this device is known");
	return pg_end(st, rc, err);
}

static enum err_code
invite(struct store *base, const char *site, const char *tag, const uint8_t code_hash[32], int64_t now,
    int64_t expires, struct err *err)
{
	struct pg_store *st = of(base);
	size_t changed = 0;
	enum err_code rc = pg_begin(st, err);

	if (rc != ERR_OK)
		return rc;
	rc = pg_done(st, PQ_INVITE_PUT, "invitation", &changed, err, "ttbii", site, tag, code_hash, 32, expires,
	    now);
	if (rc == ERR_INPUT)
		rc = err_set(err, ERR_ABSENT, "there is no site called %s at the centre", site);
	if (rc == ERR_OK && changed != 1)
		rc = err_set(err, ERR_EXISTS, "site %s has an open invitation of that tag", site);
	return pg_end(st, rc, err);
}

static enum err_code
site_put(struct store *base, const struct store_site *s, struct err *err)
{
	struct pg_store *st = of(base);
	enum err_code rc = pg_begin(st, err);

	if (rc != ERR_OK)
		return rc;
	rc = pg_done(st, PQ_SITE_PUT, "site", NULL, err, "ttt", s->name, s->label, s->group);
	return pg_end(st, rc, err);
}

static enum err_code
site_each(struct store *base, store_site_fn *fn, void *arg, struct err *err)
{
	PGresult *res;
	enum err_code rc = pg_run(of(base), PQ_SITE_EACH, "sites", &res, err, "");

	for (int i = 0; rc == ERR_OK && i < PQntuples(res); i++) {
		struct store_site site;

		pg_text(res, i, 0, site.name, sizeof(site.name));
		pg_text(res, i, 1, site.label, sizeof(site.label));
		pg_text(res, i, 2, site.group, sizeof(site.group));
		rc = fn(arg, &site, err);
	}
	PQclear(res);
	return rc;
}

/* --- bundles ----------------------------------------------------------------------------------- */

static enum err_code
bundle_put(struct store *base, int kind, const uint8_t target[16], uint32_t serial, const void *bytes, size_t len,
    struct err *err)
{
	struct pg_store *st = of(base);
	int64_t newest = 0;
	size_t changed = 0;
	PGresult *res;
	enum err_code rc = pg_begin(st, err);

	if (rc != ERR_OK)
		return rc;
	rc = pg_run(st, PQ_BUNDLE_NEWEST, "bundle", &res, err, "ib", (int64_t)kind, target, 16);
	if (rc == ERR_OK)
		newest = pg_int(res, 0, 0);
	PQclear(res);
	if (rc == ERR_OK && newest >= (int64_t)serial)
		rc = err_set(err, ERR_EXISTS, "serial %u: serial %lld is there already", serial, (long long)newest);
	if (rc == ERR_OK)
		rc = pg_done(st, PQ_BUNDLE_PUT, "bundle", &changed, err, "ibib", (int64_t)kind, target, 16, (int64_t)serial,
		    len > 0 ? bytes : "", (int)len);
	if (rc == ERR_OK && changed != 1)
		rc = err_set(err, ERR_EXISTS, "serial %u is there already", serial);
	return pg_end(st, rc, err);
}

static enum err_code
bundle_get(struct store *base, int kind, const uint8_t *device, const uint8_t *site_target, uint32_t after,
    uint32_t *serial, struct buf *out, struct err *err)
{
	const uint8_t *bytes;
	size_t len;
	PGresult *res;
	enum err_code rc = pg_run(of(base), PQ_BUNDLE_GET, "bundle", &res, err, "ibbi", (int64_t)kind, device, 16,
	    site_target, 16, (int64_t)after);

	if (rc == ERR_OK && PQntuples(res) == 0)
		rc = err_set(err, ERR_ABSENT, "bundle: there is none");
	if (rc == ERR_OK) {
		*serial = (uint32_t)pg_int(res, 0, 0);
		bytes = pg_blob(res, 0, 1, &len);
		if (out != NULL) {
			buf_put(out, bytes, len);
			rc = buf_check(out, err);
		}
	}
	PQclear(res);
	return rc;
}

static enum err_code
bundle_serial(struct store *base, unsigned *out, struct err *err)
{
	PGresult *res;
	enum err_code rc = pg_run(of(base), PQ_BUNDLE_SERIAL, "bundle", &res, err, "");

	if (rc == ERR_OK)
		*out = (unsigned)pg_int(res, 0, 0);
	PQclear(res);
	return rc;
}

/* --- what was put aside ------------------------------------------------------------------------ */

static enum err_code
aside_each(struct store *base, store_aside_fn *fn, void *arg, struct err *err)
{
	PGresult *res;
	enum err_code rc = pg_run(of(base), PQ_ASIDE_EACH, "quarantine", &res, err, "");

	for (int i = 0; rc == ERR_OK && i < PQntuples(res); i++) {
		struct store_aside a = { .at = pg_int(res, i, 2), .why = PQgetvalue(res, i, 3),
		    .size = (uint64_t)pg_int(res, i, 4) };

		pg_bytes(res, i, 0, a.device, 16);
		pg_bytes(res, i, 1, a.id, 16);
		rc = fn(arg, &a, err);
	}
	PQclear(res);
	return rc;
}

static enum err_code
aside_get(struct store *base, const uint8_t device[16], const uint8_t id[16], struct buf *out, struct err *err)
{
	const uint8_t *bytes;
	size_t len;
	PGresult *res;
	enum err_code rc = pg_run(of(base), PQ_ASIDE_GET, "quarantine", &res, err, "bb", device, 16, id, 16);

	if (rc == ERR_OK && PQntuples(res) == 0)
		rc = err_set(err, ERR_ABSENT, "quarantine: there is none");
	if (rc == ERR_OK) {
		bytes = pg_blob(res, 0, 0, &len);
		buf_put(out, bytes, len);
		rc = buf_check(out, err);
	}
	PQclear(res);
	return rc;
}

static enum err_code
aside_release(struct store *base, const uint8_t device[16], const uint8_t id[16], int64_t now, struct err *err)
{
	struct pg_store *st = of(base);
	size_t changed = 0;
	enum err_code rc = pg_begin(st, err);

	if (rc != ERR_OK)
		return rc;
	rc = pg_done(st, PQ_ASIDE_RELEASE, "release", &changed, err, "bb", device, 16, id, 16);
	if (rc == ERR_OK && changed != 1)
		rc = err_set(err, ERR_ABSENT, "there is no batch of a revoked device of that name aside");
	if (rc == ERR_OK)
		rc = audit(base, "released", device, now, "a batch that was put aside", err);
	return pg_end(st, rc, err);
}

static enum err_code
aside_done(struct store *base, const uint8_t device[16], const uint8_t id[16], struct err *err)
{
	struct pg_store *st = of(base);
	enum err_code rc = pg_begin(st, err);

	if (rc != ERR_OK)
		return rc;
	rc = pg_done(st, PQ_ASIDE_DONE, "release", NULL, err, "bb", device, 16, id, 16);
	return pg_end(st, rc, err);
}

/* --- log roots --------------------------------------------------------------------------------- */

static enum err_code
log_days(struct store *base, const uint8_t log_id[16], uint32_t after, store_day_fn *fn, void *arg, struct err *err)
{
	PGresult *res;
	enum err_code rc = pg_run(of(base), PQ_LOG_DAYS, "days of the log", &res, err, "bi", log_id, 16, (int64_t)after);

	for (int i = 0; rc == ERR_OK && i < PQntuples(res); i++)
		rc = fn(arg, (uint32_t)pg_int(res, i, 0), err);
	PQclear(res);
	return rc;
}

static enum err_code
log_receipts(struct store *base, const uint8_t log_id[16], uint32_t day, store_bytes_fn *fn, void *arg,
    struct err *err)
{
	enum { PAGE = 2000 };
	uint8_t device[16] = { 0 }, epoch[16] = { 0 }, bytes[200] = { 0 };
	int64_t lane = -1, b = 0;
	enum err_code rc = ERR_OK;
	int n = PAGE;

	while (rc == ERR_OK && n == PAGE) {
		PGresult *res;

		rc = pg_run(of(base), PQ_LOG_RECEIPTS, "receipts of a day", &res, err, "bibibibi", log_id, 16, (int64_t)day,
		    device, 16, lane, epoch, 16, b, bytes, 200, (int64_t)PAGE);
		n = rc == ERR_OK ? PQntuples(res) : 0;
		for (int i = 0; rc == ERR_OK && i < n; i++) {
			uint8_t key[17];

			pg_bytes(res, i, 0, device, 16);
			lane = pg_int(res, i, 1);
			pg_bytes(res, i, 2, epoch, 16);
			b = pg_int(res, i, 3);
			pg_bytes(res, i, 4, bytes, 200);
			memcpy(key, device, 16);
			key[16] = (uint8_t)('0' + lane);
			rc = fn(arg, key, sizeof(key), bytes, sizeof(bytes), err);
		}
		PQclear(res);
	}
	return rc;
}

static enum err_code
root_put(struct store *base, const uint8_t log_id[16], uint32_t day, const void *bytes, size_t len, struct err *err)
{
	struct pg_store *st = of(base);
	size_t changed = 0;
	enum err_code rc = pg_begin(st, err);

	if (rc != ERR_OK)
		return rc;
	rc = pg_done(st, PQ_ROOT_PUT, "log root", &changed, err, "bib", log_id, 16, (int64_t)day, bytes, (int)len);
	if (rc == ERR_OK && changed != 1)
		rc = err_set(err, ERR_EXISTS, "log root: that day is closed");
	rc = pg_end(st, rc, err);
	/* Lost at COMMIT: who tries again finds the day closed, or closes it. */
	return rc == ERR_BROKEN && st->conn == NULL ? ERR_AGAIN : rc;
}

static enum err_code
root_each(struct store *base, const uint8_t log_id[16], store_bytes_fn *fn, void *arg, struct err *err)
{
	PGresult *res;
	enum err_code rc = pg_run(of(base), PQ_ROOT_EACH, "log roots", &res, err, "b", log_id, 16);

	for (int i = 0; rc == ERR_OK && i < PQntuples(res); i++) {
		const uint8_t *bytes;
		uint8_t day[4];
		size_t len;

		put_be32(day, (uint32_t)pg_int(res, i, 0));
		bytes = pg_blob(res, i, 1, &len);
		rc = fn(arg, day, 4, bytes, len, err);
	}
	PQclear(res);
	return rc;
}

void
pg_registry_ops(struct store_ops *ops)
{
	ops->device_get = device_get;
	ops->device_by_cert = device_by_cert;
	ops->device_each = device_each;
	ops->enrol = enrol;
	ops->approve = approve;
	ops->revoke = revoke;
	ops->revocation = revocation;
	ops->invite = invite;
	ops->site_put = site_put;
	ops->site_each = site_each;
	ops->bundle_put = bundle_put;
	ops->bundle_get = bundle_get;
	ops->bundle_serial = bundle_serial;
	ops->aside_each = aside_each;
	ops->aside_get = aside_get;
	ops->aside_release = aside_release;
	ops->aside_done = aside_done;
	ops->log_days = log_days;
	ops->log_receipts = log_receipts;
	ops->root_put = root_put;
	ops->root_each = root_each;
}
