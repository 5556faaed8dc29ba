/* Where secret keys are kept: a key file locked by a passphrase ("candour-key 1"), or a raw credential (0600, or
 * handed over by systemd in $CREDENTIALS_DIRECTORY). And the escrow key in three shares, two of which bring it
 * back. docs/formats/keyfile.md. */
#ifndef COLLECTOR_KEYFILE_H
#define COLLECTOR_KEYFILE_H

#include <stdbool.h>

#include "base/buf.h"
#include "collector/seal.h"

#define KEYFILE_MAX 16384

/* A key as kept: also the P-256 ones, whose secret is a private key in DER that we do not look into. */
struct keyfile {
	enum key_use use;
	uint8_t id[8];
	struct buf public_;	/* 32 bytes; DER for P-256 uses */
	struct buf secret;	/* secret; empty after keyfile_show */
};

/* Free everything; all-zero is fine. */
void keyfile_clear(struct keyfile *k);
/* Fill *OUT (zero) from a pair. */
enum err_code keyfile_of(const struct seal_key *key, struct keyfile *out, struct err *err) MUST_CHECK;
/* The pair in K. ERR_INPUT if use is P-256 or the public key does not belong to the secret. */
enum err_code keyfile_key(const struct keyfile *k, struct seal_key **out, struct err *err) MUST_CHECK;

/* Write PATH, new, 0600, durably. ERR_EXISTS if it is there. */
enum err_code keyfile_write_locked(const char *path, const struct keyfile *k, const char *pass, size_t len,
	struct err *err) MUST_CHECK;
enum err_code keyfile_write_raw(const char *path, const struct keyfile *k, struct err *err) MUST_CHECK;
/* The raw form's text, appended to OUT, which must be a secret buffer. */
void keyfile_put_raw(const struct keyfile *k, struct buf *out);
/* The same with a chosen cost (tests; machines with less memory). */
enum err_code keyfile_write_cost(const char *path, const struct keyfile *k, const char *pass, size_t len,
	const struct seal_cost *cost, struct err *err) MUST_CHECK;

/* Asked for a passphrase for the key file at PATH: append it to PASS. ERR_DENIED: there is no one to ask. */
typedef enum err_code keyfile_ask(void *arg, const char *path, struct buf *pass, struct err *err);
/* Asks on the terminal, without echo. ERR_DENIED without a terminal. */
enum err_code keyfile_ask_terminal(void *arg, const char *path, struct buf *pass, struct err *err) MUST_CHECK;
/* For a new key file: offers six words, asks twice. ERR_INPUT: too short, or the two differ. */
enum err_code keyfile_ask_new(void *arg, const char *path, struct buf *pass, struct err *err) MUST_CHECK;
/* Read a key of either form from PATH into *OUT (zero). ASK is called for a locked one (NULL: ERR_DENIED).
 * A raw one that others may read is refused: ERR_DENIED. ERR_INPUT form, ERR_DENIED wrong passphrase,
 * ERR_ABSENT no such file. */
enum err_code keyfile_read(const char *path, keyfile_ask *ask, void *arg, struct keyfile *out,
	struct err *err) MUST_CHECK;
/* Use, id and public key only; asks nothing. */
enum err_code keyfile_show(const char *path, struct keyfile *out, struct err *err) MUST_CHECK;
/* Where a program finds its key of USE: PATH, or if that is NULL or "" $CREDENTIALS_DIRECTORY/NAME, NAME being the
 * use's word. ERR_ABSENT: neither is there; ERR_LIMIT: longer than ROOM. */
enum err_code keyfile_where(const char *path, enum key_use use, char *out, size_t room, struct err *err) MUST_CHECK;
/* For programs: the key pair of USE from there. A key of another use is refused: ERR_INPUT. */
enum err_code keyfile_load(const char *path, enum key_use use, keyfile_ask *ask, void *arg,
	struct seal_key **out, struct err *err) MUST_CHECK;

/* --- escrow, 2 of 3 -------------------------------------------------------------------------------- */

/* Split the escrow key into three texts ("candour-share ..."), each on one line without newline, in secret
 * buffers. Forgets nothing: the caller deletes the key once this returned ERR_OK, which it does only after
 * each pair has rebuilt the key. */
enum err_code keyfile_split(const struct seal_key *key, struct buf shares[3], struct err *err) MUST_CHECK;
/* Asks for a share, of the FIRST or SECOND holder, without echo: on the terminal, where a scanner types it; without one a
 * line of standard input. Appended to OUT, a secret buffer. ERR_DENIED: nothing was given. */
enum err_code keyfile_ask_share(const char *which, struct buf *out, struct err *err) MUST_CHECK;
/* Any two shares of one set give the key back; PUBLIC_ (32 bytes) is checked. ERR_INPUT: a misread share (hash),
 * shares of two sets, the same holder twice; capitals, blanks, dashes and line ends of a share do not matter; ERR_DENIED: not the key of that public key. */
enum err_code keyfile_join(const char *a, const char *b, const uint8_t public_[32], struct seal_key **out,
	struct err *err) MUST_CHECK;

#endif
