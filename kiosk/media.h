/* Pictures, sound and film that forms bring along: what they are is read from their bytes, never from their names.
 * They are kept in a folder of the site under the hash of their bytes, which is looked at again whenever one is read,
 * and not in memory: a kiosk is small. docs/formats/media.md. */
#ifndef KIOSK_MEDIA_H
#define KIOSK_MEDIA_H

#include <stdint.h>

#include "base/buf.h"

enum media_kind { MEDIA_NONE, MEDIA_IMAGE, MEDIA_AUDIO, MEDIA_VIDEO };

enum {
	MEDIA_NAME = 64,		/* bytes of a name, as in bundles */
	MEDIA_ID = 32,			/* hex digits */
	MEDIA_FILES = 512,
	MEDIA_IMAGE_MAX = 1 << 20,	/* bytes */
	MEDIA_AUDIO_MAX = 2 << 20,
	MEDIA_VIDEO_MAX = 8 << 20,
	MEDIA_SIDE = 4096,		/* pixels of a picture's longer side */
};

struct media_file {
	char name[MEDIA_NAME + 1];	/* what forms say after jr://images/, jr://audio/, jr://video/ */
	char id[MEDIA_ID + 1];		/* of the hash of its bytes: its address */
	enum media_kind kind;
	const char *type;		/* "image/png" */
	uint32_t len, width, height;	/* pixels of a picture, 0 of anything else */
};

struct media {
	char folder[1024];
	struct media_file *list;
	size_t n, room;
	bool has_video;
};

/* What LEN bytes at P are: PNG, JPEG, WebP; WAV, FLAC, Ogg, MP3; MP4, WebM. FILE gets kind, type, length and size.
 * ERR_INPUT: none of these, a picture that moves, or cut off; ERR_LIMIT: too long or too large. */
enum err_code media_look(const uint8_t *p, size_t len, struct media_file *file, struct err *err) MUST_CHECK;

/* FOLDER (made when the first file is added; "": files are looked at and not kept) is copied. */
void media_init(struct media *m, const char *folder);
/* Freeing an all-zero struct is fine. The files stay. */
void media_clear(struct media *m);
/* Look at a file and keep it in the folder. ERR_EXISTS: there is one of this name already; ERR_LIMIT: too long, too
 * many; ERR_INPUT: not of a kind that is shown (the message names the file); ERR_BROKEN: the folder cannot be written. */
enum err_code media_add(struct media *m, const char *name, const uint8_t *data, size_t len, struct err *err) MUST_CHECK;
/* By what a form says: "jr://images/tea.png". NULL: "" or missing or of another kind. Borrowed from M. */
const struct media_file *media_find(const struct media *m, const char *uri, enum media_kind kind);
/* By its address; NULL if it is none of these. */
const struct media_file *media_at(const struct media *m, const char *id);
/* The bytes into OUT, if they are still the same. FOLDER is that of the set it came from.
 * ERR_ABSENT; ERR_DENIED: changed since. OUT has gained nothing then. */
enum err_code media_read(const char *folder, const struct media_file *file, struct buf *out, struct err *err) MUST_CHECK;
/* Remove what is in the folder and not in M. */
void media_clean(const struct media *m);
/* The next file that the XForm XML names and M lacks, from *AT on (0 at first), into NAME. False: none. */
bool media_missing(const struct media *m, const char *xml, size_t len, size_t *at, char name[MEDIA_NAME + 1]);

#endif
