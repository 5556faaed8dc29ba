/* Prove a site.db from its public parts alone: every hash, every link, what is missing, what is delivered.
 * Opens nothing and needs no secret; so a copy can be checked by anybody. */
#ifndef COLLECTOR_VERIFY_H
#define COLLECTOR_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/keyring.h"

/* Each thing that can be wrong has a kind of its own, and a sentence of its own. */
enum verify_kind {
	VERIFY_DAMAGED,		/* SQLite itself finds the file damaged */
	VERIFY_HEADER,		/* a header that is none, or says other than its row */
	VERIFY_LEAF,		/* header or hashes changed: the leaf does not lead from one link to the next */
	VERIFY_WRAP,		/* a sealed record key was exchanged, changed or lost */
	VERIFY_BODY,		/* a sealed body was exchanged or changed */
	VERIFY_GONE,		/* content erased without a withdrawal */
	VERIFY_REMAINS,		/* erased, but its sealed keys are still there */
	VERIFY_GAP,		/* records missing between two others */
	VERIFY_START,		/* records missing that were never acknowledged, at the start of what is kept */
	VERIFY_END,		/* the head says more or other than the last record */
	VERIFY_EPOCH,		/* an epoch that does not begin as it must */
	VERIFY_SIGNED,		/* the chain is not the one whose head was signed */
	VERIFY_SIGNATURE,	/* the signature of a head is not the device's */
	VERIFY_SENT,		/* marked as sent without a receipt for it */
	VERIFY_RECEIPT,		/* a receipt that is none, or is for another chain */
	VERIFY_KINDS
};
/* "gap", "leaf", .. for scripts. */
const char *verify_kind_word(enum verify_kind kind);

struct verify_lane {
	uint64_t records;	/* rows, erased ones included */
	uint64_t erased;
	uint64_t head;		/* sequence of the current epoch's head */
	uint64_t acked;		/* acknowledged up to */
	uint64_t unsent;
	uint64_t epochs;	/* epochs of which rows are kept */
	bool has_signed_head;	/* with a good signature, of the current epoch */
	uint64_t signed_seq;
};

struct verify_report {
	uint8_t device[16];
	bool has_device_key;	/* the device's public keys are in the file and are its id's */
	struct verify_lane lane[2];
	uint64_t findings;
};

struct verify_options {
	/* Called for each finding; SENTENCE is borrowed. */
	void (*found)(void *arg, enum verify_kind kind, const char *sentence);
	/* Called now and then with how many of how many records are done. May be NULL. */
	void (*progress)(void *arg, uint64_t done, uint64_t total);
	void *arg;
	const uint8_t *device;	/* the id this store should have, from elsewhere; NULL: not compared */
	bool whole_file;	/* also have SQLite check every page, free ones too (done anyway after a finding) */
	const struct keyring_pin *pin;	/* the root to trust for receipts; NULL: receipts are compared, not verified */
};

/* Look over PATH. ERR_OK also when there are findings: see *OUT. Errors: it could not be read at all (ERR_ABSENT,
 * ERR_INPUT, ERR_BROKEN), ERR_NOMEM. */
enum err_code verify_site(const char *path, const struct verify_options *o, struct verify_report *out,
	struct err *err) MUST_CHECK;

#endif
