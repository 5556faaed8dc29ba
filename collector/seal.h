/* Every use of libsodium at the care site but hashing: keys, sealing and opening records, signatures over
 * labels, passphrases, random bytes. Constructions: X25519 + XSalsa20-Poly1305 sealed boxes (crypto_box_seal),
 * XChaCha20-Poly1305-IETF, Ed25519, Argon2id, BLAKE2b. docs/sealing.md says how they are combined.
 * Safe in any thread. */
#ifndef COLLECTOR_SEAL_H
#define COLLECTOR_SEAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "collector/chain.h"
#include "collector/record.h"

/* --- random, comparing, keyed hashing -------------------------------------------------------------- */

/* LEN bytes from the system's generator; never fails. */
void seal_random(void *out, size_t len);
/* Uniform in 0..n-1. */
uint32_t seal_random_below(uint32_t n);
/* Equal? In constant time. */
bool seal_equal(const void *a, const void *b, size_t len);
/* BLAKE2b-256 with KEY: session cookies, CSRF tokens. */
void seal_keyed_hash(const uint8_t key[32], const void *data, size_t len, uint8_t out[32]);

/* LEN zero bytes in guarded memory, for a symmetric key that lives long. NULL: no memory. */
void *seal_guard(size_t len);
/* Wipes and frees; NULL is fine. */
void seal_unguard(void *p);

/* --- passwords of people and PINs ------------------------------------------------------------------ */

#define SEAL_PASSWORD 128	/* room for a stored password hash */

/* Argon2id, t=3, 64 MiB, as text for storing ("$argon2id$v=19$..."). ERR_NOMEM. */
enum err_code seal_password_hash(const char *password, size_t len, char out[SEAL_PASSWORD],
	struct err *err) MUST_CHECK;
/* ERR_DENIED: another password. ERR_INPUT: HASH is no hash. ERR_NOMEM. */
enum err_code seal_password_verify(const char *hash, const char *password, size_t len,
	struct err *err) MUST_CHECK;

/* --- key pairs ------------------------------------------------------------------------------------- */

/* A secret key in guarded memory, with its public key. X25519 (response, escrow, concern) or Ed25519 (root,
 * publish, receipt, device), by use; P-256 keys are not ours (admin/cert.h, sync/tls.h). */
struct seal_key;

/* Does a key of this use seal (X25519)? Sign (Ed25519)? Neither: P-256. */
bool seal_use_seals(enum key_use use);
bool seal_use_signs(enum key_use use);
/* A new random pair; free with seal_key_free. ERR_INPUT for a P-256 use, ERR_NOMEM. */
enum err_code seal_key_new(enum key_use use, struct seal_key **out, struct err *err) MUST_CHECK;
/* The pair of SECRET: the X25519 scalar, or the Ed25519 seed (RFC 8032's private key). */
enum err_code seal_key_from(enum key_use use, const uint8_t secret[32], struct seal_key **out,
	struct err *err) MUST_CHECK;
void seal_key_free(struct seal_key *k);
enum key_use seal_key_use(const struct seal_key *k);
/* 32 bytes, borrowed from K. */
const uint8_t *seal_key_public(const struct seal_key *k);
void seal_key_id(const struct seal_key *k, uint8_t out[8]);
/* Append the 32 secret bytes to OUT, which must be a secret buffer. */
void seal_key_secret(const struct seal_key *k, struct buf *out);

/* --- signatures over a label ----------------------------------------------------------------------- */

/* Ed25519 over "candour/1 LABEL", NUL, DATA. ERR_INPUT if K is no signing key, ERR_NOMEM; OUT is zero then. */
enum err_code seal_sign(const struct seal_key *k, const char *label, const void *data, size_t len,
	uint8_t out[64], struct err *err) MUST_CHECK;
bool seal_verify(const uint8_t public_[32], const char *label, const void *data, size_t len,
	const uint8_t signature[64]);

/* --- records --------------------------------------------------------------------------------------- */

struct seal_recipient {
	uint8_t id[8];
	uint8_t public_[32];
};

/* A record made but not kept yet. Zero it, seal_record, outbox_put, sealed_record_clear. Holds no secret. */
struct sealed_record {
	uint8_t id[16];
	uint8_t lane;
	uint8_t header[RECORD_HEADER];
	size_t n;				/* wraps */
	uint8_t wraps[RECORD_RECIPIENTS * RECORD_WRAP];
	struct buf nonce_body;			/* nonce, then body */
};

void sealed_record_clear(struct sealed_record *r);
/* The wire form, appended. */
void sealed_record_put(const struct sealed_record *r, struct buf *out);

/* Seal PLAIN to the N (1 to 4) recipients TO for LANE, as DEVICE. ID NULL: a random one (drafts drew theirs at
 * the start). TAG: the withdrawal tag (chain_withdraw_tag); NULL: random, which no words lead to. In lane 1 TAG
 * must be NULL. Recipients come from keyring_recipients. On failure *OUT is cleared.
 * Errors: ERR_LIMIT over RECORD_PLAIN_MAX (lane 1: over 16,383 bytes with head), ERR_INPUT (a public key that
 * is no point), ERR_NOMEM. */
enum err_code seal_record(const struct seal_recipient *to, size_t n, uint8_t lane, const uint8_t device[16],
	const uint8_t id[16], const uint8_t tag[16], const struct record_plain *plain, struct sealed_record *out,
	struct err *err) MUST_CHECK;
/* The records without recipients: a withdrawal (body w) and the opening of an epoch, each with a new random id. */
enum err_code seal_withdrawal(const uint8_t device[16], const uint8_t w[32], struct sealed_record *out,
	struct err *err) MUST_CHECK;
enum err_code seal_epoch(const uint8_t device[16], uint8_t lane, const struct record_epoch *e,
	struct sealed_record *out, struct err *err) MUST_CHECK;

/* Open R with K: finds the wrap by key id, checks the nonce against the record key, the AEAD against the
 * header, removes the padding. Appends the plaintext (record_plain_get reads it) to OUT, a secret buffer.
 * ERR_DENIED: not sealed to this key, or not authentic. ERR_ABSENT: erased. ERR_INPUT: not a sealed record or
 * bad padding. On failure OUT has gained nothing. Used in indicators/ and admin/ only. */
enum err_code seal_open(const struct seal_key *k, const struct record *r, struct buf *out,
	struct err *err) MUST_CHECK;

/* --- passphrases ----------------------------------------------------------------------------------- */

/* Argon2id cost: T passes, M KiB (p is 1). */
struct seal_cost {
	uint32_t t, m_kib;
};
extern const struct seal_cost seal_cost_keyfile;	/* 3, 256 MiB */
extern const struct seal_cost seal_cost_draft;		/* 3, 64 MiB */
extern const struct seal_cost seal_cost_withdraw;	/* 4, 9 MiB */

/* 32 bytes out of a passphrase. ERR_INPUT for a cost under t=2, m=19 MiB (withdrawal's own excepted) or over
 * t=10, m=1 GiB; ERR_NOMEM. */
enum err_code seal_stretch(const void *pass, size_t len, const uint8_t salt[16], const struct seal_cost *cost,
	uint8_t out[32], struct err *err) MUST_CHECK;

/* XChaCha20-Poly1305-IETF under KEY with the 24 byte NONCE and additional data. Lock appends LEN + 16 bytes;
 * unlock appends LEN - 16 bytes or fails with ERR_DENIED, OUT unchanged. */
enum err_code seal_lock(const uint8_t key[32], const uint8_t nonce[24], const void *ad, size_t ad_len,
	const void *plain, size_t len, struct buf *out, struct err *err) MUST_CHECK;
enum err_code seal_unlock(const uint8_t key[32], const uint8_t nonce[24], const void *ad, size_t ad_len,
	const void *box, size_t len, struct buf *out, struct err *err) MUST_CHECK;

/* A sealed box (crypto_box_seal) of 32 bytes to TO: 80 bytes; and back with K, ERR_DENIED if it is not for K. */
enum err_code seal_wrap(const struct seal_recipient *to, const uint8_t secret[32], uint8_t out[RECORD_WRAP],
	struct err *err) MUST_CHECK;
enum err_code seal_unwrap(const struct seal_key *k, const uint8_t wrap[RECORD_WRAP], uint8_t out[32],
	struct err *err) MUST_CHECK;

/* The secret w behind four words (words.h): Argon2id over the indices as four u16, salt by device, 10 to 16 ms.
 * Compute it at the start of a visit, not at the save. Wipe W when done. */
enum err_code seal_withdraw(const uint8_t device[16], const uint16_t words[4], uint8_t w[32],
	struct err *err) MUST_CHECK;

#endif
