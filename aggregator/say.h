/* The words for what a publication says in codes. All static, English; never "" for a code that is known. */
#ifndef AGGREGATOR_SAY_H
#define AGGREGATOR_SAY_H

#include "aggregator/publication.h"

enum mark { MARK_COMMON, MARK_BETTER, MARK_WORSE, MARK_HIGH, MARK_LOW, MARK_NONE };

/* Of a point or an icon: "I", "C", "H", "L", "."; "" is MARK_NONE. */
enum mark say_mark_of(const char *variation);
const char *say_mark(enum mark m);		/* "getting better" .. */
const char *say_mark_class(enum mark m);	/* "better", "worse", "high", "low", "common" */
const char *say_rule(const char *code);		/* "beyond the upper limit" .. */
const char *say_verdict(const char *verdict);	/* "Target reached" .. */
const char *say_assurance(const char *word);
const char *say_flag(const char *flag);		/* what "[c]" means */
/* A code of a breakdown that every definition may have: "individual" of "role" -> "people who use the service". */
const char *say_category(const char *breakdown, const char *code);
/* "role" -> "who answered". */
const char *say_breakdown(const char *breakdown);
/* "2025-04-01", "2025-04-30" -> "April 2025"; longer: "April to June 2025". Into TEXT of 48 bytes. */
void say_period(const char *start, const char *end, char text[48]);
/* "Apr 25". */
void say_month_short(const char *start, char text[16]);
/* 46.2 -> "46.2 %" by unit, with DECIMALS places (-1: as many as it has); "" if hidden. Into TEXT of 48 bytes. */
void say_number(const struct pub_num *n, const char *unit, int decimals, char text[48]);

#endif
