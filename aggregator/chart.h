/* A series as a line chart, drawn as SVG by a template: process limits and mean where there are some, the
 * target, each value with its 95 % limits, and a mark whose shape says what its colour says. A hidden value
 * is a gap. */
#ifndef AGGREGATOR_CHART_H
#define AGGREGATOR_CHART_H

#include "aggregator/say.h"
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

/* A number to hold the series against: a horizontal line of its own, named beside the chart. */
struct chart_ref {
	double v;
	const char *name;	/* "Target", "England" */
	const char *class_name;	/* "target", "baseline", "other" */
};

/* Where the limits begin again: after a decision, or at a break. */
struct chart_break {
	const char *from;	/* "2025-06": the first month after it */
};

enum chart_size { CHART_FULL, CHART_NARROW, CHART_SMALL };

/* What is drawn beside the series itself. */
struct chart_options {
	enum chart_size size;
	const struct chart_ref *refs;
	size_t n_refs;
	const struct chart_break *breaks;
	size_t n_breaks;
	const char *category;	/* the words for the category of the series; NULL: its code */
};

struct chart_ref_view {
	const char *d;		/* path: from edge to edge, but for a target, which stands over the periods it is for */
	const char *class_name;
};

struct chart_label {		/* in the margin, where no value is */
	double y, text_y;
	const char *text, *class_name;
	const char *leader;	/* path from the line to its name */
};

struct chart_break_view {
	double x;
	const char *text;	/* its number */
};

struct chart_view {
	const char *id;		/* unique on the page */
	const char *title, *description;
	int width, height;
	double left, right, top, bottom;	/* of the plotting area */
	bool is_small;
	const char *class_name;	/* "full", "slim", "small" */
	const struct chart_line *rows, *columns;
	size_t n_rows, n_columns;
	const char *band, *mean, *line;	/* paths; "" if there is nothing */
	const struct chart_ref_view *refs;
	size_t n_refs;
	const struct chart_label *labels;
	size_t n_labels;
	const struct chart_break_view *breaks;
	size_t n_breaks;
	const struct chart_mark *marks;
	size_t n_marks;
	const struct chart_gap *gaps;
	size_t n_gaps;
};

/* The chart of S, in arena A. ERR_NOMEM. */
enum err_code chart_of(const struct series *s, const char *id, const struct chart_options *how, struct arena *a,
	struct chart_view *out, struct err *err) MUST_CHECK;
/* A step of 1, 2, 5, 10 .. that divides RANGE into N or fewer. */
double chart_step(double range, int n);
/* The mark M around (x, y), R pixels wide to each side, as a path. "" if there is no memory. */
const char *chart_shape(struct arena *a, enum mark m, double x, double y, double r);

#endif
