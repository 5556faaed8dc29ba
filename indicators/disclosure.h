/* Disclosure control: which figures of a publication are hidden so that nobody is given away, by the policy and
 * by arithmetic over all figures of this and every earlier publication.
 *
 * The model. An *atom* is the set of people who are alike in everything published (site, period, categories,
 * answer, helped, variant); its unknown count is what an attacker solves for. A *figure* is a count that could be
 * shown: a sum of atoms. Bases, numerators, helped counts and figures of overlapping definitions are all figures.
 * A change of an atom between two publications is an atom of its own. See docs/indicators.md. */
#ifndef INDICATORS_DISCLOSURE_H
#define INDICATORS_DISCLOSURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum policy_preset { PRESET_ORGANISATION, PRESET_ASCS, PRESET_SACE, PRESET_OFQUAL, PRESET_GPPS };

struct policy {
	enum policy_preset preset;
	int64_t base_min;	/* results on fewer people are hidden [10] */
	int64_t cell_min;	/* x or n-x of 1..cell_min-1 is hidden [5] */
	bool zero_hidden;	/* zero = organisation: below it, x = 0 and x = n are hidden too */
	bool complement;
	int round;		/* presentation only [5] */
};
extern const struct policy policy_preset_organisation;
/* The preset called NAME: organisation ascs sace ofqual gpps; NULL if there is none. */
const struct policy *policy_find(const char *name);
/* Is A at least as strict as B in everything? */
bool policy_at_least(const struct policy *a, const struct policy *b);

enum figure_kind {
	FIGURE_BASE,	/* people in a row */
	FIGURE_COUNT,	/* a numerator, option, theme count of the row whose base is BASE */
	FIGURE_HELPED,	/* how many of the base were helped */
};

enum { LEVEL_ORGANISATION = 1000 };	/* LEVEL of totals over everything; sites are 0 */
enum { FIGURE_NONE = -1 };

struct figure {
	enum figure_kind kind;
	int64_t count;		/* exact; COUNT and HELPED of people */
	int level;		/* 0 site .. LEVEL_ORGANISATION: the lowest hides first */
	int base;		/* index of its base figure; FIGURE_NONE for a base */
	int pair;		/* index of a figure that hides with it (male/female); FIGURE_NONE */
	int whole;		/* index of the total it is a part of by breakdown SPLIT; FIGURE_NONE */
	int split;		/* parts of one WHOLE and SPLIT do not overlap and make it up */
	int64_t supported;	/* people supported at the site; -1: not a site row or not known */
	bool never;		/* hidden whatever its size (concerns below the organisation and year) */
	bool frozen;		/* shown in an earlier publication: it cannot be taken back */
	bool unpublished;	/* a sum nobody prints, but nobody may work out either if it is small */
	const uint32_t *atoms;	/* distinct; copied by disclosure_add */
	size_t n_atoms;
};

struct disclosure;

enum err_code disclosure_new(const struct policy *p, struct disclosure **out, struct err *err) MUST_CHECK;
void disclosure_free(struct disclosure *d);
/* A new atom; atoms are 0, 1, 2 .. */
uint32_t disclosure_atom(struct disclosure *d);
/* How many people ATOM stands for, where that is known. It decides nothing: with it the search for another solution starts
 * near the truth, finds one sooner, and less is hidden for want of time. */
void disclosure_expect(struct disclosure *d, uint32_t atom, int64_t people);
/* Adds a figure, *INDEX from 0. ERR_INPUT: an atom or base that is not there; ERR_NOMEM. */
enum err_code disclosure_add(struct disclosure *d, const struct figure *f, int *index, struct err *err) MUST_CHECK;
/* Figures A and B hide together from now on (FIGURE_NONE: nothing happens). A figure has one pair. */
void disclosure_pair(struct disclosure *d, int a, int b);
/* Decide. ERR_LIMIT: more than 20,000 hidden unknowns: the caller drops cross tables and tries again (fail
 * closed: until then every flag is 'c'); ERR_NOMEM. */
enum err_code disclosure_run(struct disclosure *d, struct err *err) MUST_CHECK;
/* After the run: 0 shown, else the flag: 'c' confidential, 'w' none (a base of 0). 'u' shown, but unreliable: more
 * answers than people supported, so no interval and no verdict. */
char disclosure_flag(const struct disclosure *d, int figure);
/* Hidden for its own size (true) or to protect another (false). */
bool disclosure_is_primary(const struct disclosure *d, int figure);
/* Hidden now, but earlier publications (frozen figures) give it away by themselves: nothing can be done. */
bool disclosure_is_known(const struct disclosure *d, int figure);

/* --- rules of single publications, for the presets --------------------------------------------------------- */

/* Adult Social Care Outcomes Framework (SACE): a base under 3 in either of a pair hides both. */
struct pairwise { double male, female, age_18_64, age_65, total; };
struct pairwise_hidden { bool gender, age, total; };
struct pairwise_hidden suppress_pairwise(const struct pairwise *p);
/* Adult Social Care Survey: "[c]" for 1 or 2 answers to a question; none: "[x]" for councils, else "[w]"; "". */
const char *suppress_ascs_question(double respondents, bool by_council);
/* "[w]" on a margin over 0 or 1 in the cell, unless the question has a flag (QUESTION_FLAG not "") already. */
const char *suppress_ascs_margin(double respondents_in_cell, const char *question_flag);
/* GP Patient Survey: HIDDEN[i] for each of N option counts. */
void suppress_option_counts(const double *counts, size_t n, bool small_population, bool *hidden);
/* Ofqual: "0", "fewer than 5", or the nearest 5; into TEXT. */
void suppress_round5_fewer(double count, char text[32]);
/* Groups of up to MAX records sharing KEYS[i] (indexes of N): those records are to be given 99. */
void suppress_records(const int *group, size_t n, size_t max, bool *hidden);

#endif
