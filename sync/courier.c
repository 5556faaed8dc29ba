/* The courier. See courier.h. Its rule: the outbox is moved only by a receipt that was verified and that fits
 * our own chain; everything else makes it ask, resend or open a new epoch, never forget. */
#include "sync/courier.h"

#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/log.h"
#include "base/num.h"
#include "sync/batch.h"
#include "sync/bundle.h"

enum { CONTRADICTIONS_MAX = 4, BATCHES_A_ROUND = 50 };

static const char *const words[] = { "idle", "sent", "more", "unreachable", "later", "refused", "revoked", "broken" };

const char *
courier_word(enum courier_result r)
{
	return words[r];
}

void
courier_init(struct courier *c)
{
	memset(c, 0, sizeof(*c));
	buf_init(&c->order, BUNDLE_MAX);
	c->retry_after_s = -1;
}

void
courier_clear(struct courier *c)
{
	buf_free(&c->order);
}

/* What a step wants of the round. */
enum step {
	STEP_ON,	/* go on */
	STEP_ASK,	/* the centre and we differ: ask for the state */
	STEP_END	/* the round is over, with the result */
};

/* A failed exchange in the round's terms. */
static enum courier_result
failure(enum err_code rc)
{
	switch (rc) {
	case ERR_DENIED:
	case ERR_INPUT:
	case ERR_LIMIT:
		return COURIER_REFUSED;
	case ERR_AGAIN:
	case ERR_NOMEM:
		return COURIER_UNREACHABLE;
	case ERR_OK:
	case ERR_EXISTS:
	case ERR_ABSENT:
	case ERR_BROKEN:
		break;
	}
	return COURIER_BROKEN;
}

/* A status that is no answer to the question. */
static enum courier_result
refused(struct courier *c, const struct reply *r, struct err *err)
{
	char line[200];

	snprintf(line, sizeof(line), "%.180s", r->status == 403 && r->body.len > 4
	    && memcmp(r->body.data, "CBND", 4) == 0 ? "code=revoked" : buf_str(&r->body));
	line[strcspn(line, "\r\n")] = '\0';
	err_set(err, ERR_DENIED, "the centre answers %u: %s", r->status, line);
	if (r->status == 429 || r->status >= 500) {
		c->retry_after_s = r->retry_after_s;
		return COURIER_LATER;
	}
	if (r->status == 403 && strncmp(line, "code=revoked", 12) == 0) {
		buf_reset(&c->order);
		if (memcmp(r->body.data, "CBND", 4) == 0)
			buf_put(&c->order, r->body.data, r->body.len);
		return COURIER_REVOKED;
	}
	return COURIER_REFUSED;
}

/* Read R's body as a receipt for this device and lane, by a receipt key of the ring. */
static enum err_code
receipt_of(const struct courier *c, const struct reply *r, struct receipt *out, struct err *err)
{
	const struct keyring_key *key;
	uint8_t device[16];
	enum err_code rc = receipt_read(r->body.data, r->body.len, out, err);

	if (rc != ERR_OK)
		return rc;
	key = keyring_verifier(c->ring, KEY_RECEIPT, out->key_id);
	if (key == NULL)
		return err_set(err, ERR_DENIED, "receipt: signed by a key that is not in the key ring");
	rc = receipt_verify(r->body.data, r->body.len, key->public_, out, err);
	if (rc == ERR_OK)
		rc = outbox_device(c->outbox, device, err);
	if (rc == ERR_OK && (memcmp(out->device, device, 16) != 0 || out->lane != c->lane))
		rc = err_set(err, ERR_DENIED, "receipt: for another device or lane");
	return rc;
}

static enum err_code
new_epoch(struct courier *c, enum epoch_reason reason, struct err *err)
{
	c->new_epochs++;
	log_event("sync", "alarm=new_epoch lane=%d reason=%s", c->lane, epoch_reason_word(reason));
	return outbox_epoch(c->outbox, c->lane, reason, err);
}

/* Take a verified receipt of our epoch into the outbox. */
static enum err_code
take(struct courier *c, const struct receipt *r, const struct reply *reply, struct err *err)
{
	struct outbox_lane lane;
	struct chain_hash link;
	enum err_code rc = outbox_lane(c->outbox, c->lane, &lane, err);

	if (rc != ERR_OK)
		return rc;
	memcpy(link.bytes, r->link, 32);
	/* The day is the centre's, which signed it: our own clock may be at 1970. */
	rc = outbox_receipt(c->outbox, c->lane, r->epoch, r->b, &link, reply->body.data, reply->body.len,
	    (int64_t)(r->time / 86400), err);
	if (rc == ERR_OK && r->b > lane.acked_seq)
		c->delivered += r->b - lane.acked_seq;
	if (rc == ERR_OK || rc == ERR_EXISTS) {
		c->ring_serial = r->ring_serial;
		c->bundle_serial = r->bundle_serial;
		rc = ERR_OK;
	}
	return rc;
}

/* --- state -------------------------------------------------------------------------------------- */

/* Ask for the lane's newest receipt, or that of EPOCH. *NONE: the centre has none. */
static enum step
ask_state(struct courier *c, const uint8_t *epoch, struct reply *reply, struct receipt *out, bool *none,
    enum courier_result *result, struct err *err)
{
	char path[80], hex[33];
	enum err_code rc;

	if (epoch != NULL) {
		hex_str(epoch, 16, hex);
		snprintf(path, sizeof(path), "/v1/state?lane=%d&epoch=%s", c->lane, hex);
	} else {
		snprintf(path, sizeof(path), "/v1/state?lane=%d", c->lane);
	}
	rc = c->ask(c->arg, "GET", path, NULL, 0, reply, err);
	if (rc != ERR_OK) {
		*result = failure(rc);
		return STEP_END;
	}
	*none = reply->status == 204;
	if (*none)
		return STEP_ON;
	if (reply->status != 200) {
		*result = refused(c, reply, err);
		return STEP_END;
	}
	rc = receipt_of(c, reply, out, err);
	if (rc != ERR_OK) {
		*result = failure(rc);
		return STEP_END;
	}
	return STEP_ON;
}

/* The centre has our epoch up to R (or not at all: SEQ 0), less than it once acknowledged. */
static enum err_code
centre_restored(struct courier *c, uint64_t seq, const struct chain_hash *link, struct err *err)
{
	enum err_code rc;

	log_event("sync", "alarm=centre_restored lane=%d from=%llu", c->lane, (unsigned long long)seq);
	rc = outbox_rewind(c->outbox, c->lane, seq, link, err);
	if (rc == ERR_ABSENT || rc == ERR_INPUT)
		rc = new_epoch(c, EPOCH_CENTRE_RESTORED, err);
	return rc;
}

/* Compare the centre's word on our epoch with our chain. */
static enum err_code
compare(struct courier *c, const struct outbox_lane *lane, const struct receipt *r, const struct reply *reply,
    struct err *err)
{
	struct chain_hash ours, theirs;
	enum err_code rc;

	memcpy(theirs.bytes, r->link, 32);
	if (r->b > lane->head_seq)
		return new_epoch(c, EPOCH_BEHIND, err);
	if (r->b == lane->acked_seq)
		return chain_same(&theirs, &lane->acked_link) ? ERR_OK : new_epoch(c, EPOCH_FORK, err);
	rc = outbox_link(c->outbox, c->lane, r->b, &ours, err);
	if (rc == ERR_ABSENT && r->b < lane->acked_seq)
		return centre_restored(c, r->b, &theirs, err);
	if (rc != ERR_OK && rc != ERR_ABSENT)
		return rc;
	if (rc == ERR_OK && !chain_same(&ours, &theirs))
		return new_epoch(c, EPOCH_FORK, err);
	if (r->b < lane->acked_seq)
		return centre_restored(c, r->b, &theirs, err);
	return take(c, r, reply, err);
}

static enum step
ask_where(struct courier *c, struct reply *reply, enum courier_result *result, struct err *err)
{
	struct outbox_lane lane;
	struct chain_hash genesis;
	struct receipt r = { .lane = 0 };
	uint8_t device[16];
	bool none = false;
	enum err_code rc = outbox_lane(c->outbox, c->lane, &lane, err);
	enum step step;

	if (rc == ERR_OK)
		rc = outbox_device(c->outbox, device, err);
	if (rc != ERR_OK) {
		*result = COURIER_BROKEN;
		return STEP_END;
	}
	step = ask_state(c, NULL, reply, &r, &none, result, err);
	if (step == STEP_ON && !none && memcmp(r.epoch, lane.epoch, 16) != 0)
		step = ask_state(c, lane.epoch, reply, &r, &none, result, err);
	if (step != STEP_ON)
		return step;
	chain_genesis(device, lane.epoch, c->lane, &genesis);
	if (!none)
		rc = compare(c, &lane, &r, reply, err);
	else if (lane.acked_seq > 0)
		rc = centre_restored(c, 0, &genesis, err);
	if (rc != ERR_OK) {
		*result = failure(rc);
		return STEP_END;
	}
	c->asked_state = true;
	return STEP_ON;
}

/* --- batches ------------------------------------------------------------------------------------ */

static enum err_code
fill_header(struct courier *c, const struct outbox_span *span, struct batch_header *h, struct err *err)
{
	int64_t now = clock_now_s(c->clock) + c->offset_s;
	struct outbox_counts counts;
	uint32_t serial = c->ring->serial;
	enum err_code rc;

	*h = (struct batch_header){ .lane = c->lane, .a = span->a, .n = span->n, .time = now > 0 ? (uint64_t)now : 0,
	    .quality = c->clock_quality, .boot_ms = (uint64_t)clock_boot_ms(c->clock), .free_mib = c->free_mib,
	    .ring_serial = serial, .software = c->software, .bundle_refused = c->bundle_refused,
	    .body_len = (uint32_t)span->bytes.len };
	rc = outbox_device(c->outbox, h->device, err);
	memcpy(h->epoch, span->epoch, 16);
	memcpy(h->prev, span->before.bytes, 32);
	memcpy(h->last, span->last.bytes, 32);
	record_boot_id(h->boot_id);
	if (rc != ERR_OK || c->lane != 0)
		return rc;
	rc = outbox_counts(c->outbox, &counts, err);
	if (rc != ERR_OK)
		return rc;
	/* What is left when this batch is kept. */
	h->waiting = counts.waiting > span->n ? (uint32_t)(counts.waiting - span->n) : 0;
	if (h->waiting > 0 && counts.oldest_day >= 0 && now / 86400 >= counts.oldest_day)
		h->oldest_hours = (uint32_t)(now / 3600 - counts.oldest_day * 24);
	return ERR_OK;
}

/* 409: where does the centre want us to begin, or has our chain forked? */
static enum step
contradicted(struct courier *c, const struct reply *reply, enum courier_result *result, struct err *err)
{
	const char *text = buf_str(&reply->body);
	enum err_code rc;

	c->asked_state = false;
	if (strncmp(text, "code=fork", 9) != 0)
		return STEP_ASK;
	rc = new_epoch(c, EPOCH_FORK, err);
	if (rc == ERR_OK)
		return STEP_ASK;
	*result = failure(rc);
	return STEP_END;
}

static enum step
answered(struct courier *c, const struct reply *reply, enum courier_result *result, struct err *err)
{
	struct receipt r;
	enum err_code rc;

	if (reply->status == 409)
		return contradicted(c, reply, result, err);
	if (reply->status != 200) {
		*result = refused(c, reply, err);
		return STEP_END;
	}
	rc = receipt_of(c, reply, &r, err);
	if (rc != ERR_OK) {
		*result = failure(rc);
		return STEP_END;
	}
	rc = take(c, &r, reply, err);
	if (rc == ERR_INPUT) {
		/* Good, but not of our chain: the centre knows more of this epoch than we do. */
		c->asked_state = false;
		return STEP_ASK;
	}
	if (rc != ERR_OK) {
		*result = failure(rc);
		return STEP_END;
	}
	return STEP_ON;
}

/* A heartbeat's span: nothing, after the last acknowledged record. */
static void
at_head(struct outbox_span *span, const struct outbox_lane *lane)
{
	memcpy(span->epoch, lane->epoch, 16);
	span->a = lane->acked_seq + 1;
	span->before = lane->acked_link;
	span->last = lane->acked_link;
}

/* Send what comes after the last acknowledged record, as far as *UNTIL (0: set here to where the chain ends
 * now). *N: records sent. */
static enum step
send_one(struct courier *c, bool heartbeat, struct reply *reply, uint64_t *until, uint32_t *n,
    enum courier_result *result, struct err *err)
{
	struct outbox_span span = { .n = 0 };
	struct batch_header h;
	struct outbox_lane lane;
	struct buf body;
	uint32_t most = c->max_records > 0 ? c->max_records : BATCH_RECORDS;
	enum step step = STEP_END;
	enum err_code rc = outbox_lane(c->outbox, c->lane, &lane, err);

	*n = 0;
	buf_init(&body, BATCH_MAX);
	/* What comes in during the round waits for the next: nothing is sent at the moment of an answer. */
	if (*until == 0)
		*until = lane.head_seq;
	if (rc == ERR_OK && lane.acked_seq < *until)
		rc = outbox_read(c->outbox, c->lane, lane.acked_seq + 1, most < *until - lane.acked_seq ? most
		    : (uint32_t)(*until - lane.acked_seq), BATCH_BYTES, &span, err);
	if (rc == ERR_OK && span.n == 0)
		at_head(&span, &lane);
	if (rc == ERR_OK && span.n == 0 && !heartbeat) {
		step = STEP_ON;
		goto out;
	}
	if (rc == ERR_OK)
		rc = fill_header(c, &span, &h, err);
	if (rc != ERR_OK) {
		*result = COURIER_BROKEN;
		goto out;
	}
	buf_fill(&body, 0, BATCH_HEAD);
	buf_put(&body, span.bytes.data, span.bytes.len);
	rc = buf_check(&body, err);
	if (rc == ERR_OK)
		rc = batch_head_make(&h, c->device_key, body.data, err);
	if (rc == ERR_OK)
		rc = c->ask(c->arg, "POST", "/v1/batch", body.data, body.len, reply, err);
	if (rc != ERR_OK) {
		*result = failure(rc);
		goto out;
	}
	*n = span.n;
	step = answered(c, reply, result, err);
out:
	outbox_span_clear(&span);
	buf_free(&body);
	return step;
}

enum courier_result
courier_round(struct courier *c, bool heartbeat, struct err *err)
{
	enum courier_result result = COURIER_IDLE;
	unsigned contradictions = 0, batches = 0, most = c->batches_a_round > 0 ? c->batches_a_round : BATCHES_A_ROUND;
	struct reply reply;
	uint64_t until = c->until;
	bool more = true;

	c->until = 0;
	c->delivered = 0;
	c->new_epochs = 0;
	c->retry_after_s = -1;
	/* What somebody without our key rewrote is not sent under our signature: a person has to look. */
	switch (outbox_head_agrees(c->outbox, c->lane, seal_key_public(c->device_key), err)) {
	case ERR_OK:
		break;
	case ERR_AGAIN:
	case ERR_NOMEM:
		return COURIER_BROKEN;
	default:
		return COURIER_REFUSED;
	}
	reply_init(&reply, BUNDLE_MAX);
	while (more) {
		enum step step = c->asked_state ? STEP_ON : ask_where(c, &reply, &result, err);
		uint32_t n = 0;

		if (step == STEP_ON)
			step = send_one(c, heartbeat, &reply, &until, &n, &result, err);
		heartbeat = false;
		switch (step) {
		case STEP_END:
			more = false;
			break;
		case STEP_ASK:
			until = 0;
			if (++contradictions > CONTRADICTIONS_MAX) {
				err_set(err, ERR_AGAIN, "the centre contradicts itself");
				result = COURIER_REFUSED;
				more = false;
			}
			break;
		case STEP_ON:
			if (n == 0) {
				result = batches > 0 || c->delivered > 0 ? COURIER_SENT : COURIER_IDLE;
				more = false;
			} else if (++batches >= most || (c->give_way != NULL && c->give_way(c->arg))) {
				result = COURIER_MORE;
				c->until = until;
				more = false;
			}
			break;
		}
	}
	reply_free(&reply);
	return result;
}
