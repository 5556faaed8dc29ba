/* From sealed records to facts. See worker.h. Everything that one call of worker_step reads is written in
 * one transaction together with the checkpoint, so a kill between two lines of this file costs a little
 * work and nothing else. What goes wrong with one record puts that record in quarantine; what goes wrong
 * with the machine (memory, disk, a busy database) rolls the step back. */
#include "indicators/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/audit_store.h"
#include "base/codec.h"
#include "base/log.h"
#include "collector/seal.h"
#include "indicators/coding.h"
#include "indicators/evaluate.h"
#include "sync/receipt.h"

enum { BATCH = 500, DAY_S = 86400 };

/* A definition, its number in the facts, and its evaluators by form (NULL: no block for that form). */
struct derived {
	const struct definition *d;
	int64_t def;
	bool is_new;
	struct evaluator **by_form;
};

struct worker {
	struct worker_conf conf;
	struct store *store;
	struct facts *facts;
	struct seal_key *key;
	struct form_set forms;
	struct library library;
	struct derived *derived;
	size_t n_derived;
	struct worker_counts counts;
	struct buf wire, plain;
	int64_t data_rev;	/* of the transaction that is open; 0: not drawn yet */
	bool only_new;		/* deriving new definitions from known records */
};

const struct seal_key *
worker_key(const struct worker *w)
{
	return w->key;
}

const struct form_set *
worker_forms(const struct worker *w)
{
	return &w->forms;
}

const struct library *
worker_library(const struct worker *w)
{
	return &w->library;
}

struct facts *
worker_facts(struct worker *w)
{
	return w->facts;
}

struct store *
worker_store(struct worker *w)
{
	return w->store;
}

struct worker_counts
worker_counts(const struct worker *w)
{
	return w->counts;
}

/* --- one record ----------------------------------------------------------------------------------- */

static enum err_code
revision(struct worker *w, struct err *err)
{
	return w->data_rev != 0 ? ERR_OK : facts_next_rev(w->facts, &w->data_rev, err);
}

/* Is it the record's fault, not the machine's? */
static bool
is_its_own_fault(enum err_code rc)
{
	return rc == ERR_INPUT || rc == ERR_LIMIT || rc == ERR_DENIED;
}

/* The day by which a record is dated: its own, if its clock was known; by its boot, if the centre
 * learnt when that began; else the day of the receipt that covers it. */
static enum err_code
record_day(struct worker *w, const struct record_plain *p, const struct facts_place *place, int64_t *day,
	const char **quality, struct err *err)
{
	uint8_t bytes[RECEIPT_LEN];
	struct receipt receipt;
	int64_t began;
	enum err_code rc;

	if (p->quality != CLOCK_UNKNOWN) {
		*day = p->half_day / 2;
		*quality = "sealed";
		return ERR_OK;
	}
	rc = w->store->ops->boot_get(w->store, place->chain, p->boot, &began, err);
	if (rc == ERR_OK) {
		*day = ((int64_t)p->boot_half_day * HALF_DAY_S + began) / DAY_S;
		*quality = "redated";
		return ERR_OK;
	}
	if (rc != ERR_ABSENT)
		return rc;
	rc = w->store->ops->receipt_covering(w->store, place->chain, place->lane, place->epoch,
	    (uint64_t)place->seq, bytes, err);
	if (rc == ERR_OK)
		rc = receipt_read(bytes, sizeof(bytes), &receipt, err);
	if (rc == ERR_OK) {
		*day = receipt.log_day;
		*quality = "receipt";
	} else if (rc == ERR_ABSENT) {
		rc = err_set(err, ERR_BROKEN, "the centre kept a record without a receipt");
	}
	return rc;
}

static enum err_code
put_entries(struct worker *w, const struct derived *d, const struct evaluation *ev, const char *site,
	const uint8_t record[16], struct err *err)
{
	int64_t bucket;
	enum err_code rc = facts_bucket(w->facts, d->def, ev->bucket, &bucket, err);

	for (size_t i = 0; i < ev->n && rc == ERR_OK; i++) {
		struct facts_entry e = {
			.cell = {
				.site = site, .def = d->def, .period = ev->month, .stratum = ev->stratum,
				.bucket = bucket, .item = ev->entries[i].item,
			},
			.rev = 1, .sign = 1,
			.num = { true, ev->entries[i].num },
			.value = { true, ev->entries[i].value },
			.people = ev->people,
			.data_rev = w->data_rev,
		};

		memcpy(e.record, record, sizeof(e.record));
		rc = facts_put(w->facts, &e, err);
		w->counts.facts += rc == ERR_OK;
	}
	return rc;
}

/* What every definition says of one instance. *STATE is what the record's row will say. */
static enum err_code
derive(struct worker *w, const struct known_form *form, const struct record_plain *p, const char *site,
	const uint8_t record[16], int64_t day, const char **state, struct err *err)
{
	struct coded codes[CODING_FRAMES];
	struct response about = { .site = site, .day = day, .codes = codes };
	size_t at = (size_t)(form - w->forms.list);
	struct instance *in = NULL;
	struct arena arena;
	enum err_code rc = instance_read(form->form, (const char *)p->content, p->len, &in, err);

	arena_init(&arena, 1 << 20);
	if (rc == ERR_OK && w->only_new)	/* what is new here was never coded */
		rc = facts_codes(w->facts, site, record, &arena, codes, &about.n_codes, err);

	*state = "none";
	for (size_t i = 0; i < w->n_derived && rc == ERR_OK; i++) {
		struct derived *d = &w->derived[i];
		struct evaluation ev;
		bool has;

		if (d->by_form[at] == NULL || (w->only_new && !d->is_new))
			continue;
		if (w->only_new) {	/* it may have been in use before */
			rc = facts_has(w->facts, site, record, d->def, &has, err);
			if (rc != ERR_OK || has)
				continue;
		}
		rc = evaluator_run(d->by_form[at], in, &about, &ev, err);
		if (rc != ERR_OK)
			break;
		switch (ev.outcome) {
		case OUTCOME_OUTSIDE:
			break;
		case OUTCOME_UNMAPPED:
			w->counts.unmapped++;
			if (strcmp(*state, "none") == 0)
				*state = "unmapped";
			break;
		case OUTCOME_EXCLUDED:
		case OUTCOME_COUNTED:
			*state = "facts";
			rc = put_entries(w, d, &ev, site, record, err);
			break;
		}
	}
	instance_free(in);
	arena_clear(&arena);
	return rc;
}

static enum err_code
hold(struct worker *w, const struct record *r, const struct facts_place *place, const char *site,
	const char *reason, struct err *err)
{
	struct facts_held held = { .place = *place, .site = site, .reason = reason };

	memcpy(held.device, r->head.device, 16);
	memcpy(held.record, r->head.id, 16);
	if (w->only_new)
		return ERR_OK;
	w->counts.quarantined++;
	return facts_quarantine(w->facts, &held, err);
}

/* An opened instance: its row, then its facts. A record that is known derives nothing. */
static enum err_code
take_instance(struct worker *w, const struct record *r, const struct record_plain *p,
	const struct facts_place *place, const char *site, struct err *err)
{
	const struct known_form *form = form_set_find(&w->forms, p->form);
	struct facts_record row = { .site = site, .place = *place, .state = "none" };
	bool is_new = false, takes = false;
	struct err why = {0};
	enum err_code rc;

	if (form == NULL)
		return hold(w, r, place, site, "unknown_form", err);
	if (w->only_new)	/* as it was dated then; one that is withdrawn or erased derives nothing */
		rc = facts_day_of(w->facts, site, r->head.id, &row.day, err);
	else
		rc = record_day(w, p, place, &row.day, &row.day_quality, err);
	if (rc == ERR_OK)
		rc = facts_takes(w->facts, site, r->head.id, row.day, w->only_new ? "sealed" : row.day_quality, &takes, err);
	if (rc != ERR_OK)
		return rc == ERR_ABSENT ? ERR_OK : rc;
	if (!takes) {
		w->counts.late++;
		return ERR_OK;
	}
	memcpy(row.record, r->head.id, 16);
	memcpy(row.device, r->head.device, 16);
	memcpy(row.tag, r->head.tag, 16);
	memcpy(row.form_hash, p->form, 16);
	row.form = form->name;
	if (!w->only_new) {
		rc = facts_put_record(w->facts, &row, &is_new, err);
		if (rc != ERR_OK || !is_new) {
			w->counts.known += rc == ERR_OK;
			return rc;
		}
	}
	/* Drawn before the point to go back to, or the number would be given twice. */
	rc = revision(w, err);
	if (rc == ERR_OK)
		rc = facts_savepoint(w->facts, err);
	if (rc != ERR_OK)
		return rc;
	rc = derive(w, form, p, site, r->head.id, row.day, &row.state, &why);
	if (is_its_own_fault(rc)) {
		/* Nothing half derived stays behind: neither its facts nor its row. */
		rc = facts_undo(w->facts, err);
		if (rc == ERR_OK && !w->only_new)
			rc = facts_forget_record(w->facts, site, r->head.id, err);
		return rc == ERR_OK ? hold(w, r, place, site, "unreadable", err) : rc;
	}
	if (rc != ERR_OK)
		return err_set(err, rc, "%s", why.msg);
	rc = facts_keep(w->facts, err);
	if (rc == ERR_OK && (!w->only_new || strcmp(row.state, "facts") == 0))
		rc = facts_record_state(w->facts, site, r->head.id, row.state, err);
	w->counts.opened++;
	return rc;
}

static enum err_code
take_sealed(struct worker *w, const struct record *r, const struct facts_place *place, const char *site,
	struct err *err)
{
	struct record_plain p;
	struct err why = {0};
	enum err_code rc;

	if (r->erased) {
		w->counts.erased++;
		return ERR_OK;
	}
	buf_reset(&w->plain);
	rc = seal_open(w->key, r, &w->plain, &why);
	if (is_its_own_fault(rc))
		return hold(w, r, place, site, rc == ERR_DENIED ? "does_not_open" : "damaged", err);
	if (rc != ERR_OK)
		return err_set(err, rc, "%s", why.msg);
	rc = record_plain_get(w->plain.data, w->plain.len, &p, &why);
	if (rc != ERR_OK) {
		rc = is_its_own_fault(rc) ? hold(w, r, place, site, "damaged", err)
		    : err_set(err, rc, "%s", why.msg);
	} else if (p.type == PLAIN_INSTANCE) {
		rc = take_instance(w, r, &p, place, site, err);
	} else if (p.type == PLAIN_DUMMY) {
		w->counts.dummies++;
	} else {
		w->counts.other++;
	}
	buf_reset(&w->plain);
	return rc;
}

/* The withdrawal of a record whose facts are here: reversals now. If the record is read later, its body
 * is gone already and it makes no facts. */
static enum err_code
take_withdrawal(struct worker *w, const struct record *r, struct err *err)
{
	char site[FACTS_TEXT];
	uint8_t record[16];
	enum err_code rc;

	if (w->only_new)
		return ERR_OK;
	rc = facts_by_tag(w->facts, r->head.device, r->head.tag, site, record, err);
	if (rc == ERR_ABSENT)
		return ERR_OK;
	if (rc == ERR_OK)
		rc = revision(w, err);
	if (rc == ERR_OK)
		rc = facts_withdraw(w->facts, site, record, w->data_rev, err);
	w->counts.withdrawn += rc == ERR_OK;
	return rc;
}

struct reading {
	struct worker *w;
	const char *site;
	int64_t seq;		/* last row taken */
	size_t n;
};

static enum err_code
take_row(void *arg, const struct store_row *row, struct err *err)
{
	struct reading *rd = arg;
	struct worker *w = rd->w;
	struct facts_place place = { .lane = row->lane, .seq = (int64_t)row->seq };
	struct record r;
	struct err why = {0};
	enum err_code rc;

	memcpy(place.chain, row->device, 16);
	memcpy(place.epoch, row->epoch, 16);
	buf_reset(&w->wire);
	store_row_wire(row, &w->wire);
	rc = buf_check(&w->wire, err);
	if (rc != ERR_OK)
		return rc;
	rc = record_read(w->wire.data, w->wire.len, &r, &why);
	if (is_its_own_fault(rc)) {
		memset(&r, 0, sizeof(r));
		memcpy(r.head.device, row->owner, 16);
		memcpy(r.head.id, row->id, 16);
		rc = hold(w, &r, &place, rd->site, "damaged", err);
	} else if (rc != ERR_OK) {
		rc = err_set(err, rc, "%s", why.msg);
	} else if (r.head.kind == RECORD_SEALED) {
		rc = take_sealed(w, &r, &place, rd->site, err);
	} else if (r.head.kind == RECORD_WITHDRAWAL) {
		rc = take_withdrawal(w, &r, err);
	}
	rd->seq = (int64_t)row->seq;
	rd->n++;
	return rc;
}

/* --- one transaction ------------------------------------------------------------------------------ */

/* Those of lane 0: lane 1 has other keys, and `candour concern`. */
struct chains {
	struct store_position *list;
	size_t n;
};

/* Everything of CHAIN after SEQ, up to MAX rows. */
static enum err_code
read_chain(struct worker *w, const struct store_position *chain, int64_t seq, size_t max, struct reading *rd,
	struct err *err)
{
	*rd = (struct reading){ .w = w, .site = chain->site, .seq = seq };
	return w->store->ops->rows(w->store, chain->device, chain->lane, chain->epoch, (uint64_t)seq, max,
	    take_row, rd, err);
}

static enum err_code
step_chains(struct worker *w, const struct chains *c, bool *more, struct err *err)
{
	size_t left = w->conf.batch;
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < c->n && rc == ERR_OK; i++) {
		const struct store_position *p = &c->list[i];
		struct reading rd;
		int64_t seq;

		rc = facts_position(w->facts, p->device, p->lane, p->epoch, &seq, err);
		if (rc != ERR_OK || (uint64_t)seq >= p->hw)
			continue;
		if (left == 0) {
			*more = true;
			break;
		}
		rc = read_chain(w, p, seq, left, &rd, err);
		if (rc == ERR_OK && rd.n > 0)
			rc = facts_set_position(w->facts, p->device, p->lane, p->epoch, rd.seq, err);
		left -= rd.n < left ? rd.n : left;
		if (rc == ERR_OK && rd.n > 0 && (uint64_t)rd.seq < p->hw)
			*more = true;
	}
	return rc;
}

/* Close the transaction well or not at all. */
static enum err_code
finish(struct worker *w, enum err_code rc, struct err *err)
{
	size_t cells;

	if (rc == ERR_OK)
		rc = facts_update_cells(w->facts, &cells, err);
	if (rc == ERR_OK)
		rc = facts_commit(w->facts, err);
	if (rc != ERR_OK)
		facts_rollback(w->facts);
	w->data_rev = 0;
	return rc != ERR_OK ? rc : facts_quarantined(w->facts, &w->counts.quarantined, err);
}

enum err_code
worker_step(struct worker *w, bool *more, struct err *err)
{
	struct chains c = {0};
	struct worker_counts before = w->counts;
	enum err_code rc;

	*more = false;
	rc = store_chains(w->store, LANE_ANSWERS, &c.list, &c.n, err);
	if (rc == ERR_OK)
		rc = facts_begin(w->facts, err);
	if (rc == ERR_OK)
		rc = finish(w, step_chains(w, &c, more, err), err);
	if (rc != ERR_OK) {
		w->counts = before;
		*more = false;
	}
	w->counts.steps++;
	free(c.list);
	return rc;
}

enum err_code
worker_run(struct worker *w, struct err *err)
{
	bool more = true;
	enum err_code rc = ERR_OK;

	while (more && rc == ERR_OK)
		rc = worker_step(w, &more, err);
	return rc;
}

enum err_code
worker_nightly(struct worker *w, int64_t *cells, int64_t *different, struct err *err)
{
	enum err_code rc = facts_begin(w->facts, err);

	if (rc != ERR_OK)
		return rc;
	rc = facts_compare(w->facts, cells, different, err);
	facts_rollback(w->facts);
	if (rc == ERR_OK && *different != 0) {
		char detail[AUDIT_TEXT];

		snprintf(detail, sizeof(detail), "cells=%lld different=%lld", (long long)*cells, (long long)*different);
		rc = facts_audit(w->facts, clock_now_s(&clock_system), "worker", "", "nightly_differs", "cells", detail, err);
	}
	return rc;
}

enum err_code
worker_mark_pulled(struct worker *w, int64_t now, struct err *err)
{
	struct chains c = {0};
	enum err_code rc = store_chains(w->store, LANE_ANSWERS, &c.list, &c.n, err);

	for (size_t i = 0; i < c.n && rc == ERR_OK; i++) {
		const struct store_position *p = &c.list[i];
		int64_t seq;

		rc = facts_position(w->facts, p->device, p->lane, p->epoch, &seq, err);
		/* After the centre was restored it may have less than we have read. */
		if (rc == ERR_OK && seq > 0)
			rc = w->store->ops->pulled(w->store, p->device, p->lane, p->epoch,
			    (uint64_t)seq < p->hw ? (uint64_t)seq : p->hw, (uint32_t)(now / 86400), err);
	}
	free(c.list);
	return rc;
}

/* --- quarantine ----------------------------------------------------------------------------------- */

struct held_list {
	struct facts_held *list;
	char (*sites)[FACTS_TEXT];
	size_t n, cap;
};

static enum err_code
add_held(void *arg, const struct facts_held *h, struct err *err)
{
	struct held_list *l = arg;

	if (l->n == l->cap) {
		size_t cap = l->cap == 0 ? 64 : l->cap * 2;
		struct facts_held *list = realloc(l->list, cap * sizeof(*list));
		char (*sites)[FACTS_TEXT];

		if (list == NULL)
			return err_nomem(err);
		l->list = list;
		sites = realloc(l->sites, cap * sizeof(*sites));
		if (sites == NULL)
			return err_nomem(err);
		l->sites = sites;
		l->cap = cap;
	}
	l->list[l->n] = *h;
	snprintf(l->sites[l->n], FACTS_TEXT, "%s", h->site);
	l->n++;
	return ERR_OK;
}

/* One transaction for each: it leaves the quarantine and comes back if it still does not open. */
static enum err_code
retry_one(struct worker *w, const struct facts_held *h, const char *site, bool *opened, struct err *err)
{
	struct reading rd = { .w = w, .site = site };
	int64_t held = w->counts.quarantined;
	enum err_code rc = facts_begin(w->facts, err);

	if (rc != ERR_OK)
		return rc;
	rc = w->store->ops->rows(w->store, h->place.chain, h->place.lane, h->place.epoch,
	    (uint64_t)h->place.seq - 1, 1, take_row, &rd, err);
	*opened = w->counts.quarantined == held;
	if (rc == ERR_OK && *opened)
		rc = facts_release(w->facts, h->device, h->record, err);
	return finish(w, rc, err);
}

enum err_code
worker_retry(struct worker *w, int64_t *opened, struct err *err)
{
	struct held_list l = {0};
	enum err_code rc = facts_quarantine_each(w->facts, add_held, &l, err);

	*opened = 0;
	for (size_t i = 0; i < l.n && rc == ERR_OK; i++) {
		bool one = false;

		rc = retry_one(w, &l.list[i], l.sites[i], &one, err);
		*opened += one;
	}
	free(l.list);
	free(l.sites);
	return rc;
}

/* --- opening -------------------------------------------------------------------------------------- */

static enum err_code
log_findings(const char *what, const struct findings *f, enum err_code rc, struct err *err)
{
	for (size_t i = 0; i < f->n; i++)
		if (!f->list[i].warning && rc != ERR_OK)
			return err_set(err, rc, "%s: %s: %s", what, f->list[i].place, f->list[i].text);
	return rc;
}

/* A definition came into use: which text, and who had signed it. */
static enum err_code
write_down(struct worker *w, const struct definition *d, struct err *err)
{
	char name[DEFINITION_NAME_MAX], detail[AUDIT_TEXT], hash[65];

	definition_name(d, name);
	hex_str(d->hash, 32, hash);
	snprintf(detail, sizeof(detail), "state=%s signed=%zu sha256=%s", definition_state_word(d->state), d->n_signatures, hash);
	return facts_audit(w->facts, clock_now_s(&clock_system), "worker", "", "take_definition", name, detail, err);
}

/* Number the definitions and compile each against each form that it covers. */
static enum err_code
compile(struct worker *w, struct err *err)
{
	enum err_code rc = ERR_OK;

	w->derived = calloc(w->library.n + 1, sizeof(*w->derived));
	if (w->derived == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < w->library.n && rc == ERR_OK; i++) {
		struct derived *d = &w->derived[w->n_derived];
		bool used = false;

		d->d = w->library.list[i];
		d->by_form = calloc(w->forms.n + 1, sizeof(*d->by_form));
		if (d->by_form == NULL)
			return err_nomem(err);
		w->n_derived++;
		for (size_t k = 0; k < w->forms.n && rc == ERR_OK; k++) {
			struct findings findings;

			findings_init(&findings);
			rc = evaluator_new(d->d, w->forms.list[k].form, &findings, &d->by_form[k], err);
			rc = rc == ERR_ABSENT ? ERR_OK : log_findings(d->d->file, &findings, rc, err);
			findings_clear(&findings);
		}
		if (rc == ERR_OK)
			rc = facts_definition(w->facts, d->d->id, d->d->version, d->d->hash,
			    d->d->state != STATE_DRAFT, buf_str(&d->d->canonical), &d->def, &d->is_new, err);
		if (rc == ERR_OK && d->is_new)
			rc = write_down(w, d->d, err);
		if (rc == ERR_OK)
			rc = facts_is_used(w->facts, d->def, &used, err);
		d->is_new = !used;
	}
	if (rc == ERR_OK)
		rc = facts_use_none(w->facts, err);
	for (size_t i = 0; i < w->n_derived && rc == ERR_OK; i++)
		rc = facts_use(w->facts, w->derived[i].def, err);
	return rc;
}

/* A definition that is new, or was out of use, is derived from all records that were read before, in the same transaction
 * that numbers it: it is there with all its facts, or not at all. */
static enum err_code
derive_new(struct worker *w, struct err *err)
{
	struct chains c = {0};
	enum err_code rc = facts_begin(w->facts, err);
	bool any = false;

	if (rc != ERR_OK)
		return rc;
	rc = compile(w, err);
	for (size_t i = 0; i < w->n_derived; i++)
		any = any || w->derived[i].is_new;
	if (rc == ERR_OK && any)
		rc = store_chains(w->store, LANE_ANSWERS, &c.list, &c.n, err);
	w->only_new = true;
	for (size_t i = 0; i < c.n && rc == ERR_OK; i++) {
		int64_t until, seq = 0;

		rc = facts_position(w->facts, c.list[i].device, c.list[i].lane, c.list[i].epoch, &until, err);
		while (rc == ERR_OK && seq < until) {
			struct reading rd;
			size_t max = (size_t)(until - seq);

			rc = read_chain(w, &c.list[i], seq, max < BATCH ? max : BATCH, &rd, err);
			if (rd.n == 0)
				break;
			seq = rd.seq;
		}
	}
	w->only_new = false;
	w->counts = (struct worker_counts){0};
	free(c.list);
	rc = finish(w, rc, err);
	return rc != ERR_OK ? rc : facts_opened(w->facts, &w->counts.opened, err);
}

enum err_code
worker_open(const struct worker_conf *conf, struct worker **out, struct err *err)
{
	struct worker *w = calloc(1, sizeof(*w));
	struct findings findings;
	int64_t opened;
	enum err_code rc;

	if (w == NULL)
		return err_nomem(err);
	w->conf = *conf;
	if (w->conf.batch == 0)
		w->conf.batch = BATCH;
	buf_init(&w->wire, RECORD_WIRE_MAX);
	buf_init_secret(&w->plain, 2 * RECORD_PLAIN_MAX);
	rc = keyfile_load(conf->key, KEY_RESPONSE, conf->ask, NULL, &w->key, err);
	if (rc == ERR_OK)
		rc = store_open(conf->store, false, &w->store, err);
	if (rc == ERR_OK)
		rc = facts_open(conf->facts, &w->facts, err);
	if (rc == ERR_OK)
		rc = form_set_read(conf->forms, &w->forms, err);
	if (rc == ERR_OK) {
		findings_init(&findings);
		rc = log_findings(conf->definitions, &findings,
		    library_read(conf->definitions, &findings, &w->library, err), err);
		findings_clear(&findings);
	}
	if (rc == ERR_OK)
		rc = derive_new(w, err);
	if (rc == ERR_OK)
		rc = worker_retry(w, &opened, err);
	if (rc != ERR_OK) {
		worker_close(w);
		return rc;
	}
	*out = w;
	return ERR_OK;
}

void
worker_close(struct worker *w)
{
	if (w == NULL)
		return;
	for (size_t i = 0; i < w->n_derived; i++) {
		for (size_t k = 0; k < w->forms.n; k++)
			evaluator_free(w->derived[i].by_form[k]);
		free(w->derived[i].by_form);
	}
	free(w->derived);
	library_clear(&w->library);
	form_set_clear(&w->forms);
	facts_close(w->facts);
	store_close(w->store);
	seal_key_free(w->key);
	buf_free(&w->wire);
	buf_free(&w->plain);
	free(w);
}

/* --- on demand ------------------------------------------------------------------------------------ */

struct opening {
	const struct seal_key *key;
	struct buf *out;
	enum err_code rc;
	bool found;
};

static enum err_code
open_row(void *arg, const struct store_row *row, struct err *err)
{
	struct opening *o = arg;
	struct buf wire;
	struct record r;
	enum err_code rc;

	buf_init(&wire, RECORD_WIRE_MAX);
	store_row_wire(row, &wire);
	rc = buf_check(&wire, err);
	if (rc == ERR_OK)
		rc = record_read(wire.data, wire.len, &r, err);
	if (rc == ERR_OK)
		rc = seal_open(o->key, &r, o->out, err);
	o->found = true;
	buf_free(&wire);
	return rc;
}

enum err_code
worker_open_record(struct store *st, const struct seal_key *key, const struct facts_place *place,
	struct buf *out, struct err *err)
{
	struct opening o = { .key = key, .out = out };
	enum err_code rc = st->ops->rows(st, place->chain, place->lane, place->epoch, (uint64_t)place->seq - 1, 1,
	    open_row, &o, err);

	if (rc == ERR_OK && !o.found)
		rc = err_set(err, ERR_ABSENT, "the centre has no such record");
	return rc;
}
