/* From agreed codes to facts. See coding.h. The comment is opened again, because who wrote it (the breakdowns of a figure) stands in
 * the answer; the words themselves are not looked at. */
#include "indicators/coding.h"

#include <stdlib.h>
#include <string.h>

#include "collector/record.h"
#include "indicators/quotes.h"
#include "indicators/worker.h"

/* A definition that counts the frame, and its evaluators by form. */
struct counter {
	const struct definition *d;
	int64_t def;
	struct evaluator **by_form;
};

struct taking {
	const struct coding_conf *c;
	const char *frame;
	struct counter *counters;
	size_t n_counters;
	char (*sites)[FACTS_TEXT];
	size_t n_sites;
	int64_t data_rev;
	struct coding_result result;
	/* the row at hand */
	char site[FACTS_TEXT];
	struct facts_place place;
	uint8_t form[16];
	int64_t day;
};

bool
coding_is_frame(const char *text)
{
	size_t name = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-"), version;

	if (name == 0 || name > 40 || text[name] != '@' || text[name + 1] == '0')
		return false;
	version = strspn(text + name + 1, "0123456789");
	return version > 0 && version <= 9 && text[name + 1 + version] == '\0';
}

static bool
counts_frame(const struct definition *d, const char *frame)
{
	size_t len = strlen(frame);

	for (size_t i = 0; i < d->n_blocks; i++)
		if (strncmp(d->blocks[i].measure.theme, frame, len) == 0 && d->blocks[i].measure.theme[len] == '/')
			return true;
	return false;
}

/* Number the definitions of the frame and compile each against each form. */
static enum err_code
find_counters(struct taking *t, struct err *err)
{
	const struct library *l = t->c->library;
	enum err_code rc = ERR_OK;
	bool is_new;

	t->counters = calloc(l->n + 1, sizeof(*t->counters));
	if (t->counters == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < l->n && rc == ERR_OK; i++) {
		struct counter *k = &t->counters[t->n_counters];
		const struct definition *d = l->list[i];

		if (!counts_frame(d, t->frame))
			continue;
		k->d = d;
		k->by_form = calloc(t->c->forms->n + 1, sizeof(*k->by_form));
		if (k->by_form == NULL)
			return err_nomem(err);
		t->n_counters++;
		rc = facts_definition(t->c->facts, d->id, d->version, d->hash, d->state != STATE_DRAFT, buf_str(&d->canonical), &k->def,
		    &is_new, err);
		for (size_t f = 0; f < t->c->forms->n && rc == ERR_OK; f++) {
			rc = evaluator_new(d, t->c->forms->list[f].form, NULL, &k->by_form[f], err);
			rc = rc == ERR_ABSENT ? ERR_OK : rc;
		}
	}
	if (rc == ERR_OK && t->n_counters == 0)
		rc = err_set(err, ERR_INPUT, "no definition counts a theme of %s: write theme = %s/CODE in one", t->frame, t->frame);
	t->result.indicators = t->n_counters;
	return rc;
}

static enum err_code
add_site(void *arg, const char *site, int64_t n, int64_t first_day, int64_t last_day, struct err *err)
{
	struct taking *t = arg;
	char (*more)[FACTS_TEXT] = realloc(t->sites, (t->n_sites + 1) * sizeof(*more));

	(void)n;
	(void)first_day;
	(void)last_day;
	if (more == NULL)
		return err_nomem(err);
	t->sites = more;
	memset(t->sites[t->n_sites], 0, FACTS_TEXT);
	strncpy(t->sites[t->n_sites++], site, FACTS_TEXT - 1);
	return ERR_OK;
}

static enum err_code
take_record(void *arg, const struct facts_record *r, struct err *err)
{
	struct taking *t = arg;

	(void)err;
	memset(t->site, 0, sizeof(t->site));
	strncpy(t->site, r->site, sizeof(t->site) - 1);
	t->place = r->place;
	t->day = r->day;
	memcpy(t->form, r->form_hash, sizeof(t->form));
	return ERR_OK;
}

/* The record of ROW: where it stands. */
static enum err_code
find_record(struct taking *t, const struct coding_row *row, struct err *err)
{
	bool takes = false;
	enum err_code rc = ERR_ABSENT;

	for (size_t i = 0; i < t->n_sites && rc == ERR_ABSENT; i++)
		rc = facts_record_one(t->c->facts, t->sites[i], row->record, take_record, t, err);
	if (rc == ERR_ABSENT)
		return err_set(err, ERR_INPUT, "%s:%d: no answer here has this record: it was withdrawn, its time is over, or it is mistyped",
		    row->file, row->line);
	if (rc == ERR_OK)
		rc = facts_takes(t->c->facts, t->site, row->record, t->day, "sealed", &takes, err);
	if (rc == ERR_OK && !takes)
		rc = err_set(err, ERR_INPUT, "%s:%d: the facts of that month are gone, and its figures stay as they are", row->file, row->line);
	return rc;
}

/* What counter K says of the answer IN: instead of what it said before. */
static enum err_code
count_one(struct taking *t, struct counter *k, size_t form, struct instance *in, const struct coding_row *row,
	const struct response *about, struct err *err)
{
	struct evaluation ev;
	int64_t last, bucket;
	enum err_code rc;

	if (k->by_form[form] == NULL)
		return ERR_OK;
	rc = evaluator_run(k->by_form[form], in, about, &ev, err);
	if (rc == ERR_OK)
		rc = facts_reverse(t->c->facts, t->site, row->record, k->def, t->data_rev, &last, err);
	if (rc != ERR_OK || (ev.outcome != OUTCOME_COUNTED && ev.outcome != OUTCOME_EXCLUDED))
		return rc;
	rc = facts_bucket(t->c->facts, k->def, ev.bucket, &bucket, err);
	for (size_t i = 0; i < ev.n && rc == ERR_OK; i++) {
		struct facts_entry e = {
			.cell = { .site = t->site, .def = k->def, .period = ev.month, .stratum = ev.stratum, .bucket = bucket,
			    .item = ev.entries[i].item },
			.rev = last + 1, .sign = 1, .num = { true, ev.entries[i].num }, .value = { true, ev.entries[i].value },
			.people = ev.people, .data_rev = t->data_rev,
		};

		memcpy(e.record, row->record, sizeof(e.record));
		rc = facts_put(t->c->facts, &e, err);
		t->result.facts += rc == ERR_OK;
	}
	return rc == ERR_OK ? facts_record_state(t->c->facts, t->site, row->record, "facts", err) : rc;
}

static enum err_code
take_one(struct taking *t, const struct coding_row *row, int64_t now, struct err *err)
{
	const struct known_form *form;
	struct coded codes = { t->frame, row->themes };
	struct response about = { .codes = &codes, .n_codes = 1 };
	struct instance *in = NULL;
	struct record_plain p;
	struct buf plain;
	bool changed = false;
	enum err_code rc = find_record(t, row, err);

	if (rc == ERR_OK)
		rc = facts_put_code(t->c->facts, t->site, row->record, t->frame, row->themes, now, &changed, err);
	if (rc != ERR_OK)
		return rc;
	if (!changed) {
		t->result.same++;
		return ERR_OK;
	}
	buf_init_secret(&plain, 2 * RECORD_PLAIN_MAX);
	about.site = t->site;
	about.day = t->day;
	form = form_set_find(t->c->forms, t->form);
	if (form == NULL)
		rc = err_set(err, ERR_INPUT, "%s:%d: the form of that answer is not in the forms folder", row->file, row->line);
	if (rc == ERR_OK)
		rc = worker_open_record(t->c->store, t->c->key, &t->place, &plain, err);
	if (rc == ERR_ABSENT)
		rc = err_set(err, ERR_INPUT, "%s:%d: the centre has erased that answer, so nobody can say whose it is", row->file, row->line);
	if (rc == ERR_OK)
		rc = record_plain_get(plain.data, plain.len, &p, err);
	if (rc == ERR_OK)
		rc = instance_read(form->form, (const char *)p.content, p.len, &in, err);
	for (size_t i = 0; i < t->n_counters && rc == ERR_OK; i++)
		rc = count_one(t, &t->counters[i], (size_t)(form - t->c->forms->list), in, row, &about, err);
	t->result.taken += rc == ERR_OK;
	instance_free(in);
	buf_free(&plain);
	return rc;
}

static enum err_code
take_all(struct taking *t, const struct coding_row *rows, size_t n, int64_t now, const char *actor, const char *detail,
	struct err *err)
{
	size_t cells;
	enum err_code rc = facts_next_rev(t->c->facts, &t->data_rev, err);

	if (rc == ERR_OK)
		rc = find_counters(t, err);
	if (rc == ERR_OK)
		rc = facts_record_counts(t->c->facts, add_site, t, err);
	for (size_t i = 0; i < n && rc == ERR_OK; i++)
		rc = take_one(t, &rows[i], now, err);
	if (rc == ERR_OK)
		rc = facts_update_cells(t->c->facts, &cells, err);
	return rc == ERR_OK ? facts_audit(t->c->facts, now, actor, "analyst", "take_codes", t->frame, detail, err) : rc;
}

enum err_code
coding_take(const struct coding_conf *c, const char *frame, const struct coding_row *rows, size_t n, int64_t now,
	const char *actor, const char *detail, struct coding_result *out, struct err *err)
{
	struct taking t = { .c = c, .frame = frame };
	enum err_code rc = facts_begin(c->facts, err);

	if (rc != ERR_OK)
		return rc;
	rc = take_all(&t, rows, n, now, actor, detail, err);
	if (rc == ERR_OK)
		rc = facts_commit(c->facts, err);
	if (rc != ERR_OK)
		facts_rollback(c->facts);
	else
		*out = t.result;
	for (size_t i = 0; i < t.n_counters; i++) {
		for (size_t f = 0; f < c->forms->n; f++)
			evaluator_free(t.counters[i].by_form[f]);
		free(t.counters[i].by_form);
	}
	free(t.counters);
	free(t.sites);
	return rc;
}
