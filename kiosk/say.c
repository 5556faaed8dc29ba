/* Pages aloud. See say.h. */
#include "kiosk/say.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/file.h"
#include "base/log.h"
#include "collector/chain.h"

enum { CACHE_MAX = 64 << 20, PIECE_MAX = 4 << 20, PAUSE = SAY_RATE * 35 / 100, WAV_HEAD = 44, DAY_S = 86400 };

extern char **environ;

bool
say_can(const struct kiosk *k, const struct words *w)
{
	return k->has_voice && w->voice[0] != '\0';
}

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Feed TEXT to FD_IN and gather what comes from FD_OUT, until it ends or time is up. *CUT: there was more than OUT
 * holds, and what fits is there. */
static enum err_code
pump(int fd_in, int fd_out, const struct buf *text, struct buf *out, bool *cut, struct err *err)
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
			uint8_t *room;

			*cut = out->max - out->len < 65536;
			room = *cut ? NULL : buf_room(out, 65536);
			if (room == NULL) {
				if (fd_in >= 0)
					close(fd_in);
				return *cut ? ERR_OK : err_nomem(err);
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

/* TEXT in the voice into OUT: a WAV. */
static enum err_code
speak(const char *program, const char *voice, unsigned speed, const struct buf *text, struct buf *out,
    struct err *err)
{
	static const char *const speeds[] = { "120", "150", "175" };
	const char *const argv[] = { program, "--stdin", "--stdout", "-b", "1", "-v", voice, "-s", speeds[speed % 3],
	    NULL };
	posix_spawn_file_actions_t actions;
	int in[2] = { -1, -1 }, from[2] = { -1, -1 }, status = 0;
	enum err_code rc;
	bool cut = false;
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
	rc = pump(in[1], from[0], text, out, &cut, err);
	close(from[0]);
	if (rc != ERR_OK || cut)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (rc == ERR_OK && !cut && (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || out->len < WAV_HEAD))
		rc = err_set(err, ERR_ABSENT, "speech: no sound for voice %.20s", voice);
	if (rc != ERR_OK)
		buf_reset(out);
	else
		mend_lengths(out);
	return rc;
}

/* --- pieces: cached where nobody's own words are in them ------------------------------------------------ */

/* Named by everything it depends on. */
static void
cache_path(const struct say_how *how, const struct say_piece *piece, char *to, size_t max)
{
	struct chain_state state;
	struct chain_hash h;
	char name[65];

	chain_begin(&state, "speech");
	if (piece->sound != NULL) {
		chain_add(&state, piece->sound->id, MEDIA_ID);
	} else {
		chain_add(&state, how->voice, strlen(how->voice) + 1);
		chain_add_u8(&state, (uint8_t)how->speed);
		chain_add(&state, piece->text, strlen(piece->text));
	}
	chain_end(&state, &h);
	hex_str(h.bytes, 16, name);
	snprintf(to, max, "%s/%s", how->cache, name);
}

struct kept { char name[33]; off_t len; time_t at; };

static int
oldest_first(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;

	return x->at != y->at ? (x->at > y->at) - (x->at < y->at) : strcmp(x->name, y->name);
}

/* The folder without its oldest files, so that it holds at most CACHE_MAX. */
static void
trim(const char *folder)
{
	struct kept *list = NULL;
	size_t n = 0, room = 0;
	DIR *d = opendir(folder);
	struct dirent *e;
	off_t all = 0;

	while (d != NULL && (e = readdir(d)) != NULL) {
		struct stat st;

		if (e->d_name[0] == '.' || strlen(e->d_name) > 32 || fstatat(dirfd(d), e->d_name, &st, 0) != 0)
			continue;
		if (n == room) {
			struct kept *more = realloc(list, (room + 256) * sizeof(*more));

			if (more == NULL)
				break;
			list = more;
			room += 256;
		}
		snprintf(list[n].name, sizeof(list[n].name), "%.32s", e->d_name);
		list[n].len = st.st_size;
		list[n++].at = st.st_mtime;
		all += st.st_size;
	}
	if (all > CACHE_MAX) {
		qsort(list, n, sizeof(*list), oldest_first);
		for (size_t i = 0; i < n && all > CACHE_MAX; i++) {
			(void)unlinkat(dirfd(d), list[i].name, 0);
			all -= list[i].len;
		}
	}
	if (d != NULL)
		closedir(d);
	free(list);
}

/* The time of a file tells the day only: when somebody listened is nobody's business. */
static void
cache_put(const char *folder, const char *path, const struct buf *samples)
{
	struct timespec day[2] = { { .tv_sec = time(NULL) / DAY_S * DAY_S } };
	struct err err;

	day[1] = day[0];
	if (file_mkdirs(folder, 0700, &err) != ERR_OK
	    || file_write(path, samples->data, samples->len, 0600, &err) != ERR_OK) {
		log_err("kiosk", "speech", &err);
		return;
	}
	(void)utimensat(AT_FDCWD, path, day, 0);
	trim(folder);
}

/* The samples of one piece, appended to OUT. */
static enum err_code
say_piece(const struct say_how *how, const struct say_piece *piece, struct buf *out, struct err *err)
{
	struct buf in, samples, text;
	enum err_code rc;
	char path[4400];

	buf_init_secret(&samples, PIECE_MAX);
	buf_init_secret(&in, PIECE_MAX);
	buf_init_secret(&text, SAY_TEXT_MAX + 2);
	if (!piece->is_own) {
		cache_path(how, piece, path, sizeof(path));
		if (file_read(path, &samples, err) == ERR_OK && samples.len % 2 == 0)
			goto put;
		buf_reset(&samples);
	}
	if (piece->sound != NULL) {
		rc = media_read(how->media, piece->sound, &in, err);
	} else {
		size_t n = strlen(piece->text);

		buf_put(&text, piece->text, n < SAY_TEXT_MAX ? n : SAY_TEXT_MAX);
		if (strchr(".?!:", piece->text[n - 1]) == NULL)
			buf_putc(&text, '.');
		rc = speak(how->program, how->voice, how->speed, &text, &in, err);
	}
	if (rc == ERR_OK)
		rc = say_samples(&in, &samples, err);
	if (rc != ERR_OK)
		goto out;
	if (!piece->is_own)
		cache_put(how->cache, path, &samples);
put:
	rc = samples.len > SAY_WAV_MAX - out->len ? err_set(err, ERR_LIMIT, "speech is longer than %d bytes", SAY_WAV_MAX)
	    : ERR_OK;
	if (rc == ERR_OK)
		buf_put(out, samples.data, samples.len);
out:
	buf_free(&samples);
	buf_free(&in);
	buf_free(&text);
	return rc;
}

/* --- a page -------------------------------------------------------------------------------------------- */

static void
le32(struct buf *out, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		buf_u8(out, (uint8_t)(v >> (8 * i)));
}

static void
le16(struct buf *out, uint16_t v)
{
	buf_u8(out, (uint8_t)v);
	buf_u8(out, (uint8_t)(v >> 8));
}

static void
wav_head(struct buf *out)
{
	buf_puts(out, "RIFF");
	le32(out, 0);
	buf_puts(out, "WAVEfmt ");
	le32(out, 16);
	le16(out, 1);	/* PCM */
	le16(out, 1);	/* one channel */
	le32(out, SAY_RATE);
	le32(out, SAY_RATE * 2);
	le16(out, 2);
	le16(out, 16);
	buf_puts(out, "data");
	le32(out, 0);
}

/* About 6 dB a step, the loudest as it came. */
static void
set_volume(struct buf *wav, unsigned volume)
{
	static const int part[SAY_LOUD + 1] = { 16, 32, 64, 128, 256 };
	int gain = part[volume <= SAY_LOUD ? volume : SAY_LOUD];

	for (size_t i = WAV_HEAD; gain != 256 && i + 1 < wav->len; i += 2) {
		int16_t s;

		memcpy(&s, wav->data + i, 2);
		s = (int16_t)(s * gain / 256);
		memcpy(wav->data + i, &s, 2);
	}
}

enum err_code
say_list(const struct say_how *how, const struct say_list *list, struct buf *out, struct err *err)
{
	int64_t until = now_ms() + SAY_ALL_S * 1000;
	enum err_code rc = ERR_OK, one = ERR_OK;
	size_t said = 0;

	wav_head(out);
	for (size_t i = 0; i < list->n && rc == ERR_OK; i++) {
		const struct say_piece *piece = &list->piece[i];

		if (piece->sound == NULL && (how->voice[0] == '\0' || piece->text[0] == '\0'))
			continue;
		if (now_ms() >= until) {
			rc = err_set(err, ERR_AGAIN, "speech took longer than %d s", SAY_ALL_S);
			break;
		}
		one = say_piece(how, piece, out, err);
		/* A sound of the form that cannot be read: its words are read instead. */
		if (one != ERR_OK && piece->sound != NULL && how->voice[0] != '\0' && piece->text[0] != '\0') {
			struct say_piece words = { .text = piece->text, .is_own = piece->is_own };

			log_err("kiosk", "sound", err);
			one = say_piece(how, &words, out, err);
		}
		/* What is too long for one page is read as far as it goes. */
		if (one == ERR_LIMIT || SAY_WAV_MAX - out->len < PAUSE * 2)
			break;
		if (one == ERR_AGAIN)
			rc = one;
		said += one == ERR_OK;
		buf_fill(out, 0, PAUSE * 2);
	}
	if (rc == ERR_OK && said == 0)
		rc = one != ERR_OK ? one : err_set(err, ERR_ABSENT, "nothing to say");
	if (rc == ERR_OK)
		rc = buf_check(out, err);
	if (rc != ERR_OK) {
		buf_reset(out);
		return rc;
	}
	mend_lengths(out);
	set_volume(out, how->volume);
	return ERR_OK;
}
