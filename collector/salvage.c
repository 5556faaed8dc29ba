/* See salvage.h. Pages are held as pointers into the two files as read: `now` is what SQLite would see, `late` the same
 * with the frames after a damaged one laid over it. */
#include "collector/salvage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/file.h"

enum { WAL_HEADER = 32, FRAME_HEADER = 24, TABLE_LEAF = 0x0d, INDEX_LEAF = 0x0a, INDEX_INNER = 0x02, PAGE_USUAL = 4096,
	BLOCK = 65536, SECTOR = 512 };

struct bytes {
	uint8_t *p;
	size_t len;
};

struct salvage {
	struct bytes db, wal;
	uint32_t page_size, usable;
	const uint8_t **now, **late;	/* by page number - 1; NULL: not there */
	uint32_t n_now, n_late;
	struct buf payload;
	struct salvage_about about;
};

/* --- reading files off a disk that may not give them ---------------------------------------------- */

static enum err_code
read_block(int fd, const char *path, uint8_t *p, size_t len, off_t at, uint64_t *unreadable, struct err *err)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = pread(fd, p + got, len - got, at + (off_t)got);

		if (n > 0) {
			got += (size_t)n;
		} else if (n < 0 && errno == EIO) {
			size_t step = SECTOR - (size_t)((at + (off_t)got) % SECTOR);

			step = step < len - got ? step : len - got;
			*unreadable += step;
			got += step;
		} else if (n == 0) {
			return err_set(err, ERR_AGAIN, "%s: it became shorter while it was read: stop what writes to it", path);
		} else if (errno != EINTR) {
			return err_set(err, ERR_BROKEN, "%s: %s", path, strerror(errno));
		}
	}
	return ERR_OK;
}

static enum err_code
read_file(const char *path, struct bytes *out, uint64_t *unreadable, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum err_code rc = ERR_OK;
	struct stat st;

	if (fd < 0)
		return err_set(err, errno == ENOENT ? ERR_ABSENT : errno == EACCES || errno == EPERM ? ERR_DENIED : ERR_BROKEN,
		    "%s: %s", path, strerror(errno));
	if (fstat(fd, &st) < 0)
		rc = err_set(err, ERR_BROKEN, "%s: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		rc = err_set(err, ERR_INPUT, "%s: not a file", path);
	if (rc == ERR_OK && st.st_size > 0) {
		void *p = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED) {
			rc = err_set(err, ERR_NOMEM, "%s: too little memory to read its %lld bytes", path, (long long)st.st_size);
		} else {
			out->p = p;
			out->len = (size_t)st.st_size;
		}
	}
	for (size_t at = 0; rc == ERR_OK && at < out->len; at += BLOCK)
		rc = read_block(fd, path, out->p + at, out->len - at < BLOCK ? out->len - at : BLOCK, (off_t)at, unreadable, err);
	close(fd);
	return rc;
}

/* --- pages and the log ---------------------------------------------------------------------------- */

static bool
page_size_good(uint32_t size)
{
	return size >= 512 && size <= 65536 && (size & (size - 1)) == 0;
}

/* Two 32-bit sums over LEN bytes (a multiple of 8), words in the order the magic number says. */
static void
wal_sum(bool big, const uint8_t *p, size_t len, uint32_t s[2])
{
	for (size_t i = 0; i + 8 <= len; i += 8) {
		uint32_t a = big ? be32(p + i) : __builtin_bswap32(be32(p + i));
		uint32_t b = big ? be32(p + i + 4) : __builtin_bswap32(be32(p + i + 4));

		s[0] += a + s[1];
		s[1] += b + s[0];
	}
}

static void
page_sizes(struct salvage *s)
{
	uint32_t size = 0;

	s->about.no_header = s->db.len < 100 || memcmp(s->db.p, "SQLite format 3", 16) != 0;
	if (!s->about.no_header)
		size = be16(s->db.p + 16) == 1 ? 65536 : be16(s->db.p + 16);
	if (!page_size_good(size) && s->wal.len >= WAL_HEADER)
		size = be32(s->wal.p + 8);
	if (!page_size_good(size))
		size = PAGE_USUAL;
	s->page_size = size;
	s->usable = size - (!s->about.no_header && s->db.p[20] < size / 4 ? s->db.p[20] : 0);
}

/* Lay PAGE over page number NO of PAGES; grows them up to LIMIT. */
static enum err_code
lay(const uint8_t ***pages, uint32_t *n, uint32_t limit, uint32_t no, const uint8_t *page, struct err *err)
{
	if (no == 0 || no > limit)
		return ERR_OK;
	if (no > *n) {
		const uint8_t **more = realloc(*pages, no * sizeof(*more));

		if (more == NULL)
			return err_nomem(err);
		memset(more + *n, 0, (no - *n) * sizeof(*more));
		*pages = more;
		*n = no;
	}
	(*pages)[no - 1] = page;
	return ERR_OK;
}

struct frames {
	size_t n;		/* whole ones in the file */
	size_t sound;		/* up to and with the last sound commit */
	size_t late;		/* up to and with the last commit of the same writing; sound if there is none after it */
	uint32_t size;		/* pages at the last sound commit */
};

static const uint8_t *
frame(const struct salvage *s, size_t i)
{
	return s->wal.p + WAL_HEADER + i * (FRAME_HEADER + (size_t)s->page_size);
}

/* Which frames count. Those of an earlier use of the log have other salts. */
static void
look_at_frames(const struct salvage *s, struct frames *f)
{
	uint32_t sum[2] = { 0, 0 };
	const uint8_t *salt, *h = s->wal.p;
	bool big, sound;

	memset(f, 0, sizeof(*f));
	if (s->wal.len < WAL_HEADER + FRAME_HEADER + (size_t)s->page_size)
		return;
	f->n = (s->wal.len - WAL_HEADER) / (FRAME_HEADER + (size_t)s->page_size);
	big = be32(h) == 0x377f0683;
	wal_sum(big, h, 24, sum);
	sound = (big || be32(h) == 0x377f0682) && be32(h + 8) == s->page_size && sum[0] == be32(h + 24)
	    && sum[1] == be32(h + 28);
	salt = sound ? h + 16 : frame(s, 0) + 8;
	for (size_t i = 0; i < f->n; i++) {
		const uint8_t *p = frame(s, i);

		if (memcmp(p + 8, salt, 8) != 0)
			break;
		wal_sum(big, p, 8, sum);
		wal_sum(big, p + FRAME_HEADER, s->page_size, sum);
		sound = sound && sum[0] == be32(p + 16) && sum[1] == be32(p + 20);
		if (be32(p + 4) != 0) {
			f->late = i + 1;
			if (sound) {
				f->sound = i + 1;
				f->size = be32(p + 4);
			}
		}
	}
}

static enum err_code
lay_pages(struct salvage *s, struct err *err)
{
	uint32_t whole = (uint32_t)((s->db.len + s->page_size - 1) / s->page_size), limit;
	struct frames f;
	enum err_code rc = ERR_OK;

	look_at_frames(s, &f);
	limit = whole + (uint32_t)f.n + 1;
	for (uint32_t no = 1; no <= whole && rc == ERR_OK; no++) {
		size_t at = (size_t)(no - 1) * s->page_size;

		/* The end of a file that was cut within a page is no page. */
		rc = lay(&s->now, &s->n_now, limit, no, s->db.len - at >= s->page_size ? s->db.p + at : NULL, err);
	}
	for (size_t i = 0; i < f.sound && rc == ERR_OK; i++)
		rc = lay(&s->now, &s->n_now, limit, be32(frame(s, i)), frame(s, i) + FRAME_HEADER, err);
	if (rc == ERR_OK && f.sound > 0 && f.size < s->n_now)
		s->n_now = f.size;
	if (rc == ERR_OK && f.late > f.sound && s->n_now > 0) {
		s->late = malloc(s->n_now * sizeof(*s->late));
		if (s->late == NULL)
			return err_nomem(err);
		memcpy(s->late, s->now, s->n_now * sizeof(*s->late));
		s->n_late = s->n_now;
	}
	for (size_t i = f.sound; i < f.late && rc == ERR_OK; i++)
		rc = lay(&s->late, &s->n_late, limit, be32(frame(s, i)), frame(s, i) + FRAME_HEADER, err);
	s->about.late = f.late - f.sound;
	return rc;
}

static bool
all_zero(const uint8_t *p, size_t len)
{
	return p == NULL || (p[0] == 0 && memcmp(p, p + 1, len - 1) == 0);
}

enum err_code
salvage_open(const char *path, struct salvage **out, struct err *err)
{
	struct salvage *s = calloc(1, sizeof(*s));
	struct buf wal;
	enum err_code rc = ERR_OK;

	*out = NULL;
	if (s == NULL)
		return err_nomem(err);
	buf_init(&wal, 8192);
	buf_init(&s->payload, SALVAGE_PAYLOAD);
	buf_printf(&wal, "%s-wal", path);
	rc = buf_check(&wal, err);
	if (rc == ERR_OK)
		rc = read_file(path, &s->db, &s->about.unreadable, err);
	if (rc == ERR_OK) {
		rc = read_file(buf_str(&wal), &s->wal, &s->about.unreadable, err);
		if (rc == ERR_ABSENT)
			rc = ERR_OK;
	}
	if (rc == ERR_OK) {
		page_sizes(s);
		rc = lay_pages(s, err);
	}
	buf_free(&wal);
	if (rc != ERR_OK) {
		salvage_free(s);
		return rc;
	}
	s->about.bytes = s->db.len;
	s->about.wal_bytes = s->wal.len;
	s->about.pages = s->n_now;
	for (uint32_t i = 0; i < s->n_now; i++)
		s->about.zeros += all_zero(s->now[i], s->page_size);
	*out = s;
	return ERR_OK;
}

void
salvage_free(struct salvage *s)
{
	if (s == NULL)
		return;
	if (s->db.p != NULL)
		munmap(s->db.p, s->db.len);
	if (s->wal.p != NULL)
		munmap(s->wal.p, s->wal.len);
	free(s->now);
	free(s->late);
	buf_free(&s->payload);
	free(s);
}

void
salvage_about(const struct salvage *s, struct salvage_about *out)
{
	*out = s->about;
}

/* --- rows ----------------------------------------------------------------------------------------- */

/* SQLite's varint of at most 9 bytes before END; 0 if it does not end there. */
static size_t
varint(const uint8_t *p, const uint8_t *end, uint64_t *out)
{
	uint64_t v = 0;

	for (size_t i = 0; i < 9 && p + i < end; i++) {
		if (i == 8) {
			*out = v << 8 | p[i];
			return 9;
		}
		v = v << 7 | (p[i] & 0x7f);
		if ((p[i] & 0x80) == 0) {
			*out = v;
			return i + 1;
		}
	}
	return 0;
}

/* How many of LEN bytes of payload stand in the page itself. */
static size_t
local_part(const struct salvage *s, bool table, uint64_t len)
{
	uint64_t u = s->usable, most = table ? u - 35 : (u - 12) * 64 / 255 - 23, least = (u - 12) * 32 / 255 - 23, k;

	if (len <= most)
		return (size_t)len;
	k = least + (len - least) % (u - 4);
	return (size_t)(k <= most ? k : least);
}

/* The rest of a payload, along its chain of pages. */
static bool
follow(struct salvage *s, const uint8_t **pages, uint32_t n, uint32_t no, uint64_t left)
{
	while (left > 0) {
		uint64_t part = left < s->usable - 4 ? left : s->usable - 4;

		if (no == 0 || no > n || pages[no - 1] == NULL)
			return false;
		buf_put(&s->payload, pages[no - 1] + 4, (size_t)part);
		no = be32(pages[no - 1]);
		left -= part;
	}
	return true;
}

static bool
take_value(uint64_t type, const uint8_t **p, const uint8_t *end, struct salvage_value *v)
{
	static const uint8_t sizes[] = { 0, 1, 2, 3, 4, 6, 8, 8, 0, 0 };
	uint64_t len = type < 10 ? sizes[type] : type >= 12 ? (type - 12) / 2 : UINT64_MAX;
	uint64_t x = 0;

	if (len > (uint64_t)(end - *p))
		return false;
	memset(v, 0, sizeof(*v));
	if (type == 0) {
		v->type = 'n';
	} else if (type == 8 || type == 9) {
		v->type = 'i';
		v->i = (int64_t)type - 8;
	} else if (type < 10) {
		for (size_t i = 0; i < len; i++)
			x = x << 8 | (*p)[i];
		if (len < 8 && (**p & 0x80) != 0)
			x |= UINT64_MAX << (8 * len);
		v->type = type == 7 ? 'f' : 'i';
		v->i = (int64_t)x;
	} else {
		v->type = (type & 1) != 0 ? 't' : 'b';
		v->p = *p;
		v->len = (size_t)len;
	}
	*p += len;
	return true;
}

static bool
take_record(const struct buf *payload, struct salvage_row *row)
{
	const uint8_t *h = payload->data, *end = h + payload->len, *body, *head_end;
	uint64_t head, type;
	size_t n = varint(h, end, &head);

	if (n == 0 || head < n || head > payload->len)
		return false;
	head_end = payload->data + head;
	body = head_end;
	for (h += n, row->n = 0; h < head_end; h += n, row->n++) {
		n = varint(h, head_end, &type);
		if (n == 0 || row->n == SALVAGE_COLUMNS || !take_value(type, &body, end, &row->v[row->n]))
			return false;
	}
	return row->n > 0;
}

/* The row whose cell begins at AT of page NO. */
static bool
take_cell(struct salvage *s, const uint8_t **pages, uint32_t n, uint32_t no, uint32_t at, struct salvage_row *row)
{
	const uint8_t *page = pages[no - 1], *end = page + s->usable, *p = page + at;
	uint8_t kind = page[no == 1 ? 100 : 0];
	uint64_t len, rowid = 0;
	size_t got, local;

	p += kind == INDEX_INNER ? 4 : 0;
	if (at >= s->usable || p >= end)
		return false;
	got = varint(p, end, &len);
	p += got;
	if (got == 0 || len == 0 || len > SALVAGE_PAYLOAD)
		return false;
	if (kind == TABLE_LEAF) {
		got = varint(p, end, &rowid);
		p += got;
		if (got == 0)
			return false;
	}
	local = local_part(s, kind == TABLE_LEAF, len);
	if (local + (local < len ? 4 : 0) > (size_t)(end - p))
		return false;
	buf_reset(&s->payload);
	buf_put(&s->payload, p, local);
	if (local < len && !follow(s, pages, n, be32(p + local), len - local))
		return false;
	if (s->payload.failed != ERR_OK || !take_record(&s->payload, row))
		return false;
	row->page = no;
	row->at = at;
	row->rowid = (int64_t)rowid;
	return true;
}

static enum err_code
each_of_page(struct salvage *s, const uint8_t **pages, uint32_t n, uint32_t no, bool late, salvage_fn *fn, void *arg,
	struct err *err)
{
	const uint8_t *page = pages[no - 1];
	uint32_t start = no == 1 ? 100 : 0, cells, first;
	struct salvage_row row = { .late = late };
	enum err_code rc = ERR_OK;

	if (page == NULL || (page[start] != TABLE_LEAF && page[start] != INDEX_LEAF && page[start] != INDEX_INNER))
		return ERR_OK;
	cells = be16(page + start + 3);
	first = start + (page[start] == INDEX_INNER ? 12 : 8);
	for (uint32_t i = 0; i < cells && first + 2 * i + 2 <= s->usable && rc == ERR_OK; i++) {
		if (take_cell(s, pages, n, no, be16(page + first + 2 * i), &row))
			rc = fn(arg, &row, err);
		else if (s->payload.failed == ERR_NOMEM)
			rc = err_nomem(err);
	}
	return rc;
}

enum err_code
salvage_each(struct salvage *s, salvage_fn *fn, void *arg, struct err *err)
{
	enum err_code rc = ERR_OK;

	for (uint32_t no = 1; no <= s->n_now && rc == ERR_OK; no++)
		rc = each_of_page(s, s->now, s->n_now, no, false, fn, arg, err);
	for (uint32_t no = 1; no <= s->n_late && rc == ERR_OK; no++)
		if (no > s->n_now || s->late[no - 1] != s->now[no - 1])
			rc = each_of_page(s, s->late, s->n_late, no, true, fn, arg, err);
	return rc;
}

enum err_code
salvage_again(struct salvage *s, bool late, uint32_t page, uint32_t at, struct salvage_row *out, struct err *err)
{
	const uint8_t **pages = late ? s->late : s->now;
	uint32_t n = late ? s->n_late : s->n_now;

	out->late = late;
	if (page == 0 || page > n || pages[page - 1] == NULL || !take_cell(s, pages, n, page, at, out))
		return s->payload.failed == ERR_NOMEM ? err_nomem(err) : err_set(err, ERR_BROKEN, "page %u: no row", page);
	return ERR_OK;
}

enum err_code
salvage_merged(const struct salvage *s, const char *path, struct err *err)
{
	static const uint8_t nothing[65536];
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	enum err_code rc = ERR_OK;

	if (fd < 0)
		return err_set(err, errno == EEXIST ? ERR_EXISTS : ERR_BROKEN, "%s: %s", path, strerror(errno));
	for (uint32_t i = 0; i < s->n_now && rc == ERR_OK; i++) {
		const uint8_t *p = s->now[i] != NULL ? s->now[i] : nothing;
		size_t done = 0;

		while (done < s->page_size && rc == ERR_OK) {
			ssize_t n = write(fd, p + done, s->page_size - done);

			if (n > 0)
				done += (size_t)n;
			else if (n == 0 || errno != EINTR)
				rc = err_set(err, ERR_AGAIN, "%s: %s", path, n == 0 ? "no room" : strerror(errno));
		}
	}
	if (rc == ERR_OK && fsync(fd) < 0)
		rc = err_set(err, ERR_AGAIN, "%s: %s", path, strerror(errno));
	close(fd);
	if (rc != ERR_OK)
		unlink(path);
	return rc;
}
