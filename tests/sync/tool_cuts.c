/* tool_cuts SITE_DIR STEP SERIAL LENGTH: the whole daemon's work (agent.h) from the same database again and again, the
 * first connection of it cut after byte k, both ways, until the notices bundle of that serial and length is there; and
 * once with every connection cut after a third of it: a bundle goes on where it broke off. Last line on stderr: "N
 * bundles, M cut, 0 stuck".
 * tool_cuts SITE_DIR STEP: deliver one answer after the other to a real aggregator, each time with the connection
 * cut after byte k of what is sent, or of what is received; k runs over the whole exchange (handshake, request,
 * answer) in steps of STEP. After each cut the same is tried again undisturbed. Prints the ids of the answers;
 * the last line on stderr is "N exchanges, M cut, 0 stuck". The caller looks whether each is there once. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/codec.h"
#include "base/config.h"
#include "base/file.h"
#include "base/log.h"
#include "collector/keyfile.h"
#include "collector/keyring.h"
#include "collector/outbox.h"
#include "sync/agent.h"
#include "sync/bundle.h"
#include "sync/centre.h"
#include "sync/courier.h"
#include "sync/settings.h"

static struct err err;

static void
die(const char *what)
{
	fprintf(stderr, "tool_cuts: %s: %s\n", what, err.msg);
	exit(1);
}

/* --- a network that cuts ------------------------------------------------------------------------- */

static int64_t sent, received, cut_sent = -1, cut_received = -1;
static int cuts;
static bool is_cut;	/* a cut ends both ways */
static bool once;	/* the first cut is the last */
static int connections;

static enum err_code
cut_connect(void *arg, const char *host, uint16_t port, int64_t deadline, struct net_stream **out, struct err *e)
{
	sent = received = 0;
	is_cut = false;
	connections++;
	if (once && cuts > 0)
		cut_sent = cut_received = -1;
	return net_tcp.connect(arg, host, port, deadline, out, e);
}

static enum err_code
cut_read(struct net_stream *s, void *data, size_t len, int64_t deadline, size_t *got, struct err *e)
{
	enum err_code rc;

	if (is_cut)
		return err_set(e, ERR_AGAIN, "cut");
	if (cut_received >= 0 && received >= cut_received) {
		is_cut = true;
		cuts++;
		return err_set(e, ERR_AGAIN, "cut after %lld bytes received", (long long)received);
	}
	if (cut_received >= 0 && (int64_t)len > cut_received - received)
		len = (size_t)(cut_received - received);
	rc = net_tcp.read(s, data, len, deadline, got, e);
	if (rc == ERR_OK)
		received += (int64_t)*got;
	return rc;
}

static enum err_code
cut_write(struct net_stream *s, const void *data, size_t len, int64_t deadline, size_t *put, struct err *e)
{
	enum err_code rc;

	if (is_cut)
		return err_set(e, ERR_AGAIN, "cut");
	if (cut_sent >= 0 && sent >= cut_sent) {
		is_cut = true;
		cuts++;
		return err_set(e, ERR_AGAIN, "cut after %lld bytes sent", (long long)sent);
	}
	if (cut_sent >= 0 && (int64_t)len > cut_sent - sent)
		len = (size_t)(cut_sent - sent);
	rc = net_tcp.write(s, data, len, deadline, put, e);
	if (rc == ERR_OK)
		sent += (int64_t)*put;
	return rc;
}

static struct net cutting;

/* --- a box --------------------------------------------------------------------------------------- */

static struct sync_settings set;
static struct outbox *ob;
static struct centre *centre;
static struct courier courier;
static struct keyring *ring;
static struct seal_recipient to[RECORD_RECIPIENTS];
static size_t n_to;
static uint8_t device[16];
static int exchanges, stuck;

static enum err_code
ask(void *arg, const char *method, const char *path, const void *body, size_t len, struct reply *out, struct err *e)
{
	(void)arg;
	return centre_ask(centre, method, path, NULL, body, len, out, NULL, e);
}

static void
give(void)
{
	struct record_plain plain = { .type = PLAIN_INSTANCE, .content = (const uint8_t *)"<data/>", .len = 7 };
	struct sealed_record r = { .lane = 0 };
	char hex[33];

	record_plain_time(&plain, &clock_system, 0, CLOCK_SYNCED, NULL);
	if (seal_record(to, n_to, 0, device, NULL, NULL, &plain, &r, &err) != ERR_OK
	    || outbox_put(ob, &r, time(NULL) / 86400, &err) != ERR_OK)
		die("put");
	hex_str(r.id, 16, hex);
	puts(hex);
	sealed_record_clear(&r);
}

static bool
in_step(void)
{
	struct outbox_lane l;

	if (outbox_lane(ob, 0, &l, &err) != ERR_OK)
		die("lane");
	return l.acked_seq == l.head_seq;
}

/* One answer, one disturbed round on a new connection, then undisturbed ones until it is delivered. True if the
 * disturbance was felt. */
static bool
exchange(int64_t k_sent, int64_t k_received, bool ask_state)
{
	int before = cuts;

	give();
	centre_hang_up(centre);
	cut_sent = k_sent;
	cut_received = k_received;
	if (ask_state)
		courier.asked_state = false;
	courier_round(&courier, false, &err);
	cut_sent = cut_received = -1;
	exchanges++;
	centre_hang_up(centre);
	for (int i = 0; i < 5 && !in_step(); i++)
		courier_round(&courier, false, &err);
	if (!in_step()) {
		fprintf(stderr, "stuck after a cut at %lld / %lld: %s\n", (long long)k_sent, (long long)k_received, err.msg);
		stuck++;
	}
	return cuts > before;
}

static void
load(const char *dir)
{
	struct tls_setup setup = { .ring = NULL };
	struct centre_conf conf = { .net = &cutting };
	struct keyring_pin pin;
	struct seal_key *key = NULL;
	struct tls_conf *tls = NULL;
	struct buf text, cert, pem;
	char path[1000];
	uint32_t serial;
	bool stale;

	buf_init(&text, KEYRING_MAX);
	buf_init(&cert, 65536);
	buf_init_secret(&pem, 65536);
	snprintf(path, sizeof(path), "%s/sync.conf", dir);
	if (config_read(path, sync_keys, sync_n_keys, &set, &err) != ERR_OK)
		die(path);
	snprintf(path, sizeof(path), "%s/root.pin", dir);
	if (keyring_pin_read(path, &pin, &err) != ERR_OK || outbox_open(set.site_db, OUTBOX_KIOSK, &ob, &err) != ERR_OK
	    || outbox_device(ob, device, &err) != ERR_OK || outbox_ring(ob, &serial, &text, &err) != ERR_OK
	    || keyring_read(buf_str(&text), text.len, &pin, &ring, &err) != ERR_OK
	    || keyring_recipients(ring, 0, time(NULL) / 86400, to, &n_to, &stale, &err) != ERR_OK
	    || keyfile_load(set.device_key, KEY_DEVICE, NULL, NULL, &key, &err) != ERR_OK
	    || file_read(set.tls_cert, &cert, &err) != ERR_OK || file_read(set.tls_key, &pem, &err) != ERR_OK)
		die(dir);
	setup.ring = ring;
	setup.cert_pem = buf_str(&cert);
	setup.key_pem = buf_str(&pem);
	if (tls_conf_new(&setup, &tls, &err) != ERR_OK)
		die("tls");
	conf.tls = tls;
	conf.host = set.host;
	conf.port = (uint16_t)set.port;
	if (centre_new(&conf, &centre, &err) != ERR_OK)
		die("centre");
	courier_init(&courier);
	courier.outbox = ob;
	courier.device_key = key;
	courier.ring = ring;
	courier.clock = &clock_system;
	courier.ask = ask;
	buf_free(&text);
	buf_free(&cert);
	buf_free(&pem);
}

/* --- bundles ------------------------------------------------------------------------------------- */

static int64_t fake_ms;	/* ahead of the system's clock: the agent's pauses are not waited for */

static int64_t
fake_now(void *arg)
{
	(void)arg;
	return clock_system.now_ms(NULL) + fake_ms;
}

static int64_t
fake_boot(void *arg)
{
	(void)arg;
	return clock_boot_ms(&clock_system) + fake_ms;
}

static void
copy(const char *from, const char *path)
{
	char command[2200];

	snprintf(command, sizeof(command), "cp '%s' '%s' && rm -f '%s-wal' '%s-shm'", from, path, path, path);
	if (system(command) != 0)
		die(path);
}

/* Is the bundle there, whole? A part of it never is. */
static bool
bundle_is_there(struct outbox *box, const uint8_t target[16], uint32_t serial, size_t len)
{
	struct buf bytes;
	uint32_t got = 0;
	bool there;

	buf_init(&bytes, BUNDLE_MAX);
	there = outbox_bundle(box, BUNDLE_NOTICES, target, &got, &bytes, &err) == ERR_OK;
	if (there && (got != serial || bytes.len != len)) {
		fprintf(stderr, "a bundle of serial %u and %zu bytes is there\n", got, bytes.len);
		exit(1);
	}
	buf_free(&bytes);
	return there;
}

/* The daemon from the database as it was, until the bundle is there; false: not after 100 times its pauses. */
static bool
run_agent(const char *kept, uint32_t serial, size_t len)
{
	struct clock clock = { fake_now, fake_boot, NULL };
	struct agent *agent = NULL;
	struct outbox *box = NULL;
	uint8_t target[16];
	bool there = false;

	copy(kept, set.site_db);
	bundle_site_target(set.site, target);
	connections = cuts = 0;
	if (agent_new(&set, &cutting, &clock, &agent, &err) != ERR_OK || outbox_open(set.site_db, OUTBOX_SYNC, &box, &err) != ERR_OK)
		die("agent");
	for (int i = 0; i < 100 && !there; i++) {
		fake_ms += agent_tick(agent) + 1;
		there = bundle_is_there(box, target, serial, len);
	}
	outbox_close(box);
	agent_free(agent);
	cut_sent = cut_received = -1;
	exchanges++;
	stuck += !there;
	return there;
}

static int
bundles(const char *dir, int64_t step, uint32_t serial, size_t len)
{
	char path[1000], kept[1000];
	int felt = 0, all = 0;

	snprintf(path, sizeof(path), "%s/sync.conf", dir);
	if (config_read(path, sync_keys, sync_n_keys, &set, &err) != ERR_OK)
		die(path);
	snprintf(kept, sizeof(kept), "%s.kept", set.site_db);
	copy(set.site_db, kept);
	once = true;
	for (int way = 0; way < 2; way++)
		for (int64_t k = 0; ; k += step) {
			*(way == 0 ? &cut_sent : &cut_received) = k;
			if (!run_agent(kept, serial, len))
				fprintf(stderr, "stuck after a cut at %lld: %s\n", (long long)k, err.msg);
			all++;
			felt += cuts;
			if (cuts == 0)
				break;
		}
	once = false;
	cut_received = (int64_t)len / 3;
	if (!run_agent(kept, serial, len))
		fprintf(stderr, "a bundle does not go on where it broke off: %s\n", err.msg);
	fprintf(stderr, "a bundle of %zu bytes over connections cut after %zu: %d of them\n", len, len / 3, connections);
	fprintf(stderr, "%d bundles, %d cut, %d stuck\n", all + 1, felt + cuts, stuck);
	return stuck == 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	int64_t up, down, step;

	if (argc != 3 && argc != 5)
		return 2;
	step = atol(argv[2]);
	cutting = net_tcp;
	cutting.connect = cut_connect;
	cutting.read = cut_read;
	cutting.write = cut_write;
	if (argc == 5) {
		log_to(open("/dev/null", O_WRONLY));
		return bundles(argv[1], step, (uint32_t)strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10));
	}
	load(argv[1]);
	exchange(-1, -1, true);		/* the first handshake is full, the next ones are resumed */
	for (int ask_state = 0; ask_state < 2; ask_state++) {
		exchange(-1, -1, ask_state != 0);
		up = 0;
		while (exchange(up, -1, ask_state != 0))
			up += step;
		down = 0;
		while (exchange(-1, down, ask_state != 0))
			down += step;
		fprintf(stderr, "%s: %lld bytes up, %lld down\n", ask_state != 0 ? "state and batch" : "batch", (long long)up,
		    (long long)down);
	}
	fprintf(stderr, "%d exchanges, %d cut, %d stuck\n", exchanges, cuts, stuck);
	outbox_close(ob);
	return stuck == 0 ? 0 : 1;
}
