/* Record bytes, in and out. See record.h; the layout is drawn in docs/formats/record.md. */
#include "collector/record.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/codec.h"

enum { WHOLE = 1, ERASED = 2 };

static bool
all_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != 0)
			return false;
	return true;
}

void
record_header_put(const struct record_header *h, uint8_t out[RECORD_HEADER])
{
	memset(out, 0, RECORD_HEADER);
	memcpy(out, "CREC", 4);
	out[4] = 1;
	out[5] = 1;
	out[6] = h->kind;
	out[7] = h->lane;
	memcpy(out + 8, h->device, 16);
	memcpy(out + 24, h->id, 16);
	put_be32(out + 60, h->body_len);
	memcpy(out + 64, h->tag, 16);
	out[80] = h->n;
	memcpy(out + 84, h->key_ids, (size_t)h->n * 8);
}

static enum err_code
check_kind(const uint8_t *in, struct err *err)
{
	uint32_t body_len = be32(in + 60);
	unsigned n = in[80];

	switch (in[6]) {
	case RECORD_SEALED:
		if (n < 1)
			return err_set(err, ERR_INPUT, "record header: a sealed record without recipients");
		if (body_len < 512 + RECORD_TAG || body_len > RECORD_BODY_MAX)
			return err_set(err, ERR_INPUT, "record header: body of %u bytes", body_len);
		return ERR_OK;
	case RECORD_WITHDRAWAL:
		if (in[7] != LANE_ANSWERS)
			return err_set(err, ERR_INPUT, "record header: a withdrawal in lane %u", in[7]);
		if (n != 0 || body_len != 32)
			return err_set(err, ERR_INPUT, "record header: a withdrawal has no recipients and 32 bytes");
		return ERR_OK;
	default:
		if (n != 0 || body_len != RECORD_EPOCH_BODY || !all_zero(in + 64, 16))
			return err_set(err, ERR_INPUT,
			    "record header: an epoch record has no recipients, no tag and %d bytes", RECORD_EPOCH_BODY);
		return ERR_OK;
	}
}

enum err_code
record_header_get(const uint8_t in[RECORD_HEADER], struct record_header *out, struct err *err)
{
	unsigned n = in[80];

	if (memcmp(in, "CREC", 4) != 0)
		return err_set(err, ERR_INPUT, "record header: does not begin with CREC");
	if (in[4] != 1 || in[5] != 1)
		return err_set(err, ERR_INPUT, "record header: version %u, suite %u; this program knows 1, 1", in[4], in[5]);
	if (in[6] > RECORD_EPOCH)
		return err_set(err, ERR_INPUT, "record header: unknown kind %u", in[6]);
	if (in[7] > LANE_CONCERNS)
		return err_set(err, ERR_INPUT, "record header: unknown lane %u", in[7]);
	if (n > RECORD_RECIPIENTS)
		return err_set(err, ERR_INPUT, "record header: %u recipients, at most %d", n, RECORD_RECIPIENTS);
	if (!all_zero(in + 40, 20) || !all_zero(in + 81, 3) || !all_zero(in + 84 + n * 8, 44 - n * 8))
		return err_set(err, ERR_INPUT, "record header: reserved bytes are not zero");
	for (unsigned i = 0; i < n; i++)
		for (unsigned j = 0; j < i; j++)
			if (memcmp(in + 84 + i * 8, in + 84 + j * 8, 8) == 0)
				return err_set(err, ERR_INPUT, "record header: the same recipient twice");
	if (check_kind(in, err) != ERR_OK)
		return ERR_INPUT;
	memset(out, 0, sizeof(*out));
	out->kind = in[6];
	out->lane = in[7];
	memcpy(out->device, in + 8, 16);
	memcpy(out->id, in + 24, 16);
	out->body_len = be32(in + 60);
	memcpy(out->tag, in + 64, 16);
	out->n = in[80];
	memcpy(out->key_ids, in + 84, sizeof(out->key_ids));
	return ERR_OK;
}

/* A withdrawal that does not hash to its tag was made by somebody without the words. */
static enum err_code
check_clear(const struct record *r, struct err *err)
{
	uint8_t tag[16];

	if (!all_zero(r->nonce_body, RECORD_NONCE))
		return err_set(err, ERR_INPUT, "record: a body in clear with a nonce");
	if (r->head.kind == RECORD_WITHDRAWAL) {
		chain_withdraw_tag(r->nonce_body + RECORD_NONCE, tag);
		if (memcmp(tag, r->head.tag, sizeof(tag)) != 0)
			return err_set(err, ERR_INPUT, "record: the withdrawal does not hash to its tag");
	} else if (r->nonce_body[RECORD_NONCE + RECORD_EPOCH_BODY - 1] >= EPOCH_REASONS) {
		return err_set(err, ERR_INPUT, "record: unknown reason %u for an epoch",
		    r->nonce_body[RECORD_NONCE + RECORD_EPOCH_BODY - 1]);
	}
	return ERR_OK;
}

static enum err_code
read_whole(const uint8_t *wire, size_t len, struct record *r, struct err *err)
{
	size_t want = record_wire_len(&r->head);

	if (len != want)
		return err_set(err, ERR_INPUT, "record: %zu bytes, its header says %zu", len, want);
	r->wraps = wire + 1 + RECORD_HEADER;
	r->nonce_body = r->wraps + (size_t)r->head.n * RECORD_WRAP;
	r->nonce_body_len = RECORD_NONCE + (size_t)r->head.body_len;
	return r->head.kind == RECORD_SEALED ? ERR_OK : check_clear(r, err);
}

static enum err_code
read_erased(const uint8_t *wire, size_t len, struct record *r, struct err *err)
{
	if (len != 1 + RECORD_HEADER + 64)
		return err_set(err, ERR_INPUT, "record: an erased one of %zu bytes, not %d", len, 1 + RECORD_HEADER + 64);
	if (r->head.kind != RECORD_SEALED)
		return err_set(err, ERR_INPUT, "record: only sealed records can be erased");
	r->erased = true;
	memcpy(r->hw.bytes, wire + 1 + RECORD_HEADER, 32);
	memcpy(r->hb.bytes, wire + 1 + RECORD_HEADER + 32, 32);
	return ERR_OK;
}

enum err_code
record_view(const uint8_t *wire, size_t len, struct record *out, struct err *err)
{
	struct record r = { .erased = false };
	enum err_code rc;

	if (len < 1 + RECORD_HEADER)
		return err_set(err, ERR_INPUT, "record: only %zu bytes", len);
	rc = record_header_get(wire + 1, &r.head, err);
	if (rc != ERR_OK)
		return rc;
	r.header = wire + 1;
	if (wire[0] == WHOLE)
		rc = read_whole(wire, len, &r, err);
	else if (wire[0] == ERASED)
		rc = read_erased(wire, len, &r, err);
	else
		rc = err_set(err, ERR_INPUT, "record: unknown form %u", wire[0]);
	if (rc == ERR_OK)
		*out = r;
	return rc;
}

enum err_code
record_read(const uint8_t *wire, size_t len, struct record *out, struct err *err)
{
	struct record r;
	enum err_code rc = record_view(wire, len, &r, err);

	if (rc != ERR_OK)
		return rc;
	if (!r.erased) {
		chain_wraps(r.wraps, r.head.n, &r.hw);
		chain_body(r.nonce_body, r.nonce_body_len, &r.hb);
	}
	chain_leaf(r.header, &r.hw, &r.hb, &r.leaf);
	*out = r;
	return ERR_OK;
}

size_t
record_wire_len(const struct record_header *h)
{
	return 1 + RECORD_HEADER + (size_t)h->n * RECORD_WRAP + RECORD_NONCE + h->body_len;
}

void
record_put_whole(struct buf *out, const uint8_t header[RECORD_HEADER], const uint8_t *wraps, size_t n,
	const uint8_t *nonce_body, size_t len)
{
	buf_u8(out, WHOLE);
	buf_put(out, header, RECORD_HEADER);
	buf_put(out, wraps, n * RECORD_WRAP);
	buf_put(out, nonce_body, len);
}

void
record_put_erased(struct buf *out, const uint8_t header[RECORD_HEADER], const struct chain_hash *hw,
	const struct chain_hash *hb)
{
	buf_u8(out, ERASED);
	buf_put(out, header, RECORD_HEADER);
	buf_put(out, hw->bytes, 32);
	buf_put(out, hb->bytes, 32);
}

const char *
epoch_reason_word(unsigned reason)
{
	static const char *const words[EPOCH_REASONS] = { "created", "behind", "fork", "centre_restored",
		"repaired", "device" };

	return reason < EPOCH_REASONS ? words[reason] : NULL;
}

enum err_code
record_epoch_get(const struct record *r, struct record_epoch *out, struct err *err)
{
	const uint8_t *p;

	if (r->head.kind != RECORD_EPOCH || r->erased)
		return err_set(err, ERR_INPUT, "record: does not open an epoch");
	p = r->nonce_body + RECORD_NONCE;
	memcpy(out->before, p, 16);
	out->seq = be64(p + 16);
	memcpy(out->link.bytes, p + 24, 32);
	out->reason = p[56];
	return ERR_OK;
}

void
record_boot_id(uint8_t out[16])
{
	char text[64], digits[33];
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	size_t used = 0;

	if (fd >= 0)
		close(fd);
	for (ssize_t i = 0; i < n && used < 32; i++)
		if (text[i] != '-' && text[i] != '\n')
			digits[used++] = text[i];
	if (used != 32 || !hex_get(digits, used, out, 16))
		memset(out, 0, 16);
}

void
record_plain_time(struct record_plain *p, const struct clock *c, int64_t offset_s, enum clock_quality q,
	const uint8_t boot[16])
{
	int64_t now = clock_now_s(c) + offset_s, since = clock_boot_ms(c) / 1000;
	uint8_t own[16];

	if (boot == NULL) {
		record_boot_id(own);
		boot = own;
	}
	p->quality = (uint8_t)q;
	p->half_day = now < 0 ? 0 : (uint32_t)(now / HALF_DAY_S);
	memcpy(p->boot, boot, sizeof(p->boot));
	p->boot_half_day = since < 0 ? 0 : (uint32_t)(since / HALF_DAY_S);
}

void
record_plain_put(const struct record_plain *p, struct buf *out)
{
	buf_u8(out, 1);
	buf_u8(out, p->type);
	buf_u8(out, p->quality);
	buf_u8(out, 0);
	buf_put(out, p->form, sizeof(p->form));
	buf_u32(out, p->half_day);
	buf_put(out, p->boot, sizeof(p->boot));
	buf_u32(out, p->boot_half_day);
	buf_put(out, p->content, p->len);
}

enum err_code
record_plain_get(const uint8_t *bytes, size_t len, struct record_plain *out, struct err *err)
{
	if (len < PLAIN_HEAD)
		return err_set(err, ERR_INPUT, "opened record: only %zu bytes", len);
	if (bytes[0] != 1)
		return err_set(err, ERR_INPUT, "opened record: version %u; this program knows 1", bytes[0]);
	if (bytes[1] < PLAIN_INSTANCE || bytes[1] > PLAIN_DRAFT)
		return err_set(err, ERR_INPUT, "opened record: unknown type %u", bytes[1]);
	if (bytes[2] > CLOCK_SYNCED || bytes[3] != 0)
		return err_set(err, ERR_INPUT, "opened record: unknown clock quality or reserved byte");
	out->type = bytes[1];
	out->quality = bytes[2];
	memcpy(out->form, bytes + 4, 16);
	out->half_day = be32(bytes + 20);
	memcpy(out->boot, bytes + 24, 8);
	out->boot_half_day = be32(bytes + 32);
	out->content = bytes + PLAIN_HEAD;
	out->len = len - PLAIN_HEAD;
	return ERR_OK;
}

static unsigned
log2_floor(size_t v)
{
	unsigned n = 0;

	while (v > 1) {
		v >>= 1;
		n++;
	}
	return n;
}

size_t
record_step(uint8_t lane, size_t len)
{
	unsigned e = log2_floor(len), s = log2_floor(e) + 1;
	size_t step = e > s ? (size_t)1 << (e - s) : 1;

	if (lane == LANE_CONCERNS)
		return 16384;
	return step < 512 ? 512 : step;
}

size_t
record_padded(uint8_t lane, size_t len)
{
	size_t step = record_step(lane, len + 1);

	return (len / step + 1) * step;
}
