/* A publication: what commissioners see, frozen. Rows already rounded and suppressed, a manifest that
 * says what they were made of and which publication came before, and the commissioner's signature.
 * The file format is drawn in docs/formats/publication.md:
 *
 *	candour-publication 1\n
 *	{manifest}\n			one JSON object, keys in the order of that document
 *	{row}\n ...			one JSON object a line, strictly ascending by "id"
 *	signature BASE64\n		Ed25519, label "candour/1 publication", over all bytes above
 *
 * A row is written in exactly one way (pub_row_put), so reading and writing it again gives the same
 * bytes, and the SHA-256 of the rows can be taken by anybody with sha256sum. */
#ifndef AGGREGATOR_PUBLICATION_H
#define AGGREGATOR_PUBLICATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "collector/keyring.h"

enum {
	PUB_MAX = 64 << 20,		/* bytes of one publication */
	PUB_ROWS_MAX = 500000,
	PUB_LINE_MAX = 64 << 10,
};

/* A number that may be hidden or absent: null in JSON, empty in CSV, a gap in a chart, never 0. */
struct pub_num {
	bool shown;
	double v;
};

/* One published estimate (indicators.md section 5). Texts are "" where there is nothing to say. */
struct pub_row {
	const char *id;			/* "sat-users@3|2025-04|site=elm" */
	const char *indicator, *version;
	const char *title, *unit, *direction;	/* direction: increase decrease neutral */
	const char *definition_hash;	/* 64 hex digits */
	const char *area_code, *area_name, *area_level;	/* level: site organisation */
	const char *ons_code;
	const char *breakdown, *category;
	const char *period_start, *period_end;	/* "2025-04-01", "2025-04-30" */
	struct pub_num numerator, denominator, value;
	struct pub_num lower95, upper95, lower998, upper998, margin;
	struct pub_num helped_share, target;
	const char *verdict;		/* met not_met cannot_say */
	/* "better england 64.2; similar baseline 62": relation (better worse higher lower similar), name of the
	 * definition's comparator or "baseline", its value in the row's unit; joined by "; ". "" if there is none
	 * or the value is hidden. */
	const char *comparison;
	struct pub_num spc_mean, spc_lower, spc_upper;
	const char *spc_rule;		/* OU OL T+ T- Z+ Z- S+ S- CC; "" without limits */
	const char *variation;		/* I C H L . */
	const char *assurance;		/* consistent_pass consistent_fail inconsistent */
	const char *annotation;
	bool suppressed;
	const char *flag;		/* [c] [x] [w] [z] [u] [p] [r] [b], or several joined */
	int64_t publication;		/* its number */
};

struct pub_definition {
	const char *id;
	int64_t version;
	const char *hash;		/* 64 hex digits */
	const char *text;		/* the definition file, so that figures can be read years later */
};

struct pub_manifest {
	int64_t no;			/* 1, 2, .. without gaps */
	int64_t made_at;		/* seconds since 1970 */
	int64_t data_rev;		/* of the facts it was computed from */
	const char *organisation;	/* as shown on the pages */
	const char *policy;		/* the disclosure policy, as text */
	const char *policy_hash;	/* SHA-256 of POLICY, hex */
	struct pub_definition *definitions;
	size_t n_definitions;
	const char *tables;		/* "name sha256" pairs joined by ", " */
	const char *audit_heads;
	int64_t n_rows;
	const char *sha256;		/* of all row lines with their line ends, hex */
	const char *previous;		/* SHA-256 of the previous publication's file, hex; "" for number 1 */
};

struct publication {
	struct pub_manifest manifest;
	struct pub_row *rows;
	size_t n_rows;
	const uint8_t *signed_bytes;	/* what the signature is over; borrowed from the bytes read */
	size_t signed_len;
	bool is_signed;
	uint8_t signature[64];
	char file_sha256[65];		/* of the whole file when it is signed: what the next one names */
	struct arena arena;		/* holds everything above */
};

/* Append one row and its line end. */
void pub_row_put(struct buf *out, const struct pub_row *row);
/* The beginning, the manifest and the rows; fills n_rows, sha256 and policy_hash of M. ROWS must be in
 * strictly ascending order of id: ERR_INPUT names the first that is not. What is then signed is OUT. */
enum err_code pub_write(struct pub_manifest *m, const struct pub_row *rows, size_t n, struct buf *out,
	struct err *err) MUST_CHECK;
/* Append the signature line. */
void pub_sign_line(struct buf *out, const uint8_t signature[64]);

/* Read and check everything that needs no key: form, order, that each line is as pub_row_put writes it,
 * hashes, that a suppressed row shows no number. *P (all zero) is the caller's: pub_clear. DATA must
 * stay. ERR_INPUT says which line and what; ERR_LIMIT. A file without signature is fine (is_signed). */
enum err_code pub_read(const void *data, size_t len, struct publication *p, struct err *err) MUST_CHECK;
void pub_clear(struct publication *p);
/* The signature, by the publish key PUBLIC (32 bytes). ERR_DENIED if it is not its signature or there
 * is none. */
enum err_code pub_verify(const struct publication *p, const uint8_t public_key[32], struct err *err) MUST_CHECK;
/* The signature, by any publish key of RING that is active or old. ERR_DENIED. */
enum err_code pub_verify_ring(const struct publication *p, const struct keyring *ring,
	struct err *err) MUST_CHECK;
/* May P follow LAST_NO with the file hash LAST_SHA256 ("" and 0: none yet)? ERR_EXISTS: it is the last
 * one; ERR_INPUT: number or chain is wrong, with what was expected. */
enum err_code pub_follows(const struct publication *p, int64_t last_no, const char *last_sha256,
	struct err *err) MUST_CHECK;

#endif
