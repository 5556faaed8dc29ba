/* site.db: what a care site keeps. Sealed records in two hash chains (lanes), receipts, the key ring, bundles,
 * and what kiosk and sync tell each other. One SQLite file, two processes; each struct outbox may be used by
 * several threads (calls wait for one another). Nothing here can open a record. docs/formats/site-db.md. */
#ifndef COLLECTOR_OUTBOX_H
#define COLLECTOR_OUTBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "collector/keyring.h"
#include "collector/seal.h"

struct outbox;

enum outbox_role {
	OUTBOX_KIOSK,	/* writes records and drafts, checkpoints the WAL */
	OUTBOX_SYNC,	/* writes receipts, rings, bundles; never checkpoints */
	OUTBOX_READ,	/* read only: verify, status */
};

/* Make PATH (mode 0660) for DEVICE with an epoch of its own in each lane, and open nothing. The order of the
 * steps is what survives a power cut in the middle (docs/formats/site-db.md). ERR_EXISTS if there is a file
 * that holds a database; an empty or half-made one is finished. ERR_BROKEN. */
enum err_code outbox_create(const char *path, const uint8_t device[16], struct err *err) MUST_CHECK;
/* ERR_ABSENT: no file. ERR_INPUT: not a site.db, or of a newer program. Close with outbox_close. */
enum err_code outbox_open(const char *path, enum outbox_role role, struct outbox **out, struct err *err) MUST_CHECK;
void outbox_close(struct outbox *ob);
/* At start: quick_check, heads against rows, the leaves and links of what is unsent. ERR_BROKEN: do not serve. */
enum err_code outbox_check(struct outbox *ob, struct err *err) MUST_CHECK;

/* Whose records these are. */
enum err_code outbox_device(struct outbox *ob, uint8_t device[16], struct err *err) MUST_CHECK;
/* A number that changes whenever another connection has written (PRAGMA data_version). */
enum err_code outbox_version(struct outbox *ob, int64_t *out, struct err *err) MUST_CHECK;

/* --- keeping --------------------------------------------------------------------------------------- */

/* Keep a lane 0 record: when this returns ERR_OK (and not before) say "thank you". DAY (days since 1970) is what
 * withdrawal counts from; negative where nothing vouches for it: outbox_retain then counts from its first TODAY. A commit error means unknown, not no: the database is then closed and reopened, the
 * record looked for, and put once more with the same bytes if it is not there.
 * ERR_EXISTS: that record id is kept already. ERR_AGAIN: storage full or busy, not kept. ERR_BROKEN: it could
 * not be kept (or it could not be found out: say so). */
enum err_code outbox_put(struct outbox *ob, const struct sealed_record *r, int64_t day, struct err *err) MUST_CHECK;
/* Is a record of that id here? */
enum err_code outbox_has(struct outbox *ob, const uint8_t id[16], bool *out, struct err *err) MUST_CHECK;

/* --- lane 1: concerns in slots (docs/sealing.md) --------------------------------------------------- */

/* All times are boot milliseconds. Call outbox_slots_start once when the kiosk starts (it chains all four slots
 * and fills them with new dummies), outbox_slots_tick at least once a minute (it chains one record at each slot's
 * end, writes all four anew, and now and then one in between), outbox_put_concern when somebody has raised a concern.
 * TO, N: the lane 1 recipients of today. */
struct outbox_slots {
	const struct seal_recipient *to;
	size_t n;
	int64_t slot_ms;	/* concern_slot: 30 minutes; not under a second */
	int64_t day;		/* days since 1970 */
	struct record_plain time;	/* record_plain_time; what a dummy says of when it was made */
};
enum err_code outbox_slots_start(struct outbox *ob, const struct outbox_slots *s, int64_t boot_ms,
	struct err *err) MUST_CHECK;
enum err_code outbox_slots_tick(struct outbox *ob, const struct outbox_slots *s, int64_t boot_ms,
	struct err *err) MUST_CHECK;
/* Durable when it returns ERR_OK. R is sealed for lane 1. If all four slots are used, the oldest is chained at
 * once. The same R again (the answer having been lost) changes nothing. ERR_ABSENT before outbox_slots_start.
 * SPARE: further sealings of the same text, each with an id of its own, taken over (zeroed) on success: where a dummy
 * would be written anew, the next of them is; in the end one of all is chained. OUTBOX_SPARES are enough. */
#define OUTBOX_SPARES 15
enum err_code outbox_put_concern_spares(struct outbox *ob, const struct sealed_record *r, struct sealed_record *spare,
	size_t n_spare, const struct outbox_slots *s, struct err *err) MUST_CHECK;
/* Without any: it stands as it is. */
enum err_code outbox_put_concern(struct outbox *ob, const struct sealed_record *r, const struct outbox_slots *s,
	struct err *err) MUST_CHECK;

/* --- reading for sync ------------------------------------------------------------------------------ */

struct outbox_lane {
	uint8_t epoch[16];
	uint64_t head_seq;		/* 1: only the epoch record */
	struct chain_hash head_link;
	uint64_t acked_seq;		/* 0: nothing in this epoch */
	struct chain_hash acked_link;
};
enum err_code outbox_lane(struct outbox *ob, uint8_t lane, struct outbox_lane *out, struct err *err) MUST_CHECK;
/* Link at SEQ of the current epoch (0: genesis). ERR_ABSENT if not kept any more or not yet. */
enum err_code outbox_link(struct outbox *ob, uint8_t lane, uint64_t seq, struct chain_hash *out,
	struct err *err) MUST_CHECK;

/* Consecutive records of the current epoch, as a batch's body carries them: u32 length and wire bytes each. */
struct outbox_span {
	uint8_t epoch[16];
	uint64_t a;			/* first sequence */
	uint32_t n;			/* 0: there are none */
	struct chain_hash before;	/* link[a-1] */
	struct chain_hash last;		/* link[a+n-1] */
	struct buf bytes;
};
void outbox_span_clear(struct outbox_span *s);
/* From sequence FROM (acked_seq + 1, or what the centre wants), at most MAX_N records and MAX_BYTES, or one
 * longer record. *OUT zeroed by the caller; clear it. ERR_ABSENT: FROM is kept no longer. */
enum err_code outbox_read(struct outbox *ob, uint8_t lane, uint64_t from, uint32_t max_n, size_t max_bytes,
	struct outbox_span *out, struct err *err) MUST_CHECK;

/* A verified receipt says that the centre has the lane up to B with LINK. Stores BYTES, marks rows as sent on
 * DAY, moves acked. ERR_INPUT: not our epoch, or our chain has no such b and link; nothing is done then.
 * ERR_EXISTS: acknowledged already. */
enum err_code outbox_receipt(struct outbox *ob, uint8_t lane, const uint8_t epoch[16], uint64_t b,
	const struct chain_hash *link, const void *bytes, size_t len, int64_t day, struct err *err) MUST_CHECK;
/* The newest receipt of the lane, appended. ERR_ABSENT. */
enum err_code outbox_receipt_last(struct outbox *ob, uint8_t lane, struct buf *out, struct err *err) MUST_CHECK;
/* One of the receipts, drawn at random, of the newest day of the centre's log that is over by what the receipts
 * themselves say (a later one is here), appended. ERR_ABSENT: all are of one day. */
enum err_code outbox_receipt_closed(struct outbox *ob, struct buf *out, struct err *err) MUST_CHECK;
/* The days of the log LOG_ID of which there are receipts, ascending, 4 bytes each (big-endian), appended. */
enum err_code outbox_receipt_days(struct outbox *ob, const uint8_t log_id[16], struct buf *out,
	struct err *err) MUST_CHECK;
/* The centre was restored and knows this epoch up to SEQ (0: not at all) with LINK: what is after it counts as
 * unsent again. ERR_ABSENT: SEQ + 1 is kept no longer (then outbox_epoch with EPOCH_CENTRE_RESTORED). */
enum err_code outbox_rewind(struct outbox *ob, uint8_t lane, uint64_t seq, const struct chain_hash *link,
	struct err *err) MUST_CHECK;
/* Open a new epoch in LANE and chain into it every record without receipt (EPOCH_CENTRE_RESTORED: every record
 * kept), the same bytes in the same order. */
enum err_code outbox_epoch(struct outbox *ob, uint8_t lane, enum epoch_reason reason, struct err *err) MUST_CHECK;
/* The box has new device keys: from now on records are DEVICE's, in new epochs of both lanes. */
enum err_code outbox_set_device(struct outbox *ob, const uint8_t device[16], struct err *err) MUST_CHECK;

/* The head of a lane, signed each minute by sync: label "head", over what outbox_head_bytes gives. */
#define OUTBOX_HEAD 73	/* device, u8 lane, epoch, u64 seq, link */
void outbox_head_bytes(const uint8_t device[16], uint8_t lane, const struct outbox_lane *l,
	uint8_t out[OUTBOX_HEAD]);
enum err_code outbox_head_put(struct outbox *ob, uint8_t lane, const struct outbox_lane *l,
	const uint8_t signature[64], struct err *err) MUST_CHECK;

/* Before a head is signed or anything sent: is the chain still the one whose head was signed last, by this process
 * or as the file has it (with a signature by SIGN_KEY, the device's public key)? ERR_BROKEN: somebody rewrote it
 * since; the message says which lane and record. */
enum err_code outbox_head_agrees(struct outbox *ob, uint8_t lane, const uint8_t sign_key[32], struct err *err) MUST_CHECK;

/* --- ring, bundles, clock, meta -------------------------------------------------------------------- */

/* The newest ring's text. ERR_ABSENT: none yet. Each reader checks it itself (keyring_read). */
enum err_code outbox_ring(struct outbox *ob, uint32_t *serial, struct buf *out, struct err *err) MUST_CHECK;
/* ERR_EXISTS if a ring of that serial or a newer one is there. */
enum err_code outbox_ring_put(struct outbox *ob, uint32_t serial, const void *text, size_t len,
	struct err *err) MUST_CHECK;
/* The bundle in force of KIND (1 to 4) for TARGET (16 bytes: device, site or zero). ERR_ABSENT. */
enum err_code outbox_bundle(struct outbox *ob, uint8_t kind, const uint8_t target[16], uint32_t *serial,
	struct buf *out, struct err *err) MUST_CHECK;
/* The one it replaced (falling back when the new one cannot be loaded). ERR_ABSENT. */
enum err_code outbox_bundle_previous(struct outbox *ob, uint8_t kind, const uint8_t target[16], struct buf *out,
	struct err *err) MUST_CHECK;
/* One transaction that keeps the one before. ERR_EXISTS if that serial or a newer one is there. */
enum err_code outbox_bundle_put(struct outbox *ob, uint8_t kind, const uint8_t target[16], uint32_t serial,
	const void *bytes, size_t len, struct err *err) MUST_CHECK;

enum { CLOCK_BEGAN_MIN = 1577836800 };	/* 2020-01-01 */
/* When a boot began, seconds since 1970, by who vouches for it: with the time since boot that is the time, whatever
 * the system's clock says and however it is moved meanwhile. ERR_ABSENT: nobody did, or it is before 2020, which no
 * boot of this program is (rows of an earlier version are read as that: they say how far the clock was off). */
enum err_code outbox_clock(struct outbox *ob, const uint8_t boot[16], int64_t *began_s, uint8_t *quality,
	struct err *err) MUST_CHECK;
enum err_code outbox_clock_put(struct outbox *ob, const uint8_t boot[16], int64_t began_s, uint8_t quality,
	struct err *err) MUST_CHECK;

/* Small things one program leaves for another (or for itself), by name ("sync.last", "staff.pin"): VALUE up to
 * 64 KiB. LEN 0 deletes. */
enum err_code outbox_meta(struct outbox *ob, const char *key, struct buf *out, struct err *err) MUST_CHECK;
enum err_code outbox_meta_put(struct outbox *ob, const char *key, const void *value, size_t len,
	struct err *err) MUST_CHECK;

/* --- counts, space, keeping house ------------------------------------------------------------------ */

struct outbox_counts {
	uint64_t kept;		/* sealed lane 0 records here */
	uint64_t waiting;	/* of them without receipt (withdrawals not counted) */
	int64_t oldest_day;	/* day the oldest waiting one was kept; -1: none waits */
	int64_t receipt_day;	/* newest receipt; -1: none */
};
/* Of lane 0: lane 1 is in no count. */
enum err_code outbox_counts(struct outbox *ob, struct outbox_counts *out, struct err *err) MUST_CHECK;

/* Bytes of free space: under LOW the site is full, from RESUME on it is not any more. PATH is the ballast file
 * ("site.ballast"): made when there is room, removed when the site is full so that receipts, withdrawals and
 * purges can still be written. */
struct outbox_space {
	const char *ballast_path;
	int64_t ballast, low, resume;	/* bytes: 4, 64, 128 MiB */
};
/* Sets *FULL; also true after outbox_put met a full disk, until there is RESUME free. FREE (may be NULL): bytes. */
enum err_code outbox_space(struct outbox *ob, const struct outbox_space *s, bool *full, int64_t *free_bytes,
	struct err *err) MUST_CHECK;

/* Delete rows KEEP days after their receipt (and tags WITHDRAW days after they were kept), TODAY being days since
 * 1970 by a clock that something vouches for, and cut the WAL. Nightly. */
enum err_code outbox_retain(struct outbox *ob, int64_t today, int keep_days, int withdraw_days,
	struct err *err) MUST_CHECK;
/* Move the WAL into the file if that stops nobody (kiosk, when idle). */
enum err_code outbox_idle(struct outbox *ob, struct err *err) MUST_CHECK;

/* Withdraw by w (seal_withdraw): in one transaction erases wraps and body if they are still here and appends a
 * withdrawal record; then cuts the WAL. ERR_ABSENT: no record of this device has that tag; nothing was written. */
enum err_code outbox_withdraw(struct outbox *ob, const uint8_t w[32], struct err *err) MUST_CHECK;
/* The same for words that were given when the box was DEVICE (seal_withdraw with its id). */
enum err_code outbox_withdraw_of(struct outbox *ob, const uint8_t *device, const uint8_t w[32],
	struct err *err) MUST_CHECK;
/* Whose words may be good here: this device's id first, then those it had before, the latest first (meta
 * "device.before"). *N of at most OUTBOX_DEVICES. */
#define OUTBOX_DEVICES 8
enum err_code outbox_devices(struct outbox *ob, uint8_t out[OUTBOX_DEVICES][16], size_t *n, struct err *err) MUST_CHECK;

#endif
