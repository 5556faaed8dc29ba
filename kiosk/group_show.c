/* The pages of a desk: from where it stands to a view. See group_desk.h. */
#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/log.h"
#include "collector/words.h"
#include "kiosk/group_desk.h"
#include "kiosk/receipt.h"
#include "kiosk/templates.h"

enum { ACTS = 6, SHORT = 90,
	LINE = 76,		/* letters in a line of the preview, about */
	PREVIEW_MAX = 27,	/* height of a page of it: height_of */
	PIECE = 4 * LINE,	/* longer texts go on in the next row */
};

void
group_frame(struct kiosk *k, const struct words *w, struct group_view *v, const char *heading, const char *go,
    const char *go_label)
{
	show_frame(k, w, &v->f, heading);
	v->f.has_wrong = true;
	v->f.has_back = true;
	v->f.has_look_off = true;
	v->f.go = go;
	v->f.go_label = go_label == NULL ? "" : go_label;
	v->heading = heading;
	v->at = v->at == NULL ? "" : v->at;
	v->error = v->error == NULL ? "" : v->error;
	v->lead = v->lead == NULL ? "" : v->lead;
	v->note = v->note == NULL ? "" : v->note;
	v->live = v->live == NULL ? "" : v->live;
	v->words = v->minority = v->spent = v->spent_s = v->of_s = v->spent_w = "";
	v->address = v->address_short = v->qr_path = "";
	v->pass = v->pass == NULL ? "" : v->pass;
	v->code = v->code == NULL ? "" : v->code;
	v->id = v->id == NULL ? "" : v->id;
	if (v->error[0] != '\0')
		v->f.title = heading;
}

void
group_add_act(struct arena *a, struct group_view *v, const char *go, const char *label)
{
	if (v->acts == NULL)
		v->acts = arena_calloc(a, ACTS, sizeof(*v->acts));
	if (v->acts != NULL && v->n_acts < ACTS)
		v->acts[v->n_acts++] = (struct group_act_view){ go, label };
}

static const char *
number(struct arena *a, uint64_t n)
{
	return text_of(a, "%llu", (unsigned long long)n);
}

static const char *
role_word(const struct words *w, enum group_role role)
{
	switch (role) {
	case GROUP_LIVES_HERE:
		return w->g_role_lives_here;
	case GROUP_FAMILY:
		return w->g_role_family;
	case GROUP_CARER:
		return w->g_role_carer;
	case GROUP_ADVOCATE:
		return w->g_role_advocate;
	case GROUP_INTERPRETER:
		return w->g_role_interpreter;
	case GROUP_STAFF:
	case GROUP_ROLES:
		break;
	}
	return w->g_role_staff;
}

static const char *
role_short(const struct words *w, enum group_role role)
{
	switch (role) {
	case GROUP_LIVES_HERE:
		return w->g_short_lives_here;
	case GROUP_FAMILY:
		return w->g_short_family;
	case GROUP_CARER:
		return w->g_short_carer;
	case GROUP_ADVOCATE:
		return w->g_short_advocate;
	case GROUP_INTERPRETER:
		return w->g_short_interpreter;
	case GROUP_STAFF:
	case GROUP_ROLES:
		break;
	}
	return w->g_short_staff;
}

/* What is common to the pages of a session. N: its place among seven. */
static void
begin(struct kiosk *k, struct group_desk *d, struct group_view *v, unsigned n, const char *heading, const char *go,
    const char *go_label, struct http_response *out)
{
	static const size_t steps = 7;
	char *token = arena_alloc(out->arena, 33);

	v->error = d->error;
	v->action = "/group/s";
	v->live = number(out->arena, k->group->g->version);
	v->is_lead = d->is_lead;
	group_frame(k, d->w, v, heading, go, go_label);
	if (v->error[0] != '\0')
		v->f.title = text_of(out->arena, "%s: %s", d->w->error, heading);
	if (token != NULL) {
		hex_str(d->page, sizeof(d->page), token);
		v->f.token = token;
	}
	if (n == 0)
		return;
	v->f.steps = text_fill(out->arena, d->w->of_n, number(out->arena, n), number(out->arena, steps));
	v->f.has_plain_steps = true;
	v->f.pebbles = arena_calloc(out->arena, steps, sizeof(*v->f.pebbles));
	for (size_t i = 0; v->f.pebbles != NULL && i < steps; i++) {
		v->f.pebbles[i] = (struct pebble){ .done = i + 1 < n, .now = i + 1 == n };
		v->f.n_pebbles++;
	}
}

/* Letters of those who are here. */
static void
fill_people(const struct group_desk *d, const struct group *g, int chosen, struct group_view *v, struct arena *a)
{
	v->who = arena_calloc(a, g->n_people + 1, sizeof(*v->who));
	for (size_t i = 0; v->who != NULL && i < g->n_people; i++)
		if (!g->people[i].has_left)
			v->who[v->n_who++] = (struct group_chip_view){ .id = text_of(a, "who-%zu", i), .value = number(a, i),
			    .label = text_of(a, "%c", (int)('A' + i)), .sub = role_short(d->w, g->people[i].role),
			    .checked = chosen == (int)i };
}

/* --- who is here, what was agreed --- */

static void
show_who(struct kiosk *k, struct group_desk *d, struct http_response *out)
{
	const struct group *g = k->group->g;
	struct group_count_view counts[GROUP_ROLES];
	struct group_view v = { .counts = counts, .n_counts = GROUP_ROLES };
	struct arena *a = out->arena;

	begin(k, d, &v, 2, d->w->g_who_title, "next", d->w->continue_, out);
	v.lead = d->w->g_who_lead;
	v.note = text_fill(a, d->w->g_who_sum, number(a, group_present(g)), NULL);
	for (size_t i = 0; i < GROUP_ROLES; i++)
		counts[i] = (struct group_count_view){ .label = role_word(d->w, (enum group_role)i), .says = "", .all = "",
		    .n = number(a, group_of_role(g, (enum group_role)i)), .plus = text_of(a, "plus-%zu", i),
		    .minus = text_of(a, "minus-%zu", i) };
	v.f.has_back = false;
	v.code = d->is_lead ? k->group->code : "";
	if (g->n_notes > 0 && group_present(g) > 0)
		group_add_act(a, &v, "leaves", d->w->g_leaves_one);
	page_kiosk_group_who(&out->body, &v);
}

/* Somebody goes: which letter, and whether what they said goes too. */
static void
show_leave(struct kiosk *k, struct group_desk *d, struct http_response *out)
{
	const struct words *w = d->w;
	struct group_view v = { .is_open = false };

	begin(k, d, &v, 0, w->g_leaves_one, "next", w->continue_, out);
	v.lead = w->g_leaves_lead;
	v.note = w->g_leaves_stay;
	fill_people(d, k->group->g, -1, &v, out->arena);
	page_kiosk_group_leave(&out->body, &v);
}

static const char *
consequence(const struct words *w, const struct group *g, enum group_consent what)
{
	static const char *const none = "";

	if (g->no[what] < 0)
		return none;
	switch (what) {
	case GROUP_NOTING:
		return g->no[what] == 0 ? w->g_agree_notes_yes : w->g_agree_notes_no;
	case GROUP_SOUND:
		return g->no[what] == 0 ? w->g_agree_sound_yes : w->g_agree_sound_no;
	case GROUP_QUOTING:
	case GROUP_CONSENTS:
		break;
	}
	return g->no[what] == 0 ? w->g_agree_quote_yes : w->g_agree_quote_no;
}

static void
show_agree(struct kiosk *k, struct group_desk *d, struct http_response *out)
{
	const struct words *w = d->w;
	const struct group *g = k->group->g;
	const char *const labels[GROUP_CONSENTS] = { w->g_agree_notes, w->g_agree_sound, w->g_agree_quote };
	struct line_view rules[] = { { w->g_rule_1 }, { w->g_rule_2 }, { w->g_rule_3 }, { w->g_rule_4 } };
	struct group_count_view counts[GROUP_CONSENTS];
	struct group_view v = { .counts = counts, .n_counts = GROUP_CONSENTS, .lines = rules, .n_lines = ARRAY_LEN(rules) };
	struct arena *a = out->arena;

	begin(k, d, &v, 3, w->g_agree_title, "next", w->continue_, out);
	for (size_t i = 0; i < GROUP_CONSENTS; i++)
		counts[i] = (struct group_count_view){ .label = labels[i], .is_set = g->no[i] == 0,
		    .n = g->no[i] < 0 ? "–" : number(a, (unsigned)g->no[i]),
		    .says = consequence(w, g, (enum group_consent)i), .all = text_of(a, "all-%zu", i),
		    .plus = text_of(a, "plus-%zu", i), .minus = text_of(a, "minus-%zu", i) };
	page_kiosk_group_agree(&out->body, &v);
}

/* --- talk --- */

static void
fill_time(const struct words *w, const struct group *g, int64_t now, struct group_view *v, struct arena *a)
{
	unsigned spent = group_topic_seconds(g, g->topic, now), all = g->guide.topics[g->topic].minutes * 60;
	unsigned mille = spent >= all ? 1000 : spent * 1000 / all;

	v->spent = text_fill(a, w->g_minutes, number(a, spent / 60), number(a, all / 60));
	v->spent_s = number(a, spent);
	v->of_s = number(a, all);
	v->spent_w = number(a, mille);
	v->is_late = spent > all;
}

static const char *
cut(struct arena *a, const char *text)
{
	size_t n = strlen(text);

	if (n <= SHORT)
		return text_of(a, "%s", text);
	n = SHORT;
	while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	return text_of(a, "%.*s…", (int)n, text);
}

static void
fill_themes(const struct group_desk *d, const struct group *g, struct group_view *v, struct arena *a)
{
	v->themes = arena_calloc(a, g->guide.n_themes + 1, sizeof(*v->themes));
	for (size_t i = 0; v->themes != NULL && i < g->guide.n_themes; i++)
		v->themes[v->n_themes++] = (struct group_chip_view){ .id = text_of(a, "theme-%zu", i), .sub = "",
		    .value = g->guide.themes[i].id, .label = g->guide.themes[i].label, .checked = (d->themes & 1u << i) != 0 };
}

static void
show_talk(struct kiosk *k, struct group_desk *d, struct http_response *out)
{
	const struct words *w = d->w;
	const struct group *g = k->group->g;
	const struct group_topic *t = &g->guide.topics[g->topic];
	struct line_view prompts[GROUP_PROMPTS];
	struct group_view v = { .lines = prompts };
	struct arena *a = out->arena;
	const struct group_note *last = NULL;
	size_t here = 0;

	v.may_note = group_may(g, GROUP_NOTING);
	begin(k, d, &v, 0, t->label, v.may_note ? "save" : "topic", v.may_note ? w->g_save : w->g_next_topic, out);
	v.f.title = text_of(a, "%s%s%s", v.error, v.error[0] != '\0' ? " " : "", t->label);
	v.may_quote = group_may(g, GROUP_QUOTING);
	v.note = text_fill(a, w->g_topic_of, number(a, g->topic + 1), number(a, g->guide.n_topics));
	fill_time(w, g, group_now(k), &v, a);
	fill_people(d, g, d->who, &v, a);
	fill_themes(d, g, &v, a);
	v.id = number(a, g->topic);
	for (size_t i = 0; i < t->n_prompts; i++)
		prompts[v.n_lines++].text = t->prompts[i];
	v.words = text_of(a, "%s", "");
	if (d->words.len > 0)
		v.words = arena_strn(a, buf_str(&d->words), d->words.len);
	v.is_exact = d->is_exact;
	for (size_t i = 0; i < g->n_notes; i++) {
		here += g->notes[i].topic == g->topic;
		if (g->notes[i].topic == g->topic)
			last = &g->notes[i];
	}
	v.lead = last == NULL ? text_of(a, "%s", w->g_no_notes) : text_fill(a, w->g_last_note, text_count(a, w, &w->notes, here),
	    text_of(a, "%c: %s", (int)('A' + last->who), cut(a, last->words)));
	group_add_act(a, &v, "ask", w->g_ask_short);
	group_add_act(a, &v, "read", w->g_read);
	group_add_act(a, &v, "people", w->g_people);
	group_add_act(a, &v, "lock", w->g_lock);
	v.f.has_back = true;
	page_kiosk_group_talk(&out->body, &v);
}

/* --- ask the group --- */

static void
show_ask(struct kiosk *k, struct group_desk *d, struct http_response *out)
{
	const struct words *w = d->w;
	const struct group *g = k->group->g;
	struct group_row_view *rows = arena_calloc(out->arena, g->guide.n_asks + g->n_polls + 1, sizeof(*rows));
	struct group_chip_view kinds[] = { { "kind-0", "poll", w->g_kind_poll, "", true }, { "kind-1", "dots", w->g_kind_dots, "", false },
		{ "kind-2", "hands", w->g_kind_hands, "", false } };
	struct group_view v = { .kinds = kinds, .n_kinds = ARRAY_LEN(kinds) };
	struct arena *a = out->arena;
	size_t n = 0;

	begin(k, d, &v, 5, w->g_ask_title, "next", w->g_to_talk, out);
	v.lead = w->g_ask_lead;
	/* Polls that were held first, then what the guide proposes and nobody has asked yet. */
	for (size_t i = 0; rows != NULL && i < g->n_polls; i++)
		if (!g->polls[i].is_cancelled)
			rows[n++] = (struct group_row_view){ .who = "", .sub = g->polls[i].is_open ? w->g_poll_open : w->g_poll_closed,
			    .text = g->polls[i].question, .go = text_of(a, "see-%zu", i), .go_label = w->g_see };
	for (size_t i = 0; rows != NULL && i < g->guide.n_asks; i++) {
		bool held = false;

		for (size_t p = 0; p < g->n_polls; p++)
			held |= !g->polls[p].is_cancelled && strcmp(g->polls[p].id, g->guide.asks[i].id) == 0;
		if (!held)
			rows[n++] = (struct group_row_view){ .who = "", .sub = g->guide.topics[g->guide.asks[i].topic].label,
			    .text = g->guide.asks[i].label, .go = text_of(a, "ask-%zu", i), .go_label = w->g_ask_this };
	}
	if (d->first >= n)
		d->first = 0;
	v.rows = rows == NULL ? NULL : rows + d->first;
	v.n_rows = n - d->first > GROUP_ROWS ? GROUP_ROWS : n - d->first;
	v.has_earlier = d->first > 0;
	v.has_more = d->first + v.n_rows < n;
	group_add_act(a, &v, "own", w->g_own);
	page_kiosk_group_ask(&out->body, &v);
}

static void
show_own(struct kiosk *k, struct group_desk *d, struct http_response *out)
{
	const struct words *w = d->w;
	struct group_chip_view kinds[] = { { "kind-0", "poll", w->g_kind_poll, "", true }, { "kind-1", "dots", w->g_kind_dots, "", false },
		{ "kind-2", "hands", w->g_kind_hands, "", false } };
	struct group_field_view fields[4];
	struct group_view v = { .kinds = kinds, .n_kinds = ARRAY_LEN(kinds), .fields = fields };
	struct arena *a = out->arena;

	begin(k, d, &v, 5, w->g_own_title, "next", w->g_own_go, out);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		const char *name = text_of(a, "o%zu", i + 1);

		fields[v.n_fields++] = (struct group_field_view){ name, name, text_fill(a, w->g_answer_n, number(a, i + 1), NULL), "" };
	}
	page_kiosk_group_own(&out->body, &v);
}

static void
fill_bars(const struct words *w, const struct group_poll *p, struct group_view *v, struct arena *a)
{
	unsigned most = 1;

	v->bars = arena_calloc(a, p->n_options + 1, sizeof(*v->bars));
	for (size_t i = 0; i < p->n_options; i++)
		most = group_votes(p, i) > most ? group_votes(p, i) : most;
	for (size_t i = 0; v->bars != NULL && i < p->n_options; i++) {
		unsigned n = group_votes(p, i);

		v->bars[v->n_bars++] = (struct group_bar_view){ .label = p->options[i].label, .width = number(a, n * 1000 / most),
		    .says = text_count(a, w, &w->votes, n) };
	}
}

/* Where tablets on the site's network vote. */
static void
fill_address(struct kiosk *k, const struct group_poll *p, struct group_view *v, struct arena *a)
{
	bool lan = k->lan_port != 0 && k->conf->lan_name[0] != '\0';
	unsigned port = lan ? k->lan_port : k->port;

	v->may_lan = lan;
	v->code = p->code;
	v->address_short = lan ? text_of(a, port == (k->conf->lan_plain ? 80 : 443) ? "%s/g" : "%s:%u/g", k->conf->lan_name, port)
	    : text_of(a, "127.0.0.1:%u/g", port);
	if (!lan)
		return;
	v->address = text_of(a, "%s://%s/%s", k->conf->lan_plain ? "http" : "https", v->address_short, p->code);
	v->qr_path = receipt_qr(v->address, a, &v->qr_size);
}

static void
show_poll(struct kiosk *k, struct group_desk *d, struct http_response *out)
{
	const struct words *w = d->w;
	const struct group *g = k->group->g;
	const struct group_poll *p = &g->polls[d->poll];
	struct group_field_view fields[GROUP_OPTIONS];
	struct group_view v = { .fields = fields };
	struct arena *a = out->arena;
	unsigned voted = group_voters(p);

	begin(k, d, &v, 5, p->question, "next", p->is_open ? w->g_poll_close : w->continue_, out);
	v.is_open = p->is_open;
	v.is_hands = p->kind == GROUP_HANDS;
	if (p->is_open && v.is_hands) {
		v.lead = w->g_hands_hint;
		for (size_t i = 0; i < p->n_options; i++)
			fields[v.n_fields++] = (struct group_field_view){ text_of(a, "h%zu", i), text_of(a, "h%zu", i),
			    p->options[i].label, "" };
	} else if (p->is_open) {
		fill_address(k, p, &v, a);
		v.lead = v.may_lan ? w->g_poll_scan : w->g_poll_no_lan;
		v.note = text_fill(a, w->g_voted_n, number(a, voted), number(a, group_present(g)));
		if (voted > group_present(g))
			v.error = w->g_too_many;
	} else if (voted < GROUP_FEW) {
		v.lead = w->g_few;
		v.note = text_fill(a, w->g_voted_n, number(a, voted), number(a, group_present(g)));
		v.is_few = true;
	} else {
		v.note = text_fill(a, w->g_voted_n, number(a, voted), number(a, group_present(g)));
		fill_bars(w, p, &v, a);
	}
	if (p->is_open)
		group_add_act(a, &v, "cancel", w->g_poll_cancel);
	page_kiosk_group_poll(&out->body, &v);
}

/* A page of whoever has the tablet now, as they like it. */
static void
dress(struct kiosk *k, struct group_desk *d, void (*page)(struct buf *, const struct group_view *), struct group_view *v,
    struct http_response *out)
{
	v->live = "";
	v->f.has_back = false;
	group_look_dress(k, &d->look, "/group/sound", d->is_listening, out->arena, &v->f);
	if (d->is_looking)
		group_look_page(k, d->w, &d->look, v, out);
	else
		page(&out->body, v);
}

static void
show_passing(struct kiosk *k, struct group_desk *d, struct http_response *out)
{
	const struct words *w = d->w;
	const struct group *g = k->group->g;
	const struct group_poll *p = d->poll < g->n_polls ? &g->polls[d->poll] : NULL;
	struct group_view v = { .is_open = false };
	struct arena *a = out->arena;

	if (d->is_leaving) {
		begin(k, d, &v, 0, w->g_number_title, "number", w->continue_, out);
		v.lead = w->g_number_hint;
		v.live = "";
		page_kiosk_group_number(&out->body, &v);
		return;
	}
	if (!d->is_told) {
		/* Shown once, before anybody of the group has the tablet. */
		begin(k, d, &v, 0, w->g_number_title, "told", w->continue_, out);
		v.lead = text_fill(a, w->g_number_is, d->number, NULL);
		v.live = "";
		v.f.has_back = false;
		page_kiosk_group_said(&out->body, &v);
		return;
	}
	if (d->has_ballot && p != NULL && p->is_open) {
		begin(k, d, &v, 0, p->question, "vote", w->g_vote, out);
		group_fill_ballot(w, a, p, d->ticked, &v);
		group_add_act(a, &v, "stay", w->g_pass_none);
		dress(k, d, page_kiosk_group_ballot, &v, out);
		return;
	}
	/* Between two people: nothing of either. */
	begin(k, d, &v, 0, p == NULL || !p->is_open ? w->g_vote_over : w->g_pass_title, "mine", w->g_pass_mine, out);
	v.lead = p == NULL || !p->is_open ? w->g_vote_over_text : w->g_pass_text;
	if (p == NULL || !p->is_open)
		v.f.go_label = "";
	group_add_act(a, &v, "leave", w->g_pass_done);
	dress(k, d, page_kiosk_group_said, &v, out);
}

/* --- read back --- */

/* What another tablet kept meanwhile: counts, then words. */
static const char *
other_reading(const struct words *w, const struct group_summary *s, struct arena *a)
{
	return text_fill(a, w->g_other_says, arena_printf(a, "%s %s%s%s (%u, %u, %u)", s->sentence,
	    s->minority[0] != '\0' ? w->g_minority : "", s->minority[0] != '\0' ? ": " : "", s->minority, s->agree, s->change,
	    s->not_agreed), NULL);
}

static void
show_read(struct kiosk *k, struct group_desk *d, struct http_response *out)
{
	const struct words *w = d->w;
	const struct group *g = k->group->g;
	struct group_row_view *rows = arena_calloc(out->arena, g->n_notes + 1, sizeof(*rows));
	struct group_field_view fields[3];
	const char *const labels[] = { w->g_read_agree, w->g_read_change, w->g_read_not };
	const char *const names[] = { "agree", "change", "not" };
	struct group_view v = { .fields = fields, .n_fields = ARRAY_LEN(fields) };
	struct arena *a = out->arena;
	size_t n = 0;

	/* Another tablet read it back, and nothing was changed here: theirs is shown. */
	if (g->read[d->read_topic].version != d->loaded_version && !group_is_read_touched(d))
		group_load_read(g, d);
	begin(k, d, &v, 6, g->guide.topics[d->read_topic].label, "next", w->continue_, out);
	v.lead = d->has_other ? other_reading(w, &g->read[d->read_topic], a) : "";
	for (size_t i = 0; rows != NULL && i < g->n_notes; i++)
		if (g->notes[i].topic == d->read_topic)
			rows[n++] = (struct group_row_view){ .who = text_of(a, "%c", (int)('A' + g->notes[i].who)), .sub = "",
			    .text = cut(a, g->notes[i].words), .is_struck = g->notes[i].is_struck, .is_exact = g->notes[i].is_exact,
			    .go = text_of(a, "%s-%u", g->notes[i].is_struck ? "keep" : "strike", g->notes[i].id),
			    .go_label = g->notes[i].is_struck ? w->g_keep : w->g_strike };
	if (d->first >= n)
		d->first = 0;
	v.rows = rows == NULL ? NULL : rows + d->first;
	v.n_rows = n - d->first > GROUP_NOTES_SHOWN ? GROUP_NOTES_SHOWN : n - d->first;
	v.has_earlier = d->first > 0;
	v.has_more = d->first + v.n_rows < n;
	v.note = text_fill(a, w->g_topic_of, number(a, d->read_topic + 1), number(a, g->guide.n_topics));
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		fields[i] = (struct group_field_view){ names[i], names[i], labels[i], number(a, d->counted[i]) };
	v.words = d->sentence.len == 0 ? "" : arena_strn(a, buf_str(&d->sentence), d->sentence.len);
	v.minority = d->minority.len == 0 ? "" : arena_strn(a, buf_str(&d->minority), d->minority.len);
	page_kiosk_group_read(&out->body, &v);
}

/* --- close --- */

struct preview {
	struct group_row_view *rows;
	size_t n, max;
	struct arena *a;
};

static void
add_piece(struct preview *p, const char *who, const char *text, bool exact)
{
	if (p->n < p->max)
		p->rows[p->n++] = (struct group_row_view){ .who = who, .text = text, .sub = "", .go = "", .go_label = "", .is_exact = exact };
}

/* TEXT in full, in rows of at most PIECE bytes. */
static void
add_row(struct preview *p, const char *who, const char *text, bool exact)
{
	size_t left = strlen(text);

	while (left > PIECE) {
		size_t n = PIECE;

		while (n > PIECE / 2 && text[n] != ' ')
			n--;
		if (text[n] != ' ')
			for (n = PIECE; ((unsigned char)text[n] & 0xc0) == 0x80; )
				n--;
		add_piece(p, who, text_of(p->a, "%.*s", (int)n, text), exact);
		text += n;
		left -= n;
		who = "…";
	}
	add_piece(p, who, text, exact);
}

/* Three for a line, one for the rule below. */
static size_t
height_of(const struct group_row_view *r)
{
	return 4 + 3 * ((strlen(r->who) + strlen(r->text) + strlen(r->sub)) / LINE);
}

/* Where page PAGE begins; *PAGES: how many there are. */
static size_t
page_start(const struct preview *p, size_t page, size_t *pages)
{
	size_t start = 0, height = 0;

	*pages = 1;
	for (size_t i = 0; i < p->n; i++) {
		size_t more = height_of(&p->rows[i]);

		if (height + more > PREVIEW_MAX && height > 0) {
			(*pages)++;
			height = 0;
			if (*pages == page + 1)
				start = i;
		}
		height += more;
	}
	return page + 1 > *pages ? p->n : start;
}

static const char *
themes_of(const struct group *g, const struct group_note *n, struct arena *a)
{
	const char *all = "";

	for (size_t i = 0; i < g->guide.n_themes; i++)
		if ((n->themes & 1u << i) != 0)
			all = arena_printf(a, "%s%s%s", all, all[0] == '\0' ? "" : ", ", g->guide.themes[i].label);
	return all;
}

static const char *
poll_line(const struct words *w, const struct group_poll *p, struct arena *a)
{
	const char *all = arena_printf(a, "%s", p->question);

	for (size_t i = 0; i < p->n_options; i++)
		all = arena_printf(a, "%s %s: %u.", all, p->options[i].label, group_votes(p, i));
	return text_fill(a, w->g_leaves_votes, all, NULL);
}

static const char *
label_of(const struct group_option *list, size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].id, id) == 0)
			return list[i].label;
	return id;
}

/* Who is here, and what they agreed to. */
static void
preview_people(const struct words *w, const struct group *g, struct preview *p)
{
	const char *const asked[GROUP_CONSENTS] = { w->g_agree_notes, w->g_agree_sound, w->g_agree_quote };
	const char *people = text_fill(p->a, w->g_who_sum, number(p->a, group_present(g)), NULL), *agreed = "";

	for (size_t i = 0; i < GROUP_ROLES; i++)
		if (group_of_role(g, (enum group_role)i) > 0)
			people = arena_printf(p->a, "%s %s: %zu.", people, role_word(w, (enum group_role)i),
			    group_of_role(g, (enum group_role)i));
	for (size_t i = 0; i < GROUP_CONSENTS; i++)
		if (g->no[i] >= 0)
			agreed = arena_printf(p->a, "%s%s%s %s: %d.", agreed, agreed[0] != '\0' ? " " : "", asked[i], w->no, g->no[i]);
	add_row(p, w->g_leaves_people, people, false);
	add_row(p, w->g_leaves_place, arena_printf(p->a, "%s. %s %s.", label_of(g->guide.places, g->guide.n_places, g->place), w->g_leader,
	    label_of(g->guide.leaders, g->guide.n_leaders, g->leader)), false);
	add_row(p, w->g_leaves_agreed, agreed, false);
}

/* Everything that leaves, word by word, as it leaves. */
static void
preview(const struct words *w, const struct group *g, struct preview *p)
{
	preview_people(w, g, p);
	for (size_t i = 0; i < g->guide.n_topics; i++)
		if (g->read[i].is_read && g->read[i].sentence[0] != '\0') {
			add_row(p, g->guide.topics[i].label, g->read[i].sentence, false);
			if (g->read[i].minority[0] != '\0')
				add_row(p, w->g_minority, g->read[i].minority, false);
		}
	for (size_t i = 0; i < g->n_polls; i++)
		if (!g->polls[i].is_open && !g->polls[i].is_cancelled)
			add_row(p, w->g_leaves_vote, poll_line(w, &g->polls[i], p->a), false);
	for (size_t i = 0; i < g->n_notes && group_may(g, GROUP_NOTING); i++)
		if (!g->notes[i].is_struck) {
			add_row(p, text_of(p->a, "%c", (int)('A' + g->notes[i].who)), g->notes[i].words,
			    g->notes[i].is_exact && group_may(g, GROUP_QUOTING));
			if (p->n > 0)
				p->rows[p->n - 1].sub = themes_of(g, &g->notes[i], p->a);
		}
}

static void
show_close(struct kiosk *k, struct group_desk *d, struct http_response *out)
{
	const struct words *w = d->w;
	const struct group *g = k->group->g;
	struct arena *a = out->arena;
	struct preview p = { .a = a, .max = 2 * (g->n_notes + g->n_polls) + 10 * GROUP_TOPICS + 8 };
	struct group_view v = { .rows = NULL };
	size_t pages = 1, next;

	for (size_t i = 0; i < g->n_notes; i++)
		p.max += strlen(g->notes[i].words) * 2 / PIECE;
	for (size_t i = 0; i < g->n_polls; i++)
		p.max += 4 + GROUP_OPTIONS;
	p.rows = arena_calloc(a, p.max, sizeof(*p.rows));
	if (p.rows != NULL)
		preview(w, g, &p);
	begin(k, d, &v, 7, w->g_close_title, d->is_lead ? "seal" : "latest", d->is_lead ? w->g_seal : "", out);
	v.lead = d->is_lead ? w->g_close_lead : w->g_close_second;
	(void)page_start(&p, 0, &pages);
	if (d->first >= pages)
		d->first = pages - 1;
	next = page_start(&p, d->first + 1, &pages);
	v.rows = p.rows == NULL ? NULL : p.rows + page_start(&p, d->first, &pages);
	v.n_rows = p.rows == NULL ? 0 : next - page_start(&p, d->first, &pages);
	v.has_earlier = d->first > 0;
	v.has_more = d->first + 1 < pages;
	v.note = pages == 1 ? "" : text_fill(a, w->g_page_of, number(a, d->first + 1), number(a, pages));
	page_kiosk_group_close(&out->body, &v);
}

/* What the group said of each topic, into ROWS (GROUP_TOPICS of them). */
static size_t
fill_agreed(const struct group *g, struct group_row_view *rows)
{
	size_t n = 0;

	for (size_t i = 0; i < g->guide.n_topics; i++)
		if (g->read[i].is_read && g->read[i].sentence[0] != '\0')
			rows[n++] = (struct group_row_view){ .who = g->guide.topics[i].label, .text = g->read[i].sentence,
			    .sub = g->read[i].minority, .go = "", .go_label = "" };
	return n;
}

/* The same to print, in letters of 18 points, or 24. */
void
group_show_paper(struct kiosk *k, const struct group_desk *d, bool very_large, struct http_response *out)
{
	const struct words *w = d->w;
	const struct group *g = k->group->g;
	struct group_row_view rows[GROUP_TOPICS];
	struct group_view v = { .rows = rows, .action = "", .lead = shelf_title(g->guide.shelf, d->w->code), .is_open = very_large };
	enum clock_quality quality;
	int64_t now = keep_now(k, &quality);
	struct buf day;

	buf_init(&day, 200);
	words_date(&day, w, now / 86400, DATE_DAY);
	/* A date nobody has checked is written by hand. */
	v.note = quality == CLOCK_UNKNOWN ? "" : text_of(out->arena, "%s", buf_str(&day));
	buf_free(&day);
	v.n_rows = fill_agreed(g, rows);
	group_frame(k, w, &v, w->g_summary, "", NULL);
	v.address = very_large ? "/group/paper" : "/group/paper?size=very";
	v.address_short = very_large ? w->g_paper_large : w->g_paper_very;
	page_kiosk_group_paper(&out->body, &v);
}

/* Afterwards: four words, and the sentences everybody agreed on. */
static void
show_done(struct kiosk *k, struct group_desk *d, struct http_response *out)
{
	const struct words *w = d->w;
	const struct group *g = k->group->g;
	struct group_row_view rows[GROUP_TOPICS];
	struct line_view receipt[4];
	struct group_view v = { .rows = rows, .receipt = receipt };

	begin(k, d, &v, 0, w->g_done_title, "finished", d->is_lead ? w->finished : "", out);
	v.f.look = "paper";
	v.f.has_back = false;
	v.is_paper = true;
	v.live = "";
	v.lead = w->g_done_lead;
	v.n_rows = fill_agreed(g, rows);
	if (v.n_rows > 0)
		group_add_act(out->arena, &v, "paper", w->g_paper);
	for (size_t i = 0; i < ARRAY_LEN(receipt) && k->group->has_receipt && d->is_lead; i++)
		receipt[v.n_receipt++].text = word_text(words_language(w->code), k->group->receipt[i]);
	page_kiosk_group_done(&out->body, &v);
}

void
group_show(struct kiosk *k, struct group_desk *d, struct http_response *out)
{
	if (k->group->is_sealed) {
		show_done(k, d, out);
		return;
	}
	if (d->is_passing) {
		show_passing(k, d, out);
		return;
	}
	if (d->at == GROUP_AT_POLL && d->poll >= k->group->g->n_polls)
		d->at = GROUP_AT_ASK;
	switch (d->at) {
	case GROUP_AT_WHO:
		show_who(k, d, out);
		break;
	case GROUP_AT_LEAVE:
		show_leave(k, d, out);
		break;
	case GROUP_AT_AGREE:
		show_agree(k, d, out);
		break;
	case GROUP_AT_TALK:
		show_talk(k, d, out);
		break;
	case GROUP_AT_ASK:
		show_ask(k, d, out);
		break;
	case GROUP_AT_OWN:
		show_own(k, d, out);
		break;
	case GROUP_AT_POLL:
		show_poll(k, d, out);
		break;
	case GROUP_AT_READ:
		show_read(k, d, out);
		break;
	case GROUP_AT_CLOSE:
	case GROUP_AT_DONE:
		show_close(k, d, out);
		break;
	}
}
