/* candour action: what is done about what people said, and its way down to the kiosks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/commands.h"
#include "aggregator/action_store.h"
#include "aggregator/audit_store.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/num.h"

static int
usage(FILE *to)
{
	fprintf(to, "usage: candour action add --db pages.db --said TEXT --did TEXT [options]\n"
	    "       candour action change NUMBER --db pages.db [options]\n"
	    "       candour action list --db pages.db [--due]\n"
	    "       candour action notices --db pages.db --out DIR [--language en]\n\n"
	    "What people said and what is done about it (\"You said, we did\"), 30 words each at most. The commissioners' pages\n"
	    "show it beside the figure; every version is kept, every change stands in the audit.\n"
	    "  --indicator ID   the figure it follows from\n"
	    "  --owner NAME     who does it\n"
	    "  --state WORD     planned, doing, done or dropped [planned]\n"
	    "  --due DAY        2026-12-31\n"
	    "  --from DAY --until DAY   when kiosks show it (both inclusive)\n"
	    "notices writes one NAME.notice for each that kiosks show, for candour bundle make notices.\n"
	    "list --due shows what is due by today and not done; exit status 1 if there is any.\n");
	return to == stdout ? 0 : 2;
}

struct options {
	const char *db, *out, *language;
	struct action set;	/* NULL: not given */
	bool due;
};

static bool
read_options(int argc, char **argv, struct options *o)
{
	for (int i = 0; i < argc; i++) {
		const char **where = strcmp(argv[i], "--db") == 0 ? &o->db : strcmp(argv[i], "--out") == 0 ? &o->out
		    : strcmp(argv[i], "--language") == 0 ? &o->language : strcmp(argv[i], "--said") == 0 ? &o->set.said
		    : strcmp(argv[i], "--did") == 0 ? &o->set.did : strcmp(argv[i], "--indicator") == 0 ? &o->set.indicator
		    : strcmp(argv[i], "--owner") == 0 ? &o->set.owner : strcmp(argv[i], "--state") == 0 ? &o->set.state
		    : strcmp(argv[i], "--due") == 0 ? &o->set.due : strcmp(argv[i], "--from") == 0 ? &o->set.from_day
		    : strcmp(argv[i], "--until") == 0 ? &o->set.until_day : NULL;

		if (where == &o->set.due && (i + 1 == argc || argv[i + 1][0] == '-')) {
			o->due = true;
			continue;
		}
		if (where == NULL || i + 1 == argc)
			return false;
		*where = argv[++i];
	}
	return o->db != NULL;
}

static const char *
either(const char *given, const char *before)
{
	return given != NULL ? given : before;
}

static enum err_code
put(struct actions *a, const struct options *o, int64_t id, struct arena *m, struct err *err)
{
	static const struct action none = { .indicator = "", .said = "", .did = "", .owner = "", .state = "planned", .due = "",
	    .from_day = "", .until_day = "" };
	const struct action *before = &none;
	struct action *list;
	char me[AUDIT_TEXT];
	size_t n = 0;
	enum err_code rc = actions_list(a, NULL, m, &list, &n, err);

	for (size_t i = 0; i < n; i++)
		if (list[i].id == id)
			before = &list[i];
	if (rc == ERR_OK && id != 0 && before == &none)
		rc = err_set(err, ERR_ABSENT, "there is no action %lld", (long long)id);
	if (rc != ERR_OK)
		return rc;
	struct action x = { .id = id, .indicator = either(o->set.indicator, before->indicator),
	    .said = either(o->set.said, before->said), .did = either(o->set.did, before->did),
	    .owner = either(o->set.owner, before->owner), .state = either(o->set.state, before->state),
	    .due = either(o->set.due, before->due), .from_day = either(o->set.from_day, before->from_day),
	    .until_day = either(o->set.until_day, before->until_day) };

	audit_me(me);
	rc = actions_put(a, &x, me, clock_now_s(&clock_system), &id, err);
	if (rc == ERR_OK)
		printf("action %lld\n", (long long)id);
	return rc;
}

/* *ANY: something is due. */
static void
list_all(const struct action *list, size_t n, bool due, bool *any)
{
	char today[32];

	time_text(clock_now_s(&clock_system), today);
	today[10] = '\0';
	for (size_t i = 0; i < n; i++) {
		const struct action *x = &list[i];
		bool is_due = x->due[0] != '\0' && strcmp(x->due, today) <= 0 && strcmp(x->state, "done") != 0
		    && strcmp(x->state, "dropped") != 0;

		*any = *any || is_due;
		if (due && !is_due)
			continue;
		printf("%lld  %s%s%s%s%s%s%s\n   You said: %s\n   We did: %s\n", (long long)x->id, x->state, x->due[0] != '\0' ? ", due " : "",
		    x->due, x->owner[0] != '\0' ? ", " : "", x->owner, x->indicator[0] != '\0' ? ", after " : "", x->indicator, x->said,
		    x->did);
	}
}

static enum err_code
write_notices(const struct action *list, size_t n, const struct options *o, struct err *err)
{
	const char *language = o->language == NULL ? "en" : o->language;
	enum err_code rc = file_mkdirs(o->out, 0755, err);
	size_t written = 0;

	for (size_t i = 0; i < n && rc == ERR_OK; i++) {
		const struct action *x = &list[i];
		char path[4096];
		struct buf text;

		if (x->from_day[0] == '\0' || strcmp(x->state, "dropped") == 0 || strcmp(x->state, "planned") == 0)
			continue;
		buf_init(&text, 8192);
		buf_printf(&text, "from = %s\nuntil = %s\nsaid.%s = %s\ndid.%s = %s\n", x->from_day, x->until_day, language, x->said,
		    language, x->did);
		snprintf(path, sizeof(path), "%s/action-%lld.notice", o->out, (long long)x->id);
		rc = buf_check(&text, err);
		if (rc == ERR_OK)
			rc = file_write(path, text.data, text.len, 0644, err);
		buf_free(&text);
		written++;
	}
	if (rc == ERR_OK)
		printf("%zu notices in %s\n", written, o->out);
	return rc;
}

int
cmd_action(int argc, char **argv)
{
	struct options o = {0};
	struct actions *a = NULL;
	struct action *list;
	struct arena m;
	struct err err = {0};
	const char *verb = argc > 1 ? argv[1] : "";
	bool change = strcmp(verb, "change") == 0, any = false;
	int64_t id = 0;
	size_t n = 0;
	enum err_code rc;

	if (strcmp(verb, "-h") == 0 || strcmp(verb, "--help") == 0)
		return usage(stdout);
	if (change && (argc < 3 || !num_i64(argv[2], strlen(argv[2]), 1, INT64_MAX, &id)))
		return usage(stderr);
	if (!read_options(argc - 2 - change, argv + 2 + change, &o) || (strcmp(verb, "notices") == 0 && o.out == NULL)
	    || (strcmp(verb, "add") != 0 && !change && strcmp(verb, "list") != 0 && strcmp(verb, "notices") != 0))
		return usage(stderr);
	arena_init(&m, 64 << 20);
	rc = actions_open(o.db, &a, &err);
	if (rc == ERR_OK && (change || strcmp(verb, "add") == 0)) {
		rc = put(a, &o, id, &m, &err);
	} else if (rc == ERR_OK) {
		rc = actions_list(a, NULL, &m, &list, &n, &err);
		if (rc == ERR_OK && strcmp(verb, "list") == 0)
			list_all(list, n, o.due, &any);
		else if (rc == ERR_OK)
			rc = write_notices(list, n, &o, &err);
	}
	if (rc != ERR_OK)
		fprintf(stderr, "candour action: %s\n", err.msg);
	actions_close(a);
	arena_clear(&m);
	return rc != ERR_OK || (o.due && any) ? 1 : 0;
}
