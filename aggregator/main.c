/* candour-aggregator: takes in sealed records from devices and shows publications to people. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/devices.h"
#include "aggregator/logroot.h"
#include "aggregator/pages.h"
#include "aggregator/retention.h"
#include "aggregator/settings.h"
#include "base/codec.h"
#include "base/file.h"
#include "base/http.h"
#include "base/log.h"
#include "base/program.h"
#include "collector/keyfile.h"

enum { PEM_MAX = 1 << 20, REFRESH_MS = 30000, START_WAIT_MS = 1000, START_WAIT_MAX_MS = 15000 };

struct centre {
	struct aggregator_settings set;
	struct buf cert, key, ca;
	struct seal_key *receipt_key;
	struct store *store;
	struct intake_log log;
	struct intake_writer *writer;
	struct devices *devices;
	struct pages *pages;
	struct retention *retention;
	struct http_server *status;
	atomic_uint ring_serial, bundle_serial;
};

static enum err_code
read_files(struct centre *c, struct err *err)
{
	enum err_code rc = file_read(c->set.devices_cert, &c->cert, err);

	if (rc == ERR_OK)
		rc = file_read(c->set.devices_key, &c->key, err);
	if (rc == ERR_OK)
		rc = file_read(c->set.ca, &c->ca, err);
	if (rc == ERR_OK)
		rc = keyfile_load(c->set.receipt_key, KEY_RECEIPT, keyfile_ask_terminal, NULL, &c->receipt_key, err);
	if (rc == ERR_OK && !hex_get(c->set.log_id, strlen(c->set.log_id), c->log.log_id, 16))
		rc = err_set(err, ERR_INPUT, "log_id: 32 hex digits are needed");
	return rc;
}

static void
status_page(void *arg, const struct http_request *r, struct http_response *out)
{
	struct centre *c = arg;

	if (strcmp(r->path, "/healthz") == 0) {
		http_plain(out, 200, "ok\n");
	} else if (strcmp(r->path, "/metrics") == 0) {
		http_plain(out, 200, "");
		out->type = "text/plain; version=0.0.4";
		devices_metrics(c->devices, &out->body);
		retention_metrics(c->retention, &out->body);
	} else {
		http_plain(out, 404, "only /healthz and /metrics\n");
	}
}

static enum err_code
start_intake(struct centre *c, struct err *err)
{
	enum err_code rc = store_open(c->set.store, true, &c->store, err);

	if (rc != ERR_OK)
		return rc;
	c->log.receipt_key = c->receipt_key;
	seal_key_id(c->receipt_key, c->log.receipt_key_id);
	c->log.clock = &clock_system;
	c->log.ring_serial = &c->ring_serial;
	c->log.bundle_serial = &c->bundle_serial;
	rc = logroot_start(c->store, &c->log, err);
	if (rc == ERR_OK)
		rc = intake_writer_start(c->store, &c->log, &c->writer, err);
	return rc;
}

static enum err_code
start(struct centre *c, struct err *err)
{
	struct devices_conf devices = { .listen = c->set.devices_listen, .listen_fd = -1,
	    .cert_pem = buf_str(&c->cert), .key_pem = buf_str(&c->key), .ca_pem = buf_str(&c->ca),
	    .store = c->set.store, .ring_path = c->set.ring, .receipt_key = c->receipt_key, .clock = &clock_system,
	    .ring_serial = &c->ring_serial, .bundle_serial = &c->bundle_serial, .threads = (unsigned)c->set.threads,
	    .per_address = (unsigned)c->set.per_address, .batches_a_minute = (unsigned)c->set.batches_a_minute };
	struct pages_conf pages = { .listen = c->set.pages_listen, .listen_fd = -1, .cert = c->set.pages_cert,
	    .key = c->set.pages_key, .db = c->set.pages_db, .ring = c->set.ring, .root = c->set.root,
	    .organisation = c->set.organisation, .threads = 2 };
	struct retention_conf retention = { .store = c->set.store, .clock = &clock_system,
	    .answers_days = (uint32_t)c->set.answers_days, .concerns_days = (uint32_t)c->set.concerns_days };
	struct http_conf status = { .name = "aggregator", .listen = c->set.status_listen, .listen_fd = -1,
	    .body_max = 0, .handle = status_page, .arg = c };
	enum err_code rc = start_intake(c, err);

	if (rc != ERR_OK)
		return err_in(err, "store");
	devices.writer = c->writer;
	rc = devices_start(&devices, &c->devices, err);
	if (rc != ERR_OK)
		return err_in(err, "devices");
	rc = retention_new(&retention, &c->retention, err);
	if (rc != ERR_OK)
		return rc;
	if (c->set.pages_listen[0] != '\0') {
		rc = pages_start(&pages, &c->pages, err);
		if (rc != ERR_OK)
			return err_in(err, "pages");
	}
	if (c->set.status_listen[0] != '\0')
		rc = http_start(&status, &c->status, err);
	if (rc == ERR_OK)
		log_event("aggregator", "started devices=%u pages=%u store=%s", devices_port(c->devices),
		    c->pages != NULL ? pages_port(c->pages) : 0, c->store->ops->name);
	return rc;
}

/* What start() began, in whatever state it left it. */
static void
stop_serving(struct centre *c)
{
	http_stop(c->status);
	devices_stop(c->devices);
	pages_stop(c->pages);
	retention_free(c->retention);
	intake_writer_stop(c->writer);
	store_close(c->store);
	c->status = NULL;
	c->devices = NULL;
	c->pages = NULL;
	c->retention = NULL;
	c->writer = NULL;
	c->store = NULL;
}

/* A database that is starting, recovering or moving to another machine is waited for, and not died of: devices go to
 * another aggregator meanwhile, or come again. False in *RUNNING: asked to stop while waiting. */
static enum err_code
start_when_ready(struct centre *c, bool *running, struct err *err)
{
	int wait_ms = START_WAIT_MS;
	enum err_code rc;

	*running = true;
	while ((rc = start(c, err)) == ERR_AGAIN) {
		stop_serving(c);
		log_event("aggregator", "start=waiting retry_s=%d why=\"%s\"", wait_ms / 1000, err->msg);
		if (program_wait(wait_ms)) {
			*running = false;
			return ERR_OK;
		}
		wait_ms = wait_ms * 2 > START_WAIT_MAX_MS ? START_WAIT_MAX_MS : wait_ms * 2;
	}
	return rc;
}

static void
stop(struct centre *c)
{
	stop_serving(c);
	seal_key_free(c->receipt_key);
	buf_free(&c->cert);
	buf_free(&c->key);
	buf_free(&c->ca);
	config_clear(aggregator_keys, aggregator_n_keys, &c->set);
}

int
main(int argc, char **argv)
{
	struct centre c = { 0 };
	struct program p;
	struct err err = { 0 };
	enum err_code rc;

	program_start(&p, "candour-aggregator", argc, argv, aggregator_keys, aggregator_n_keys);
	buf_init(&c.cert, PEM_MAX);
	buf_init_secret(&c.key, PEM_MAX);
	buf_init(&c.ca, PEM_MAX);
	rc = config_read(p.config_path, aggregator_keys, aggregator_n_keys, &c.set, &err);
	if (rc == ERR_OK)
		rc = aggregator_settings_check(&c.set, &err);
	if (rc == ERR_OK)
		rc = read_files(&c, &err);
	if (rc == ERR_OK && !p.check_only) {
		bool running;

		rc = start_when_ready(&c, &running, &err);
		while (rc == ERR_OK && running && !program_wait(REFRESH_MS)) {
			devices_refresh(c.devices);
			devices_release(c.devices);
			retention_tick(c.retention);
		}
	} else if (rc == ERR_OK) {
		printf("%s: ok\n", p.config_path);
	}
	if (rc != ERR_OK)
		log_err("aggregator", "start", &err);
	else if (!p.check_only)
		log_event("aggregator", "stopped");
	stop(&c);
	return rc == ERR_OK ? 0 : 1;
}
