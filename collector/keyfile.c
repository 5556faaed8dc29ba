/* Secret keys in files, and the escrow key in shares. See keyfile.h and docs/formats/keyfile.md. */
#include "collector/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/file.h"
#include "base/num.h"
#include "collector/words.h"

#define LOCKED "candour-key 1"
#define RAW "candour-credential 1"
#define PASS_MAX 1024
#define SECRET_MAX 4096

void
keyfile_clear(struct keyfile *k)
{
	buf_free(&k->public_);
	buf_free(&k->secret);
	memset(k, 0, sizeof(*k));
}

enum err_code
keyfile_of(const struct seal_key *key, struct keyfile *out, struct err *err)
{
	keyfile_clear(out);
	out->use = seal_key_use(key);
	seal_key_id(key, out->id);
	buf_init(&out->public_, 32);
	buf_init_secret(&out->secret, 32);
	buf_put(&out->public_, seal_key_public(key), 32);
	seal_key_secret(key, &out->secret);
	if (buf_check(&out->public_, err) != ERR_OK || buf_check(&out->secret, err) != ERR_OK) {
		keyfile_clear(out);
		return err_nomem(err);
	}
	return ERR_OK;
}

enum err_code
keyfile_key(const struct keyfile *k, struct seal_key **out, struct err *err)
{
	enum err_code rc;

	*out = NULL;
	if (k->secret.len != 32 || k->public_.len != 32)
		return err_set(err, ERR_INPUT, "a %s key of %zu secret bytes is no key pair of this kind",
		    key_use_word(k->use), k->secret.len);
	rc = seal_key_from(k->use, k->secret.data, out, err);
	if (rc == ERR_OK && memcmp(seal_key_public(*out), k->public_.data, 32) != 0) {
		seal_key_free(*out);
		*out = NULL;
		rc = err_set(err, ERR_INPUT, "the secret and the public half of this %s key do not belong together",
		    key_use_word(k->use));
	}
	return rc;
}

/* --- writing --- */

static void
put_common(struct buf *b, const char *first, const struct keyfile *k)
{
	buf_printf(b, "%s\nuse = %s\nid = ", first, key_use_word(k->use));
	hex_put(b, k->id, 8);
	buf_puts(b, "\npublic = ");
	base64_put(b, k->public_.data, k->public_.len);
	buf_putc(b, '\n');
}

static void
put_base64(struct buf *b, const char *key, const void *data, size_t len)
{
	buf_printf(b, "%s = ", key);
	base64_put(b, data, len);
	buf_putc(b, '\n');
}

enum err_code
keyfile_write_cost(const char *path, const struct keyfile *k, const char *pass, size_t len,
	const struct seal_cost *cost, struct err *err)
{
	uint8_t salt[16], nonce[24], key[32];
	struct buf text, box;
	enum err_code rc;

	buf_init(&text, KEYFILE_MAX);
	buf_init(&box, SECRET_MAX + 16);
	seal_random(salt, sizeof(salt));
	seal_random(nonce, sizeof(nonce));
	put_common(&text, LOCKED, k);
	buf_printf(&text, "t = %u\nm = %u\n", cost->t, cost->m_kib);
	put_base64(&text, "salt", salt, sizeof(salt));
	put_base64(&text, "nonce", nonce, sizeof(nonce));
	rc = seal_stretch(pass, len, salt, cost, key, err);
	if (rc == ERR_OK)
		rc = buf_check(&text, err);
	if (rc == ERR_OK)
		rc = seal_lock(key, nonce, text.data, text.len, k->secret.data, k->secret.len, &box, err);
	wipe(key, sizeof(key));
	if (rc == ERR_OK) {
		put_base64(&text, "box", box.data, box.len);
		rc = buf_check(&text, err);
	}
	if (rc == ERR_OK)
		rc = file_create(path, text.data, text.len, 0600, err);
	buf_free(&text);
	buf_free(&box);
	return rc;
}

enum err_code
keyfile_write_locked(const char *path, const struct keyfile *k, const char *pass, size_t len, struct err *err)
{
	return keyfile_write_cost(path, k, pass, len, &seal_cost_keyfile, err);
}

void
keyfile_put_raw(const struct keyfile *k, struct buf *out)
{
	put_common(out, RAW, k);
	put_base64(out, "secret", k->secret.data, k->secret.len);
}

enum err_code
keyfile_write_raw(const char *path, const struct keyfile *k, struct err *err)
{
	struct buf text;
	enum err_code rc;

	buf_init_secret(&text, KEYFILE_MAX);
	keyfile_put_raw(k, &text);
	rc = buf_check(&text, err);
	if (rc == ERR_OK)
		rc = file_create(path, text.data, text.len, 0600, err);
	buf_free(&text);
	return rc;
}

/* --- reading --- */

struct lines {
	const char *at, *end;
	int line;
};

/* The value of the next line, "KEY = value"; *LEN its length. NULL with *ERR set otherwise. */
static const char *
value_of(struct lines *in, const char *key, size_t *len, struct err *err)
{
	const char *p = in->at, *end = memchr(p, '\n', (size_t)(in->end - p));
	size_t n = strlen(key);

	in->line++;
	if (end == NULL || (size_t)(end - p) < n + 3 || memcmp(p, key, n) != 0 || memcmp(p + n, " = ", 3) != 0) {
		err_set(err, ERR_INPUT, "line %d: \"%s = ...\" expected", in->line, key);
		return NULL;
	}
	in->at = end + 1;
	*len = (size_t)(end - p) - n - 3;
	return p + n + 3;
}

static enum err_code
base64_line(struct lines *in, const char *key, size_t min, size_t max, struct buf *out, struct err *err)
{
	size_t len;
	const char *v = value_of(in, key, &len, err);

	if (v == NULL)
		return ERR_INPUT;
	if (!base64_get(v, len, out) || out->len < min || out->len > max)
		return err_set(err, ERR_INPUT, "line %d: %s is not base64 of %zu to %zu bytes", in->line, key, min, max);
	return ERR_OK;
}

static enum err_code
number_line(struct lines *in, const char *key, uint32_t *out, struct err *err)
{
	size_t len;
	const char *v = value_of(in, key, &len, err);
	int64_t n;

	if (v == NULL)
		return ERR_INPUT;
	if (!num_i64(v, len, 1, 1 << 21, &n))
		return err_set(err, ERR_INPUT, "line %d: %s is no number from 1 to %d", in->line, key, 1 << 21);
	*out = (uint32_t)n;
	return ERR_OK;
}

static enum err_code
read_common(struct lines *in, struct keyfile *k, struct err *err)
{
	char word[16] = "";
	uint8_t id[8], want[8];
	size_t len;
	const char *v = value_of(in, "use", &len, err);
	enum err_code rc;

	if (v == NULL)
		return ERR_INPUT;
	if (len < sizeof(word))
		memcpy(word, v, len);
	k->use = key_use_of(word);
	if (k->use == 0)
		return err_set(err, ERR_INPUT, "line %d: unknown use", in->line);
	v = value_of(in, "id", &len, err);
	if (v == NULL)
		return ERR_INPUT;
	if (!hex_get(v, len, id, sizeof(id)))
		return err_set(err, ERR_INPUT, "line %d: id is not 16 hex digits", in->line);
	buf_init(&k->public_, 8192);
	rc = base64_line(in, "public", 1, 8192, &k->public_, err);
	if (rc != ERR_OK)
		return rc;
	chain_key_id(k->use, k->public_.data, k->public_.len, want);
	if (memcmp(want, id, sizeof(id)) != 0)
		return err_set(err, ERR_INPUT, "line %d: the id is not the hash of the public key", in->line - 1);
	memcpy(k->id, id, sizeof(id));
	return ERR_OK;
}

static enum err_code
unlock(struct lines *in, const char *start, const char *path, keyfile_ask *ask, void *arg, struct keyfile *k,
	struct err *err)
{
	struct buf salt, nonce, box, pass;
	struct seal_cost cost = { 0, 0 };
	uint8_t key[32];
	size_t ad_len = 0;
	enum err_code rc;

	buf_init(&salt, 64);
	buf_init(&nonce, 64);
	buf_init(&box, SECRET_MAX + 16);
	buf_init_secret(&pass, PASS_MAX);
	buf_init_secret(&k->secret, SECRET_MAX);
	rc = number_line(in, "t", &cost.t, err);
	if (rc == ERR_OK)
		rc = number_line(in, "m", &cost.m_kib, err);
	if (rc == ERR_OK)
		rc = base64_line(in, "salt", 16, 16, &salt, err);
	if (rc == ERR_OK)
		rc = base64_line(in, "nonce", 24, 24, &nonce, err);
	ad_len = (size_t)(in->at - start);
	if (rc == ERR_OK)
		rc = base64_line(in, "box", 17, SECRET_MAX + 16, &box, err);
	if (rc == ERR_OK && ask == NULL)
		rc = err_set(err, ERR_DENIED, "locked by a passphrase, and there is no one to ask");
	if (rc == ERR_OK)
		rc = ask(arg, path, &pass, err);
	if (rc == ERR_OK)
		rc = seal_stretch(pass.data, pass.len, salt.data, &cost, key, err);
	if (rc == ERR_OK) {
		rc = seal_unlock(key, nonce.data, start, ad_len, box.data, box.len, &k->secret, err);
		if (rc == ERR_DENIED)
			err_set(err, ERR_DENIED, "wrong passphrase, or the file was changed");
	}
	wipe(key, sizeof(key));
	buf_free(&salt);
	buf_free(&nonce);
	buf_free(&box);
	buf_free(&pass);
	return rc;
}

/* A raw key is no secret if others can read it. What systemd hands over is 0400, or 0440 where it says by an ACL that
 * the service's user may read it: the folder is that user's alone. */
static enum err_code
check_mode(const char *path, struct err *err)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	size_t len = dir != NULL ? strlen(dir) : 0;
	mode_t others = 077;
	struct stat st;

	if (len > 0 && strncmp(path, dir, len) == 0 && path[len] == '/')
		others = 037;
	if (stat(path, &st) < 0)
		return err_set(err, ERR_BROKEN, "%s", strerror(errno));
	if ((st.st_mode & others) != 0)
		return err_set(err, ERR_DENIED, "mode %04o lets others read this key: make it 0600", st.st_mode & 07777);
	return ERR_OK;
}

static enum err_code
read_file(const char *path, bool open_it, keyfile_ask *ask, void *arg, struct keyfile *out, struct err *err)
{
	struct keyfile k = { .use = 0 };
	struct buf text;
	struct lines in = { .line = 1 };
	bool raw = false;
	enum err_code rc;

	keyfile_clear(out);
	buf_init_secret(&text, KEYFILE_MAX);
	rc = file_read(path, &text, err);
	if (rc != ERR_OK) {
		buf_free(&text);
		return rc;
	}
	in.at = buf_str(&text);
	in.end = in.at + text.len;
	if (text.len > sizeof(RAW) && memcmp(in.at, RAW "\n", sizeof(RAW)) == 0) {
		raw = true;
		in.at += sizeof(RAW);
	} else if (text.len > sizeof(LOCKED) && memcmp(in.at, LOCKED "\n", sizeof(LOCKED)) == 0) {
		in.at += sizeof(LOCKED);
	} else {
		rc = err_set(err, ERR_INPUT, "no key file: its first line is neither \"" LOCKED "\" nor \"" RAW "\"");
	}
	if (rc == ERR_OK)
		rc = read_common(&in, &k, err);
	if (rc == ERR_OK && open_it && raw) {
		buf_init_secret(&k.secret, SECRET_MAX);
		rc = check_mode(path, err);
		if (rc == ERR_OK)
			rc = base64_line(&in, "secret", 1, SECRET_MAX, &k.secret, err);
	} else if (rc == ERR_OK && open_it) {
		rc = unlock(&in, buf_str(&text), path, ask, arg, &k, err);
	}
	if (rc == ERR_OK && open_it && in.at != in.end)
		rc = err_set(err, ERR_INPUT, "line %d: something follows the key", in.line + 1);
	buf_free(&text);
	if (rc != ERR_OK) {
		keyfile_clear(&k);
		return err_in(err, "%s", path);
	}
	*out = k;
	return ERR_OK;
}

enum err_code
keyfile_read(const char *path, keyfile_ask *ask, void *arg, struct keyfile *out, struct err *err)
{
	return read_file(path, true, ask, arg, out, err);
}

enum err_code
keyfile_show(const char *path, struct keyfile *out, struct err *err)
{
	return read_file(path, false, NULL, NULL, out, err);
}

enum err_code
keyfile_where(const char *path, enum key_use use, char *out, size_t room, struct err *err)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	int n;

	if (path != NULL && *path != '\0')
		n = snprintf(out, room, "%s", path);
	else if (dir != NULL)
		n = snprintf(out, room, "%s/%s", dir, key_use_word(use));
	else
		return err_set(err, ERR_ABSENT, "no file is named for the %s key, and systemd hands over no credentials",
		    key_use_word(use));
	return n < 0 || (size_t)n >= room ? err_set(err, ERR_LIMIT, "path too long") : ERR_OK;
}

enum err_code
keyfile_load(const char *path, enum key_use use, keyfile_ask *ask, void *arg, struct seal_key **out,
	struct err *err)
{
	struct keyfile k = { .use = 0 };
	char named[4096];
	enum err_code rc = keyfile_where(path, use, named, sizeof(named), err);

	*out = NULL;
	if (rc != ERR_OK)
		return rc;
	path = named;
	rc = keyfile_read(path, ask, arg, &k, err);
	if (rc == ERR_OK && k.use != use)
		rc = err_set(err, ERR_INPUT, "%s: a %s key, not a %s key", path, key_use_word(k.use), key_use_word(use));
	if (rc == ERR_OK) {
		rc = keyfile_key(&k, out, err);
		if (rc != ERR_OK)
			err_in(err, "%s", path);
	}
	keyfile_clear(&k);
	return rc;
}

/* One line from the terminal FD without echo, after PROMPT. */
static enum err_code
ask_line(int fd, const char *prompt, const char *path, struct buf *out, struct err *err)
{
	struct termios was, quiet;
	ssize_t n;
	char c;

	if (fd < 0 || tcgetattr(fd, &was) < 0)
		return err_set(err, ERR_DENIED, "%s: a passphrase is asked on the terminal, and there is none", path);
	quiet = was;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(fd, TCSAFLUSH, &quiet);
	dprintf(fd, "%s %s: ", prompt, path);
	for (;;) {
		n = read(fd, &c, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || c == '\n')
			break;
		buf_putc(out, c);
	}
	tcsetattr(fd, TCSAFLUSH, &was);
	dprintf(fd, "\n");
	return n <= 0 ? err_set(err, ERR_DENIED, "%s: no passphrase was given", path) : buf_check(out, err);
}

static int
terminal(void)
{
	return open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
}

enum err_code
keyfile_ask_terminal(void *arg, const char *path, struct buf *pass, struct err *err)
{
	int fd = terminal();
	enum err_code rc = ask_line(fd, "Passphrase for", path, pass, err);

	(void)arg;
	if (fd >= 0)
		close(fd);
	return rc;
}

enum err_code
keyfile_ask_new(void *arg, const char *path, struct buf *pass, struct err *err)
{
	int fd = terminal();
	uint16_t words[6];
	struct buf offer, again;
	enum err_code rc;

	(void)arg;
	buf_init_secret(&offer, 256);
	buf_init_secret(&again, PASS_MAX);
	words_draw(words, ARRAY_LEN(words));
	words_put(WORDS_EN, words, ARRAY_LEN(words), &offer);
	wipe(words, sizeof(words));
	if (fd >= 0)
		dprintf(fd, "Six words, drawn just now, that you may use:\n\n    %s\n\n"
		    "Write the passphrase down and keep it apart from the file.\n", buf_str(&offer));
	rc = ask_line(fd, "New passphrase (Enter: the six words) for", path, pass, err);
	if (rc == ERR_OK && pass->len == 0)
		buf_put(pass, offer.data, offer.len);
	if (rc == ERR_OK && pass->len < 12)
		rc = err_set(err, ERR_INPUT, "%s: a passphrase of %zu characters is too short: at least 12", path, pass->len);
	if (rc == ERR_OK)
		rc = ask_line(fd, "Once more, whole, for", path, &again, err);
	if (rc == ERR_OK && (again.len != pass->len || !seal_equal(again.data, pass->data, pass->len)))
		rc = err_set(err, ERR_INPUT, "%s: the two passphrases differ", path);
	if (fd >= 0)
		close(fd);
	buf_free(&offer);
	buf_free(&again);
	return rc;
}

/* --- escrow, 2 of 3 ---
 *
 * Masks R12, R23, R31 and the secret S. Holder 1 has R12 and S^R31, holder 2 S^R12 and R23, holder 3 S^R23 and
 * R31: any two hold a mask and S under that mask; one alone holds two independent random strings. */

#define SHARE_WORD "candour-share"

enum { SET_ID = 8, SHARE_BYTES = SET_ID + 1 + 64 + 8, SHARE_CHARS = (SHARE_BYTES * 8 + 4) / 5 };

/* Set id, holder, 64 bytes, 8 of hash, in Crockford base32 in groups of eight. */
static enum err_code
put_share(const uint8_t set[SET_ID], uint8_t holder, const uint8_t half[64], struct buf *out, struct err *err)
{
	uint8_t bytes[SHARE_BYTES];
	struct chain_hash h;
	struct buf text;

	memcpy(bytes, set, SET_ID);
	bytes[SET_ID] = holder;
	memcpy(bytes + SET_ID + 1, half, 64);
	chain_h("share", bytes, SHARE_BYTES - 8, &h);
	memcpy(bytes + SHARE_BYTES - 8, h.bytes, 8);
	buf_init_secret(&text, 256);
	base32_put(&text, bytes, sizeof(bytes));
	wipe(bytes, sizeof(bytes));
	buf_init_secret(out, 512);
	buf_printf(out, SHARE_WORD " %u", holder);
	for (size_t i = 0; i < text.len; i++) {
		if (i % 8 == 0)
			buf_putc(out, ' ');
		buf_putc(out, (char)text.data[i]);
	}
	buf_free(&text);
	return buf_check(out, err);
}

/* What a person or a scanner gives, as base32 alone after the word and the holder's number: capitals, dashes, blanks and line
 * ends do not matter. *HOLDER '1' to '3', or 0 if it does not begin as a share. */
static void
flat_share(const char *text, char *holder, struct buf *out)
{
	const char *p = text;

	*holder = 0;
	if (strncmp(p, "\xef\xbb\xbf", 3) == 0)
		p += 3;
	p += strspn(p, " \t\r\n");
	if (strncasecmp(p, SHARE_WORD, sizeof(SHARE_WORD) - 1) != 0)
		return;
	p += sizeof(SHARE_WORD) - 1;
	if (strspn(p, " \t\r\n") == 0)
		return;
	p += strspn(p, " \t\r\n");
	if (*p < '1' || *p > '3')
		return;
	*holder = *p++;
	for (; *p != '\0'; p++)
		if (strchr(" \t\r\n-", *p) == NULL)
			buf_putc(out, *p);
}

static enum err_code
get_share(const char *text, uint8_t out[SHARE_BYTES], struct err *err)
{
	struct chain_hash h;
	struct buf flat;
	enum err_code rc;
	char holder;

	buf_init_secret(&flat, 4096);
	flat_share(text, &holder, &flat);
	rc = buf_check(&flat, err);
	if (rc == ERR_OK && holder == 0)
		rc = err_set(err, ERR_INPUT, "a share begins with \"" SHARE_WORD "\" and the holder's number, 1 to 3");
	else if (rc == ERR_OK && !base32_get(buf_str(&flat), flat.len, out, SHARE_BYTES))
		rc = err_set(err, ERR_INPUT, "share of holder %c: not %d characters of its alphabet", holder, SHARE_CHARS);
	buf_free(&flat);
	if (rc != ERR_OK) {
		wipe(out, SHARE_BYTES);
		return rc;
	}
	chain_h("share", out, SHARE_BYTES - 8, &h);
	if (memcmp(h.bytes, out + SHARE_BYTES - 8, 8) != 0 || out[SET_ID] != holder - '0') {
		wipe(out, SHARE_BYTES);
		return err_set(err, ERR_INPUT, "share of holder %c: a character was misread", holder);
	}
	return ERR_OK;
}

enum err_code
keyfile_ask_share(const char *which, struct buf *out, struct err *err)
{
	bool typed = isatty(STDIN_FILENO);
	int fd = typed ? terminal() : STDIN_FILENO;
	enum err_code rc = ERR_OK;
	struct termios was, quiet;
	size_t line = 0;
	ssize_t n = 1;
	char c;

	if (fd < 0 || (typed && tcgetattr(fd, &was) < 0))
		return err_set(err, ERR_DENIED, "the share of the %s holder is asked on the terminal, and there is none", which);
	if (typed) {
		quiet = was;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(fd, TCSAFLUSH, &quiet);
		dprintf(fd, "Scan or type the share of the %s holder (not shown; Enter after each line): ", which);
	}
	while (n > 0) {
		struct buf flat;
		bool whole;
		char holder;

		n = read(fd, &c, 1);
		if (n < 0 && errno == EINTR) {
			n = 1;
			continue;
		}
		if (n > 0)
			buf_putc(out, c);
		line += n > 0 && c != '\n';
		if (n <= 0 || c != '\n')
			continue;
		buf_init_secret(&flat, 4096);
		flat_share(buf_str(out), &holder, &flat);
		whole = flat.len >= SHARE_CHARS || line == 0 || flat.failed != ERR_OK;
		buf_free(&flat);
		line = 0;
		if (whole)
			break;
	}
	if (typed) {
		tcsetattr(fd, TCSAFLUSH, &was);
		dprintf(fd, "\n");
		close(fd);
	}
	rc = buf_check(out, err);
	return rc == ERR_OK && out->len < 2 ? err_set(err, ERR_DENIED, "no share of the %s holder was given", which) : rc;
}

static void
xor32(uint8_t *out, const uint8_t *a, const uint8_t *b)
{
	for (int i = 0; i < 32; i++)
		out[i] = a[i] ^ b[i];
}

enum err_code
keyfile_split(const struct seal_key *key, struct buf shares[3], struct err *err)
{
	uint8_t r12[32], r23[32], r31[32], set[SET_ID], half[3][64];
	struct buf secret;
	enum err_code rc = ERR_OK;

	for (int i = 0; i < 3; i++)
		buf_init_secret(&shares[i], 512);
	if (seal_key_use(key) != KEY_ESCROW)
		return err_set(err, ERR_INPUT, "only the escrow key is split; this is a %s key", key_use_word(seal_key_use(key)));
	buf_init_secret(&secret, 32);
	seal_key_secret(key, &secret);
	seal_random(set, sizeof(set));
	seal_random(r12, sizeof(r12));
	seal_random(r23, sizeof(r23));
	seal_random(r31, sizeof(r31));
	rc = buf_check(&secret, err);
	if (rc == ERR_OK) {
		memcpy(half[0], r12, 32);
		xor32(half[0] + 32, secret.data, r31);
		xor32(half[1], secret.data, r12);
		memcpy(half[1] + 32, r23, 32);
		xor32(half[2], secret.data, r23);
		memcpy(half[2] + 32, r31, 32);
	}
	for (uint8_t i = 0; i < 3 && rc == ERR_OK; i++)
		rc = put_share(set, (uint8_t)(i + 1), half[i], &shares[i], err);
	for (int i = 0; i < 3 && rc == ERR_OK; i++) {
		struct seal_key *back = NULL;

		rc = keyfile_join(buf_str(&shares[i]), buf_str(&shares[(i + 1) % 3]), seal_key_public(key), &back, err);
		seal_key_free(back);
	}
	wipe(r12, 32);
	wipe(r23, 32);
	wipe(r31, 32);
	wipe(half, sizeof(half));
	buf_free(&secret);
	for (int i = 0; i < 3 && rc != ERR_OK; i++)
		buf_free(&shares[i]);
	return rc;
}

enum err_code
keyfile_join(const char *a, const char *b, const uint8_t public_[32], struct seal_key **out, struct err *err)
{
	uint8_t one[SHARE_BYTES], two[SHARE_BYTES], secret[32];
	const uint8_t *x, *y;
	enum err_code rc = get_share(a, one, err);

	*out = NULL;
	if (rc == ERR_OK)
		rc = get_share(b, two, err);
	if (rc == ERR_OK && memcmp(one, two, SET_ID) != 0)
		rc = err_set(err, ERR_INPUT, "the shares are of two different splits");
	if (rc == ERR_OK && one[SET_ID] == two[SET_ID])
		rc = err_set(err, ERR_INPUT, "both are the share of holder %u: two holders are needed", one[SET_ID]);
	if (rc == ERR_OK) {
		/* Holder i and the next one, j: i holds the mask of the pair first (1, 2) or second (2, 3 and 3, 1). */
		bool in_order = one[SET_ID] % 3 + 1 == two[SET_ID];
		unsigned first = in_order ? one[SET_ID] : two[SET_ID];

		x = (in_order ? one : two) + SET_ID + 1;
		y = (in_order ? two : one) + SET_ID + 1;
		if (first == 1)
			xor32(secret, x, y);			/* R12 and S^R12 */
		else if (first == 2)
			xor32(secret, x + 32, y);		/* R23 and S^R23 */
		else
			xor32(secret, x + 32, y + 32);		/* R31 and S^R31 */
		rc = seal_key_from(KEY_ESCROW, secret, out, err);
		wipe(secret, sizeof(secret));
	}
	if (rc == ERR_OK && memcmp(seal_key_public(*out), public_, 32) != 0) {
		seal_key_free(*out);
		*out = NULL;
		rc = err_set(err, ERR_DENIED, "these shares give another key than the escrow key in the ring");
	}
	wipe(one, sizeof(one));
	wipe(two, sizeof(two));
	return rc;
}
