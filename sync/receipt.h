/* A receipt: the aggregator's signed word that it keeps all records of one lane and epoch up to b with
 * this link. 200 bytes, drawn in docs/formats/receipt.md. Only a receipt marks rows as sent. */
#ifndef SYNC_RECEIPT_H
#define SYNC_RECEIPT_H

#include "collector/seal.h"

enum { RECEIPT_LEN = 200, RECEIPT_SIGNED = 136 };

struct receipt {
	uint8_t lane;
	uint8_t device[16], epoch[16];
	uint64_t a, b;		/* first and last sequence of the batch; a = b+1 for a heartbeat */
	uint8_t link[32];	/* link[b] */
	uint8_t log_id[16];
	uint32_t log_day;	/* days since 1970 */
	uint64_t time;		/* seconds since 1970, as the aggregator believes */
	uint8_t key_id[8];	/* of the receipt key */
	uint32_t ring_serial, bundle_serial;	/* newest the centre has for this device */
};

/* Write R and sign it with KEY into OUT. */
enum err_code receipt_make(const struct receipt *r, const struct seal_key *key, uint8_t out[RECEIPT_LEN],
	struct err *err) MUST_CHECK;
/* Read LEN bytes without judging the signature. ERR_INPUT for a wrong size, magic, version, or reserved
 * bytes that are not zero; *OUT is untouched then. */
enum err_code receipt_read(const void *bytes, size_t len, struct receipt *out, struct err *err) MUST_CHECK;
/* Read and verify with KEY. ERR_DENIED for a wrong signature. */
enum err_code receipt_verify(const void *bytes, size_t len, const uint8_t key[32],
	struct receipt *out, struct err *err) MUST_CHECK;

#endif
