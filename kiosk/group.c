/* The events of a focus group. See group.h. Each event is written as one line (group_line.h), and applied by the
 * same function that reads lines again after a power cut: what is on the page is what the draft says. */
#include "kiosk/group_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/num.h"

enum { WORDS_MAX = 8 << 20, LINE_MAX_LEN = 32 << 10,
	MINUTES_MAX = 9999,
	CHANGES = 20,			/* of one vote */
	/* What the draft keeps free, so that a full session can still be voted on, read back and closed. */
	ROOM_NOTES = 160 << 10, ROOM_VOTES = 96 << 10, ROOM_COUNTS = 48 << 10,
	/* Of a session as XML, where each note takes NOTE_XML beside its words: it must fit into a record. */
	XML_NOTES = 700 << 10, NOTE_XML = 320,
};

const char *const group_role_name[GROUP_ROLES] = { "lives_here", "family", "carer", "advocate", "interpreter", "staff" };
const char *const group_vote_name[GROUP_VOTES] = { "poll", "dots", "hands" };

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
	if (rc == ERR_OK && group_line_apply(g, line->data, line->len, err) != ERR_OK)
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
	struct group_line f;
	enum err_code rc = group_line_split(&g->words, line, len, &f, err);

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
	group_line_put(&b, place);
	group_line_put(&b, leader);
	group_line_put(&b, tag);
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

		rc = n == 0 ? set_up(g, shelf, lines->data + at + 4, len, err) : group_line_apply(g, lines->data + at + 4, len, err);
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

	group_line_put_num(&b, role);
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
	group_line_put_num(&b, who);
	group_line_put_num(&b, takes_back);
	return commit(g, &b, 0, err);
}

enum err_code
group_pause(struct group *g, int64_t now, struct err *err)
{
	struct buf b = line_of("pause");

	group_line_put_num(&b, now < 0 ? 0 : now);
	return commit(g, &b, ROOM_COUNTS, err);
}

enum err_code
group_again(struct group *g, int64_t now, struct err *err)
{
	struct buf b = line_of("again");

	group_line_put_num(&b, now < 0 ? 0 : now);
	return commit(g, &b, ROOM_COUNTS, err);
}

enum err_code
group_agree(struct group *g, enum group_consent what, unsigned no, struct err *err)
{
	struct buf b;

	if (no > group_present(g))
		return err_set(err, ERR_INPUT, "%u of %zu", no, group_present(g));
	b = line_of("agree");
	group_line_put_num(&b, what);
	group_line_put_num(&b, no);
	return commit(g, &b, ROOM_COUNTS, err);
}

enum err_code
group_turn(struct group *g, unsigned topic, int64_t now, struct err *err)
{
	struct buf b;

	if (topic >= g->guide.n_topics)
		return err_set(err, ERR_INPUT, "topic %u of %zu", topic, g->guide.n_topics);
	b = line_of("turn");
	group_line_put_num(&b, topic);
	group_line_put_num(&b, now < 0 ? 0 : now);
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
	group_line_put_num(&b, id);
	group_line_put_num(&b, note->topic);
	group_line_put_num(&b, note->minute > MINUTES_MAX ? MINUTES_MAX : note->minute);
	group_line_put_num(&b, note->who);
	group_line_put_num(&b, note->is_exact && group_may(g, GROUP_QUOTING));
	group_line_put_num(&b, note->themes);
	group_line_put(&b, note->words);
	return commit(g, &b, ROOM_NOTES, err);
}

enum err_code
group_strike(struct group *g, uint32_t id, bool struck, struct err *err)
{
	struct buf b;

	if (group_note_of(g, id) == NULL)
		return err_set(err, ERR_INPUT, "no such note");
	b = line_of("strike");
	group_line_put_num(&b, id);
	group_line_put_num(&b, struck);
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
	group_line_put_num(&b, poll->topic);
	group_line_put_num(&b, poll->kind);
	group_line_put_num(&b, poll->kind == GROUP_DOTS ? poll->dots : 1);
	group_line_put(&b, code);
	group_line_put(&b, poll->id);
	group_line_put(&b, poll->question);
	for (size_t i = 0; i < poll->n_options; i++) {
		group_line_put(&b, poll->options[i].id);
		group_line_put(&b, poll->options[i].label);
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
	group_line_put_num(&b, (int64_t)poll);
	group_line_put(&b, hex);
	for (size_t i = 0; i < p->n_options; i++)
		group_line_put_num(&b, n[i]);
	return commit(g, &b, ROOM_VOTES, err);
}

enum err_code
group_hands(struct group *g, size_t poll, const unsigned n[GROUP_OPTIONS], struct err *err)
{
	struct buf b;

	if (poll >= g->n_polls || !g->polls[poll].is_open || g->polls[poll].kind != GROUP_HANDS)
		return err_set(err, ERR_ABSENT, "the poll is closed");
	b = line_of("hands");
	group_line_put_num(&b, (int64_t)poll);
	for (size_t i = 0; i < g->polls[poll].n_options; i++)
		group_line_put_num(&b, n[i] > 999 ? 999 : n[i]);
	return commit(g, &b, 0, err);
}

enum err_code
group_end_poll(struct group *g, size_t poll, bool cancel, struct err *err)
{
	struct buf b;

	if (poll >= g->n_polls || !g->polls[poll].is_open)
		return err_set(err, ERR_ABSENT, "the poll is closed");
	b = line_of("end");
	group_line_put_num(&b, (int64_t)poll);
	group_line_put_num(&b, cancel);
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
	group_line_put_num(&b, topic);
	group_line_put_num(&b, s->agree);
	group_line_put_num(&b, s->change);
	group_line_put_num(&b, s->not_agreed);
	group_line_put(&b, s->sentence);
	group_line_put(&b, s->minority);
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
	return g->topic_spent[topic] + group_stint(g->topic_since[topic], now);
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
