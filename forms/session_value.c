/* What a node stores: values of expressions by the node's type, and what people type. forms.md 3.3, 3.5. */
#include <math.h>
#include <string.h>

#include "forms/dates.h"
#include "forms/state.h"

static bool
put(struct session *s, struct val *out, const char *text)
{
	return put_text(&s->run, out, text, strlen(text));
}

static bool
put_time(struct session *s, const struct val *v, struct val *out)
{
	struct run *x = &s->run;
	struct val t;
	int64_t day, ms;
	int32_t offset;
	bool has, is_day;
	char text[40];

	if (v->kind == VAL_DATETIME || v->kind == VAL_DATE) {
		ms = v->kind == VAL_DATE ? day_start(x->zone, v->u.day) : v->u.dt.ms;
		datetime_text(ms, zone_minutes(x->zone, ms), text);
		return put(s, out, strchr(text, 'T') != NULL ? strchr(text, 'T') + 1 : "");
	}
	if (!val_string(x, v, &t))
		return false;
	if (t.n == 0 || time_parse(t.u.s, t.n, &ms, &offset, &has)) {
		*out = t;
		return true;
	}
	if (val_instant(x, &t, &is_day, &day, &ms, &offset) && !is_day) {
		datetime_text(ms, offset, text);
		return put(s, out, strchr(text, 'T') + 1);
	}
	return put(s, out, "");
}

static bool
put_date(struct session *s, const struct val *v, bool with_time, struct val *out)
{
	struct run *x = &s->run;
	int64_t day, ms;
	int32_t offset;
	bool is_day;
	char text[40];
	double n;

	if (!val_instant(x, v, &is_day, &day, &ms, &offset)) {
		n = v->kind == VAL_BOOL ? NAN : val_number(x, v);
		if (!(n >= -719528 && n <= 2932896))
			return put(s, out, "");
		is_day = !with_time;
		day = (int64_t)floor(n);
		ms = (int64_t)llround(n * DAY_MS);
		offset = zone_minutes(x->zone, ms);
	}
	if (with_time) {
		if (is_day) {
			ms = day_start(x->zone, day);
			offset = zone_minutes(x->zone, ms);
		}
		datetime_text(ms, offset, text);
	} else {
		/* a date node takes the local day of an instant */
		date_text(is_day ? day : local_day(ms, zone_minutes(x->zone, ms)), text);
	}
	return put(s, out, text[0] == 'I' ? "" : text);
}

bool
value_for_node(struct session *s, uint32_t node, const struct val *v, struct val *out)
{
	struct run *x = &s->run;
	char text[400];
	double n;
	struct val t;

	switch ((enum value_type)s->f->nodes[node].type) {
	case TYPE_INT:
		n = trunc(val_number(x, v));
		/* over 32 bits there is no int (Web Forms; JavaRosa's clamp is wrong) */
		if (!(n >= -2147483648.0 && n <= 2147483647.0))
			return put(s, out, "");
		number_text(n, text);
		return put(s, out, text);
	case TYPE_DECIMAL:
		n = val_number(x, v);
		if (isnan(n))
			return put(s, out, "");
		number_text(n, text);
		return put(s, out, text);
	case TYPE_DATE:
		return put_date(s, v, false, out);
	case TYPE_DATETIME:
		return put_date(s, v, true, out);
	case TYPE_TIME:
		return put_time(s, v, out);
	case TYPE_BOOLEAN:
		if (v->kind == VAL_STRING || v->kind == VAL_SET) {
			if (!val_string(x, v, &t))
				return false;
			if (t.n == 1 && (t.u.s[0] == '0' || t.u.s[0] == '1'))
				return put(s, out, t.u.s[0] == '1' ? "true" : "false");
			*out = t;
			return true;
		}
		return put(s, out, val_bool(x, v) ? "true" : "false");
	case TYPE_STRING: case TYPE_GEOPOINT: case TYPE_BARCODE: case TYPE_BINARY: case TYPE_OTHER:
		break;
	}
	if ((v->kind == VAL_NUMBER && isnan(v->u.num)) || v->kind == VAL_BAD_DATE)
		return put(s, out, "");
	return val_string(x, v, out);
}

static void
trim(const char **text, size_t *len)
{
	while (*len > 0 && strchr(" \t\r\n", (*text)[0]) != NULL) {
		(*text)++;
		(*len)--;
	}
	while (*len > 0 && strchr(" \t\r\n", (*text)[*len - 1]) != NULL)
		(*len)--;
}

/* An integer of 32 bits in its shortest form. */
static bool
typed_int(struct session *s, const char *text, size_t len, struct val *out)
{
	size_t i = len > 0 && (text[0] == '-' || text[0] == '+') ? 1 : 0;
	int64_t v = 0;
	char tmp[400];

	if (i == len || len > 20)
		return false;
	for (size_t k = i; k < len; k++) {
		if (text[k] < '0' || text[k] > '9' || v > 99999999999)
			return false;
		v = v * 10 + (text[k] - '0');
	}
	if (text[0] == '-')
		v = -v;
	if (v < -2147483648LL || v > 2147483647LL)
		return false;
	number_text((double)v, tmp);
	return put(s, out, tmp);
}

static bool
typed_decimal(struct session *s, const char *text, size_t len, struct val *out)
{
	double v;
	char tmp[400];

	if (len > 0 && text[0] == '+') {
		text++;
		len--;
	}
	if (len > 300 || memchr(text, '-', len) > (const void *)text)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((text[i] < '0' || text[i] > '9') && text[i] != '.' && text[i] != '-')
			return false;
	v = text_number(NULL, text, len);
	if (isnan(v))
		return false;
	number_text(v, tmp);
	return put(s, out, tmp);
}

/* "latitude longitude [altitude [accuracy]]" */
static bool
is_geopoint(const char *text, size_t len)
{
	static const double max[4] = { 90, 180, 1e9, 1e9 };
	size_t i = 0, from;
	unsigned n = 0;

	while (i < len) {
		double v;

		for (from = i; i < len && text[i] != ' '; )
			i++;
		if (i > from) {
			if (n == 4)
				return false;
			v = text_number(NULL, text + from, i - from);
			if (!(fabs(v) <= max[n]))
				return false;
			n++;
		}
		i++;
	}
	return n >= 2;
}

bool
answer_for_node(struct session *s, uint32_t row, const char *text, size_t len, struct val *out)
{
	const struct form_node *n = &s->f->nodes[s->tree.rows[row].node];
	const struct body *b = n->control != 0 ? &s->f->bodies[n->control - 1] : NULL;
	int64_t day, ms;
	int32_t offset;
	bool has;
	char tmp[40];

	*out = (struct val){ .kind = VAL_STRING, .n = (uint32_t)len, .u.s = text };
	if (len == 0)
		return true;
	if (b != NULL && (b->control == CONTROL_SELECT || b->control == CONTROL_RANK))
		return true;
	switch ((enum value_type)n->type) {
	case TYPE_INT:
		trim(&text, &len);
		return typed_int(s, text, len, out);
	case TYPE_DECIMAL:
		trim(&text, &len);
		return typed_decimal(s, text, len, out);
	case TYPE_DATE:
		trim(&text, &len);
		/* a local date-time gives its day; with an offset it would be a guess */
		if (len > 11 && memchr(text, 'T', len) != NULL) {
			size_t at = (size_t)((const char *)memchr(text, 'T', len) - text);

			if (!time_parse(text + at + 1, len - at - 1, &ms, &offset, &has) || has)
				return false;
			len = at;
		}
		if (!date_parse(text, len, &day))
			return false;
		date_text(day, tmp);
		return put(s, out, tmp);
	case TYPE_TIME:
		trim(&text, &len);
		*out = (struct val){ .kind = VAL_STRING, .n = (uint32_t)len, .u.s = text };
		return time_parse(text, len, &ms, &offset, &has);
	case TYPE_DATETIME:
		trim(&text, &len);
		if (!datetime_parse(text, len, s->run.zone, &ms, &offset))
			return false;
		datetime_text(ms, offset, tmp);
		return put(s, out, tmp);
	case TYPE_BOOLEAN:
		if (len == 1 && (text[0] == '0' || text[0] == '1'))
			return put(s, out, text[0] == '1' ? "true" : "false");
		return (len == 4 && memcmp(text, "true", 4) == 0) || (len == 5 && memcmp(text, "false", 5) == 0);
	case TYPE_GEOPOINT:
		return is_geopoint(text, len);
	case TYPE_STRING: case TYPE_BARCODE: case TYPE_BINARY: case TYPE_OTHER:
		return true;
	}
	return true;
}

bool
stored_is_valid(const struct session *s, uint32_t row)
{
	const struct form_node *n = &s->f->nodes[s->tree.rows[row].node];
	const struct body *b = n->control != 0 ? &s->f->bodies[n->control - 1] : NULL;
	const char *text = tree_text(&s->tree, row);
	size_t len = s->tree.rows[row].len;
	int64_t day, ms;
	int32_t offset;
	bool has;
	double v;

	if (len == 0 || (b != NULL && (b->control == CONTROL_SELECT || b->control == CONTROL_RANK)))
		return true;
	switch ((enum value_type)n->type) {
	case TYPE_INT:
		v = text_number(NULL, text, len);
		return v == trunc(v) && v >= -2147483648.0 && v <= 2147483647.0;
	case TYPE_DECIMAL: return !isnan(text_number(NULL, text, len)) || (len >= 8 && memmem(text, len, "Infinity", 8) != NULL);
	case TYPE_DATE: return date_parse(text, len, &day);
	case TYPE_TIME: return time_parse(text, len, &ms, &offset, &has);
	case TYPE_DATETIME: return datetime_parse(text, len, s->run.zone, &ms, &offset);
	case TYPE_BOOLEAN: case TYPE_STRING: case TYPE_GEOPOINT: case TYPE_BARCODE: case TYPE_BINARY: case TYPE_OTHER:
		return true;
	}
	return true;
}

enum err_code
store(struct session *s, uint32_t row, const struct val *text, bool *changed, struct err *err)
{
	struct row *r = &s->tree.rows[row];

	*changed = r->len != text->n || memcmp(tree_text(&s->tree, row), text->u.s, text->n) != 0;
	if (!*changed)
		return ERR_OK;
	return tree_set(&s->tree, row, text->u.s, text->n, err);
}
