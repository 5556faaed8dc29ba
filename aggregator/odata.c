/* OData requests. See odata.h. Every answer comes from one publication: a walk along @odata.nextLink stays in
 * the one it began with, whatever is published meanwhile. */
#include "aggregator/odata.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aggregator/odata_sets.h"
#include "aggregator/templates.h"
#include "base/codec.h"
#include "base/num.h"
#include "collector/chain.h"

enum { PAGE = 500, OPTION_MAX = 4096, SELECT_MAX = 64, ORDER_MAX = 8 };

struct order {
	int property;
	bool descending;
};

struct query {
	const char *filter, *orderby, *select, *top, *skip, *count, *format, *token;
	const char *unknown, *doubled;
	struct buf hashed;		/* what the token's hash is over */
	struct buf link;		/* the options of a next link */
};

struct odata {
	const struct http_request *r;
	struct http_response *out;
	struct publications *store;
	struct publication_held *held;
	struct publication older;	/* of a token */
	struct buf older_bytes;
	const struct publication *p;
	struct arena arena;		/* of the sets: more than a request's own holds */
	struct entity_set sets[ODATA_SETS];
	struct query q;
	char root[512];
	bool select_all;
	int selected[SELECT_MAX];
	size_t n_selected;
	struct order orders[ORDER_MAX];
	size_t n_orders;
	struct odata_filter *filter;
};

int
odata_property(const struct entity_set *s, const char *name, size_t len)
{
	for (size_t i = 0; i < s->n_properties; i++)
		if (strlen(s->properties[i].name) == len && strncmp(s->properties[i].name, name, len) == 0)
			return (int)i;
	return -1;
}

int
odata_compare(const struct odata_value *a, const struct odata_value *b)
{
	if (a->is_null || b->is_null)
		return (int)b->is_null - (int)a->is_null;
	switch (a->type) {
	case EDM_STRING:
	case EDM_DATE:
		return strcmp(a->text, b->text);
	case EDM_BOOLEAN:
		return (int)a->truth - (int)b->truth;
	case EDM_DOUBLE:
	case EDM_INT64:
		break;
	}
	return (a->number > b->number) - (a->number < b->number);
}

/* --- writing ------------------------------------------------------------------------------------------ */

static void
put_text(struct buf *out, const char *text)
{
	buf_putc(out, '"');
	for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			buf_printf(out, "\\%c", *p);
		else if (*p < 0x20)
			buf_printf(out, "\\u%04x", *p);
		else
			buf_putc(out, (char)*p);
	}
	buf_putc(out, '"');
}

static void
head(struct odata *o, const char *type)
{
	o->out->type = type;
	if (http_add(o->out, "OData-Version", "4.0", NULL) != ERR_OK)
		o->out->status = 503;
}

static void
refuse(struct odata *o, unsigned status, const char *message)
{
	buf_reset(&o->out->body);
	o->out->status = status;
	head(o, "application/json; odata.metadata=minimal");
	buf_printf(&o->out->body, "{\"error\":{\"code\":\"%u\",\"message\":", status);
	put_text(&o->out->body, message);
	buf_puts(&o->out->body, "}}\n");
}

static void
put_value(struct buf *out, const struct odata_value *v)
{
	if (v->is_null) {
		buf_puts(out, "null");
		return;
	}
	switch (v->type) {
	case EDM_STRING:
	case EDM_DATE:
		put_text(out, v->text);
		break;
	case EDM_BOOLEAN:
		buf_puts(out, v->truth ? "true" : "false");
		break;
	case EDM_DOUBLE:
	case EDM_INT64:
		num_put(out, v->number);
		break;
	}
}

static void
put_entity(struct odata *o, const struct entity_set *s, size_t i)
{
	struct buf *out = &o->out->body;
	bool first = true;

	for (size_t k = 0; k < (o->select_all ? s->n_properties : o->n_selected); k++) {
		size_t at = o->select_all ? k : (size_t)o->selected[k];

		buf_printf(out, "%s\"%s\":", first ? "" : ",", s->properties[at].name);
		put_value(out, odata_value(s, i, at));
		first = false;
	}
}

static void
put_context(struct odata *o, const struct entity_set *s, const char *end)
{
	struct buf *out = &o->out->body;

	buf_printf(out, "\"@odata.context\":\"%s$metadata#%s", o->root, s->name);
	if (!o->select_all) {
		for (size_t i = 0; i < o->n_selected; i++)
			buf_printf(out, "%c%s", i == 0 ? '(' : ',', s->properties[o->selected[i]].name);
		buf_putc(out, ')');
	}
	buf_printf(out, "%s\"", end);
}

/* --- options -------------------------------------------------------------------------------------------- */

static void
encode(struct buf *out, const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
		if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9')
		    || strchr("-_.~$,'()", *p) != NULL)
			buf_putc(out, (char)*p);
		else
			buf_printf(out, "%%%02X", *p);
	}
}

static void
take_option(void *arg, const char *name, const char *value)
{
	struct query *q = arg;
	const struct { const char *name; const char **to; } known[] = { { "$filter", &q->filter },
	    { "$orderby", &q->orderby }, { "$select", &q->select }, { "$top", &q->top }, { "$skip", &q->skip },
	    { "$count", &q->count }, { "$format", &q->format }, { "$skiptoken", &q->token } };

	if (name[0] != '$')
		return;		/* a custom option: nobody's business here */
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strcmp(known[i].name, name) != 0)
			continue;
		if (*known[i].to != NULL)
			q->doubled = name;
		*known[i].to = value;
		if (known[i].to == &q->token || known[i].to == &q->skip)
			return;
		buf_printf(&q->hashed, "%s=%s\n", name, value);
		buf_puts(&q->link, q->link.len == 0 ? "" : "&");
		encode(&q->link, name);
		buf_putc(&q->link, '=');
		encode(&q->link, value);
		return;
	}
	q->unknown = name;
}

static bool
accepts(const char *accept, const char *type)
{
	char group[64];

	snprintf(group, sizeof(group), "%.*s/*", (int)strcspn(type, "/"), type);
	return accept == NULL || accept[0] == '\0' || strstr(accept, "*/*") != NULL || strstr(accept, type) != NULL
	    || strstr(accept, group) != NULL;
}

/* What is wrong with the request whatever it asks for. False: answered. */
static bool
check_request(struct odata *o, const char *type)
{
	const char *max = http_header(o->r, "OData-MaxVersion"), *format = o->q.format;
	char message[200];
	double version;

	if (strcmp(o->r->method, "GET") != 0 && strcmp(o->r->method, "HEAD") != 0) {
		refuse(o, 405, "this service can be read only");
		if (http_add(o->out, "Allow", "GET, HEAD", NULL) != ERR_OK)
			o->out->status = 503;
	} else if (max != NULL && (!num_double(max, strlen(max), &version) || version < 4.0)) {
		refuse(o, 400, "OData-MaxVersion is below 4.0");
	} else if (o->q.unknown != NULL) {
		snprintf(message, sizeof(message), "the option %.80s is not offered", o->q.unknown);
		refuse(o, 501, message);
	} else if (o->q.doubled != NULL) {
		snprintf(message, sizeof(message), "the option %.80s is given twice", o->q.doubled);
		refuse(o, 400, message);
	} else if (format != NULL && strcmp(type, "application/json") == 0 && strcmp(format, "json") != 0
	    && strncmp(format, "application/json", 16) != 0) {
		refuse(o, 406, "$format: json is what there is");
	} else if (format == NULL && !accepts(http_header(o->r, "Accept"), type)) {
		snprintf(message, sizeof(message), "Accept: this is %s", type);
		refuse(o, 406, message);
	} else {
		return true;
	}
	return false;
}

static const char *
next_part(const char **at, size_t *len)
{
	const char *from = *at + strspn(*at, " ");

	*len = strcspn(from, ",");
	*at = from + *len + (from[*len] == ',');
	while (*len > 0 && from[*len - 1] == ' ')
		--*len;
	return from;
}

static bool
read_select(struct odata *o, const struct entity_set *s)
{
	const char *at = o->q.select;
	size_t len;

	o->select_all = at == NULL || strcmp(at, "*") == 0;
	while (!o->select_all && *at != '\0') {
		const char *name = next_part(&at, &len);
		int property = odata_property(s, name, len);

		if (property < 0 || o->n_selected == SELECT_MAX) {
			refuse(o, 400, "$select names a field that is not there");
			return false;
		}
		o->selected[o->n_selected++] = property;
	}
	return true;
}

static bool
read_orderby(struct odata *o, const struct entity_set *s)
{
	const char *at = o->q.orderby;
	size_t len, word;

	while (at != NULL && *at != '\0') {
		const char *part = next_part(&at, &len), *end = part + len;
		struct order order = {0};

		word = strcspn(part, " ,");
		order.property = odata_property(s, part, word < len ? word : len);
		if (order.property < 0) {
			refuse(o, 501, "$orderby: only fields are offered, and this is none");
			return false;
		}
		part += word < len ? word : len;
		part += strspn(part, " ");
		if (part < end && strncmp(part, "desc", 4) == 0 && part + 4 == end) {
			order.descending = true;
		} else if (part < end && !(strncmp(part, "asc", 3) == 0 && part + 3 == end)) {
			refuse(o, 400, "$orderby: asc or desc follows a field");
			return false;
		}
		if (o->n_orders == ORDER_MAX) {
			refuse(o, 400, "$orderby: too many fields");
			return false;
		}
		o->orders[o->n_orders++] = order;
	}
	return true;
}

static bool
read_filter(struct odata *o, const struct entity_set *s)
{
	struct err err = {0};
	enum err_code rc;

	if (o->q.filter == NULL)
		return true;
	rc = odata_filter_parse(s, o->q.filter, o->r->arena, &o->filter, &err);
	if (rc == ERR_OK)
		return true;
	refuse(o, rc == ERR_DENIED ? 501 : rc == ERR_INPUT ? 400 : 503, err.msg);
	return false;
}

static bool
read_number(struct odata *o, const char *text, const char *name, int64_t *out)
{
	char message[80];

	if (text == NULL || num_i64(text, strlen(text), 0, 1000000000, out))
		return true;
	snprintf(message, sizeof(message), "%s is a whole number from 0", name);
	refuse(o, 400, message);
	return false;
}

/* --- sets ------------------------------------------------------------------------------------------------ */

struct sorting {
	const struct odata *o;
	const struct entity_set *s;
};

static int
entity_cmp(const void *va, const void *vb, void *arg)
{
	const struct sorting *so = arg;
	size_t a = *(const size_t *)va, b = *(const size_t *)vb;

	for (size_t i = 0; i < so->o->n_orders; i++) {
		size_t property = (size_t)so->o->orders[i].property;
		int d = odata_compare(odata_value(so->s, a, property), odata_value(so->s, b, property));

		if (d != 0)
			return so->o->orders[i].descending ? -d : d;
	}
	return (a > b) - (a < b);
}

/* Which entities, in which order. NULL: no memory. */
static size_t *
choose(struct odata *o, const struct entity_set *s, size_t *n)
{
	size_t *chosen = arena_calloc(&o->arena, s->n + 1, sizeof(*chosen));
	struct sorting so = { o, s };

	*n = 0;
	for (size_t i = 0; chosen != NULL && i < s->n; i++)
		if (o->filter == NULL || odata_filter_holds(o->filter, s, i))
			chosen[(*n)++] = i;
	if (chosen != NULL && o->n_orders > 0 && *n > 0)
		qsort_r(chosen, *n, sizeof(*chosen), entity_cmp, &so);
	return chosen;
}

static void
token_hash(struct odata *o, const char *set, char hex[17])
{
	struct chain_hash h;

	buf_printf(&o->q.hashed, "set=%s\n", set);
	chain_h("skiptoken", o->q.hashed.data, o->q.hashed.len, &h);
	hex_str(h.bytes, 8, hex);
}

/* "NO.FROM.END.HASH": take up the publication that a walk began with. False: answered. */
static bool
read_token(struct odata *o, const char *hash, int64_t *from, int64_t *end)
{
	char given[17] = "";
	long long no, f, e;
	int used = 0;

	if (sscanf(o->q.token, "%lld.%lld.%lld.%16[0-9a-f]%n", &no, &f, &e, given, &used) != 4
	    || o->q.token[used] != '\0' || strcmp(given, hash) != 0 || no < 1 || f < 0 || e < f
	    || o->p == NULL || no != o->p->manifest.no) {
		refuse(o, 400, "$skiptoken is not one of ours for this question");
		return false;
	}
	*from = f;
	*end = e;
	return true;
}

/* Was a token of an earlier publication given? Then answer from that one. */
static void
take_publication(struct odata *o)
{
	struct err err = {0};
	long long no = 0;

	o->held = publications_hold(o->store);
	o->p = o->held == NULL ? NULL : publication_of(o->held);
	if (o->q.token == NULL || o->p == NULL || sscanf(o->q.token, "%lld.", &no) != 1 || no < 1
	    || no >= o->p->manifest.no)
		return;
	buf_init(&o->older_bytes, PUB_MAX);
	if (publications_get(o->store, no, &o->older_bytes, &err) == ERR_OK
	    && pub_read(o->older_bytes.data, o->older_bytes.len, &o->older, &err) == ERR_OK)
		o->p = &o->older;
}

static bool
not_modified(struct odata *o, const char *hash, int64_t from)
{
	const char *known = http_header(o->r, "If-None-Match");
	char tag[64];

	snprintf(tag, sizeof(tag), "W/\"%lld-%s-%lld\"", (long long)(o->p == NULL ? 0 : o->p->manifest.no), hash,
	    (long long)from);
	if (http_add(o->out, "ETag", tag, NULL) != ERR_OK)
		o->out->status = 503;
	if (known == NULL || strstr(known, tag) == NULL)
		return false;
	buf_reset(&o->out->body);
	o->out->status = 304;
	return true;
}

static void
answer_set(struct odata *o, const struct entity_set *s)
{
	struct buf *out = &o->out->body;
	int64_t top = INT32_MAX, skip = 0, from, end;
	size_t n, *chosen;
	char hash[17];
	bool count = o->q.count != NULL && strcmp(o->q.count, "true") == 0;

	if (o->q.count != NULL && !count && strcmp(o->q.count, "false") != 0) {
		refuse(o, 400, "$count is true or false");
		return;
	}
	if (!read_number(o, o->q.top, "$top", &top) || !read_number(o, o->q.skip, "$skip", &skip)
	    || !read_select(o, s) || !read_orderby(o, s) || !read_filter(o, s))
		return;
	chosen = choose(o, s, &n);
	if (chosen == NULL) {
		refuse(o, 503, "out of memory");
		return;
	}
	token_hash(o, s->name, hash);
	from = skip < (int64_t)n ? skip : (int64_t)n;
	end = top < (int64_t)n - from ? from + top : (int64_t)n;
	if (o->q.token != NULL && !read_token(o, hash, &from, &end))
		return;
	if (end > (int64_t)n)
		end = (int64_t)n;
	head(o, "application/json; odata.metadata=minimal");
	/* Actions change between publications: no ETag is theirs. */
	if (strcmp(s->name, "Actions") != 0 && not_modified(o, hash, from))
		return;
	buf_putc(out, '{');
	put_context(o, s, "");
	if (count)
		buf_printf(out, ",\"@odata.count\":%zu", n);
	buf_puts(out, ",\"value\":[");
	for (int64_t i = from; i < end && i < from + PAGE; i++) {
		buf_puts(out, i == from ? "{" : ",{");
		put_entity(o, s, chosen[i]);
		buf_putc(out, '}');
	}
	buf_putc(out, ']');
	if (from + PAGE < end)
		buf_printf(out, ",\"@odata.nextLink\":\"%s%s?%s%s%%24skiptoken=%lld.%lld.%lld.%s\"", o->root, s->name,
		    buf_str(&o->q.link), o->q.link.len > 0 ? "&" : "", (long long)o->p->manifest.no,
		    (long long)from + PAGE, (long long)end, hash);
	buf_puts(out, "}\n");
}

static void
answer_count(struct odata *o, const struct entity_set *s)
{
	size_t n;

	if (!read_filter(o, s))
		return;
	if (choose(o, s, &n) == NULL) {
		refuse(o, 503, "out of memory");
		return;
	}
	head(o, "text/plain; charset=utf-8");
	buf_printf(&o->out->body, "%zu", n);
}

/* KEY is what stands between ( and ): 'text' or id='text'. */
static void
answer_key(struct odata *o, const struct entity_set *s, const char *key)
{
	char text[OPTION_MAX];
	size_t len = 0;

	if (strncmp(key, "id=", 3) == 0)
		key += 3;
	if (*key++ != '\'') {
		refuse(o, 400, "a key is a text in ' '");
		return;
	}
	for (; *key != '\0' && len + 1 < sizeof(text) && !(*key == '\'' && key[1] != '\''); key++) {
		key += *key == '\'';
		text[len++] = *key;
	}
	text[len] = '\0';
	if (strcmp(key, "')") != 0) {
		refuse(o, 400, "a key is a text in ' '");
		return;
	}
	if (!read_select(o, s))
		return;
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(odata_value(s, i, 0)->text, text) == 0) {
			head(o, "application/json; odata.metadata=minimal");
			buf_putc(&o->out->body, '{');
			put_context(o, s, "/$entity");
			buf_putc(&o->out->body, ',');
			put_entity(o, s, i);
			buf_puts(&o->out->body, "}\n");
			return;
		}
	refuse(o, 404, "there is no entity with this key");
}

static void
answer_service(struct odata *o)
{
	struct buf *out = &o->out->body;

	head(o, "application/json; odata.metadata=minimal");
	buf_printf(out, "{\"@odata.context\":\"%s$metadata\",\"value\":[", o->root);
	for (size_t i = 0; i < ODATA_SETS; i++)
		buf_printf(out, "%s{\"name\":\"%s\",\"kind\":\"EntitySet\",\"url\":\"%s\"}", i == 0 ? "" : ",",
		    o->sets[i].name, o->sets[i].name);
	buf_puts(out, "]}\n");
}

static void
answer_metadata(struct odata *o)
{
	struct set_view *sets = arena_calloc(o->r->arena, ODATA_SETS, sizeof(*sets));
	struct metadata_view v = { sets, ODATA_SETS };

	for (size_t i = 0; sets != NULL && i < ODATA_SETS; i++) {
		const struct entity_set *s = &o->sets[i];
		struct property_view *list = arena_calloc(o->r->arena, s->n_properties, sizeof(*list));

		if (list == NULL) {
			refuse(o, 503, "out of memory");
			return;
		}
		for (size_t k = 0; k < s->n_properties; k++)
			list[k] = (struct property_view){ s->properties[k].name, odata_type(s->properties[k].type), k == 0 };
		sets[i] = (struct set_view){ s->name, s->type, s->properties[0].name, list, s->n_properties };
	}
	head(o, "application/xml; charset=utf-8");
	page_aggregator_metadata(&o->out->body, &v);
}

static void
route(struct odata *o)
{
	const char *path = o->r->path + strlen("/odata");
	size_t len;

	path += *path == '/';
	if (strcmp(path, "$metadata") == 0) {
		if (check_request(o, "application/xml"))
			answer_metadata(o);
		return;
	}
	len = strcspn(path, "(/");
	for (size_t i = 0; i < ODATA_SETS; i++) {
		const struct entity_set *s = &o->sets[i];

		if (strlen(s->name) != len || strncmp(s->name, path, len) != 0)
			continue;
		if (strcmp(path + len, "/$count") == 0) {
			if (check_request(o, "text/plain"))
				answer_count(o, s);
		} else if (path[len] == '\0' || path[len] == '(') {
			if (check_request(o, "application/json")) {
				if (path[len] == '(')
					answer_key(o, s, path + len + 1);
				else
					answer_set(o, s);
			}
		} else {
			refuse(o, 404, "there is nothing of that name");
		}
		return;
	}
	if (!check_request(o, "application/json"))
		return;
	if (*path == '\0')
		answer_service(o);
	else
		refuse(o, 404, "there is no such set");
}

void
odata_answer(struct publications *store, struct actions *actions, const struct http_request *r,
	struct http_response *out)
{
	struct odata *o = arena_alloc(r->arena, sizeof(*o));
	const char *host = http_header(r, "Host");
	struct err err = {0};

	if (o == NULL) {
		http_plain(out, 503, "Out of memory.\n");
		return;
	}
	o->r = r;
	o->out = out;
	o->store = store;
	snprintf(o->root, sizeof(o->root), "%s://%.200s/odata/", r->tls != NULL ? "https" : "http",
	    host == NULL || strpbrk(host, "\"\\<> ") != NULL ? "localhost" : host);
	arena_init(&o->arena, (size_t)1 << 30);
	buf_init(&o->q.hashed, 65536);
	buf_init(&o->q.link, 65536);
	http_query_each(r, take_option, &o->q);
	take_publication(o);
	if (odata_sets(o->p, actions, &o->arena, o->sets, &err) != ERR_OK)
		refuse(o, 503, "out of memory");
	else
		route(o);
	arena_clear(&o->arena);
	pub_clear(&o->older);
	buf_free(&o->older_bytes);
	publications_release(store, o->held);
	buf_free(&o->q.hashed);
	buf_free(&o->q.link);
}
