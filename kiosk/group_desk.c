/* Focus groups: desks, locking, sealing. See group_desk.h; how one comes to a desk is group_door.c. */
#include "kiosk/group_desk.h"

#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/log.h"
#include "collector/words.h"

enum { LOCK_MS = 300000, POLL_MS = 1800000, DONE_MS = 900000, CODE_TRIES = 20, CODE_MS = 600000 };

int64_t
group_now(struct kiosk *k)
{
	enum clock_quality quality;

	return keep_now(k, &quality);
}

/* --- desks --- */

void
group_desk_clear(struct group_desk *d)
{
	buf_free(&d->words);
	buf_free(&d->sentence);
	buf_free(&d->minority);
	buf_free(&d->loaded);
	wipe(d, sizeof(*d));
}

struct group_desk *
group_desk_new(struct kiosk *k, const struct words *w, bool lead, bool lan)
{
	struct group_desk *d = NULL;

	for (size_t i = 0; i < GROUP_DESKS; i++) {
		struct group_desk *o = &k->group->desks[i];

		if (!o->is_open) {
			d = o;
			break;
		}
		if (!o->is_lead && (d == NULL || o->touched_ms < d->touched_ms))
			d = o;
	}
	if (d == NULL)
		return NULL;
	group_desk_clear(d);
	d->is_open = true;
	d->is_lead = lead;
	d->is_lan = lan;
	d->w = w;
	d->who = -1;
	d->touched_ms = clock_boot_ms(k->clock);
	seal_random(d->cookie, sizeof(d->cookie));
	seal_random(d->page, sizeof(d->page));
	buf_init_secret(&d->words, 64 << 10);
	buf_init_secret(&d->sentence, 64 << 10);
	buf_init_secret(&d->minority, 64 << 10);
	buf_init_secret(&d->loaded, 64 << 10);
	return d;
}

struct group_desk *
group_desk_of(struct kiosk *k, const struct http_request *r, bool lan)
{
	const char *code = guard_cookie_get(k, r, "g", lan);
	uint8_t cookie[16];

	if (code == NULL || !hex_get(code, strlen(code), cookie, sizeof(cookie)))
		return NULL;
	for (size_t i = 0; i < GROUP_DESKS; i++)
		if (k->group->desks[i].is_open && k->group->desks[i].is_lan == lan
		    && seal_equal(k->group->desks[i].cookie, cookie, sizeof(cookie)))
			return &k->group->desks[i];
	return NULL;
}

void
group_desk_pass_on(struct group_desk *d)
{
	wipe(d->ballot, sizeof(d->ballot));
	wipe(&d->ticked, sizeof(d->ticked));
	d->look = (struct group_look){ .size = 0 };
	d->has_ballot = d->is_looking = d->is_listening = false;
}

void
group_desk_cookie(const struct kiosk *k, const struct group_desk *d, bool lan, struct http_response *out)
{
	char code[33];

	hex_str(d->cookie, sizeof(d->cookie), code);
	guard_cookie(k, out, "g", code, lan);
	wipe(code, sizeof(code));
}

void
group_lock(struct kiosk *k)
{
	struct group *g = k->group->g;
	int64_t idle_s = (clock_boot_ms(k->clock) - k->group->touched_ms) / 1000;
	struct err err;

	/* The topic's time ends with the last press. If this cannot be kept, its notes tell how long it was. */
	if (g != NULL && g->draft != NULL && g->topic_since[g->topic] != 0
	    && group_pause(g, group_now(k) - idle_s, &err) != ERR_OK)
		log_err("kiosk", "group", &err);
	group_free(g);
	k->group->g = NULL;
	wipe(k->group->receipt, sizeof(k->group->receipt));
	wipe(k->group->w, sizeof(k->group->w));
	k->group->has_receipt = false;
	for (size_t i = 0; i < GROUP_DESKS; i++) {
		k->group->desks[i].is_passing = false;
		group_desk_pass_on(&k->group->desks[i]);
	}
}

void
group_end(struct kiosk *k)
{
	group_lock(k);
	for (size_t i = 0; i < GROUP_DESKS; i++)
		group_desk_clear(&k->group->desks[i]);
	k->group->has_session = k->group->is_sealed = false;
	wipe(k->group->code, sizeof(k->group->code));
}

enum err_code
group_open(struct kiosk *k, struct err *err)
{
	k->group = calloc(1, sizeof(*k->group));
	return k->group == NULL ? err_nomem(err) : ERR_OK;
}

void
group_close(struct kiosk *k)
{
	if (k->group == NULL)
		return;
	group_end(k);
	free(k->group);
	k->group = NULL;
}

bool
group_holds_forms(const struct kiosk *k)
{
	return k->group->g != NULL;
}

bool
group_is_desk(struct kiosk *k, const struct http_request *r, bool lan)
{
	return k->group->has_session && group_desk_of(k, r, lan) != NULL;
}

void
group_tick(struct kiosk *k)
{
	struct group_room *room = k->group;
	int64_t idle = clock_boot_ms(k->clock) - room->touched_ms;
	bool polls = false;

	if (!room->has_session)
		return;
	for (size_t i = 0; room->g != NULL && i < room->g->n_polls; i++)
		polls |= room->g->polls[i].is_open;
	if (room->is_sealed && idle > DONE_MS) {
		group_end(k);
	} else if (room->g != NULL && !room->is_sealed && idle > (polls ? POLL_MS : LOCK_MS)) {
		group_lock(k);
		log_event("kiosk", "group=locked");
	}
}

bool
group_did(struct kiosk *k, struct group_desk *d, enum err_code rc, const struct err *err)
{
	if (rc == ERR_OK)
		return true;
	switch (rc) {
	case ERR_INPUT:
	case ERR_ABSENT:
	case ERR_EXISTS:
	case ERR_DENIED:
		d->error = d->w->g_err_what;
		break;
	case ERR_LIMIT:
		d->error = d->w->g_err_full;
		break;
	case ERR_AGAIN:
		d->error = d->w->g_err_kept;
		break;
	default:
		/* What is on the disk is not known: only opening again tells. */
		log_err("kiosk", "group", err);
		d->error = d->w->g_err_kept;
		group_lock(k);
	}
	return false;
}

bool
group_may_try_code(struct kiosk *k)
{
	int64_t now = clock_boot_ms(k->clock);

	if (now - k->group->code_since_ms >= CODE_MS) {
		k->group->code_since_ms = now;
		k->group->code_tries = 0;
	}
	return k->group->code_tries < CODE_TRIES;
}

void
group_wrong(struct kiosk *k, const struct words *w, bool lan, struct http_response *out)
{
	struct visit *v = NULL;
	char cookie[CODE_LEN + 1];
	struct err err;

	if (flow_begin(k, "wrong", w->code, lan, &v, &err) != ERR_OK) {
		show_message(k, w, 200, w->wrong_title, w->wrong_call, out);
		return;
	}
	visit_code(v, cookie);
	http_see_other(out, "/s");
	guard_cookie(k, out, "v", cookie, lan);
	wipe(cookie, sizeof(cookie));
}

/* --- sealing --- */

static int64_t
env_now(void *arg)
{
	return group_now(arg) * 1000;
}

static void
env_random(void *arg, void *out, size_t len)
{
	(void)arg;
	seal_random(out, len);
}

enum err_code
group_seal(struct kiosk *k, struct err *err)
{
	struct group_room *room = k->group;
	struct sealed_record record = { .n = 0 };
	struct session_env env = { .now_ms = env_now, .random = env_random, .arg = k, .device_id = k->device_text,
	    .language = room->g->guide.language };
	uint8_t tag[16];
	enum err_code rc = ERR_OK;
	struct buf xml;
	int64_t day = 0;

	if (!room->has_receipt) {
		words_draw(room->receipt, ARRAY_LEN(room->receipt));
		rc = seal_withdraw(k->device, room->receipt, room->w, err);
		room->has_receipt = rc == ERR_OK;
	}
	buf_init_secret(&xml, 1 << 20);
	chain_withdraw_tag(room->w, tag);
	if (rc == ERR_OK)
		rc = group_instance(room->g, &env, group_now(k), &xml, err);
	if (rc == ERR_OK)
		rc = keep_seal(k, room->g->guide.shelf, PLAIN_INSTANCE, room->id, tag, &xml, &day, &record, err);
	if (rc == ERR_OK)
		rc = draft_close(room->g->draft, &record, day, err);
	if (rc == ERR_OK) {
		k->kept++;
		room->is_sealed = true;
		draft_free(room->g->draft);
		room->g->draft = NULL;
		log_event("kiosk", "group=sealed");
	}
	wipe(tag, sizeof(tag));
	sealed_record_clear(&record);
	buf_free(&xml);
	return rc;
}
