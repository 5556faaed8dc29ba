/* Pages aloud. See say.h. */
#include "kiosk/say.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SAY_S = 5 };

extern char **environ;

bool
say_can(const struct kiosk *k, const struct words *w)
{
	return k->has_voice && w->voice[0] != '\0';
}

void
say_sentence(struct buf *out, const char *text)
{
	size_t n = strlen(text);

	if (n == 0)
		return;
	if (out->len > 0)
		buf_putc(out, '\n');
	buf_puts(out, text);
	if (strchr(".?!:", text[n - 1]) == NULL)
		buf_putc(out, '.');
}

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Feed TEXT to FD_IN and gather what comes from FD_OUT, until it ends or time is up. */
static enum err_code
pump(int fd_in, int fd_out, const struct buf *text, struct buf *out, struct err *err)
{
	int64_t until = now_ms() + SAY_S * 1000;
	size_t sent = 0;

	for (;;) {
		struct pollfd p[2] = { { .fd = fd_out, .events = POLLIN }, { .fd = fd_in, .events = POLLOUT } };
		int64_t left = until - now_ms();
		ssize_t n;

		if (left <= 0 || poll(p, fd_in >= 0 ? 2 : 1, (int)left) == 0) {
			if (fd_in >= 0)
				close(fd_in);
			return err_set(err, ERR_AGAIN, "speech took longer than %d s", SAY_S);
		}
		if (fd_in >= 0 && p[1].revents != 0) {
			n = write(fd_in, text->data + sent, text->len - sent);
			if (n > 0)
				sent += (size_t)n;
			if (sent == text->len || (n < 0 && errno != EAGAIN && errno != EINTR)) {
				close(fd_in);
				fd_in = -1;
			}
		}
		if (p[0].revents != 0) {
			uint8_t *room = buf_room(out, 65536);

			if (room == NULL) {
				if (fd_in >= 0)
					close(fd_in);
				return err_set(err, ERR_LIMIT, "speech is longer than %d bytes", SAY_WAV_MAX);
			}
			n = read(fd_out, room, 65536);
			buf_truncate(out, out->len - 65536 + (n > 0 ? (size_t)n : 0));
			if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
				if (fd_in >= 0)
					close(fd_in);
				return ERR_OK;
			}
		}
	}
}

/* A stream's header says lengths that were not known yet: fill them in (RIFF at 4, data at 40). */
static void
mend_lengths(struct buf *wav)
{
	uint32_t riff, data;

	if (wav->len < 44 || memcmp(wav->data, "RIFF", 4) != 0 || memcmp(wav->data + 36, "data", 4) != 0)
		return;
	riff = (uint32_t)wav->len - 8;
	data = (uint32_t)wav->len - 44;
	for (int i = 0; i < 4; i++) {
		wav->data[4 + i] = (uint8_t)(riff >> (8 * i));
		wav->data[40 + i] = (uint8_t)(data >> (8 * i));
	}
}

enum err_code
say_speak(const char *program, const char *voice, unsigned speed, const struct buf *text, struct buf *out,
    struct err *err)
{
	static const char *const speeds[] = { "120", "150", "175" };
	const char *const argv[] = { program, "--stdin", "--stdout", "-b", "1", "-v", voice, "-s", speeds[speed % 3],
	    NULL };
	posix_spawn_file_actions_t actions;
	int in[2] = { -1, -1 }, from[2] = { -1, -1 }, status = 0;
	enum err_code rc;
	pid_t pid;

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(from, O_CLOEXEC) < 0) {
		if (in[0] >= 0) {
			close(in[0]);
			close(in[1]);
		}
		return err_set(err, ERR_AGAIN, "speech: %s", strerror(errno));
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	rc = posix_spawn(&pid, program, &actions, NULL, (char *const *)(uintptr_t)argv, environ) == 0 ? ERR_OK
	    : err_set(err, ERR_ABSENT, "speech: %s cannot be run", program);
	posix_spawn_file_actions_destroy(&actions);
	close(in[0]);
	close(from[1]);
	if (rc != ERR_OK) {
		close(in[1]);
		close(from[0]);
		return rc;
	}
	fcntl(in[1], F_SETFL, O_NONBLOCK);
	rc = pump(in[1], from[0], text, out, err);
	close(from[0]);
	if (rc != ERR_OK)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (rc == ERR_OK && (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || out->len < 44))
		rc = err_set(err, ERR_ABSENT, "speech: no sound for voice %.20s", voice);
	if (rc != ERR_OK)
		buf_reset(out);
	else
		mend_lengths(out);
	return rc;
}
