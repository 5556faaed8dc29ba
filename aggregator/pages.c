/* The people's listener. See pages.h. */
#include "aggregator/pages_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/csv.h"
#include "aggregator/odata.h"
#include "aggregator/pack.h"
#include "aggregator/templates.h"
#include "aggregator/xlsx.h"
#include "base/codec.h"
#include "base/file.h"
#include "base/log.h"
#include "base/num.h"
#include "collector/chain.h"

enum { FORM_MAX = 16384, PAGE_MAX = 6 << 20, CSV_MAX = 8 << 20, PACK_FROM_MAX = 16 << 20 };

static const char post_path[] = "/v1/publication";

static const struct nav_item menu[] = {
	{ "/", "Figures", false },
	{ "/groups", "Groups", false },
	{ "/publications", "Publications", false },
	{ "/about", "How to read this", false },
};

static void
show(struct page_request *q, const char *title, const struct buf *body)
{
	struct people people = q->pages->people;
	struct nav_item nav[ARRAY_LEN(menu)];

	memcpy(nav, menu, sizeof(menu));
	for (size_t i = 0; i < ARRAY_LEN(menu); i++)
		nav[i].is_here = strcmp(nav[i].href, q->r->path) == 0;
	/* The publication says whose it is; the setting is for the time before the first one. */
	if (q->p != NULL)
		people.organisation = q->p->manifest.organisation;
	people_page(&people, &q->v, title, nav, ARRAY_LEN(nav), body, q->out);
}

/* --- taking in a publication -------------------------------------------------------------------------- */

static enum err_code
load_ring(const struct pages_conf *conf, struct keyring **out, struct err *err)
{
	struct keyring_pin pin;
	struct buf text;
	enum err_code rc;

	buf_init(&text, KEYRING_MAX);
	rc = file_read(conf->ring, &text, err);
	if (rc == ERR_OK && (conf->root == NULL || conf->root[0] == '\0')) {
		rc = keyring_parse((const char *)text.data, text.len, out, err);
	} else if (rc == ERR_OK) {
		rc = keyring_pin_read(conf->root, &pin, err);
		if (rc == ERR_OK)
			rc = keyring_read((const char *)text.data, text.len, &pin, out, err);
	}
	if (rc != ERR_OK)
		err_in(err, "key ring %s", conf->ring);
	buf_free(&text);
	return rc;
}

/* No session: the signature of the publish key is what counts. */
static void
take_publication(struct pages *p, const struct http_request *r, struct http_response *out)
{
	struct keyring *ring = NULL;
	struct err err = {0};
	char sha256[65];
	int64_t no = 0, last = 0;
	unsigned status = 503;
	enum err_code rc = load_ring(&p->conf, &ring, &err);

	if (rc == ERR_OK)
		rc = publications_put(p->publications, r->body->data, r->body->len, ring,
		    clock_now_s(p->conf.clock), &no, &err);
	keyring_free(ring);
	switch (rc) {
	case ERR_OK:
		atomic_fetch_add(&p->stored, 1);
		log_event("pages", "publication=%lld stored=yes bytes=%zu", (long long)no, r->body->len);
		status = 201;
		break;
	case ERR_EXISTS:
		status = 200;
		break;
	case ERR_INPUT:
	case ERR_LIMIT:
		status = 422;
		break;
	case ERR_DENIED:
		status = 403;
		break;
	case ERR_AGAIN:
	case ERR_ABSENT:
	case ERR_BROKEN:
	case ERR_NOMEM:
		status = 503;
		break;
	}
	if (status >= 400) {
		struct err ignored = {0};

		log_err("pages", "publication", &err);
		atomic_fetch_add(&p->refused, 1);
		if (publications_last(p->publications, &last, sha256, &ignored) != ERR_OK)
			last = 0;
		http_plain(out, status, "");
		buf_printf(&out->body, "code=%s last=%lld why=%s\n", err_word(rc), (long long)last, err.msg);
		return;
	}
	http_plain(out, status, "");
	buf_printf(&out->body, "code=stored no=%lld\n", (long long)no);
}

/* --- files --------------------------------------------------------------------------------------------- */

static void
attach(struct page_request *q, const char *type, const char *name)
{
	char line[200];

	q->out->type = type;
	snprintf(line, sizeof(line), "attachment; filename=\"%.120s\"", name);
	if (http_add(q->out, "Content-Disposition", line, NULL) != ERR_OK)
		http_plain(q->out, 503, "Out of memory. Please try again.\n");
}

static bool
ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n > m && strcmp(text + n - m, end) == 0;
}

static bool
is_published(const struct publication *p, const char *indicator)
{
	for (size_t i = 0; i < p->n_rows; i++)
		if (strcmp(p->rows[i].indicator, indicator) == 0)
			return true;
	return false;
}

/* /csv/ID.csv, /csv/all.csv, and beside each -metadata.json and -datapackage.json. */
static bool
serve_csv(struct page_request *q, const char *name)
{
	char id[160], file[170], hex[65];
	struct buf csv;
	uint8_t hash[32];
	size_t n = strcspn(name, ".");
	bool all;

	if (q->p == NULL || n == 0 || n >= sizeof(id) || strncmp(name + n, ".csv", 4) != 0)
		return false;
	snprintf(id, sizeof(id), "%.*s", (int)n, name);
	snprintf(file, sizeof(file), "%s.csv", id);
	all = strcmp(id, "all") == 0;
	if (!all && !is_published(q->p, id))
		return false;
	if (ends_with(name, ".csv-metadata.json")) {
		csv_metadata_put(&q->out->body, q->p, file);
		q->out->type = "application/csvm+json";
		return true;
	}
	buf_init(&csv, CSV_MAX);
	csv_put(&csv, q->p, all ? NULL : id);
	if (ends_with(name, ".csv-datapackage.json")) {
		chain_sha256(csv.data, csv.len, hash);
		hex_str(hash, 32, hex);
		csv_package_put(&q->out->body, q->p, file, hex, csv.len);
		q->out->type = "application/json";
	} else if (strcmp(name, file) == 0) {
		buf_put(&q->out->body, csv.data, csv.len);
		attach(q, "text/csv; charset=utf-8; header=present", file);
	} else {
		buf_free(&csv);
		return false;
	}
	buf_free(&csv);
	return true;
}

/* /xlsx/ID.xlsx, /xlsx/all.xlsx. */
static bool
serve_xlsx(struct page_request *q, const char *name)
{
	char id[160];
	size_t n = strcspn(name, ".");
	struct err err = {0};

	if (q->p == NULL || n == 0 || n >= sizeof(id) || strcmp(name + n, ".xlsx") != 0)
		return false;
	snprintf(id, sizeof(id), "%.*s", (int)n, name);
	if (strcmp(id, "all") != 0 && !is_published(q->p, id))
		return false;
	if (xlsx_put(&q->out->body, q->p, strcmp(id, "all") == 0 ? NULL : id, &err) == ERR_OK) {
		attach(q, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", name);
	} else {
		log_err("pages", "xlsx", &err);
		http_plain(q->out, 503, "The workbook cannot be made at the moment. Please try again, or take the CSV.\n");
	}
	return true;
}

static bool
serve_publication(struct page_request *q, const char *name)
{
	char file[64];
	struct err err = {0};
	int64_t no = 0;

	if (strcmp(name, "last") != 0 && !num_i64(name, strlen(name), 1, INT64_MAX, &no))
		return false;
	if (publications_get(q->pages->publications, no, &q->out->body, &err) != ERR_OK)
		return false;
	snprintf(file, sizeof(file), "publication-%s.pub", name);
	attach(q, "application/x-candour-publication", file);
	return true;
}

/* /packs/N.zip, /packs/last.zip. */
static bool
serve_pack(struct page_request *q, const char *name)
{
	struct publication p = {0};
	struct keyring *ring = NULL;
	struct buf file, text;
	struct err err = {0};
	char id[32];
	size_t n = strcspn(name, ".");
	int64_t no = 0;
	enum err_code rc;

	snprintf(id, sizeof(id), "%.*s", n < sizeof(id) ? (int)n : 0, name);
	if (strcmp(name + n, ".zip") != 0 || (strcmp(id, "last") != 0 && !num_i64(id, strlen(id), 1, INT64_MAX, &no)))
		return false;
	buf_init(&file, PACK_FROM_MAX);
	buf_init(&text, KEYRING_MAX);
	rc = publications_get(q->pages->publications, no, &file, &err);
	if (rc == ERR_OK)
		rc = buf_check(&file, &err);
	if (rc == ERR_OK)
		rc = pub_read(file.data, file.len, &p, &err);
	/* The ring stands beside it if it can be read: the pack is good without. */
	if (rc == ERR_OK && (load_ring(&q->pages->conf, &ring, &err) != ERR_OK || file_read(q->pages->conf.ring, &text, &err) != ERR_OK))
		log_err("pages", "pack", &err);
	if (rc == ERR_OK)
		rc = pack_put(&q->out->body, &p, file.data, file.len, text.len > 0 ? &text : NULL, &err);
	if (rc == ERR_OK) {
		char attached[64];

		snprintf(attached, sizeof(attached), "publication-%lld.zip", (long long)p.manifest.no);
		attach(q, "application/zip", attached);
	} else if (rc != ERR_ABSENT) {
		log_err("pages", "pack", &err);
		http_plain(q->out, 503, rc == ERR_LIMIT ? "This publication is too large for a pack from here: take its file, and make the "
		    "pack with candour export pack.\n" : "The pack cannot be made at the moment. Please try again.\n");
	}
	keyring_free(ring);
	pub_clear(&p);
	buf_free(&file);
	buf_free(&text);
	return rc != ERR_ABSENT;
}

/* --- routes -------------------------------------------------------------------------------------------- */

static void
not_found(struct page_request *q)
{
	people_message(&q->pages->people, q->v.user.name[0] == '\0' ? NULL : &q->v, 404, "There is no such page",
	    "It may have moved, or it is not published yet.", "/", "Go to the start", q->out);
}

static bool
is_machine_path(const char *path)
{
	return strncmp(path, "/csv/", 5) == 0 || strncmp(path, "/xlsx/", 6) == 0 || strncmp(path, "/odata", 6) == 0
	    || strncmp(path, "/publications/", 14) == 0 || strncmp(path, "/packs/", 7) == 0;
}

/* Readers' programs sign in with Basic authentication: Power Query offers nothing else. */
static bool
is_reader(struct page_request *q)
{
	const char *header = http_header(q->r, "Authorization");
	struct err err = {0};
	struct buf both;
	char *colon;
	bool good = false;

	if (header == NULL || strncmp(header, "Basic ", 6) != 0)
		return false;
	buf_init_secret(&both, 1024);
	if (base64_get(header + 6, strlen(header + 6), &both)) {
		buf_putc(&both, '\0');
		colon = both.failed == ERR_OK ? strchr((char *)both.data, ':') : NULL;
		if (colon != NULL) {
			*colon = '\0';
			good = users_reader_is(q->pages->people.users, (char *)both.data, colon + 1, &err) == ERR_OK;
			if (good)
				snprintf(q->reader, sizeof(q->reader), "%s", (char *)both.data);
		}
	}
	buf_free(&both);
	return good;
}

static bool
may_read(struct page_request *q)
{
	if (is_machine_path(q->r->path)) {
		if (is_reader(q))
			return true;
		if (http_cookie(q->r, q->pages->people.cookie) == NULL) {
			http_plain(q->out, 401, "Sign in as a reader: candour user reader NAME makes a token.\n");
			if (http_add(q->out, "WWW-Authenticate", "Basic realm=\"candour\", charset=\"UTF-8\"", NULL)
			    != ERR_OK)
				q->out->status = 503;
			return false;
		}
	}
	return people_visitor(&q->pages->people, q->r, &q->v, q->out);
}

static void
show_page(struct page_request *q)
{
	const char *path = q->r->path, *title = "";
	struct err err = {0};
	struct buf body;
	enum err_code rc = ERR_ABSENT;

	buf_init(&body, PAGE_MAX);
	if (strcmp(path, "/") == 0) {
		title = "Figures";
		rc = pages_home(q, &body, &err);
	} else if (strncmp(path, "/indicator/", 11) == 0) {
		rc = pages_indicator(q, path + 11, &body, &title, &err);
	} else if (strncmp(path, "/easy/", 6) == 0) {
		rc = pages_easy(q, path + 6, &body, &title, &err);
	} else if (strcmp(path, "/groups") == 0) {
		title = "What groups told us";
		rc = pages_groups(q, &body, &err);
	} else if (strcmp(path, "/publications") == 0) {
		title = "Publications";
		rc = pages_publications(q, &body, &err);
	} else if (strcmp(path, "/about") == 0) {
		title = "How to read this";
		rc = pages_about(q, &body, &err);
	}
	if (rc == ERR_OK) {
		show(q, title, &body);
	} else if (rc == ERR_ABSENT) {
		not_found(q);
	} else {
		log_err("pages", "page", &err);
		http_plain(q->out, 503, "That does not work at the moment. Please try again.\n");
	}
	buf_free(&body);
}

static void
route(struct page_request *q)
{
	const char *path = q->r->path;
	bool get = strcmp(q->r->method, "GET") == 0 || strcmp(q->r->method, "HEAD") == 0;

	if (strncmp(path, "/odata", 6) == 0 && (path[6] == '/' || path[6] == '\0')) {
		odata_answer(q->pages->publications, q->pages->actions, q->r, q->out);
	} else if (!get) {
		http_plain(q->out, 405, "This page can be read only.\n");
		if (http_add(q->out, "Allow", "GET", NULL) != ERR_OK)
			q->out->status = 503;
	} else if (strncmp(path, "/csv/", 5) == 0) {
		if (!serve_csv(q, path + 5))
			not_found(q);
	} else if (strncmp(path, "/xlsx/", 6) == 0) {
		if (!serve_xlsx(q, path + 6))
			not_found(q);
	} else if (strncmp(path, "/publications/", 14) == 0) {
		if (!serve_publication(q, path + 14))
			not_found(q);
	} else if (strncmp(path, "/packs/", 7) == 0) {
		if (!serve_pack(q, path + 7))
			not_found(q);
	} else {
		show_page(q);
	}
}

/* "/odata/Results('x')" -> "odata/Results"; "" for what describes a file only. */
static void
what_was_taken(const char *path, char what[PULL_WHAT + 1])
{
	size_t n = strcspn(++path, "(");

	what[0] = '\0';
	if (ends_with(path, ".json") || strcmp(path, "odata") == 0 || strcmp(path, "odata/") == 0
	    || strcmp(path, "odata/$metadata") == 0)
		return;
	if (strncmp(path, "publications/", 13) == 0 || strncmp(path, "packs/", 6) == 0)
		n = strncmp(path, "packs/", 6) == 0 ? strlen("pack") : strlen("publication");
	snprintf(what, PULL_WHAT + 1, "%.*s", (int)(n < PULL_WHAT ? n : PULL_WHAT), path);
}

/* Files and figures for programs that went out are written down: who, what, of which publication. A walk through pages of
 * OData counts once. */
static void
record_pull(struct page_request *q)
{
	const char *path = q->r->path, *last = strrchr(path, '/');
	struct pages *p = q->pages;
	char what[PULL_WHAT + 1];
	struct err err = {0};
	int64_t no = q->p == NULL ? 0 : q->p->manifest.no, asked;

	if (strcmp(q->r->method, "GET") != 0 || q->out->status != 200 || http_query(q->r, "$skiptoken") != NULL)
		return;
	if ((strncmp(path, "/publications/", 14) == 0 || strncmp(path, "/packs/", 7) == 0)
	    && num_i64(last + 1, strcspn(last + 1, "."), 1, INT64_MAX, &asked))
		no = asked;
	what_was_taken(path, what);
	if (what[0] != '\0' && no > 0 && pulls_add(p->pulls, q->reader[0] != '\0' ? q->reader : q->v.user.name, q->reader[0] != '\0',
	    what, no, clock_now_s(p->conf.clock), &err) != ERR_OK)
		log_err("pages", "pull", &err);
}

static void
metrics(struct pages *p, struct http_response *out)
{
	struct err ignored = {0};
	char sha256[65];
	int64_t last = 0;

	if (publications_last(p->publications, &last, sha256, &ignored) != ERR_OK)
		last = 0;
	out->type = "text/plain; version=0.0.4; charset=utf-8";
	buf_printf(&out->body, "# TYPE candour_pages_requests_total counter\ncandour_pages_requests_total %lld\n"
	    "# TYPE candour_publications_refused_total counter\ncandour_publications_refused_total %lld\n"
	    "# TYPE candour_publication_last gauge\ncandour_publication_last %lld\n",
	    (long long)atomic_load(&p->requests), (long long)atomic_load(&p->refused), (long long)last);
}

static bool
begin(void *arg, const struct http_request *r, uint64_t body_len, void **state, struct http_response *out)
{
	struct pages *p = arg;

	*state = NULL;
	if (strcmp(r->path, post_path) == 0 && strcmp(r->method, "POST") == 0) {
		if (atomic_fetch_add(&p->posting, 1) > 0) {
			atomic_fetch_sub(&p->posting, 1);
			http_plain(out, 503, "code=again why=another publication is being taken in\n");
			return false;
		}
		*state = p;
		return true;
	}
	if (body_len > FORM_MAX) {
		http_plain(out, 413, "That is more than a form of these pages holds.\n");
		return false;
	}
	return true;
}

static void
end(void *arg, void *state)
{
	struct pages *p = arg;

	if (state != NULL)
		atomic_fetch_sub(&p->posting, 1);
}

static void
handle(void *arg, const struct http_request *r, struct http_response *out)
{
	struct pages *p = arg;
	struct page_request q = { .pages = p, .r = r, .out = out, .arena = r->arena };
	bool get = strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0;

	atomic_fetch_add(&p->requests, 1);
	if (strcmp(r->path, "/healthz") == 0 && get) {
		http_plain(out, 200, "ok\n");
	} else if (strcmp(r->path, "/metrics") == 0 && get) {
		metrics(p, out);
	} else if (strcmp(r->path, post_path) == 0) {
		if (strcmp(r->method, "POST") == 0)
			take_publication(p, r, out);
		else
			http_plain(out, 405, "POST a signed publication here.\n");
	} else if (!people_handle(&p->people, r, out) && may_read(&q)) {
		q.is_large = strcmp(pages_query(&q, "look"), "large") == 0;
		q.v.is_large = q.is_large;
		q.held = publications_hold(p->publications);
		q.p = q.held == NULL ? NULL : publication_of(q.held);
		route(&q);
		if (is_machine_path(r->path))
			record_pull(&q);
		publications_release(p->publications, q.held);
	}
}

/* --- starting ------------------------------------------------------------------------------------------ */

static bool
is_loopback(const char *listen)
{
	return strncmp(listen, "127.", 4) == 0 || strncmp(listen, "[::1]:", 6) == 0
	    || strncmp(listen, "localhost:", 10) == 0;
}

static bool
has_tls(const struct pages_conf *conf)
{
	return conf->cert != NULL && conf->cert[0] != '\0';
}

enum err_code
pages_check(const struct pages_conf *conf, struct err *err)
{
	if (!has_tls(conf) && !is_loopback(conf->listen))
		return err_set(err, ERR_INPUT, "pages_listen = %s without TLS: give a certificate and its key, or an "
		    "address of 127.0.0.1", conf->listen);
	if (has_tls(conf) && (conf->key == NULL || conf->key[0] == '\0'))
		return err_set(err, ERR_INPUT, "the pages have a certificate but no private key");
	return ERR_OK;
}

enum err_code
pages_start(const struct pages_conf *conf, struct pages **out, struct err *err)
{
	struct pages *p;
	struct buf cert, key;
	enum err_code rc = pages_check(conf, err);

	if (rc != ERR_OK)
		return rc;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return err_nomem(err);
	buf_init(&cert, 1 << 20);
	buf_init_secret(&key, 1 << 20);
	p->conf = *conf;
	if (conf->clock == NULL)
		p->conf.clock = &clock_system;
	snprintf(p->organisation, sizeof(p->organisation), "%s", conf->organisation == NULL ? "" : conf->organisation);
	p->people = (struct people){ .clock = p->conf.clock, .cookie = "candour_pages", .secure = has_tls(conf),
	    .place = "Published figures", .organisation = p->organisation };
	people_init(&p->people);
	rc = users_open(conf->db, &p->people.users, err);
	if (rc == ERR_OK)
		rc = publications_open(conf->db, &p->publications, err);
	if (rc == ERR_OK)
		rc = actions_open(conf->db, &p->actions, err);
	if (rc == ERR_OK)
		rc = pulls_open(conf->db, clock_now_s(p->conf.clock), &p->pulls, err);
	if (rc == ERR_OK && has_tls(conf))
		rc = file_read(conf->cert, &cert, err);
	if (rc == ERR_OK && has_tls(conf))
		rc = file_read(conf->key, &key, err);
	if (rc == ERR_OK) {
		struct http_conf http = {
			.name = "pages", .listen = conf->listen, .listen_fd = conf->listen_fd,
			.cert_pem = has_tls(conf) ? buf_str(&cert) : NULL,
			.key_pem = has_tls(conf) ? buf_str(&key) : NULL, .threads = conf->threads,
			.body_max = PUB_MAX, .begin = begin, .end = end, .handle = handle, .arg = p,
		};

		rc = http_start(&http, &p->http, err);
	}
	buf_free(&cert);
	buf_free(&key);
	if (rc != ERR_OK) {
		pages_stop(p);
		return rc;
	}
	*out = p;
	return ERR_OK;
}

uint16_t
pages_port(const struct pages *p)
{
	return http_port(p->http);
}

void
pages_stop(struct pages *p)
{
	if (p == NULL)
		return;
	http_stop(p->http);
	people_clear(&p->people);
	publications_close(p->publications);
	actions_close(p->actions);
	pulls_close(p->pulls);
	free(p);
}
