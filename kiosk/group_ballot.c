/* Ballots: a poll on tablets at /g/CODE, each a voter by a random cookie of which only a keyed hash is kept until the
 * poll closes; and what a ballot on any page shows and says. See group_desk.h. */
#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/log.h"
#include "kiosk/group_desk.h"
#include "kiosk/templates.h"

static bool
is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

void
group_fill_ballot(const struct words *w, struct arena *a, const struct group_poll *p, struct group_view *v)
{
	v->options = arena_calloc(a, p->n_options + 1, sizeof(*v->options));
	v->heading = p->question;
	v->is_many = p->kind == GROUP_DOTS;
	v->lead = v->is_many ? text_fill(a, w->g_dots_hint, text_of(a, "%u", p->dots), NULL) : "";
	for (size_t i = 0; v->options != NULL && i < p->n_options; i++)
		v->options[v->n_options++] = (struct group_chip_view){ .id = text_of(a, "o%zu", i), .sub = "",
		    .value = text_of(a, "%zu", i), .label = p->options[i].label };
}

bool
group_read_ballot(const struct words *w, const struct http_request *r, const struct group_poll *p,
    uint8_t n[GROUP_OPTIONS], const char **error)
{
	unsigned sum = 0;
	const char *got;
	size_t len;

	memset(n, 0, GROUP_OPTIONS);
	for (size_t i = 0; (got = http_field(r, "vote", i, &len)) != NULL; i++)
		if (len == 1 && got[0] >= '0' && (size_t)(got[0] - '0') < p->n_options)
			n[got[0] - '0'] = 1;
	for (size_t i = 0; i < GROUP_OPTIONS; i++)
		sum += n[i];
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

static void
page(struct kiosk *k, const struct words *w, const struct group_poll *p, const char *error, struct http_response *out)
{
	struct group_view v = { .action = text_of(out->arena, "/g/%s", p->code), .error = error };

	group_frame(k, w, &v, p->question, "vote", w->g_vote);
	group_fill_ballot(w, out->arena, p, &v);
	v.f.has_back = false;
	if (error[0] != '\0')
		v.f.title = text_of(out->arena, "%s: %s", w->error, p->question);
	page_kiosk_group_ballot(&out->body, &v);
}

static void
said(struct kiosk *k, const struct words *w, const char *action, const char *heading, const char *text, const char *go,
    const char *label, struct http_response *out)
{
	struct group_view v = { .action = action, .lead = text, .error = "" };

	group_frame(k, w, &v, heading, go, label);
	v.f.has_back = false;
	page_kiosk_group_said(&out->body, &v);
}

static void
code_page(struct kiosk *k, const struct words *w, const char *error, struct http_response *out)
{
	struct group_view v = { .action = "/g", .code = "", .error = error, .lead = w->g_code_hint };

	group_frame(k, w, &v, w->g_code_title, "code", w->continue_);
	v.f.has_back = false;
	page_kiosk_group_join(&out->body, &v);
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
vote(struct kiosk *k, const struct http_request *r, const struct words *w, struct group_poll *p, const uint8_t voter[16],
    struct http_response *out)
{
	uint8_t n[GROUP_OPTIONS];
	const char *error = "";
	struct err err;
	enum err_code rc;

	if (!group_read_ballot(w, r, p, n, &error)) {
		page(k, w, p, error, out);
		return;
	}
	rc = group_vote(k->group->g, (size_t)(p - k->group->g->polls), voter, n, &err);
	wipe(n, sizeof(n));
	if (rc == ERR_OK) {
		k->group->touched_ms = clock_boot_ms(k->clock);
		http_see_other(out, text_of(out->arena, "/g/%s", p->code));
		return;
	}
	log_err("kiosk", "ballot", &err);
	if (rc == ERR_BROKEN || rc == ERR_NOMEM)
		group_lock(k);
	said(k, w, r->path, w->g_vote_failed, w->g_vote_failed_text, "again", w->try_again, out);
}

static void
ballot(struct kiosk *k, const struct http_request *r, bool lan, const struct words *w, const char *code,
    struct http_response *out)
{
	struct group_poll *p = k->group->g == NULL || strlen(code) != GROUP_CODE ? NULL : group_open_poll(k->group->g, code);
	const char *go = field_text(r, "go");
	bool post = is(r->method, "POST");
	uint8_t cookie[16], voter[16];

	if (!group_may_try_code(k)) {
		code_page(k, w, w->g_err_code_wait, out);
		return;
	}
	if (p == NULL) {
		/* Codes of polls that are closed are no guesses. */
		bool known = false;

		for (size_t i = 0; k->group->g != NULL && i < k->group->g->n_polls; i++)
			known |= is(k->group->g->polls[i].code, code) && code[0] != '\0';
		k->group->code_tries += !known;
		if (known)
			said(k, w, "/g", w->g_vote_over, w->g_vote_over_text, "", "", out);
		else
			code_page(k, w, w->g_err_code, out);
		guard_cookie(k, out, "p", NULL, lan);
		return;
	}
	if (!voter_cookie(k, r, lan, cookie)) {
		/* A vote without the cookie would count again and again. */
		give_cookie(k, out, lan);
		page(k, w, p, post ? w->g_err_cookie : "", out);
		return;
	}
	group_voter(k->group->g, p, cookie, voter);
	if (post && is(go, "vote"))
		vote(k, r, w, p, voter, out);
	else if (!post && has_voted(p, voter))
		said(k, w, text_of(out->arena, "/g/%s", code), w->g_voted, w->g_voted_text, "change", w->g_vote_change, out);
	else
		page(k, w, p, "", out);
}

bool
group_ballot_handle(struct kiosk *k, const struct http_request *r, bool lan, struct http_response *out)
{
	const struct words *w = k->group->g != NULL ? word_book_find(k->words, k->group->g->tag) : NULL;
	bool post = is(r->method, "POST");

	if (w == NULL || http_query(r, "l") != NULL)
		w = show_words(k, http_query(r, "l"));
	if (post && is(field_text(r, "go"), "wrong"))
		group_wrong(k, w, lan, out);
	else if (r->path[2] == '\0' && post && strlen(field_text(r, "code")) == GROUP_CODE
	    && strspn(field_text(r, "code"), "abcdefghijklmnopqrstuvwxyz") == GROUP_CODE)
		http_see_other(out, text_of(out->arena, "/g/%s", field_text(r, "code")));
	else if (r->path[2] == '\0')
		code_page(k, w, post ? w->g_err_code : "", out);
	else
		ballot(k, r, lan, w, r->path + 3, out);
	return true;
}
