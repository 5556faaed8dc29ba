/* Statistical process control: the XmR chart of NHS England's Making Data Count, with its rules, icons and
 * both variants of screening the moving ranges. A chart is computed from values as they are shown: give it
 * published values only when it will be published (a suppressed one is left out by the caller). */
#ifndef INDICATORS_SPC_H
#define INDICATORS_SPC_H

#include "base/err.h"
#include "indicators/methods.h"

enum spc_rule { SPC_COMMON, SPC_OUT_UPPER, SPC_OUT_LOWER, SPC_TREND_UP, SPC_TREND_DOWN, SPC_TWO_UP, SPC_TWO_DOWN,
	SPC_SHIFT_UP, SPC_SHIFT_DOWN };
enum spc_icon { SPC_ICON_NONE, SPC_ICON_COMMON, SPC_ICON_IMPROVEMENT, SPC_ICON_CONCERN, SPC_ICON_HIGH, SPC_ICON_LOW };
enum spc_assurance { SPC_ASSURANCE_NONE, SPC_CONSISTENT_PASS, SPC_CONSISTENT_FAIL, SPC_INCONSISTENT };

struct spc_options {
	const size_t *rebase;	/* indexes (from 0) of points that start a segment, ascending */
	size_t n_rebase;
	size_t fix_after;	/* limits from the first so many values of a segment; 0: all */
	bool screen;		/* leave out moving ranges beyond 3.267 times their average, once */
	enum direction improvement;
	double target;		/* NAN: none */
	int shift, trend;	/* points in a row; 0: 7 and 7 */
	bool no_two_of_three;
};

struct spc_segment {
	size_t start, n;
	double mean;
	double lower, upper;		/* natural process limits; NAN: not enough variation */
	double near_lower, near_upper;
	bool is_short;			/* fewer than 13 values */
};

struct spc_point {
	size_t segment;
	enum spc_rule rule;
	enum spc_icon icon;
};

struct spc_chart {
	struct spc_segment *segments;
	size_t n_segments;
	struct spc_point *points;	/* as many as values */
	size_t n;
	enum spc_icon variation;	/* of the last point */
	enum spc_assurance assurance;	/* of the last segment */
};

/* Chart of N values Y (all finite; the caller leaves out missing periods). *OUT is the caller's, cleared
 * with spc_clear. ERR_INPUT: a value that is not finite, a rebase outside the chart; ERR_NOMEM. */
enum err_code spc_xmr(const double *y, size_t n, const struct spc_options *o, struct spc_chart *out,
	struct err *err) MUST_CHECK;
void spc_clear(struct spc_chart *c);

/* Two letters as the field writes them: CC OU OL T+ T- Z+ Z- S+ S-; one letter: . I C H L; static. */
const char *spc_rule_code(enum spc_rule r);
const char *spc_icon_code(enum spc_icon i);
/* "consistent_pass", "consistent_fail", "inconsistent", "". */
const char *spc_assurance_word(enum spc_assurance a);
enum spc_assurance spc_assure(enum direction improvement, double lower, double upper, double target);

/* The steps of the rules, each tested by itself; arrays of N, values -1, 0, 1. */
/* +1, -1 at the last point of 7 (RUN) in a row on that side. */
void spc_one_side_run(const int *side, size_t n, int run, int *out);
/* +1, -1 at the last point of RUN points (RUN-1 strict moves) rising, falling. */
void spc_trend_run(const double *y, size_t n, int run, int *out);
/* 1 for each point whose window of RUN points, itself first, holds a flag. */
void spc_part_of_run(const int *flag, size_t n, int run, int *out);
/* 1 for each point of a window of 3 with 2 or more CLOSE and all three on one SIDE. */
void spc_two_in_three(const int *close, const int *side, size_t n, int *out);
void spc_part_of_two_in_three(const int *flag, const int *close, size_t n, int *out);

#endif
