/* What the passes of the converter share: sheets become columns, rows, a tree of elements and choice lists,
 * references are resolved on the tree, and the writer prints it. Each pass works on what the last left
 * sound; findings are collected by all of them. Everything lives in one arena. */
#ifndef FORMS_XLSFORM_INT_H
#define FORMS_XLSFORM_INT_H

#include <stdarg.h>

#include "forms/sheet.h"
#include "forms/xlsform.h"

/* --- texts --------------------------------------------------------------------------------------------- */

/* Misspelt words are compared with all known ones only for the first errors of a file. */
enum { NEAR_ERRORS = 200, ROWS_MAX = 20000, LANGS_MAX = 64 };

enum slot { TR_LABEL, TR_HINT, TR_GUIDANCE, TR_CONSTRAINT, TR_REQUIRED, TR_NOAPP,
	TR_IMAGE, TR_BIG_IMAGE, TR_AUDIO, TR_VIDEO, TR_N };

struct tr {		/* a text in one language */
	const char *lang;	/* NULL: the column has none */
	const char *text;
	const char *column;
	struct tr *next;
};

struct pair {
	const char *key, *value, *column;
	struct pair *next;
};

struct pairs {
	struct pair *first, *last;
};

/* --- columns ------------------------------------------------------------------------------------------- */

enum column_use { COL_NONE, COL_TYPE, COL_NAME, COL_LIST, COL_TEXT, COL_BIND, COL_CONTROL, COL_INSTANCE, COL_DEFAULT,
	COL_FILTER, COL_PARAMETERS, COL_TRIGGER, COL_DISABLED, COL_COUNT, COL_SAVE_TO, COL_KIOSK, COL_SETTING,
	COL_ATTRIBUTE, COL_EXTRA, COL_ENTITY, COL_MEDIA };

struct column {
	enum column_use use;
	const char *raw;	/* the header as written */
	const char *key;	/* of COL_BIND..; the name of the column in lower case otherwise */
	const char *lang;	/* NULL: none */
	enum slot slot;		/* COL_TEXT */
};

struct table {
	const struct sheet *sheet;	/* NULL: the workbook has none */
	size_t at;			/* index of the sheet */
	struct column *columns;
};

/* --- types --------------------------------------------------------------------------------------------- */

enum type_class { TYPE_PLAIN, TYPE_NOTE, TYPE_SELECT, TYPE_RANGE, TYPE_META, TYPE_UPLOAD, TYPE_AUDIT, TYPE_EXTERNAL,
	TYPE_BACKGROUND };

struct xtype {
	const char *name;	/* canonical: "select_one" */
	enum type_class class;
	const char *bind;	/* type of the bind */
	const char *control;	/* element of the body, NULL: none */
	const char *extra;	/* mediatype of an upload; preloadParams of TYPE_META */
	const char *preload;
	const char *refused;	/* NULL, or why and the way out */
};

/* NULL if TEXT (without list and or_other) is no type. */
const struct xtype *xtype_find(const char *text);
/* Why Candour's kiosk will not run a form with this type, or NULL. */
const char *xtype_warning(const struct xtype *t);
/* What may have been meant, or NULL. */
const char *xtype_near(const char *text);

/* --- choices and elements ------------------------------------------------------------------------------ */

struct choice {
	const char *name;
	unsigned row, line;
	struct tr *tr[TR_N];
	struct pairs extra;
	struct choice *next;
};

struct list {
	const char *name;
	struct choice *first, *last;
	size_t n;
	bool itext;		/* labels come by itextId */
	bool used, searched;	/* by an itemset; by search() */
	bool other_added;
	struct list *next, *chain;
};

enum el_kind { EL_ROOT, EL_QUESTION, EL_GROUP, EL_REPEAT, EL_LOOP };

struct target {		/* a setvalue fired by a control */
	struct el *el;
	struct target *next;
};

struct entity;

struct el {
	enum el_kind kind;
	const struct xtype *type;
	const char *name;
	unsigned row, line;
	struct el *parent, *first, *last, *next;
	struct el *repeat;	/* the nearest repeat around it */
	unsigned depth;
	const char *path;
	struct el *same_name;	/* chain of the name index */

	struct tr *tr[TR_N];
	struct pairs bind, control, instance, kiosk;
	const char *def, *filter, *trigger, *count, *save_to, *appearance;
	const char *def_column, *filter_column, *trigger_column, *count_column, *save_to_column, *calc_column;
	const char *calculation;
	struct pairs parameters;

	/* selects */
	struct list *list;	/* from the choices sheet */
	const char *list_name;
	const char *file, *file_ext;	/* stem, ".csv" .. */
	const char *from_repeat;	/* "${q}" */
	bool vague_media;	/* column media without a kind */
	const char *value_ref, *label_ref;
	const char *geometry;	/* reference-geometry: a list, a file or ${repeat} */
	bool inline_choices;	/* search(): items in the body */
	bool randomize;
	const char *seed;
	bool is_multiple;

	unsigned unreadable;	/* which expressions are refused already: xf_lint_said */
	bool made;		/* by us, not in a row */
	bool shown;		/* has a control */
	bool in_meta;
	struct target *targets, *last_target;
	struct entity *entity;	/* declared in this container */
};

/* --- the conversion ------------------------------------------------------------------------------------ */

struct names {		/* hash of elements by name */
	struct el **slot;
	size_t cap, n;
};

struct instance_use {	/* external instances, one id once */
	const char *id, *src, *what;
	struct el *el;
	struct instance_use *next;
};

struct ref_cell {	/* a cell with ${}, to be checked when all names are known */
	const struct table *table;
	unsigned row, line;
	const char *column, *text;
	struct ref_cell *next;
};

struct lang {
	const char *name;
	struct lang *next;
};

struct xlsform {
	struct workbook book;
	struct arena mem;
	struct findings *findings;
	struct err *err;
	enum err_code rc;	/* ERR_NOMEM, ERR_LIMIT: stops everything */
	char none[1];	/* "": what xf_fmt gives without memory */
	const char *file_name;

	struct table survey, choices, settings, external_choices, osm, entities;

	/* settings */
	const char *title, *id, *version, *default_language, *root_name, *style, *instance_name, *namespaces;
	const char *public_key, *submission_url, *auto_send, *auto_delete, *client_editable, *xmlns, *prefix,
		*delimiter;
	bool allow_duplicates, keep_text, omit_instance_id, root_from_settings;
	struct pairs attributes, kiosk;
	unsigned settings_row, settings_line;

	struct el *root;
	struct names names;
	struct list *lists, *lists_last;
	struct list *list_index[256];
	struct el *audit;
	struct instance_use *instances, *instances_last;
	struct lang *langs, *langs_last;
	size_t n_langs;
	struct entity *entities_list;
	size_t n_entities;
	bool uses_last_saved;
	struct ref_cell *ref_cells, *ref_cells_last;
};

/* Memory. Without any x->rc is set, and xf_alloc and xf_strn give NULL, xf_fmt "". */
void *xf_alloc(struct xlsform *x, size_t n);
char *xf_strn(struct xlsform *x, const char *s, size_t len);
char *xf_fmt(struct xlsform *x, const char *fmt, ...) PRINTF_LIKE(2, 3);
void xf_pair(struct xlsform *x, struct pairs *p, const char *key, const char *value, const char *column);
/* The same for a key that is not there yet. */
void xf_pair_new(struct xlsform *x, struct pairs *p, const char *key, const char *value, const char *column);
const char *xf_get(const struct pairs *p, const char *key);

/* Findings at a cell: ROW 0 names the sheet only, COLUMN NULL the row only. */
void xf_error(struct xlsform *x, const struct table *t, unsigned row, unsigned line, const char *column,
	const char *fmt, ...) PRINTF_LIKE(6, 7);
void xf_warn(struct xlsform *x, const struct table *t, unsigned row, unsigned line, const char *column,
	const char *fmt, ...) PRINTF_LIKE(6, 7);
void xf_error_el(struct xlsform *x, const struct el *e, const char *column, const char *fmt, ...) PRINTF_LIKE(4, 5);
void xf_warn_el(struct xlsform *x, const struct el *e, const char *column, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* columns */
void xf_columns(struct xlsform *x, struct table *t, const char *kind);
/* sheets: which is which, and the settings row */
void xf_sheets(struct xlsform *x);
void xf_settings(struct xlsform *x);
void xf_choices(struct xlsform *x);
const char *xf_straight(struct xlsform *x, const char *s);	/* smart quotes to plain ones */
/* The BCP 47 tag of a language, "English (en)" or "en": in OUT; "" if there is none. */
void xf_tag(const char *name, char out[36]);
bool xf_is_yes(const char *s);
bool xf_is_no(const char *s);
struct list *xf_list(const struct xlsform *x, const char *name);
struct list *xf_list_add(struct xlsform *x, const char *name);
/* rows to elements */
void xf_rows(struct xlsform *x);
struct el *xf_el(struct xlsform *x, struct el *parent, enum el_kind kind, const char *name);
void xf_text(struct xlsform *x, struct tr **at, const char *lang, const char *text, const char *column);
const char *xf_label(const struct xlsform *x, struct tr *const tr[TR_N], enum slot slot);
/* XForm XML given instead of a sheet: is it one? */
enum err_code xlsform_check_xml(const void *data, size_t len, struct findings *findings, struct err *err) MUST_CHECK;
/* parameters of a question */
void xf_parameters(struct xlsform *x, struct el *e, const char *text, const char *column);
void xf_parameters_check(struct xlsform *x, struct el *e, const char *column);

/* The words of E's appearance: search(), words nobody knows, words for other questions, words that bar the kiosk. */
void xf_appearance(struct xlsform *x, struct el *e);

/* Warn about what the row of E says (VALUE: one a column, NULL: nothing) and its kind has no place for. */
void xf_unused(struct xlsform *x, const struct el *e, const char *const *value);
/* The same for ROW, which ends E. */
void xf_unused_end(struct xlsform *x, const struct el *e, const struct sheet_row *row, const char *const *value);
/* The sheets osm and external_choices, when the tree is complete. */
void xf_unused_sheets(struct xlsform *x);
bool xf_is_name(const char *s);		/* XML name with at most one colon */
/* the tree: paths, names, lists, triggers, entities */
void xf_tree(struct xlsform *x);
void xf_ours(struct xlsform *x);	/* values of our own columns */
void xf_entities(struct xlsform *x);
/* The row of the entity whose nodes PATH is among. */
bool xf_entity_place(const struct xlsform *x, const char *path, unsigned *row, unsigned *line);
bool xf_entity_list(const struct xlsform *x, const char *name);
struct el *xf_find(const struct xlsform *x, const char *name, size_t len, size_t *n);

/* references */
struct ref {
	const char *start, *end;	/* "${" .. after "}" */
	const char *name;
	size_t len;
	bool last_saved;
	bool bad;
};
/* The next "${" from P on; false if there is none. */
bool xf_ref_next(const char *p, struct ref *ref);
bool xf_has_ref(const char *s);
/* Remember TEXT if it holds a ${}. */
void xf_ref_cell(struct xlsform *x, const struct table *t, unsigned row, unsigned line, const char *column,
	const char *text);
/* Check every ${} in TEXT; errors name sheet, row, column. False if one is wrong. */
bool xf_refs_check(struct xlsform *x, const struct table *t, unsigned row, unsigned line, const char *column,
	const char *text);
/* TEXT with each ${} as the path seen from CONTEXT (NULL: absolute). */
const char *xf_resolve(struct xlsform *x, const struct el *context, const char *text, bool use_current);
/* The choice filter of a select on earlier answers: what the candidates' own repeat holds is meant of the candidate. */
const char *xf_resolve_filter(struct xlsform *x, const struct el *context, const char *text);
const char *xf_resolve_itemset(struct xlsform *x, const struct el *context, const char *text);
bool xf_is_dynamic(const char *text, const struct xtype *type);

/* What people would stumble over. Runs after xf_write. */
void xf_lint(struct xlsform *x, const struct form_files *files, struct buf *coverage);

/* The part of it that reads the expressions below PARENT. */
void xf_lint_expressions(struct xlsform *x, struct el *parent);
/* Has it said what the engine says of E with TEXT ("relevant: at character ..")? */
bool xf_lint_said(const struct el *e, const char *text);

/* output */
void xf_write(struct xlsform *x, struct buf *out);

struct writer {
	struct xlsform *x;
	struct buf *out;
	unsigned depth;
};
void w_open(struct writer *w, const char *name);	/* "<name" */
void w_attr(struct writer *w, const char *key, const char *value);
void w_close(struct writer *w, bool empty);		/* ">" or "/>" */
void w_end(struct writer *w, const char *name);
void w_line(struct writer *w);
void w_text(struct writer *w, const char *text);
/* TEXT of a label: ${} and instance() become output elements. */
void w_label_text(struct writer *w, const struct el *context, const char *text);
void xf_write_itext(struct writer *w);
void xf_write_model(struct writer *w);
void xf_write_body(struct writer *w);
void xf_write_entity_instance(struct writer *w, const struct entity *e);
void xf_write_entity_binds(struct writer *w, const struct entity *e);
void xf_write_entity_new_repeat(struct writer *w, const struct entity *e);
bool xf_needs_itext(const struct xlsform *x, const struct el *e, enum slot slot);

#endif
