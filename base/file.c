/* Whole files. See file.h. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
is_changed(const struct stat *a, const struct stat *b)
{
	return a->st_size != b->st_size || a->st_mtim.tv_sec != b->st_mtim.tv_sec || a->st_mtim.tv_nsec != b->st_mtim.tv_nsec;
}

enum err_code
file_read(const char *path, struct buf *out, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t start = out->len;
	struct stat st, after;
	enum err_code rc = ERR_OK;

	if (fd < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return err_set(err, ERR_ABSENT, "%s: no such file", path);
		return err_set(err, ERR_BROKEN, "%s: %s", path, strerror(errno));
	}
	if (fstat(fd, &st) < 0) {
		rc = err_set(err, ERR_BROKEN, "%s: %s", path, strerror(errno));
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		rc = err_set(err, ERR_INPUT, "%s: not a regular file", path);
		goto out;
	}
	if (st.st_size < 0 || (uint64_t)st.st_size > out->max - out->len) {
		rc = err_set(err, ERR_LIMIT, "%s: longer than %zu bytes", path, out->max);
		goto out;
	}
	for (;;) {
		char tmp[16384];
		ssize_t n = read(fd, tmp, sizeof(tmp));

		if (n == 0)
			break;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			rc = err_set(err, ERR_BROKEN, "%s: %s", path, strerror(errno));
			goto out;
		}
		buf_put(out, tmp, (size_t)n);
		if (out->secret)
			wipe(tmp, (size_t)n);
	}
	rc = buf_check(out, err);
	if (rc != ERR_OK)
		rc = err_in(err, "%s", path);
	else if (fstat(fd, &after) < 0)
		rc = err_set(err, ERR_BROKEN, "%s: %s", path, strerror(errno));
	else if (is_changed(&st, &after) || (st.st_size > 0 && out->len - start != (uint64_t)st.st_size))
		rc = err_set(err, ERR_AGAIN, "%s: changed while it was read: wait until it is written, then try again", path);
out:
	close(fd);
	if (rc != ERR_OK)
		buf_truncate(out, start);
	return rc;
}

enum err_code
file_sync_parent(const char *path, struct err *err)
{
	char dir[PATH_MAX];
	char *slash;
	enum err_code rc = ERR_OK;
	int fd;

	if (snprintf(dir, sizeof(dir), "%s", path) >= (int)sizeof(dir))
		return err_set(err, ERR_LIMIT, "path too long");
	slash = strrchr(dir, '/');
	if (slash == NULL)
		strcpy(dir, ".");
	else
		slash[slash == dir ? 1 : 0] = '\0';
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		rc = err_set(err, ERR_BROKEN, "%s: %s", dir, strerror(errno));
	if (fd >= 0)
		close(fd);
	return rc;
}

static enum err_code
write_all(int fd, const char *path, const void *data, size_t len, struct err *err)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_set(err, ERR_BROKEN, "%s: %s", path, strerror(n == 0 ? EIO : errno));
		p += n;
		len -= (size_t)n;
	}
	if (fsync(fd) < 0)
		return err_set(err, ERR_BROKEN, "%s: %s", path, strerror(errno));
	return ERR_OK;
}

static enum err_code
put(const char *path, const void *data, size_t len, mode_t mode, bool only_new, struct err *err)
{
	char tmp[PATH_MAX];
	struct stat was;
	enum err_code rc;
	int fd;

	if (snprintf(tmp, sizeof(tmp), "%s.XXXXXX", path) >= (int)sizeof(tmp))
		return err_set(err, ERR_LIMIT, "path too long");
	fd = mkostemp(tmp, O_CLOEXEC);
	if (fd < 0)
		return err_set(err, ERR_BROKEN, "%s: %s", path, strerror(errno));
	rc = write_all(fd, path, data, len, err);
	if (rc == ERR_OK && !only_new && geteuid() == 0 && stat(path, &was) == 0 && fchown(fd, was.st_uid, was.st_gid) < 0)
		rc = err_set(err, ERR_BROKEN, "%s: %s", path, strerror(errno));
	if (rc == ERR_OK && fchmod(fd, mode) < 0)
		rc = err_set(err, ERR_BROKEN, "%s: %s", path, strerror(errno));
	if (close(fd) < 0 && rc == ERR_OK)
		rc = err_set(err, ERR_BROKEN, "%s: %s", path, strerror(errno));
	if (rc == ERR_OK && only_new) {
		if (link(tmp, path) < 0)
			rc = errno == EEXIST ? err_set(err, ERR_EXISTS, "%s is there already", path)
			    : err_set(err, ERR_BROKEN, "%s: %s", path, strerror(errno));
	} else if (rc == ERR_OK && rename(tmp, path) < 0) {
		rc = err_set(err, ERR_BROKEN, "%s: %s", path, strerror(errno));
	}
	if (rc != ERR_OK || only_new)
		unlink(tmp);
	if (rc == ERR_OK) {
		rc = file_sync_parent(path, err);
		/* Nobody was told of a new file, so that another try may make it. */
		if (rc != ERR_OK && only_new)
			unlink(path);
	}
	return rc;
}

enum err_code
file_write(const char *path, const void *data, size_t len, mode_t mode, struct err *err)
{
	return put(path, data, len, mode, false, err);
}

enum err_code
file_create(const char *path, const void *data, size_t len, mode_t mode, struct err *err)
{
	return put(path, data, len, mode, true, err);
}

enum err_code
file_mkdirs(const char *path, mode_t mode, struct err *err)
{
	char dir[PATH_MAX];
	size_t len;

	if (snprintf(dir, sizeof(dir), "%s", path) >= (int)sizeof(dir))
		return err_set(err, ERR_LIMIT, "path too long");
	len = strlen(dir);
	for (size_t i = 1; i <= len; i++) {
		if (dir[i] != '/' && dir[i] != '\0')
			continue;
		char was = dir[i];

		dir[i] = '\0';
		if (mkdir(dir, mode) < 0 && errno != EEXIST)
			return err_set(err, ERR_BROKEN, "%s: %s", dir, strerror(errno));
		dir[i] = was;
	}
	return ERR_OK;
}
