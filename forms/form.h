/* A form: an ODK XForm loaded, checked and compiled. Immutable after loading and shared by all its
 * sessions, from any thread. What it means is docs/formats/forms.md; the standard is ODK XForms. */
#ifndef FORMS_FORM_H
#define FORMS_FORM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "forms/findings.h"

struct form;

enum { FORM_XML_MAX = 8 << 20 };	/* bytes of an XForm, unless limits say otherwise */

/* Limits on hostile forms (forms.md 3.6). A zero field means the default. */
struct form_limits {
	size_t xml_bytes, depth, nodes, languages, secondary_cells, expr_bytes, ast_depth, program_len;
	size_t reach;		/* what following all paths to their nodes may cost; see compile.h */
	size_t answer_bytes, string_bytes, repeat_instances, session_rows;
	uint64_t steps;		/* instructions and nodes visited, an answer */
};

struct form_rules {
	bool admit;		/* refuse what cannot run exactly or would expose people (forms.md 1.5) */
	struct form_limits limits;
	/* Read the external file of a jr:// URI into OUT. NULL: external instances are findings. */
	enum err_code (*open)(void *arg, const char *uri, struct buf *out, struct err *err);
	void *arg;
};

/* Load LEN bytes of XForm XML. All findings go to FINDINGS; ERR_INPUT if any is an error, ERR_LIMIT,
 * ERR_NOMEM. *OUT is the caller's (NULL on failure), free with form_free after all its sessions.
 * RULES NULL: admission on, defaults, no files. */
enum err_code form_load(const char *xml, size_t len, const struct form_rules *rules,
	struct findings *findings, struct form **out, struct err *err) MUST_CHECK;
void form_free(struct form *f);

/* Why admission refuses a control with this APPEARANCE, and which of its words is meant; NULL: it does not. */
const char *form_appearance_refused(const char *appearance, char word[32]);

/* All borrowed from the form; "" where the form says nothing. */
const char *form_id(const struct form *f);
const char *form_version(const struct form *f);
const char *form_title(const struct form *f);
/* candour:KEY of the model (kiosk::KEY of the settings sheet): "lane", "variant", "family", ... */
const char *form_setting(const struct form *f, const char *key);
size_t form_languages(const struct form *f);
/* As written in the form: "English (en)" or "en" or "default". */
const char *form_language_name(const struct form *f, size_t i);
/* The BCP 47 tag in it: "en"; "" if it has none. */
const char *form_language_tag(const struct form *f, size_t i);
size_t form_default_language(const struct form *f);
/* Number of questions (nodes with a control that asks something). */
size_t form_questions(const struct form *f);

#endif
