/* Allocations and system calls on files of our own code that fail when told to: linked into every test with the
 * linker's --wrap, so the libraries' own are not met. See tests/torture.h. */
#include "tests/torture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

long torture_left = -1;
int torture_hit;
struct torture_calls torture_calls = { .left = -1 };

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
char *__real_strdup(const char *s);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
char *__wrap_strdup(const char *s);

static int
fails(void)
{
	if (torture_left < 0)
		return 0;
	if (torture_left-- > 0)
		return 0;
	torture_hit = 1;
	return 1;
}

void *
__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}

char *
__wrap_strdup(const char *s)
{
	return fails() ? NULL : __real_strdup(s);
}

/* --- system calls --- */

int __real_open(const char *path, int flags, ...);
int __real_mkostemp(char *path, int flags);
ssize_t __real_write(int fd, const void *p, size_t n);
int __real_fsync(int fd);
int __real_fchmod(int fd, mode_t mode);
int __real_rename(const char *from, const char *to);
int __real_link(const char *from, const char *to);
int __real_unlink(const char *path);
int __real_close(int fd);
int __wrap_open(const char *path, int flags, ...);
int __wrap_mkostemp(char *path, int flags);
ssize_t __wrap_write(int fd, const void *p, size_t n);
int __wrap_fsync(int fd);
int __wrap_fchmod(int fd, mode_t mode);
int __wrap_rename(const char *from, const char *to);
int __wrap_link(const char *from, const char *to);
int __wrap_unlink(const char *path);
int __wrap_close(int fd);

static int
call_fails(enum torture_call call)
{
	struct torture_calls *t = &torture_calls;

	if (t->left < 0 || t->call != call)
		return 0;
	if (t->left-- > 0)
		return 0;
	t->hit = 1;
	errno = t->with;
	return 1;
}

int
__wrap_open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	if ((flags & O_CREAT) != 0) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	return call_fails(TORTURE_OPEN) ? -1 : __real_open(path, flags, mode);
}

int
__wrap_mkostemp(char *path, int flags)
{
	return call_fails(TORTURE_OPEN) ? -1 : __real_mkostemp(path, flags);
}

ssize_t
__wrap_write(int fd, const void *p, size_t n)
{
	torture_calls.unsynced = 1;
	if (call_fails(TORTURE_WRITE)) {
		if (!torture_calls.is_short)
			return -1;
		n = (n + 1) / 2;
	}
	return __real_write(fd, p, n);
}

int
__wrap_fsync(int fd)
{
	if (call_fails(TORTURE_FSYNC))
		return -1;
	torture_calls.unsynced = torture_calls.unsynced_name = 0;
	return __real_fsync(fd);
}

int
__wrap_fchmod(int fd, mode_t mode)
{
	return call_fails(TORTURE_FCHMOD) ? -1 : __real_fchmod(fd, mode);
}

int
__wrap_rename(const char *from, const char *to)
{
	if (call_fails(TORTURE_RENAME))
		return -1;
	torture_calls.early |= torture_calls.unsynced;
	torture_calls.unsynced_name = 1;
	return __real_rename(from, to);
}

int
__wrap_link(const char *from, const char *to)
{
	if (call_fails(TORTURE_RENAME))
		return -1;
	torture_calls.early |= torture_calls.unsynced;
	torture_calls.unsynced_name = 1;
	return __real_link(from, to);
}

int
__wrap_unlink(const char *path)
{
	return call_fails(TORTURE_UNLINK) ? -1 : __real_unlink(path);
}

/* Closed all the same, as Linux does. */
int
__wrap_close(int fd)
{
	int failed = call_fails(TORTURE_CLOSE), rc = __real_close(fd);

	if (failed)
		errno = torture_calls.with;
	return failed ? -1 : rc;
}
