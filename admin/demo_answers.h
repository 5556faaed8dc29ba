/* Made-up people: how they would answer a form. For `candour demo` alone; every choice follows from the
 * seed, so the same demo gives the same figures. */
#ifndef ADMIN_DEMO_ANSWERS_H
#define ADMIN_DEMO_ANSWERS_H

#include "forms/session.h"

/* A small generator of our own (xorshift64*), because the demo must repeat itself; no secret comes from it. */
struct demo_random {
	uint64_t state;	/* not 0 */
};
uint32_t demo_next(struct demo_random *r);
/* 0 <= x < 1 */
double demo_unit(struct demo_random *r);

/* How people at one place feel in one month: the share of satisfied people, 0..1. PLACE from 0, MONTH from
 * 0 (the oldest) to MONTHS-1. Some places are better, one gets better, one gets worse for a while. */
double demo_mood(size_t place, size_t month, size_t months);

/* Who answers and how: sets the visit's meta values of S. */
enum err_code demo_person(struct session *s, struct demo_random *r, struct err *err) MUST_CHECK;
/* Answer every relevant page of S as somebody with MOOD would. Unanswerable kinds stay empty. */
enum err_code demo_answer(struct session *s, double mood, struct demo_random *r, struct err *err) MUST_CHECK;

#endif
