/* Concerns in slots: table slot always holds four sealed records of one size. Which of them are real is known
 * only to the kiosk's memory; nothing on the disk says it. So after a restart all four are chained, whatever
 * they are. docs/sealing.md, "Lane 1", says what an observer of the file sees.
 *
 * Whatever happens to a dummy happens to a concern: each stands in other bytes after the end of a slot, and now and
 * then in between, and what is chained has never stood in the table. For a dummy that is easy. A concern is sealed
 * several times when it is raised; the kiosk keeps the further sealings, which it cannot open, until one of them, and
 * one only, is chained. */
#include "collector/outbox.h"

#include <stdlib.h>
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

/* --- what stands in a slot --- */

static void
forget(struct ob_family *f)
{
	for (size_t i = 0; i < f->n; i++)
		sealed_record_clear(&f->spare[i]);
	free(f->spare);
	memset(f, 0, sizeof(*f));
}

void
ob_slots_clear(struct outbox *ob)
{
	for (unsigned n = 0; n < OB_SLOTS; n++)
		forget(&ob->slots.family[n]);
	memset(&ob->slots, 0, sizeof(ob->slots));
}

static bool
is_of(const struct ob_family *f, const uint8_t id[16])
{
	bool found = memcmp(f->first, id, 16) == 0;

	for (size_t i = 0; i < f->n; i++)
		found |= memcmp(f->spare[i].id, id, 16) == 0;
	return found;
}

/* Is slot N still what we believe it is? After a commit that seemed to fail and did not, a dummy stands there: the
 * concern is in the chain. */
static enum err_code
still_stands(struct outbox *ob, unsigned n, bool *out, struct err *err)
{
	struct record view;
	struct buf wire;
	enum err_code rc = ob_query(ob, OB_SLOT_GET, "slot", err, "i", (int64_t)n);

	*out = false;
	if (rc != ERR_OK)
		return rc;
	buf_init(&wire, RECORD_WIRE_MAX);
	rc = ob_blob_put(ob, OB_SLOT_GET, 0, &wire, err);
	ob_done(ob, OB_SLOT_GET);
	if (rc == ERR_OK)
		rc = record_view(wire.data, wire.len, &view, err);
	if (rc == ERR_OK)
		*out = is_of(&ob->slots.family[n], view.head.id);
	buf_free(&wire);
	return rc;
}

/* Other bytes into slot N: a new dummy, or the next sealing of the concern that is there (if none is left, it stays).
 * *MOVED: a sealing was taken; the caller counts it once it is committed. */
static enum err_code
write_anew(struct outbox *ob, unsigned n, const struct outbox_slots *s, bool *moved, struct err *err)
{
	const struct ob_family *f = &ob->slots.family[n];

	*moved = false;
	if (!ob->slots.used[n])
		return fill_dummy(ob, n, s, err);
	if (f->next == f->n)
		return ERR_OK;
	*moved = true;
	return fill(ob, n, &f->spare[f->next], err);
}

/* --- by the clock --- */

/* When single slots are written anew between the ends of two: 0 to 24 times, at random. So many, and so differently
 * many, that one more or less, which is a concern, is no news. */
static void
plan_covers(struct outbox *ob, const struct outbox_slots *s, int64_t begin_ms)
{
	ob->slots.n_covers = seal_random_below(OB_COVERS + 1);
	for (unsigned i = 0; i < ob->slots.n_covers; i++)
		ob->slots.cover_ms[i] = begin_ms + 1 + (int64_t)seal_random_below((uint32_t)s->slot_ms);
}

/* The next cover that is due by BOOT_MS, or OB_COVERS. */
static unsigned
next_cover(const struct outbox *ob, int64_t boot_ms)
{
	unsigned best = OB_COVERS;

	for (unsigned i = 0; i < ob->slots.n_covers; i++)
		if (ob->slots.cover_ms[i] <= boot_ms && (best == OB_COVERS || ob->slots.cover_ms[i] < ob->slots.cover_ms[best]))
			best = i;
	return best;
}

static void
drop_cover(struct outbox *ob, unsigned i)
{
	if (i < ob->slots.n_covers)
		ob->slots.cover_ms[i] = ob->slots.cover_ms[--ob->slots.n_covers];
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
		ob_slots_clear(ob);
		ob->slots.started = true;
		ob->slots.end_ms = boot_ms + s->slot_ms;
		plan_covers(ob, s, boot_ms);
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

static enum err_code
append_dummy(struct outbox *ob, const struct outbox_slots *s, struct err *err)
{
	struct sealed_record dummy;
	enum err_code rc = make_dummy(ob, s, &dummy, err);

	if (rc == ERR_OK)
		rc = ob_append(ob, &dummy, err);
	sealed_record_clear(&dummy);
	return rc;
}

/* The end of a slot: one record joins the chain, a concern if there is one, else a new dummy; and all four slots are
 * written anew. */
static enum err_code
end_slot(struct outbox *ob, const struct outbox_slots *s, struct err *err)
{
	unsigned n = oldest_used(ob);
	bool stands = false, moved[OB_SLOTS] = { false };
	enum err_code rc = ERR_OK;

	while (rc == ERR_OK && n < OB_SLOTS && !stands) {
		rc = still_stands(ob, n, &stands, err);
		if (rc == ERR_OK && !stands) {
			ob->slots.used[n] = false;
			forget(&ob->slots.family[n]);
			n = oldest_used(ob);
		}
	}
	if (rc == ERR_OK)
		rc = ob_begin(ob, err);
	if (rc != ERR_OK)
		return rc;
	if (n == OB_SLOTS)
		rc = append_dummy(ob, s, err);
	else if (ob->slots.family[n].next < ob->slots.family[n].n)
		rc = ob_append(ob, &ob->slots.family[n].spare[ob->slots.family[n].next], err);
	else
		rc = chain_slot(ob, n, err);
	for (unsigned i = 0; i < OB_SLOTS && rc == ERR_OK; i++)
		rc = i == n ? fill_dummy(ob, i, s, err) : write_anew(ob, i, s, &moved[i], err);
	rc = ob_end(ob, rc, err);
	if (rc != ERR_OK)
		return rc;
	for (unsigned i = 0; i < OB_SLOTS; i++)
		ob->slots.family[i].next += moved[i];
	if (n < OB_SLOTS) {
		ob->slots.used[n] = false;
		forget(&ob->slots.family[n]);
	}
	return ERR_OK;
}

enum err_code
outbox_slots_tick(struct outbox *ob, const struct outbox_slots *s, int64_t boot_ms, struct err *err)
{
	enum err_code rc = ob_enter(ob, err);
	unsigned cover, n;
	bool moved;

	if (rc == ERR_OK && !ob->slots.started)
		rc = err_set(err, ERR_ABSENT, "the slots were not started");
	while (rc == ERR_OK && (cover = next_cover(ob, boot_ms)) < OB_COVERS) {
		n = seal_random_below(OB_SLOTS);
		rc = write_anew(ob, n, s, &moved, err);
		if (rc == ERR_OK)
			ob->slots.family[n].next += moved;
		drop_cover(ob, cover);
	}
	while (rc == ERR_OK && boot_ms >= ob->slots.end_ms) {
		rc = end_slot(ob, s, err);
		if (rc == ERR_OK) {
			plan_covers(ob, s, ob->slots.end_ms);
			ob->slots.end_ms += s->slot_ms;
		}
	}
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

/* Is a concern of that first sealing in a slot already (it was raised again, its answer having been lost)? */
static bool
is_raised(const struct outbox *ob, const uint8_t id[16])
{
	for (unsigned n = 0; n < OB_SLOTS; n++)
		if (ob->slots.used[n] && memcmp(ob->slots.family[n].first, id, 16) == 0)
			return true;
	return false;
}

/* Move SPARE into F. */
static enum err_code
keep_spares(struct ob_family *f, const uint8_t first[16], struct sealed_record *spare, size_t n, struct err *err)
{
	f->spare = n == 0 ? NULL : calloc(n, sizeof(*f->spare));
	if (n > 0 && f->spare == NULL)
		return err_nomem(err);
	memcpy(f->first, first, 16);
	for (size_t i = 0; i < n; i++) {
		f->spare[i] = spare[i];
		memset(&spare[i], 0, sizeof(spare[i]));
	}
	f->n = n;
	return ERR_OK;
}

enum err_code
outbox_put_concern_spares(struct outbox *ob, const struct sealed_record *r, struct sealed_record *spare, size_t n_spare,
	const struct outbox_slots *s, struct err *err)
{
	enum err_code rc = ob_enter(ob, err);
	unsigned n;

	if (rc == ERR_OK && !ob->slots.started)
		rc = err_set(err, ERR_ABSENT, "the slots were not started");
	if (rc == ERR_OK && r->lane != LANE_CONCERNS)
		rc = err_set(err, ERR_INPUT, "not sealed as a concern");
	if (rc != ERR_OK || is_raised(ob, r->id))
		goto out;
	/* A fifth concern within one slot is rather seen than turned away. */
	if (any_unused(ob) == OB_SLOTS)
		rc = end_slot(ob, s, err);
	n = any_unused(ob);
	if (rc == ERR_OK)
		rc = fill(ob, n, r, err);
	if (rc == ERR_OK) {
		struct err ignored;

		/* Without memory for them it is a concern all the same, which then stands as it is. */
		if (keep_spares(&ob->slots.family[n], r->id, spare, n_spare, &ignored) != ERR_OK)
			memcpy(ob->slots.family[n].first, r->id, 16);
		ob->slots.used[n] = true;
		ob->slots.order[n] = ob->slots.next_order++;
		drop_cover(ob, next_cover(ob, INT64_MAX));	/* this was it */
	}
out:
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

enum err_code
outbox_put_concern(struct outbox *ob, const struct sealed_record *r, const struct outbox_slots *s,
	struct err *err)
{
	return outbox_put_concern_spares(ob, r, NULL, 0, s, err);
}
