/* Pages aloud: the form's own sound where it has some, else espeak-ng, run as a program with the text on its standard
 * input. A page is pieces, one after the other: the question, its hint, the answers in the order shown. */
#ifndef KIOSK_SAY_H
#define KIOSK_SAY_H

#include "kiosk/inside.h"

enum {
	SAY_PIECES = 200,
	SAY_TEXT_MAX = 8 << 10,		/* bytes of one piece */
	SAY_WAV_MAX = 7 << 20,		/* of a page: about 160 s */
	SAY_RATE = 22050,		/* samples a second, one channel, 16 bits */
	SAY_S = 5,			/* a piece may take that long, */
	SAY_ALL_S = 15,			/* and a page that long */
	SAY_LOUD = 4,			/* loudest step of the volume, from 0 */
};

struct say_piece {
	const char *text;	/* one sentence or more */
	const struct media_file *sound;	/* NULL: a voice reads the text. Its struct must stay while it is said */
	bool is_own;		/* somebody's own words, or of a page that nobody may learn of: never in a file */
};

struct say_list {
	struct say_piece piece[SAY_PIECES];
	size_t n;
};

struct say_how {
	const char *program, *voice;	/* espeak-ng; "": only the form's own sound */
	const char *media, *cache;	/* folders */
	unsigned speed;			/* 0 slow, 1 usual, 2 fast */
	unsigned volume;		/* 0 to SAY_LOUD */
};

/* Say LIST into OUT, a WAV. Takes up to SAY_ALL_S; call it without the kiosk's lock, from any thread.
 * What would be over SAY_WAV_MAX is left out. ERR_ABSENT: no program, voice or sound; ERR_AGAIN: it took too long. */
enum err_code say_list(const struct say_how *how, const struct say_list *list, struct buf *out,
	struct err *err) MUST_CHECK;
/* What is a WAV, FLAC, Ogg or MP3 in IN as samples appended to OUT: one channel, SAY_RATE, 16 bits, this machine's
 * order. ERR_INPUT: cannot be read; ERR_LIMIT over OUT's limit. */
enum err_code say_samples(const struct buf *in, struct buf *out, struct err *err) MUST_CHECK;

/* What Listen says on the page V stands at; texts and sounds are copied into A. */
void show_said(struct kiosk *k, struct visit *v, struct arena *a, struct say_list *list);

#endif
