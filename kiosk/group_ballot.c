/* Ballots: a poll on tablets at /g/CODE, each a voter by a random cookie of which only a keyed hash is kept until the
 * poll closes; and what a ballot on any page shows and says. See group_desk.h. */
#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/log.h"
#include "kiosk/group_desk.h"
#include "kiosk/say.h"
#include "kiosk/templates.h"

static bool
is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

void
group_fill_ballot(const struct words *w, struct arena *a, const struct group_poll *p, uint16_t ticked,
    struct group_view *v)
{
	v->options = arena_calloc(a, p->n_options + 1, sizeof(*v->options));
	v->heading = p->question;
	v->is_many = p->kind == GROUP_DOTS;
	v->lead = v->is_many ? text_fill(a, w->g_dots_hint, text_of(a, "%u", p->dots), NULL) : "";
	for (size_t i = 0; v->options != NULL && i < p->n_options; i++)
		v->options[v->n_options++] = (struct group_chip_view){ .id = text_of(a, "o%zu", i), .sub = "",
		    .value = text_of(a, "%zu", i), .label = p->options[i].label, .checked = (ticked & 1u << i) != 0 };
}

uint16_t
group_ticked(const struct http_request *r, const struct group_poll *p)
{
	uint16_t ticked = 0;
	const char *got;
	size_t len;

	for (size_t i = 0; (got = http_field(r, "vote", i, &len)) != NULL; i++)
		if (len == 1 && got[0] >= '0' && (size_t)(got[0] - '0') < p->n_options)
			ticked |= (uint16_t)(1u << (got[0] - '0'));
	return ticked;
}

bool
group_read_ballot(const struct words *w, const struct http_request *r, const struct group_poll *p,
    uint8_t n[GROUP_OPTIONS], const char **error)
{
	uint16_t ticked = group_ticked(r, p);
	unsigned sum = 0;

	for (size_t i = 0; i < GROUP_OPTIONS; i++) {
		n[i] = (ticked & 1u << i) != 0;
		sum += n[i];
	}
	if (sum == 0)
		*error = w->g_err_choose;
	else if (sum > p->dots)
		*error = w->g_err_dots;
	return sum > 0 && sum <= p->dots;
}

void
group_voter(const struct group *g, const struct group_poll *p, const uint8_t cookie[16], uint8_t out[16])
{
	uint8_t key[32], hash[32], text[16 + GROUP_CODE];

	draft_subkey(g->draft, "ballots", key);
	memcpy(text, cookie, 16);
	memcpy(text + 16, p->code, GROUP_CODE);
	seal_keyed_hash(key, text, sizeof(text), hash);
	memcpy(out, hash, 16);
	wipe(key, sizeof(key));
	wipe(hash, sizeof(hash));
	wipe(text, sizeof(text));
}

/* --- pages --- */

/* A request of a voter, and how its answer looks. */
struct booth {
	struct kiosk *k;
	const struct http_request *r;
	bool lan;
	const struct words *w;
	struct group_look look;
	bool is_listening, is_looking;	/* Listen was pressed; "Text size" is open over the page */
	struct http_response *out;
};

/* The frame of page AT, whose sound is at PATH. */
static void
frame(struct booth *b, struct group_view *v, const char *at, const char *path, const char *heading, const char *go,
    const char *label)
{
	struct arena *a = b->out->arena;

	v->at = at;
	group_frame(b->k, b->w, v, heading, go, label);
	if (v->error[0] != '\0')
		v->f.title = text_of(a, "%s: %s", b->w->error, heading);
	v->f.has_back = false;
	group_look_dress(b->k, &b->look, text_of(a, "%s/sound?p=%s&l=%s", path, at, b->w->code), b->is_listening, a, &v->f);
}

/* What is wrong on page AT, or "": the page says it again when it is heard, or looked at in another size. */
static const char *
fault(const struct words *w, const char *at)
{
	return is(at, "choose") ? w->g_err_choose : is(at, "dots") ? w->g_err_dots : is(at, "cookie") ? w->g_err_cookie
	    : is(at, "wrong") ? w->g_err_code : is(at, "wait") ? w->g_err_code_wait : "";
}

/* .. and the name of a page with that error; AT if it has none. */
static const char *
named(const struct words *w, const char *error, const char *at)
{
	static const char *const names[] = { "choose", "dots", "cookie", "wrong", "wait" };

	for (size_t i = 0; i < ARRAY_LEN(names) && error[0] != '\0'; i++)
		if (fault(w, names[i]) == error)
			return names[i];
	return at;
}

static void
page(struct booth *b, const struct group_poll *p, const char *error)
{
	const char *path = text_of(b->out->arena, "/g/%s", p->code);
	struct group_view v = { .action = path, .error = error };

	frame(b, &v, named(b->w, error, "ballot"), path, p->question, "vote", b->w->g_vote);
	/* What was ticked stays while the page is heard, or looked at in other colours. */
	group_fill_ballot(b->w, b->out->arena, p, group_ticked(b->r, p), &v);
	if (b->is_looking)
		group_look_page(b->k, b->w, &b->look, &v, b->out);
	else
		page_kiosk_group_ballot(&b->out->body, &v);
}

static void
said(struct booth *b, const char *at, const char *action, const char *heading, const char *text, const char *go,
    const char *label)
{
	struct group_view v = { .action = action, .lead = text, .error = "" };

	frame(b, &v, at, "/g", heading, go, label);
	if (at[0] == '\0') {
		/* An accident: nothing to look at longer. */
		v.f.has_look_off = true;
		v.f.has_listen = false;
		v.f.audio = "";
	}
	if (b->is_looking)
		group_look_page(b->k, b->w, &b->look, &v, b->out);
	else
		page_kiosk_group_said(&b->out->body, &v);
}

static void
over(struct booth *b)
{
	said(b, "over", "/g", b->w->g_vote_over, b->w->g_vote_over_text, "", "");
}

static void
voted(struct booth *b, const char *code)
{
	said(b, "voted", text_of(b->out->arena, "/g/%s", code), b->w->g_voted, b->w->g_voted_text, "change",
	    b->w->g_vote_change);
}

static void
code_page(struct booth *b, const char *error)
{
	const char *typed = field_text(b->r, "code");
	bool keep = (b->is_looking || b->is_listening) && strlen(typed) <= GROUP_CODE;
	struct group_view v = { .action = "/g", .code = keep ? typed : "", .error = error, .lead = b->w->g_code_hint };

	frame(b, &v, named(b->w, error, "code"), "/g", b->w->g_code_title, "code", b->w->continue_);
	if (b->is_looking)
		group_look_page(b->k, b->w, &b->look, &v, b->out);
	else
		page_kiosk_group_join(&b->out->body, &v);
}

/* --- what they say --- */

static void
gather(const struct words *w, const char *at, struct arena *a, struct say_list *list)
{
	if (is(at, "code") || is(at, "wrong") || is(at, "wait")) {
		group_say(fault(w, at), a, list);
		group_say(w->g_code_title, a, list);
		group_say(w->g_code_hint, a, list);
	} else if (is(at, "voted")) {
		group_say(w->g_voted, a, list);
		group_say(w->g_voted_text, a, list);
	} else if (is(at, "over")) {
		group_say(w->g_vote_over, a, list);
		group_say(w->g_vote_over_text, a, list);
	}
}

/* /g/sound and /g/CODE/sound. */
static void
sound(struct booth *b, const char *code, size_t len)
{
	struct say_list *list = arena_calloc(b->out->arena, 1, sizeof(*list));
	const char *at = http_query(b->r, "p");
	struct group_poll *p = NULL;
	char text[GROUP_CODE + 1] = "";

	at = at == NULL ? "" : at;
	if (len == 0) {
		gather(b->w, at, b->out->arena, list);
	} else if (group_may_try_code(b->k)) {
		memcpy(text, code, len == GROUP_CODE ? len : 0);
		p = b->k->group->g == NULL ? NULL : group_open_poll(b->k->group->g, text);
		b->k->group->code_tries += p == NULL;
	}
	if (p != NULL)
		group_say_ballot(b->w, p, fault(b->w, at), b->out->arena, list);
	group_look_say(b->k, b->w, list, b->out);
}

/* --- requests --- */

static bool
voter_cookie(const struct kiosk *k, const struct http_request *r, bool lan, uint8_t out[16])
{
	const char *code = guard_cookie_get(k, r, "p", lan);

	return code != NULL && hex_get(code, strlen(code), out, 16);
}

static void
give_cookie(const struct kiosk *k, struct http_response *out, bool lan)
{
	uint8_t cookie[16];
	char code[33];

	seal_random(cookie, sizeof(cookie));
	hex_str(cookie, sizeof(cookie), code);
	guard_cookie(k, out, "p", code, lan);
}

static bool
has_voted(const struct group_poll *p, const uint8_t voter[16])
{
	for (size_t i = 0; i < p->n_ballots; i++)
		if (memcmp(p->ballots[i].voter, voter, 16) == 0)
			return true;
	return false;
}

static void
vote(struct booth *b, struct group_poll *p, const uint8_t voter[16])
{
	struct kiosk *k = b->k;
	uint8_t n[GROUP_OPTIONS];
	const char *error = "";
	struct err err;
	enum err_code rc;

	if (!group_read_ballot(b->w, b->r, p, n, &error)) {
		page(b, p, error);
		return;
	}
	rc = group_vote(k->group->g, (size_t)(p - k->group->g->polls), voter, n, &err);
	wipe(n, sizeof(n));
	if (rc == ERR_OK) {
		k->group->touched_ms = clock_boot_ms(k->clock);
		http_see_other(b->out, text_of(b->out->arena, "/g/%s", p->code));
		return;
	}
	log_err("kiosk", "ballot", &err);
	if (rc == ERR_BROKEN || rc == ERR_NOMEM)
		group_lock(k);
	said(b, "", b->r->path, b->w->g_vote_failed, b->w->g_vote_failed_text, "again", b->w->try_again);
}

static void
ballot(struct booth *b, const char *code, const char *go)
{
	struct kiosk *k = b->k;
	struct group_poll *p = k->group->g == NULL || strlen(code) != GROUP_CODE ? NULL : group_open_poll(k->group->g, code);
	bool post = is(b->r->method, "POST"), at_voted = post ? is(field_text(b->r, "at"), "voted") && !is(go, "change") : true;
	uint8_t cookie[16], voter[16];

	if (!group_may_try_code(k)) {
		code_page(b, b->w->g_err_code_wait);
		return;
	}
	if (p == NULL) {
		/* Codes of polls that are closed are no guesses. */
		bool known = false;

		for (size_t i = 0; k->group->g != NULL && i < k->group->g->n_polls; i++)
			known |= is(k->group->g->polls[i].code, code) && code[0] != '\0';
		k->group->code_tries += !known;
		if (known)
			over(b);
		else
			code_page(b, b->w->g_err_code);
		guard_cookie(k, b->out, "p", NULL, b->lan);
		return;
	}
	if (!voter_cookie(k, b->r, b->lan, cookie)) {
		/* A vote without the cookie would count again and again. */
		give_cookie(k, b->out, b->lan);
		page(b, p, post && is(go, "vote") ? b->w->g_err_cookie : "");
		return;
	}
	group_voter(k->group->g, p, cookie, voter);
	if (post && is(go, "vote"))
		vote(b, p, voter);
	else if (at_voted && has_voted(p, voter))
		voted(b, code);
	else
		page(b, p, post && group_look_is_aid(go) ? fault(b->w, field_text(b->r, "at")) : "");
}

/* Text size, Listen: the page stays. */
static bool
press_aid(struct booth *b, const char *go)
{
	b->is_listening = is(go, "listen");
	b->is_looking = is(go, "look") || group_look_press(&b->look, go);
	if (b->is_looking && !is(go, "look"))
		group_look_keep(b->k, &b->look, b->lan, b->out);
	return group_look_is_aid(go);
}

bool
group_ballot_handle(struct kiosk *k, const struct http_request *r, bool lan, struct http_response *out)
{
	struct booth b = { .k = k, .r = r, .lan = lan, .out = out, .look = group_look_get(k, r, lan),
	    .w = k->group->g != NULL ? word_book_find(k->words, k->group->g->tag) : NULL };
	const char *tail = strstr(r->path, "/sound"), *go, *code;
	bool post = is(r->method, "POST"), aid;

	if (b.w == NULL || http_query(r, "l") != NULL)
		b.w = show_words(k, http_query(r, "l"));
	if (!post && tail != NULL && is(tail, "/sound")) {
		sound(&b, r->path + 3, tail > r->path + 3 ? (size_t)(tail - r->path - 3) : 0);
		return true;
	}
	go = post ? field_text(r, "go") : "";
	code = post ? field_text(r, "code") : "";
	aid = post && press_aid(&b, go);
	if (post && is(go, "wrong"))
		group_wrong(k, b.w, lan, out);
	else if (r->path[2] == '\0' && aid && is(field_text(r, "at"), "over"))
		over(&b);
	else if (r->path[2] == '\0' && post && !aid && strlen(code) == GROUP_CODE
	    && strspn(code, "abcdefghijklmnopqrstuvwxyz") == GROUP_CODE)
		http_see_other(out, text_of(out->arena, "/g/%s", code));
	else if (r->path[2] == '\0')
		code_page(&b, aid ? fault(b.w, field_text(r, "at")) : post ? b.w->g_err_code : "");
	else
		ballot(&b, r->path + 3, go);
	return true;
}
