/* Functions on dates and times: ODK XForms, with forms.md 3.3 (a date is a calendar day). */
#include <math.h>
#include <string.h>

#include "forms/dates.h"
#include "forms/eval.h"

static void
put_day(struct val *out, int64_t day)
{
	*out = (struct val){ .kind = VAL_DATE, .u.day = day };
}

static void
put_instant(struct val *out, int64_t ms, int32_t offset)
{
	*out = (struct val){ .kind = VAL_DATETIME };
	out->u.dt.ms = ms;
	out->u.dt.offset = offset;
}

static void
put_bad(struct val *out)
{
	*out = (struct val){ .kind = VAL_BAD_DATE };
}

static int64_t
now_ms(struct run *x)
{
	return x->env != NULL && x->env->now_ms != NULL ? x->env->now_ms(x->env->arg) : 0;
}

static bool
fn_today(struct run *x, struct val *a, unsigned n, struct val *out)
{
	int64_t ms = now_ms(x);

	(void)a;
	(void)n;
	put_day(out, local_day(ms, zone_minutes(x->zone, ms)));
	return true;
}

static bool
fn_now(struct run *x, struct val *a, unsigned n, struct val *out)
{
	int64_t ms = now_ms(x);

	(void)a;
	(void)n;
	put_instant(out, ms, zone_minutes(x->zone, ms));
	return true;
}

static bool
is_empty(struct run *x, const struct val *v)
{
	struct val s;

	return (v->kind == VAL_STRING || v->kind == VAL_SET) && val_string(x, v, &s) && s.n == 0;
}

/* Days since 1970 that are a year 0 to 9999. */
static bool
sane(double days)
{
	return days >= -719528 && days <= 2932896;
}

/* date(x): a number of days is cut down; a date-time keeps its instant; '' stays ''. */
static bool
fn_date(struct run *x, struct val *a, unsigned n, struct val *out)
{
	bool is_day;
	int64_t day, ms;
	int32_t offset;
	double v;

	(void)n;
	if (is_empty(x, &a[0]))
		return put_text(x, out, "", 0);
	if (val_instant(x, &a[0], &is_day, &day, &ms, &offset)) {
		if (is_day)
			put_day(out, day);
		else
			put_instant(out, ms, offset);
		return true;
	}
	v = a[0].kind == VAL_BOOL ? NAN : val_number(x, &a[0]);
	if (!sane(v))
		put_bad(out);
	else
		put_day(out, (int64_t)floor(v));
	return true;
}

/* date-time(x): a number of days is an instant; a day stays a day. */
static bool
fn_date_time(struct run *x, struct val *a, unsigned n, struct val *out)
{
	bool is_day;
	int64_t day, ms;
	int32_t offset;
	double v;

	(void)n;
	if (is_empty(x, &a[0]))
		return put_text(x, out, "", 0);
	if (val_instant(x, &a[0], &is_day, &day, &ms, &offset)) {
		if (is_day)
			put_day(out, day);
		else
			put_instant(out, ms, offset);
		return true;
	}
	v = a[0].kind == VAL_BOOL ? NAN : val_number(x, &a[0]);
	if (!sane(v)) {
		put_bad(out);
		return true;
	}
	ms = (int64_t)llround(v * DAY_MS);
	put_instant(out, ms, zone_minutes(x->zone, ms));
	return true;
}

/* Local midnight for a day (forms.md 3.3). */
static bool
fn_decimal_date_time(struct run *x, struct val *a, unsigned n, struct val *out)
{
	bool is_day;
	int64_t day, ms;
	int32_t offset;

	(void)n;
	if (val_instant(x, &a[0], &is_day, &day, &ms, &offset)) {
		if (is_day)
			ms = day_start(x->zone, day);
		put_number(out, (double)ms / DAY_MS);
		return true;
	}
	put_number(out, val_number(x, &a[0]));
	return true;
}

/* The part of the day in the device's zone; a time without offset as it stands. */
static bool
fn_decimal_time(struct run *x, struct val *a, unsigned n, struct val *out)
{
	struct val s;
	int64_t ms, day;
	int32_t offset;
	bool has, is_day;

	(void)n;
	if (a[0].kind == VAL_DATETIME) {
		ms = a[0].u.dt.ms + (int64_t)zone_minutes(x->zone, a[0].u.dt.ms) * 60000;
		put_number(out, (double)(((ms % DAY_MS) + DAY_MS) % DAY_MS) / DAY_MS);
		return true;
	}
	if (!val_string(x, &a[0], &s))
		return false;
	if (time_parse(s.u.s, s.n, &ms, &offset, &has)) {
		if (has) {
			int64_t now = now_ms(x);

			ms += ((int64_t)zone_minutes(x->zone, now) - offset) * 60000;
			ms = ((ms % DAY_MS) + DAY_MS) % DAY_MS;
		}
		put_number(out, (double)ms / DAY_MS);
		return true;
	}
	if (val_instant(x, &s, &is_day, &day, &ms, &offset)) {
		if (!is_day)
			ms += (int64_t)zone_minutes(x->zone, ms) * 60000;
		else
			ms = 0;
		put_number(out, (double)(((ms % DAY_MS) + DAY_MS) % DAY_MS) / DAY_MS);
		return true;
	}
	put_number(out, NAN);
	return true;
}

static bool
format(struct run *x, struct val *a, bool with_time, struct val *out)
{
	struct val f, s;
	bool is_day, has, ok;
	int64_t day, ms;
	int32_t offset;
	double v;
	struct buf b;

	if (!val_string(x, &a[1], &f))
		return false;
	if (is_empty(x, &a[0]))
		return put_text(x, out, "", 0);
	if (val_instant(x, &a[0], &is_day, &day, &ms, &offset)) {
		ms = is_day ? day * DAY_MS : ms + (int64_t)zone_minutes(x->zone, ms) * 60000;
	} else if ((a[0].kind == VAL_STRING || a[0].kind == VAL_SET) && val_string(x, &a[0], &s)
	    && time_parse(s.u.s, s.n, &ms, &offset, &has)) {
		/* a time node in format-date-time */
		(void)with_time;
	} else {
		v = a[0].kind == VAL_BOOL ? NAN : val_number(x, &a[0]);
		if (!sane(v))
			return put_text(x, out, "", 0);
		ms = (int64_t)llround(v * DAY_MS);
		if (v != floor(v))
			ms += (int64_t)zone_minutes(x->zone, ms) * 60000;
	}
	buf_init_secret(&b, x->max_string);
	ok = date_format(&b, f.u.s, f.n, ms);
	if (!ok)
		run_fail(x, ERR_INPUT, "format-date(): unknown %% in the format");
	return put_buf(x, out, &b, ok);
}

static bool
fn_format_date(struct run *x, struct val *a, unsigned n, struct val *out)
{
	(void)n;
	return format(x, a, false, out);
}

static bool
fn_format_date_time(struct run *x, struct val *a, unsigned n, struct val *out)
{
	(void)n;
	return format(x, a, true, out);
}

const struct fn fn_date_table[] = {
	{ "today", 0, 0, FN_VOLATILE, fn_today, NULL },
	{ "now", 0, 0, FN_VOLATILE, fn_now, NULL },
	{ "date", 1, 1, 0, fn_date, NULL },
	{ "date-time", 1, 1, 0, fn_date_time, NULL },
	{ "decimal-date-time", 1, 1, 0, fn_decimal_date_time, NULL },
	{ "decimal-time", 1, 1, 0, fn_decimal_time, NULL },
	{ "format-date", 2, 2, 0, fn_format_date, NULL },
	{ "format-date-time", 2, 2, 0, fn_format_date_time, NULL },
	{ NULL, 0, 0, 0, NULL, NULL },
};
