/* What the templates of the published pages show. */
#ifndef AGGREGATOR_PAGES_VIEWS_H
#define AGGREGATOR_PAGES_VIEWS_H

#include "aggregator/chart.h"
#include "base/buf.h"

/* A shape, its class and its word: colour never speaks alone. */
struct badge_view {
	const char *class_name, *word;
};

struct card_view {
	const char *href, *title, *value, *limits, *period;
	struct badge_view verdict, change;
	const struct buf *chart;
};

struct home_view {
	const struct card_view *cards;
	size_t n_cards;
	const char *number, *date, *sha256;	/* of the publication; "" if there is none */
	const char *groups;			/* link to what groups told us, "" if there is nothing */
};

struct row_view {
	const char *area;		/* where a table has rows of several */
	const char *period, *numerator, *denominator, *value, *limits, *target, *verdict, *says, *note;
	bool hidden;
};

struct small_view {
	const char *href, *name, *value, *limits;
	struct badge_view verdict, change;
	const struct buf *chart;
	bool is_here;
};

struct part_view {
	const char *name;		/* "By site", "By role" */
	const struct small_view *list;
	size_t n_list;
};

/* Target, baseline, comparators: what a figure is held against. */
struct beside_view {
	const char *name, *value, *says, *note;
	struct badge_view badge;
};

struct term_view {		/* of a definition list */
	const char *term, *text;
};

struct reason_view {		/* why limits begin again: its number stands in the chart */
	const char *number, *text;
};

struct funnel_mark_view {
	const char *d, *class_name, *title;
};

struct funnel_row_view {
	const char *href, *name, *n, *value, *says;
};

struct funnel_plot_view {
	const char *id, *class_name, *title, *description;
	int width, height;
	const char *inner, *outer, *mean;	/* paths: limits of 95 and 99.8 %, average */
	const struct chart_line *rows, *columns;
	size_t n_rows, n_columns;
	const struct funnel_mark_view *marks;
	size_t n_marks;
	double left, right, top, bottom;
};

struct funnel_view {
	const char *period;
	struct funnel_plot_view full, narrow;
	const char *words;			/* "3 of 6 sites.." */
	const struct funnel_row_view *table;
	size_t n_table;
};

struct action_view {		/* "You said, we did" */
	const char *said, *did, *state, *due;
};

struct version_view {
	const char *href, *label, *why;
};

struct indicator_view {
	const char *title, *id, *version, *area, *category, *value, *limits, *period, *target, *assurance, *hash;
	const char *csv, *all, *note;	/* all: link to the organisation's page, "" when there */
	const char *numerator_word, *unit;
	struct badge_view verdict, change;
	const struct buf *chart, *narrow, *funnel;	/* funnel: NULL if there is none */
	struct badge_view assured;
	const struct beside_view *beside;
	size_t n_beside;
	const struct term_view *terms;		/* how sure can we be */
	size_t n_terms;
	const struct reason_view *reasons;
	size_t n_reasons;
	const struct action_view *actions;
	size_t n_actions;
	const struct version_view *versions;	/* other versions of the indicator */
	size_t n_versions;
	const char *xlsx, *easy_href, *large_href, *about, *provisional;
	bool has_target, has_other;
	const struct row_view *rows;
	size_t n_rows;
	const struct part_view *parts;
	size_t n_parts;
	const char *definition;
	const char *easy;		/* one sentence in plain words */
	bool has_intervals;
};

struct person_view {		/* one of ten */
	bool is_on;
};

struct told_view {		/* an answer, and how many chose it */
	const char *name, *words;
};

struct easy_view {
	const char *title, *picture_words, *heard, *change, *target, *more_href, *organisation;
	const struct told_view *told;	/* instead of a picture, where several could be chosen */
	size_t n_told;
	const struct person_view *people;
	size_t n_people;
	const struct action_view *actions;
	size_t n_actions;
	const char *value;		/* where a picture of ten people says nothing */
	const char *hidden;
};

struct group_view {		/* what one indicator says of groups */
	const char *title, *about, *how;
	const struct row_view *rows;
	size_t n_rows;
};

struct groups_view {
	const struct group_view *list;
	size_t n_list;
};

struct published_view {
	const char *number, *date, *sha256, *size, *href, *pack_href;
};

struct publications_view {
	const struct published_view *list;
	size_t n_list;
};

struct about_view {
	const char *policy;
};

#endif
