/* A guide: an XLSForm whose groups with a column kiosk::minutes are topics, their notes what to ask, their selects
 * what can be voted on; and the nodes every session is written into. See group.h. */
#include "kiosk/group.h"

#include <string.h>

#include "base/num.h"
#include "forms/choices.h"

enum { ARENA_MAX = 4 << 20, PATH_LEN = 300, MINUTES_MAX = 600 };

/* Without these a session has nowhere to stand. */
static const char *const needed[] = { "place", "facilitator", "n_present", "notes_no", "topic_id", "topic_minutes",
	"note_words", "note_role", "note_theme", "vote_id", "voters", "option_id", "option_n", "sentence", "agree" };

static int64_t
no_time(void *arg)
{
	(void)arg;
	return 0;
}

static void
no_chance(void *arg, void *out, size_t len)
{
	(void)arg;
	memset(out, 0, len);
}

/* "/data/t_food" of "/data/t_food/q": false if it is too long. */
static bool
group_of(const char *path, char out[PATH_LEN])
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL || (size_t)(slash - path) >= PATH_LEN)
		return false;
	memcpy(out, path, (size_t)(slash - path));
	out[slash - path] = '\0';
	return true;
}

static enum err_code
keep(struct group_guide *g, const char *text, const char **out, struct err *err)
{
	*out = arena_str(&g->arena, text);
	return *out == NULL ? err_nomem(err) : ERR_OK;
}

static enum err_code
keep_options(struct group_guide *g, const struct page_control *c, struct group_option *out, size_t max, size_t *n,
	struct err *err)
{
	enum err_code rc = ERR_OK;

	if (*n > 0)
		return ERR_OK;
	if (c->n_choices > max)
		return err_set(err, ERR_INPUT, "guide %s: %s has %zu choices: at most %zu", form_id(g->shelf->form), c->name, c->n_choices, max);
	for (size_t i = 0; i < c->n_choices && rc == ERR_OK; i++) {
		rc = keep(g, c->choices[i].value, &out[i].id, err);
		if (rc == ERR_OK)
			rc = keep(g, c->choices[i].label, &out[i].label, err);
		*n = i + 1;
	}
	return rc;
}

/* The topic at PATH, made when it is met first. *AT: SIZE_MAX for a group that is none. */
static enum err_code
topic_at(struct group_guide *g, const char *path, const char *label, size_t *at, struct err *err)
{
	const char *minutes = form_group_extra(g->shelf->form, path, "minutes"), *id = strrchr(path, '/') + 1;
	int64_t n;
	enum err_code rc;

	*at = SIZE_MAX;
	if (minutes[0] == '\0')
		return ERR_OK;
	if (!num_i64(minutes, strlen(minutes), 1, MINUTES_MAX, &n))
		return err_set(err, ERR_INPUT, "guide %s: kiosk::minutes of group %s is \"%.20s\": from 1 to %d are expected",
		    form_id(g->shelf->form), id, minutes, MINUTES_MAX);
	if (strncmp(id, "t_", 2) == 0 && id[2] != '\0')
		id += 2;
	for (size_t i = 0; i < g->n_topics; i++)
		if (strcmp(g->topics[i].id, id) == 0) {
			*at = i;
			return ERR_OK;
		}
	if (g->n_topics == GROUP_TOPICS)
		return err_set(err, ERR_INPUT, "guide %s: more than %d topics, from group %s on", form_id(g->shelf->form), GROUP_TOPICS, id);
	rc = keep(g, id, &g->topics[g->n_topics].id, err);
	if (rc == ERR_OK)
		rc = keep(g, label, &g->topics[g->n_topics].label, err);
	if (rc == ERR_OK) {
		g->topics[g->n_topics].minutes = (unsigned)n;
		*at = g->n_topics++;
	}
	return rc;
}

static enum err_code
take_ask(struct group_guide *g, const struct page_control *c, size_t topic, struct err *err)
{
	struct group_ask *a = &g->asks[g->n_asks];
	enum err_code rc;

	if (g->n_asks == GROUP_POLLS)
		return err_set(err, ERR_INPUT, "guide %s: more than %d questions to vote on", form_id(g->shelf->form), GROUP_POLLS);
	a->topic = topic;
	a->is_dots = c->kind == CONTROL_SELECT;
	rc = keep(g, c->name, &a->id, err);
	if (rc == ERR_OK)
		rc = keep(g, c->label, &a->label, err);
	if (rc == ERR_OK)
		rc = keep_options(g, c, a->options, GROUP_OPTIONS, &a->n_options, err);
	if (rc == ERR_OK && a->n_options < 2)
		rc = err_set(err, ERR_INPUT, "guide %s: %s has fewer than two choices", form_id(g->shelf->form), c->name);
	g->n_asks += rc == ERR_OK;
	return rc;
}

static enum err_code
take_control(struct group_guide *g, const struct page *p, const struct page_control *c, struct err *err)
{
	char path[PATH_LEN];
	enum err_code rc;
	size_t topic;

	if (strcmp(c->name, "note_theme") == 0)
		return keep_options(g, c, g->themes, GROUP_THEMES, &g->n_themes, err);
	if (strcmp(c->name, "place") == 0)
		return keep_options(g, c, g->places, GROUP_OPTIONS, &g->n_places, err);
	if (strcmp(c->name, "facilitator") == 0)
		return keep_options(g, c, g->leaders, GROUP_OPTIONS, &g->n_leaders, err);
	if (!group_of(c->path, path) || strchr(path, '/') == NULL)
		return ERR_OK;
	rc = topic_at(g, path, p->group_label, &topic, err);
	if (rc != ERR_OK || topic == SIZE_MAX)
		return rc;
	if (c->kind == CONTROL_NOTE && g->topics[topic].n_prompts == GROUP_PROMPTS)
		return err_set(err, ERR_INPUT, "guide %s: more than %d notes in group t_%s", form_id(g->shelf->form), GROUP_PROMPTS,
		    g->topics[topic].id);
	if (c->kind == CONTROL_NOTE) {
		rc = keep(g, c->label, &g->topics[topic].prompts[g->topics[topic].n_prompts], err);
		g->topics[topic].n_prompts += rc == ERR_OK;
	} else if (c->kind == CONTROL_SELECT1 || c->kind == CONTROL_SELECT) {
		rc = take_ask(g, c, topic, err);
	}
	return rc;
}

static enum err_code
check_nodes(const struct form *f, struct err *err)
{
	const struct form_question *list;
	struct arena a;
	enum err_code rc;
	size_t n;

	arena_init(&a, ARENA_MAX);
	rc = form_questions_list(f, &a, &list, &n, err);
	for (size_t i = 0; i < ARRAY_LEN(needed) && rc == ERR_OK; i++) {
		size_t k = 0;

		/* the sum is calculated, not asked */
		if (strcmp(needed[i], "n_present") == 0)
			continue;
		while (k < n && strcmp(list[k].name, needed[i]) != 0)
			k++;
		if (k == n)
			rc = err_set(err, ERR_INPUT, "guide %s: the question %s is missing; begin with a copy of forms/library/focus-group.xlsx",
			    form_id(f), needed[i]);
	}
	arena_clear(&a);
	return rc;
}

enum err_code
group_guide_read(const struct shelf *shelf, size_t language, struct group_guide *out, struct err *err)
{
	static const struct session_env quiet = { .now_ms = no_time, .random = no_chance };
	struct session_env env = quiet;
	struct session *s = NULL;
	struct page page;
	uint32_t at = 0;
	enum err_code rc;

	memset(out, 0, sizeof(*out));
	arena_init(&out->arena, ARENA_MAX);
	out->shelf = shelf;
	out->language = language;
	env.language = language;
	rc = check_nodes(shelf->form, err);
	if (rc == ERR_OK)
		rc = session_new(shelf->form, &env, &s, err);
	while (rc == ERR_OK && session_next(s, &at)) {
		rc = session_page(s, at, &page, err);
		for (size_t i = 0; rc == ERR_OK && i < page.n_controls; i++)
			rc = take_control(out, &page, &page.controls[i], err);
	}
	session_free(s);
	if (rc == ERR_OK && out->n_topics == 0)
		rc = err_set(err, ERR_INPUT, "guide %s has no topics: groups with a column kiosk::minutes", form_id(shelf->form));
	return rc;
}

void
group_guide_clear(struct group_guide *g)
{
	arena_clear(&g->arena);
	memset(g, 0, sizeof(*g));
}
