/* "You said, we did": what was done about earlier feedback. A signed bundle of kind 3 holds one file a notice,
 * NAME.notice in the ini format of base/ini.h (docs/formats/notices.md). */
#ifndef KIOSK_NOTICES_H
#define KIOSK_NOTICES_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "kiosk/media.h"

enum { NOTICES_MAX = 64, NOTICE_LANGUAGES = 16, NOTICE_WORDS = 30 };

struct notice_text {
	const char *tag;	/* "en" */
	const char *said, *did;
	const char *easy_said, *easy_did;	/* in easy words, or NULL: both or none */
	const struct media_file *sound;	/* somebody reading it, or NULL */
};

struct notice {
	int64_t from, until;	/* days since 1970, both inclusive */
	struct notice_text text[NOTICE_LANGUAGES];
	size_t n;
};

struct notices {
	struct arena arena;
	struct notice list[NOTICES_MAX];	/* newest first */
	size_t n;
	struct media media;		/* their sounds */
};

/* Read the payload of a notices bundle (verified by the caller). LANGUAGE: the site's first, which each notice must
 * have. Sounds are kept in the folder MEDIA (media.h; "": looked at only). ERR_INPUT names the file and what is wrong; *OUT is NULL then. Free with notices_free. */
enum err_code notices_read(const uint8_t *payload, size_t len, const char *language, const char *media,
	struct notices **out, struct err *err) MUST_CHECK;
void notices_free(struct notices *n);
/* The I-th notice in force on DAY; NULL if there are fewer. */
const struct notice *notices_at(const struct notices *n, int64_t day, size_t i);
/* In the language TAG, else in the first it has. */
const struct notice_text *notice_in(const struct notice *n, const char *tag);

#endif
