/* Keeping house in site.db: counts, room on the disk, retention, withdrawal, and the look over everything at
 * start. See outbox.h. */
#include "collector/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "collector/outbox_db.h"

/* --- counts --- */

static enum err_code
one_int(struct outbox *ob, enum ob_stmt s, enum err_code rc, int64_t none, int64_t *out)
{
	*out = none;
	if (rc == ERR_OK) {
		if (sqlite3_column_type(ob->stmt[s], 0) != SQLITE_NULL)
			*out = sqlite3_column_int64(ob->stmt[s], 0);
		ob_done(ob, s);
	}
	return rc == ERR_ABSENT ? ERR_OK : rc;
}

static enum err_code
count(struct outbox *ob, struct outbox_counts *out, struct err *err)
{
	struct outbox_lane l;
	int64_t kept = 0, waiting = 0;
	enum err_code rc = ob_lane(ob, LANE_ANSWERS, &l, err);

	if (rc == ERR_OK)
		rc = one_int(ob, OB_RECORD_COUNT, ob_query(ob, OB_RECORD_COUNT, "count", err, ""), 0, &kept);
	if (rc == ERR_OK)
		rc = one_int(ob, OB_RECORD_WAITING, ob_query(ob, OB_RECORD_WAITING, "count", err, "bi", l.epoch,
		    (size_t)16, (int64_t)l.acked_seq), 0, &waiting);
	if (rc == ERR_OK)
		rc = one_int(ob, OB_RECORD_OLDEST, ob_query(ob, OB_RECORD_OLDEST, "oldest", err, "bi", l.epoch,
		    (size_t)16, (int64_t)l.acked_seq), -1, &out->oldest_day);
	if (rc == ERR_OK)
		rc = one_int(ob, OB_RECORD_DAY, ob_query(ob, OB_RECORD_DAY, "receipts", err, ""), -1, &out->receipt_day);
	out->kept = (uint64_t)kept;
	out->waiting = (uint64_t)waiting;
	return rc;
}

enum err_code
outbox_counts(struct outbox *ob, struct outbox_counts *out, struct err *err)
{
	enum err_code rc = ob_enter(ob, err);

	memset(out, 0, sizeof(*out));
	if (rc == ERR_OK)
		rc = count(ob, out, err);
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

/* --- room --- */

static enum err_code
free_room(const struct outbox *ob, int64_t *out, struct err *err)
{
	struct statvfs v;

	if (statvfs(ob->path, &v) < 0)
		return err_set(err, ERR_BROKEN, "%s: %s", ob->path, strerror(errno));
	*out = (int64_t)v.f_bavail * (int64_t)v.f_frsize;
	return ERR_OK;
}

/* Random bytes: a file system that compresses or leaves holes must not keep the room to itself. */
static enum err_code
make_ballast(const struct outbox_space *s, struct err *err)
{
	uint8_t block[16384];
	int64_t left = s->ballast;
	enum err_code rc = ERR_OK;
	int fd = open(s->ballast_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0660);

	if (fd < 0)
		return err_set(err, ERR_BROKEN, "%s: %s", s->ballast_path, strerror(errno));
	seal_random(block, sizeof(block));
	while (left > 0 && rc == ERR_OK) {
		size_t want = left < (int64_t)sizeof(block) ? (size_t)left : sizeof(block);
		ssize_t n = write(fd, block, want);

		if (n > 0)
			left -= n;
		else if (n == 0 || errno != EINTR)
			rc = err_set(err, ERR_AGAIN, "%s: %s", s->ballast_path, n == 0 ? "no room" : strerror(errno));
	}
	if (rc == ERR_OK && fsync(fd) < 0)
		rc = err_set(err, ERR_AGAIN, "%s: %s", s->ballast_path, strerror(errno));
	close(fd);
	if (rc == ERR_OK)
		return file_sync_parent(s->ballast_path, err);
	unlink(s->ballast_path);
	return rc;
}

static bool
has_ballast(const struct outbox_space *s)
{
	struct stat st;

	return stat(s->ballast_path, &st) == 0 && st.st_size >= s->ballast;
}

enum err_code
outbox_space(struct outbox *ob, const struct outbox_space *s, bool *full, int64_t *free_bytes, struct err *err)
{
	int64_t room = 0;
	enum err_code rc;

	*full = true;
	pthread_mutex_lock(&ob->lock);
	rc = free_room(ob, &room, err);
	if (rc != ERR_OK)
		goto out;
	if (room < s->low)
		ob->full = true;
	else if (room >= s->resume + (has_ballast(s) ? 0 : s->ballast))
		ob->full = false;
	if (ob->full && unlink(s->ballast_path) == 0)
		rc = free_room(ob, &room, err);
	else if (!ob->full && !has_ballast(s) && room >= s->resume + s->ballast)
		rc = make_ballast(s, err);
	/* Without ballast answers are still kept; the next look tries again. */
	if (rc == ERR_AGAIN)
		rc = ERR_OK;
	*full = ob->full;
	if (free_bytes != NULL)
		*free_bytes = room;
out:
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

/* --- retention --- */

enum err_code
outbox_retain(struct outbox *ob, int64_t today, int keep_days, int withdraw_days, struct err *err)
{
	bool done;
	enum err_code rc = ob_enter(ob, err);

	if (rc == ERR_OK)
		rc = ob_begin(ob, err);
	if (rc == ERR_OK) {
		rc = ob_exec(ob, OB_RECORD_DAYS, "date receipts", err, "i", today);
		if (rc == ERR_OK)
			rc = ob_exec(ob, OB_RECORD_PURGE, "drop old records", err, "i", today - keep_days);
		if (rc == ERR_OK)
			rc = ob_exec(ob, OB_RECEIPT_PURGE, "drop old receipts", err, "i", today - keep_days);
		if (rc == ERR_OK)
			rc = ob_exec(ob, OB_TAG_DAY, "date tags", err, "i", today);
		if (rc == ERR_OK)
			rc = ob_exec(ob, OB_TAG_PURGE, "drop old tags", err, "i", today - withdraw_days);
		rc = ob_end(ob, rc, err);
	}
	if (rc == ERR_OK && ob->role == OUTBOX_KIOSK)
		rc = ob_cut_wal(ob, &done, err);
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

enum err_code
outbox_idle(struct outbox *ob, struct err *err)
{
	int frames = 0, moved = 0;
	bool done;
	enum err_code rc = ob_enter(ob, err);

	if (rc != ERR_OK || ob->role != OUTBOX_KIOSK)
		goto out;
	if (ob->cut_wal) {
		rc = ob_cut_wal(ob, &done, err);
	} else if (ob->wal_pages > 0) {
		int got = sqlite3_wal_checkpoint_v2(ob->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &frames, &moved);

		if (got != SQLITE_OK && got != SQLITE_BUSY && got != SQLITE_LOCKED)
			rc = db_err(ob->db, "move the log into the file", err);
		else if (frames == moved)
			ob->wal_pages = 0;
	}
out:
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

/* --- withdrawal --- */

static enum err_code
erase(struct outbox *ob, const uint8_t id[16], struct err *err)
{
	enum err_code rc = ob_query(ob, OB_RECORD_BY_ID, "record", err, "b", id, (size_t)16);
	int64_t n;

	if (rc == ERR_ABSENT)
		return ERR_OK;	/* sent and gone: the centre erases it */
	if (rc != ERR_OK)
		return rc;
	n = sqlite3_column_int64(ob->stmt[OB_RECORD_BY_ID], 0);
	ob_done(ob, OB_RECORD_BY_ID);
	rc = ob_exec(ob, OB_RECORD_ERASE, "erase body", err, "i", n);
	if (rc == ERR_OK)
		rc = ob_exec(ob, OB_WRAP_ERASE, "erase wraps", err, "i", n);
	return rc;
}

static enum err_code
withdraw(struct outbox *ob, const uint8_t *of, const uint8_t w[32], const uint8_t tag[16], struct err *err)
{
	struct sealed_record r = { .lane = LANE_ANSWERS };
	uint8_t id[16], device[16];
	enum err_code rc = ob_query(ob, OB_TAG_GET, "words", err, "b", tag, (size_t)16);

	if (rc == ERR_ABSENT)
		return err_set(err, ERR_ABSENT, "no answer of this device goes with these words");
	if (rc != ERR_OK)
		return rc;
	rc = ob_blob(ob, OB_TAG_GET, 0, id, sizeof(id), err);
	ob_done(ob, OB_TAG_GET);
	if (rc == ERR_OK && of != NULL)
		memcpy(device, of, 16);
	else if (rc == ERR_OK)
		rc = ob_device(ob, device, err);
	if (rc == ERR_OK)
		rc = erase(ob, id, err);
	if (rc == ERR_OK)
		rc = seal_withdrawal(device, w, &r, err);
	if (rc == ERR_OK)
		rc = ob_append(ob, &r, err);
	if (rc == ERR_OK)
		rc = ob_exec(ob, OB_TAG_DROP, "drop words", err, "b", tag, (size_t)16);
	sealed_record_clear(&r);
	return rc;
}

enum err_code
outbox_withdraw(struct outbox *ob, const uint8_t w[32], struct err *err)
{
	return outbox_withdraw_of(ob, NULL, w, err);
}

enum err_code
outbox_devices(struct outbox *ob, uint8_t out[OUTBOX_DEVICES][16], size_t *n, struct err *err)
{
	struct buf before;
	enum err_code rc = outbox_device(ob, out[0], err);

	*n = rc == ERR_OK;
	if (rc != ERR_OK)
		return rc;
	buf_init(&before, 65536);
	rc = outbox_meta(ob, "device.before", &before, err);
	for (size_t at = before.len / 16; rc == ERR_OK && at > 0 && *n < OUTBOX_DEVICES; at--)
		memcpy(out[(*n)++], before.data + 16 * (at - 1), 16);
	buf_free(&before);
	return rc == ERR_ABSENT ? ERR_OK : rc;
}

enum err_code
outbox_withdraw_of(struct outbox *ob, const uint8_t *device, const uint8_t w[32], struct err *err)
{
	struct err ignored;
	uint8_t tag[16];
	bool done = false;
	enum err_code rc = ob_enter(ob, err);

	chain_withdraw_tag(w, tag);
	/* Looked for outside a transaction first: wrong words write not a byte, not even a lock. */
	if (rc == ERR_OK)
		rc = ob_query(ob, OB_TAG_GET, "words", err, "b", tag, sizeof(tag));
	if (rc == ERR_OK) {
		ob_done(ob, OB_TAG_GET);
		rc = ob_begin(ob, err);
		if (rc == ERR_OK)
			rc = ob_end(ob, withdraw(ob, device, w, tag, err), err);
		/* The log still holds the wraps. If a reader is in the way, outbox_idle tries again. */
		if (rc == ERR_OK && (ob_cut_wal(ob, &done, &ignored) != ERR_OK || !done))
			ob->cut_wal = true;
	} else if (rc == ERR_ABSENT) {
		err_set(err, ERR_ABSENT, "no answer of this device goes with these words");
	}
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

/* --- at start --- */

static enum err_code
quick_check(struct outbox *ob, struct err *err)
{
	sqlite3_stmt *s = NULL;
	const char *text = NULL;
	enum err_code rc = ERR_OK;

	if (sqlite3_prepare_v2(ob->db, "PRAGMA quick_check(1)", -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
		text = (const char *)sqlite3_column_text(s, 0);
	if (text == NULL)
		rc = db_err(ob->db, "quick check", err);
	else if (strcmp(text, "ok") != 0)
		rc = err_set(err, ERR_BROKEN, "site.db is damaged: %s", text);
	sqlite3_finalize(s);
	return rc;
}

/* Leaves and links of what is unsent, up to the head. */
static enum err_code
check_lane(struct outbox *ob, uint8_t lane, struct err *err)
{
	struct outbox_lane l;
	struct outbox_span span = { .n = 0 };
	uint64_t next;
	struct chain_hash link;
	enum err_code rc = outbox_lane(ob, lane, &l, err);

	if (rc == ERR_ABSENT)
		return err_set(err, ERR_BROKEN, "lane %u has no head", lane);
	if (rc != ERR_OK)
		return err_in(err, "lane %u", lane);
	link = l.acked_link;
	for (next = l.acked_seq + 1; next <= l.head_seq && rc == ERR_OK; next += span.n) {
		const uint8_t *p;

		outbox_span_clear(&span);
		rc = outbox_read(ob, lane, next, 100, 4u << 20, &span, err);
		p = span.bytes.data;
		for (uint32_t i = 0; i < span.n && rc == ERR_OK; i++) {
			uint32_t len = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
			struct record r;

			rc = record_read(p + 4, len, &r, err);
			if (rc == ERR_OK)
				chain_link(&link, next + i, &r.leaf, &link);
			p += 4 + len;
		}
		if (rc == ERR_OK && (span.n == 0 || !chain_same(&link, &span.last)))
			rc = err_set(err, ERR_BROKEN, "records %llu to %llu of lane %u do not hash to their links",
			    (unsigned long long)next, (unsigned long long)(next + span.n - 1), lane);
	}
	outbox_span_clear(&span);
	if (rc == ERR_OK && !chain_same(&link, &l.head_link))
		rc = err_set(err, ERR_BROKEN, "the head of lane %u is not the link of its last record", lane);
	if (rc == ERR_OK || rc == ERR_NOMEM || rc == ERR_AGAIN)
		return rc;
	if (err != NULL)
		err->code = ERR_BROKEN;	/* whatever it was: do not serve; the words stay */
	return ERR_BROKEN;
}

enum err_code
outbox_check(struct outbox *ob, struct err *err)
{
	enum err_code rc = ob_enter(ob, err);

	if (rc == ERR_OK)
		rc = quick_check(ob, err);
	pthread_mutex_unlock(&ob->lock);
	for (uint8_t lane = 0; lane < LANES && rc == ERR_OK; lane++)
		rc = check_lane(ob, lane, err);
	return rc;
}
