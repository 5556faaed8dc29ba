/* What the files of form_load share. */
#ifndef FORMS_LOAD_H
#define FORMS_LOAD_H

#include <libxml/tree.h>

#include "forms/model.h"

/* What a vertex-to-be reads. */
struct pending { struct vertex v; struct reads reads, indirect; bool constraint; };

struct loader {
	struct form *f;
	const struct form_rules *rules;
	struct findings *findings;
	struct err *err;
	enum err_code rc;		/* other than ERR_INPUT: give up at once */
	xmlDoc *doc;
	xmlNode *model, *body, *instance;
	/* paths of repeats, as found in the body */
	char **repeats;
	size_t n_repeats;
	/* body elements and the XML they come from */
	xmlNode **body_xml;
	uint32_t cap_bodies, cap_nodes, cap_actions;
	uint32_t *last_child;		/* by node, while the instance is walked */
	uint32_t last_body;		/* + 1: the last element without parent */
	struct pending *pending;
	size_t n_pending, cap_pending;
	xmlNode **bind_xml;		/* by node: its bind */
	struct reads *body_reads;	/* by body element: of its itemset */
	bool admit, anonymous;
};

/* form_indirect.c: complete what an offer reads; what programs read through texts. */
bool load_offer_reads(struct loader *l, const struct body *b, struct reads *r);
bool load_indirect(struct loader *l);
/* A finding at an XML element. */
void load_error(struct loader *l, const xmlNode *at, const char *fmt, ...) PRINTF_LIKE(3, 4);
void load_warn(struct loader *l, const xmlNode *at, const char *fmt, ...) PRINTF_LIKE(3, 4);
bool load_nomem(struct loader *l);
/* Attribute by local name and namespace (NULL: none), as an arena string; NULL if it is not there. */
const char *load_attr(struct loader *l, const xmlNode *n, const char *name, const char *ns);
bool load_is(const xmlNode *n, const char *name);
xmlNode *load_child(const xmlNode *n, const char *name);
/* Text of an element, in the arena. */
const char *load_text(struct loader *l, const xmlNode *n);
/* The node a reference means, from CONTEXT (a node); NO_NODE if there is none. */
uint32_t load_resolve(struct loader *l, uint32_t context, const char *ref);
/* Compile TEXT for NODE; findings name WHAT. NULL on failure (a finding was made). */
const struct program *load_program(struct loader *l, const xmlNode *at, uint32_t node, const char *what,
	const char *text, struct reads *reads);

/* form_load.c -> form_nodes.c */
bool load_nodes(struct loader *l);
bool load_layout(struct loader *l);
/* form_text.c */
bool load_itext(struct loader *l);
void load_shown(struct loader *l, const xmlNode *at, uint32_t context, struct shown *out);
void load_message(struct loader *l, const xmlNode *at, uint32_t context, const char *text, struct shown *out);
/* form_body.c */
bool load_find_repeats(struct loader *l);
bool load_body(struct loader *l);
bool load_body_programs(struct loader *l);
/* form_bind.c */
bool load_binds(struct loader *l);
bool load_bind_programs(struct loader *l);
/* form_action.c */
bool load_actions(struct loader *l);
/* form_graph.c */
bool load_graph(struct loader *l);
/* form_admit.c */
void load_admit(struct loader *l);
/* secondary.c, form_secondary.c */
bool load_secondary(struct loader *l);
enum err_code secondary_read(const struct form *f, struct tree *t, const char *uri, const char *data, size_t len,
	struct err *err) MUST_CHECK;

#define NS_JR "http://openrosa.org/javarosa"
#define NS_ODK "http://www.opendatakit.org/xforms"
#define NS_XFORMS "http://www.w3.org/2002/xforms"
#define NS_CANDOUR "urn:candour:form:1"
#define NS_ORX "http://openrosa.org/xforms"

#endif
