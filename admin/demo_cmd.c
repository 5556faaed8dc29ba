/* candour demo fill: months of made-up responses put into the outboxes of sites through the real path
 * (form engine, sealing, commit), with the clock of each moved to the day it is made up for. The sites'
 * sync daemons then deliver them like any other. For trying out only: every record is real to the centre. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/commands.h"
#include "admin/demo_answers.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/num.h"
#include "collector/keyring.h"
#include "collector/outbox.h"
#include "collector/seal.h"
#include "forms/form.h"

enum { FORM_MAX = 8 << 20, RESPONSE_MAX = 1 << 20, SITES = 64 };

struct filling {
	struct form *form;
	uint8_t form_id[16];
	size_t months, rate;
	struct demo_random random;
	int64_t at_ms;		/* the made-up now */
	int64_t boot_ms;
	size_t done, total;
};

struct site {
	struct outbox *outbox;
	uint8_t device[16];
	uint8_t boot[16];
	struct seal_recipient to[RECORD_RECIPIENTS];
	size_t n_to;
};

static int64_t
made_up_now(void *arg)
{
	return ((struct filling *)arg)->at_ms;
}

static int64_t
made_up_boot(void *arg)
{
	return ((struct filling *)arg)->boot_ms;
}

static void
made_up_random(void *arg, void *out, size_t len)
{
	(void)arg;
	seal_random(out, len);
}

static void
progress(const struct filling *f)
{
	size_t width = 40, full = f->total == 0 ? width : f->done * width / f->total;
	size_t tenth = f->total < 10 ? 1 : f->total / 10;

	if (isatty(STDERR_FILENO)) {
		fprintf(stderr, "\r  [%.*s%.*s] %zu of %zu made-up responses kept", (int)full,
		    "########################################", (int)(width - full),
		    "........................................", f->done, f->total);
		if (f->done == f->total)
			fprintf(stderr, "\n");
	} else if (f->done % tenth == 0 || f->done == f->total) {
		fprintf(stderr, "  %zu of %zu made-up responses kept\n", f->done, f->total);
	}
}

/* The instance of one made-up person, as XML. */
static enum err_code
respond(struct filling *f, double mood, struct buf *xml, struct err *err)
{
	struct session_env env = { .now_ms = made_up_now, .random = made_up_random, .arg = f };
	struct session *s = NULL;
	enum err_code rc = session_new(f->form, &env, &s, err);

	if (rc == ERR_OK)
		rc = demo_person(s, &f->random, err);
	if (rc == ERR_OK)
		rc = demo_answer(s, mood, &f->random, err);
	if (rc == ERR_OK)
		rc = session_finalise(s, xml, err);
	session_free(s);
	return rc;
}

static enum err_code
keep(struct filling *f, struct site *site, const struct buf *xml, struct err *err)
{
	const struct clock clock = { made_up_now, made_up_boot, f };
	struct record_plain plain = { .type = PLAIN_INSTANCE, .content = xml->data, .len = xml->len };
	struct sealed_record sealed = { 0 };
	enum err_code rc;

	memcpy(plain.form, f->form_id, sizeof(plain.form));
	record_plain_time(&plain, &clock, 0, CLOCK_SYNCED, site->boot);
	rc = seal_record(site->to, site->n_to, LANE_ANSWERS, site->device, NULL, NULL, &plain, &sealed, err);
	if (rc == ERR_OK)
		rc = outbox_put(site->outbox, &sealed, clock_now_s(&clock_system) / 86400, err);
	sealed_record_clear(&sealed);
	return rc;
}

static enum err_code
one(struct filling *f, struct site *site, double mood, struct err *err)
{
	struct buf xml;
	enum err_code rc;

	buf_init_secret(&xml, RESPONSE_MAX);
	rc = respond(f, mood, &xml, err);
	if (rc == ERR_OK)
		rc = keep(f, site, &xml, err);
	buf_free(&xml);
	f->done++;
	progress(f);
	return rc;
}

/* Some time between 09:00 and 18:00 of a random day of the month that lies BACK months before this one. */
static int64_t
some_time(struct filling *f, size_t back)
{
	int year, month, day;
	int64_t first, next;

	date_from_day(clock_now_s(&clock_system) / 86400, &year, &month, &day);
	month -= (int)back;
	while (month < 1) {
		month += 12;
		year--;
	}
	first = day_from_date(year, month, 1);
	next = month == 12 ? day_from_date(year + 1, 1, 1) : day_from_date(year, month + 1, 1);
	return ((first + (int64_t)(demo_next(&f->random) % (uint32_t)(next - first))) * 86400 + 9 * 3600
	    + demo_next(&f->random) % (9 * 3600)) * 1000;
}

static enum err_code
fill(struct filling *f, struct site *sites, size_t n, struct err *err)
{
	enum err_code rc = ERR_OK;

	f->total = n * f->months * f->rate;
	for (size_t m = 0; m < f->months && rc == ERR_OK; m++) {
		for (size_t i = 0; i < n && rc == ERR_OK; i++) {
			double mood = demo_mood(i, m, f->months);

			for (size_t k = 0; k < f->rate && rc == ERR_OK; k++) {
				f->at_ms = some_time(f, f->months - m);
				rc = one(f, &sites[i], mood, err);
			}
		}
	}
	return rc;
}

static enum err_code
site_open(struct site *site, const char *dir, struct err *err)
{
	char path[4096];
	struct keyring_pin pin;
	struct keyring *ring = NULL;
	struct buf text;
	uint32_t serial;
	bool stale;
	enum err_code rc;

	buf_init(&text, KEYRING_MAX);
	snprintf(path, sizeof(path), "%s/site.db", dir);
	rc = outbox_open(path, OUTBOX_KIOSK, &site->outbox, err);
	if (rc == ERR_OK)
		rc = outbox_device(site->outbox, site->device, err);
	if (rc == ERR_OK)
		rc = outbox_ring(site->outbox, &serial, &text, err);
	snprintf(path, sizeof(path), "%s/root.pin", dir);
	if (rc == ERR_OK)
		rc = keyring_pin_read(path, &pin, err);
	if (rc == ERR_OK)
		rc = keyring_read(buf_str(&text), text.len, &pin, &ring, err);
	if (rc == ERR_OK)
		rc = keyring_recipients(ring, LANE_ANSWERS, clock_now_s(&clock_system) / 86400, site->to,
		    &site->n_to, &stale, err);
	seal_random(site->boot, sizeof(site->boot));
	keyring_free(ring);
	buf_free(&text);
	return rc == ERR_OK ? rc : err_in(err, "%s", dir);
}

static enum err_code
load(struct filling *f, const char *path, struct err *err)
{
	struct findings findings;
	struct buf xml, report;
	enum err_code rc;

	findings_init(&findings);
	buf_init(&xml, FORM_MAX);
	buf_init(&report, 1 << 20);
	rc = file_read(path, &xml, err);
	if (rc == ERR_OK) {
		chain_form_id(xml.data, xml.len, f->form_id);
		rc = form_load(buf_str(&xml), xml.len, NULL, &findings, &f->form, err);
		if (rc != ERR_OK) {
			findings_print(&findings, path, &report);
			fputs(buf_str(&report), stderr);
		}
	}
	findings_clear(&findings);
	buf_free(&report);
	buf_free(&xml);
	return rc;
}

static int
usage(FILE *to)
{
	fprintf(to, "usage: candour demo fill [--months N] [--rate N] [--seed N] --form FILE.xml SITE_DIR...\n"
	    "  --months N  months of responses, the last one being last month [24]\n"
	    "  --rate N    responses a site and month [22]\n"
	    "  --seed N    what the made-up people follow from [1]\n");
	return to == stdout ? 0 : 2;
}

static bool
number(const char *text, int64_t max, int64_t *out)
{
	return num_i64(text, strlen(text), 1, max, out);
}

int
cmd_demo(int argc, char **argv)
{
	static const struct option options[] = { { "months", 1, NULL, 'm' }, { "rate", 1, NULL, 'r' },
	    { "seed", 1, NULL, 's' }, { "form", 1, NULL, 'f' }, { "help", 0, NULL, 'h' }, { NULL, 0, NULL, 0 } };
	struct filling f = { .boot_ms = 3600000 };
	struct site sites[SITES] = { 0 };
	const char *form = NULL;
	int64_t months = 24, rate = 22, seed = 1;
	struct err err = { 0 };
	enum err_code rc;
	size_t n = 0;
	int c;

	if (argc >= 2 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0))
		return usage(stdout);
	if (argc < 2 || strcmp(argv[1], "fill") != 0)
		return usage(stderr);
	argc--;
	argv++;
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'm': if (!number(optarg, 240, &months)) return usage(stderr); break;
		case 'r': if (!number(optarg, 10000, &rate)) return usage(stderr); break;
		case 's': if (!number(optarg, INT64_MAX, &seed)) return usage(stderr); break;
		case 'f': form = optarg; break;
		case 'h': return usage(stdout);
		default: return usage(stderr);
		}
	}
	if (form == NULL || optind == argc || argc - optind > SITES)
		return usage(stderr);
	f.months = (size_t)months;
	f.rate = (size_t)rate;
	f.random.state = (uint64_t)seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
	rc = load(&f, form, &err);
	for (int i = optind; i < argc && rc == ERR_OK; i++)
		rc = site_open(&sites[n++], argv[i], &err);
	if (rc == ERR_OK)
		rc = fill(&f, sites, n, &err);
	for (size_t i = 0; i < n; i++)
		outbox_close(sites[i].outbox);
	form_free(f.form);
	if (rc != ERR_OK) {
		fprintf(stderr, "candour demo: %s\n", err.msg);
		return 1;
	}
	printf("%zu made-up responses kept at %zu sites\n", f.done, n);
	return 0;
}
