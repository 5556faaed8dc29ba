/* TZif (RFC 8536): transitions, then the POSIX rule of the footer. See zone.h. */
#include "forms/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/file.h"

/* "Mm.w.d", "Jn" or "n", with its time of day. */
struct rule { char kind; int month, week, day; int32_t time; };

/* RFC 8536, 3.2: what local time may differ from UTC by. */
enum { OFFSET_MIN = -89999, OFFSET_MAX = 93599 };

struct zone {
	size_t n;
	int64_t *at;
	int32_t *offset;	/* from at[i] on */
	int32_t first;		/* before at[0] */
	bool has_rule, has_dst;
	int32_t std, dst;	/* seconds east */
	struct rule start, end;
};

static bool
digits(const char **p, int *out)
{
	int v = 0;
	const char *s = *p;

	if (*s < '0' || *s > '9')
		return false;
	for (; *s >= '0' && *s <= '9' && v < 100000; s++)
		v = v * 10 + (*s - '0');
	*out = v;
	*p = s;
	return true;
}

static bool
hms(const char **p, int32_t *out)
{
	int sign = 1, h = 0, m = 0, s = 0;

	if (**p == '-' || **p == '+') {
		sign = **p == '-' ? -1 : 1;
		(*p)++;
	}
	if (!digits(p, &h))
		return false;
	if (**p == ':') {
		(*p)++;
		if (!digits(p, &m))
			return false;
		if (**p == ':') {
			(*p)++;
			if (!digits(p, &s))
				return false;
		}
	}
	if (h > 167 || m > 59 || s > 59)
		return false;
	*out = sign * (h * 3600 + m * 60 + s);
	return true;
}

static bool
abbreviation(const char **p)
{
	const char *s = *p;

	if (*s == '<') {
		s = strchr(s, '>');
		if (s == NULL)
			return false;
		*p = s + 1;
		return true;
	}
	while ((*s >= 'A' && *s <= 'Z') || (*s >= 'a' && *s <= 'z'))
		s++;
	if (s - *p < 3)
		return false;
	*p = s;
	return true;
}

static bool
rule(const char **p, struct rule *r)
{
	r->time = 7200;
	if (*(*p)++ != ',')
		return false;
	if (**p == 'M') {
		r->kind = 'M';
		(*p)++;
		if (!digits(p, &r->month) || *(*p)++ != '.' || !digits(p, &r->week) || *(*p)++ != '.'
		    || !digits(p, &r->day))
			return false;
		if (r->month < 1 || r->month > 12 || r->week < 1 || r->week > 5 || r->day > 6)
			return false;
	} else {
		r->kind = **p == 'J' ? 'J' : 'N';
		if (r->kind == 'J')
			(*p)++;
		if (!digits(p, &r->day) || r->day > 365 || (r->kind == 'J' && r->day < 1))
			return false;
	}
	if (**p == '/') {
		(*p)++;
		return hms(p, &r->time);
	}
	return true;
}

/* "GMT0BST,M3.5.0/1,M10.5.0" */
static bool
posix(struct zone *z, const char *p)
{
	int32_t west;

	if (!abbreviation(&p) || !hms(&p, &west) || -west < OFFSET_MIN || -west > OFFSET_MAX)
		return false;
	z->std = -west;
	z->has_rule = true;
	if (*p == '\0')
		return true;
	if (!abbreviation(&p))
		return false;
	z->dst = z->std + 3600;
	if (*p != ',') {
		if (!hms(&p, &west) || -west < OFFSET_MIN || -west > OFFSET_MAX)
			return false;
		z->dst = -west;
	}
	if (!rule(&p, &z->start) || !rule(&p, &z->end) || *p != '\0')
		return false;
	z->has_dst = true;
	return true;
}

static bool
leap(int y)
{
	return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

/* Local standard or daylight second (as if UTC) at which the rule falls in YEAR. */
static int64_t
rule_at(const struct rule *r, int year)
{
	int64_t day = day_from_date(year, 1, 1);

	if (r->kind == 'J') {
		day += r->day - 1 + (leap(year) && r->day >= 60 ? 1 : 0);
	} else if (r->kind == 'N') {
		day += r->day;
	} else {
		int64_t first = day_from_date(year, r->month, 1);
		int64_t after = r->month == 12 ? day_from_date(year + 1, 1, 1) : day_from_date(year, r->month + 1, 1);
		int wday = (int)(((first + 4) % 7 + 7) % 7);

		day = first + (r->day - wday + 7) % 7 + (r->week - 1) * 7;
		while (day >= after)
			day -= 7;
	}
	return day * 86400 + r->time;
}

static int32_t
by_rule(const struct zone *z, int64_t utc)
{
	int year, m, d;
	int64_t day = utc / 86400 - (utc % 86400 < 0), on, off;

	if (!z->has_dst)
		return z->std;
	date_from_day(day, &year, &m, &d);
	on = rule_at(&z->start, year) - z->std;
	off = rule_at(&z->end, year) - z->dst;
	if (on < off)
		return utc >= on && utc < off ? z->dst : z->std;
	return utc >= off && utc < on ? z->std : z->dst;
}

int32_t
zone_offset(const struct zone *z, int64_t utc)
{
	size_t lo = 0, hi;

	if (z == NULL)
		return 0;
	hi = z->n;
	if (z->has_rule && (z->n == 0 || utc >= z->at[z->n - 1]))
		return by_rule(z, utc);
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (z->at[mid] <= utc)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo == 0 ? z->first : z->offset[lo - 1];
}

int64_t
zone_to_utc(const struct zone *z, int64_t local)
{
	int32_t before = zone_offset(z, local - 86400), after = zone_offset(z, local + 86400);
	int64_t a = local - before, b = local - after;

	if (before == after && zone_offset(z, a) == before)
		return a;
	/* the offset before a change gives the earlier instant in an overlap, and moves a gap forward */
	if (zone_offset(z, a) == before)
		return a;
	if (zone_offset(z, b) == after)
		return b;
	return a;
}

enum err_code
zone_parse(const void *data, size_t len, struct zone **out, struct err *err)
{
	const uint8_t *p = data, *types;
	size_t head = 44, isut, isstd, leaps, times, kinds, chars, width = 4, need;
	struct zone *z = NULL;
	uint8_t version;

	*out = NULL;
	if (len < head || memcmp(p, "TZif", 4) != 0)
		goto bad;
	version = p[4];
	for (int round = 0;; round++) {
		isut = be32(p + 20);
		isstd = be32(p + 24);
		leaps = be32(p + 28);
		times = be32(p + 32);
		kinds = be32(p + 36);
		chars = be32(p + 40);
		if (times > 10000 || kinds > 256 || kinds == 0 || chars > 10000 || leaps > 1000 || isut > 256 || isstd > 256)
			goto bad;
		need = head + times * width + times + kinds * 6 + chars + leaps * (width + 4) + isstd + isut;
		if (len < need)
			goto bad;
		if (version < '2' || round == 1)
			break;
		p += need;
		len -= need;
		width = 8;
		if (len < head || memcmp(p, "TZif", 4) != 0)
			goto bad;
	}
	z = calloc(1, sizeof(*z));
	if (z == NULL)
		return err_nomem(err);
	z->n = times;
	z->at = calloc(times + 1, sizeof(*z->at));
	z->offset = calloc(times + 1, sizeof(*z->offset));
	if (z->at == NULL || z->offset == NULL) {
		zone_free(z);
		return err_nomem(err);
	}
	types = p + head + times * (width + 1);
	for (size_t i = 0; i < times; i++) {
		const uint8_t *t = p + head + i * width;
		uint8_t kind = p[head + times * width + i];

		z->at[i] = width == 8 ? (int64_t)be64(t) : (int32_t)be32(t);
		if (kind >= kinds || (i > 0 && z->at[i] <= z->at[i - 1]))
			goto bad;
		z->offset[i] = (int32_t)be32(types + (size_t)kind * 6);
	}
	for (size_t i = 0; i < kinds; i++)
		if ((int32_t)be32(types + i * 6) < OFFSET_MIN || (int32_t)be32(types + i * 6) > OFFSET_MAX)
			goto bad;
	z->first = (int32_t)be32(types);
	if (width == 8 && len > need + 2 && p[need] == '\n') {
		char text[128];
		const uint8_t *end = memchr(p + need + 1, '\n', len - need - 1);
		size_t n = end != NULL ? (size_t)(end - (p + need + 1)) : sizeof(text);

		if (n >= sizeof(text))
			goto bad;
		memcpy(text, p + need + 1, n);
		text[n] = '\0';
		if (n > 0 && !posix(z, text))
			goto bad;
	}
	*out = z;
	return ERR_OK;
bad:
	zone_free(z);
	return err_set(err, ERR_INPUT, "this is not time zone data (TZif)");
}

enum err_code
zone_load(const char *name, struct zone **out, struct err *err)
{
	char path[256];
	struct buf b;
	enum err_code rc;

	*out = NULL;
	if (strcmp(name, "UTC") == 0) {
		*out = calloc(1, sizeof(**out));
		return *out != NULL ? ERR_OK : err_nomem(err);
	}
	if (strstr(name, "..") != NULL || name[0] == '/' || strlen(name) > 100)
		return err_set(err, ERR_INPUT, "\"%.60s\" is no name of a time zone", name);
	snprintf(path, sizeof(path), "%s%s", name[0] == '\0' ? "/etc/localtime" : "/usr/share/zoneinfo/", name);
	buf_init(&b, 1 << 20);
	rc = file_read(path, &b, err);
	if (rc == ERR_OK)
		rc = zone_parse(b.data, b.len, out, err);
	if (rc != ERR_OK)
		err_in(err, "time zone \"%s\"", name);
	buf_free(&b);
	return rc;
}

void
zone_free(struct zone *z)
{
	if (z == NULL)
		return;
	free(z->at);
	free(z->offset);
	free(z);
}
