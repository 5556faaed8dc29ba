/* The VFS that reads ahead. See ahead.h. */
#include "collector/ahead.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Eight places in the file at once: the table, its indexes and the sealed keys are walked side by side. */
enum { CHUNK = 65536, CHUNKS = 8 };

struct chunk {
	int64_t at;		/* where in the file; -1: empty */
	uint64_t used;		/* when last */
	uint8_t *bytes;
};

struct ahead {
	sqlite3_vfs vfs, *real;
	char name[40];
	bool on;
	sqlite3_int64 size;	/* of the file when reading ahead began */
	uint64_t clock;
	struct chunk chunk[CHUNKS];
	uint8_t *bytes;
};

/* The real file follows in memory. */
struct ahead_file {
	sqlite3_file base;
	struct ahead *ahead;	/* NULL: not the database itself (journal, WAL) */
	sqlite3_file *real;
};

static struct ahead_file *
of(sqlite3_file *f)
{
	return (struct ahead_file *)(void *)f;
}

/* --- the one that matters --- */

/* The chunk that begins at AT, or NULL if it cannot be had whole: then the page is asked for alone, so that an error
 * in its neighbour is not its own. */
static const uint8_t *
fetch(struct ahead *a, sqlite3_file *real, int64_t at)
{
	struct chunk *oldest = &a->chunk[0];

	for (size_t i = 0; i < CHUNKS; i++) {
		struct chunk *c = &a->chunk[i];

		if (c->at == at) {
			c->used = ++a->clock;
			return c->bytes;
		}
		if (c->used < oldest->used)
			oldest = c;
	}
	if (at > a->size - CHUNK)
		return NULL;
	oldest->at = -1;
	if (real->pMethods->xRead(real, oldest->bytes, CHUNK, at) != SQLITE_OK)
		return NULL;
	oldest->at = at;
	oldest->used = ++a->clock;
	return oldest->bytes;
}

static int
ahead_read(sqlite3_file *f, void *out, int n, sqlite3_int64 at)
{
	sqlite3_file *real = of(f)->real;
	struct ahead *a = of(f)->ahead;
	int64_t begin = at - at % CHUNK;

	if (a != NULL && a->on && at + n <= begin + CHUNK) {
		const uint8_t *bytes = fetch(a, real, begin);

		if (bytes != NULL) {
			memcpy(out, bytes + (at - begin), (size_t)n);
			return SQLITE_OK;
		}
	}
	return real->pMethods->xRead(real, out, n, at);
}

/* --- the rest goes through --- */

#define THROUGH(name, method, params, ...) \
	static int name params { return of(f)->real->pMethods->method(of(f)->real, __VA_ARGS__); }
THROUGH(ahead_write, xWrite, (sqlite3_file *f, const void *p, int n, sqlite3_int64 at), p, n, at)
THROUGH(ahead_truncate, xTruncate, (sqlite3_file *f, sqlite3_int64 size), size)
THROUGH(ahead_sync, xSync, (sqlite3_file *f, int flags), flags)
THROUGH(ahead_size, xFileSize, (sqlite3_file *f, sqlite3_int64 *size), size)
THROUGH(ahead_lock, xLock, (sqlite3_file *f, int level), level)
THROUGH(ahead_unlock, xUnlock, (sqlite3_file *f, int level), level)
THROUGH(ahead_reserved, xCheckReservedLock, (sqlite3_file *f, int *out), out)
THROUGH(ahead_control, xFileControl, (sqlite3_file *f, int op, void *arg), op, arg)
THROUGH(ahead_shm_map, xShmMap, (sqlite3_file *f, int page, int size, int extend, void volatile **out), page, size,
	extend, out)
THROUGH(ahead_shm_lock, xShmLock, (sqlite3_file *f, int at, int n, int flags), at, n, flags)
THROUGH(ahead_shm_unmap, xShmUnmap, (sqlite3_file *f, int drop), drop)
#undef THROUGH

static int
ahead_sector(sqlite3_file *f)
{
	return of(f)->real->pMethods->xSectorSize(of(f)->real);
}

static int
ahead_traits(sqlite3_file *f)
{
	return of(f)->real->pMethods->xDeviceCharacteristics(of(f)->real);
}

static void
ahead_barrier(sqlite3_file *f)
{
	of(f)->real->pMethods->xShmBarrier(of(f)->real);
}

static int
ahead_close(sqlite3_file *f)
{
	sqlite3_file *real = of(f)->real;

	return real->pMethods == NULL ? SQLITE_OK : real->pMethods->xClose(real);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2, .xClose = ahead_close, .xRead = ahead_read, .xWrite = ahead_write, .xTruncate = ahead_truncate,
	.xSync = ahead_sync, .xFileSize = ahead_size, .xLock = ahead_lock, .xUnlock = ahead_unlock,
	.xCheckReservedLock = ahead_reserved, .xFileControl = ahead_control, .xSectorSize = ahead_sector,
	.xDeviceCharacteristics = ahead_traits, .xShmMap = ahead_shm_map, .xShmLock = ahead_shm_lock,
	.xShmBarrier = ahead_barrier, .xShmUnmap = ahead_shm_unmap,
};

static int
ahead_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out_flags)
{
	struct ahead *a = vfs->pAppData;
	struct ahead_file *file = of(f);
	int rc;

	memset(file, 0, sizeof(*file));
	file->real = (sqlite3_file *)(void *)(file + 1);
	file->ahead = (flags & SQLITE_OPEN_MAIN_DB) != 0 ? a : NULL;
	rc = a->real->xOpen(a->real, name, file->real, flags, out_flags);
	if (rc != SQLITE_OK)
		return rc;
	if (file->ahead != NULL && file->real->pMethods->xFileSize(file->real, &a->size) != SQLITE_OK)
		a->size = 0;
	file->base.pMethods = &methods;
	return SQLITE_OK;
}

/* The usual VFS's other functions get that VFS. */
static int
ahead_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
	sqlite3_vfs *real = ((struct ahead *)vfs->pAppData)->real;

	return real->xDelete(real, name, sync_folder);
}

static int
ahead_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
	sqlite3_vfs *real = ((struct ahead *)vfs->pAppData)->real;

	return real->xAccess(real, name, flags, out);
}

static int
ahead_full_name(sqlite3_vfs *vfs, const char *name, int n, char *out)
{
	sqlite3_vfs *real = ((struct ahead *)vfs->pAppData)->real;

	return real->xFullPathname(real, name, n, out);
}

/* --- making --- */

enum err_code
ahead_new(struct ahead **out, struct err *err)
{
	struct ahead *a = calloc(1, sizeof(*a));

	*out = NULL;
	if (a == NULL)
		return err_nomem(err);
	a->bytes = malloc((size_t)CHUNK * CHUNKS);
	if (a->bytes == NULL) {
		free(a);
		return err_nomem(err);
	}
	for (size_t i = 0; i < CHUNKS; i++)
		a->chunk[i].bytes = a->bytes + i * CHUNK;
	a->real = sqlite3_vfs_find(NULL);
	snprintf(a->name, sizeof(a->name), "ahead-%p", (void *)a);
	a->vfs = *a->real;
	a->vfs.zName = a->name;
	a->vfs.pNext = NULL;
	a->vfs.pAppData = a;
	a->vfs.szOsFile = (int)sizeof(struct ahead_file) + a->real->szOsFile;
	a->vfs.xOpen = ahead_open;
	a->vfs.xDelete = ahead_delete;
	a->vfs.xAccess = ahead_access;
	a->vfs.xFullPathname = ahead_full_name;
	if (sqlite3_vfs_register(&a->vfs, 0) != SQLITE_OK) {
		free(a->bytes);
		free(a);
		return err_nomem(err);
	}
	*out = a;
	return ERR_OK;
}

const char *
ahead_name(const struct ahead *a)
{
	return a == NULL ? NULL : a->name;
}

void
ahead_begin(struct ahead *a)
{
	for (size_t i = 0; i < CHUNKS; i++)
		a->chunk[i].at = -1;
	a->on = true;
}

void
ahead_end(struct ahead *a)
{
	a->on = false;
}

void
ahead_free(struct ahead *a)
{
	if (a == NULL)
		return;
	sqlite3_vfs_unregister(&a->vfs);
	free(a->bytes);
	free(a);
}
