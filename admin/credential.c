/* systemd's encrypted credentials. See credential.h. */
#include "admin/credential.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "collector/seal.h"

enum { SAID_MAX = 300, SEALED_MAX = 1 << 20 };

/* Names in memory what a child reads and writes: in, out, err. */
struct child {
	int fd[3];
};

static enum err_code
memory(const char *name, const struct buf *content, int *fd, struct err *err)
{
	*fd = memfd_create(name, MFD_CLOEXEC);
	if (*fd < 0 || (content != NULL && (write(*fd, content->data, content->len) != (ssize_t)content->len
	    || lseek(*fd, 0, SEEK_SET) != 0)))
		return err_set(err, ERR_BROKEN, "memory for systemd-creds: %s", strerror(errno));
	return ERR_OK;
}

/* All of FD into OUT. */
static enum err_code
take(int fd, struct buf *out, struct err *err)
{
	char part[4096];
	ssize_t n = -1;

	if (lseek(fd, 0, SEEK_SET) == 0)
		while ((n = read(fd, part, sizeof(part))) > 0)
			buf_put(out, part, (size_t)n);
	wipe(part, sizeof(part));
	return n < 0 ? err_set(err, ERR_BROKEN, "what systemd-creds gave: %s", strerror(errno)) : buf_check(out, err);
}

/* Zeros over what was in FD, and close it. */
static void
forget(int fd)
{
	static const char zeros[4096];
	off_t left;

	if (fd < 0)
		return;
	left = lseek(fd, 0, SEEK_END);
	if (lseek(fd, 0, SEEK_SET) == 0)
		for (ssize_t n; left > 0; left -= n) {
			n = write(fd, zeros, left < (off_t)sizeof(zeros) ? (size_t)left : sizeof(zeros));
			if (n <= 0)
				break;
		}
	close(fd);
}

/* Run systemd-creds with ARGV on IN; what it writes goes to OUT (NULL: nowhere). */
static enum err_code
creds(const char *const argv[], const struct buf *in, struct buf *out, struct err *err)
{
	struct child c = { .fd = { -1, -1, -1 } };
	posix_spawn_file_actions_t actions;
	struct buf said;
	int status = 0, bad;
	pid_t pid;
	enum err_code rc = memory("in", in, &c.fd[0], err);

	buf_init(&said, SAID_MAX);
	if (rc == ERR_OK)
		rc = memory("out", NULL, &c.fd[1], err);
	if (rc == ERR_OK)
		rc = memory("err", NULL, &c.fd[2], err);
	if (rc != ERR_OK)
		goto out;
	posix_spawn_file_actions_init(&actions);
	for (int i = 0; i < 3; i++)
		posix_spawn_file_actions_adddup2(&actions, c.fd[i], i);
	bad = posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (bad != 0) {
		rc = err_set(err, bad == ENOENT ? ERR_ABSENT : ERR_BROKEN, "%s: %s", argv[0], strerror(bad));
		goto out;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		(void)take(c.fd[2], &said, err);
		rc = err_set(err, ERR_BROKEN, "%s %s fails: %.*s", argv[0], argv[1], (int)strcspn(buf_str(&said), "\n"),
		    buf_str(&said));
	} else if (out != NULL) {
		rc = take(c.fd[1], out, err);
	}
out:
	for (int i = 0; i < 3; i++)
		forget(c.fd[i]);
	buf_free(&said);
	return rc;
}

enum err_code
credential_write(const char *path, const char *name, const struct buf *secret, struct err *err)
{
	char called[80];
	const char *const seal[] = { "systemd-creds", "encrypt", "--with-key=auto", "--tpm2-pcrs=7", called, "-", "-", NULL };
	const char *const open[] = { "systemd-creds", "decrypt", called, "-", "-", NULL };
	struct buf sealed, back;
	enum err_code rc;

	snprintf(called, sizeof(called), "--name=%s", name);
	buf_init(&sealed, SEALED_MAX);
	buf_init_secret(&back, SEALED_MAX);
	rc = creds(seal, secret, &sealed, err);
	if (rc == ERR_OK)
		rc = creds(open, &sealed, &back, err);
	if (rc == ERR_OK && (back.len != secret->len || !seal_equal(back.data, secret->data, back.len)))
		rc = err_set(err, ERR_BROKEN, "systemd-creds does not give back what it sealed");
	if (rc == ERR_OK)
		rc = file_write(path, sealed.data, sealed.len, 0600, err);
	buf_free(&sealed);
	buf_free(&back);
	return rc;
}

const char *
credential_guard(void)
{
	static const char *const ask[] = { "systemd-creds", "has-tpm2", "--quiet", NULL };
	struct err err;

	return creds(ask, NULL, NULL, &err) == ERR_OK ? "the TPM2 and the host's key"
	    : "the host's key alone (this machine has no TPM2)";
}
