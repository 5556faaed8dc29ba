/* Pictures, sound and film of forms. See media.h. */
#include "kiosk/media.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/file.h"
#include "collector/chain.h"

static bool
at(const uint8_t *p, size_t len, size_t offset, const char *magic)
{
	size_t n = strlen(magic);

	return len >= offset + n && memcmp(p + offset, magic, n) == 0;
}

static uint32_t
le24(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
}

/* --- what a picture's bytes say ----------------------------------------------------------------------- */

static enum err_code
moves(struct err *err)
{
	return err_set(err, ERR_INPUT, "a picture that moves: nothing moves on these pages");
}

static enum err_code
cut_off(struct err *err)
{
	return err_set(err, ERR_INPUT, "a picture that is cut off or broken");
}

/* PNG, 3rd edition: IHDR comes first; acTL before IDAT makes it move. */
static enum err_code
look_png(const uint8_t *p, size_t len, struct media_file *f, struct err *err)
{
	size_t i = 8;

	if (!at(p, len, 12, "IHDR") || len < 33)
		return cut_off(err);
	f->width = be32(p + 16);
	f->height = be32(p + 20);
	while (len - i >= 12) {
		uint32_t n = be32(p + i);

		if (at(p, len, i + 4, "acTL"))
			return moves(err);
		if (at(p, len, i + 4, "IDAT"))
			return ERR_OK;
		if (n > len - i - 12)
			break;
		i += 12 + (size_t)n;
	}
	return cut_off(err);
}

/* ITU T.81, B.1: segments with a length, until the frame header SOFn. */
static enum err_code
look_jpeg(const uint8_t *p, size_t len, struct media_file *f, struct err *err)
{
	size_t i = 2;

	while (len - i >= 9 && p[i] == 0xff) {
		uint8_t marker = p[i + 1];
		size_t n = be16(p + i + 2);

		if (marker == 0xff) {
			i++;
			continue;
		}
		if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc) {
			f->height = be16(p + i + 5);
			f->width = be16(p + i + 7);
			return ERR_OK;
		}
		if (n < 2 || n > len - i - 2)
			break;
		i += 2 + n;
	}
	return cut_off(err);
}

/* RFC 9649: lossy, lossless or extended, whose flag 2 makes it move. */
static enum err_code
look_webp(const uint8_t *p, size_t len, struct media_file *f, struct err *err)
{
	if (len < 30)
		return cut_off(err);
	if (at(p, len, 12, "VP8X")) {
		if ((p[20] & 2) != 0)
			return moves(err);
		f->width = le24(p + 24) + 1;
		f->height = le24(p + 27) + 1;
	} else if (at(p, len, 12, "VP8L")) {
		f->width = (le24(p + 21) & 0x3fff) + 1;
		f->height = (((uint32_t)p[22] >> 6 | (uint32_t)p[23] << 2 | (uint32_t)p[24] << 10) & 0x3fff) + 1;
	} else if (at(p, len, 12, "VP8 ")) {
		f->width = le24(p + 26) & 0x3fff;
		f->height = (p[28] | (uint32_t)p[29] << 8) & 0x3fff;
	} else {
		return cut_off(err);
	}
	return ERR_OK;
}

/* --- all kinds ---------------------------------------------------------------------------------------- */

static const struct kind {
	enum media_kind kind;
	const char *type;
	size_t offset;
	const char *magic;
	enum err_code (*look)(const uint8_t *p, size_t len, struct media_file *f, struct err *err);
} kinds[] = {
	{ MEDIA_IMAGE, "image/png", 0, "\x89PNG\r\n\x1a\n", look_png },
	{ MEDIA_IMAGE, "image/jpeg", 0, "\xff\xd8\xff", look_jpeg },
	{ MEDIA_IMAGE, "image/webp", 8, "WEBP", look_webp },
	{ MEDIA_AUDIO, "audio/wav", 8, "WAVE", NULL },
	{ MEDIA_AUDIO, "audio/flac", 0, "fLaC", NULL },
	{ MEDIA_AUDIO, "audio/ogg", 0, "OggS", NULL },
	{ MEDIA_AUDIO, "audio/mpeg", 0, "ID3", NULL },
	{ MEDIA_AUDIO, "audio/mpeg", 0, "\xff\xfb", NULL },
	{ MEDIA_AUDIO, "audio/mpeg", 0, "\xff\xf3", NULL },
	{ MEDIA_AUDIO, "audio/mpeg", 0, "\xff\xf2", NULL },
	{ MEDIA_VIDEO, "video/webm", 0, "\x1a\x45\xdf\xa3", NULL },
	{ MEDIA_VIDEO, "video/mp4", 4, "ftyp", NULL },
};

enum err_code
media_look(const uint8_t *p, size_t len, struct media_file *f, struct err *err)
{
	static const size_t most[] = { 0, MEDIA_IMAGE_MAX, MEDIA_AUDIO_MAX, MEDIA_VIDEO_MAX };
	const struct kind *k = NULL;
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < ARRAY_LEN(kinds) && k == NULL; i++)
		if (at(p, len, kinds[i].offset, kinds[i].magic) && (kinds[i].offset != 8 || at(p, len, 0, "RIFF")))
			k = &kinds[i];
	if (k == NULL)
		return err_set(err, ERR_INPUT, "neither PNG, JPEG, WebP nor WAV, FLAC, Ogg, MP3 nor MP4, WebM");
	if (len > most[k->kind])
		return err_set(err, ERR_LIMIT, "%zu bytes of %s: at most %zu", len, k->type, most[k->kind]);
	f->kind = k->kind;
	f->type = k->type;
	f->len = (uint32_t)len;
	f->width = f->height = 0;
	if (k->look != NULL)
		rc = k->look(p, len, f, err);
	if (rc == ERR_OK && k->kind == MEDIA_IMAGE && (f->width == 0 || f->height == 0))
		rc = cut_off(err);
	if (rc == ERR_OK && (f->width > MEDIA_SIDE || f->height > MEDIA_SIDE))
		rc = err_set(err, ERR_LIMIT, "a picture of %u x %u pixels: at most %d a side", f->width, f->height, MEDIA_SIDE);
	return rc;
}

/* --- the set ------------------------------------------------------------------------------------------ */

void
media_init(struct media *m, const char *folder)
{
	memset(m, 0, sizeof(*m));
	snprintf(m->folder, sizeof(m->folder), "%s", folder);
}

void
media_clear(struct media *m)
{
	free(m->list);
	m->list = NULL;
	m->n = m->room = 0;
}

static void
make_id(const uint8_t *data, size_t len, char id[MEDIA_ID + 1])
{
	struct chain_hash h;

	chain_h("media", data, len, &h);
	hex_str(h.bytes, MEDIA_ID / 2, id);
}

static void
path_of(const char *folder, const char *id, char *to, size_t max)
{
	snprintf(to, max, "%.1024s/%s", folder, id);
}

enum err_code
media_add(struct media *m, const char *name, const uint8_t *data, size_t len, struct err *err)
{
	struct media_file f = { .kind = MEDIA_NONE };
	char path[1100];
	enum err_code rc;

	if (strlen(name) > MEDIA_NAME)
		return err_set(err, ERR_LIMIT, "%.70s..: a name has at most %d bytes", name, MEDIA_NAME);
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->list[i].name, name) == 0)
			return err_set(err, ERR_EXISTS, "%s is there twice", name);
	if (m->n == MEDIA_FILES)
		return err_set(err, ERR_LIMIT, "more than %d pictures, sounds and films", MEDIA_FILES);
	rc = media_look(data, len, &f, err);
	if (rc != ERR_OK)
		return err_in(err, "%s", name);
	if (m->n == m->room) {
		struct media_file *more = realloc(m->list, (m->room + 32) * sizeof(*more));

		if (more == NULL)
			return err_nomem(err);
		m->list = more;
		m->room += 32;
	}
	snprintf(f.name, sizeof(f.name), "%s", name);
	make_id(data, len, f.id);
	path_of(m->folder, f.id, path, sizeof(path));
	if (m->folder[0] != '\0' && access(path, R_OK) != 0) {
		rc = file_mkdirs(m->folder, 0700, err);
		if (rc == ERR_OK)
			rc = file_write(path, data, len, 0600, err);
	}
	if (rc != ERR_OK)
		return rc;
	m->list[m->n++] = f;
	m->has_video |= f.kind == MEDIA_VIDEO;
	return ERR_OK;
}

const struct media_file *
media_find(const struct media *m, const char *uri, enum media_kind kind)
{
	static const char *const heads[] = { "", "jr://images/", "jr://audio/", "jr://video/" };
	size_t n = strlen(heads[kind]);

	if (uri == NULL || n == 0 || strncmp(uri, heads[kind], n) != 0)
		return NULL;
	for (size_t i = 0; i < m->n; i++)
		if (m->list[i].kind == kind && strcmp(m->list[i].name, uri + n) == 0)
			return &m->list[i];
	return NULL;
}

const struct media_file *
media_at(const struct media *m, const char *id)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->list[i].id, id) == 0)
			return &m->list[i];
	return NULL;
}

enum err_code
media_read(const char *folder, const struct media_file *file, struct buf *out, struct err *err)
{
	char path[1100], id[MEDIA_ID + 1];
	size_t before = out->len;
	enum err_code rc;

	path_of(folder, file->id, path, sizeof(path));
	rc = file_read(path, out, err);
	if (rc != ERR_OK) {
		buf_truncate(out, before);
		return rc;
	}
	make_id(out->data + before, out->len - before, id);
	if (strcmp(id, file->id) != 0) {
		buf_truncate(out, before);
		(void)unlink(path);
		rc = err_set(err, ERR_DENIED, "%s is not what came with the forms", file->name);
	}
	return rc;
}

void
media_clean(const struct media *m)
{
	DIR *d = opendir(m->folder);
	struct dirent *e;
	char path[1400];

	if (d == NULL)
		return;
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.' || media_at(m, e->d_name) != NULL)
			continue;
		snprintf(path, sizeof(path), "%s/%s", m->folder, e->d_name);
		(void)unlink(path);
	}
	closedir(d);
}

bool
media_missing(const struct media *m, const char *xml, size_t len, size_t *pos, char name[MEDIA_NAME + 1])
{
	static const char *const heads[] = { "jr://images/", "jr://audio/", "jr://video/" };

	while (*pos < len) {
		const char *p = memmem(xml + *pos, len - *pos, "jr://", 5);

		if (p == NULL)
			break;
		*pos = (size_t)(p - xml) + 5;
		for (size_t k = 0; k < ARRAY_LEN(heads); k++) {
			size_t n = strlen(heads[k]), left = len - (size_t)(p - xml), i = 0;
			char uri[MEDIA_NAME + 16];

			if (left <= n || memcmp(p, heads[k], n) != 0)
				continue;
			while (i < MEDIA_NAME && n + i < left && strchr("<\"' \n\t&", p[n + i]) == NULL)
				i++;
			snprintf(uri, sizeof(uri), "%.*s", (int)(n + i), p);
			if (media_find(m, uri, (enum media_kind)(k + 1)) != NULL)
				continue;
			snprintf(name, MEDIA_NAME + 1, "%.*s", (int)i, p + n);
			return true;
		}
	}
	return false;
}
