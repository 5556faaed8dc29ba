/* candour indicator health -c CONF: how the facts are: what was read, what could not be, whether every cell is what its
 * entries add up to, what was prepared and published, how old the newest answer is.
 * candour indicator retain -c CONF [--now]: which facts go when, what holds them back, and what is gone. */
#include <stdio.h>
#include <string.h>

#include "admin/indicator_cmd.h"
#include "aggregator/audit_store.h"
#include "base/clock.h"
#include "base/config.h"
#include "indicators/conf.h"
#include "indicators/facts_store.h"
#include "indicators/retain.h"

enum { REASONS = 8, DAY_S = 86400, STALE_DAYS = 45 };

struct reasons {
	struct { char reason[32], site[FACTS_TEXT]; int64_t n, tries; } list[REASONS];
	size_t n;
	int64_t more;
};

static enum err_code
add_held(void *arg, const struct facts_held *h, struct err *err)
{
	struct reasons *r = arg;
	size_t i = 0;

	(void)err;
	while (i < r->n && (strcmp(r->list[i].reason, h->reason) != 0 || strcmp(r->list[i].site, h->site) != 0))
		i++;
	if (i == REASONS) {
		r->more++;
		return ERR_OK;
	}
	if (i == r->n) {
		snprintf(r->list[i].reason, sizeof(r->list[i].reason), "%s", h->reason);
		snprintf(r->list[i].site, sizeof(r->list[i].site), "%s", h->site);
		r->n++;
	}
	r->list[i].n++;
	r->list[i].tries = h->tries > r->list[i].tries ? h->tries : r->list[i].tries;
	return ERR_OK;
}

struct sites {
	int64_t today;
	int64_t records;
	size_t n, stale;
};

static enum err_code
print_site(void *arg, const char *site, int64_t n, int64_t first_day, int64_t last_day, struct err *err)
{
	struct sites *s = arg;
	int year, month, day;

	(void)err;
	(void)first_day;
	date_from_day(last_day, &year, &month, &day);
	printf("  %-24s %lld answers, the newest of %04d-%02d-%02d%s\n", site, (long long)n, year, month, day,
	    s->today - last_day > STALE_DAYS ? "   <- no answer for more than 45 days" : "");
	s->records += n;
	s->n++;
	s->stale += s->today - last_day > STALE_DAYS;
	return ERR_OK;
}

static void
month_name(int64_t month, char text[32])
{
	snprintf(text, 32, "%04d-%02d", (int)(month / 12) % 10000, (int)(month % 12) + 1);
}

static void
print_gone(struct facts *f, enum err_code *rc, struct err *err)
{
	struct facts_retained kept = {0};
	char month[32];

	*rc = facts_retained(f, &kept, err);
	if (*rc != ERR_OK || kept.kept_from == 0)
		return;
	month_name(kept.kept_from, month);
	printf("facts before %s have come to the end of their time: %lld of them, of %lld answers, are gone; their figures stay\n",
	    month, (long long)kept.facts, (long long)kept.records);
}

static enum err_code
print_facts(struct facts *f, bool *good, struct err *err)
{
	struct reasons r = {0};
	struct sites s = { .today = clock_now_s(&clock_system) / DAY_S };
	int64_t held = 0, cells = 0, different = 0, last = 0;
	char sha256[65];
	enum err_code rc;

	printf("sites\n");
	rc = facts_record_counts(f, print_site, &s, err);
	if (rc == ERR_OK)
		rc = facts_quarantined(f, &held, err);
	if (rc == ERR_OK)
		rc = facts_quarantine_each(f, add_held, &r, err);
	if (rc != ERR_OK)
		return rc;
	print_gone(f, &rc, err);
	if (rc != ERR_OK)
		return rc;
	printf("opened %lld answers of %zu sites\nquarantine %lld\n", (long long)s.records, s.n, (long long)held);
	for (size_t i = 0; i < r.n; i++)
		printf("  %lld at %s: %s, tried up to %lld times\n", (long long)r.list[i].n, r.list[i].site, r.list[i].reason,
		    (long long)r.list[i].tries);
	if (r.more > 0)
		printf("  and %lld more for other reasons or at other sites\n", (long long)r.more);
	rc = facts_begin(f, err);
	if (rc == ERR_OK) {
		rc = facts_compare(f, &cells, &different, err);
		facts_rollback(f);
	}
	if (rc == ERR_OK)
		rc = facts_last_publication(f, &last, sha256, err);
	if (rc != ERR_OK)
		return rc;
	printf("cells %lld, different from what their entries add up to: %lld%s\n", (long long)cells, (long long)different,
	    different == 0 ? "" : "   <- ALARM: nothing is published until this is explained");
	printf("last publication %lld\n", (long long)last);
	*good = different == 0;
	return ERR_OK;
}

int
facts_health(const char *conf_path)
{
	struct indicators_conf conf = {0};
	struct facts *f = NULL;
	struct err err = {0};
	bool good = false;
	enum err_code rc = config_read(conf_path, indicators_keys, indicators_n_keys, &conf, &err);

	if (rc == ERR_OK)
		rc = facts_open(conf.facts, &f, &err);
	if (rc == ERR_OK)
		rc = print_facts(f, &good, &err);
	facts_close(f);
	config_clear(indicators_keys, indicators_n_keys, &conf);
	if (rc != ERR_OK)
		fprintf(stderr, "candour indicator health: %s\n", err.msg);
	return rc == ERR_OK && good ? 0 : 1;
}

/* --- candour indicator retain ------------------------------------------------------------------------------------- */

struct retaining {
	struct indicators_conf conf;
	struct library library;
	struct store *store;
	struct facts *facts;
};

static enum err_code
open_all(struct retaining *r, const char *conf_path, struct err *err)
{
	struct findings findings;
	enum err_code rc = config_read(conf_path, indicators_keys, indicators_n_keys, &r->conf, err);

	if (rc != ERR_OK)
		return rc;
	findings_init(&findings);
	rc = library_read(r->conf.definitions, &findings, &r->library, err);
	if (rc != ERR_OK)
		print_findings(&findings);
	findings_clear(&findings);
	if (rc == ERR_OK)
		rc = retain_check(&r->library, r->conf.facts_months, err);
	if (rc == ERR_OK)
		rc = store_open(r->conf.store, false, &r->store, err);
	return rc == ERR_OK ? facts_open(r->conf.facts, &r->facts, err) : rc;
}

static void
day_name(int64_t day, char text[32])
{
	int y, m, d;

	date_from_day(day, &y, &m, &d);
	snprintf(text, 32, "%04d-%02d-%02d", y % 10000, m, d);
}

static enum err_code
print_plan(struct retaining *r, int64_t today, struct err *err)
{
	struct facts_retained kept = {0};
	int64_t log_day = 0, line = 0;
	char month[32], day[32];
	enum err_code rc = facts_retained(r->facts, &kept, err);

	if (rc == ERR_OK)
		rc = retain_log_day(r->store, today, &log_day, err);
	if (rc == ERR_OK)
		rc = retain_line(&r->library, r->conf.facts_months, today, &line, err);
	if (rc == ERR_OK)
		print_gone(r->facts, &rc, err);
	if (rc != ERR_OK)
		return rc;
	if (r->conf.facts_months == 0) {
		printf("facts are kept for ever ([retention] facts_months = 0)\n");
		return ERR_OK;
	}
	month_name(line, month);
	printf("facts go %lld months after the end of the longest period they count in: today those before %s\n",
	    (long long)r->conf.facts_months, month);
	if (line <= kept.kept_from)
		printf("nothing has to go today\n");
	if (kept.day == 0 || today - kept.since < RETAIN_STEADY_DAYS)
		printf("candour-indicators waits until it has seen this clock go on for %d days without a leap; so far %lld\n",
		    RETAIN_STEADY_DAYS, (long long)(kept.day == 0 || today < kept.since ? 0 : today - kept.since));
	day_name(log_day, day);
	if (log_day < today)
		printf("candour-indicators goes by the centre's log, whose newest day is %s\n", log_day == 0 ? "not there yet" : day);
	return ERR_OK;
}

/* Somebody looked at the clock and says that it is right. */
static enum err_code
retain_now(struct retaining *r, int64_t now, struct err *err)
{
	struct retain round = {0};
	struct facts_retained kept = {0};
	char me[AUDIT_TEXT], month[32];
	enum err_code rc;

	audit_me(me);
	rc = retain_begin(&round, r->facts, &r->library, r->conf.facts_months, now / DAY_S, now, me, err);
	while (rc == ERR_OK && round.going)
		rc = retain_go(&round, r->facts, err);
	if (rc == ERR_OK)
		rc = facts_retained(r->facts, &kept, err);
	if (rc != ERR_OK)
		return rc;
	month_name(kept.kept_from, month);
	printf("%lld facts of %lld answers erased; facts are kept from %s on\n", (long long)round.at.n_facts,
	    (long long)round.at.n_records, kept.kept_from == 0 ? "the first" : month);
	return ERR_OK;
}

int
indicator_retain(int argc, char **argv)
{
	struct retaining r = {0};
	struct err err = {0};
	int64_t now = clock_now_s(&clock_system);
	bool erase = false;
	const char *conf = NULL;
	enum err_code rc;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-c") == 0 && i + 1 < argc)
			conf = argv[++i];
		else if (strcmp(argv[i], "--now") == 0)
			erase = true;
		else
			conf = "";
	}
	if (conf == NULL || conf[0] == '\0') {
		fprintf(stderr, "usage: candour indicator retain -c indicators.conf [--now]\n");
		return 2;
	}
	rc = open_all(&r, conf, &err);
	if (rc == ERR_OK)
		rc = erase ? retain_now(&r, now, &err) : print_plan(&r, now / DAY_S, &err);
	facts_close(r.facts);
	store_close(r.store);
	library_clear(&r.library);
	config_clear(indicators_keys, indicators_n_keys, &r.conf);
	if (rc != ERR_OK)
		fprintf(stderr, "candour indicator retain: %s\n", err.msg);
	return rc == ERR_OK ? 0 : 1;
}
