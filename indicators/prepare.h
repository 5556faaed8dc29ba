/* Preparing a publication: points of all agreed definitions, rounded, suppressed, charted from what is
 * shown, and written as the file that a commissioner signs (aggregator/publication.h). */
#ifndef INDICATORS_PREPARE_H
#define INDICATORS_PREPARE_H

#include "aggregator/publication.h"
#include "aggregator/store.h"
#include "indicators/definition.h"
#include "indicators/facts_store.h"

struct prepare {
	const char *organisation;	/* as shown on the pages */
	int64_t now;			/* seconds since 1970 */
	int until;			/* last month that is included even if it is not complete yet; 0: complete
					 * periods only (their end and the definition's wait_days are past) */
	const char *actor, *role;	/* who prepares, for the audit; NULL: "unknown" */
	bool drafts;			/* also definitions that are not agreed yet: for trying out only */
};

/* What was decided, for the one who prepares. */
struct prepare_report {
	size_t definitions, rows, suppressed, kept_back;
	size_t small, protecting, empty;	/* of the suppressed: small themselves, hidden for others' sake, of nobody */
	size_t hidden_before;	/* and of the expired: as they were */
	size_t expired, unpublished;	/* rows of periods whose facts are gone: as published last; never published, so left out */
	size_t dropped;		/* rows of crosses and breakdowns that are too many to check for disclosure */
	int64_t no;
};

/* Prepare the next publication from F (whose cells are compared with the facts first: ERR_BROKEN if the
 * nightly comparison fails). SITES may be NULL: then areas are called by their ids. Appends the unsigned
 * file to OUT and keeps it in F as prepared. ERR_INPUT: there is nothing to publish. */
enum err_code prepare_publication(struct facts *f, const struct library *library, struct store *sites,
	const struct prepare *how, struct buf *out, struct prepare_report *report, struct err *err) MUST_CHECK;

/* The report as a sentence or two, for people. */
void prepare_report_text(const struct prepare_report *report, struct buf *out);

/* "2026-11" as a month index. */
bool prepare_month(const char *text, int *month);

#endif
