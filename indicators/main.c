/* candour-indicators: the only program with a key that opens answers. It reads the central store, keeps
 * facts and cells, and serves the reading room. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/program.h"
#include "base/socket.h"
#include "indicators/conf.h"
#include "indicators/retain.h"
#include "indicators/room.h"
#include "indicators/worker.h"

enum { DAY_S = 86400, RETRY_S = 600, FIRST_TIME = -2 * DAY_S };

static void
tell(struct room_state *s, const struct worker_counts *c, int64_t now)
{
	atomic_store(&s->opened, c->opened);
	atomic_store(&s->quarantined, c->quarantined);
	atomic_store(&s->dummies, c->dummies);
	atomic_store(&s->withdrawn, c->withdrawn);
	atomic_store(&s->unmapped, c->unmapped);
	atomic_store(&s->late, c->late);
	atomic_store(&s->last_step_at, now);
}

static void
nightly(struct worker *w, struct room_state *s, int64_t now)
{
	int64_t cells = 0, different = 0;
	struct err err = {0};

	if (worker_nightly(w, &cells, &different, &err) != ERR_OK) {
		log_err("indicators", "nightly", &err);
		return;
	}
	atomic_store(&s->nightly_at, now);
	atomic_store(&s->nightly_cells, cells);
	atomic_store(&s->nightly_different, different);
	log_event("indicators", "nightly=%s cells=%lld different=%lld", different == 0 ? "equal" : "ALARM",
	    (long long)cells, (long long)different);
}

/* Once a day: is it time for facts to go? */
static void
begin_retention(struct worker *w, struct room_state *s, struct retain *r, int64_t months, int64_t now)
{
	struct facts *f = worker_facts(w);
	int64_t log_day = 0, day = 0;
	struct err err = {0};
	enum err_code rc = months == 0 ? ERR_OK : retain_log_day(worker_store(w), now / DAY_S, &log_day, &err);

	if (rc == ERR_OK)
		rc = retain_day(f, now / DAY_S, log_day, &day, &err);
	if (rc == ERR_OK)
		rc = retain_begin(r, f, worker_library(w), months, day, now, "worker", &err);
	if (rc != ERR_OK) {
		log_err("indicators", "retention", &err);
		atomic_fetch_add(&s->retention_failures, 1);
	} else if (months > 0 && day == 0) {
		log_event("indicators", "retention=waits log_day=%lld", (long long)log_day);
	}
}

/* A piece of the round that is under way. False: try again later. */
static bool
go_on_with_retention(struct worker *w, struct room_state *s, struct retain *r, int64_t now)
{
	struct facts_retained kept;
	struct err err = {0};
	enum err_code rc = retain_go(r, worker_facts(w), &err);

	if (rc != ERR_OK) {
		log_err("indicators", "retention", &err);
		atomic_fetch_add(&s->retention_failures, rc != ERR_AGAIN);
		return false;
	}
	if (r->going)
		return true;
	if (r->at.n_facts > 0 || r->at.n_records > 0)
		log_event("indicators", "retention=done facts=%lld records=%lld", (long long)r->at.n_facts,
		    (long long)r->at.n_records);
	if (facts_retained(worker_facts(w), &kept, &err) == ERR_OK) {
		atomic_store(&s->facts_erased, kept.facts);
		atomic_store(&s->records_erased, kept.records);
	}
	atomic_store(&s->retention_at, now);
	return true;
}

/* What the store brings, every POLL_MS, until asked to stop. */
static void
serve(struct worker *w, struct room_state *s, int64_t poll_ms, int64_t facts_months)
{
	/* By time since boot: the clock may leap. */
	int64_t last_night = FIRST_TIME, last_retry = FIRST_TIME, retain_from = 0, opened = 0, quarantined = 0;
	struct retain retain = {0};
	bool more = false;

	while (!program_wait(more || (retain.going && retain_from == 0) ? 0 : (int)poll_ms)) {
		int64_t now = clock_now_s(&clock_system), up = clock_boot_ms(&clock_system) / 1000, again = 0;
		struct worker_counts c;
		struct err err = {0};

		if (worker_step(w, &more, &err) != ERR_OK) {
			log_err("indicators", "step", &err);
			atomic_store(&s->last_error_at, now);
			continue;
		}
		c = worker_counts(w);
		tell(s, &c, now);
		if (c.opened != opened || c.quarantined != quarantined)
			log_event("indicators", "opened=%lld facts=%lld quarantined=%lld", (long long)c.opened,
			    (long long)c.facts, (long long)c.quarantined);
		opened = c.opened;
		quarantined = c.quarantined;
		if (more)
			continue;
		if (atomic_exchange(&s->retry, false) || up - last_retry > RETRY_S) {
			last_retry = up;
			if (worker_retry(w, &again, &err) != ERR_OK)
				log_err("indicators", "retry", &err);
		}
		if (up - last_night > DAY_S) {
			last_night = up;
			/* Not being able to is no reason to stop: then nothing is erased. */
			if (worker_mark_pulled(w, now, &err) != ERR_OK)
				log_err("indicators", "mark_pulled", &err);
			nightly(w, s, now);
			begin_retention(w, s, &retain, facts_months, now);
			retain_from = 0;
		}
		if (retain.going && up >= retain_from)
			retain_from = go_on_with_retention(w, s, &retain, now) ? 0 : up + RETRY_S;
	}
}

/* For -n: the forms and definitions that CONF names. No database is opened, no key asked for. */
static enum err_code
check(const struct indicators_conf *conf, struct err *err)
{
	struct form_set forms = {0};
	struct library library = {0};
	struct findings findings;
	enum err_code rc = form_set_read(conf->forms, &forms, err);

	findings_init(&findings);
	if (rc == ERR_OK)
		rc = library_read(conf->definitions, &findings, &library, err);
	for (size_t i = 0; i < findings.n; i++)
		log_event("indicators", "finding=%s text=\"%s\"", findings.list[i].place, findings.list[i].text);
	if (rc == ERR_OK && library.n == 0)
		rc = err_set(err, ERR_INPUT, "definitions: %s has no .ind file", conf->definitions);
	if (rc == ERR_OK)
		rc = retain_check(&library, conf->facts_months, err);
	findings_clear(&findings);
	library_clear(&library);
	form_set_clear(&forms);
	return rc;
}

int
main(int argc, char **argv)
{
	struct program program;
	struct indicators_conf conf = {0};
	struct room_state state = {0};
	struct worker *worker = NULL;
	struct room *room = NULL;
	struct err err = {0};
	int status = 1;

	program_start(&program, "candour-indicators", argc, argv, indicators_keys, indicators_n_keys);
	if (config_read(program.config_path, indicators_keys, indicators_n_keys, &conf, &err) != ERR_OK) {
		log_err("indicators", "configuration", &err);
		return 1;
	}
	if (program.check_only) {
		status = check(&conf, &err) != ERR_OK;
		if (status != 0)
			log_err("indicators", "configuration", &err);
		goto out;
	}
	struct worker_conf wc = {
		.store = conf.store, .facts = conf.facts, .forms = conf.forms, .definitions = conf.definitions,
		.key = conf.key, .ask = keyfile_ask_terminal, .batch = (unsigned)conf.batch,
	};
	if (worker_open(&wc, &worker, &err) != ERR_OK) {
		log_err("indicators", "open", &err);
		goto out;
	}
	if (retain_check(worker_library(worker), conf.facts_months, &err) != ERR_OK) {
		log_err("indicators", "configuration", &err);
		goto out;
	}
	status = 0;
	struct room_conf rc = {
		.listen = conf.listen, .listen_fd = socket_from_systemd(), .cert = conf.cert, .key = conf.cert_key,
		.users = conf.users, .store = conf.store, .facts = conf.facts, .organisation = conf.organisation,
		.clock = &clock_system, .worker = worker,
	};
	if (room_start(&rc, &state, &room, &err) != ERR_OK) {
		log_err("indicators", "listen", &err);
		status = 1;
		goto out;
	}
	log_event("indicators", "listening=%s port=%u", conf.listen, room_port(room));
	serve(worker, &state, conf.poll_ms, conf.facts_months);
	log_event("indicators", "stopped=asked");
out:
	room_stop(room);
	worker_close(worker);
	config_clear(indicators_keys, indicators_n_keys, &conf);
	return status;
}
