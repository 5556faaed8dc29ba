/* From what people author to what the engine runs: .xlsx, multi-sheet .csv or XForm XML to ODK XForm XML,
 * as the reference converter (pyxform 4.5.0) does it. Not linked into the kiosk. */
#ifndef FORMS_XLSFORM_H
#define FORMS_XLSFORM_H

#include "forms/findings.h"

/* Convert LEN bytes. FILE_NAME gives the form id where settings do not. ROOT (may be NULL) names the
 * instance root where settings do not; else "data". All findings at once; ERR_INPUT if any is an error
 * (XML gained nothing), ERR_LIMIT for a file over the caps, ERR_NOMEM. */
enum err_code xlsform_convert(const void *data, size_t len, const char *file_name, const char *root,
	struct buf *xml, struct findings *findings, struct err *err) MUST_CHECK;

/* The files beside a form. */
struct form_files {
	bool (*exists)(void *arg, const char *name);	/* a picture, sound or film */
	/* The external file of a jr:// URI, as form_rules.open. */
	enum err_code (*open)(void *arg, const char *uri, struct buf *out, struct err *err);
	void *arg;
};

/* Convert, look at words and access (forms.md 2.2), and load with admission as a kiosk would; the engine's
 * findings are given the row they come from. FILES may be NULL: none can be read. COVERAGE (may be NULL)
 * gains a line a language. Errors as xlsform_convert; ERR_INPUT if any finding is an error. */
enum err_code xlsform_check(const void *data, size_t len, const char *file_name, const struct form_files *files,
	struct findings *findings, struct buf *coverage, struct err *err) MUST_CHECK;

#endif
