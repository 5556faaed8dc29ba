/* The events of a focus group. See group.h. Each event is written as one line, fields split by US (0x1f), and applied
 * by the same function that reads lines again after a power cut: what is on the page is what the draft says. */
#include "kiosk/group.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/num.h"

enum { WORDS_MAX = 8 << 20, FIELDS = 32, SPLIT = 0x1f, LINE_MAX_LEN = 32 << 10,
	STINT_MAX_S = 6 * 3600,		/* longer without an event: the clock jumped, or it is another day */
	MINUTES_MAX = 9999,
	CHANGES = 20,			/* of one vote */
	/* What the draft keeps free, so that a full session can still be voted on, read back and closed. */
	ROOM_NOTES = 160 << 10, ROOM_VOTES = 96 << 10, ROOM_COUNTS = 48 << 10,
	/* Of a session as XML, where each note takes NOTE_XML beside its words: it must fit into a record. */
	XML_NOTES = 700 << 10, NOTE_XML = 320,
};

const char *const group_role_name[GROUP_ROLES] = { "lives_here", "family", "carer", "advocate", "interpreter", "staff" };
const char *const group_vote_name[GROUP_VOTES] = { "poll", "dots", "hands" };

/* --- lines --- */

struct fields {
	const char *f[FIELDS];
	size_t n;
};

/* Split a copy of LINE in A. */
static enum err_code
split(struct arena *a, const uint8_t *line, size_t len, struct fields *out, struct err *err)
{
	char *p = arena_strn(a, (const char *)line, len);

	out->n = 0;
	if (p == NULL)
		return err_nomem(err);
	if (memchr(line, '\0', len) != NULL || !utf8_valid(line, len, NULL))
		return err_set(err, ERR_BROKEN, "a line of the draft that is no text");
	for (;;) {
		char *end = strchr(p, SPLIT);

		if (out->n == FIELDS)
			return err_set(err, ERR_BROKEN, "a line of the draft with more than %d fields", FIELDS);
		out->f[out->n++] = p;
		if (end == NULL)
			return ERR_OK;
		*end = '\0';
		p = end + 1;
	}
}

static int64_t
num(const struct fields *f, size_t i, int64_t min, int64_t max, bool *ok)
{
	int64_t v = min;

	*ok = *ok && i < f->n && num_i64(f->f[i], strlen(f->f[i]), min, max, &v);
	return v;
}

static const char *
txt(const struct fields *f, size_t i)
{
	return i < f->n ? f->f[i] : "";
}

/* What people type. Other control characters than line ends would end fields; U+FFFE and U+FFFF cannot stand in XML
 * (XML 1.0, production 2), in which the session leaves. */
static void
put_text(struct buf *b, const char *text)
{
	buf_putc(b, SPLIT);
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '\r')
			continue;
		if (strncmp(text, "\xef\xbf\xbe", 3) == 0 || strncmp(text, "\xef\xbf\xbf", 3) == 0) {
			buf_putc(b, ' ');
			text += 2;
			continue;
		}
		buf_putc(b, (c < 0x20 && c != '\n') || c == 0x7f ? ' ' : *text);
	}
}

static void
put_num(struct buf *b, int64_t v)
{
	buf_printf(b, "%c%lld", SPLIT, (long long)v);
}

/* --- applying --- */

static bool
apply_person(struct group *g, const struct fields *f)
{
	bool ok = true;
	enum group_role role = (enum group_role)num(f, 1, 0, GROUP_ROLES - 1, &ok);

	if (!ok || g->n_people == GROUP_PEOPLE)
		return false;
	g->people[g->n_people++] = (struct group_person){ .role = role };
	return true;
}

static bool
is_quoted(const struct group *g, size_t who)
{
	for (size_t i = 0; i < g->n_notes; i++)
		if (g->notes[i].who == who)
			return true;
	return false;
}

/* A letter that nobody has spoken under, the last one, is free again. Field 2 is 1 if what they said goes too. */
static bool
apply_leave(struct group *g, const struct fields *f)
{
	bool ok = true;
	size_t who = (size_t)num(f, 1, 0, GROUP_PEOPLE - 1, &ok);
	bool takes_back = f->n > 2 && num(f, 2, 0, 1, &ok) != 0;

	if (!ok || who >= g->n_people)
		return false;
	g->people[who].has_left = true;
	for (size_t i = 0; i < g->n_notes; i++)
		g->notes[i].is_struck |= takes_back && g->notes[i].who == who;
	while (g->n_people > 0 && g->people[g->n_people - 1].has_left && !is_quoted(g, g->n_people - 1))
		g->n_people--;
	return true;
}

/* Seconds from SINCE to NOW; none where the clock was set in between, or the session lay. */
static unsigned
stint(int64_t since, int64_t now)
{
	return since == 0 || now <= since || now - since > STINT_MAX_S ? 0 : (unsigned)(now - since);
}

static bool
apply_turn(struct group *g, const struct fields *f)
{
	bool ok = true;
	unsigned topic = (unsigned)num(f, 1, 0, GROUP_TOPICS - 1, &ok);
	int64_t now = num(f, 2, 0, INT64_MAX, &ok);

	if (!ok || topic >= g->guide.n_topics)
		return false;
	g->topic_spent[g->topic] += stint(g->topic_since[g->topic], now);
	g->topic_since[g->topic] = 0;
	g->topic = topic;
	g->topic_since[topic] = now;
	return true;
}

static bool
apply_pause(struct group *g, const struct fields *f)
{
	bool ok = true;
	int64_t now = num(f, 1, 0, INT64_MAX, &ok);

	if (!ok)
		return false;
	g->topic_spent[g->topic] += stint(g->topic_since[g->topic], now);
	g->topic_since[g->topic] = 0;
	return true;
}

/* Nobody knows when the power went: what the notes of the topic say is known. */
static bool
apply_again(struct group *g, const struct fields *f)
{
	bool ok = true;
	int64_t now = num(f, 1, 0, INT64_MAX, &ok);

	if (!ok)
		return false;
	for (size_t i = 0; i < g->n_notes; i++)
		if (g->notes[i].topic == g->topic && g->notes[i].minute * 60 > g->topic_spent[g->topic])
			g->topic_spent[g->topic] = g->notes[i].minute * 60;
	g->topic_since[g->topic] = now;
	return true;
}

static struct group_note *
note_of(struct group *g, uint32_t id)
{
	return id >= 1 && id <= g->n_notes ? &g->notes[id - 1] : NULL;
}

static bool
apply_note(struct group *g, const struct fields *f)
{
	struct group_note n = { .id = 0 }, *at;
	bool ok = true;

	n.id = (uint32_t)num(f, 1, 1, GROUP_NOTES, &ok);
	n.topic = (unsigned)num(f, 2, 0, GROUP_TOPICS - 1, &ok);
	n.minute = (unsigned)num(f, 3, 0, 100000, &ok);
	n.who = (unsigned)num(f, 4, 0, GROUP_PEOPLE - 1, &ok);
	n.is_exact = num(f, 5, 0, 1, &ok) != 0;
	n.themes = (uint32_t)num(f, 6, 0, UINT32_MAX, &ok);
	n.words = txt(f, 7);
	if (!ok || n.topic >= g->guide.n_topics || n.who >= g->n_people || n.id > g->n_notes + 1)
		return false;
	if (n.id == g->n_notes + 1)
		g->n_notes++;
	at = note_of(g, n.id);
	n.is_struck = at->is_struck;
	*at = n;
	return true;
}

static bool
apply_strike(struct group *g, const struct fields *f)
{
	bool ok = true;
	struct group_note *n = note_of(g, (uint32_t)num(f, 1, 1, GROUP_NOTES, &ok));

	if (!ok || n == NULL)
		return false;
	n->is_struck = num(f, 2, 0, 1, &ok) != 0;
	return ok;
}

static bool
apply_agree(struct group *g, const struct fields *f)
{
	bool ok = true;
	size_t what = (size_t)num(f, 1, 0, GROUP_CONSENTS - 1, &ok);
	int64_t no = num(f, 2, 0, GROUP_PEOPLE, &ok);

	if (ok)
		g->no[what] = (int)no;
	return ok;
}

static bool
apply_ask(struct group *g, const struct fields *f)
{
	struct group_poll *p = &g->polls[g->n_polls];
	bool ok = g->n_polls < GROUP_POLLS && f->n >= 11 && f->n % 2 == 1;

	if (!ok)
		return false;
	memset(p, 0, sizeof(*p));
	p->topic = (unsigned)num(f, 1, 0, GROUP_TOPICS - 1, &ok);
	p->kind = (enum group_vote)num(f, 2, 0, GROUP_VOTES - 1, &ok);
	p->dots = (unsigned)num(f, 3, 1, 10, &ok);
	snprintf(p->code, sizeof(p->code), "%s", txt(f, 4));
	p->id = txt(f, 5);
	p->question = txt(f, 6);
	for (size_t i = 7; i + 1 < f->n && p->n_options < GROUP_OPTIONS; i += 2)
		p->options[p->n_options++] = (struct group_option){ f->f[i], f->f[i + 1] };
	p->is_open = true;
	ok = ok && p->topic < g->guide.n_topics;
	g->n_polls += ok;
	return ok;
}

static struct group_poll *
poll_of(struct group *g, const struct fields *f, bool *ok)
{
	size_t at = (size_t)num(f, 1, 0, GROUP_POLLS - 1, ok);

	*ok = *ok && at < g->n_polls;
	return *ok ? &g->polls[at] : NULL;
}

static bool
apply_ballot(struct group *g, const struct fields *f)
{
	bool ok = true;
	struct group_poll *p = poll_of(g, f, &ok);
	struct group_ballot b;
	size_t i;

	if (!ok || !hex_get(txt(f, 2), strlen(txt(f, 2)), b.voter, sizeof(b.voter)))
		return false;
	for (i = 0; i < GROUP_OPTIONS; i++)
		b.n[i] = i + 3 < f->n ? (uint8_t)num(f, i + 3, 0, 10, &ok) : 0;
	for (i = 0; i < p->n_ballots && memcmp(p->ballots[i].voter, b.voter, 16) != 0; )
		i++;
	if (!ok || i == GROUP_BALLOTS)
		return false;
	b.changes = i < p->n_ballots && p->ballots[i].changes < UINT8_MAX ? (uint8_t)(p->ballots[i].changes + 1) : 0;
	p->ballots[i] = b;
	p->n_ballots += i == p->n_ballots;
	return true;
}

static bool
apply_hands(struct group *g, const struct fields *f)
{
	bool ok = true;
	struct group_poll *p = poll_of(g, f, &ok);

	for (size_t i = 0; ok && i < p->n_options; i++)
		p->hands[i] = (unsigned)num(f, i + 2, 0, 999, &ok);
	return ok;
}

static bool
apply_end(struct group *g, const struct fields *f)
{
	bool ok = true;
	struct group_poll *p = poll_of(g, f, &ok);

	if (!ok)
		return false;
	p->is_open = false;
	p->is_cancelled = num(f, 2, 0, 1, &ok) != 0;
	/* Only counts are needed from here on: who voted is forgotten. */
	for (size_t i = 0; i < p->n_ballots; i++)
		wipe(p->ballots[i].voter, sizeof(p->ballots[i].voter));
	return ok;
}

static bool
apply_read(struct group *g, const struct fields *f)
{
	bool ok = true;
	unsigned topic = (unsigned)num(f, 1, 0, GROUP_TOPICS - 1, &ok);
	struct group_summary s = { .is_read = true };

	s.agree = (unsigned)num(f, 2, 0, 999, &ok);
	s.change = (unsigned)num(f, 3, 0, 999, &ok);
	s.not_agreed = (unsigned)num(f, 4, 0, 999, &ok);
	s.sentence = txt(f, 5);
	s.minority = txt(f, 6);
	if (!ok || topic >= g->guide.n_topics)
		return false;
	s.version = g->read[topic].version + 1;
	g->read[topic] = s;
	return true;
}

static enum err_code
apply(struct group *g, const uint8_t *line, size_t len, struct err *err)
{
	static const struct { const char *verb; bool (*fn)(struct group *g, const struct fields *f); } verbs[] = {
		{ "person", apply_person }, { "leave", apply_leave }, { "agree", apply_agree }, { "turn", apply_turn },
		{ "note", apply_note }, { "strike", apply_strike }, { "ask", apply_ask }, { "ballot", apply_ballot },
		{ "hands", apply_hands }, { "end", apply_end }, { "read", apply_read }, { "pause", apply_pause },
		{ "again", apply_again },
	};
	struct fields f;
	enum err_code rc = split(&g->words, line, len, &f, err);

	if (rc != ERR_OK)
		return rc;
	g->version++;
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (strcmp(f.f[0], verbs[i].verb) == 0)
			return verbs[i].fn(g, &f) ? ERR_OK : err_set(err, ERR_BROKEN, "a line of the draft that cannot be: %s",
			    verbs[i].verb);
	return err_set(err, ERR_BROKEN, "a line of the draft that nobody knows");
}

/* Durable, then in force, if ROOM bytes stay free after it. What cannot be applied after it was kept leaves memory
 * behind the disk: ERR_BROKEN. */
static enum err_code
commit(struct group *g, struct buf *line, size_t room, struct err *err)
{
	enum err_code rc = buf_check(line, err);

	if (rc == ERR_OK && g->draft == NULL)
		rc = err_set(err, ERR_DENIED, "the session is locked");
	if (rc == ERR_OK && draft_room(g->draft) < line->len + room)
		rc = err_set(err, ERR_LIMIT, "the session is full");
	if (rc == ERR_OK)
		rc = draft_add(g->draft, line->data, line->len, err);
	if (rc == ERR_OK && apply(g, line->data, line->len, err) != ERR_OK)
		rc = err_set(err, ERR_BROKEN, "kept, but memory is short: open the session again");
	buf_free(line);
	return rc;
}

static struct buf
line_of(const char *verb)
{
	struct buf b;

	buf_init_secret(&b, LINE_MAX_LEN);
	buf_puts(&b, verb);
	return b;
}

/* --- life --- */

static enum err_code
group_alloc(struct draft *draft, struct group **out, struct err *err)
{
	struct group *g = calloc(1, sizeof(*g));

	*out = NULL;
	if (g == NULL) {
		draft_free(draft);
		return err_nomem(err);
	}
	g->draft = draft;
	arena_init_secret(&g->words, WORDS_MAX);
	for (size_t i = 0; i < GROUP_CONSENTS; i++)
		g->no[i] = -1;
	*out = g;
	return ERR_OK;
}

void
group_free(struct group *g)
{
	if (g == NULL)
		return;
	draft_free(g->draft);
	group_guide_clear(&g->guide);
	arena_clear(&g->words);
	wipe(g, sizeof(*g));
	free(g);
}

/* The first line of a draft: setup, place, leader, tag. */
static enum err_code
set_up(struct group *g, const struct shelf *shelf, const uint8_t *line, size_t len, struct err *err)
{
	struct fields f;
	enum err_code rc = split(&g->words, line, len, &f, err);

	if (rc == ERR_OK && (f.n != 4 || strcmp(f.f[0], "setup") != 0))
		rc = err_set(err, ERR_BROKEN, "the draft does not begin with its guide");
	if (rc != ERR_OK)
		return rc;
	g->place = f.f[1];
	g->leader = f.f[2];
	g->tag = f.f[3];
	return group_guide_read(shelf, shelf_language(shelf, g->tag), &g->guide, err);
}

enum err_code
group_begin(struct draft *draft, const struct group_guide *guide, const char *place, const char *leader, const char *tag,
    struct group **out, struct err *err)
{
	struct group *g = NULL;
	struct buf b = line_of("setup");
	enum err_code rc;

	*out = NULL;
	put_text(&b, place);
	put_text(&b, leader);
	put_text(&b, tag);
	rc = group_alloc(draft, &g, err);
	if (rc == ERR_OK)
		rc = buf_check(&b, err);
	if (rc == ERR_OK)
		rc = draft_add(g->draft, b.data, b.len, err);
	if (rc == ERR_OK)
		rc = set_up(g, guide->shelf, b.data, b.len, err);
	buf_free(&b);
	if (rc != ERR_OK) {
		group_free(g);
		return rc;
	}
	*out = g;
	return ERR_OK;
}

enum err_code
group_collect(void *arg, uint32_t n, const uint8_t *line, size_t len, struct err *err)
{
	struct buf *b = arg;

	(void)n;
	buf_u32(b, (uint32_t)len);
	buf_put(b, line, len);
	return buf_check(b, err);
}

enum err_code
group_resume(struct draft *draft, const struct catalog *forms, const struct buf *lines, struct group **out,
    struct err *err)
{
	const struct shelf *shelf = NULL;
	struct group *g = NULL;
	enum err_code rc = group_alloc(draft, &g, err);

	*out = NULL;
	for (size_t i = 0; rc == ERR_OK && i < forms->n; i++)
		if (memcmp(forms->shelf[i].id, draft_form(draft), 16) == 0)
			shelf = &forms->shelf[i];
	if (rc == ERR_OK && shelf == NULL)
		rc = err_set(err, ERR_ABSENT, "the guide of this session is no longer in force here");
	for (size_t at = 0, n = 0; rc == ERR_OK && at + 4 <= lines->len; n++) {
		size_t len = be32(lines->data + at);

		rc = n == 0 ? set_up(g, shelf, lines->data + at + 4, len, err) : apply(g, lines->data + at + 4, len, err);
		at += 4 + len;
	}
	if (rc == ERR_OK && g->guide.shelf == NULL)
		rc = err_set(err, ERR_BROKEN, "the draft has no line");
	if (rc != ERR_OK) {
		group_free(g);
		return rc;
	}
	*out = g;
	return ERR_OK;
}

/* --- events --- */

enum err_code
group_come(struct group *g, enum group_role role, struct err *err)
{
	struct buf b = line_of("person");

	put_num(&b, role);
	if (g->n_people == GROUP_PEOPLE) {
		buf_free(&b);
		return err_set(err, ERR_LIMIT, "more than %d people", GROUP_PEOPLE);
	}
	return commit(g, &b, ROOM_COUNTS, err);
}

enum err_code
group_leave(struct group *g, unsigned who, bool takes_back, struct err *err)
{
	struct buf b;

	if (who >= g->n_people || g->people[who].has_left)
		return err_set(err, ERR_ABSENT, "nobody of that letter is here");
	b = line_of("leave");
	put_num(&b, who);
	put_num(&b, takes_back);
	return commit(g, &b, 0, err);
}

enum err_code
group_pause(struct group *g, int64_t now, struct err *err)
{
	struct buf b = line_of("pause");

	put_num(&b, now < 0 ? 0 : now);
	return commit(g, &b, ROOM_COUNTS, err);
}

enum err_code
group_again(struct group *g, int64_t now, struct err *err)
{
	struct buf b = line_of("again");

	put_num(&b, now < 0 ? 0 : now);
	return commit(g, &b, ROOM_COUNTS, err);
}

enum err_code
group_agree(struct group *g, enum group_consent what, unsigned no, struct err *err)
{
	struct buf b;

	if (no > group_present(g))
		return err_set(err, ERR_INPUT, "%u of %zu", no, group_present(g));
	b = line_of("agree");
	put_num(&b, what);
	put_num(&b, no);
	return commit(g, &b, ROOM_COUNTS, err);
}

enum err_code
group_turn(struct group *g, unsigned topic, int64_t now, struct err *err)
{
	struct buf b;

	if (topic >= g->guide.n_topics)
		return err_set(err, ERR_INPUT, "topic %u of %zu", topic, g->guide.n_topics);
	b = line_of("turn");
	put_num(&b, topic);
	put_num(&b, now < 0 ? 0 : now);
	return commit(g, &b, ROOM_COUNTS, err);
}

enum err_code
group_write(struct group *g, const struct group_note *note, struct err *err)
{
	uint32_t id = note->id != 0 ? note->id : (uint32_t)g->n_notes + 1;
	size_t xml = NOTE_XML + group_xml_length(note->words);
	struct buf b;

	if (!group_may(g, GROUP_NOTING))
		return err_set(err, ERR_DENIED, "somebody said no to notes");
	if (note->who >= g->n_people || note->topic >= g->guide.n_topics || id > g->n_notes + 1 || note->words[0] == '\0')
		return err_set(err, ERR_INPUT, "a note of nobody, of no topic, or empty");
	if (id > GROUP_NOTES || strlen(note->words) > 4 * GROUP_WORDS)
		return err_set(err, ERR_LIMIT, "too many notes, or too long a one");
	for (size_t i = 0; i < g->n_notes; i++)
		xml += NOTE_XML + group_xml_length(g->notes[i].words);
	if (xml > XML_NOTES)
		return err_set(err, ERR_LIMIT, "the notes would not fit into a record");
	b = line_of("note");
	put_num(&b, id);
	put_num(&b, note->topic);
	put_num(&b, note->minute > MINUTES_MAX ? MINUTES_MAX : note->minute);
	put_num(&b, note->who);
	put_num(&b, note->is_exact && group_may(g, GROUP_QUOTING));
	put_num(&b, note->themes);
	put_text(&b, note->words);
	return commit(g, &b, ROOM_NOTES, err);
}

enum err_code
group_strike(struct group *g, uint32_t id, bool struck, struct err *err)
{
	struct buf b;

	if (note_of(g, id) == NULL)
		return err_set(err, ERR_INPUT, "no such note");
	b = line_of("strike");
	put_num(&b, id);
	put_num(&b, struck);
	return commit(g, &b, 0, err);
}

/* Letters that are not taken for one another when read aloud or from across a table. */
static void
draw_code(const struct group *g, char out[GROUP_CODE + 1])
{
	static const char letters[] = "abcdefghjkmnpqrstuvwxyz";
	bool is_taken = true;

	while (is_taken) {
		for (size_t i = 0; i < GROUP_CODE; i++)
			out[i] = letters[seal_random_below(sizeof(letters) - 1)];
		out[GROUP_CODE] = '\0';
		is_taken = false;
		for (size_t i = 0; i < g->n_polls; i++)
			is_taken |= strcmp(g->polls[i].code, out) == 0;
	}
}

enum err_code
group_ask(struct group *g, const struct group_poll *poll, size_t *at, struct err *err)
{
	char code[GROUP_CODE + 1] = "";
	enum err_code rc;
	struct buf b;

	if (poll->n_options < 2 || poll->n_options > GROUP_OPTIONS || poll->question[0] == '\0'
	    || poll->topic >= g->guide.n_topics)
		return err_set(err, ERR_INPUT, "a question with two answers at least is needed");
	if (poll->id[0] == '\0' || (poll->kind == GROUP_DOTS && (poll->dots < 1 || poll->dots > 10)))
		return err_set(err, ERR_INPUT, "a question without a name, or with %u dots", poll->dots);
	if (g->n_polls == GROUP_POLLS)
		return err_set(err, ERR_LIMIT, "more than %d polls", GROUP_POLLS);
	if (poll->kind != GROUP_HANDS)
		draw_code(g, code);
	b = line_of("ask");
	put_num(&b, poll->topic);
	put_num(&b, poll->kind);
	put_num(&b, poll->kind == GROUP_DOTS ? poll->dots : 1);
	put_text(&b, code);
	put_text(&b, poll->id);
	put_text(&b, poll->question);
	for (size_t i = 0; i < poll->n_options; i++) {
		put_text(&b, poll->options[i].id);
		put_text(&b, poll->options[i].label);
	}
	rc = commit(g, &b, ROOM_NOTES, err);
	if (rc == ERR_OK)
		*at = g->n_polls - 1;
	return rc;
}

enum err_code
group_vote(struct group *g, size_t poll, const uint8_t voter[16], const uint8_t n[GROUP_OPTIONS], struct err *err)
{
	const struct group_poll *p = poll < g->n_polls ? &g->polls[poll] : NULL;
	unsigned sum = 0;
	bool has_room = p != NULL && p->n_ballots < GROUP_BALLOTS;
	char hex[33];
	struct buf b;

	if (p == NULL || !p->is_open || p->kind == GROUP_HANDS)
		return err_set(err, ERR_ABSENT, "the poll is closed");
	for (size_t i = 0; i < GROUP_OPTIONS; i++) {
		if (n[i] > (i < p->n_options ? p->dots : 0))
			return err_set(err, ERR_INPUT, "no such answer");
		sum += n[i];
	}
	if (sum < 1 || sum > p->dots)
		return err_set(err, ERR_INPUT, "%u votes of %u", sum, p->dots);
	for (size_t i = 0; i < p->n_ballots; i++)
		if (memcmp(p->ballots[i].voter, voter, 16) == 0)
			has_room = p->ballots[i].changes < CHANGES;
	if (!has_room)
		return err_set(err, ERR_LIMIT, "more than %d voters, or %d changes of one vote", GROUP_BALLOTS, CHANGES);
	hex_str(voter, 16, hex);
	b = line_of("ballot");
	put_num(&b, (int64_t)poll);
	put_text(&b, hex);
	for (size_t i = 0; i < p->n_options; i++)
		put_num(&b, n[i]);
	return commit(g, &b, ROOM_VOTES, err);
}

enum err_code
group_hands(struct group *g, size_t poll, const unsigned n[GROUP_OPTIONS], struct err *err)
{
	struct buf b;

	if (poll >= g->n_polls || !g->polls[poll].is_open || g->polls[poll].kind != GROUP_HANDS)
		return err_set(err, ERR_ABSENT, "the poll is closed");
	b = line_of("hands");
	put_num(&b, (int64_t)poll);
	for (size_t i = 0; i < g->polls[poll].n_options; i++)
		put_num(&b, n[i] > 999 ? 999 : n[i]);
	return commit(g, &b, 0, err);
}

enum err_code
group_end_poll(struct group *g, size_t poll, bool cancel, struct err *err)
{
	struct buf b;

	if (poll >= g->n_polls || !g->polls[poll].is_open)
		return err_set(err, ERR_ABSENT, "the poll is closed");
	b = line_of("end");
	put_num(&b, (int64_t)poll);
	put_num(&b, cancel);
	return commit(g, &b, 0, err);
}

enum err_code
group_read_back(struct group *g, unsigned topic, const struct group_summary *s, struct err *err)
{
	struct buf b;

	if (topic >= g->guide.n_topics)
		return err_set(err, ERR_INPUT, "no such topic");
	if (strlen(s->sentence) > 4 * GROUP_SENTENCE || strlen(s->minority) > 4 * GROUP_SENTENCE || s->agree > 999
	    || s->change > 999 || s->not_agreed > 999)
		return err_set(err, ERR_LIMIT, "too long a sentence");
	b = line_of("read");
	put_num(&b, topic);
	put_num(&b, s->agree);
	put_num(&b, s->change);
	put_num(&b, s->not_agreed);
	put_text(&b, s->sentence);
	put_text(&b, s->minority);
	return commit(g, &b, 0, err);
}

/* --- what follows --- */

size_t
group_of_role(const struct group *g, enum group_role role)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n_people; i++)
		n += g->people[i].role == role && !g->people[i].has_left;
	return n;
}

size_t
group_present(const struct group *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n_people; i++)
		n += !g->people[i].has_left;
	return n;
}

bool
group_may(const struct group *g, enum group_consent what)
{
	return g->no[what] == 0;
}

unsigned
group_topic_seconds(const struct group *g, unsigned topic, int64_t now)
{
	return g->topic_spent[topic] + stint(g->topic_since[topic], now);
}

unsigned
group_votes(const struct group_poll *p, size_t i)
{
	unsigned n = 0;

	if (p->kind == GROUP_HANDS)
		return p->hands[i];
	for (size_t b = 0; b < p->n_ballots; b++)
		n += p->ballots[b].n[i];
	return n;
}

unsigned
group_voters(const struct group_poll *p)
{
	unsigned n = 0;

	if (p->kind != GROUP_HANDS)
		return (unsigned)p->n_ballots;
	for (size_t i = 0; i < p->n_options; i++)
		n += p->hands[i];
	return n;
}

struct group_poll *
group_open_poll(struct group *g, const char *code)
{
	for (size_t i = 0; i < g->n_polls && code[0] != '\0'; i++)
		if (g->polls[i].is_open && strcmp(g->polls[i].code, code) == 0)
			return &g->polls[i];
	return NULL;
}

const char *
group_note_role(const struct group *g, const struct group_note *n)
{
	enum group_role role = g->people[n->who].role;
	size_t there = 0;

	/* whoever was here at any time: leaving does not give the others away */
	for (size_t i = 0; i < g->n_people; i++)
		there += g->people[i].role == role;
	return there > 1 ? group_role_name[role] : "other";
}
