/* Focus groups: the ways to a desk. The door behind the staff's PIN, setting up, the passphrase again or its loss, a
 * second tablet's code; and what every page of a session passes through. See group_desk.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/log.h"
#include "collector/words.h"
#include "kiosk/group_desk.h"
#include "kiosk/templates.h"

enum { WAIT_MAX_S = 900, DAY_S = 86400, LINES_MAX = 1 << 20, DRAFTS = 6 };

static bool
is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* --- wrong passphrases: counted in site.db, so that pulling the plug does not forget them --- */

struct tries { unsigned n; int64_t until_ms; };

static struct tries
tries_get(struct kiosk *k)
{
	struct tries t = { 0, 0 };
	struct buf b;
	struct err err;

	buf_init(&b, 64);
	if (outbox_meta(k->ob, "group.tries", &b, &err) == ERR_OK && b.len == 28) {
		t.n = be32(b.data + 16);
		t.until_ms = (int64_t)be64(b.data + 20);
		if (memcmp(b.data, k->boot, 16) != 0)
			t.until_ms = clock_boot_ms(k->clock) < 60000 ? 60000 : 0;
	}
	buf_free(&b);
	return t;
}

static void
tries_put(struct kiosk *k, unsigned n)
{
	int64_t s = n == 0 ? 0 : 1LL << (n - 1);
	struct buf b;
	struct err err;

	s = s > WAIT_MAX_S ? WAIT_MAX_S : s;
	buf_init(&b, 64);
	if (n > 0) {
		buf_put(&b, k->boot, 16);
		buf_u32(&b, n);
		buf_u64(&b, (uint64_t)(clock_boot_ms(k->clock) + s * 1000));
	}
	if (outbox_meta_put(k->ob, "group.tries", b.data, b.len, &err) != ERR_OK)
		log_err("kiosk", "group", &err);
	buf_free(&b);
}

static int64_t
wait_s(struct kiosk *k)
{
	struct tries t = tries_get(k);
	int64_t left = t.until_ms - clock_boot_ms(k->clock);

	return left <= 0 ? 0 : (left + 999) / 1000;
}

static const char *
wait_text(struct kiosk *k, const struct words *w, const char *text, struct arena *a)
{
	return text_fill(a, text, text_count(a, w, &w->seconds, (uint64_t)wait_s(k)), NULL);
}

/* --- beginning and going on --- */

/* Blanks as people type them: "Anchor  velvet" is "anchor velvet". */
static void
tidy_pass(const char *text, struct buf *out)
{
	bool gap = false;

	for (; *text != '\0'; text++) {
		if (*text == ' ' || *text == '\t' || *text == '\n' || *text == '\r') {
			gap = out->len > 0;
			continue;
		}
		if (gap)
			buf_putc(out, ' ');
		gap = false;
		buf_putc(out, *text >= 'A' && *text <= 'Z' ? (char)(*text + 32) : *text);
	}
}

static void
draw_join_code(char out[GROUP_CODE + 1])
{
	static const char letters[] = "abcdefghjkmnpqrstuvwxyz";

	for (size_t i = 0; i < GROUP_CODE; i++)
		out[i] = letters[seal_random_below(sizeof(letters) - 1)];
	out[GROUP_CODE] = '\0';
}

static void
take_session(struct kiosk *k, struct group *g)
{
	struct group_room *room = k->group;

	room->g = g;
	memcpy(room->id, draft_id(g->draft), 16);
	room->has_session = true;
	room->is_sealed = false;
	room->touched_ms = clock_boot_ms(k->clock);
	if (room->code[0] == '\0')
		draw_join_code(room->code);
}

static enum err_code
recipients(struct kiosk *k, struct seal_recipient to[RECORD_RECIPIENTS], size_t *n, int64_t *day, struct err *err)
{
	bool stale;

	*day = group_now(k) / DAY_S;
	if (k->ring == NULL)
		return err_set(err, ERR_AGAIN, "there is no key ring to seal to");
	return keyring_recipients(k->ring, LANE_ANSWERS, *day, to, n, &stale, err);
}

struct setup {
	const struct shelf *shelf;
	struct group_guide guide;
	const char *place, *leader;
};

static const char *
option_value(const struct group_option *list, size_t n, const char *value)
{
	for (size_t i = 0; i < n; i++)
		if (is(list[i].id, value))
			return list[i].id;
	return NULL;
}

/* The draft is made without the kiosk's lock: the passphrase takes its time. */
static enum err_code
begin(struct kiosk *k, const struct setup *s, const struct words *w, const char *pass, struct err *err)
{
	struct seal_recipient to[RECORD_RECIPIENTS];
	struct draft *draft = NULL;
	struct group *g = NULL;
	uint8_t id[16];
	int64_t day;
	size_t n = 0;
	enum err_code rc = recipients(k, to, &n, &day, err);

	if (rc != ERR_OK)
		return rc;
	k->group->is_busy = true;
	pthread_mutex_unlock(&k->lock);
	rc = draft_new(k->ob, s->shelf->id, day, pass, strlen(pass), to, n, &draft, err);
	pthread_mutex_lock(&k->lock);
	k->group->is_busy = false;
	if (rc != ERR_OK)
		return rc;
	memcpy(id, draft_id(draft), 16);
	rc = group_begin(draft, &s->guide, s->place, s->leader, w->tag, &g, err);
	if (rc != ERR_OK) {
		struct err why;

		if (draft_drop(k->ob, id, &why) != ERR_OK)
			log_err("kiosk", "group", &why);
		return rc;
	}
	take_session(k, g);
	log_event("kiosk", "group=begun");
	return ERR_OK;
}

static enum err_code
resume(struct kiosk *k, const uint8_t id[16], const char *pass, struct err *err)
{
	struct draft *draft = NULL;
	struct group *g = NULL;
	struct buf lines;
	enum err_code rc;

	buf_init_secret(&lines, LINES_MAX);
	k->group->is_busy = true;
	pthread_mutex_unlock(&k->lock);
	rc = draft_open(k->ob, id, pass, strlen(pass), group_collect, &lines, &draft, err);
	pthread_mutex_lock(&k->lock);
	k->group->is_busy = false;
	if (rc == ERR_OK)
		rc = group_resume(draft, k->catalog, &lines, &g, err);
	buf_free(&lines);
	if (rc == ERR_DENIED) {
		unsigned n = tries_get(k).n;

		tries_put(k, n < 20 ? n + 1 : 20);
		log_event("kiosk", "group=refused tries=%u", n + 1);
	} else if (rc == ERR_OK) {
		tries_put(k, 0);
		take_session(k, g);
		log_event("kiosk", "group=resumed");
		if (g->no[GROUP_NOTING] >= 0 && group_again(g, group_now(k), err) != ERR_OK)
			log_err("kiosk", "group", err);
	}
	return rc;
}

/* --- the door --- */

static void
door(struct kiosk *k, const struct words *w, const char *error, struct http_response *out)
{
	struct arena *a = out->arena;
	struct draft_about drafts[DRAFTS];
	struct group_row_view rows[DRAFTS];
	struct group_view v = { .rows = rows, .action = "/group", .error = error };
	struct err err;
	size_t n = 0;

	group_frame(k, w, &v, w->g_title, "new", w->g_new);
	v.lead = w->g_door_lead;
	if (draft_list(k->ob, drafts, DRAFTS, &n, &err) != ERR_OK)
		log_err("kiosk", "group", &err);
	for (size_t i = 0; i < n; i++) {
		char hex[33];
		struct buf day;

		if (k->group->has_session && memcmp(drafts[i].id, k->group->id, 16) == 0 && k->group->g != NULL)
			continue;
		hex_str(drafts[i].id, 16, hex);
		buf_init(&day, 200);
		words_date(&day, w, drafts[i].day, DATE_DAY);
		rows[v.n_rows++] = (struct group_row_view){ .who = "", .go_label = "", .sub = "",
		    .text = text_fill(a, w->g_draft_of, text_of(a, "%s", buf_str(&day)), text_of(a, "%u", drafts[i].lines)),
		    .go = text_of(a, "%s", hex) };
		buf_free(&day);
	}
	v.is_open = k->group->has_session && k->group->g != NULL && !k->group->is_sealed;
	v.f.has_back = false;
	page_kiosk_group_door(&out->body, &v);
}

static void
need_staff(struct kiosk *k, const struct words *w, struct http_response *out)
{
	struct line_view lines[] = { { w->g_need_staff } };
	struct link_view links[] = { { "/staff", w->staff_title, w->tag }, { "/j", w->g_join, w->tag } };
	struct message_view m = { .heading = w->g_title, .lines = lines, .n_lines = 1, .links = links, .n_links = 2,
	    .action = "/group", .icon = "" };

	show_frame(k, w, &m.f, w->g_title);
	page_kiosk_message(&out->body, &m);
}

/* --- set up --- */

static struct group_chip_view *
chips_of(struct arena *a, const char *id, const struct group_option *list, size_t n, const char *chosen)
{
	struct group_chip_view *c = arena_calloc(a, n + 1, sizeof(*c));

	for (size_t i = 0; c != NULL && i < n; i++)
		c[i] = (struct group_chip_view){ .id = text_of(a, "%s-%zu", id, i), .value = list[i].id, .label = list[i].label,
		    .sub = "", .checked = is(list[i].id, chosen) };
	return c;
}

/* The guides that can be used, and the one that is asked for: NULL where there are several and none was chosen. */
static size_t
guides(const struct kiosk *k, const char *chosen, const struct shelf **out, size_t max, const struct shelf **one)
{
	size_t n = 0;

	*one = NULL;
	for (size_t i = 0; i < k->catalog->n && n < max; i++) {
		const struct shelf *s = &k->catalog->shelf[i];
		struct group_guide guide;
		char hex[33];
		struct err err;

		if (!s->is_group)
			continue;
		if (group_guide_read(s, 0, &guide, &err) == ERR_OK) {
			hex_str(s->id, 16, hex);
			if (is(hex, chosen))
				*one = s;
			out[n++] = s;
		} else {
			log_err("kiosk", "guide", &err);
		}
		group_guide_clear(&guide);
	}
	if (n == 1)
		*one = out[0];
	return n;
}

/* Minutes of all topics: "5 topics, 60 minutes". */
static const char *
guide_length(const struct words *w, const struct group_guide *g, struct arena *a)
{
	unsigned minutes = 0;

	for (size_t i = 0; i < g->n_topics; i++)
		minutes += g->topics[i].minutes;
	return text_fill(a, w->g_guide_length, text_of(a, "%zu", g->n_topics), text_of(a, "%u", minutes));
}

/* Several guides: which one. Their places and roles may differ, so this is asked first. */
static void
guides_page(struct kiosk *k, const struct words *w, const struct shelf **list, size_t n, struct http_response *out)
{
	struct group_row_view rows[GROUP_OPTIONS];
	struct group_view v = { .action = "/group/new", .rows = rows };
	struct arena *a = out->arena;

	group_frame(k, w, &v, w->g_guide, "pick", "");
	for (size_t i = 0; i < n; i++) {
		struct group_guide guide;
		char hex[33];
		struct err err;

		hex_str(list[i]->id, 16, hex);
		rows[v.n_rows] = (struct group_row_view){ .who = "", .sub = "", .text = shelf_title(list[i], w->code), .go = text_of(a, "%s", hex),
		    .go_label = w->continue_ };
		if (group_guide_read(list[i], shelf_language(list[i], w->tag), &guide, &err) == ERR_OK)
			rows[v.n_rows].sub = guide_length(w, &guide, a);
		group_guide_clear(&guide);
		v.n_rows++;
	}
	page_kiosk_group_guides(&out->body, &v);
}

static void
setup_page(struct kiosk *k, const struct words *w, const struct http_request *r, const char *error,
    struct http_response *out)
{
	const struct shelf *list[GROUP_OPTIONS], *one;
	struct group_guide guide = { .n_topics = 0 };
	struct group_view v = { .action = "/group/new", .error = error };
	struct arena *a = out->arena;
	const char *pass = field_text(r, "pass");
	uint16_t offered[GROUP_PASS_WORDS];
	char hex[33];
	struct buf text;
	struct err err;
	const char *go = field_text(r, "go");
	/* The button of a guide is its name. */
	size_t n = guides(k, strlen(go) == 32 ? go : field_text(r, "guide"), list, ARRAY_LEN(list), &one);

	if (n == 0 || !keep_can(k)) {
		show_message(k, w, 200, w->g_title, n == 0 ? w->g_no_guide : w->attract_full, out);
		return;
	}
	if (one == NULL) {
		guides_page(k, w, list, n, out);
		return;
	}
	group_frame(k, w, &v, w->g_setup, "begin", w->continue_);
	v.f.steps = text_fill(a, w->of_n, "1", "7");
	v.f.pebbles = arena_calloc(a, 7, sizeof(*v.f.pebbles));
	if (v.f.pebbles != NULL) {
		v.f.pebbles[0].now = true;
		v.f.n_pebbles = 7;
	}
	if (group_guide_read(one, shelf_language(one, w->tag), &guide, &err) != ERR_OK) {
		log_err("kiosk", "guide", &err);
		show_message(k, w, 200, w->g_title, w->g_no_guide, out);
		group_guide_clear(&guide);
		return;
	}
	hex_str(one->id, 16, hex);
	v.id = text_of(a, "%s", hex);
	v.lead = shelf_title(one, w->code);
	v.note = guide_length(w, &guide, a);
	v.places = chips_of(a, "place", guide.places, guide.n_places, field_text(r, "place"));
	v.n_places = v.places == NULL ? 0 : guide.n_places;
	v.leaders = chips_of(a, "leader", guide.leaders, guide.n_leaders, field_text(r, "leader"));
	v.n_leaders = v.leaders == NULL ? 0 : guide.n_leaders;
	if (pass[0] == '\0') {
		buf_init_secret(&text, 256);
		words_draw(offered, ARRAY_LEN(offered));
		words_put(words_language(w->code), offered, ARRAY_LEN(offered), &text);
		pass = text_of(a, "%s", buf_str(&text));
		wipe(offered, sizeof(offered));
		buf_free(&text);
	}
	v.pass = pass;
	page_kiosk_group_setup(&out->body, &v);
	group_guide_clear(&guide);
}

static void
set_up(struct kiosk *k, const struct http_request *r, bool lan, const struct words *w, struct http_response *out)
{
	const struct shelf *list[GROUP_OPTIONS];
	struct setup s = { .shelf = NULL };
	const char *error = "";
	struct group_desk *d = NULL;
	struct buf pass;
	struct err err;
	enum err_code rc = ERR_OK;

	(void)guides(k, field_text(r, "guide"), list, ARRAY_LEN(list), &s.shelf);
	buf_init_secret(&pass, DRAFT_PASS_MAX + 8);
	tidy_pass(field_text(r, "pass"), &pass);
	if (s.shelf != NULL) {
		rc = group_guide_read(s.shelf, shelf_language(s.shelf, w->tag), &s.guide, &err);
		s.place = option_value(s.guide.places, s.guide.n_places, field_text(r, "place"));
		s.leader = option_value(s.guide.leaders, s.guide.n_leaders, field_text(r, "leader"));
	}
	/* One that is sealed is over, even if nobody pressed Finished. */
	if (k->group->is_busy || (k->group->has_session && k->group->g != NULL && !k->group->is_sealed))
		error = w->g_err_open;
	else if (s.shelf == NULL || rc != ERR_OK)
		error = w->g_err_guide;
	else if (s.place == NULL || s.leader == NULL)
		error = w->g_err_setup;
	else if (pass.failed != ERR_OK || pass.len < DRAFT_PASS_MIN || pass.len > DRAFT_PASS_MAX)
		error = w->g_err_pass;
	if (error[0] == '\0') {
		/* A session that is locked stays a draft; its desks go. */
		group_end(k);
		rc = begin(k, &s, w, buf_str(&pass), &err);
		if (rc == ERR_OK)
			d = group_desk_new(k, w, true, lan);
		if (d == NULL) {
			log_err("kiosk", "group", &err);
			error = w->g_err_kept;
		}
	}
	buf_free(&pass);
	group_guide_clear(&s.guide);
	if (d == NULL) {
		setup_page(k, w, r, error, out);
		return;
	}
	http_see_other(out, "/group/s");
	group_desk_cookie(k, d, lan, out);
}

/* --- going on --- */

static void
pass_page(struct kiosk *k, const struct words *w, const char *id, const char *heading, const char *error, bool lost,
    struct http_response *out)
{
	struct group_view v = { .action = "/group/open", .id = id, .error = error, .lead = w->g_resume_hint };

	group_frame(k, w, &v, heading, "open", w->g_resume);
	v.f.has_back = false;
	v.f.other = lost ? "lost" : "leave";
	v.f.other_label = lost ? w->g_lost : w->g_leave;
	page_kiosk_group_pass(&out->body, &v);
}

static const char *
why_not(struct kiosk *k, const struct words *w, enum err_code rc, struct arena *a)
{
	if (rc == ERR_DENIED)
		return wait_text(k, w, w->g_pass_wrong, a);
	if (rc == ERR_BROKEN)
		return w->g_pass_broken;
	if (rc == ERR_ABSENT)
		return w->g_no_guide;
	return w->g_err_kept;
}

/* The passphrase from staff at the door, or from a desk whose session is locked. */
static void
open_again(struct kiosk *k, const struct http_request *r, bool lan, const struct words *w, struct group_desk *d,
    struct http_response *out)
{
	const char *hex = field_text(r, "d");
	char own[33];
	uint8_t id[16];
	enum err_code rc = ERR_AGAIN;
	struct buf pass;
	struct err err = { .code = ERR_OK };

	if (d != NULL) {
		hex_str(k->group->id, 16, own);
		hex = own;
	}
	if (!hex_get(hex, strlen(hex), id, sizeof(id))) {
		http_see_other(out, "/group");
		return;
	}
	/* Already open: another desk was quicker, or the button was pressed twice. */
	if (k->group->g != NULL) {
		http_see_other(out, d != NULL ? "/group/s" : "/group");
		return;
	}
	if (k->group->is_busy || wait_s(k) > 0) {
		pass_page(k, w, hex, w->g_resume, wait_text(k, w, w->g_wait, out->arena), d == NULL, out);
		return;
	}
	buf_init_secret(&pass, DRAFT_PASS_MAX + 8);
	tidy_pass(field_text(r, "pass"), &pass);
	if (pass.failed == ERR_OK)
		rc = resume(k, id, buf_str(&pass), &err);
	buf_free(&pass);
	if (rc != ERR_OK) {
		if (rc != ERR_DENIED)
			log_err("kiosk", "group", &err);
		pass_page(k, w, text_of(out->arena, "%s", hex), w->g_resume, why_not(k, w, rc, out->arena), d == NULL, out);
		return;
	}
	if (d == NULL) {
		/* Desks of another session that was locked go. */
		for (size_t i = 0; i < GROUP_DESKS; i++)
			group_desk_clear(&k->group->desks[i]);
		d = group_desk_new(k, w, true, lan);
		d->at = k->group->g->n_notes > 0 || k->group->g->no[GROUP_NOTING] >= 0 ? GROUP_AT_TALK : GROUP_AT_WHO;
	}
	http_see_other(out, "/group/s");
	group_desk_cookie(k, d, lan, out);
}

/* The passphrase is lost: send it as it is, or delete it. Both only when asked for. */
static enum err_code
send_unopened(struct kiosk *k, const uint8_t id[16], struct err *err)
{
	struct sealed_record record = { .n = 0 };
	struct buf packed;
	enum err_code rc;
	int64_t day = 0;

	buf_init(&packed, RECORD_PLAIN_MAX);
	rc = draft_pack(k->ob, id, &packed, err);
	if (rc == ERR_OK)
		rc = keep_seal(k, NULL, PLAIN_DRAFT, id, NULL, &packed, &day, &record, err);
	if (rc == ERR_OK)
		rc = draft_send(k->ob, id, &record, day, err);
	sealed_record_clear(&record);
	buf_free(&packed);
	return rc;
}

static void
lost_page(struct kiosk *k, const struct words *w, const char *id, const char *error, struct http_response *out)
{
	struct group_view v = { .action = "/group/lost", .id = id, .error = error, .lead = w->g_lost_text, .note = w->g_lost_drop_text };

	group_frame(k, w, &v, w->g_lost, "send", w->g_lost_send);
	v.f.has_back = false;
	v.f.other = "drop";
	v.f.other_label = w->g_lost_drop;
	page_kiosk_group_lost(&out->body, &v);
}

static void
lost(struct kiosk *k, const struct http_request *r, const struct words *w, struct http_response *out)
{
	const char *go = field_text(r, "go"), *hex = field_text(r, "d");
	enum err_code rc = ERR_OK;
	uint8_t id[16];
	struct err err;

	/* Not while it is open, nor while somebody's passphrase for it is being tried. */
	if (!hex_get(hex, strlen(hex), id, sizeof(id)) || k->group->g != NULL || k->group->is_busy) {
		http_see_other(out, "/group");
		return;
	}
	if (is(go, "send"))
		rc = send_unopened(k, id, &err);
	else if (is(go, "drop"))
		rc = draft_drop(k->ob, id, &err);
	else {
		lost_page(k, w, hex, "", out);
		return;
	}
	if (rc != ERR_OK && rc != ERR_ABSENT) {
		log_err("kiosk", "group", &err);
		lost_page(k, w, hex, w->g_err_kept, out);
		return;
	}
	group_end(k);
	log_event("kiosk", "group=%s", is(go, "send") ? "sent_unopened" : "deleted");
	http_see_other(out, "/group");
}

/* --- a second tablet --- */

static void
join_page(struct kiosk *k, const struct words *w, const char *code, const char *error, struct http_response *out)
{
	struct group_view v = { .action = "/j", .code = code, .error = error, .lead = w->g_join_text };

	group_frame(k, w, &v, w->g_join, "join", w->g_join);
	v.f.has_back = false;
	page_kiosk_group_join(&out->body, &v);
}

static void
join(struct kiosk *k, const struct http_request *r, bool lan, const struct words *w, struct http_response *out)
{
	const char *code = field_text(r, "code");
	struct group_desk *d;

	if (!group_may_try_code(k)) {
		join_page(k, w, "", w->g_err_code_wait, out);
		return;
	}
	if (k->group->g == NULL || k->group->is_sealed || strlen(code) != GROUP_CODE
	    || !seal_equal(code, k->group->code, GROUP_CODE)) {
		k->group->code_tries++;
		join_page(k, w, "", w->g_err_code, out);
		return;
	}
	d = group_desk_of(k, r, lan);
	if (d == NULL)
		d = group_desk_new(k, w, false, lan);
	if (d == NULL) {
		join_page(k, w, "", w->g_err_desks, out);
		return;
	}
	if (d->at == GROUP_AT_WHO && group_present(k->group->g) > 0)
		d->at = GROUP_AT_TALK;
	log_event("kiosk", "group=joined");
	http_see_other(out, "/group/s");
	group_desk_cookie(k, d, lan, out);
}

/* --- requests --- */

static void
session(struct kiosk *k, const struct http_request *r, bool lan, const struct words *w, struct http_response *out)
{
	struct group_desk *d = group_desk_of(k, r, lan);
	bool post = is(r->method, "POST");

	if (d == NULL) {
		http_see_other(out, "/group");
		guard_cookie(k, out, "g", NULL, lan);
		return;
	}
	if (k->group->g == NULL) {
		/* What was typed while the session locked is not lost. */
		if (post && is(field_text(r, "go"), "save") && field_text(r, "words")[0] != '\0') {
			buf_reset(&d->words);
			buf_puts(&d->words, field_text(r, "words"));
		}
		pass_page(k, d->w, "", d->w->g_locked, "", false, out);
		(void)w;
		return;
	}
	k->group->touched_ms = d->touched_ms = clock_boot_ms(k->clock);
	if (post)
		group_press(k, d, r, out);
	else
		group_show(k, d, out);
}

/* A few bytes that change when there is something new to see. */
static void
live(struct kiosk *k, const struct http_request *r, bool lan, struct http_response *out)
{
	const struct group_desk *d = group_desk_of(k, r, lan);
	const char *known = http_header(r, "If-None-Match");
	char tag[48];

	if (d == NULL) {
		http_plain(out, 404, "none\n");
		return;
	}
	snprintf(tag, sizeof(tag), "\"%llu\"", k->group->g == NULL ? 0ULL : (unsigned long long)k->group->g->version);
	if (http_add(out, "ETag", tag, NULL) != ERR_OK)
		http_plain(out, 503, "Out of memory.\n");
	else if (known != NULL && is(known, tag))
		out->status = 304;
	else
		http_plain(out, 200, tag);
}

static void
staff_pages(struct kiosk *k, const struct http_request *r, bool lan, const struct words *w, struct http_response *out)
{
	bool post = is(r->method, "POST");
	const char *go = field_text(r, "go"), *p = r->path;

	if (post && is(go, "wrong")) {
		group_wrong(k, w, lan, out);
	} else if (post && is(go, "back")) {
		http_see_other(out, "/group");
	} else if (post && is(go, "lost")) {
		lost_page(k, w, field_text(r, "d"), "", out);
	} else if (is(p, "/group/new")) {
		if (post && is(go, "begin"))
			set_up(k, r, lan, w, out);
		else
			setup_page(k, w, r, "", out);
	} else if (is(p, "/group/open")) {
		if (post)
			open_again(k, r, lan, w, NULL, out);
		else
			http_see_other(out, "/group");
	} else if (is(p, "/group/lost")) {
		if (post)
			lost(k, r, w, out);
		else
			http_see_other(out, "/group");
	} else if (post && is(go, "new")) {
		http_see_other(out, "/group/new");
	} else if (post && strlen(go) == 32) {
		pass_page(k, w, go, w->g_resume, "", true, out);
	} else {
		door(k, w, "", out);
	}
}

bool
group_handle(struct kiosk *k, const struct http_request *r, bool lan, struct http_response *out)
{
	const struct words *w = show_words(k, http_query(r, "l"));
	bool post = is(r->method, "POST");
	const char *p = r->path;
	struct group_desk *d;

	if (strncmp(p, "/g/", 3) == 0 || is(p, "/g"))
		return group_ballot_handle(k, r, lan, out);
	if (strncmp(p, "/j/", 3) == 0 || is(p, "/j")) {
		if (post && is(field_text(r, "go"), "wrong"))
			group_wrong(k, w, lan, out);
		else if (post)
			join(k, r, lan, w, out);
		else
			join_page(k, w, p[2] == '\0' || strlen(p) != 3 + GROUP_CODE ? "" : p + 3, "", out);
		return true;
	}
	if (strncmp(p, "/group", 6) != 0 || (p[6] != '\0' && p[6] != '/'))
		return false;
	d = group_desk_of(k, r, lan);
	if (is(p, "/group/s")) {
		session(k, r, lan, w, out);
	} else if (is(p, "/group/live") && !post) {
		live(k, r, lan, out);
	} else if (is(p, "/group/paper") && !post && d != NULL && k->group->g != NULL && k->group->is_sealed) {
		const char *size = http_query(r, "size");

		k->group->touched_ms = clock_boot_ms(k->clock);
		group_show_paper(k, d, size != NULL && is(size, "very"), out);
	} else if (is(p, "/group/sound") && !post) {
		if (d != NULL && k->group->g != NULL && d->is_passing && d->is_told && !d->is_leaving)
			group_look_sound(k, d, out);
		else
			http_plain(out, 404, "There is nothing to hear here.\n");
	} else if (d != NULL && is(p, "/group/open") && post && k->group->has_session) {
		if (is(field_text(r, "go"), "wrong")) {
			group_wrong(k, d->w, lan, out);
		} else if (is(field_text(r, "go"), "leave")) {
			group_desk_clear(d);
			http_see_other(out, "/");
			guard_cookie(k, out, "g", NULL, lan);
		} else {
			open_again(k, r, lan, d->w, d, out);
		}
	} else if (d != NULL && k->group->has_session && is(p, "/group") && !post) {
		http_see_other(out, "/group/s");
	} else if (!staff_is_in(k, r, lan)) {
		need_staff(k, w, out);
	} else {
		staff_pages(k, r, lan, w, out);
	}
	return true;
}
