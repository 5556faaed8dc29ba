/* The sealed record as bytes: the 128 byte header, the wire forms (whole and erased), the epoch-opening
 * record, and the head of the plaintext. Nothing here opens or makes a seal (that is seal.h).
 * Drawn in docs/formats/record.md. */
#ifndef COLLECTOR_RECORD_H
#define COLLECTOR_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "collector/chain.h"

#define RECORD_HEADER 128
#define RECORD_WRAP 80		/* crypto_box_seal of the 32 byte record key */
#define RECORD_NONCE 24
#define RECORD_TAG 16		/* of Poly1305, at the end of a sealed body */
#define RECORD_RECIPIENTS 4
#define RECORD_PLAIN_MAX (1024 * 1024 - 1)	/* plaintext before padding, its 36 byte head included */
#define RECORD_BODY_MAX (1024 * 1024 + RECORD_TAG)	/* body in a header: padded plaintext + tag */
#define RECORD_WIRE_MAX (1 + RECORD_HEADER + RECORD_RECIPIENTS * RECORD_WRAP + RECORD_NONCE + RECORD_BODY_MAX)

enum record_kind { RECORD_SEALED = 0, RECORD_WITHDRAWAL = 1, RECORD_EPOCH = 2 };
enum record_lane { LANE_ANSWERS = 0, LANE_CONCERNS = 1 };
#define LANES 2

struct record_header {
	uint8_t kind, lane;
	uint8_t device[16];
	uint8_t id[16];		/* random: the key on which nothing counts twice */
	uint32_t body_len;	/* without the nonce */
	uint8_t tag[16];	/* kind 0 lane 0: withdrawal tag; lane 1: random; kind 1: the tag withdrawn; kind 2: zero */
	uint8_t n;		/* recipients: 1 to 4 for kind 0, else 0 */
	uint8_t key_ids[RECORD_RECIPIENTS][8];
};

void record_header_put(const struct record_header *h, uint8_t out[RECORD_HEADER]);
/* Strict: magic, version, suite, kind, lane, reserved bytes zero, lengths within limits and fitting the kind,
 * unused key ids zero, no key id twice. ERR_INPUT says which; *OUT untouched then. */
enum err_code record_header_get(const uint8_t in[RECORD_HEADER], struct record_header *out,
	struct err *err) MUST_CHECK;

/* A record in memory: a borrowed view of wire bytes. */
struct record {
	struct record_header head;
	const uint8_t *header;		/* RECORD_HEADER bytes */
	bool erased;			/* only the skeleton: wraps and nonce_body are NULL */
	const uint8_t *wraps;		/* head.n * RECORD_WRAP bytes */
	const uint8_t *nonce_body;	/* RECORD_NONCE + head.body_len bytes */
	size_t nonce_body_len;
	struct chain_hash hw, hb, leaf;	/* computed (hw, hb are given, if erased) */
};

/* Read exactly LEN wire bytes (u8 1, header, wraps, nonce, body; or u8 2, header, hw, hb) into a view that
 * borrows WIRE. Computes hw, hb and leaf. ERR_INPUT says what is wrong; *OUT untouched then. A withdrawal
 * whose body does not hash to its tag, and an epoch record of another length, are refused too. */
enum err_code record_read(const uint8_t *wire, size_t len, struct record *out, struct err *err) MUST_CHECK;
/* The same without computing hashes (hw, hb, leaf stay zero): to open a record that intake has verified. */
enum err_code record_view(const uint8_t *wire, size_t len, struct record *out, struct err *err) MUST_CHECK;
/* Length of a whole record's wire form. */
size_t record_wire_len(const struct record_header *h);
/* Append wire bytes. */
void record_put_whole(struct buf *out, const uint8_t header[RECORD_HEADER], const uint8_t *wraps, size_t n,
	const uint8_t *nonce_body, size_t len);
void record_put_erased(struct buf *out, const uint8_t header[RECORD_HEADER], const struct chain_hash *hw,
	const struct chain_hash *hb);

/* Why an epoch was opened. */
enum epoch_reason {
	EPOCH_CREATED = 0,	/* the database is new */
	EPOCH_BEHIND = 1,	/* the centre has records we do not: this database is older, or a clone */
	EPOCH_FORK = 2,		/* the centre has another link at a sequence we have */
	EPOCH_CENTRE_RESTORED = 3,	/* the centre wants what is no longer kept */
	EPOCH_REPAIRED = 4,	/* records were copied out of a damaged database */
	EPOCH_DEVICE = 5,	/* the box has new device keys */
};
#define EPOCH_REASONS 6
/* "created", "behind", "fork", "centre_restored", "repaired", "device"; NULL for other numbers. */
const char *epoch_reason_word(unsigned reason);

/* Body of a kind 2 record: what came before this epoch in this lane (all zero for the first), and why. */
struct record_epoch {
	uint8_t before[16];	/* epoch */
	uint64_t seq;		/* its head */
	struct chain_hash link;
	uint8_t reason;		/* enum epoch_reason */
};
#define RECORD_EPOCH_BODY 57

/* Read the body of R, which must be of kind 2 and not erased. ERR_INPUT. */
enum err_code record_epoch_get(const struct record *r, struct record_epoch *out, struct err *err) MUST_CHECK;

/* What is inside a sealed body, before padding: 36 bytes, then the content. */
enum plain_type { PLAIN_INSTANCE = 1, PLAIN_DUMMY = 2, PLAIN_COUNTERS = 3, PLAIN_DRAFT = 4 };
enum clock_quality { CLOCK_UNKNOWN = 0, CLOCK_STAFF_SET = 1, CLOCK_SYNCED = 2 };
#define PLAIN_HEAD 36
#define HALF_DAY_S 43200

struct record_plain {
	uint8_t type;		/* enum plain_type */
	uint8_t quality;	/* enum clock_quality of half_day */
	uint8_t form[16];	/* chain_form_id; zero if no form */
	uint32_t half_day;	/* half-days since 1970 UTC */
	uint8_t boot[8];	/* first half of the boot id */
	uint32_t boot_half_day;	/* half-days since boot */
	const uint8_t *content;
	size_t len;
};

/* Fill the time fields from clock C (plus OFFSET_S of clock correction, 0 if none) and BOOT (16 bytes, NULL:
 * this machine's boot id). */
void record_plain_time(struct record_plain *p, const struct clock *c, int64_t offset_s, enum clock_quality q,
	const uint8_t boot[16]);
/* This boot's id, from the kernel; all zero where there is none. */
void record_boot_id(uint8_t out[16]);
/* Append head and content to OUT (secret). */
void record_plain_put(const struct record_plain *p, struct buf *out);
/* Read unpadded plaintext; OUT->content borrows BYTES. ERR_INPUT for another version, an unknown type. */
enum err_code record_plain_get(const uint8_t *bytes, size_t len, struct record_plain *out,
	struct err *err) MUST_CHECK;

/* The multiple to which LEN bytes of plaintext (with the first byte of padding) are padded: step(L) =
 * max(512, 2^(E-S)), E = floor(log2 L), S = floor(log2 E) + 1; lane 1: 16384. */
size_t record_step(uint8_t lane, size_t len);
/* Length after padding. Plaintexts of one size class cannot be told apart. */
size_t record_padded(uint8_t lane, size_t len);

#endif
