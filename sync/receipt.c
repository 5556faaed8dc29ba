/* Receipts. See receipt.h; offsets as in docs/formats/receipt.md. */
#include "sync/receipt.h"

#include <string.h>

#include "base/codec.h"

enum { VERSION = 1, RESERVED_A = 6, RESERVED_B = 108 };

enum err_code
receipt_make(const struct receipt *r, const struct seal_key *key, uint8_t out[RECEIPT_LEN], struct err *err)
{
	uint8_t p[RECEIPT_LEN] = "CRCP";
	enum err_code rc;

	p[4] = VERSION;
	p[5] = r->lane;
	memcpy(p + 8, r->device, 16);
	memcpy(p + 24, r->epoch, 16);
	put_be64(p + 40, r->a);
	put_be64(p + 48, r->b);
	memcpy(p + 56, r->link, 32);
	memcpy(p + 88, r->log_id, 16);
	put_be32(p + 104, r->log_day);
	put_be64(p + 112, r->time);
	memcpy(p + 120, r->key_id, 8);
	put_be32(p + 128, r->ring_serial);
	put_be32(p + 132, r->bundle_serial);
	rc = seal_sign(key, "receipt", p, RECEIPT_SIGNED, p + RECEIPT_SIGNED, err);
	if (rc == ERR_OK)
		memcpy(out, p, RECEIPT_LEN);
	return rc;
}

enum err_code
receipt_read(const void *bytes, size_t len, struct receipt *out, struct err *err)
{
	const uint8_t *p = bytes;

	if (len != RECEIPT_LEN)
		return err_set(err, ERR_INPUT, "receipt of %zu bytes: %d expected", len, RECEIPT_LEN);
	if (memcmp(p, "CRCP", 4) != 0)
		return err_set(err, ERR_INPUT, "receipt: does not begin with CRCP");
	if (p[4] != VERSION)
		return err_set(err, ERR_INPUT, "receipt: version %d is not known", p[4]);
	if (p[5] > 1)
		return err_set(err, ERR_INPUT, "receipt: lane %d", p[5]);
	if (be16(p + RESERVED_A) != 0 || be32(p + RESERVED_B) != 0)
		return err_set(err, ERR_INPUT, "receipt: reserved bytes are not zero");
	*out = (struct receipt){ .lane = p[5], .a = be64(p + 40), .b = be64(p + 48),
	    .log_day = be32(p + 104), .time = be64(p + 112), .ring_serial = be32(p + 128),
	    .bundle_serial = be32(p + 132) };
	memcpy(out->device, p + 8, 16);
	memcpy(out->epoch, p + 24, 16);
	memcpy(out->link, p + 56, 32);
	memcpy(out->log_id, p + 88, 16);
	memcpy(out->key_id, p + 120, 8);
	return ERR_OK;
}

enum err_code
receipt_verify(const void *bytes, size_t len, const uint8_t key[32], struct receipt *out,
    struct err *err)
{
	struct receipt r;
	enum err_code rc = receipt_read(bytes, len, &r, err);

	if (rc != ERR_OK)
		return rc;
	if (!seal_verify(key, "receipt", bytes, RECEIPT_SIGNED, (const uint8_t *)bytes + RECEIPT_SIGNED))
		return err_set(err, ERR_DENIED, "receipt: the signature is not the aggregator's");
	*out = r;
	return ERR_OK;
}
