/* candour site repair: a damaged site.db is set aside and everything in it that holds is carried over into a new one.
 * Until the new one is complete and proved, nothing changes; after that the steps of `swap` leave at each moment either
 * the old store or the new one under its name, and the old one under another. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "admin/cert.h"
#include "admin/enrol.h"
#include "admin/site.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/file.h"
#include "collector/keyfile.h"
#include "collector/outbox.h"
#include "collector/repair.h"
#include "collector/verify.h"
#include "sync/settings.h"

static const char usage[] =
    "usage: candour site repair DIR [--device ID]     (on the box, as root; stop candour-kiosk and candour-sync first)\n\n"
    "Carries everything that can still be read of a damaged DIR/site.db, and whose hashes hold, over into a new one.\n"
    "The old file is kept beside it. A store with nothing wrong is left as it is.\n"
    "  --device ID   whose store it is (32 hex digits, as `candour device list` shows them at the centre), where\n"
    "                neither the file nor the keys say it any more\n\n"
    "Example:\n"
    "  systemctl stop candour-kiosk.socket candour-kiosk candour-sync\n"
    "  candour site repair /var/lib/candour/site\n";

struct repairing {
	const char *dir;
	char db[PATH_MAX], wal[PATH_MAX + 8], shm[PATH_MAX + 8];
	char fresh[PATH_MAX + 16], merged[PATH_MAX + 16], aside[PATH_MAX + 64], aside_wal[PATH_MAX + 80];
	struct sync_settings set;
	struct repair_owner owner;
	struct buf spki;
	struct buf gaps;	/* lines */
	struct repair_report report;
	char wrong[400];	/* the first thing found, in a sentence */
	uint64_t findings;
	uid_t uid;
	gid_t gid;
};

enum { GAPS_MAX = 16384 };

/* --- finding out ---------------------------------------------------------------------------------- */

static void
first_finding(void *arg, enum verify_kind kind, const char *sentence)
{
	struct repairing *r = arg;

	(void)kind;
	if (r->findings++ == 0)
		snprintf(r->wrong, sizeof(r->wrong), "%s", sentence);
}

/* ERR_OK: whole. ERR_BROKEN: damaged; r->wrong says how. */
static enum err_code
look(struct repairing *r, const char *path, struct err *err)
{
	struct verify_options o = { .found = first_finding, .arg = r, .whole_file = true };
	struct verify_report report;
	enum err_code rc;

	r->findings = 0;
	rc = verify_site(path, &o, &report, err);
	if (rc == ERR_OK && r->findings == 0)
		rc = repair_sqlite(path, err);
	else if (rc == ERR_OK)
		return err_set(err, ERR_BROKEN, "%s", r->wrong);
	if (rc == ERR_NOMEM || rc == ERR_AGAIN || rc == ERR_OK)
		return rc;
	snprintf(r->wrong, sizeof(r->wrong), "%s", err->msg);
	return err_set(err, ERR_BROKEN, "%s", r->wrong);
}

enum err_code
site_lock(const char *path, int *fd, struct err *err)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0x40000000, .l_len = 512 };
	struct flock who = l;

	*fd = open(path, O_RDWR | O_CLOEXEC);
	if (*fd < 0)
		return err_set(err, errno == ENOENT ? ERR_ABSENT : ERR_DENIED, "%s: %s%s", path, strerror(errno),
		    errno == EACCES ? ": run this as root" : errno != ENOENT ? ""
		    : ". If it is lost, `touch` an empty file of that name and say this again: it makes an empty store for the "
		    "same box");
	if (fcntl(*fd, F_OFD_SETLK, &l) == 0)
		return ERR_OK;
	if (fcntl(*fd, F_GETLK, &who) == 0 && who.l_type != F_UNLCK && who.l_pid > 0)
		return err_set(err, ERR_AGAIN, "process %ld has %s open. Stop what runs here first: systemctl stop "
		    "candour-kiosk.socket candour-kiosk candour-sync", (long)who.l_pid, path);
	return err_set(err, ERR_AGAIN, "another program has %s open. Stop what runs here first: systemctl stop "
	    "candour-kiosk.socket candour-kiosk candour-sync", path);
}

/* What the key files, or the certificate, say of whose store it is. That they are gone is no reason to stop. */
static void
find_owner(struct repairing *r)
{
	struct keyfile key = { .use = 0 };
	struct buf pem;
	struct err err;

	buf_init_secret(&pem, 65536);
	if (r->set.device_key[0] != '\0' && keyfile_show(r->set.device_key, &key, &err) == ERR_OK
	    && key.use == KEY_DEVICE && key.public_.len == 32 && r->set.tls_key[0] != '\0'
	    && file_read(r->set.tls_key, &pem, &err) == ERR_OK && cert_key_spki(&pem, &r->spki, &err) == ERR_OK) {
		memcpy(r->owner.sign, key.public_.data, 32);
		r->owner.spki = r->spki.data;
		r->owner.spki_len = r->spki.len;
		r->owner.has_keys = true;
		if (!r->owner.has_device)
			chain_device_id(r->owner.sign, r->spki.data, r->spki.len, r->owner.device);
		r->owner.has_device = true;
	}
	buf_reset(&pem);
	if (!r->owner.has_device && file_read(r->set.tls_cert, &pem, &err) == ERR_OK)
		r->owner.has_device = cert_device_id(&pem, r->owner.device, &err) == ERR_OK;
	keyfile_clear(&key);
	buf_free(&pem);
}

/* --- exchanging ----------------------------------------------------------------------------------- */

static enum err_code
failed(const char *what, const char *path, struct err *err)
{
	return err_set(err, errno == ENOSPC || errno == EDQUOT ? ERR_AGAIN : ERR_BROKEN, "%s %s: %s", what, path,
	    strerror(errno));
}

static enum err_code
name_aside(struct repairing *r, struct err *err)
{
	time_t now = time(NULL);
	struct stat st;
	struct tm tm;
	char when[40];

	gmtime_r(&now, &tm);
	strftime(when, sizeof(when), "%Y-%m-%d-%H%M%S", &tm);
	for (int i = 0; i < 1000; i++) {
		if (i == 0)
			snprintf(r->aside, sizeof(r->aside), "%s.damaged-%s", r->db, when);
		else
			snprintf(r->aside, sizeof(r->aside), "%s.damaged-%s-%d", r->db, when, i);
		snprintf(r->aside_wal, sizeof(r->aside_wal), "%s-wal", r->aside);
		if (lstat(r->aside, &st) < 0 && errno == ENOENT && lstat(r->aside_wal, &st) < 0 && errno == ENOENT)
			return ERR_OK;
	}
	return err_set(err, ERR_LIMIT, "%s: a thousand of them are here already", r->aside);
}

/* The mode and owner both programs need. */
static enum err_code
give_mode(struct repairing *r, const char *path, struct err *err)
{
	if (geteuid() == 0 && chown(path, r->uid, r->gid) < 0)
		return failed("give to its group", path, err);
	return chmod(path, 0660) < 0 ? failed("set the mode of", path, err) : ERR_OK;
}

/* The old store gets a second name, with its log. Its log is then moved into a copy that takes its place (a log left
 * beside the new file would be taken for the new file's), and the new file takes the place of that. */
static enum err_code
swap(struct repairing *r, struct salvage *old, struct err *err)
{
	enum err_code rc = link(r->db, r->aside) == 0 ? ERR_OK : failed("set aside as", r->aside, err);
	struct stat st;

	if (rc == ERR_OK && stat(r->wal, &st) == 0 && st.st_size > 0 && link(r->wal, r->aside_wal) < 0)
		rc = failed("set aside as", r->aside_wal, err);
	if (rc == ERR_OK)
		rc = file_sync_parent(r->db, err);
	if (rc == ERR_OK && stat(r->wal, &st) == 0) {
		rc = salvage_merged(old, r->merged, err);
		if (rc == ERR_OK)
			rc = give_mode(r, r->merged, err);
		if (rc == ERR_OK && rename(r->merged, r->db) < 0)
			rc = failed("exchange", r->db, err);
		if (rc == ERR_OK)
			rc = file_sync_parent(r->db, err);
		(void)unlink(r->shm);
		if (rc == ERR_OK && unlink(r->wal) < 0)
			rc = failed("remove", r->wal, err);
		if (rc == ERR_OK)
			rc = file_sync_parent(r->db, err);
	}
	(void)unlink(r->shm);
	if (rc == ERR_OK && rename(r->fresh, r->db) < 0)
		rc = failed("exchange", r->db, err);
	return rc == ERR_OK ? file_sync_parent(r->db, err) : rc;
}

static void
remove_all(const char *path)
{
	char beside[PATH_MAX + 32];

	(void)unlink(path);
	snprintf(beside, sizeof(beside), "%s-wal", path);
	(void)unlink(beside);
	snprintf(beside, sizeof(beside), "%s-shm", path);
	(void)unlink(beside);
}

/* --- saying --------------------------------------------------------------------------------------- */

static void
on_gap(void *arg, const char *sentence)
{
	struct repairing *r = arg;

	if (r->gaps.len < GAPS_MAX)
		buf_printf(&r->gaps, "    %s\n", sentence);
}

static const char *
s(uint64_t n)
{
	return n == 1 ? "" : "s";
}

#define N(x) (unsigned long long)(x)

static void
tell_saved(const struct repair_report *p, struct buf *b)
{
	buf_printf(b, "Saved: %llu answer%s", N(p->lane[0].kept), s(p->lane[0].kept));
	buf_printf(b, p->lane[0].waiting == 1 ? " (1 entry still has to go to the centre)"
	    : " (%llu entries still have to go to the centre)", N(p->lane[0].waiting));
	buf_printf(b, ",\n  %llu entr%s of the lane for concerns, %llu focus group%s in progress with %llu line%s.\n",
	    N(p->lane[1].kept), p->lane[1].kept == 1 ? "y" : "ies", N(p->drafts), s(p->drafts), N(p->lines), s(p->lines));
	if (p->lane[0].again + p->lane[1].again > 0)
		buf_printf(b, "  %llu of them the centre has already; they are sent once more, and it counts them once.\n",
		    N(p->lane[0].again + p->lane[1].again));
	if (p->lane[0].unproved + p->lane[1].unproved > 0)
		buf_printf(b, "  %llu stand after a gap: their contents are whole, but only the centre can tell whether their headers "
		    "are.\n", N(p->lane[0].unproved + p->lane[1].unproved));
}

/* The four places for new concerns are all there once the kiosk has run, and then always. */
static bool
concerns_hurt(const struct repair_report *p)
{
	return p->lane[1].lost > 0 || (p->slots > 0 && p->slots < 4) || (p->slots == 0 && p->lane[1].kept > 0);
}

static void
tell_lost(const struct repairing *r, struct buf *b)
{
	const struct repair_report *p = &r->report;

	if (p->lane[0].lost == 0 && !concerns_hurt(p) && p->lane[0].kept + p->lane[0].delivered > 0 && p->ring)
		buf_puts(b, "Lost: nothing that this file was known to hold.\n");
	else
		buf_puts(b, "Lost:\n");
	if (p->lane[0].delivered + p->lane[0].kept + p->lane[0].lost == 0)
		buf_puts(b, "    Nothing of the answers could be found. How many there were cannot be known from here; what the centre "
		    "had\n    received is safe there (`candour status` at the centre says when this box last delivered).\n");
	if (r->gaps.len > 0)
		buf_put(b, r->gaps.data, r->gaps.len);
	if (p->lane[0].lost > 0)
		buf_printf(b, "    That is %llu entr%s of people's answers. Tell whoever runs the survey.\n", N(p->lane[0].lost),
		    p->lane[0].lost == 1 ? "y" : "ies");
	if (concerns_hurt(p) || p->lane[0].delivered + p->lane[0].kept + p->lane[0].lost == 0)
		buf_puts(b, "    Something of the place where concerns wait is gone. It is mostly filled with dummies, but one of them may "
		    "have\n    been a concern: ask whoever raised one here since the last delivery to raise it again.\n");
	if (p->withdrawn_unsure > 0)
		buf_printf(b, "    %llu answer%s had been withdrawn by the four words, and the withdrawal is lost: the centre may still "
		    "hold\n    what was withdrawn. Whoever has the words can give them again only if asked; tell the centre.\n",
		    N(p->withdrawn_unsure), s(p->withdrawn_unsure));
	if (!p->ring)
		buf_puts(b, "    The organisation's key ring. Without it no answer can be taken; see below.\n");
}

static void
tell(const struct repairing *r, const struct err *no_ring, struct buf *b)
{
	const struct repair_report *p = &r->report;
	char finger[20];

	chain_fingerprint(p->device, finger);
	buf_printf(b, "site.db of the box %s was damaged; there is a new one in its place.\n", finger);
	buf_printf(b, "What was wrong: %s\n", r->wrong);
	if (p->file.unreadable > 0)
		buf_printf(b, "  The disk did not give %llu bytes of it: replace the disk or card before it fails altogether.\n",
		    N(p->file.unreadable));
	tell_saved(p, b);
	tell_lost(r, b);
	buf_printf(b, "Kept: the old file, as it was, is %s\n", r->aside);
	buf_puts(b, "What to do now:\n");
	if (no_ring->code != ERR_OK)
		buf_printf(b, "  - The key ring could not be fetched: %s\n    Say `candour site repair %s` again when the centre can be "
		    "reached.\n", no_ring->msg, r->dir);
	buf_puts(b, "  - Start the box again: systemctl start candour-kiosk.socket candour-kiosk candour-sync\n");
	buf_printf(b, "  - After a quarter of an hour see that everything has gone: candour status %s\n", r->dir);
	buf_puts(b, "  - Keep the old file until the centre has the answers, then remove it: what somebody withdraws from now on\n"
	    "    is not erased in it.\n");
}

/* --- the whole ------------------------------------------------------------------------------------ */

static enum err_code
prepare(struct repairing *r, struct err *err)
{
	char path[PATH_MAX];
	struct stat st;
	enum err_code rc = admin_path(r->dir, "sync.conf", path, sizeof(path), err);

	if (rc == ERR_OK)
		rc = config_read(path, sync_keys, sync_n_keys, &r->set, err);
	if (rc == ERR_ABSENT)
		rc = err_set(err, ERR_ABSENT, "%s is not a site's folder: it has no sync.conf", r->dir);
	if (rc == ERR_OK)
		rc = admin_path(r->dir, "site.db", r->db, sizeof(r->db), err);
	if (rc == ERR_OK && stat(r->dir, &st) < 0)
		rc = failed("look at", r->dir, err);
	if (rc != ERR_OK)
		return rc;
	r->uid = st.st_uid;
	r->gid = st.st_gid;
	snprintf(r->wal, sizeof(r->wal), "%s-wal", r->db);
	snprintf(r->shm, sizeof(r->shm), "%s-shm", r->db);
	snprintf(r->fresh, sizeof(r->fresh), "%s.repair-new", r->db);
	snprintf(r->merged, sizeof(r->merged), "%s.repair-old", r->db);
	find_owner(r);
	return ERR_OK;
}

/* A store in which nothing is wrong: at most who may use it, and the ring. */
static enum err_code
leave(struct repairing *r, bool *has_ring, struct err *err)
{
	struct outbox *ob = NULL;
	struct stat st;
	struct buf ring;
	uint32_t serial;
	enum err_code rc = ERR_OK;

	if (stat(r->db, &st) == 0 && ((st.st_mode & 07777) != 0660 || (geteuid() == 0 && st.st_gid != r->gid))) {
		rc = give_mode(r, r->db, err);
		if (rc == ERR_OK)
			printf("%s could not be used by both programs: its mode is now 0660, as they need it.\n", r->db);
		for (int i = 0; i < 2 && rc == ERR_OK; i++)
			if (stat(i == 0 ? r->wal : r->shm, &st) == 0)
				rc = give_mode(r, i == 0 ? r->wal : r->shm, err);
	}
	buf_init(&ring, KEYRING_MAX);
	if (rc == ERR_OK)
		rc = outbox_open(r->db, OUTBOX_READ, &ob, err);
	if (rc == ERR_OK)
		*has_ring = outbox_ring(ob, &serial, &ring, err) == ERR_OK;
	outbox_close(ob);
	buf_free(&ring);
	return rc;
}

static enum err_code
rebuild(struct repairing *r, struct err *err)
{
	struct err no_ring = { .code = ERR_OK };
	struct salvage *old = NULL;
	struct outbox *ob = NULL;
	char wrong[sizeof(r->wrong)], beside[PATH_MAX + 32];
	struct buf text;
	enum err_code rc;

	buf_init(&text, 65536);
	remove_all(r->fresh);
	remove_all(r->merged);
	memcpy(wrong, r->wrong, sizeof(wrong));
	rc = salvage_open(r->db, &old, err);
	if (rc == ERR_OK)
		rc = repair_store(old, r->fresh, &r->owner, time(NULL) / 86400, on_gap, r, &r->report, err);
	if (rc == ERR_INPUT)
		err_in(err, "give --device");
	if (rc == ERR_OK && !r->report.ring && r->set.host[0] != '\0'
	    && enrol_ring_again(r->dir, r->fresh, &no_ring) == ERR_OK)
		r->report.ring = true;
	/* What is put in place of a store is proved first. */
	if (rc == ERR_OK)
		rc = look(r, r->fresh, err);
	memcpy(r->wrong, wrong, sizeof(wrong));
	if (rc == ERR_OK)
		rc = name_aside(r, err);
	if (rc == ERR_OK) {
		tell(r, &no_ring, &text);
		rc = buf_check(&text, err);
	}
	if (rc == ERR_OK)
		rc = outbox_open(r->fresh, OUTBOX_KIOSK, &ob, err);
	if (rc == ERR_OK)
		rc = outbox_meta_put(ob, "repair.last", text.data, text.len, err);
	outbox_close(ob);
	snprintf(beside, sizeof(beside), "%s-wal", r->fresh);
	if (rc == ERR_OK && access(beside, F_OK) == 0)
		rc = err_set(err, ERR_BROKEN, "%s was not closed whole", r->fresh);
	if (rc == ERR_OK)
		rc = give_mode(r, r->fresh, err);
	if (rc == ERR_OK)
		rc = swap(r, old, err);
	if (rc == ERR_OK)
		fputs(buf_str(&text), stdout);
	else
		remove_all(r->merged);
	remove_all(r->fresh);
	salvage_free(old);
	buf_free(&text);
	return rc;
}

static enum err_code
repair(struct repairing *r, struct err *err)
{
	bool has_ring = false;
	int fd = -1;
	enum err_code rc = prepare(r, err);

	if (rc == ERR_OK)
		rc = site_lock(r->db, &fd, err);
	/* SQLite's own looks need the lock free; it is taken again for the work. */
	if (fd >= 0)
		close(fd);
	fd = -1;
	if (rc != ERR_OK)
		return rc;
	rc = look(r, r->db, err);
	if (rc == ERR_OK) {
		rc = leave(r, &has_ring, err);
		if (rc == ERR_OK && !has_ring && r->set.host[0] != '\0') {
			rc = enrol_ring_again(r->dir, r->db, err);
			if (rc == ERR_OK)
				printf("The key ring was missing; it has come from the centre.\n");
		}
		if (rc == ERR_OK)
			printf("Nothing is wrong with %s: every record in it is proved. Its records were left as they are.\n", r->db);
		return rc;
	}
	if (rc != ERR_BROKEN)
		return rc;
	rc = site_lock(r->db, &fd, err);
	if (rc == ERR_OK)
		rc = rebuild(r, err);
	if (fd >= 0)
		close(fd);
	if (rc == ERR_AGAIN)
		err_in(err, "nothing was changed");
	return rc;
}

int
site_repair(int argc, char **argv)
{
	const char *device = admin_option(&argc, argv, "--device");
	struct repairing r = { .findings = 0 };
	struct err err = { 0 };
	enum err_code rc;

	admin_no_more(argc, argv, usage);
	if (argc != 3 || (device != NULL && !hex_get(device, strlen(device), r.owner.device, 16))) {
		fputs(usage, stderr);
		return 2;
	}
	r.dir = argv[2];
	r.owner.has_device = device != NULL;
	buf_init(&r.spki, 4096);
	buf_init(&r.gaps, GAPS_MAX + 1024);
	rc = repair(&r, &err);
	buf_free(&r.spki);
	buf_free(&r.gaps);
	config_clear(sync_keys, sync_n_keys, &r.set);
	return rc == ERR_OK ? 0 : admin_fail("site repair", &err);
}
