/* Drafts of focus groups in site.db: what is noted line by line while a group talks, each line encrypted and
 * committed before anybody sees it. Whoever has the passphrase goes on after a power cut; the organisation's keys
 * open a draft whose passphrase is lost; without either a draft is ciphertext. docs/formats/draft.md draws the rows.
 *
 * Constructions: a random draft key; XChaCha20-Poly1305-IETF for lines and head, each box bound to draft, number
 * and the line before; Argon2id (seal_cost_draft) and the same AEAD for the key under the passphrase; sealed
 * boxes for it under the organisation's keys. */
#ifndef COLLECTOR_DRAFT_H
#define COLLECTOR_DRAFT_H

#include "collector/outbox.h"

enum {
	DRAFT_LINE_MAX = 64 << 10,	/* bytes of a line */
	DRAFT_LINES_MAX = 20000,
	DRAFT_PASS_MIN = 10,		/* bytes of a passphrase */
	DRAFT_PASS_MAX = 200,
};

struct draft;	/* one that is open: holds its key in guarded memory; one thread at a time */

/* Called for each line of a draft in order, N from 1. What it returns, if not ERR_OK, ends the reading. */
typedef enum err_code draft_line_fn(void *arg, uint32_t n, const uint8_t *line, size_t len, struct err *err);

/* Begin a draft of FORM (chain_form_id) on DAY in OB under PASS, its key sealed to the N recipients TO too
 * (keyring_recipients of lane 0). Durable when it returns. Takes the tenth of a second and 64 MiB of Argon2id: call
 * it without locks that others wait for. *OUT: draft_free. OB is borrowed.
 * ERR_LIMIT: a passphrase shorter than DRAFT_PASS_MIN or longer than DRAFT_PASS_MAX. */
enum err_code draft_new(struct outbox *ob, const uint8_t form[16], int64_t day, const char *pass, size_t len,
	const struct seal_recipient *to, size_t n, struct draft **out, struct err *err) MUST_CHECK;
/* Open draft ID with its passphrase and hand every line to FN. As slow as draft_new. ERR_DENIED: another
 * passphrase. ERR_ABSENT: no such draft. ERR_BROKEN: lines were cut off, changed, or moved; nothing was handed on
 * that is not authentic, but lines before the damage may have been. */
enum err_code draft_open(struct outbox *ob, const uint8_t id[16], const char *pass, size_t len, draft_line_fn *fn,
	void *arg, struct draft **out, struct err *err) MUST_CHECK;
/* Wipes the key. NULL is fine. The rows stay. */
void draft_free(struct draft *d);
/* Of this draft, and of the record it will become: drawn at its beginning, so that closing twice keeps one. */
const uint8_t *draft_id(const struct draft *d);
const uint8_t *draft_form(const struct draft *d);
uint32_t draft_lines(const struct draft *d);
/* Bytes of a line that would still be taken; a line of DRAFT_LINE_MAX at most. */
size_t draft_room(const struct draft *d);
/* A key for hashing within this draft (ballots), another for each LABEL; survives opening again. */
void draft_subkey(const struct draft *d, const char *label, uint8_t out[32]);

/* Add a line: durable when it returns ERR_OK. After another error the line may be there or not; the draft must then
 * be opened again. ERR_LIMIT: too long, or too many. ERR_AGAIN: storage is full or busy; it is not there. */
enum err_code draft_add(struct draft *d, const void *line, size_t len, struct err *err) MUST_CHECK;
/* Keep R (sealed with the draft's id) as outbox_put does and remove the draft, in one transaction; then the log is
 * cut, so that no box and no key of it is left in any file. Closing again what was closed is ERR_OK. */
enum err_code draft_close(struct draft *d, const struct sealed_record *r, int64_t day, struct err *err) MUST_CHECK;

/* --- drafts that are not open ---------------------------------------------------------------------- */

struct draft_about {
	uint8_t id[16], form[16];
	int64_t day;
	uint32_t lines;
};

/* Up to MAX drafts, the newest first; *N how many were given. */
enum err_code draft_list(struct outbox *ob, struct draft_about *out, size_t max, size_t *n, struct err *err) MUST_CHECK;
/* Remove one without keeping anything. ERR_ABSENT. */
enum err_code draft_drop(struct outbox *ob, const uint8_t id[16], struct err *err) MUST_CHECK;
/* The passphrase is forgotten: everything about draft ID, still encrypted, as the content of a record of type
 * PLAIN_DRAFT (docs/formats/draft.md), appended to OUT. Seal it with the draft's id, then draft_send. */
enum err_code draft_pack(struct outbox *ob, const uint8_t id[16], struct buf *out, struct err *err) MUST_CHECK;
/* draft_close for a draft that is not open. */
enum err_code draft_send(struct outbox *ob, const uint8_t id[16], const struct sealed_record *r, int64_t day,
	struct err *err) MUST_CHECK;

/* --- recovery: used in indicators/ and admin/ only ------------------------------------------------- */

/* Read what draft_pack made with the organisation's key K. ERR_DENIED: not sealed to K. ERR_INPUT: no packed draft.
 * ERR_BROKEN as draft_open. */
enum err_code draft_recover(const uint8_t *packed, size_t len, const struct seal_key *k, draft_line_fn *fn,
	void *arg, struct err *err) MUST_CHECK;

#endif
