/* The forms a kiosk has: loaded from a folder of XForm files or from the forms bundle in site.db, and which of
 * them a person gets. Immutable once loaded; a new catalogue takes the place of the old when no visit is open. */
#ifndef KIOSK_CATALOG_H
#define KIOSK_CATALOG_H

#include "forms/form.h"
#include "kiosk/media.h"

enum { CATALOG_MAX = 64 };

struct shelf {
	struct form *form;
	uint8_t id[16];		/* chain_form_id */
	const char *family, *variant, *roles;	/* borrowed from the form; variant "standard" if it says nothing */
	bool is_concern;	/* lane 1 */
	bool is_visit;		/* family "visit": who answers */
	bool is_group;		/* family "group": a guide of focus groups */
	bool is_locked;		/* tested wording: nothing is turned */
	unsigned minutes;	/* 0: not said */
	unsigned idle_s;	/* 0: the kiosk's */
	int sign;		/* the form's language that is signed, or -1 */
};

struct catalog {
	struct shelf shelf[CATALOG_MAX];
	size_t n;
	struct media media;	/* what they show, by name */
};

/* Every *.xml of FOLDER, in order of name, and what forms show: the other files there and in folders NAME-media,
 * kept in the folder MEDIA (media.h). *.csv are lists of choices. *OUT is the caller's: catalog_free. What does not
 * load is logged and left out. ERR_ABSENT: no such folder. */
enum err_code catalog_folder(const char *folder, const char *media, struct catalog **out, struct err *err) MUST_CHECK;
/* The payload of a forms bundle (verified by the caller). All must load: the message names the first file that
 * does not. ERR_INPUT, ERR_LIMIT, ERR_EXISTS (two of one name), ERR_BROKEN (MEDIA cannot be written). */
enum err_code catalog_payload(const uint8_t *payload, size_t len, const char *media, struct catalog **out,
	struct err *err) MUST_CHECK;
void catalog_free(struct catalog *c);

const struct shelf *catalog_visit(const struct catalog *c);
const struct shelf *catalog_concern(const struct catalog *c);
/* Does any form that is asked have this variant? */
bool catalog_has_variant(const struct catalog *c, const char *variant);
/* Up to MAX forms for somebody in ROLE ("" and "pns": not said) answering BY ("proxy": for somebody else), in
 * VARIANT where the family has it, else standard. Returns how many there are. */
size_t catalog_fit(const struct catalog *c, const char *role, const char *by, const char *variant,
	const struct shelf **out, size_t max);
/* Is it a questionnaire: neither a concern, nor who answers, nor a group's guide? */
bool shelf_is_asked(const struct shelf *s);
/* Index of the form's language for the BCP 47 tag TAG, else its default language. */
size_t shelf_language(const struct shelf *s, const char *tag);
bool shelf_has_language(const struct shelf *s, const char *tag);
/* The form's title in the language of the tag TAG, where the form has it (kiosk::title::Language), else its own. */
const char *shelf_title(const struct shelf *s, const char *tag);
/* Is WORD among the blank-separated words of LIST? */
bool word_in(const char *list, const char *word);

#endif
