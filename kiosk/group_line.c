/* The lines of a focus group's draft: written field by field, read again, applied. See group_line.h and group.h. */
#include "kiosk/group_line.h"

#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/num.h"

enum { SPLIT = 0x1f,
	STINT_MAX_S = 6 * 3600,		/* longer without an event: the clock jumped, or it is another day */
};

/* Split a copy of LINE in A. */
enum err_code
group_line_split(struct arena *a, const uint8_t *line, size_t len, struct group_line *out, struct err *err)
{
	char *p = arena_strn(a, (const char *)line, len);

	out->n = 0;
	if (p == NULL)
		return err_nomem(err);
	if (memchr(line, '\0', len) != NULL || !utf8_valid(line, len, NULL))
		return err_set(err, ERR_BROKEN, "a line of the draft that is no text");
	for (;;) {
		char *end = strchr(p, SPLIT);

		if (out->n == GROUP_LINE_FIELDS)
			return err_set(err, ERR_BROKEN, "a line of the draft with more than %d fields", GROUP_LINE_FIELDS);
		out->f[out->n++] = p;
		if (end == NULL)
			return ERR_OK;
		*end = '\0';
		p = end + 1;
	}
}

static int64_t
num(const struct group_line *f, size_t i, int64_t min, int64_t max, bool *ok)
{
	int64_t v = min;

	*ok = *ok && i < f->n && num_i64(f->f[i], strlen(f->f[i]), min, max, &v);
	return v;
}

static const char *
txt(const struct group_line *f, size_t i)
{
	return i < f->n ? f->f[i] : "";
}

/* What people type. Other control characters than line ends would end fields; U+FFFE and U+FFFF cannot stand in XML
 * (XML 1.0, production 2), in which the session leaves. */
void
group_line_put(struct buf *b, const char *text)
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

void
group_line_put_num(struct buf *b, int64_t v)
{
	buf_printf(b, "%c%lld", SPLIT, (long long)v);
}

/* --- applying --- */

static bool
apply_person(struct group *g, const struct group_line *f)
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
apply_leave(struct group *g, const struct group_line *f)
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
unsigned
group_stint(int64_t since, int64_t now)
{
	return since == 0 || now <= since || now - since > STINT_MAX_S ? 0 : (unsigned)(now - since);
}

static bool
apply_turn(struct group *g, const struct group_line *f)
{
	bool ok = true;
	unsigned topic = (unsigned)num(f, 1, 0, GROUP_TOPICS - 1, &ok);
	int64_t now = num(f, 2, 0, INT64_MAX, &ok);

	if (!ok || topic >= g->guide.n_topics)
		return false;
	g->topic_spent[g->topic] += group_stint(g->topic_since[g->topic], now);
	g->topic_since[g->topic] = 0;
	g->topic = topic;
	g->topic_since[topic] = now;
	return true;
}

static bool
apply_pause(struct group *g, const struct group_line *f)
{
	bool ok = true;
	int64_t now = num(f, 1, 0, INT64_MAX, &ok);

	if (!ok)
		return false;
	g->topic_spent[g->topic] += group_stint(g->topic_since[g->topic], now);
	g->topic_since[g->topic] = 0;
	return true;
}

/* Nobody knows when the power went: what the notes of the topic say is known. */
static bool
apply_again(struct group *g, const struct group_line *f)
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

struct group_note *
group_note_of(struct group *g, uint32_t id)
{
	return id >= 1 && id <= g->n_notes ? &g->notes[id - 1] : NULL;
}

static bool
apply_note(struct group *g, const struct group_line *f)
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
	at = group_note_of(g, n.id);
	n.is_struck = at->is_struck;
	*at = n;
	return true;
}

static bool
apply_strike(struct group *g, const struct group_line *f)
{
	bool ok = true;
	struct group_note *n = group_note_of(g, (uint32_t)num(f, 1, 1, GROUP_NOTES, &ok));

	if (!ok || n == NULL)
		return false;
	n->is_struck = num(f, 2, 0, 1, &ok) != 0;
	return ok;
}

static bool
apply_agree(struct group *g, const struct group_line *f)
{
	bool ok = true;
	size_t what = (size_t)num(f, 1, 0, GROUP_CONSENTS - 1, &ok);
	int64_t no = num(f, 2, 0, GROUP_PEOPLE, &ok);

	if (ok)
		g->no[what] = (int)no;
	return ok;
}

static bool
apply_ask(struct group *g, const struct group_line *f)
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
poll_of(struct group *g, const struct group_line *f, bool *ok)
{
	size_t at = (size_t)num(f, 1, 0, GROUP_POLLS - 1, ok);

	*ok = *ok && at < g->n_polls;
	return *ok ? &g->polls[at] : NULL;
}

static bool
apply_ballot(struct group *g, const struct group_line *f)
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
apply_hands(struct group *g, const struct group_line *f)
{
	bool ok = true;
	struct group_poll *p = poll_of(g, f, &ok);

	for (size_t i = 0; ok && i < p->n_options; i++)
		p->hands[i] = (unsigned)num(f, i + 2, 0, 999, &ok);
	return ok;
}

static bool
apply_end(struct group *g, const struct group_line *f)
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
apply_read(struct group *g, const struct group_line *f)
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

enum err_code
group_line_apply(struct group *g, const uint8_t *line, size_t len, struct err *err)
{
	static const struct { const char *verb; bool (*fn)(struct group *g, const struct group_line *f); } verbs[] = {
		{ "person", apply_person }, { "leave", apply_leave }, { "agree", apply_agree }, { "turn", apply_turn },
		{ "note", apply_note }, { "strike", apply_strike }, { "ask", apply_ask }, { "ballot", apply_ballot },
		{ "hands", apply_hands }, { "end", apply_end }, { "read", apply_read }, { "pause", apply_pause },
		{ "again", apply_again },
	};
	struct group_line f;
	enum err_code rc = group_line_split(&g->words, line, len, &f, err);

	if (rc != ERR_OK)
		return rc;
	g->version++;
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (strcmp(f.f[0], verbs[i].verb) == 0)
			return verbs[i].fn(g, &f) ? ERR_OK : err_set(err, ERR_BROKEN, "a line of the draft that cannot be: %s",
			    verbs[i].verb);
	return err_set(err, ERR_BROKEN, "a line of the draft that nobody knows");
}
