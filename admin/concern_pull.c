/* `candour concern pull`: what has come of lane 1 since the last pull, into a folder of the holder's. See concern.h. */
#include "admin/concern.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "admin/site.h"
#include "aggregator/settings.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/config.h"
#include "base/file.h"
#include "base/num.h"
#include "collector/keyfile.h"
#include "collector/record.h"
#include "collector/seal.h"
#include "sync/receipt.h"

enum { CHUNK = 100 };

/* --- the folder ----------------------------------------------------------------------------------- */

/* How far a chain was read, and up to where everything in it opened (or had nothing to open). */
struct place {
	uint8_t device[16], epoch[16];
	uint64_t seq, marked;
};

struct places {
	struct place *list;
	size_t n, cap;
};

static enum err_code
places_add(struct places *p, const uint8_t device[16], const uint8_t epoch[16], struct place **out, struct err *err)
{
	for (size_t i = 0; i < p->n; i++)
		if (memcmp(p->list[i].device, device, 16) == 0 && memcmp(p->list[i].epoch, epoch, 16) == 0) {
			*out = &p->list[i];
			return ERR_OK;
		}
	if (p->n == p->cap) {
		size_t cap = p->cap == 0 ? 64 : p->cap * 2;
		struct place *more = realloc(p->list, cap * sizeof(*more));

		if (more == NULL)
			return err_nomem(err);
		p->list = more;
		p->cap = cap;
	}
	*out = &p->list[p->n++];
	memset(*out, 0, sizeof(**out));
	memcpy((*out)->device, device, 16);
	memcpy((*out)->epoch, epoch, 16);
	return ERR_OK;
}

/* Lines "DEVICE EPOCH READ MARKED". None yet: empty. */
static enum err_code
places_read(const char *dir, struct places *p, struct err *err)
{
	char path[PATH_MAX];
	struct buf text;
	unsigned n = 0;
	enum err_code rc = admin_path(dir, "positions", path, sizeof(path), err);

	buf_init(&text, 8 << 20);
	if (rc == ERR_OK)
		rc = file_read(path, &text, err);
	for (const char *line = buf_str(&text), *end = line + text.len; rc == ERR_OK && line < end; ) {
		size_t len = strcspn(line, "\n"), first = len < 67 ? 0 : strcspn(line + 66, " \n");
		int64_t seq, marked;
		uint8_t device[16], epoch[16];
		struct place *at;

		n++;
		if (first == 0 || 66 + first >= len || line[32] != ' ' || line[65] != ' ' || !hex_get(line, 32, device, 16)
		    || !hex_get(line + 33, 32, epoch, 16) || !num_i64(line + 66, first, 0, INT64_MAX, &seq)
		    || !num_i64(line + 67 + first, len - 67 - first, 0, seq, &marked)) {
			rc = err_set(err, ERR_INPUT, "%s:%u: not a position. Take the file away to read everything again; what is in "
			    "the folder already stays as it is", path, n);
			break;
		}
		rc = places_add(p, device, epoch, &at, err);
		if (rc == ERR_OK) {
			at->seq = (uint64_t)seq;
			at->marked = (uint64_t)marked;
		}
		line += len + 1;
	}
	buf_free(&text);
	return rc == ERR_ABSENT ? ERR_OK : rc;
}

static enum err_code
places_write(const char *dir, const struct places *p, struct err *err)
{
	char path[PATH_MAX], device[33], epoch[33];
	struct buf text;
	enum err_code rc = admin_path(dir, "positions", path, sizeof(path), err);

	buf_init(&text, 8 << 20);
	for (size_t i = 0; i < p->n; i++) {
		hex_str(p->list[i].device, 16, device);
		hex_str(p->list[i].epoch, 16, epoch);
		buf_printf(&text, "%s %s %llu %llu\n", device, epoch, (unsigned long long)p->list[i].seq,
		    (unsigned long long)p->list[i].marked);
	}
	if (rc == ERR_OK)
		rc = buf_check(&text, err);
	if (rc == ERR_OK)
		rc = file_write(path, text.data, text.len, 0600, err);
	buf_free(&text);
	return rc;
}

/* --- pulling -------------------------------------------------------------------------------------- */

struct pulling {
	const char *dir;
	struct store *st;
	const struct seal_key *key;
	const struct store_position *chain;
	struct place *at;
	bool all_opened;		/* in this chain so far */
	unsigned long found, unopened;
	int64_t now, longest_days;	/* from the day it was given to the day it arrived; -1: nothing to say */
};

/* The day on which the centre confirmed it. */
static enum err_code
arrived(const struct pulling *p, uint64_t seq, int64_t *day, struct err *err)
{
	uint8_t bytes[RECEIPT_LEN];
	struct receipt receipt;
	enum err_code rc = p->st->ops->receipt_covering(p->st, p->chain->device, LANE_CONCERNS, p->chain->epoch, seq, bytes,
	    err);

	if (rc == ERR_OK)
		rc = receipt_read(bytes, sizeof(bytes), &receipt, err);
	*day = rc == ERR_OK ? (int64_t)receipt.log_day : p->now / 86400;
	return rc == ERR_ABSENT ? ERR_OK : rc;
}

static void
put_date(struct buf *b, const char *key, int64_t day)
{
	int year, month, mday;

	date_from_day(day, &year, &month, &mday);
	buf_printf(b, "%s = %04d-%02d-%02d\n", key, year, month, mday);
}

/* The record as it came, under a few lines in clear: nothing in them that the centre does not show to its operators. */
static enum err_code
keep(struct pulling *p, const struct record *r, const struct record_plain *plain, uint64_t seq, const struct buf *wire,
    struct err *err)
{
	char name[48], path[PATH_MAX], hex[33];
	struct buf b;
	int64_t day = 0;
	enum err_code rc = arrived(p, seq, &day, err);

	buf_init(&b, CONCERN_FILE_MAX);
	hex_str(r->head.id, 16, hex);
	snprintf(name, sizeof(name), "%s.concern", hex);
	buf_printf(&b, "%ssite = %s\npulled = %lld\n", CONCERN_HEAD, p->chain->site, (long long)p->now);
	put_date(&b, "arrived", day);
	buf_putc(&b, '\n');
	buf_put(&b, wire->data, wire->len);
	if (rc == ERR_OK)
		rc = buf_check(&b, err);
	if (rc == ERR_OK)
		rc = admin_path(p->dir, name, path, sizeof(path), err);
	if (rc == ERR_OK)
		rc = file_create(path, b.data, b.len, 0600, err);
	if (rc == ERR_OK) {
		p->found++;
		if (plain->quality != CLOCK_UNKNOWN && day - plain->half_day / 2 > p->longest_days)
			p->longest_days = day - plain->half_day / 2;
	}
	buf_free(&b);
	return rc == ERR_EXISTS ? ERR_OK : rc;	/* a pull that was cut off */
}

static enum err_code
on_row(void *arg, const struct store_row *row, struct err *err)
{
	struct pulling *p = arg;
	struct record_plain plain;
	struct record record;
	struct buf wire, text;
	struct err why;
	enum err_code rc = ERR_OK;

	buf_init(&wire, RECORD_WIRE_MAX);
	buf_init_secret(&text, RECORD_PLAIN_MAX + RECORD_HEADER);
	if (row->kind == RECORD_SEALED && row->nonce_body != NULL) {
		store_row_wire(row, &wire);
		rc = record_read(wire.data, wire.len, &record, &why);
		if (rc == ERR_OK)
			rc = seal_open(p->key, &record, &text, &why);
		if (rc == ERR_OK)
			rc = record_plain_get(text.data, text.len, &plain, &why);
		if (rc == ERR_NOMEM) {
			rc = err_nomem(err);
		} else if (rc != ERR_OK) {
			p->unopened++;
			p->all_opened = false;
			rc = ERR_OK;
		} else if (plain.type == PLAIN_INSTANCE) {
			rc = keep(p, &record, &plain, row->seq, &wire, err);
		}
	}
	if (rc == ERR_OK) {
		p->at->seq = row->seq;
		if (p->all_opened)
			p->at->marked = row->seq;
	}
	buf_free(&text);
	buf_free(&wire);
	return rc;
}

/* Concerns are durable in the folder before the position is, and the position before the centre is told. */
static enum err_code
pull_chain(struct pulling *p, struct places *places, struct err *err)
{
	const struct store_position *c = p->chain;
	uint64_t before;
	enum err_code rc = places_add(places, c->device, c->epoch, &p->at, err);

	if (rc != ERR_OK)
		return rc;
	before = p->at->seq;
	p->all_opened = p->at->marked == p->at->seq;
	while (rc == ERR_OK && p->at->seq < c->hw) {
		uint64_t was = p->at->seq;

		rc = p->st->ops->rows(p->st, c->device, LANE_CONCERNS, c->epoch, was, CHUNK, on_row, p, err);
		if (rc == ERR_OK && p->at->seq == was)
			break;
	}
	if (rc == ERR_OK && p->at->seq > before)
		rc = places_write(p->dir, places, err);
	if (rc == ERR_OK && p->at->marked > 0)
		rc = p->st->ops->pulled(p->st, c->device, LANE_CONCERNS, c->epoch, p->at->marked < c->hw ? p->at->marked : c->hw,
		    (uint32_t)(p->now / 86400), err);
	return rc;
}

static void
notify(const char *program, unsigned long n, const char *dir)
{
	char count[24];
	int status = 0;
	pid_t child;

	snprintf(count, sizeof(count), "%lu", n);
	fflush(NULL);
	child = fork();
	if (child == 0) {
		execlp(program, program, count, dir, (char *)NULL);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fprintf(stderr, "candour concern pull: %s did not do it: tell whoever has to know yourself\n", program);
}

static enum err_code
lock(const char *dir, int *fd, struct err *err)
{
	char path[PATH_MAX];
	enum err_code rc = file_mkdirs(dir, 0700, err);

	*fd = -1;
	if (rc == ERR_OK)
		rc = admin_path(dir, "lock", path, sizeof(path), err);
	if (rc != ERR_OK)
		return rc;
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*fd < 0)
		return err_set(err, ERR_BROKEN, "%s: %s", path, strerror(errno));
	if (flock(*fd, LOCK_EX | LOCK_NB) != 0)
		return err_set(err, ERR_AGAIN, "%s is being written by another pull", dir);
	return ERR_OK;
}

static enum err_code
store_of(const char *centre, const char *store, struct store **out, struct err *err)
{
	struct aggregator_settings set = { 0 };
	char path[PATH_MAX];
	enum err_code rc = ERR_OK;

	if (store == NULL) {
		rc = admin_path(centre != NULL ? centre : "/var/lib/candour/centre", "aggregator.conf", path, sizeof(path), err);
		if (rc == ERR_OK)
			rc = config_read(path, aggregator_keys, aggregator_n_keys, &set, err);
	}
	if (rc == ERR_OK)
		rc = store_open(store != NULL ? store : set.store, false, out, err);
	config_clear(aggregator_keys, aggregator_n_keys, &set);
	return rc;
}

enum err_code
concern_pull(const char *dir, const char *key_file, const char *centre, const char *store, const char *program, struct err *err)
{
	struct pulling p = { .dir = dir, .now = time(NULL), .longest_days = -1 };
	struct places places = { 0 };
	struct store_position *chains = NULL;
	struct seal_key *key = NULL;
	size_t n = 0;
	int fd;
	enum err_code rc = lock(dir, &fd, err);

	if (rc == ERR_OK)
		rc = keyfile_load(key_file, KEY_CONCERN, keyfile_ask_terminal, NULL, &key, err);
	p.key = key;
	if (rc == ERR_OK)
		rc = places_read(dir, &places, err);
	if (rc == ERR_OK)
		rc = store_of(centre, store, &p.st, err);
	if (rc == ERR_OK)
		rc = store_chains(p.st, LANE_CONCERNS, &chains, &n, err);
	for (size_t i = 0; i < n && rc == ERR_OK; i++) {
		p.chain = &chains[i];
		rc = pull_chain(&p, &places, err);
	}
	if (rc == ERR_OK || p.found > 0) {
		printf("%lu new concern%s.\n", p.found, p.found == 1 ? "" : "s");
		if (p.longest_days > 0)
			printf("One was given %lld day%s before it arrived.\n", (long long)p.longest_days,
			    p.longest_days == 1 ? "" : "s");
		if (p.unopened > 0)
			printf("%lu record%s not sealed to this key: another holder has to pull. The centre keeps them until then.\n",
			    p.unopened, p.unopened == 1 ? " is" : "s are");
		if (p.found > 0 && program != NULL)
			notify(program, p.found, dir);
	}
	store_close(p.st);
	seal_key_free(key);
	free(places.list);
	free(chains);
	if (fd >= 0)
		close(fd);
	return rc;
}
