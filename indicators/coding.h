/* Agreed codes of comments become facts: of each definition with `theme = FRAME@VERSION/CODE`, which counts the comments that were
 * coded with that frame. docs/publication.md, "Coding comments". */
#ifndef INDICATORS_CODING_H
#define INDICATORS_CODING_H

#include "aggregator/store.h"
#include "indicators/definition.h"
#include "indicators/evaluate.h"
#include "indicators/facts_store.h"
#include "indicators/form_set.h"

enum { CODING_FRAMES = 16 };	/* most frames one comment may be coded with */

/* --- kept in the facts (codes_store.c) ---------------------------------------------------------------------------- */

/* Keep THEMES of a record in FRAME ("care@2"). *CHANGED: they are new, or others than before. Facts are the caller's. */
enum err_code facts_put_code(struct facts *f, const char *site, const uint8_t record[FACTS_ID], const char *frame,
	const char *themes, int64_t at, bool *changed, struct err *err) MUST_CHECK;
/* What a record was coded with: *N into LIST, texts in A. ERR_LIMIT: more than CODING_FRAMES. */
enum err_code facts_codes(struct facts *f, const char *site, const uint8_t record[FACTS_ID], struct arena *a,
	struct coded list[CODING_FRAMES], size_t *n, struct err *err) MUST_CHECK;

/* --- taking them -------------------------------------------------------------------------------------------------- */

struct coding_conf {	/* all borrowed */
	struct facts *facts;
	struct store *store;
	const struct seal_key *key;	/* of answers: who somebody is stands in the answer */
	const struct form_set *forms;
	const struct library *library;
};
struct coding_row {
	uint8_t record[FACTS_ID];
	const char *themes;	/* "" none of them */
	const char *file;	/* for messages */
	int line;
};
struct coding_result {
	size_t taken, same, indicators;
	int64_t facts;
};
/* Is TEXT a frame with its version, "care@2"? */
bool coding_is_frame(const char *text);
/* Take the N rows of FRAME at NOW, all or none: codes, facts, cells and ACTOR's audit entry in one transaction. Who codes again
 * corrects: a reversal and an entry. ERR_INPUT: FILE:LINE, a record that is not here, was withdrawn, or is too old; no definition
 * counts this frame. */
enum err_code coding_take(const struct coding_conf *c, const char *frame, const struct coding_row *rows, size_t n, int64_t now,
	const char *actor, const char *detail, struct coding_result *out, struct err *err) MUST_CHECK;

#endif
