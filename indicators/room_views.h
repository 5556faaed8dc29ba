/* What the reading room's templates show. */
#ifndef INDICATORS_ROOM_VIEWS_H
#define INDICATORS_ROOM_VIEWS_H

#include "base/buf.h"

struct room_count_view {
	const char *label, *value, *note;
};

struct room_link_view {
	const char *href, *label, *note;
};

struct room_home_view {
	const struct room_count_view *counts;
	size_t n_counts;
	const struct room_link_view *indicators;
	size_t n_indicators;
	const struct room_link_view *sites;
	size_t n_sites;
	const char *held;		/* how many are in quarantine, "" if none */
	const char *csrf;
	const char *until;		/* this month, "2026-11" */
	const char *prepared;		/* "" or what was prepared last */
	bool can_prepare, can_read;
};

struct room_row_view {
	const char *area, *period, *numerator, *denominator, *value, *limits, *excluded, *target, *verdict;
	bool is_first;			/* of its area: draws a line */
};

struct room_indicator_view {
	const char *title, *id, *about, *state, *hash, *unit;
	const struct room_row_view *rows;
	size_t n_rows;
	bool has_target;
};

struct room_held_view {
	const char *site, *record, *reason, *tries;
};

struct room_quarantine_view {
	const struct room_held_view *rows;
	size_t n_rows;
	const char *csrf;
	bool can_retry;
};

struct room_comment_view {
	const char *record, *form, *day, *question, *text;
	const char *quote;		/* "" or the page to propose it as a quote */
};

struct room_comments_view {
	const char *site;
	const struct room_comment_view *rows;
	size_t n_rows;
	const char *opened, *older;	/* how many records were opened; "" or a link */
};

struct room_quote_view {
	const char *error, *original, *text, *look_at, *shown, *site, *record, *question, *csrf, *back;
	bool may;
};

struct room_quote_row {
	const char *id, *number, *state, *text, *shown, *who, *csrf;
	bool can_release, can_refuse, can_take_back;
};

struct room_quotes_view {
	const char *error;
	const struct room_quote_row *rows;
	size_t n_rows;
};

#endif
