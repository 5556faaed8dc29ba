/* The central store in SQLite: registry, enrolment, bundles, log roots. Each function is one transaction. */
#include "aggregator/sqlite.h"

#include <stdlib.h>
#include <string.h>

#include "base/codec.h"

enum { TRIES_MAX = 5 };

static struct sqlite_store *
of(struct store *base)
{
	return (struct sqlite_store *)(void *)base;
}

enum err_code
sqlite_device_read(sqlite3_stmt *s, bool with_cert, struct store_device *out, struct err *err)
{
	struct store_device d = { .state = (enum store_state)sqlite3_column_int(s, 5),
	    .since = sqlite3_column_int64(s, 6) };

	sq_bytes(s, 0, d.id, 16);
	sq_text(s, 1, d.site, sizeof(d.site));
	sq_bytes(s, 2, d.sign_key, 32);
	d.spki_len = (uint32_t)sqlite3_column_bytes(s, 3);
	if (d.spki_len > sizeof(d.spki))
		return err_set(err, ERR_BROKEN, "registry: a TLS key of %u bytes", d.spki_len);
	sq_bytes(s, 3, d.spki, d.spki_len);
	sq_bytes(s, 4, d.cert_sha256, 32);
	d.has_succeeds = sqlite3_column_bytes(s, 7) == 16;
	sq_bytes(s, 7, d.succeeds, 16);
	sq_text(s, 8, d.address, sizeof(d.address));
	if (with_cert && sqlite3_column_type(s, 9) == SQLITE_TEXT) {
		d.cert_pem = strdup((const char *)sqlite3_column_text(s, 9));
		if (d.cert_pem == NULL)
			return err_nomem(err);
	}
	*out = d;
	return ERR_OK;
}

static enum err_code
device_by(struct sqlite_store *st, sqlite3_stmt *s, struct store_device *out, struct err *err)
{
	enum err_code rc = sq_row(st, s, "device", err);

	memset(out, 0, sizeof(*out));
	if (rc != ERR_OK)
		return rc;
	rc = sqlite_device_read(s, true, out, err);
	sqlite3_reset(s);
	return rc;
}

enum err_code
sqlite_device_get(struct store *base, const uint8_t id[16], struct store_device *out, struct err *err)
{
	return device_by(of(base), sq_bind(of(base), SQ_DEVICE_GET, "b", id, 16), out, err);
}

enum err_code
sqlite_device_by_cert(struct store *base, const uint8_t sha256[32], struct store_device *out, struct err *err)
{
	return device_by(of(base), sq_bind(of(base), SQ_DEVICE_CERT, "b", sha256, 32), out, err);
}

enum err_code
sqlite_device_each(struct store *base, store_device_fn *fn, void *arg, struct err *err)
{
	struct sqlite_store *st = of(base);
	sqlite3_stmt *s = sq_bind(st, SQ_DEVICE_EACH, "");
	enum err_code rc = ERR_OK;
	int no;

	while (rc == ERR_OK && (no = sqlite3_step(s)) == SQLITE_ROW) {
		struct store_device d;

		rc = sqlite_device_read(s, false, &d, err);
		if (rc == ERR_OK)
			rc = fn(arg, &d, err);
	}
	if (rc == ERR_OK && no != SQLITE_DONE)
		rc = db_err(st->db, "devices", err);
	sqlite3_reset(s);
	return rc;
}

/* Is the code right, in time and unused? A wrong one counts against this invitation and no other. */
static enum err_code
judge_code(struct sqlite_store *st, const char *site, const char *tag, const uint8_t code_hash[32], int64_t now,
    bool *wrong, struct err *err)
{
	sqlite3_stmt *s = sq_bind(st, SQ_INVITE_GET, "tt", site, tag);
	enum err_code rc = sq_row(st, s, "invitation", err);
	uint8_t kept[32];
	int64_t expires, tries;
	bool used;

	*wrong = false;
	if (rc == ERR_ABSENT)
		return err_set(err, ERR_DENIED, "no such invitation");
	if (rc != ERR_OK)
		return rc;
	sq_bytes(s, 0, kept, 32);
	expires = sqlite3_column_int64(s, 1);
	used = sqlite3_column_int(s, 2) != 0;
	tries = sqlite3_column_int64(s, 3);
	sqlite3_reset(s);
	if (tries >= TRIES_MAX)
		return err_set(err, ERR_DENIED, "this invitation was tried wrongly five times: ask for a new one");
	if (memcmp(kept, code_hash, 32) != 0) {
		*wrong = true;
		return err_set(err, ERR_DENIED, "the code is wrong");
	}
	if (used)
		return err_set(err, ERR_DENIED, "this invitation was used before: ask for a new one");
	if (now > expires)
		return err_set(err, ERR_DENIED, "this invitation is too old: ask for a new one");
	return ERR_OK;
}

enum err_code
sqlite_enrol(struct store *base, const struct store_device *d, const char *tag, const uint8_t code_hash[32],
    int64_t now, struct err *err)
{
	struct sqlite_store *st = of(base);
	struct err ignored;
	bool wrong = false;
	enum err_code rc = sq_begin(st, err), end;

	if (rc != ERR_OK)
		return rc;
	rc = judge_code(st, d->site, tag, code_hash, now, &wrong, err);
	if (wrong) {
		end = sq_done(st, sq_bind(st, SQ_INVITE_TRY, "tt", d->site, tag), "invitation", &ignored);
		end = sq_end(st, end, &ignored);
		return end == ERR_OK ? rc : end;
	}
	if (rc == ERR_OK)
		rc = sq_done(st, sq_bind(st, SQ_DEVICE_PUT, "btbbibt", d->id, 16, d->site, d->sign_key, 32, d->spki,
		    (int)d->spki_len, now, d->has_succeeds ? d->succeeds : NULL, 16, d->address), "device", err);
	if (rc == ERR_OK)
		rc = sq_done(st, sq_bind(st, SQ_INVITE_USE, "tt", d->site, tag), "invitation", err);
	return sq_end(st, rc, err);
}

static enum err_code
audit(struct store *base, const char *what, const uint8_t id[16], int64_t now, const char *detail, struct err *err)
{
	struct store_event e = { .at = now, .what = what, .detail = detail };

	memcpy(e.device, id, 16);
	return sqlite_event(base, &e, err);
}

enum err_code
sqlite_approve(struct store *base, const struct store_device *d, int64_t now, struct err *err)
{
	struct sqlite_store *st = of(base);
	enum err_code rc = sq_begin(st, err);

	if (rc != ERR_OK)
		return rc;
	rc = sq_done(st, sq_bind(st, SQ_DEVICE_APPROVE, "bibtb", d->id, 16, now, d->cert_sha256, 32, d->cert_pem,
	    d->has_succeeds ? d->succeeds : NULL, 16), "approve", err);
	if (rc == ERR_OK && sqlite3_changes(st->db) != 1)
		rc = err_set(err, ERR_EXISTS, "this device is not waiting for approval");
	if (rc == ERR_OK)
		rc = audit(base, "approved", d->id, now, d->site, err);
	return sq_end(st, rc, err);
}

enum err_code
sqlite_revoke(struct store *base, const uint8_t id[16], int64_t now, const void *order, size_t order_len,
    struct err *err)
{
	struct sqlite_store *st = of(base);
	enum err_code rc = sq_begin(st, err);

	if (rc != ERR_OK)
		return rc;
	rc = sq_done(st, sq_bind(st, SQ_DEVICE_REVOKE, "bib", id, 16, now, order, (int)order_len), "revoke", err);
	if (rc == ERR_OK && sqlite3_changes(st->db) != 1)
		rc = err_set(err, ERR_ABSENT, "there is no such device");
	if (rc == ERR_OK)
		rc = audit(base, "revoked", id, now, order_len > 0 ? "with a signed order" : "", err);
	return sq_end(st, rc, err);
}

enum err_code
sqlite_revocation(struct store *base, const uint8_t id[16], struct buf *out, struct err *err)
{
	struct sqlite_store *st = of(base);
	sqlite3_stmt *s = sq_bind(st, SQ_REVOCATION, "b", id, 16);
	enum err_code rc = sq_row(st, s, "revocation", err);

	if (rc == ERR_ABSENT)
		return ERR_OK;
	if (rc != ERR_OK)
		return rc;
	buf_put(out, sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0));
	sqlite3_reset(s);
	return buf_check(out, err);
}

enum err_code
sqlite_invite(struct store *base, const char *site, const char *tag, const uint8_t code_hash[32], int64_t now,
    int64_t expires, struct err *err)
{
	struct sqlite_store *st = of(base);
	enum err_code rc = sq_done(st, sq_bind(st, SQ_INVITE_PUT, "ttbii", site, tag, code_hash, 32, expires, now),
	    "invitation", err);

	if (rc == ERR_INPUT)
		return err_set(err, ERR_ABSENT, "there is no site called %s at the centre", site);
	if (rc == ERR_OK && sqlite3_changes(st->db) != 1)
		return err_set(err, ERR_EXISTS, "site %s has an open invitation of that tag", site);
	return rc;
}

enum err_code
sqlite_site_put(struct store *base, const struct store_site *s, struct err *err)
{
	struct sqlite_store *st = of(base);

	return sq_done(st, sq_bind(st, SQ_SITE_PUT, "ttt", s->name, s->label, s->group), "site", err);
}

enum err_code
sqlite_site_each(struct store *base, store_site_fn *fn, void *arg, struct err *err)
{
	struct sqlite_store *st = of(base);
	sqlite3_stmt *s = sq_bind(st, SQ_SITE_EACH, "");
	enum err_code rc = ERR_OK;
	int no;

	while (rc == ERR_OK && (no = sqlite3_step(s)) == SQLITE_ROW) {
		struct store_site site;

		sq_text(s, 0, site.name, sizeof(site.name));
		sq_text(s, 1, site.label, sizeof(site.label));
		sq_text(s, 2, site.group, sizeof(site.group));
		rc = fn(arg, &site, err);
	}
	if (rc == ERR_OK && no != SQLITE_DONE)
		rc = db_err(st->db, "sites", err);
	sqlite3_reset(s);
	return rc;
}

enum err_code
sqlite_bundle_put(struct store *base, int kind, const uint8_t target[16], uint32_t serial, const void *bytes,
    size_t len, struct err *err)
{
	struct sqlite_store *st = of(base);
	sqlite3_stmt *s;
	enum err_code rc = sq_begin(st, err);

	if (rc != ERR_OK)
		return rc;
	s = sq_bind(st, SQ_BUNDLE_NEWEST, "ib", (int64_t)kind, target, 16);
	rc = sq_row(st, s, "bundle", err);
	if (rc == ERR_OK && sqlite3_column_int64(s, 0) >= (int64_t)serial)
		rc = err_set(err, ERR_EXISTS, "serial %u: serial %lld is there already", serial,
		    (long long)sqlite3_column_int64(s, 0));
	sqlite3_reset(s);
	if (rc == ERR_OK)
		rc = sq_done(st, sq_bind(st, SQ_BUNDLE_PUT, "ibib", (int64_t)kind, target, 16, (int64_t)serial, bytes,
		    (int)len), "bundle", err);
	return sq_end(st, rc, err);
}

enum err_code
sqlite_bundle_get(struct store *base, int kind, const uint8_t *device, const uint8_t *site_target, uint32_t after,
    uint32_t *serial, struct buf *out, struct err *err)
{
	struct sqlite_store *st = of(base);
	sqlite3_stmt *s = sq_bind(st, SQ_BUNDLE_GET, "ibbi", (int64_t)kind, device, 16, site_target, 16, (int64_t)after);
	enum err_code rc = sq_row(st, s, "bundle", err);

	if (rc != ERR_OK)
		return rc;
	*serial = (uint32_t)sqlite3_column_int64(s, 0);
	if (out != NULL)
		buf_put(out, sqlite3_column_blob(s, 1), (size_t)sqlite3_column_bytes(s, 1));
	sqlite3_reset(s);
	return out != NULL ? buf_check(out, err) : ERR_OK;
}

enum err_code
sqlite_bundle_serial(struct store *base, unsigned *out, struct err *err)
{
	struct sqlite_store *st = of(base);
	sqlite3_stmt *s = sq_bind(st, SQ_BUNDLE_SERIAL, "");
	enum err_code rc = sq_row(st, s, "bundle", err);

	if (rc != ERR_OK)
		return rc;
	*out = (unsigned)sqlite3_column_int64(s, 0);
	sqlite3_reset(s);
	return ERR_OK;
}

enum err_code
sqlite_log_days(struct store *base, const uint8_t log_id[16], uint32_t after, store_day_fn *fn, void *arg,
    struct err *err)
{
	struct sqlite_store *st = of(base);
	sqlite3_stmt *s = sq_bind(st, SQ_LOG_DAYS, "bi", log_id, 16, (int64_t)after);
	enum err_code rc = ERR_OK;
	int no;

	while (rc == ERR_OK && (no = sqlite3_step(s)) == SQLITE_ROW)
		rc = fn(arg, (uint32_t)sqlite3_column_int64(s, 0), err);
	if (rc == ERR_OK && no != SQLITE_DONE)
		rc = db_err(st->db, "days of the log", err);
	sqlite3_reset(s);
	return rc;
}

enum err_code
sqlite_log_receipts(struct store *base, const uint8_t log_id[16], uint32_t day, store_bytes_fn *fn, void *arg,
    struct err *err)
{
	struct sqlite_store *st = of(base);
	sqlite3_stmt *s = sq_bind(st, SQ_LOG_RECEIPTS, "bi", log_id, 16, (int64_t)day);
	enum err_code rc = ERR_OK;
	int no;

	while (rc == ERR_OK && (no = sqlite3_step(s)) == SQLITE_ROW)
		rc = fn(arg, sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0),
		    sqlite3_column_blob(s, 1), (size_t)sqlite3_column_bytes(s, 1), err);
	if (rc == ERR_OK && no != SQLITE_DONE)
		rc = db_err(st->db, "receipts of a day", err);
	sqlite3_reset(s);
	return rc;
}

/* A row put aside is named by its number here. */
static int64_t
aside_n(const uint8_t id[16])
{
	return (int64_t)be64(id + 8);
}

enum err_code
sqlite_aside_each(struct store *base, store_aside_fn *fn, void *arg, struct err *err)
{
	struct sqlite_store *st = of(base);
	sqlite3_stmt *s = sq_bind(st, SQ_ASIDE_EACH, "");
	enum err_code rc = ERR_OK;
	int no = SQLITE_DONE;

	while (rc == ERR_OK && (no = sqlite3_step(s)) == SQLITE_ROW) {
		struct store_aside a = { .at = sqlite3_column_int64(s, 2), .why = (const char *)sqlite3_column_text(s, 3),
		    .size = (uint64_t)sqlite3_column_int64(s, 4) };

		put_be64(a.id + 8, (uint64_t)sqlite3_column_int64(s, 0));
		sq_bytes(s, 1, a.device, 16);
		rc = fn(arg, &a, err);
	}
	if (rc == ERR_OK && no != SQLITE_DONE)
		rc = db_err(st->db, "quarantine", err);
	sqlite3_reset(s);
	return rc;
}

enum err_code
sqlite_aside_get(struct store *base, const uint8_t device[16], const uint8_t id[16], struct buf *out, struct err *err)
{
	struct sqlite_store *st = of(base);
	sqlite3_stmt *s = sq_bind(st, SQ_ASIDE_GET, "bi", device, 16, aside_n(id));
	enum err_code rc = sq_row(st, s, "quarantine", err);

	if (rc == ERR_OK) {
		buf_put(out, sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0));
		rc = buf_check(out, err);
	}
	sqlite3_reset(s);
	return rc;
}

enum err_code
sqlite_aside_release(struct store *base, const uint8_t device[16], const uint8_t id[16], int64_t now, struct err *err)
{
	struct sqlite_store *st = of(base);
	enum err_code rc = sq_begin(st, err);

	if (rc != ERR_OK)
		return rc;
	rc = sq_done(st, sq_bind(st, SQ_ASIDE_RELEASE, "bi", device, 16, aside_n(id)), "release", err);
	if (rc == ERR_OK && sqlite3_changes(st->db) != 1)
		rc = err_set(err, ERR_ABSENT, "there is no batch of a revoked device of that name aside");
	if (rc == ERR_OK)
		rc = audit(base, "released", device, now, "a batch that was put aside", err);
	return sq_end(st, rc, err);
}

enum err_code
sqlite_aside_done(struct store *base, const uint8_t device[16], const uint8_t id[16], struct err *err)
{
	struct sqlite_store *st = of(base);
	enum err_code rc = sq_begin(st, err);

	if (rc != ERR_OK)
		return rc;
	rc = sq_done(st, sq_bind(st, SQ_ASIDE_DONE, "bi", device, 16, aside_n(id)), "release", err);
	return sq_end(st, rc, err);
}

enum err_code
sqlite_root_put(struct store *base, const uint8_t log_id[16], uint32_t day, const void *bytes, size_t len,
    struct err *err)
{
	struct sqlite_store *st = of(base);

	return sq_done(st, sq_bind(st, SQ_ROOT_PUT, "bib", log_id, 16, (int64_t)day, bytes, (int)len), "log root", err);
}

enum err_code
sqlite_root_each(struct store *base, const uint8_t log_id[16], store_bytes_fn *fn, void *arg, struct err *err)
{
	struct sqlite_store *st = of(base);
	sqlite3_stmt *s = sq_bind(st, SQ_ROOT_EACH, "b", log_id, 16);
	enum err_code rc = ERR_OK;
	int no;

	while (rc == ERR_OK && (no = sqlite3_step(s)) == SQLITE_ROW) {
		uint8_t day[4];

		put_be32(day, (uint32_t)sqlite3_column_int64(s, 0));
		rc = fn(arg, day, 4, sqlite3_column_blob(s, 1), (size_t)sqlite3_column_bytes(s, 1), err);
	}
	if (rc == ERR_OK && no != SQLITE_DONE)
		rc = db_err(st->db, "log roots", err);
	sqlite3_reset(s);
	return rc;
}
