/* The files beside site.db (key files, the pin, settings): every call that writes them fails in turn, and every
 * allocation. Old or new, never half; no rest left; a name only for what is synced; and a word about it. */
#ifndef TESTS_COLLECTOR_FAULT_FILES_H
#define TESTS_COLLECTOR_FAULT_FILES_H

#include <errno.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "collector/keyfile.h"
#include "collector/keyring.h"
#include "tests/torture.h"

struct files {
	char path[300];
	struct keyfile key;
	struct keyring_pin pin;
};

static const char files_old[] = "what was there before, a little longer than a word";

/* Each writer; IS_NEW: refuses to overwrite. */
static enum err_code
write_conf(struct files *f, struct err *err)
{
	static const char text[] = "[kiosk]\nport = 1\n";

	return file_write(f->path, text, sizeof(text) - 1, 0640, err);
}

static enum err_code write_pin(struct files *f, struct err *err) { return keyring_pin_write(f->path, &f->pin, err); }
static enum err_code write_raw(struct files *f, struct err *err) { return keyfile_write_raw(f->path, &f->key, err); }

static enum err_code
write_locked(struct files *f, struct err *err)
{
	static const struct seal_cost least = { 2, 19 * 1024 };

	return keyfile_write_cost(f->path, &f->key, "a passphrase of a test", 22, &least, err);
}

struct files_writer {
	const char *name;
	enum err_code (*write)(struct files *f, struct err *err);
	bool is_new;
	mode_t mode;
};

static const struct files_writer files_writers[] = {
	{ "settings", write_conf, false, 0640 },
	{ "pin", write_pin, false, 0600 },
	{ "key file", write_raw, true, 0600 },
	{ "locked key file", write_locked, true, 0600 },
};

static const struct { const char *name; enum torture_call call; int with, is_short; } files_faults[] = {
	{ "open, EMFILE", TORTURE_OPEN, EMFILE, 0 },
	{ "write, ENOSPC", TORTURE_WRITE, ENOSPC, 0 },
	{ "write, EIO", TORTURE_WRITE, EIO, 0 },
	{ "write, EINTR", TORTURE_WRITE, EINTR, 0 },
	{ "write, short", TORTURE_WRITE, 0, 1 },
	{ "fsync, EIO", TORTURE_FSYNC, EIO, 0 },
	{ "fchmod, EPERM", TORTURE_FCHMOD, EPERM, 0 },
	{ "rename, EIO", TORTURE_RENAME, EIO, 0 },
	{ "rename, ENOSPC", TORTURE_RENAME, ENOSPC, 0 },
	{ "close, EIO", TORTURE_CLOSE, EIO, 0 },
	{ "memory", TORTURE_CALLS, 0, 0 },
};

static size_t
files_read(const char *path, char out[8192])
{
	FILE *in = fopen(path, "rb");
	size_t n = in == NULL ? 0 : fread(out, 1, 8191, in);

	out[n] = '\0';
	if (in != NULL)
		fclose(in);
	return n;
}

/* How many files have that path for their beginning. */
static size_t
files_like(const char *path)
{
	char pattern[320];
	glob_t g;
	size_t n;

	snprintf(pattern, sizeof(pattern), "%s*", path);
	n = glob(pattern, 0, NULL, &g) == 0 ? g.gl_pathc : 0;
	globfree(&g);
	return n;
}

static void
files_before(struct files *f, const struct files_writer *w)
{
	FILE *out;

	unlink(f->path);
	if (w->is_new)
		return;
	out = fopen(f->path, "wb");
	if (out == NULL || fputs(files_old, out) < 0 || fclose(out) != 0)
		abort();
}

static void
files_bad(const struct files_writer *w, size_t fault, long n, const char *what)
{
	fprintf(stderr, "%s: %s, number %ld: %s\n", w->name, files_faults[fault].name, n + 1, what);
	exit(1);
}

/* One fault. False if it never came. */
static bool
files_one(struct files *f, const struct files_writer *w, size_t fault, long n, uint64_t *silent)
{
	char now[8192], again[8192];
	struct err err = { 0 };
	enum err_code rc;
	struct stat st;
	bool hit, is_memory = files_faults[fault].call == TORTURE_CALLS;

	files_before(f, w);
	torture_calls = (struct torture_calls){ .left = is_memory ? -1 : n, .call = files_faults[fault].call,
		.with = files_faults[fault].with, .is_short = files_faults[fault].is_short };
	torture_hit = 0;
	torture_left = is_memory ? n : -1;
	rc = w->write(f, &err);
	hit = torture_hit || torture_calls.hit;
	torture_left = torture_calls.left = -1;
	if (torture_calls.early)
		files_bad(w, fault, n, "a name was given to what was not synced");
	if (rc == ERR_OK && torture_calls.unsynced_name)
		files_bad(w, fault, n, "said done, but the folder is not synced");
	if (rc != ERR_OK && err.msg[0] == '\0')
		(*silent)++;
	files_read(f->path, now);
	if (files_like(f->path) > (access(f->path, F_OK) == 0 ? 1u : 0u))
		files_bad(w, fault, n, "left a file behind");
	/* Without a fault it must be possible now. */
	if (rc != ERR_OK && w->write(f, &err) != ERR_OK)
		files_bad(w, fault, n, err.msg);
	files_read(f->path, again);
	if (stat(f->path, &st) != 0 || (st.st_mode & 07777) != w->mode)
		files_bad(w, fault, n, "has another mode");
	/* (A locked key file is another each time: salt and nonce.) */
	if (rc == ERR_OK ? strcmp(now, again) != 0 : now[0] != '\0' && strcmp(now, files_old) != 0 && strcmp(now, again) != 0)
		files_bad(w, fault, n, "half of it is there");
	if (rc != ERR_OK && w->is_new && now[0] != '\0')
		files_bad(w, fault, n, "said no, but it is there");
	return hit;
}

/* All of them in folder DIR. How many faults there were; ends the program at the first thing that is wrong. */
static uint64_t
files_suffer(const char *dir, uint64_t *silent)
{
	struct files f = { .pin = { .ring_serial = 3 } };
	struct seal_key *k = NULL;
	struct err err;
	uint64_t count = 0;

	snprintf(f.path, sizeof(f.path), "%s/a-file", dir);
	if (seal_key_new(KEY_RESPONSE, &k, &err) != ERR_OK || keyfile_of(k, &f.key, &err) != ERR_OK)
		abort();
	seal_key_free(k);
	for (size_t w = 0; w < sizeof(files_writers) / sizeof(files_writers[0]); w++)
		for (size_t i = 0; i < sizeof(files_faults) / sizeof(files_faults[0]); i++)
			for (long n = 0; files_one(&f, &files_writers[w], i, n, silent); n++)
				count++;
	unlink(f.path);
	keyfile_clear(&f.key);
	return count;
}

#endif
