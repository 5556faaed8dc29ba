/* The parameters column: key=value pairs, which type takes which, and their values (forms.md 2, Errors). */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "forms/near.h"
#include "forms/xlsform_int.h"

#define BAD(...) xf_error_el(x, e, column, __VA_ARGS__)

static bool
is_gap(char c)
{
	return isspace((unsigned char)c) || c == ',' || c == ';';
}

/* One pair from *P on. 1: read, 0: none left, -1: not key=value. Blanks around "=" are allowed. */
static int
next_pair(struct xlsform *x, const char **p, char **key, char **value)
{
	const char *s = *p, *k, *v;
	size_t k_len;

	while (is_gap(*s))
		s++;
	if (*s == '\0')
		return 0;
	for (k = s; *s != '\0' && *s != '=' && !is_gap(*s); s++)
		;
	k_len = (size_t)(s - k);
	while (isspace((unsigned char)*s))
		s++;
	if (*s != '=' || k_len == 0)
		return -1;
	for (s++; isspace((unsigned char)*s); s++)
		;
	for (v = s; *s != '\0' && *s != '=' && !is_gap(*s); s++)
		;
	if (s == v || *s == '=')
		return -1;
	*key = xf_strn(x, k, k_len);
	*value = xf_strn(x, v, (size_t)(s - v));
	*p = s;
	for (char *c = *key; c != NULL && *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	if (*key != NULL && strcmp(*key, "label") != 0 && strcmp(*key, "value") != 0 && strcmp(*key, "seed") != 0
	    && strcmp(*key, "tick_labelset") != 0 && strcmp(*key, "reference-geometry") != 0)
		for (char *c = *value; c != NULL && *c != '\0'; c++)
			*c = (char)tolower((unsigned char)*c);
	return *key != NULL && *value != NULL ? 1 : 0;
}

/* What each type takes, ended by NULL; NULL: none. */
static const char *const *
allowed(const struct el *e)
{
	static const char *const range[] = { "start", "end", "step", "tick_interval", "placeholder", "tick_labelset", NULL };
	static const char *const select[] = { "randomize", "seed", NULL };
	static const char *const file[] = { "randomize", "seed", "value", "label", NULL };
	static const char *const text[] = { "rows", NULL };
	static const char *const image[] = { "max-pixels", "app", NULL };
	static const char *const audio[] = { "quality", NULL };
	static const char *const audit[] = { "location-priority", "location-min-interval", "location-max-age",
		"track-changes", "track-changes-reasons", "identify-user", NULL };
	static const char *const shape[] = { "allow-mock-accuracy", "incremental", "reference-geometry", NULL };
	static const char *const geopoint[] = { "capture-accuracy", "warning-accuracy", "allow-mock-accuracy",
		"reference-geometry", NULL };

	if (e->type->class == TYPE_RANGE)
		return range;
	if (strcmp(e->type->name, "select_one_external") == 0)
		return NULL;
	if (e->type->class == TYPE_SELECT)
		return strstr(e->type->name, "from_file") != NULL ? file : select;
	if (e->type->class == TYPE_AUDIT)
		return audit;
	if (strcmp(e->type->name, "text") == 0)
		return text;
	if (strcmp(e->type->name, "image") == 0)
		return image;
	if (strcmp(e->type->name, "audio") == 0 || strcmp(e->type->name, "background-audio") == 0)
		return audio;
	if (strcmp(e->type->name, "geotrace") == 0 || strcmp(e->type->name, "geoshape") == 0)
		return shape;
	if (strcmp(e->type->name, "geopoint") == 0)
		return geopoint;
	return NULL;
}

void
xf_parameters(struct xlsform *x, struct el *e, const char *text, const char *column)
{
	const char *const *keys = allowed(e);
	const char *p = text;
	char *key, *value;
	int got;

	while ((got = next_pair(x, &p, &key, &value)) == 1) {
		struct near n;
		bool known = false;

		if (keys == NULL) {
			xf_warn_el(x, e, column, "%s takes no parameters; \"%.60s\" is not used", e->type->name, key);
			continue;
		}
		near_init(&n, key);
		for (size_t i = 0; keys[i] != NULL; i++) {
			known = known || strcmp(keys[i], key) == 0;
			near_try(&n, keys[i]);
		}
		if (!known)
			BAD("%s takes no parameter \"%.60s\"%s%s%s", e->type->name, key, n.best != NULL ? "; did you mean \"" : "",
			    n.best != NULL ? n.best : "", n.best != NULL ? "\"?" : "");
		else if (xf_get(&e->parameters, key) != NULL)
			xf_warn_el(x, e, column, "the parameter %s is given twice, and the last one counts: remove the first", key);
		if (known)
			xf_pair(x, &e->parameters, key, value, column);
	}
	if (got < 0)
		BAD("\"%.60s\" is not a list of parameters: write key=value pairs with a space between them, for example %s",
		    text, e->type->class == TYPE_RANGE ? "start=1 end=10 step=1" : "rows=3");
	xf_parameters_check(x, e, column);
}

/* --- checks -------------------------------------------------------------------------------------------- */

static bool
is_integer(const char *s)
{
	int64_t v;

	return num_i64(s, strlen(s), INT64_MIN / 2, INT64_MAX / 2, &v);
}

static bool
is_number(const char *s, double *v)
{
	if (*s == '+')
		s++;
	return num_double(s, strlen(s), v);
}

static bool
one_of(const char *v, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(v, *words) == 0)
			return true;
	return false;
}

static void
check_select(struct xlsform *x, struct el *e, const char *column)
{
	const char *randomize = xf_get(&e->parameters, "randomize"), *seed = xf_get(&e->parameters, "seed");
	const char *value = xf_get(&e->parameters, "value"), *label = xf_get(&e->parameters, "label");
	struct ref ref;
	double v;

	if (randomize != NULL && strcmp(randomize, "true") != 0 && strcmp(randomize, "false") != 0)
		BAD("randomize is true or false, not \"%.60s\"", randomize);
	e->randomize = randomize != NULL && strcmp(randomize, "true") == 0;
	if (seed != NULL && randomize == NULL)
		BAD("a seed needs randomize=true");
	else if (seed != NULL && !is_number(seed, &v) && !(xf_ref_next(seed, &ref) && ref.start == seed && !ref.bad))
		BAD("a seed is a number or ${question}, not \"%.60s\"", seed);
	e->seed = seed;
	if (value != NULL && !xf_is_name(value))
		BAD("value=%.60s: the column of the file must be an XML name (a letter or _ first, then letters, digits, _ - and points)",
		    value);
	if (label != NULL && !xf_is_name(label))
		BAD("label=%.60s: the column of the file must be an XML name (a letter or _ first, then letters, digits, _ - and points)",
		    label);
	if (value != NULL)
		e->value_ref = value;
	if (label != NULL)
		e->label_ref = label;
}

static void
check_audit(struct xlsform *x, struct el *e, const char *column)
{
	static const char *const priorities[] = { "no-power", "low-power", "balanced", "high-accuracy", NULL };
	static const char *const bools[] = { "true", "false", NULL };
	const char *priority = xf_get(&e->parameters, "location-priority");
	const char *interval = xf_get(&e->parameters, "location-min-interval");
	const char *age = xf_get(&e->parameters, "location-max-age");
	const char *reasons = xf_get(&e->parameters, "track-changes-reasons");
	int64_t i = 0, a = 0;

	for (const struct pair *p = e->parameters.first; p != NULL; p = p->next) {
		if ((strcmp(p->key, "track-changes") == 0 || strcmp(p->key, "identify-user") == 0) && !one_of(p->value, bools))
			BAD("%s is true or false, not \"%.60s\"", p->key, p->value);
		xf_pair(x, &e->bind, xf_fmt(x, "odk:%s", p->key), p->value, column);
	}
	if (reasons != NULL && strcmp(reasons, "on-form-edit") != 0)
		BAD("track-changes-reasons is on-form-edit, not \"%.60s\"", reasons);
	if ((priority != NULL || interval != NULL || age != NULL) && (priority == NULL || interval == NULL || age == NULL)) {
		BAD("location-priority, location-min-interval and location-max-age go together: give all three or none");
		return;
	}
	if (priority == NULL)
		return;
	if (!one_of(priority, priorities))
		BAD("location-priority is no-power, low-power, balanced or high-accuracy, not \"%.60s\"", priority);
	if (!num_i64(interval, strlen(interval), 0, INT64_MAX / 2, &i))
		BAD("location-min-interval is a whole number of seconds, 0 or more, not \"%.60s\"", interval);
	else if (!num_i64(age, strlen(age), 0, INT64_MAX / 2, &a))
		BAD("location-max-age is a whole number of seconds, 0 or more, not \"%.60s\"", age);
	else if (a < i)
		BAD("location-max-age must be at least location-min-interval");
}

/* The name of an Android package: at least two parts between points, each beginning with a letter. */
static void
check_app(struct xlsform *x, struct el *e, const char *column, const char *v)
{
	bool at_start = true, points = false, ok = true;

	if (e->appearance != NULL && strstr(e->appearance, "annotate") == NULL) {
		xf_warn_el(x, e, column, "app is used only without an appearance or with annotate; it is left out");
		return;
	}
	for (const char *p = v; *p != '\0'; p++) {
		if (*p == '.') {
			ok = ok && !at_start;
			points = at_start = true;
			continue;
		}
		ok = ok && (at_start ? isalpha((unsigned char)*p) : isalnum((unsigned char)*p) || *p == '_');
		at_start = false;
	}
	if (!ok || at_start || !points)
		BAD("app=%.60s is no Android package name: it has at least two parts with a point between them, each beginning with "
		    "a letter", v);
	xf_warn_el(x, e, column, "app starts another program, so Candour will not run this form: remove the parameter");
	xf_pair(x, &e->control, "intent", v, column);
}

static void
check_plain(struct xlsform *x, struct el *e, const char *column)
{
	static const char *const qualities[] = { "voice-only", "low", "normal", "external", NULL };
	static const char *const bools[] = { "true", "false", NULL };
	double number;

	for (const struct pair *p = e->parameters.first; p != NULL; p = p->next) {
		const char *v = p->value;

		if (strcmp(p->key, "rows") == 0) {
			if (!is_integer(v))
				BAD("rows is a whole number, not \"%.60s\"", v);
			xf_pair(x, &e->control, "rows", v, column);
		} else if (strcmp(p->key, "max-pixels") == 0) {
			if (!is_integer(v))
				BAD("max-pixels is a whole number, not \"%.60s\"", v);
			xf_pair(x, &e->bind, "orx:max-pixels", v, column);
		} else if (strcmp(p->key, "app") == 0) {
			check_app(x, e, column, v);
		} else if (strcmp(p->key, "quality") == 0) {
			if (!one_of(v, qualities) || (e->type->class == TYPE_BACKGROUND && strcmp(v, "external") == 0))
				BAD("quality is voice-only, low%s, not \"%.60s\"", e->type->class == TYPE_BACKGROUND ? " or normal"
				    : ", normal or external", v);
			xf_pair(x, &e->bind, "odk:quality", v, column);
		} else if (strcmp(p->key, "capture-accuracy") == 0 || strcmp(p->key, "warning-accuracy") == 0) {
			if (!is_number(v, &number))
				BAD("%s is a number of metres, not \"%.60s\"", p->key, v);
			xf_pair(x, &e->control, p->key[0] == 'c' ? "accuracyThreshold" : "unacceptableAccuracyThreshold", v, column);
		} else if (strcmp(p->key, "allow-mock-accuracy") == 0) {
			if (!one_of(v, bools))
				BAD("allow-mock-accuracy is true or false, not \"%.60s\"", v);
			xf_pair(x, &e->bind, "odk:allow-mock-accuracy", v, column);
		} else if (strcmp(p->key, "reference-geometry") == 0) {
			e->geometry = v;
		} else if (strcmp(p->key, "incremental") == 0) {
			if (strcmp(v, "true") != 0 && strcmp(v, "yes") != 0)
				BAD("incremental is true, or is left out; not \"%.60s\"", v);
			xf_pair(x, &e->control, "incremental", "true", column);
		}
	}
}

/* --- range --------------------------------------------------------------------------------------------- */

struct range {
	double start, end, step, tick, placeholder;
	bool has_tick, has_placeholder;
};

static bool
multiple(double v, double of)
{
	double q = v / of;

	return fabs(q - round(q)) < 1e-9;
}

static bool
range_number(struct xlsform *x, struct el *e, const char *column, const char *key, const char *otherwise, double *v)
{
	const char *text = xf_get(&e->parameters, key);

	if (text == NULL)
		text = otherwise;
	if (!is_number(text, v)) {
		BAD("the parameter %s is a number, not \"%.60s\"", key, text);
		return false;
	}
	return true;
}

/* Words of the appearance: vertical and no-ticks only? */
static bool
plain_range(const char *appearance)
{
	char text[64];
	char *save = NULL;

	if (appearance == NULL)
		return true;
	if (strlen(appearance) >= sizeof(text))
		return false;
	snprintf(text, sizeof(text), "%s", appearance);
	for (char *w = strtok_r(text, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save))
		if (strcmp(w, "vertical") != 0 && strcmp(w, "no-ticks") != 0)
			return false;
	return true;
}

static void
check_labelset(struct xlsform *x, struct el *e, const char *column, const struct range *r, const char *name)
{
	struct list *l = xf_list(x, name);
	double least = fmin(r->start, r->end), most = fmax(r->start, r->end);
	bool no_ticks = e->appearance != NULL && strstr(e->appearance, "no-ticks") != NULL;
	bool ends_only = true;

	if (l == NULL) {
		BAD("tick_labelset=%.60s: there is no such list on the choices sheet", name);
		return;
	}
	e->list = l;
	for (const struct choice *c = l->first; c != NULL; c = c->next) {
		double v, ticks = r->has_tick ? r->tick : r->step;

		if (!is_number(c->name, &v)) {
			BAD("tick_labelset=%.60s: the choice names must be numbers, and \"%.60s\" is none", name, c->name);
			return;
		}
		if (v < least || v > most) {
			BAD("tick_labelset=%.60s: the choice %.60s lies outside %g to %g", name, c->name, least, most);
			return;
		}
		if (!multiple(v - r->start, ticks)) {
			BAD("tick_labelset=%.60s: the choice %.60s is on no tick: ticks are %g apart from %g on", name, c->name,
			    fabs(ticks), r->start);
			return;
		}
		ends_only = ends_only && (fabs(v - r->start) < 1e-9 || fabs(v - r->end) < 1e-9);
	}
	if (no_ticks && (!ends_only || l->n > 2))
		BAD("tick_labelset=%.60s: without ticks only the start and the end can have labels", name);
}

static void
check_range(struct xlsform *x, struct el *e, const char *column)
{
	struct range r = { .has_tick = xf_get(&e->parameters, "tick_interval") != NULL,
		.has_placeholder = xf_get(&e->parameters, "placeholder") != NULL };
	const char *labels = xf_get(&e->parameters, "tick_labelset");
	static const char *const basic[][2] = { { "start", "1" }, { "end", "10" }, { "step", "1" } };
	bool ok, decimal = false;
	double width;

	ok = range_number(x, e, column, "start", "1", &r.start);
	ok = range_number(x, e, column, "end", "10", &r.end) && ok;
	ok = range_number(x, e, column, "step", "1", &r.step) && ok;
	ok = range_number(x, e, column, "tick_interval", "1", &r.tick) && ok;
	ok = range_number(x, e, column, "placeholder", "1", &r.placeholder) && ok;
	for (size_t i = 0; i < ARRAY_LEN(basic); i++) {
		const char *v = xf_get(&e->parameters, basic[i][0]);

		xf_pair(x, &e->control, basic[i][0], v != NULL ? v : basic[i][1], column);
	}
	for (const struct pair *p = e->parameters.first; p != NULL; p = p->next)
		decimal = decimal || (strcmp(p->key, "tick_labelset") != 0 && strchr(p->value, '.') != NULL);
	if (decimal)
		xf_pair(x, &e->bind, "type", "decimal", NULL);
	if (r.has_tick)
		xf_pair(x, &e->control, "odk:tick-interval", xf_get(&e->parameters, "tick_interval"), column);
	if (r.has_placeholder)
		xf_pair(x, &e->control, "odk:placeholder", xf_get(&e->parameters, "placeholder"), column);
	if (!ok)
		return;
	width = fabs(r.end - r.start);
	if (r.step == 0 || (r.has_tick && r.tick == 0)) {
		BAD("%s must not be 0", r.step == 0 ? "step" : "tick_interval");
		return;
	}
	if (fabs(r.step) > width + 1e-12)
		BAD("step is wider than the whole range from start to end");
	if (r.has_tick && fabs(r.tick) > width + 1e-12)
		BAD("tick_interval is wider than the whole range from start to end");
	if (r.has_tick && !multiple(r.tick, r.step))
		BAD("tick_interval must be a multiple of step");
	if (r.has_placeholder && (r.placeholder < fmin(r.start, r.end) || r.placeholder > fmax(r.start, r.end)))
		BAD("placeholder must lie between start and end");
	if (r.has_placeholder && !multiple(r.placeholder - r.start, r.step))
		BAD("placeholder must be start plus a multiple of step");
	if ((r.has_tick || r.has_placeholder || labels != NULL) && !plain_range(e->appearance))
		BAD("tick_interval, placeholder and tick_labelset go only with the appearances vertical and no-ticks: remove them or "
		    "the appearance \"%.40s\"", e->appearance);
	if (labels != NULL)
		check_labelset(x, e, column, &r, labels);
}

void
xf_parameters_check(struct xlsform *x, struct el *e, const char *column)
{
	if (e->type->class == TYPE_SELECT)
		check_select(x, e, column);
	else if (e->type->class == TYPE_RANGE)
		check_range(x, e, column);
	else if (e->type->class == TYPE_AUDIT)
		check_audit(x, e, column);
	else
		check_plain(x, e, column);
}
