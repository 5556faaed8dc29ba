/* candour backup and candour restore: a centre's databases and settings, put aside and taken back.
 * A backup is a folder: keep/ may be kept for ever, days30/ (wrapped keys, facts, the reading room's people) goes after
 * 30 days, as what was withdrawn must not come back from a shelf. Keys are never in it. docs/sync.md, "Backups". */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "admin/commands.h"
#include "admin/site.h"
#include "aggregator/backup_store.h"
#include "aggregator/settings.h"
#include "base/codec.h"
#include "base/file.h"
#include "indicators/conf.h"

static const char backup_usage[] =
    "usage: candour backup DIR OUT      a centre's folder, into a new folder in OUT; the daemons may run\n"
    "The new folder holds keep/, for as long as you like, and days30/, which the next backup into OUT\n"
    "removes after 30 days. Keys are not in it: keep DIR/keys and the key files in a safe.\n";
static const char restore_usage[] =
    "usage: candour restore FROM DIR    one backup into a centre's folder whose databases are gone\n"
    "Stop the daemons first, and put DIR/keys back.\n";

enum { DAYS_KEPT = 30, DAYS_SAFE = 7, SUMS_MAX = 65536 };

/* What is in a backup. Files without a setting lie in the centre's folder. */
enum source { STORE, WRAPS, PAGES, FACTS, READERS, FILE_IN_DIR };
struct item {
	const char *name;	/* in the backup */
	enum source from;
};
static const struct item items[] = {
	{ "keep/aggregator.conf", FILE_IN_DIR },
	{ "keep/indicators.conf", FILE_IN_DIR },
	{ "keep/root.pin", FILE_IN_DIR },
	{ "keep/keyring", FILE_IN_DIR },
	{ "days30/facts.db", FACTS },	/* before the records it was made from: what it lacks it reads again */
	{ "days30/readers.db", READERS },
	{ "keep/pages.db", PAGES },
	{ "keep/records.db", STORE },
	{ "days30/wraps.db", WRAPS },
};

struct place {
	const char *dir;
	struct aggregator_settings set;
	struct indicators_conf ind;
	bool has_set, has_ind;
};

static void
place_clear(struct place *p)
{
	if (p->has_set)
		config_clear(aggregator_keys, aggregator_n_keys, &p->set);
	if (p->has_ind)
		config_clear(indicators_keys, indicators_n_keys, &p->ind);
}

/* The settings of DIR. A machine of the centre has one of the two files or both. */
static enum err_code
place_read(const char *dir, struct place *p, struct err *err)
{
	char path[PATH_MAX];
	enum err_code rc;

	*p = (struct place){ .dir = dir };
	rc = admin_path(dir, "aggregator.conf", path, sizeof(path), err);
	if (rc == ERR_OK && access(path, F_OK) == 0) {
		rc = config_read(path, aggregator_keys, aggregator_n_keys, &p->set, err);
		p->has_set = rc == ERR_OK;
	}
	if (rc == ERR_OK)
		rc = admin_path(dir, "indicators.conf", path, sizeof(path), err);
	if (rc == ERR_OK && access(path, F_OK) == 0) {
		rc = config_read(path, indicators_keys, indicators_n_keys, &p->ind, err);
		p->has_ind = rc == ERR_OK;
	}
	if (rc == ERR_OK && !p->has_set && !p->has_ind)
		rc = err_set(err, ERR_ABSENT, "%s holds neither aggregator.conf nor indicators.conf: name the centre's folder", dir);
	if (rc == ERR_OK && p->has_set && strncmp(p->set.store, "postgres", 8) == 0)
		rc = err_set(err, ERR_INPUT, "this centre's store is PostgreSQL, which has tools of its own: docs/SCALE.md, \"Backups\"");
	if (rc != ERR_OK)
		place_clear(p);
	return rc;
}

/* Where ITEM lives at the centre; PATH empty: this machine does not have it. */
static enum err_code
item_path(const struct place *p, const struct item *item, char *path, size_t room, struct err *err)
{
	const char *at = "";

	switch (item->from) {
	case STORE: case WRAPS: at = p->has_set ? p->set.store : ""; break;
	case PAGES: at = p->has_set ? p->set.pages_db : ""; break;
	case FACTS: at = p->has_ind ? p->ind.facts : ""; break;
	case READERS: at = p->has_ind ? p->ind.users : ""; break;
	case FILE_IN_DIR: return admin_path(p->dir, strchr(item->name, '/') + 1, path, room, err);
	}
	if ((size_t)snprintf(path, room, "%s", at) >= room)
		return err_set(err, ERR_INPUT, "%.60s...: too long a path", at);
	return ERR_OK;
}

static enum err_code
sha256_of(const char *path, char hex[65], struct err *err)
{
	unsigned char block[65536], digest[32];
	gnutls_hash_hd_t h = NULL;
	enum err_code rc = ERR_OK;
	ssize_t n = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_set(err, errno == ENOENT ? ERR_ABSENT : ERR_BROKEN, "%s: %s", path, strerror(errno));
	if (gnutls_hash_init(&h, GNUTLS_DIG_SHA256) < 0)
		rc = err_nomem(err);
	while (rc == ERR_OK && (n = read(fd, block, sizeof(block))) > 0)
		if (gnutls_hash(h, block, (size_t)n) < 0)
			rc = err_set(err, ERR_BROKEN, "%s: SHA-256 fails", path);
	if (rc == ERR_OK && n < 0)
		rc = err_set(err, ERR_BROKEN, "%s: %s", path, strerror(errno));
	if (h != NULL)
		gnutls_hash_deinit(h, digest);
	close(fd);
	if (rc == ERR_OK)
		hex_str(digest, sizeof(digest), hex);
	return rc;
}

static enum err_code
copy_file(const char *from, const char *to, struct err *err)
{
	struct buf b;
	enum err_code rc;

	buf_init(&b, 16u << 20);
	rc = file_read(from, &b, err);
	if (rc == ERR_OK)
		rc = file_create(to, b.data, b.len, 0600, err);
	buf_free(&b);
	return rc;
}

static void
remove_all(const char *dir)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_LEN(items); i++)
		if (snprintf(path, sizeof(path), "%s/%s", dir, items[i].name) < (int)sizeof(path))
			unlink(path);
	for (size_t i = 0; i < 3; i++) {
		static const char *const more[] = { "SHA256SUMS", "keep", "days30" };

		if (snprintf(path, sizeof(path), "%s/%s", dir, more[i]) < (int)sizeof(path))
			remove(path);
	}
	rmdir(dir);
}

/* ITEM into DIR, and its line into SUMS. */
static enum err_code
put_aside(const struct place *p, const struct item *item, const char *dir, struct buf *sums, struct err *err)
{
	char from[PATH_MAX], to[PATH_MAX], wraps[PATH_MAX], hex[65];
	enum err_code rc = item_path(p, item, from, sizeof(from), err);

	if (rc == ERR_OK)
		rc = admin_path(dir, item->name, to, sizeof(to), err);
	if (rc != ERR_OK)
		return rc;
	if (from[0] == '\0' || (access(from, F_OK) != 0 && item->from != STORE))
		return ERR_OK;
	switch (item->from) {
	case FILE_IN_DIR:
		rc = copy_file(from, to, err);
		break;
	case STORE:
		rc = admin_path(dir, "days30/wraps.db", wraps, sizeof(wraps), err);
		if (rc == ERR_OK)
			rc = backup_split(from, to, wraps, err);
		break;
	case WRAPS:	/* came with STORE */
		break;
	default:
		rc = backup_copy(from, to, err);
	}
	if (rc == ERR_OK)
		rc = sha256_of(to, hex, err);
	if (rc == ERR_OK)
		buf_printf(sums, "%s  %s\n", hex, item->name);
	return rc;
}

/* Remove what has had its 30 days from the backups in OUT. */
static unsigned
prune(const char *out, time_t now)
{
	DIR *d = opendir(out);
	const struct dirent *e;
	unsigned n = 0;

	while (d != NULL && (e = readdir(d)) != NULL) {
		char path[PATH_MAX];
		struct tm tm = { 0 };
		const char *end = strptime(e->d_name, "candour-%Y%m%dT%H%M%SZ", &tm);

		if (end == NULL || *end != '\0' || timegm(&tm) >= now - DAYS_KEPT * 86400L
		    || snprintf(path, sizeof(path), "%s/%s/days30", out, e->d_name) >= (int)sizeof(path) || access(path, F_OK) != 0)
			continue;
		for (size_t i = 0; i < ARRAY_LEN(items); i++)
			if (strncmp(items[i].name, "days30/", 7) == 0
			    && snprintf(path, sizeof(path), "%s/%s/%s", out, e->d_name, items[i].name) < (int)sizeof(path))
				unlink(path);
		snprintf(path, sizeof(path), "%s/%s/days30", out, e->d_name);
		n += rmdir(path) == 0;
	}
	if (d != NULL)
		closedir(d);
	return n;
}

static enum err_code
backup(const char *dir, const char *out, struct err *err)
{
	char name[PATH_MAX], part[PATH_MAX], path[PATH_MAX], stamp[40];
	time_t now = time(NULL);
	struct place place;
	struct buf sums;
	struct tm tm;
	unsigned gone;
	enum err_code rc = place_read(dir, &place, err);

	if (rc != ERR_OK)
		return rc;
	buf_init(&sums, SUMS_MAX);
	strftime(stamp, sizeof(stamp), "candour-%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
	rc = admin_path(out, stamp, name, sizeof(name), err);
	if (rc == ERR_OK && access(name, F_OK) == 0)
		rc = err_set(err, ERR_EXISTS, "%s is there already: one backup a second", name);
	if (rc == ERR_OK && snprintf(part, sizeof(part), "%s.part", name) >= (int)sizeof(part))
		rc = err_set(err, ERR_INPUT, "%.60s...: too long a path", out);
	if (rc == ERR_OK) {
		remove_all(part);
		rc = admin_path(part, "keep", path, sizeof(path), err);
	}
	if (rc == ERR_OK)
		rc = file_mkdirs(path, 0700, err);
	if (rc == ERR_OK)
		rc = admin_path(part, "days30", path, sizeof(path), err);
	if (rc == ERR_OK)
		rc = file_mkdirs(path, 0700, err);
	for (size_t i = 0; rc == ERR_OK && i < ARRAY_LEN(items); i++)
		rc = put_aside(&place, &items[i], part, &sums, err);
	if (rc == ERR_OK)
		rc = buf_check(&sums, err);
	if (rc == ERR_OK)
		rc = admin_path(part, "SHA256SUMS", path, sizeof(path), err);
	if (rc == ERR_OK)
		rc = file_write(path, sums.data, sums.len, 0600, err);
	if (rc == ERR_OK && rename(part, name) != 0)
		rc = err_set(err, ERR_AGAIN, "%s: %s", name, strerror(errno));
	if (rc == ERR_OK)
		rc = file_sync_parent(name, err);
	if (rc != ERR_OK)
		remove_all(part);
	place_clear(&place);
	buf_free(&sums);
	if (rc != ERR_OK)
		return rc;
	gone = prune(out, now);
	printf("%s\n", name);
	if (gone > 0)
		printf("%u older backup%s lost %s days30 folder, as 30 days are over.\n", gone, gone == 1 ? "" : "s", gone == 1 ? "its" : "their");
	return ERR_OK;
}

/* Each file of FROM against its line in SHA256SUMS. */
static enum err_code
check_sums(const char *from, struct err *err)
{
	char path[PATH_MAX], hex[65], *rest, *line;
	struct buf sums;
	enum err_code rc = admin_path(from, "SHA256SUMS", path, sizeof(path), err);

	buf_init(&sums, SUMS_MAX);
	if (rc == ERR_OK)
		rc = file_read(path, &sums, err);
	if (rc == ERR_ABSENT)
		rc = err_set(err, ERR_ABSENT, "%s is no backup (there is no SHA256SUMS): name one of the folders candour-DATE", from);
	rest = rc == ERR_OK ? strdup(buf_str(&sums)) : NULL;
	if (rc == ERR_OK && rest == NULL)
		rc = err_nomem(err);
	for (char *at = rest; rc == ERR_OK && (line = strsep(&at, "\n")) != NULL && line[0] != '\0';) {
		const char *name = strlen(line) > 66 ? line + 66 : "";
		size_t i = 0;

		while (i < ARRAY_LEN(items) && strcmp(items[i].name, name) != 0)
			i++;
		if (i == ARRAY_LEN(items)) {
			rc = err_set(err, ERR_INPUT, "%s: \"%.80s\" is not a file of a backup", path, name);
			break;
		}
		rc = admin_path(from, name, path, sizeof(path), err);
		if (rc == ERR_OK)
			rc = sha256_of(path, hex, err);
		if (rc == ERR_ABSENT && strncmp(name, "days30/", 7) == 0)
			rc = err_set(err, ERR_ABSENT, "%s: its days30 folder is gone, and with it what opens the records: take a newer backup", from);
		else if (rc == ERR_OK && strncmp(hex, line, 64) != 0)
			rc = err_set(err, ERR_BROKEN, "%s was changed since it was written: take another backup", path);
	}
	free(rest);
	buf_free(&sums);
	return rc;
}

static enum err_code
take_back(const struct place *p, const struct item *item, const char *from_dir, bool look_only, struct err *err)
{
	char from[PATH_MAX], to[PATH_MAX], wraps[PATH_MAX];
	enum err_code rc = item_path(p, item, to, sizeof(to), err);

	if (rc == ERR_OK)
		rc = admin_path(from_dir, item->name, from, sizeof(from), err);
	if (rc != ERR_OK || to[0] == '\0' || access(from, F_OK) != 0 || item->from == WRAPS)
		return rc;
	if (item->from == FILE_IN_DIR)
		return look_only || access(to, F_OK) == 0 ? ERR_OK : copy_file(from, to, err);
	if (look_only)
		return access(to, F_OK) != 0 ? ERR_OK
		    : err_set(err, ERR_EXISTS, "%s is there: nothing is written over a database; move it away first", to);
	if (item->from == STORE) {
		rc = admin_path(from_dir, "days30/wraps.db", wraps, sizeof(wraps), err);
		if (rc == ERR_OK)
			rc = backup_join(from, wraps, to, err);
	} else {
		rc = backup_copy(from, to, err);
	}
	if (rc == ERR_OK)
		rc = backup_check(to, err);
	if (rc == ERR_OK)
		printf("%s\n", to);
	return rc;
}

static enum err_code
restore(const char *from, const char *dir, struct err *err)
{
	struct place place = { .dir = dir };
	struct err ignored = { 0 };
	char path[PATH_MAX];
	struct stat st;
	size_t n;
	enum err_code rc = check_sums(from, err);

	/* Settings first: they say where the rest belongs. */
	if (rc == ERR_OK)
		rc = file_mkdirs(dir, 0700, err);
	for (size_t i = 0; rc == ERR_OK && i < ARRAY_LEN(items); i++)
		if (items[i].from == FILE_IN_DIR)
			rc = take_back(&place, &items[i], from, false, err);
	if (rc == ERR_OK)
		rc = place_read(dir, &place, err);
	if (rc != ERR_OK)
		return rc;
	for (size_t i = 0; rc == ERR_OK && i < ARRAY_LEN(items); i++)
		rc = take_back(&place, &items[i], from, true, err);
	if (rc == ERR_OK) {
		for (n = 0; rc == ERR_OK && n < ARRAY_LEN(items); n++)
			rc = take_back(&place, &items[n], from, false, err);
		for (size_t i = 0; rc != ERR_OK && i < n; i++)	/* all of it or none: none of these were there before */
			if (items[i].from != FILE_IN_DIR && item_path(&place, &items[i], path, sizeof(path), &ignored) == ERR_OK
			    && path[0] != '\0')
				unlink(path);
	}
	if (rc == ERR_OK)
		rc = admin_path(from, "SHA256SUMS", path, sizeof(path), err);
	if (rc == ERR_OK && stat(path, &st) == 0 && st.st_mtime < time(NULL) - DAYS_SAFE * 86400L)
		printf("This backup is more than %d days old. Boxes keep delivered answers about that long: what came in since and\n"
		    "is gone from its box is lost here. Each box begins a new chain and says so; look for centre_restored.\n", DAYS_SAFE);
	if (rc == ERR_OK)
		printf("Restored. Start the daemons: boxes send again what came after this backup.\n");
	place_clear(&place);
	return rc;
}

int
cmd_backup(int argc, char **argv)
{
	struct err err = { 0 };

	if (argc > 1 && strcmp(argv[1], "-h") == 0) {
		fputs(backup_usage, stdout);
		return 0;
	}
	if (argc != 3 || argv[1][0] == '-') {
		fputs(backup_usage, stderr);
		return 2;
	}
	return backup(argv[1], argv[2], &err) == ERR_OK ? 0 : admin_fail("backup", &err);
}

int
cmd_restore(int argc, char **argv)
{
	struct err err = { 0 };

	if (argc > 1 && strcmp(argv[1], "-h") == 0) {
		fputs(restore_usage, stdout);
		return 0;
	}
	if (argc != 3 || argv[1][0] == '-') {
		fputs(restore_usage, stderr);
		return 2;
	}
	return restore(argv[1], argv[2], &err) == ERR_OK ? 0 : admin_fail("restore", &err);
}
