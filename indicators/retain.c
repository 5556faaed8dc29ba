/* When facts go. See retain.h. */
#include "indicators/retain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/record.h"

enum { PIECE = 5000, LOOK_BACK = 24, DAYS_OF_MONTH = 28 };

/* The first month of the period of D that MONTH lies in, at LEVEL. */
static int
begin_of(const struct definition *d, const char *level, int month)
{
	return period_first(d, definition_period(d, level), month);
}

/* The last month up to MONTH that begins a period of every definition of L, for areas of every level. */
static enum err_code
aligned(const struct library *l, int month, int *out, struct err *err)
{
	int at = month;
	const struct definition *last = NULL;

	for (size_t i = 0, steady = 0; steady < l->n; i = (i + 1) % l->n, steady++) {
		const struct definition *d = l->list[i];
		int first = begin_of(d, "organisation", at), site = begin_of(d, "site", at);

		if (site < first)
			first = site;
		if (first == at)
			continue;
		at = first;
		if (month - at > LOOK_BACK)
			return err_set(err, ERR_INPUT, "no month begins a period of both %s@%lld and %s@%lld: their years "
			    "(year_start) begin differently, so their facts cannot go together", d->id, (long long)d->version,
			    last == NULL ? d->id : last->id, (long long)(last == NULL ? d : last)->version);
		last = d;
		steady = 0;
	}
	*out = at;
	return ERR_OK;
}

enum err_code
retain_check(const struct library *l, int64_t months, struct err *err)
{
	int unused;

	if (months == 0)
		return ERR_OK;
	if (months < RETAIN_MONTHS_LEAST)
		return err_set(err, ERR_INPUT, "[retention] facts_months = %lld: at least %d, so that late answers and withdrawals "
		    "still count, or 0 to keep facts for ever", (long long)months, RETAIN_MONTHS_LEAST);
	for (size_t i = 0; i < l->n; i++)
		if (l->list[i]->wait_days > months * DAYS_OF_MONTH)
			return err_set(err, ERR_INPUT, "[retention] facts_months = %lld: %s@%lld waits %d days for late answers, "
			    "longer than its facts are kept", (long long)months, l->list[i]->id, (long long)l->list[i]->version,
			    (int)l->list[i]->wait_days);
	return aligned(l, 2400 * 12, &unused, err);
}

enum err_code
retain_line(const struct library *l, int64_t months, int64_t day, int64_t *month, struct err *err)
{
	int at;
	enum err_code rc = retain_check(l, months, err);

	*month = 0;
	if (rc != ERR_OK || months == 0 || day <= 0)
		return rc;
	rc = aligned(l, month_of_day(day) - (int)months, &at, err);
	if (rc == ERR_OK)
		*month = at;
	return rc;
}

enum err_code
retain_log_day(struct store *st, int64_t enough, int64_t *day, struct err *err)
{
	struct store_position *list = NULL;
	uint8_t bytes[RECEIPT_LEN];
	struct receipt r;
	size_t n = 0;
	enum err_code rc = store_chains(st, LANE_ANSWERS, &list, &n, err);

	*day = 0;
	for (size_t i = 0; i < n && rc == ERR_OK && *day < enough; i++) {
		rc = st->ops->receipt_newest(st, list[i].device, list[i].lane, list[i].epoch, bytes, err);
		if (rc == ERR_OK)
			rc = receipt_read(bytes, sizeof(bytes), &r, err);
		if (rc == ERR_OK && r.log_day > *day)
			*day = r.log_day;
		if (rc == ERR_ABSENT)
			rc = ERR_OK;
	}
	free(list);
	return rc;
}

enum err_code
retain_day(struct facts *f, int64_t today, int64_t log_day, int64_t *day, struct err *err)
{
	struct facts_retained was;
	enum err_code rc = facts_retained(f, &was, err);
	int64_t since;

	*day = 0;
	if (rc != ERR_OK)
		return rc;
	since = was.day == 0 || today < was.day || today - was.day > RETAIN_LEAP_DAYS ? today : was.since;
	if (today != was.day || since != was.since)
		rc = facts_retain_day(f, today, since, err);
	if (rc == ERR_OK && today - since >= RETAIN_STEADY_DAYS)
		*day = today < log_day ? today : log_day;
	return rc;
}

/* The line and who drew it, in one transaction. */
static enum err_code
draw_line(struct facts *f, int64_t months, int64_t line, int64_t at, const char *actor, struct err *err)
{
	char object[40], detail[64];
	enum err_code rc = facts_begin(f, err);

	if (rc != ERR_OK)
		return rc;
	snprintf(object, sizeof(object), "before %04d-%02d", (int)(line / 12) % 10000, (int)(line % 12) + 1);
	snprintf(detail, sizeof(detail), "facts_months=%lld", (long long)months);
	rc = facts_freeze(f, line, at, err);
	if (rc == ERR_OK)
		rc = facts_audit(f, at, actor, "", "erase_facts", object, detail, err);
	if (rc == ERR_OK)
		rc = facts_commit(f, err);
	if (rc != ERR_OK)
		facts_rollback(f);
	return rc;
}

enum err_code
retain_begin(struct retain *r, struct facts *f, const struct library *l, int64_t months, int64_t day, int64_t at,
	const char *actor, struct err *err)
{
	int64_t line = 0, kept = 0;
	enum err_code rc = ERR_OK;

	memset(&r->at, 0, sizeof(r->at));
	if (months == 0) {	/* what is gone is gone; what waits to go stays */
		r->going = false;
		return ERR_OK;
	}
	if (day > 0)
		rc = retain_line(l, months, day, &line, err);
	if (rc == ERR_OK)
		rc = facts_kept_from(f, &kept, err);
	if (rc == ERR_OK && line > kept)
		rc = draw_line(f, months, line, at, actor, err);
	r->going = rc == ERR_OK;
	return rc;
}

enum err_code
retain_go(struct retain *r, struct facts *f, struct err *err)
{
	enum err_code rc = ERR_OK;
	bool more = false;

	if (!r->going)
		return ERR_OK;
	rc = facts_erase(f, PIECE, &r->at, &more, err);
	if (rc != ERR_OK)
		return rc;
	if (more)
		return ERR_OK;
	rc = facts_wipe(f, err);	/* also where nothing went: something may have before a kill */
	if (rc == ERR_OK)
		r->going = false;
	return rc;
}
