/* Pages aloud: espeak-ng as a program, its text on standard input, its sound cached where no person's words are
 * in it. */
#ifndef KIOSK_SAY_H
#define KIOSK_SAY_H

#include "kiosk/inside.h"

enum { SAY_MAX = 32 << 10, SAY_WAV_MAX = 8 << 20 };

/* Append TEXT as a sentence: ended with a full stop unless it ends itself. */
void say_sentence(struct buf *out, const char *text);
/* Speak TEXT into OUT (WAV), in the voice VOICE at SPEED (0 slow, 1 usual, 2 fast). Takes up to 5 s; call it
 * without the lock. ERR_ABSENT: no program or voice; ERR_LIMIT over SAY_WAV_MAX; ERR_AGAIN: it took too long. */
enum err_code say_speak(const char *program, const char *voice, unsigned speed, const struct buf *text,
	struct buf *out, struct err *err) MUST_CHECK;

/* What Listen reads on the page V stands at. *IS_OWN: a person's own words are in it. */
void show_said(struct kiosk *k, struct visit *v, struct arena *a, struct buf *said, bool *is_own);

#endif
