/* Answers into the outbox: finalised, sealed, committed, and only then thanked for. Lane 1 likewise, in its
 * slots. See inside.h. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "kiosk/inside.h"
#include "collector/words.h"

enum { XML_MAX = 1 << 20, DAY_S = 86400 };

struct clock_offset
keep_clock(struct kiosk *k)
{
	struct clock_offset at = { .s = 0 };
	uint8_t q = CLOCK_UNKNOWN;
	struct err err;

	at.quality = CLOCK_UNKNOWN;
	if (outbox_clock(k->ob, k->boot, &at.s, &q, &err) == ERR_OK)
		at.quality = (enum clock_quality)q;
	else
		at.s = 0;
	return at;
}

int64_t
keep_now(struct kiosk *k, enum clock_quality *quality)
{
	*quality = k->offset.quality;
	return k->offset.quality == CLOCK_UNKNOWN ? clock_now_s(k->clock) : clock_boot_ms(k->clock) / 1000 + k->offset.s;
}

bool
keep_can(const struct kiosk *k)
{
	return k->ring != NULL && !k->is_full && !k->is_revoked;
}

bool
keep_can_concern(const struct kiosk *k, bool tablet)
{
	return k->is_lane1_started && !k->is_revoked && catalog_concern(k->catalog) != NULL && !(tablet && k->conf->lan_plain);
}

enum err_code
keep_draw(const struct kiosk *k, struct receipt_draw *out, struct err *err)
{
	words_draw(out->words, ARRAY_LEN(out->words));
	return seal_withdraw(k->device, out->words, out->w, err);
}

void
keep_prepare(struct visit *v, const struct receipt_draw *draw)
{
	memcpy(v->receipt, draw->words, sizeof(v->receipt));
	memcpy(v->w, draw->w, sizeof(v->w));
	v->has_receipt = true;
}

/* Seal CONTENT for LANE to those whom the ring names today. */
static enum err_code
seal(struct kiosk *k, const struct shelf *shelf, enum plain_type type, const uint8_t id[16], const uint8_t *tag, uint8_t lane,
    const struct buf *content, int64_t *day, struct sealed_record *out, struct err *err)
{
	struct record_plain plain = { .type = type, .content = content->data, .len = content->len };
	struct seal_recipient to[RECORD_RECIPIENTS];
	enum clock_quality quality;
	int64_t now = keep_now(k, &quality);
	bool stale = false;
	enum err_code rc;
	size_t n = 0;

	*day = now / DAY_S;
	if (k->ring == NULL)
		return err_set(err, ERR_AGAIN, "there is no key ring to seal to");
	if (shelf != NULL)
		memcpy(plain.form, shelf->id, sizeof(plain.form));
	record_plain_time(&plain, k->clock, now - clock_now_s(k->clock), quality, k->boot);
	rc = keyring_recipients(k->ring, lane, *day, to, &n, &stale, err);
	if (rc != ERR_OK)
		return rc;
	if (stale)
		log_event("kiosk", "alarm=keyring_stale serial=%u", k->ring->serial);
	/* The words' days count from the first day that something vouches for (outbox_retain). */
	if (quality == CLOCK_UNKNOWN)
		*day = -*day;
	return seal_record(to, n, lane, k->device, id, tag, &plain, out, err);
}

enum err_code
keep_seal(struct kiosk *k, const struct shelf *shelf, enum plain_type type, const uint8_t id[16], const uint8_t *tag,
    const struct buf *content, int64_t *day, struct sealed_record *out, struct err *err)
{
	return seal(k, shelf, type, id, tag, LANE_ANSWERS, content, day, out, err);
}

/* Others go on while the disk is waited for. Nothing of V changes meanwhile: its own requests wait. */
static void
let_go(struct kiosk *k, struct visit *v)
{
	v->is_busy = true;
	pthread_mutex_unlock(&k->lock);
}

static void
come_back(struct kiosk *k, struct visit *v)
{
	pthread_mutex_lock(&k->lock);
	v->is_busy = false;
	pthread_cond_broadcast(&k->freed);
}

enum err_code
keep_answers(struct kiosk *k, struct visit *v, struct err *err)
{
	struct sealed_record record = { .n = 0 };
	uint8_t tag[16];
	enum err_code rc;
	struct buf xml;
	int64_t day;

	buf_init_secret(&xml, XML_MAX);
	chain_withdraw_tag(v->w, tag);
	rc = session_finalise(v->main.session, &xml, err);
	if (rc == ERR_OK)
		rc = seal(k, v->main.shelf, PLAIN_INSTANCE, v->record_id, tag, LANE_ANSWERS, &xml, &day, &record, err);
	if (rc == ERR_OK) {
		let_go(k, v);
		rc = outbox_put(k->ob, &record, day, err);
		come_back(k, v);
	}
	/* Sent twice: it is there, which is what was wanted. */
	if (rc == ERR_EXISTS)
		rc = ERR_OK;
	if (rc == ERR_OK) {
		k->kept++;
	} else {
		k->not_kept++;
		log_err("kiosk", "keep", err);
	}
	sealed_record_clear(&record);
	buf_free(&xml);
	return rc;
}

/* To whom, and when, lane 1 goes on. False while there is no ring. */
static bool
slots(struct kiosk *k, struct outbox_slots *s, struct seal_recipient to[RECORD_RECIPIENTS])
{
	enum clock_quality quality;
	int64_t now = keep_now(k, &quality);
	bool stale;
	struct err err;
	size_t n = 0;

	if (k->ring == NULL)
		return false;
	*s = (struct outbox_slots){ .to = to, .slot_ms = k->conf->concern_slot_s * 1000, .day = now / DAY_S };
	if (keyring_recipients(k->ring, LANE_CONCERNS, s->day, to, &n, &stale, &err) != ERR_OK)
		return false;
	s->n = n;
	record_plain_time(&s->time, k->clock, now - clock_now_s(k->clock), quality, k->boot);
	return true;
}

enum err_code
keep_concern(struct kiosk *k, struct visit *v, struct err *err)
{
	struct seal_recipient to[RECORD_RECIPIENTS];
	struct sealed_record record = { .n = 0 }, spare[OUTBOX_SPARES] = { { .n = 0 } };
	struct outbox_slots s;
	enum err_code rc;
	struct buf xml;
	int64_t day;

	buf_init_secret(&xml, XML_MAX);
	rc = session_finalise(v->concern.session, &xml, err);
	if (rc == ERR_OK)
		rc = seal(k, v->concern.shelf, PLAIN_INSTANCE, v->concern_id, NULL, LANE_CONCERNS, &xml, &day, &record, err);
	for (size_t i = 0; i < OUTBOX_SPARES && rc == ERR_OK; i++)
		rc = seal(k, v->concern.shelf, PLAIN_INSTANCE, NULL, NULL, LANE_CONCERNS, &xml, &day, &spare[i], err);
	if (rc == ERR_OK && (!k->is_lane1_started || !slots(k, &s, to)))
		rc = err_set(err, ERR_AGAIN, "lane 1 has not begun");
	if (rc == ERR_OK) {
		let_go(k, v);
		rc = outbox_put_concern_spares(k->ob, &record, spare, OUTBOX_SPARES, &s, err);
		come_back(k, v);
	}
	if (rc == ERR_EXISTS)
		rc = ERR_OK;
	/* No counter and no log line, whatever happens: they would tell. */
	sealed_record_clear(&record);
	for (size_t i = 0; i < OUTBOX_SPARES; i++)
		sealed_record_clear(&spare[i]);
	buf_free(&xml);
	return rc;
}

void
keep_tick(struct kiosk *k)
{
	struct seal_recipient to[RECORD_RECIPIENTS];
	struct outbox_slots s;
	bool can, is_started;
	struct err err;
	enum err_code rc;

	pthread_mutex_lock(&k->lock);
	can = slots(k, &s, to);
	is_started = k->is_lane1_started;
	pthread_mutex_unlock(&k->lock);
	if (!can)
		return;
	if (is_started) {
		rc = outbox_slots_tick(k->ob, &s, clock_boot_ms(k->clock), &err);
	} else {
		rc = outbox_slots_start(k->ob, &s, clock_boot_ms(k->clock), &err);
		pthread_mutex_lock(&k->lock);
		k->is_lane1_started = rc == ERR_OK;
		pthread_mutex_unlock(&k->lock);
	}
	if (rc != ERR_OK)
		log_err("kiosk", "slots", &err);
}
