/* What pressing a button at a desk does. See group_desk.h. Every page has a token that is used up by one press, so
 * that a button pressed twice is one event. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/log.h"
#include "base/num.h"
#include "kiosk/group_desk.h"

static bool
is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* "plus-3" with VERB "plus": 3. False if it is another button. */
static bool
target(const char *go, const char *verb, int64_t max, int64_t *at)
{
	size_t n = strlen(verb);

	return strncmp(go, verb, n) == 0 && go[n] == '-' && num_i64(go + n + 1, strlen(go + n + 1), 0, max, at);
}

/* A number field; what is none, or empty, is 0. */
static unsigned
count_of(const struct http_request *r, const char *name, unsigned max)
{
	const char *text = field_text(r, name);
	int64_t n = 0;

	while (text[0] == '0' && text[1] != '\0')
		text++;
	return num_i64(text, strlen(text), 0, max, &n) ? (unsigned)n : 0;
}

static bool
is_text(const char *text)
{
	return utf8_valid(text, strlen(text), NULL);
}

/* TEXT without blanks around it, into B. */
static void
keep_text(struct buf *b, const char *text)
{
	size_t n = strlen(text);

	while (n > 0 && strchr(" \t\r\n", text[n - 1]) != NULL)
		n--;
	while (n > 0 && strchr(" \t\r\n", text[0]) != NULL) {
		text++;
		n--;
	}
	buf_reset(b);
	if (is_text(text))
		buf_put(b, text, n);
}

static void
go_to(struct group_desk *d, enum group_place at)
{
	d->at = at;
	d->first = 0;
	d->error = NULL;
}

/* --- who is here, what was agreed --- */

static void
to_people(struct kiosk *k, struct group_desk *d)
{
	go_to(d, GROUP_AT_WHO);
	d->is_from_talk = true;
	d->were_here = group_present(k->group->g);
}

/* The last of ROLE who is here; false: nobody is. *IS_QUOTED: somebody of ROLE who is here has said something, so that
 * it matters who goes. */
static bool
last_of(const struct group *g, int64_t role, unsigned *who, bool *is_quoted)
{
	bool found = false;

	*is_quoted = false;
	for (unsigned i = 0; i < g->n_people; i++) {
		if ((int64_t)g->people[i].role != role || g->people[i].has_left)
			continue;
		*who = i;
		found = true;
		for (size_t n = 0; n < g->n_notes; n++)
			*is_quoted |= g->notes[n].who == i && !g->notes[n].is_struck;
	}
	return found;
}

static void
press_who(struct kiosk *k, struct group_desk *d, const char *go)
{
	struct group *g = k->group->g;
	bool is_quoted;
	unsigned who;
	struct err err;
	int64_t role;

	if (target(go, "plus", GROUP_ROLES - 1, &role)) {
		(void)group_did(k, d, group_come(g, (enum group_role)role, &err), &err);
	} else if (target(go, "minus", GROUP_ROLES - 1, &role) && last_of(g, role, &who, &is_quoted)) {
		if (is_quoted)
			go_to(d, GROUP_AT_LEAVE);
		else
			(void)group_did(k, d, group_leave(g, who, false, &err), &err);
	} else if (is(go, "leaves")) {
		go_to(d, GROUP_AT_LEAVE);
	} else if (is(go, "next")) {
		if (group_present(g) == 0)
			d->error = d->w->g_err_nobody;
		/* Whoever comes later is asked what the others agreed to. */
		else if (d->is_from_talk && group_present(g) <= d->were_here)
			go_to(d, GROUP_AT_TALK);
		else
			go_to(d, GROUP_AT_AGREE);
	}
}

static void
press_leave(struct kiosk *k, struct group_desk *d, const char *go, const struct http_request *r)
{
	struct group *g = k->group->g;
	const char *text = field_text(r, "who");
	struct err err;
	int64_t who;

	if (is(go, "back")) {
		go_to(d, GROUP_AT_WHO);
	} else if (is(go, "next")) {
		if (!num_i64(text, strlen(text), 0, (int64_t)g->n_people - 1, &who))
			d->error = d->w->g_err_leaves;
		else if (group_did(k, d, group_leave(g, (unsigned)who, is(field_text(r, "out"), "yes"), &err), &err))
			go_to(d, GROUP_AT_WHO);
	}
}

static void
press_agree(struct kiosk *k, struct group_desk *d, const char *go)
{
	struct group *g = k->group->g;
	enum err_code rc = ERR_OK;
	struct err err = { .code = ERR_OK };
	int64_t what;

	if (target(go, "all", GROUP_CONSENTS - 1, &what)) {
		rc = group_agree(g, (enum group_consent)what, 0, &err);
	} else if (target(go, "plus", GROUP_CONSENTS - 1, &what)) {
		if (g->no[what] < (int)group_present(g))
			rc = group_agree(g, (enum group_consent)what, g->no[what] < 0 ? 1 : (unsigned)g->no[what] + 1, &err);
	} else if (target(go, "minus", GROUP_CONSENTS - 1, &what)) {
		/* more than are here: somebody has left since */
		if (g->no[what] > 0)
			rc = group_agree(g, (enum group_consent)what, g->no[what] > (int)group_present(g) ? (unsigned)group_present(g)
			    : (unsigned)g->no[what] - 1, &err);
	} else if (is(go, "back")) {
		go_to(d, GROUP_AT_WHO);
		d->is_from_talk = false;
	} else if (is(go, "next")) {
		if (g->no[GROUP_NOTING] < 0 || g->no[GROUP_SOUND] < 0 || g->no[GROUP_QUOTING] < 0) {
			d->error = d->w->g_err_agree;
			return;
		}
		if (g->topic_since[g->topic] == 0)
			rc = group_turn(g, g->topic, group_now(k), &err);
		if (rc == ERR_OK)
			go_to(d, GROUP_AT_TALK);
	}
	(void)group_did(k, d, rc, &err);
}

/* --- talk --- */

/* What the page says so far, whichever button was pressed: nothing typed is lost. */
static void
take_note(struct kiosk *k, struct group_desk *d, const struct http_request *r)
{
	const struct group *g = k->group->g;
	int64_t who = -1;

	keep_text(&d->words, field_text(r, "words"));
	d->who = num_i64(field_text(r, "who"), strlen(field_text(r, "who")), 0, (int64_t)g->n_people - 1, &who) ? (int)who : -1;
	d->is_exact = is(field_text(r, "exact"), "yes");
	d->themes = 0;
	for (size_t n = 0, len; http_field(r, "theme", n, &len) != NULL; n++) {
		const char *id = http_field(r, "theme", n, &len);

		for (size_t i = 0; i < g->guide.n_themes; i++)
			if (strlen(g->guide.themes[i].id) == len && memcmp(g->guide.themes[i].id, id, len) == 0)
				d->themes |= 1u << i;
	}
}

static size_t
characters(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

/* TOPIC: of the page on which it was written; another tablet may have gone on since. */
static void
save_note(struct kiosk *k, struct group_desk *d, unsigned topic)
{
	struct group *g = k->group->g;
	struct group_note n = { .topic = topic, .is_exact = d->is_exact, .themes = d->themes,
	    .words = buf_str(&d->words), .minute = group_topic_seconds(g, topic, group_now(k)) / 60 };
	enum err_code rc;
	struct err err;

	if (d->words.len == 0) {
		d->error = d->w->g_err_words;
		return;
	}
	if (d->who < 0) {
		d->error = d->w->g_err_who;
		return;
	}
	if (characters(n.words) > GROUP_WORDS) {
		d->error = d->w->g_err_long;
		return;
	}
	n.who = (unsigned)d->who;
	rc = group_write(g, &n, &err);
	if (!group_did(k, d, rc, &err)) {
		if (rc == ERR_LIMIT)
			d->error = d->w->g_err_notes;
	} else {
		buf_reset(&d->words);
		d->who = -1;
		d->themes = 0;
		d->is_exact = false;
	}
}

static void
press_talk(struct kiosk *k, struct group_desk *d, const char *go, const struct http_request *r)
{
	struct group *g = k->group->g;
	const char *shown = field_text(r, "topic");
	int64_t topic = g->topic;
	enum err_code rc = ERR_OK;
	struct err err = { .code = ERR_OK };

	if (!num_i64(shown, strlen(shown), 0, (int64_t)g->guide.n_topics - 1, &topic))
		topic = g->topic;
	if (group_may(g, GROUP_NOTING))
		take_note(k, d, r);
	if (is(go, "save") && group_may(g, GROUP_NOTING)) {
		save_note(k, d, (unsigned)topic);
	} else if (is(go, "topic") || is(go, "save")) {
		/* Pressed on two tablets at once it is one turn. */
		if (topic == g->topic)
			rc = group_turn(g, (unsigned)((g->topic + 1) % g->guide.n_topics), group_now(k), &err);
	} else if (is(go, "back")) {
		if (g->topic == 0)
			go_to(d, GROUP_AT_AGREE);
		else if (topic == g->topic)
			rc = group_turn(g, g->topic - 1, group_now(k), &err);
	} else if (is(go, "people")) {
		to_people(k, d);
	} else if (is(go, "ask")) {
		go_to(d, GROUP_AT_ASK);
	} else if (is(go, "read")) {
		d->read_topic = 0;
		go_to(d, GROUP_AT_READ);
	}
	(void)group_did(k, d, rc, &err);
}

/* --- ask the group --- */

/* A question of the guide (AT), or one typed by hand. */
static bool
make_poll(struct kiosk *k, struct group_desk *d, const struct http_request *r, int64_t at, struct group_poll *p)
{
	const struct group *g = k->group->g;
	const char *kind = field_text(r, "kind");
	static const char *const names[] = { "o1", "o2", "o3", "o4", "o5", "o6" };
	bool too_long = false;

	memset(p, 0, sizeof(*p));
	p->dots = 3;
	p->kind = is(kind, "hands") ? GROUP_HANDS : is(kind, "dots") ? GROUP_DOTS : GROUP_POLL;
	if (at >= 0) {
		const struct group_ask *a = &g->guide.asks[at];

		p->topic = (unsigned)a->topic;
		p->id = a->id;
		p->question = a->label;
		p->n_options = a->n_options;
		memcpy(p->options, a->options, sizeof(p->options));
		if (p->kind == GROUP_POLL && a->is_dots)
			p->kind = GROUP_DOTS;
		return true;
	}
	p->topic = g->topic;
	p->id = "own";
	p->question = field_text(r, "question");
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *text = field_text(r, names[i]);

		if (text[0] != '\0' && is_text(text))
			p->options[p->n_options++] = (struct group_option){ names[i], text };
	}
	if (!is_text(p->question) || p->question[0] == '\0' || p->n_options < 2) {
		d->error = d->w->g_err_question;
		return false;
	}
	for (size_t i = 0; i < p->n_options; i++)
		too_long |= characters(p->options[i].label) > GROUP_ANSWER;
	if (too_long || characters(p->question) > GROUP_QUESTION) {
		d->error = d->w->g_err_long;
		return false;
	}
	return true;
}

static void
press_ask(struct kiosk *k, struct group_desk *d, const char *go, const struct http_request *r)
{
	struct group *g = k->group->g;
	struct group_poll *p;
	struct err err = { .code = ERR_OK };
	int64_t at = -1;

	if (is(go, "back") || (is(go, "next") && d->at == GROUP_AT_ASK)) {
		go_to(d, d->at == GROUP_AT_OWN ? GROUP_AT_ASK : GROUP_AT_TALK);
	} else if (is(go, "own") && d->at == GROUP_AT_ASK) {
		go_to(d, GROUP_AT_OWN);
	} else if (target(go, "see", GROUP_POLLS - 1, &at) && at < (int64_t)g->n_polls) {
		go_to(d, GROUP_AT_POLL);
		d->poll = (size_t)at;
	} else if (is(go, "more")) {
		d->first += GROUP_ROWS;
	} else if (is(go, "earlier")) {
		d->first = d->first < GROUP_ROWS ? 0 : d->first - GROUP_ROWS;
	} else if ((target(go, "ask", GROUP_POLLS - 1, &at) && at < (int64_t)g->guide.n_asks) || is(go, "next")) {
		size_t poll = 0;

		p = calloc(1, sizeof(*p));
		if (p == NULL) {
			d->error = d->w->g_err_kept;
			return;
		}
		if (make_poll(k, d, r, at, p) && group_did(k, d, group_ask(g, p, &poll, &err), &err)) {
			go_to(d, GROUP_AT_POLL);
			d->poll = poll;
		}
		free(p);
	}
}

/* The tablet goes round: from here on it shows ballots only, and the number leads back. */
static void
begin_passing(struct group_desk *d)
{
	snprintf(d->number, sizeof(d->number), "%04u", seal_random_below(10000));
	d->number_tries = 0;
	d->is_passing = true;
	d->is_told = d->is_leaving = false;
	group_desk_pass_on(d);
}

static bool
take_hands(struct kiosk *k, struct group_desk *d, const struct http_request *r)
{
	const struct group_poll *p = &k->group->g->polls[d->poll];
	unsigned n[GROUP_OPTIONS] = { 0 };
	struct err err;
	char name[24];

	for (size_t i = 0; i < p->n_options; i++) {
		snprintf(name, sizeof(name), "h%zu", i);
		n[i] = count_of(r, name, 999);
	}
	return group_did(k, d, group_hands(k->group->g, d->poll, n, &err), &err);
}

static void
press_poll(struct kiosk *k, struct group_desk *d, const char *go, const struct http_request *r)
{
	struct group *g = k->group->g;
	const struct group_poll *p;
	struct err err = { .code = ERR_OK };

	if (d->poll >= g->n_polls) {
		go_to(d, GROUP_AT_ASK);
		return;
	}
	p = &g->polls[d->poll];
	if (is(go, "back") || (is(go, "next") && !p->is_open)) {
		go_to(d, GROUP_AT_ASK);
	} else if (is(go, "pass") && p->is_open && p->kind != GROUP_HANDS) {
		begin_passing(d);
	} else if (is(go, "next") && (p->kind != GROUP_HANDS || take_hands(k, d, r))) {
		(void)group_did(k, d, group_end_poll(g, d->poll, false, &err), &err);
	} else if (is(go, "cancel") && p->is_open) {
		if (group_did(k, d, group_end_poll(g, d->poll, true, &err), &err))
			go_to(d, GROUP_AT_ASK);
	}
}

/* Text size and Listen, of whoever has the tablet now: the page stays, and what is ticked on it. */
static bool
press_aid(struct group_desk *d, const char *go, const struct group_poll *p, const struct http_request *r)
{
	bool aid = group_look_is_aid(go) && d->is_told && !d->is_leaving;

	d->is_looking = aid && (group_look_press(&d->look, go) || is(go, "look"));
	d->is_listening = aid && is(go, "listen");
	if (d->has_ballot && p != NULL)
		d->ticked = group_ticked(r, p);
	return aid;
}

/* The tablet is with the group: a ballot, "pass it on", or the number that leads back. */
static void
press_passing(struct kiosk *k, struct group_desk *d, const char *go, const struct http_request *r)
{
	struct group *g = k->group->g;
	struct group_poll *p = d->poll < g->n_polls && g->polls[d->poll].is_open ? &g->polls[d->poll] : NULL;
	uint8_t n[GROUP_OPTIONS], voter[16];
	struct err err = { .code = ERR_OK };

	if (press_aid(d, go, p, r))
		return;
	if (!d->is_told) {
		d->is_told = is(go, "told");
	} else if (is(go, "leave")) {
		d->is_leaving = true;
	} else if (is(go, "stay") || is(go, "back")) {
		d->is_leaving = false;
		group_desk_pass_on(d);
	} else if (is(go, "number")) {
		const char *typed = field_text(r, "number");

		if (strlen(typed) == 4 && seal_equal(typed, d->number, 4)) {
			d->is_passing = d->is_leaving = false;
			group_desk_pass_on(d);
			wipe(d->number, sizeof(d->number));
		} else if (++d->number_tries >= 5) {
			group_lock(k);
		} else {
			d->error = d->w->g_err_number;
		}
	} else if (p == NULL) {
		group_desk_pass_on(d);
	} else if (is(go, "mine")) {
		seal_random(d->ballot, sizeof(d->ballot));
		d->has_ballot = true;
	} else if (is(go, "vote") && d->has_ballot) {
		if (group_read_ballot(d->w, r, p, n, &d->error)) {
			group_voter(g, p, d->ballot, voter);
			if (group_did(k, d, group_vote(g, d->poll, voter, n, &err), &err))
				group_desk_pass_on(d);
		}
		wipe(n, sizeof(n));
	}
}

/* --- read back --- */

static void
take_read(struct group_desk *d, const struct http_request *r)
{
	keep_text(&d->sentence, field_text(r, "words"));
	keep_text(&d->minority, field_text(r, "minority"));
	d->counted[0] = count_of(r, "agree", 999);
	d->counted[1] = count_of(r, "change", 999);
	d->counted[2] = count_of(r, "not", 999);
}

static void
put_read(const struct group_desk *d, struct buf *out)
{
	buf_put(out, d->sentence.data, d->sentence.len);
	buf_putc(out, '\0');
	buf_put(out, d->minority.data, d->minority.len);
	buf_printf(out, "%c%u %u %u", '\0', d->counted[0], d->counted[1], d->counted[2]);
}

bool
group_is_read_touched(const struct group_desk *d)
{
	struct buf now;
	bool touched;

	buf_init_secret(&now, 64 << 10);
	put_read(d, &now);
	touched = now.len != d->loaded.len || (now.len > 0 && memcmp(now.data, d->loaded.data, now.len) != 0);
	buf_free(&now);
	return touched;
}

void
group_load_read(const struct group *g, struct group_desk *d)
{
	const struct group_summary *s = &g->read[d->read_topic];

	buf_reset(&d->sentence);
	buf_reset(&d->minority);
	buf_reset(&d->loaded);
	d->counted[0] = s->agree;
	d->counted[1] = s->change;
	d->counted[2] = s->not_agreed;
	if (s->is_read) {
		buf_puts(&d->sentence, s->sentence);
		buf_puts(&d->minority, s->minority);
	}
	put_read(d, &d->loaded);
	d->loaded_version = s->version;
	d->has_other = false;
}

/* Keep what is on the page if it was changed here. What another desk wrote since is shown first, never overwritten
 * unseen. */
static bool
save_read(struct kiosk *k, struct group_desk *d)
{
	struct group *g = k->group->g;
	struct group_summary s = { .sentence = buf_str(&d->sentence), .minority = buf_str(&d->minority),
	    .agree = d->counted[0], .change = d->counted[1], .not_agreed = d->counted[2] };
	struct err err;

	if (characters(s.sentence) > GROUP_SENTENCE || characters(s.minority) > GROUP_SENTENCE) {
		d->error = d->w->g_err_long;
		return false;
	}
	if (s.agree + s.change + s.not_agreed > group_present(g)) {
		d->error = d->w->g_err_counts;
		return false;
	}
	if (!group_is_read_touched(d))
		return true;
	if (g->read[d->read_topic].version != d->loaded_version) {
		d->error = d->w->g_err_two;
		d->loaded_version = g->read[d->read_topic].version;
		d->has_other = true;
		return false;
	}
	if (!group_did(k, d, group_read_back(g, d->read_topic, &s, &err), &err))
		return false;
	group_load_read(g, d);
	return true;
}

static void
press_read(struct kiosk *k, struct group_desk *d, const char *go, const struct http_request *r)
{
	struct group *g = k->group->g;
	struct err err = { .code = ERR_OK };
	int64_t id;

	take_read(d, r);
	if (target(go, "strike", GROUP_NOTES, &id) || target(go, "keep", GROUP_NOTES, &id)) {
		(void)group_did(k, d, group_strike(g, (uint32_t)id, go[0] == 's', &err), &err);
		return;
	}
	if (is(go, "more")) {
		d->first += GROUP_NOTES_SHOWN;
		return;
	}
	if (is(go, "earlier")) {
		d->first = d->first < GROUP_NOTES_SHOWN ? 0 : d->first - GROUP_NOTES_SHOWN;
		return;
	}
	if (!save_read(k, d) || k->group->g == NULL)
		return;
	if (is(go, "back") && d->read_topic == 0) {
		go_to(d, GROUP_AT_TALK);
		return;
	}
	if (is(go, "back"))
		d->read_topic--;
	else if (d->read_topic + 1 < g->guide.n_topics)
		d->read_topic++;
	else {
		go_to(d, GROUP_AT_CLOSE);
		d->seen = g->version;
		return;
	}
	go_to(d, GROUP_AT_READ);
	group_load_read(g, d);
}

/* --- close --- */

static void
press_close(struct kiosk *k, struct group_desk *d, const char *go)
{
	struct group *g = k->group->g;
	struct err err = { .code = ERR_OK };

	if (is(go, "more")) {
		d->first += 1;
	} else if (is(go, "earlier")) {
		d->first -= d->first > 0;
	} else if (is(go, "back")) {
		d->read_topic = (unsigned)g->guide.n_topics - 1;
		go_to(d, GROUP_AT_READ);
		group_load_read(g, d);
	} else if (is(go, "seal") && d->is_lead) {
		for (size_t i = 0; i < g->n_polls; i++)
			if (g->polls[i].is_open) {
				d->error = d->w->g_err_poll_open;
				return;
			}
		/* Another tablet wrote since: what leaves is what the group has looked at. */
		if (d->seen != g->version) {
			d->error = d->w->g_err_changed;
			d->seen = g->version;
			d->first = 0;
			return;
		}
		if (group_seal(k, &err) == ERR_OK) {
			go_to(d, GROUP_AT_DONE);
		} else {
			log_err("kiosk", "group", &err);
			d->error = d->w->g_err_seal;
		}
	}
}

/* --- all --- */

static void
press(struct kiosk *k, struct group_desk *d, const char *go, const struct http_request *r)
{
	enum group_place before = d->at;

	if (d->is_passing) {
		press_passing(k, d, go, r);
		return;
	}
	switch (d->at) {
	case GROUP_AT_WHO:
		press_who(k, d, go);
		break;
	case GROUP_AT_LEAVE:
		press_leave(k, d, go, r);
		break;
	case GROUP_AT_AGREE:
		press_agree(k, d, go);
		break;
	case GROUP_AT_TALK:
		press_talk(k, d, go, r);
		break;
	case GROUP_AT_ASK:
	case GROUP_AT_OWN:
		press_ask(k, d, go, r);
		break;
	case GROUP_AT_POLL:
		press_poll(k, d, go, r);
		break;
	case GROUP_AT_READ:
		press_read(k, d, go, r);
		break;
	case GROUP_AT_CLOSE:
		press_close(k, d, go);
		break;
	case GROUP_AT_DONE:
		break;
	}
	if (before == GROUP_AT_TALK && d->at == GROUP_AT_READ && k->group->g != NULL)
		group_load_read(k->group->g, d);
}

void
group_press(struct kiosk *k, struct group_desk *d, const struct http_request *r, struct http_response *out)
{
	const char *go = field_text(r, "go"), *token = field_text(r, "t");
	uint8_t given[16];
	bool lan = d->is_lan;

	/* An old page: what stands there now is shown. */
	if (!hex_get(token, strlen(token), given, sizeof(given)) || !seal_equal(given, d->page, sizeof(given))) {
		http_see_other(out, "/group/s");
		return;
	}
	/* An error is heard, and seen in other sizes, too. */
	if (!d->is_passing || !group_look_is_aid(go))
		d->error = NULL;
	seal_random(d->page, sizeof(d->page));
	if (is(go, "wrong")) {
		if (d->at == GROUP_AT_TALK && !d->is_passing && !k->group->is_sealed)
			take_note(k, d, r);
		group_wrong(k, d->w, lan, out);
		return;
	}
	if (k->group->is_sealed && is(go, "finished") && d->is_lead) {
		group_end(k);
		http_see_other(out, "/");
		guard_cookie(k, out, "g", NULL, lan);
		return;
	}
	if (k->group->is_sealed && is(go, "paper")) {
		http_see_other(out, "/group/paper");
		return;
	}
	/* Once sealed only the lead's last page is left. */
	if (!k->group->is_sealed && is(go, "lock") && !d->is_passing)
		group_lock(k);
	else if (!k->group->is_sealed)
		press(k, d, go, r);
	http_see_other(out, "/group/s");
}
