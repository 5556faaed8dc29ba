/* A series as a line chart, drawn as SVG by a template: process limits and mean where there are some, the
 * target, each value with its 95 % limits, and a mark whose shape says what its colour says. A hidden value
 * is a gap. */
#ifndef AGGREGATOR_CHART_H
#define AGGREGATOR_CHART_H

#include "aggregator/series.h"

struct chart_line {		/* a horizontal line with its number, or a vertical one with its month */
	double at, text_at;
	const char *text;
};

struct chart_mark {
	const char *d;		/* the shape, as a path */
	const char *class_name;	/* say_mark_class */
	const char *title;	/* "April 2025: 71.4 %, limits 66.1 to 76.1 %, ..." */
	const char *whisker;	/* path of the 95 % limits, "" without */
};

struct chart_gap {
	double x, y;
	const char *text;	/* the flag's letter */
	const char *title;
};

struct chart_view {
	const char *id;		/* unique on the page */
	const char *title, *description;
	int width, height;
	double left, right, top, bottom;	/* of the plotting area */
	bool is_small;
	const struct chart_line *rows, *columns;
	size_t n_rows, n_columns;
	const char *band, *mean, *line;	/* paths; "" if there is nothing */
	double target_y;
	const char *target;	/* "Target 70 %", "" without */
	const struct chart_mark *marks;
	size_t n_marks;
	const struct chart_gap *gaps;
	size_t n_gaps;
};

/* The chart of S, in arena A. ERR_NOMEM. */
enum err_code chart_of(const struct series *s, const char *id, bool is_small, struct arena *a,
	struct chart_view *out, struct err *err) MUST_CHECK;

#endif
