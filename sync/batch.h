/* A batch: records of one device, epoch and lane in their order, as sent to the aggregator. A header of
 * 180 bytes, its signature, then each record as u32 length and bytes; drawn in docs/formats/batch.md. The
 * header's last link commits to every record, so the signature is judged before the body is read. */
#ifndef SYNC_BATCH_H
#define SYNC_BATCH_H

#include "collector/seal.h"

enum {
	BATCH_HEADER = 180, BATCH_HEAD = 244,	/* with signature */
	BATCH_RECORDS = 100,
	BATCH_BYTES = 256 << 10,	/* of records, unless there is only one */
	BATCH_LONE = 1153434,		/* one record, with its length: 1.1 MiB */
	BATCH_MAX = BATCH_HEAD + BATCH_LONE
};

struct batch_header {
	uint8_t lane;
	uint8_t device[16], epoch[16];
	uint64_t a;		/* first sequence number, from 1 */
	uint32_t n;		/* records: 0 (heartbeat) to 100 */
	uint8_t prev[32];	/* link[a-1] */
	uint8_t last[32];	/* link[b], b = a+n-1 */
	uint64_t time;		/* seconds since 1970, as the device believes */
	uint32_t quality;	/* of its clock: 0 unknown, 1 set by staff, 2 corrected by signed time */
	uint8_t boot_id[16];
	uint64_t boot_ms;
	uint32_t waiting, oldest_hours;	/* without receipt; both 0 in lane 1 */
	uint32_t free_mib, ring_serial;
	uint32_t software, bundle_refused;
	uint32_t body_len;	/* bytes after the signature */
};

/* Write H and its signature to OUT. ERR_LIMIT if n or body_len are over what a batch may hold. */
enum err_code batch_head_make(const struct batch_header *h, const struct seal_key *key,
	uint8_t out[BATCH_HEAD], struct err *err) MUST_CHECK;
/* Read the first BATCH_HEADER bytes. ERR_INPUT, saying which field, for anything a device may not send:
 * magic, version, lane over 1, reserved bytes, a = 0, n over 100, length against n; ERR_LIMIT for size. */
enum err_code batch_head_read(const uint8_t *bytes, size_t len, struct batch_header *out,
	struct err *err) MUST_CHECK;
/* Is the signature at bytes + BATCH_HEADER that of KEY? LEN is at least BATCH_HEAD. */
bool batch_head_signed(const uint8_t *bytes, size_t len, const uint8_t key[32]);

struct batch_record {
	const uint8_t *bytes;	/* wire form, borrowed */
	uint32_t len;
};
/* Split BODY into exactly H->n records. ERR_INPUT if it does not split so. RECORDS has room for 100. */
enum err_code batch_records(const struct batch_header *h, const uint8_t *body, size_t len,
	struct batch_record *records, struct err *err) MUST_CHECK;

#endif
