/* What the templates of the published pages show. */
#ifndef AGGREGATOR_PAGES_VIEWS_H
#define AGGREGATOR_PAGES_VIEWS_H

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
};

struct row_view {
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

struct indicator_view {
	const char *title, *id, *version, *area, *category, *value, *limits, *period, *target, *assurance, *hash;
	const char *csv, *all, *note;	/* all: link to the organisation's page, "" when there */
	const char *numerator_word, *unit;
	struct badge_view verdict, change;
	const struct buf *chart;
	const struct row_view *rows;
	size_t n_rows;
	const struct part_view *parts;
	size_t n_parts;
	const char *definition;
	const char *easy;		/* one sentence in plain words */
	bool has_intervals;
};

struct published_view {
	const char *number, *date, *sha256, *size, *href;
};

struct publications_view {
	const struct published_view *list;
	size_t n_list;
};

struct about_view {
	const char *policy;
};

#endif
