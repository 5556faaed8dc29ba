/* What the templates of focus groups show. All texts are borrowed: they live in the request's arena, the session or
 * the words. */
#ifndef KIOSK_GROUP_VIEWS_H
#define KIOSK_GROUP_VIEWS_H

#include "kiosk/views.h"

struct group_act_view { const char *go, *label; };
struct group_chip_view { const char *id, *value, *label, *sub; bool checked; };

/* A row with a number between minus and plus. */
struct group_count_view {
	const char *label, *n, *says;	/* says: what follows from it, or "" */
	const char *plus, *minus, *all;	/* values of the buttons; all "": none */
	bool is_set;			/* all: everybody said yes */
};

struct group_field_view { const char *id, *name, *label, *value; };
struct group_row_view { const char *who, *sub, *text, *go, *go_label; bool is_struck, is_exact, has_link; };
struct group_bar_view { const char *label, *says, *width; };

struct group_view {
	struct frame f;
	const char *action, *heading, *lead, *note, *error;
	const char *at;			/* voters: which page this is, sent back by its buttons; "": none */
	struct look_row_view *looks;
	size_t n_looks;
	const char *live;		/* the version shown, for live refresh; "": none */
	struct line_view *lines;
	size_t n_lines;
	struct group_chip_view *who, *themes, *guides, *places, *leaders, *kinds, *options;
	size_t n_who, n_themes, n_guides, n_places, n_leaders, n_kinds, n_options;
	struct group_count_view *counts;
	size_t n_counts;
	struct group_field_view *fields;
	size_t n_fields;
	struct group_row_view *rows;
	size_t n_rows;
	struct group_bar_view *bars;
	size_t n_bars;
	struct group_act_view *acts;	/* quiet buttons of the foot */
	size_t n_acts;
	const char *words, *minority;	/* as typed */
	const char *spent, *spent_s, *of_s, *spent_w;	/* "4 of 10 minutes", "240", "600", per mille */
	const char *pass;		/* passphrase offered */
	const char *code, *address, *address_short, *qr_path;
	unsigned qr_size;
	const char *id;			/* of a draft */
	bool is_late, is_exact, may_note, may_quote, is_many, is_few, has_earlier, has_more, is_lead, is_hands, is_open,
	    is_alert, is_paper, may_lan;
	struct line_view *receipt;
	size_t n_receipt;
};

#endif
