/* A session, inside: rows, what is dirty, and one run's memory. */
#ifndef FORMS_STATE_H
#define FORMS_STATE_H

#include "forms/model.h"

enum { DIRTY_BASES = 3 };

struct dirty {
	uint32_t base[DIRTY_BASES];	/* instance rows */
	uint8_t n;
	bool all;
};

struct meta_value { char *name, *value; };

struct undo { struct row *rows; size_t rows_cap; uint32_t n; size_t dead; struct buf text; size_t language; };

struct session {
	const struct form *f;
	struct session_env env;
	struct tree tree;
	struct scratch scratch;
	struct run run;
	uint64_t seed;
	/* vertices to be computed again */
	struct dirty *dirty;
	uint64_t *dirty_bits;
	uint32_t dirty_from;
	/* instances made whose odk-new-repeat actions are still to run */
	uint32_t *fresh;
	uint32_t n_fresh, cap_fresh;
	unsigned action_depth;
	bool loading, dispatch;		/* DISPATCH: value-changed actions run */
	struct arena page;
	char instance_id[64];		/* uuid:.. */
	char deprecated_id[128];	/* of an edited instance */
	struct meta_value *meta;	/* candour:NAME */
	size_t n_meta;
	int64_t started_ms;
	struct undo undo;		/* the state before the answer that is being given */
};

/* session_undo.c */
enum err_code undo_begin(struct session *s, struct err *err) MUST_CHECK;
void undo_back(struct session *s);
void undo_clear(struct session *s);

/* session.c */
enum err_code session_make(const struct form *f, const struct session_env *env, struct session **out,
	struct err *err) MUST_CHECK;
/* serialise.c */
enum err_code serialise(struct session *s, struct buf *out, struct err *err) MUST_CHECK;

/* session_graph.c */
void dirty_mark(struct session *s, uint32_t vertex, uint32_t base);
void dirty_all(struct session *s);
/* The value, relevance or offer of ROW changed: its readers are dirty. */
void fire(struct session *s, uint32_t row);
/* Instances of the repeat HEAD were added or removed. */
void fire_structure(struct session *s, uint32_t head);
/* Everything in a new instance is to be computed. */
void dirty_instance(struct session *s, uint32_t instance);
/* Compute until nothing is dirty. */
enum err_code settle(struct session *s, struct err *err) MUST_CHECK;
/* Every vertex computed anew gives what is there (forms.md 3.4). ERR_BROKEN naming a node. */
enum err_code session_check(struct session *s, struct err *err) MUST_CHECK;
enum err_code run_at(struct session *s, const struct program *p, uint32_t row, struct val *out, struct err *err) MUST_CHECK;
void begin_answer(struct session *s);
bool truth(struct session *s, const struct val *v);
void refresh_hidden(struct session *s, uint32_t row);

/* session_value.c: what a node of its type stores for a value. */
bool value_for_node(struct session *s, uint32_t node, const struct val *v, struct val *out);
/* Text typed: true and canonical text in OUT, or false: not of the type. */
bool answer_for_node(struct session *s, uint32_t row, const char *text, size_t len, struct val *out);
/* Is a stored value of its type? */
bool stored_is_valid(const struct session *s, uint32_t row);
enum err_code store(struct session *s, uint32_t row, const struct val *text, bool *changed, struct err *err) MUST_CHECK;

/* session_repeat.c */
enum err_code set_count(struct session *s, uint32_t head, uint32_t count, struct err *err) MUST_CHECK;
enum err_code add_instance(struct session *s, uint32_t head, uint32_t *row, struct err *err) MUST_CHECK;
enum err_code run_fresh(struct session *s, struct err *err) MUST_CHECK;
uint32_t count_seen(const struct session *s, uint32_t head);

/* session_action.c */
enum err_code actions_run(struct session *s, unsigned event, uint32_t node, uint32_t row, struct err *err) MUST_CHECK;

/* session_choice.c */
struct offer {
	struct nref item;		/* of an itemset; row 0: CHOICE */
	const struct body_choice *choice;
	const char *value;
	uint32_t len;
};
/* What ROW's control offers now; in the scratch. */
enum err_code offers(struct session *s, uint32_t row, const struct body *b, struct offer **list, uint32_t *n, struct err *err) MUST_CHECK;
bool offer_label(struct run *x, const struct body *b, const struct offer *o, uint32_t row, enum text_form form, struct buf *out);
/* Clear what is no longer offered. */
enum err_code check_offer(struct session *s, uint32_t row, struct err *err) MUST_CHECK;

/* session_page.c */
bool row_readonly(struct session *s, uint32_t row);
bool row_required(struct session *s, uint32_t row);
static inline bool
row_seen(const struct session *s, uint32_t row)
{
	return (s->tree.rows[row].flags & ROW_UNSEEN) == 0;
}

/* instance.c: take over what a document holds. */
enum err_code tree_fill(struct tree *t, const struct form *f, const struct tree *from, bool presets, struct err *err) MUST_CHECK;

void session_run_init(struct session *s);

#endif
