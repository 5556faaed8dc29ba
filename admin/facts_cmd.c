/* candour indicator health -c CONF: how the facts are: what was read, what could not be, whether every cell is what its
 * entries add up to, what was prepared and published, how old the newest answer is. */
#include <stdio.h>
#include <string.h>

#include "admin/indicator_cmd.h"
#include "base/clock.h"
#include "base/config.h"
#include "indicators/conf.h"
#include "indicators/facts_store.h"

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
