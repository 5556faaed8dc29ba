/* A damaged database as `candour site repair` reads it: any bytes as file and log; and a good file with bytes changed,
 * pages exchanged, torn or cut off. A row stands inside what was read, is found again where it was said to be, and is
 * made up of nothing; a row whose page was left alone is found whatever was done to others; and what is written as merged
 * has as many pages as were seen. */
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/codec.h"
#include "base/file.h"
#include "collector/salvage.h"

enum { MAX = 1 << 18, PAGE = 4096, ROWS = 200, SHORT = 150 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static char folder[] = "/tmp/candour-fuzz-XXXXXX", path[64], wal_path[72], merged[64];
static struct buf good;
static uint32_t page_of[ROWS];	/* where each row of the good file stands */

static void
put_file(const char *to, const void *p, size_t len)
{
	int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, p, len) != (ssize_t)len || close(fd) < 0)
		abort();
}

/* --- any bytes ---------------------------------------------------------------------------------- */

static void
inside(const struct salvage_row *row)
{
	size_t sum = 0;

	assert(row->n > 0 && row->n <= SALVAGE_COLUMNS && row->page > 0);
	for (unsigned i = 0; i < row->n; i++) {
		const struct salvage_value *v = &row->v[i];
		volatile uint8_t last = 0;

		assert(strchr("niftb", v->type) != NULL && v->type != '\0');
		if (v->len > 0) {
			last = v->p[0];
			last = v->p[v->len - 1];	/* ASan sees where that is */
		}
		(void)last;
		sum += v->len;
	}
	assert(sum <= SALVAGE_PAYLOAD);
}

struct seen {
	size_t n;
	struct salvage_row row[64];
};

static enum err_code
see(void *arg, const struct salvage_row *row, struct err *err)
{
	struct seen *s = arg;

	(void)err;
	inside(row);
	if (s->n < 64)
		s->row[s->n] = *row;
	s->n++;
	return ERR_OK;
}

static void
walk(void)
{
	struct salvage_about about;
	struct salvage *s = NULL;
	struct seen seen = { .n = 0 };
	struct stat st;
	struct err err;

	assert(salvage_open(path, &s, &err) == ERR_OK);
	salvage_about(s, &about);
	assert(salvage_each(s, see, &seen, &err) == ERR_OK);
	for (size_t i = 0; i < seen.n && i < 64; i++) {
		const struct salvage_row *was = &seen.row[i];
		struct salvage_row again;

		assert(salvage_again(s, was->late, was->page, was->at, &again, &err) == ERR_OK);
		inside(&again);
		assert(again.n == was->n && again.rowid == was->rowid);
		for (unsigned k = 0; k < again.n; k++)
			assert(again.v[k].type == was->v[k].type && again.v[k].i == was->v[k].i && again.v[k].len == was->v[k].len);
	}
	if (seen.n % 8 == 0) {	/* it waits for the disk each time */
		unlink(merged);
		assert(salvage_merged(s, merged, &err) == ERR_OK && stat(merged, &st) == 0);
		assert(about.pages == 0 ? st.st_size == 0 : (uint64_t)st.st_size % about.pages == 0);
	}
	assert(about.zeros <= about.pages);
	salvage_free(s);
}

static void
any(const uint8_t *data, size_t len)
{
	size_t n;

	if (len < 2)
		return;
	n = be16(data) < len - 2 ? be16(data) : len - 2;
	put_file(path, data + 2, n);
	if (len - 2 > n)
		put_file(wal_path, data + 2 + n, len - 2 - n);
	walk();
	unlink(wal_path);
}

/* --- a good one --------------------------------------------------------------------------------- */

/* Text of row N: most fit into their page, each twentieth goes on in others. */
static size_t
text_of(unsigned n, char out[9000])
{
	size_t len = n % 20 == 7 ? 5000 + n : SHORT + n % 50;

	memset(out, 'a' + (int)(n % 26), len);
	memcpy(out, "row", 3);
	return len;
}

struct found {
	bool is[ROWS];
	bool learn;
};

static enum err_code
look(void *arg, const struct salvage_row *row, struct err *err)
{
	struct found *f = arg;
	char want[9000];

	(void)err;
	inside(row);
	if (row->n != 3 || row->v[0].type != 'n' || row->v[1].type != 'i' || row->v[2].type != 't'
	    || row->rowid < 1 || row->rowid > ROWS || row->v[1].i != row->rowid * 1000)
		return ERR_OK;
	if (row->v[2].len != text_of((unsigned)row->rowid - 1, want) || memcmp(row->v[2].p, want, row->v[2].len) != 0)
		return ERR_OK;
	f->is[row->rowid - 1] = true;
	if (f->learn)
		page_of[row->rowid - 1] = row->page;
	return ERR_OK;
}

static void
find(struct found *f)
{
	struct salvage *s = NULL;
	struct err err;

	assert(salvage_open(path, &s, &err) == ERR_OK && salvage_each(s, look, f, &err) == ERR_OK);
	salvage_free(s);
}

static void
clean_up(void)
{
	unlink(merged);
	unlink(wal_path);
	unlink(path);
	rmdir(folder);
}

static void
make_good(void)
{
	struct found f = { .learn = true };
	sqlite3 *db = NULL;
	sqlite3_stmt *put = NULL;
	char text[9000];
	struct err err;
	bool ok;

	ok = mkdtemp(folder) != NULL && atexit(clean_up) == 0;
	snprintf(path, sizeof(path), "%s/site.db", folder);
	snprintf(wal_path, sizeof(wal_path), "%s-wal", path);
	snprintf(merged, sizeof(merged), "%s/merged", folder);
	ok = ok && sqlite3_open(path, &db) == SQLITE_OK && sqlite3_exec(db, "PRAGMA page_size = 4096; CREATE TABLE t "
	    "(id INTEGER PRIMARY KEY, k INTEGER NOT NULL, v TEXT NOT NULL); CREATE UNIQUE INDEX k ON t (k); BEGIN", NULL, NULL,
	    NULL) == SQLITE_OK && sqlite3_prepare_v2(db, "INSERT INTO t (k, v) VALUES (?, ?)", -1, &put, NULL) == SQLITE_OK;
	for (unsigned n = 0; ok && n < ROWS; n++) {
		ok = sqlite3_bind_int(put, 1, (int)(n + 1) * 1000) == SQLITE_OK
		    && sqlite3_bind_text(put, 2, text, (int)text_of(n, text), SQLITE_STATIC) == SQLITE_OK
		    && sqlite3_step(put) == SQLITE_DONE;
		sqlite3_reset(put);
	}
	sqlite3_finalize(put);
	ok = ok && sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK && sqlite3_close(db) == SQLITE_OK;
	buf_init(&good, MAX);
	if (!ok || file_read(path, &good, &err) != ERR_OK)
		abort();
	find(&f);
	for (unsigned n = 0; n < ROWS; n++)
		assert(f.is[n]);
}

/* Each six bytes of DATA damage a page. */
static void
damage(const uint8_t *data, size_t len)
{
	static uint8_t b[MAX];
	static bool hit[MAX / PAGE + 1];
	struct found f = { .learn = false };
	size_t n = good.len, pages = n / PAGE;
	char text[9000];

	memset(hit, 0, sizeof(hit));
	memcpy(b, good.data, n);
	for (; len >= 6; data += 6, len -= 6) {
		size_t page = data[1] % pages, other = data[2] % pages, at = be16(data + 3) % PAGE;

		switch (data[0] % 4) {
		case 0:			/* one byte */
			b[page * PAGE + at] ^= data[5];
			break;
		case 1:			/* torn: zeros from a sector on */
			memset(b + page * PAGE + at / 512 * 512, 0, PAGE - at / 512 * 512);
			break;
		case 2:			/* written to the wrong place */
			memcpy(b + page * PAGE, good.data + other * PAGE, PAGE);
			break;
		default:		/* cut off */
			page = page > 0 ? page : 1;
			if (page * PAGE + at < n)
				n = page * PAGE + at;
			memset(hit + page, true, pages - page);
		}
		hit[page] = true;
	}
	put_file(path, b, n);
	walk();
	if (hit[0] && memcmp(b, good.data, 100) != 0)
		return;		/* without its header the size of a page is a guess */
	find(&f);
	for (unsigned i = 0; i < ROWS; i++)
		assert(f.is[i] || hit[page_of[i] - 1] || text_of(i, text) >= 5000);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (good.len == 0)
		make_good();
	if (len == 0 || len > MAX)
		return 0;
	if (data[0] % 2 == 0)
		any(data + 1, len - 1);
	else
		damage(data + 1, len - 1);
	return 0;
}
