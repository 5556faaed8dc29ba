/* A loaded form, inside. Everything lives in one arena and never changes after form_load. */
#ifndef FORMS_MODEL_H
#define FORMS_MODEL_H

#include "base/arena.h"
#include "forms/eval.h"
#include "forms/form.h"
#include "forms/session.h"
#include "forms/tree.h"

/* --- text shown: literal pieces and <output>s; one per form of an itext entry -------------------- */

enum text_form { TEXT_LONG, TEXT_SHORT, TEXT_IMAGE, TEXT_BIG_IMAGE, TEXT_AUDIO, TEXT_VIDEO, TEXT_GUIDANCE, TEXT_FORMS };

struct piece { const char *text; size_t len; const struct program *output; const uint32_t *reads; uint32_t n_reads; };
struct pieces { const struct piece *list; uint32_t n; uint32_t context; /* node of the outputs */ };

struct itext_entry { struct pieces form[TEXT_FORMS]; bool there; };

/* A label, hint or message: literal, or an itext id (fixed or computed). */
struct shown {
	struct pieces literal;
	uint32_t itext;			/* number of an id, from 1; 0: none */
	const struct program *ref;	/* computes an id or a text */
	uint32_t context;		/* form node outputs are relative to */
};

/* --- nodes ------------------------------------------------------------------------------------- */

enum node_flag {
	NODE_ATTRIBUTE = 1, NODE_REPEAT = 2, NODE_TEMPLATE = 4, NODE_BOUND = 8, NODE_CONTROL = 16, NODE_UID = 32,
	NODE_SELF_CONSTRAINT = 64, NODE_LEAF = 128, NODE_IN_META = 256,
};

enum preload { PRELOAD_NONE, PRELOAD_START, PRELOAD_END, PRELOAD_TODAY, PRELOAD_DEVICE, PRELOAD_UID, PRELOAD_OTHER };

struct form_node {
	uint32_t name, parent, first, next;
	uint32_t repeat;	/* nearest repeat, itself included; 0: none */
	uint32_t off;		/* row in the block of REPEAT (a repeat: 0) */
	uint32_t head;		/* of a repeat: row of its head in the block around it */
	uint32_t block;		/* rows in the block; of repeats and of node 0 */
	uint16_t flags;
	uint8_t type;		/* enum value_type */
	uint8_t preload;
	const char *preset;	/* default */
	uint32_t preset_len;
	const char *type_name;	/* as bound, "" */
	const struct program *relevant, *calculate, *readonly, *required, *constraint;
	const struct program *count;	/* jr:count of a repeat */
	uint32_t fixed_count;	/* with jr:noAddRemove and no count: instances there are */
	bool no_add;
	struct shown constraint_message, required_message;
	const char *prefix, *uri;	/* of the name; "" */
	uint32_t control;	/* body element + 1 */
	const void *seen_in;	/* while loading: the element it was last met in */
	/* vertices of the graph + 1; 0: none */
	uint32_t v_relevant, v_calculate, v_count, v_choice;
	/* edges from this node: CSR into form->edges */
	uint32_t edge, edges;
	int line;
};

/* --- body --------------------------------------------------------------------------------------- */

enum body_kind { BODY_CONTROL, BODY_GROUP, BODY_REPEAT };

struct body_choice {
	struct shown label;
	const char *value;
	size_t value_len;
};

struct body {
	enum body_kind kind;
	enum control_kind control;
	uint32_t node;		/* form node, or NO_NODE for a group without ref */
	uint32_t parent, first, next;	/* body elements + 1 */
	uint32_t last;		/* while loading: the last child + 1 */
	uint32_t end;		/* element after the last descendant */
	bool has_label, field_list;
	struct shown label, hint;
	const char *appearance;
	const char *mediatype;
	double start, stop, step;
	const char *const *extra;	/* candour:KEY, value, .., NULL */
	/* choices */
	const struct body_choice *choices;
	uint32_t n_choices;
	const struct program *itemset;
	const char *value_ref;	/* child of an item, "" for '.' */
	uint32_t value_name;
	const char *label_ref;
	uint32_t label_name;
	bool label_itext;	/* jr:itext(label_ref) */
	const struct program *label_program;	/* any other label expression, on the item */
	const struct program *value_program;
	bool filtered;		/* the offer can change during a session */
	const char *path;	/* of the node, without positions */
	int line;
};

/* --- actions -------------------------------------------------------------------------------------- */

enum action_event { ON_FIRST_LOAD = 1, ON_CHANGED = 2, ON_NEW_REPEAT = 4, ON_LOAD = 8 };

struct action {
	unsigned events;
	uint32_t source;	/* node of the control it stands in; NO_NODE: model */
	uint32_t repeat;	/* ON_NEW_REPEAT: the repeat */
	uint32_t target;
	const struct program *where;	/* a target path with predicates: run at the source; NULL: TARGET */
	uint32_t target_scope;	/* repeat whose current instance the target shares with the source */
	const struct program *value;	/* or literal */
	const char *text;
	size_t text_len;
};

/* --- dependency graph ------------------------------------------------------------------------------ */

enum vertex_kind { VERTEX_RELEVANT, VERTEX_CALCULATE, VERTEX_COUNT, VERTEX_CHOICE };

struct vertex {
	uint32_t node;
	uint8_t kind;
	bool reads_language;
	const struct program *program;
};

/* A change of the node (value, relevance or, with STRUCTURE, number of instances) makes VERTEX dirty in
 * the instance of SCOPE that holds the changed row. */
struct edge { uint32_t vertex, scope; bool structure; };

/* --- secondary instances ------------------------------------------------------------------------------ */

struct secondary {
	const char *id;
	struct tree tree;
	bool broken;		/* could not be read: a finding was made */
};

/* Items under one path by one child's text (children of the document root when DEPTH is 1). */
struct probe_index {
	uint32_t instance;
	uint32_t n_steps;
	const uint32_t *steps;	/* names, from the document down to the item */
	uint32_t column;	/* name of the child */
	bool attribute;		/* .. or of the attribute */
	uint32_t *slots, n_slots;	/* entry + 1 */
	struct probe_entry { uint32_t row, child, next, hash; } *entries;
	uint32_t n_entries;
};

struct form {
	struct arena arena;
	struct names names;
	struct form_limits limits;
	const char *id, *version, *title, *body_class;
	const char *const *settings;	/* key, value, .., NULL */
	struct form_node *nodes;
	uint32_t n_nodes;
	uint32_t *children, n_children;	/* hash of nodes by parent and name: node; a power of two */
	struct tree initial;	/* the primary instance as written; rows carry form nodes */
	const char *instance_prefix;
	/* itext */
	const char **languages, **tags;
	size_t n_languages, default_language;
	const char **itext_ids;
	uint32_t n_itext, itext_slots, *itext_table;
	struct itext_entry *itext;	/* [language * n_itext + id - 1] */
	/* body, document order; element 0 is first */
	struct body *bodies;
	uint32_t n_bodies;
	size_t questions;
	struct action *actions;
	uint32_t n_actions;
	/* graph */
	struct vertex *vertices;	/* topological order */
	uint32_t n_vertices;
	struct edge *edges;
	uint32_t n_edges;
	/* secondary */
	struct secondary *secondary;
	uint32_t n_secondary, cap_secondary;
	const struct tree **secondary_trees;
	struct probe_index *probes;
	uint32_t n_probes, cap_probes;
	/* programs, for program_clear */
	struct program **programs;
	uint32_t n_programs, cap_programs;
	size_t reached;			/* of the limit reach, by the programs so far */
	uint32_t root_block;
	uint32_t meta;		/* node of meta, NO_NODE if none */
	uint32_t instance_id;	/* node, NO_NODE if none */
	bool has_submission_meta;
	uint8_t fingerprint[8];	/* of the definition: drafts fit only their form */
};

/* Default limits where a field is 0. */
void form_limits_fill(struct form_limits *l);
/* The child of NODE called by NAME's local part; NO_NODE. */
uint32_t form_child(const struct form *f, uint32_t node, uint32_t name, bool attribute);
/* Node NODE, complete with name and flags, can be found by form_child. False: out of memory. */
bool form_child_add(struct form *f, uint32_t node);
/* "/data/group/q1" */
void form_path(const struct form *f, uint32_t node, struct buf *out);
const char *form_node_name(const struct form *f, uint32_t node);
static inline bool
form_is_repeat(const struct form *f, uint32_t node)
{
	return (f->nodes[node].flags & NODE_REPEAT) != 0;
}
/* Is A an ancestor of B, or B? */
bool form_within(const struct form *f, uint32_t a, uint32_t b);

/* block.c: form trees. */
/* Append an instance of the repeat with head HEAD (0: the root block). First row, or 0. */
uint32_t block_add(struct tree *t, const struct form *f, uint32_t head, bool presets, struct err *err);
/* Unlink; its rows are gone (flagged, never reused). */
void block_remove(struct tree *t, const struct form *f, uint32_t instance);
/* The instance row of REPEAT (0: row 1) that holds ROW; 0 if none does. */
uint32_t block_of(const struct tree *t, const struct form *f, uint32_t row, uint32_t repeat);
/* All rows of form node NODE under the instance row BASE of repeat REPEAT, in document order. */
typedef bool block_fn(void *arg, uint32_t row);
bool block_each(const struct tree *t, const struct form *f, uint32_t base, uint32_t repeat, uint32_t node,
	block_fn *fn, void *arg);
/* The single row, where NODE's repeat is REPEAT. */
static inline uint32_t
block_row(const struct form *f, uint32_t base, uint32_t node)
{
	return base + f->nodes[node].off;
}
uint32_t head_first(const struct tree *t, uint32_t head);
uint32_t instance_next(const struct tree *t, uint32_t instance);
uint32_t instance_head(const struct tree *t, const struct form *f, uint32_t instance);
/* 1-based place among the instances. */
uint32_t instance_position(const struct tree *t, const struct form *f, uint32_t instance);

/* Secondary instances (secondary.c). */
uint32_t secondary_find(const struct form *f, const char *id, size_t len);	/* + 1; 0: none */
/* The index over instance INSTANCE (from 0), items at STEPS, by COLUMN; made if absent. + 1; 0: no memory. */
uint32_t probe_request(struct form *f, uint32_t instance, const uint32_t *steps, uint32_t n, uint32_t column,
	bool attribute);
enum err_code probe_build(struct form *f, struct probe_index *p, struct err *err) MUST_CHECK;

#endif
