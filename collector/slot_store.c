/* Concerns in slots: table slot always holds four sealed records of one size. Which of them are real is known
 * only to the kiosk's memory; nothing on the disk says it. So after a restart all four are chained, whatever
 * they are. docs/sealing.md, "Lane 1", says what an observer of the file sees. */
#include "collector/outbox.h"

#include <string.h>

#include "collector/outbox_db.h"

static enum err_code
make_dummy(struct outbox *ob, const struct outbox_slots *s, struct sealed_record *out, struct err *err)
{
	struct record_plain plain = s->time;
	uint8_t device[16];
	enum err_code rc = ob_device(ob, device, err);

	memset(out, 0, sizeof(*out));
	plain.type = PLAIN_DUMMY;
	memset(plain.form, 0, sizeof(plain.form));
	plain.content = NULL;
	plain.len = 0;
	if (rc == ERR_OK)
		rc = seal_record(s->to, s->n, LANE_CONCERNS, device, NULL, NULL, &plain, out, err);
	return rc;
}

/* Write R into slot N, in place. */
static enum err_code
fill(struct outbox *ob, unsigned n, const struct sealed_record *r, struct err *err)
{
	struct buf wire;
	enum err_code rc;

	buf_init(&wire, RECORD_WIRE_MAX);
	sealed_record_put(r, &wire);
	rc = buf_check(&wire, err);
	if (rc == ERR_OK)
		rc = ob_exec(ob, OB_SLOT_PUT, "fill slot", err, "ib", (int64_t)n, wire.data, wire.len);
	buf_free(&wire);
	return rc;
}

static enum err_code
fill_dummy(struct outbox *ob, unsigned n, const struct outbox_slots *s, struct err *err)
{
	struct sealed_record r;
	enum err_code rc = make_dummy(ob, s, &r, err);

	if (rc == ERR_OK)
		rc = fill(ob, n, &r, err);
	sealed_record_clear(&r);
	return rc;
}

/* Chain what is in slot N as it is. ERR_ABSENT: the slot was never filled. */
static enum err_code
chain_slot(struct outbox *ob, unsigned n, struct err *err)
{
	struct sealed_record r = { .lane = LANE_CONCERNS };
	struct record view;
	struct buf wire;
	enum err_code rc = ob_query(ob, OB_SLOT_GET, "slot", err, "i", (int64_t)n);

	if (rc != ERR_OK)
		return rc;
	buf_init(&wire, RECORD_WIRE_MAX);
	rc = ob_blob_put(ob, OB_SLOT_GET, 0, &wire, err);
	ob_done(ob, OB_SLOT_GET);
	if (rc == ERR_OK)
		rc = record_read(wire.data, wire.len, &view, err);
	if (rc == ERR_OK && (view.erased || view.head.lane != LANE_CONCERNS || view.head.kind != RECORD_SEALED))
		rc = err_set(err, ERR_BROKEN, "slot %u holds no concern", n);
	if (rc == ERR_OK) {
		memcpy(r.id, view.head.id, 16);
		memcpy(r.header, view.header, RECORD_HEADER);
		r.n = view.head.n;
		memcpy(r.wraps, view.wraps, r.n * RECORD_WRAP);
		buf_init(&r.nonce_body, view.nonce_body_len);
		buf_put(&r.nonce_body, view.nonce_body, view.nonce_body_len);
		rc = buf_check(&r.nonce_body, err);
	}
	if (rc == ERR_OK)
		rc = ob_append(ob, &r, err);
	/* A commit that seemed to fail had chained it already: only the slot is left to be filled anew. */
	if (rc == ERR_EXISTS)
		rc = ERR_OK;
	sealed_record_clear(&r);
	buf_free(&wire);
	return rc;
}

/* When to rewrite an unused slot next: at random, about twice a slot, so that one slot changing by itself is an
 * everyday sight in two copies of the file. */
static int64_t
next_cover(const struct outbox_slots *s, int64_t boot_ms)
{
	return boot_ms + 1 + (int64_t)seal_random_below((uint32_t)(s->slot_ms > 4000000 ? 4000000 : s->slot_ms));
}

enum err_code
outbox_slots_start(struct outbox *ob, const struct outbox_slots *s, int64_t boot_ms, struct err *err)
{
	enum err_code rc = ob_enter(ob, err);

	if (rc == ERR_OK)
		rc = ob_begin(ob, err);
	if (rc != ERR_OK)
		goto out;
	for (unsigned n = 0; n < OB_SLOTS && rc == ERR_OK; n++) {
		rc = chain_slot(ob, n, err);
		if (rc == ERR_OK || rc == ERR_ABSENT)
			rc = fill_dummy(ob, n, s, err);
	}
	rc = ob_end(ob, rc, err);
	if (rc == ERR_OK) {
		memset(&ob->slots, 0, sizeof(ob->slots));
		ob->slots.started = true;
		ob->slots.end_ms = boot_ms + s->slot_ms;
		ob->slots.cover_ms = next_cover(s, boot_ms);
	}
out:
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

/* The used slot that was used first, or OB_SLOTS. */
static unsigned
oldest_used(const struct outbox *ob)
{
	unsigned best = OB_SLOTS;

	for (unsigned n = 0; n < OB_SLOTS; n++)
		if (ob->slots.used[n] && (best == OB_SLOTS || ob->slots.order[n] < ob->slots.order[best]))
			best = n;
	return best;
}

/* An unused slot, at random, or OB_SLOTS. */
static unsigned
any_unused(const struct outbox *ob)
{
	unsigned list[OB_SLOTS], n = 0;

	for (unsigned i = 0; i < OB_SLOTS; i++)
		if (!ob->slots.used[i])
			list[n++] = i;
	return n == 0 ? OB_SLOTS : list[seal_random_below(n)];
}

/* The end of a slot: one record joins the chain, a used one if there is any. A dummy is made anew first: its
 * bytes have then, like a concern's, never stood in an earlier copy of the file. */
static enum err_code
end_slot(struct outbox *ob, const struct outbox_slots *s, struct err *err)
{
	unsigned n = oldest_used(ob);
	bool used = n < OB_SLOTS;
	struct sealed_record dummy;
	enum err_code rc = ob_begin(ob, err);

	if (!used)
		n = any_unused(ob);
	memset(&dummy, 0, sizeof(dummy));
	if (rc != ERR_OK)
		return rc;
	if (used) {
		rc = chain_slot(ob, n, err);
	} else {
		rc = make_dummy(ob, s, &dummy, err);
		if (rc == ERR_OK)
			rc = ob_append(ob, &dummy, err);
	}
	if (rc == ERR_OK)
		rc = fill_dummy(ob, n, s, err);
	rc = ob_end(ob, rc, err);
	if (rc == ERR_OK)
		ob->slots.used[n] = false;
	sealed_record_clear(&dummy);
	return rc;
}

enum err_code
outbox_slots_tick(struct outbox *ob, const struct outbox_slots *s, int64_t boot_ms, struct err *err)
{
	enum err_code rc = ob_enter(ob, err);
	unsigned n;

	if (rc == ERR_OK && !ob->slots.started)
		rc = err_set(err, ERR_ABSENT, "the slots were not started");
	while (rc == ERR_OK && boot_ms >= ob->slots.end_ms) {
		rc = end_slot(ob, s, err);
		if (rc == ERR_OK)
			ob->slots.end_ms += s->slot_ms;
	}
	if (rc == ERR_OK && boot_ms >= ob->slots.cover_ms) {
		n = any_unused(ob);
		if (n < OB_SLOTS)
			rc = fill_dummy(ob, n, s, err);
		ob->slots.cover_ms = next_cover(s, boot_ms);
	}
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

enum err_code
outbox_put_concern(struct outbox *ob, const struct sealed_record *r, const struct outbox_slots *s,
	struct err *err)
{
	enum err_code rc = ob_enter(ob, err);
	unsigned n;

	if (rc == ERR_OK && !ob->slots.started)
		rc = err_set(err, ERR_ABSENT, "the slots were not started");
	if (rc == ERR_OK && r->lane != LANE_CONCERNS)
		rc = err_set(err, ERR_INPUT, "not sealed as a concern");
	/* A fifth concern within one slot is rather seen than turned away. */
	if (rc == ERR_OK && any_unused(ob) == OB_SLOTS)
		rc = end_slot(ob, s, err);
	if (rc == ERR_OK) {
		n = any_unused(ob);
		rc = fill(ob, n, r, err);
		if (rc == ERR_OK) {
			ob->slots.used[n] = true;
			ob->slots.order[n] = ob->slots.next_order++;
		}
	}
	pthread_mutex_unlock(&ob->lock);
	return rc;
}
