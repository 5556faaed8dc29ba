/* A disk whose power can go: an SQLite VFS ("cut") over the real one that remembers, for each file, what was
 * surely synced and which writes came since. At the cut every such write is lost, kept, or torn by sectors of
 * 512 bytes; files made or deleted since the folder was synced may be there or not. What comes back is written to
 * the real files, and life goes on.
 *
 * It can also fail: the n-th write, sync, truncate, open or delete with a chosen result; a failed sync loses at
 * the next cut what it should have written, as Linux does, although it reads back until then. */
#ifndef TESTS_COLLECTOR_CUTVFS_H
#define TESTS_COLLECTOR_CUTVFS_H

#include <fcntl.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/torture.h"

/* Allocations here never fail on purpose. */
static void *
cut_alloc(void *old, size_t n)
{
	volatile long *wanted = &torture_left;	/* the compiler knows that realloc looks at no variable of ours */
	long left = *wanted;
	void *p;

	*wanted = -1;
	p = realloc(old, n);
	*wanted = left;
	if (p == NULL)
		abort();
	return p;
}

enum { CUT_FILES = 16, CUT_SECTOR = 512 };

struct cut_write {
	int64_t at;
	int len;		/* -1: a truncation to AT */
	uint8_t *data;
	struct cut_write *next;
};

/* What the disk has of a file, and what it was told since. */
struct cut_inode {
	uint8_t *disk;
	size_t len, cap;
	struct cut_write *first, **end;
};

struct cut_file {
	char path[256];
	bool there;		/* as the program sees it */
	bool fresh;		/* made since the folder was synced */
	struct cut_inode now;
	bool has_ghost;		/* one of that name was deleted since the folder was synced */
	struct cut_inode ghost;
};

enum cut_op { CUT_WRITE, CUT_SYNC, CUT_TRUNCATE, CUT_OPEN, CUT_DELETE, CUT_OPS };

static struct cut {
	sqlite3_vfs vfs, *real;
	struct cut_file file[CUT_FILES];
	size_t n;
	uint64_t random;
	bool dead;		/* the power is off */
	bool lies;		/* a sync does nothing */
	bool no_extra;		/* deletions are not synced: what synchronous=EXTRA adds is ignored */
	bool no_folder_sync;	/* nor is the folder at the first sync of a journal or WAL */
	uint64_t ops;		/* writes, syncs, truncations, opens for making, deletions */
	uint64_t cut_at;	/* the power goes at this one; 0: never */
	/* faults */
	bool fail_armed;
	enum cut_op fail_op;
	uint64_t fail_n, seen[CUT_OPS];
	int fail_with;		/* SQLite's code */
	bool fail_for_good;	/* this one and all that follow */
	bool fail_short;	/* a failing write writes half */
	uint64_t failed;
} cut;

struct cut_handle {
	sqlite3_file base;
	struct cut_file *file;	/* NULL: not watched (-shm, temporary) */
	bool sync_folder;	/* at the first sync, as the unix VFS does for a new journal */
	sqlite3_file *real;
};

static uint64_t
cut_random(void)
{
	uint64_t x = cut.random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	cut.random = x;
	return x * UINT64_C(0x2545F4914F6CDD1D) >> 20;
}

/* --- inodes --- */

static void
inode_clear_pending(struct cut_inode *i)
{
	while (i->first != NULL) {
		struct cut_write *w = i->first;

		i->first = w->next;
		free(w->data);
		free(w);
	}
	i->end = &i->first;
}

static void
inode_clear(struct cut_inode *i)
{
	inode_clear_pending(i);
	free(i->disk);
	memset(i, 0, sizeof(*i));
	i->end = &i->first;
}

static void
inode_room(struct cut_inode *i, size_t len)
{
	if (len > i->cap) {
		i->cap = len + 65536;
		i->disk = cut_alloc(i->disk, i->cap);
	}
	if (len > i->len) {
		memset(i->disk + i->len, 0, len - i->len);
		i->len = len;
	}
}

static void
inode_apply(struct cut_inode *i, const struct cut_write *w, int from, int len)
{
	if (w->len < 0) {
		if ((size_t)w->at < i->len)
			i->len = (size_t)w->at;
		else
			inode_room(i, (size_t)w->at);
		return;
	}
	inode_room(i, (size_t)w->at + (size_t)from + (size_t)len);
	memcpy(i->disk + w->at + from, w->data + from, (size_t)len);
}

static void
inode_note(struct cut_inode *i, const void *data, int len, int64_t at)
{
	struct cut_write *w = cut_alloc(NULL, sizeof(*w));

	memset(w, 0, sizeof(*w));
	w->at = at;
	w->len = len;
	if (len > 0) {
		w->data = cut_alloc(NULL, (size_t)len);
		memcpy(w->data, data, (size_t)len);
	}
	*i->end = w;
	i->end = &w->next;
}

static void
inode_sync(struct cut_inode *i)
{
	for (struct cut_write *w = i->first; w != NULL; w = w->next)
		inode_apply(i, w, 0, w->len);
	inode_clear_pending(i);
}

/* The power went: each pending write is lost, kept, or torn. */
static void
inode_cut(struct cut_inode *i)
{
	for (struct cut_write *w = i->first; w != NULL; w = w->next) {
		uint64_t fate = cut_random() % 3;

		if (fate == 0)
			continue;
		if (fate == 1 || w->len < 0) {
			inode_apply(i, w, 0, w->len);
			continue;
		}
		for (int from = 0; from < w->len;) {
			int step = CUT_SECTOR - (int)((w->at + from) % CUT_SECTOR);

			if (step > w->len - from)
				step = w->len - from;
			if (cut_random() % 2 == 0)
				inode_apply(i, w, from, step);
			from += step;
		}
	}
	inode_clear_pending(i);
}

/* --- files and the folder --- */

static struct cut_file *
cut_find(const char *path)
{
	for (size_t i = 0; i < cut.n; i++)
		if (strcmp(cut.file[i].path, path) == 0)
			return &cut.file[i];
	if (cut.n == CUT_FILES)
		abort();
	snprintf(cut.file[cut.n].path, sizeof(cut.file[cut.n].path), "%s", path);
	cut.file[cut.n].now.end = &cut.file[cut.n].now.first;
	cut.file[cut.n].ghost.end = &cut.file[cut.n].ghost.first;
	return &cut.file[cut.n++];
}

static void
cut_sync_folder(void)
{
	for (size_t i = 0; i < cut.n; i++) {
		cut.file[i].fresh = false;
		if (cut.file[i].has_ghost)
			inode_clear(&cut.file[i].ghost);
		cut.file[i].has_ghost = false;
	}
}

static void
cut_write_real(const struct cut_file *f)
{
	int fd = open(f->path, O_WRONLY | O_CREAT | O_TRUNC, 0660);

	if (fd < 0 || (f->now.len > 0 && write(fd, f->now.disk, f->now.len) != (ssize_t)f->now.len))
		abort();
	close(fd);
}

/* The power is back: the real files become what the disk has. All connections must be closed. */
static void
cut_recover(void)
{
	for (size_t i = 0; i < cut.n; i++) {
		struct cut_file *f = &cut.file[i];
		char shm[300];

		if (f->has_ghost && cut_random() % 2 == 0) {
			/* The deletion was lost, and with it whatever was made under that name since. */
			inode_clear(&f->now);
			f->now = f->ghost;
			if (f->now.first == NULL)
				f->now.end = &f->now.first;
			memset(&f->ghost, 0, sizeof(f->ghost));
			f->ghost.end = &f->ghost.first;
			f->there = true;
		} else if (f->there && f->fresh && cut_random() % 2 == 0) {
			inode_clear(&f->now);
			f->there = false;
		}
		inode_cut(&f->now);
		if (f->has_ghost)
			inode_clear(&f->ghost);
		f->has_ghost = f->fresh = false;
		if (f->there)
			cut_write_real(f);
		else
			unlink(f->path);
		snprintf(shm, sizeof(shm), "%s-shm", f->path);
		unlink(shm);
	}
	cut.dead = false;
	cut.cut_at = 0;
}

/* Forget everything. */
static void
cut_reset(void)
{
	for (size_t i = 0; i < cut.n; i++) {
		inode_clear(&cut.file[i].now);
		inode_clear(&cut.file[i].ghost);
	}
	memset(cut.file, 0, sizeof(cut.file));
	cut.n = 0;
	cut.dead = false;
	cut.ops = cut.cut_at = 0;
	cut.fail_armed = false;
	memset(cut.seen, 0, sizeof(cut.seen));
	cut.failed = 0;
}

/* --- a state of the disk to come back to --- */

struct cut_saved {
	struct cut_file file[CUT_FILES];
	uint8_t *real[CUT_FILES];	/* what the program reads: the disk and all writes since */
	size_t real_len[CUT_FILES];
	size_t n;
};

static struct cut_inode
inode_copy(const struct cut_inode *from)
{
	struct cut_inode i = { .len = from->len, .cap = from->len };

	if (from->len > 0) {
		i.disk = cut_alloc(NULL, from->len);
		memcpy(i.disk, from->disk, from->len);
	}
	i.end = &i.first;
	for (const struct cut_write *w = from->first; w != NULL; w = w->next) {
		struct cut_write *copy = cut_alloc(NULL, sizeof(*copy));

		*copy = *w;
		copy->next = NULL;
		if (w->len > 0) {
			copy->data = cut_alloc(NULL, (size_t)w->len);
			memcpy(copy->data, w->data, (size_t)w->len);
		}
		*i.end = copy;
		/* i itself moves when it is returned: its end is set by whoever takes it. */
		i.end = &copy->next;
	}
	return i;
}

static void
inode_take(struct cut_inode *to, const struct cut_inode *from)
{
	*to = inode_copy(from);
	if (to->first == NULL)
		to->end = &to->first;
}

__attribute__((unused)) static void
cut_save(struct cut_saved *s)
{
	memset(s, 0, sizeof(*s));
	s->n = cut.n;
	for (size_t i = 0; i < cut.n; i++) {
		struct cut_file *f = &cut.file[i];
		FILE *in;

		s->file[i] = *f;
		inode_take(&s->file[i].now, &f->now);
		inode_take(&s->file[i].ghost, &f->ghost);
		in = f->there ? fopen(f->path, "rb") : NULL;
		if (in == NULL)
			continue;
		fseek(in, 0, SEEK_END);
		s->real_len[i] = (size_t)ftell(in);
		rewind(in);
		s->real[i] = cut_alloc(NULL, s->real_len[i] + 1);
		if (fread(s->real[i], 1, s->real_len[i], in) != s->real_len[i])
			abort();
		fclose(in);
	}
}

/* All connections must be closed, and what cut_reset forgets, forgotten. */
__attribute__((unused)) static void
cut_load(const struct cut_saved *s)
{
	cut.n = s->n;
	for (size_t i = 0; i < s->n; i++) {
		struct cut_file *f = &cut.file[i];
		FILE *out;

		*f = s->file[i];
		inode_take(&f->now, &s->file[i].now);
		inode_take(&f->ghost, &s->file[i].ghost);
		if (s->real[i] == NULL)
			continue;
		out = fopen(f->path, "wb");
		if (out == NULL || fwrite(s->real[i], 1, s->real_len[i], out) != s->real_len[i] || fclose(out) != 0)
			abort();
	}
}

__attribute__((unused)) static void
cut_forget(struct cut_saved *s)
{
	for (size_t i = 0; i < s->n; i++) {
		inode_clear(&s->file[i].now);
		inode_clear(&s->file[i].ghost);
		free(s->real[i]);
	}
	memset(s, 0, sizeof(*s));
}

/* --- the VFS --- */

/* Count an operation. SQLITE_OK, or with what it fails. */
static int
cut_op(enum cut_op op, int dead)
{
	if (cut.dead)
		return dead;
	if (++cut.ops == cut.cut_at) {
		cut.dead = true;
		return dead;
	}
	cut.seen[op]++;
	if (cut.fail_armed && op == cut.fail_op
	    && (cut.seen[op] == cut.fail_n || (cut.fail_for_good && cut.seen[op] > cut.fail_n))) {
		cut.failed++;
		return cut.fail_with;
	}
	return SQLITE_OK;
}

static struct cut_handle *
handle(sqlite3_file *f)
{
	return (struct cut_handle *)(void *)f;
}

static int
cut_close(sqlite3_file *f)
{
	struct cut_handle *h = handle(f);
	int rc = h->real->pMethods == NULL ? SQLITE_OK : h->real->pMethods->xClose(h->real);

	free(h->real);
	h->real = NULL;
	return rc;
}

static int
cut_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	struct cut_handle *h = handle(f);

	return cut.dead ? SQLITE_IOERR_READ : h->real->pMethods->xRead(h->real, p, n, at);
}

static int
cut_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	struct cut_handle *h = handle(f);
	int rc;

	if (h->file == NULL)
		return cut.dead ? SQLITE_IOERR_WRITE : h->real->pMethods->xWrite(h->real, p, n, at);
	rc = cut_op(CUT_WRITE, SQLITE_IOERR_WRITE);
	if (rc != SQLITE_OK) {
		if (!cut.dead && cut.fail_short && n > 1) {
			inode_note(&h->file->now, p, n / 2, at);
			h->real->pMethods->xWrite(h->real, p, n / 2, at);
		} else if (cut.dead) {
			inode_note(&h->file->now, p, n, at);	/* the write under way may be torn, too */
		}
		return rc;
	}
	inode_note(&h->file->now, p, n, at);
	return h->real->pMethods->xWrite(h->real, p, n, at);
}

static int
cut_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	struct cut_handle *h = handle(f);
	int rc = h->file == NULL ? SQLITE_OK : cut_op(CUT_TRUNCATE, SQLITE_IOERR_TRUNCATE);

	if (rc != SQLITE_OK)
		return rc;
	if (h->file != NULL)
		inode_note(&h->file->now, NULL, -1, size);
	return h->real->pMethods->xTruncate(h->real, size);
}

static int
cut_sync(sqlite3_file *f, int flags)
{
	struct cut_handle *h = handle(f);
	int rc = h->file == NULL ? SQLITE_OK : cut_op(CUT_SYNC, SQLITE_IOERR_FSYNC);

	(void)flags;
	if (rc != SQLITE_OK) {
		if (!cut.dead)
			inode_clear_pending(&h->file->now);	/* in memory, clean, and never on the disk */
		return rc;
	}
	if (h->file == NULL || cut.lies)
		return SQLITE_OK;
	inode_sync(&h->file->now);
	if (h->sync_folder) {
		h->sync_folder = false;
		if (!cut.no_folder_sync)
			cut_sync_folder();
	}
	return SQLITE_OK;
}

#define PASS(name, args, call) static int name args { struct cut_handle *h = handle(f); \
	return cut.dead ? SQLITE_IOERR : h->real->pMethods->call; }
PASS(cut_size, (sqlite3_file *f, sqlite3_int64 *n), xFileSize(h->real, n))
PASS(cut_check_lock, (sqlite3_file *f, int *out), xCheckReservedLock(h->real, out))
PASS(cut_shm_map, (sqlite3_file *f, int page, int size, int extend, void volatile **out),
	xShmMap(h->real, page, size, extend, out))
#undef PASS

static int
cut_lock(sqlite3_file *f, int level)
{
	return handle(f)->real->pMethods->xLock(handle(f)->real, level);
}

static int
cut_unlock(sqlite3_file *f, int level)
{
	return handle(f)->real->pMethods->xUnlock(handle(f)->real, level);
}

static int
cut_control(sqlite3_file *f, int op, void *arg)
{
	return handle(f)->real->pMethods->xFileControl(handle(f)->real, op, arg);
}

static int
cut_sector(sqlite3_file *f)
{
	return handle(f)->real->pMethods->xSectorSize(handle(f)->real);
}

static int
cut_traits(sqlite3_file *f)
{
	return handle(f)->real->pMethods->xDeviceCharacteristics(handle(f)->real);
}

static int
cut_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
	return handle(f)->real->pMethods->xShmLock(handle(f)->real, at, n, flags);
}

static void
cut_shm_barrier(sqlite3_file *f)
{
	handle(f)->real->pMethods->xShmBarrier(handle(f)->real);
}

static int
cut_shm_unmap(sqlite3_file *f, int drop)
{
	return handle(f)->real->pMethods->xShmUnmap(handle(f)->real, drop);
}

static const sqlite3_io_methods cut_methods = {
	.iVersion = 2, .xClose = cut_close, .xRead = cut_read, .xWrite = cut_write, .xTruncate = cut_truncate,
	.xSync = cut_sync, .xFileSize = cut_size, .xLock = cut_lock, .xUnlock = cut_unlock,
	.xCheckReservedLock = cut_check_lock, .xFileControl = cut_control, .xSectorSize = cut_sector,
	.xDeviceCharacteristics = cut_traits, .xShmMap = cut_shm_map, .xShmLock = cut_shm_lock,
	.xShmBarrier = cut_shm_barrier, .xShmUnmap = cut_shm_unmap,
};

static int
cut_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out_flags)
{
	struct cut_handle *h = handle(f);
	bool watched = name != NULL && (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL)) != 0;
	int rc = cut.dead ? SQLITE_CANTOPEN : SQLITE_OK;

	(void)vfs;
	memset(h, 0, sizeof(*h));
	if (rc == SQLITE_OK && watched)
		rc = cut_op(CUT_OPEN, SQLITE_CANTOPEN);
	if (rc != SQLITE_OK)
		return rc;
	h->real = cut_alloc(NULL, (size_t)cut.real->szOsFile);
	memset(h->real, 0, (size_t)cut.real->szOsFile);
	rc = cut.real->xOpen(cut.real, name, h->real, flags, out_flags);
	if (rc != SQLITE_OK) {
		free(h->real);
		h->real = NULL;
		return rc;
	}
	h->base.pMethods = &cut_methods;
	if (!watched)
		return SQLITE_OK;
	h->file = cut_find(name);
	/* The database itself is made by outbox_create with open(2): new to us, and not in a synced folder yet. */
	if (!h->file->there) {
		h->file->there = true;
		h->file->fresh = true;
	}
	/* The unix VFS: at the first sync of each handle that was opened with the right to make a journal or WAL. */
	h->sync_folder = (flags & SQLITE_OPEN_CREATE) != 0
	    && (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL)) != 0;
	return SQLITE_OK;
}

static int
cut_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
	struct cut_file *f = cut_find(name);
	int rc = cut_op(CUT_DELETE, SQLITE_IOERR_DELETE);

	(void)vfs;
	if (rc != SQLITE_OK)
		return rc;
	if (f->there) {
		if (!f->fresh && !f->has_ghost) {
			f->ghost = f->now;
			if (f->ghost.first == NULL)
				f->ghost.end = &f->ghost.first;
			memset(&f->now, 0, sizeof(f->now));
			f->now.end = &f->now.first;
			f->has_ghost = true;
		} else {
			inode_clear(&f->now);
		}
		f->there = f->fresh = false;
	}
	rc = cut.real->xDelete(cut.real, name, 0);
	if (sync_folder && !cut.no_extra && !cut.no_folder_sync && !cut.lies)
		cut_sync_folder();
	return rc;
}

static int
cut_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
	(void)vfs;
	return cut.dead ? SQLITE_IOERR_ACCESS : cut.real->xAccess(cut.real, name, flags, out);
}

static void
cut_start(uint64_t seed)
{
	cut.random = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
	if (cut.real != NULL)
		return;
	cut.real = sqlite3_vfs_find(NULL);
	cut.vfs = *cut.real;
	cut.vfs.zName = "cut";
	cut.vfs.szOsFile = sizeof(struct cut_handle);
	cut.vfs.pNext = NULL;
	cut.vfs.xOpen = cut_open;
	cut.vfs.xDelete = cut_delete;
	cut.vfs.xAccess = cut_access;
	if (sqlite3_vfs_register(&cut.vfs, 1) != SQLITE_OK)
		abort();
}

#endif
