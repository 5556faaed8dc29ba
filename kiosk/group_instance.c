/* A session becomes one XForm instance of its guide: written as XML, then read, computed and checked by the form
 * engine like any other answer. See group.h. */
#include <stdio.h>
#include <string.h>

#include "kiosk/group.h"

enum { XML_MAX = 1 << 20 };

static void
put_escaped(struct buf *b, const char *text)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '&':
			buf_puts(b, "&amp;");
			break;
		case '<':
			buf_puts(b, "&lt;");
			break;
		case '>':
			buf_puts(b, "&gt;");
			break;
		case '"':
			buf_puts(b, "&quot;");
			break;
		default:
			buf_putc(b, *text);
		}
	}
}

size_t
group_xml_length(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == '"' ? 6 : *text == '&' ? 5 : *text == '<' || *text == '>' ? 4 : 1;
	return n;
}

static void
put(struct buf *b, const char *name, const char *text)
{
	buf_printf(b, "<%s>", name);
	put_escaped(b, text);
	buf_printf(b, "</%s>", name);
}

static void
put_n(struct buf *b, const char *name, unsigned long n)
{
	buf_printf(b, "<%s>%lu</%s>", name, n, name);
}

static void
put_agreed(struct buf *b, const struct group *g)
{
	static const char *const names[GROUP_CONSENTS] = { "notes", "audio", "quote" };
	char name[32];

	buf_puts(b, "<agreed>");
	for (size_t i = 0; i < GROUP_CONSENTS; i++) {
		unsigned long no = g->no[i] < 0 ? 0 : (unsigned long)g->no[i], all = group_present(g);

		if (g->no[i] < 0)
			continue;
		snprintf(name, sizeof(name), "%s_yes", names[i]);
		put_n(b, name, all > no ? all - no : 0);
		snprintf(name, sizeof(name), "%s_no", names[i]);
		put_n(b, name, no);
	}
	buf_puts(b, "</agreed>");
}

static void
put_note(struct buf *b, const struct group *g, const struct group_note *n)
{
	char who[2] = { (char)('A' + n->who), '\0' };
	bool may_quote = group_may(g, GROUP_QUOTING), has = false;

	buf_puts(b, "<note>");
	put(b, "note_topic", g->guide.topics[n->topic].id);
	put_n(b, "note_minute", n->minute);
	put(b, "note_who", who);
	put(b, "note_role", group_note_role(g, n));
	put(b, "note_words", n->words);
	put(b, "note_exact", n->is_exact && may_quote ? "yes" : "no");
	buf_puts(b, "<note_theme>");
	for (size_t i = 0; i < g->guide.n_themes; i++)
		if ((n->themes & 1u << i) != 0) {
			buf_printf(b, "%s%s", has ? " " : "", g->guide.themes[i].id);
			has = true;
		}
	buf_puts(b, "</note_theme></note>");
}

static void
put_vote(struct buf *b, const struct group *g, const struct group_poll *p)
{
	buf_puts(b, "<vote>");
	put(b, "vote_topic", g->guide.topics[p->topic].id);
	put(b, "vote_kind", group_vote_name[p->kind]);
	put(b, "vote_id", p->id);
	put(b, "vote_question", p->question);
	put_n(b, "voters", group_voters(p));
	for (size_t i = 0; i < p->n_options; i++) {
		buf_puts(b, "<option>");
		put(b, "option_id", p->options[i].id);
		put(b, "option_name", p->options[i].label);
		put_n(b, "option_n", group_votes(p, i));
		buf_puts(b, "</option>");
	}
	buf_puts(b, "</vote>");
}

static void
put_summary(struct buf *b, const struct group *g, size_t topic)
{
	const struct group_summary *s = &g->read[topic];

	buf_puts(b, "<summary>");
	put(b, "summary_topic", g->guide.topics[topic].id);
	put(b, "sentence", s->sentence);
	put_n(b, "agree", s->agree);
	put_n(b, "change_it", s->change);
	put_n(b, "not_agreed", s->not_agreed);
	put(b, "minority", s->minority);
	buf_puts(b, "</summary>");
}

/* In the order of the form, so that the document reads like one of ODK's. */
static void
put_all(struct buf *b, const struct group *g, int64_t now)
{
	buf_puts(b, "<data id=\"");
	put_escaped(b, form_id(g->guide.shelf->form));
	buf_puts(b, "\" version=\"");
	put_escaped(b, form_version(g->guide.shelf->form));
	buf_puts(b, "\"><setup>");
	put(b, "place", g->place);
	put(b, "facilitator", g->leader);
	buf_puts(b, "</setup><present>");
	for (size_t i = 0; i < GROUP_ROLES; i++)
		put_n(b, group_role_name[i], group_of_role(g, (enum group_role)i));
	buf_puts(b, "</present>");
	put_agreed(b, g);
	for (unsigned i = 0; i < g->guide.n_topics; i++)
		if (g->topic_since[i] != 0 || g->topic_spent[i] != 0) {
			buf_puts(b, "<topic>");
			put(b, "topic_id", g->guide.topics[i].id);
			put_n(b, "topic_minutes", (group_topic_seconds(g, i, now) + 30) / 60);
			buf_puts(b, "</topic>");
		}
	for (size_t i = 0; i < g->n_notes; i++)
		if (!g->notes[i].is_struck && group_may(g, GROUP_NOTING))
			put_note(b, g, &g->notes[i]);
	for (size_t i = 0; i < g->n_polls; i++)
		if (!g->polls[i].is_cancelled && !g->polls[i].is_open)
			put_vote(b, g, &g->polls[i]);
	for (size_t i = 0; i < g->guide.n_topics; i++)
		if (g->read[i].is_read && g->read[i].sentence[0] != '\0')
			put_summary(b, g, i);
	buf_puts(b, "</data>");
}

enum err_code
group_instance(const struct group *g, const struct session_env *env, int64_t now, struct buf *out, struct err *err)
{
	static const char *const meta[][2] = { { "mode", "group" }, { "answered_by", "group" }, { "role", "group" },
		{ "variant", "standard" } };
	struct session *s = NULL;
	struct buf xml;
	enum err_code rc;

	buf_init_secret(&xml, XML_MAX);
	put_all(&xml, g, now);
	rc = buf_check(&xml, err);
	if (rc == ERR_OK)
		rc = session_edit(g->guide.shelf->form, env, buf_str(&xml), xml.len, &s, err);
	for (size_t i = 0; i < ARRAY_LEN(meta) && rc == ERR_OK; i++)
		rc = session_meta(s, meta[i][0], meta[i][1], strlen(meta[i][1]), err);
	if (rc == ERR_OK)
		rc = session_meta(s, "language", g->tag, strlen(g->tag), err);
	if (rc == ERR_OK)
		rc = session_meta(s, "quote_ok", group_may(g, GROUP_QUOTING) ? "yes" : "no", group_may(g, GROUP_QUOTING) ? 3 : 2, err);
	if (rc == ERR_OK)
		rc = session_finalise(s, out, err);
	session_free(s);
	buf_free(&xml);
	return rc;
}
