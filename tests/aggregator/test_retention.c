/* The setting's rules, and the aggregator's rounds in time; what they erase is the store's suite (test_store_retain.c). */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aggregator/retention.h"
#include "aggregator/settings.h"
#include "base/log.h"
#include "tests/aggregator/store_kit.h"
#include "tests/test.h"

static struct err err;

static const struct {
	int64_t answers, concerns;
	const char *says;	/* NULL: fine */
} settings[] = {
	{ 730, 30, NULL }, { 0, 0, NULL }, { 30, 7, NULL }, { 36500, 3650, NULL },
	{ 29, 30, "[retention] answers_days = 29: at least 30" }, { 1, 0, "answers_days = 1" },
	{ 730, 6, "[retention] concerns_days = 6: at least 7" }, { 0, 1, "concerns_days = 1" },
};

START_TEST(a_setting_that_erases_too_soon_is_refused)
{
	struct aggregator_settings set = { .answers_days = settings[_i].answers, .concerns_days = settings[_i].concerns };

	memset(&err, 0, sizeof(err));
	if (settings[_i].says == NULL)
		ck_ok(aggregator_settings_check(&set, &err));
	else
		ck_err(aggregator_settings_check(&set, &err), ERR_INPUT, settings[_i].says);
}
END_TEST

/* --- rounds ---------------------------------------------------------------------------------------- */

static int64_t wall_s = 20000LL * 86400, boot_ms = 1000;

static int64_t now_ms(void *arg) { (void)arg; return wall_s * 1000; }
static int64_t since_boot(void *arg) { (void)arg; return boot_ms; }

static char dir[64], path[128];
static uint8_t dev[16], epoch[16];

/* A store with one device and N records of today, all pulled. */
static void
make_store(uint64_t n)
{
	static struct kit_batch b;
	struct store_site site = { "meadow", "Meadow House", "north" };
	struct store_device d = { .site = "meadow", .spki_len = 91, .address = "192.0.2.1" };
	struct store *st;
	struct receipt r;
	uint8_t bytes[200], code[32];

	snprintf(dir, sizeof(dir), "/tmp/candour-retention-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/centre.db", dir);
	kit_bytes(dev, 16, "device", 1);
	memcpy(d.id, dev, 16);
	kit_bytes(epoch, 16, "epoch", 1);
	kit_bytes(code, 32, "code", 1);
	ck_ok(store_open(path, true, &st, &err));
	ck_ok(st->ops->site_put(st, &site, &err));
	ck_ok(st->ops->invite(st, "meadow", "T1", code, 1, 1000, &err));
	ck_ok(st->ops->enrol(st, &d, "T1", code, 1, &err));
	for (uint64_t seq = 1; seq <= n; seq += 100) {
		kit_batch(&b, dev, 0, epoch, seq, 100, 100);
		ck_ok(st->ops->begin(st, &err));
		ck_ok(st->ops->append(st, dev, 0, epoch, b.rows, 100, &err));
		kit_receipt(&r, bytes, seq, seq + 99, b.rows[99].link, 20000, seq);
		ck_ok(st->ops->receipt_put(st, dev, 0, epoch, &r, bytes, &err));
		ck_ok(st->ops->commit(st, &err));
	}
	ck_ok(st->ops->pulled(st, dev, 0, epoch, n, 20000, &err));
	store_close(st);
}

static void
remove_store(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

/* The value of NAME in the metrics; -1: it is not there. */
static int64_t
metric(struct retention *r, const char *name)
{
	struct buf b;
	char line[100];
	const char *at;
	int64_t v = -1;

	buf_init(&b, 65536);
	retention_metrics(r, &b);
	snprintf(line, sizeof(line), "\n%s ", name);
	at = strstr(buf_str(&b), line);
	if (at != NULL)
		v = atoll(at + strlen(line));
	buf_free(&b);
	return v;
}

START_TEST(a_round_is_made_each_hour_and_counted)
{
	const struct clock clock = { now_ms, since_boot, NULL };
	struct retention_conf conf = { .store = path, .clock = &clock, .answers_days = 30 };
	struct retention *r = NULL;

	log_to(open("/dev/null", O_WRONLY));
	make_store(300);
	ck_ok(retention_new(&conf, &r, &err));
	ck_assert_int_eq(metric(r, "candour_retention_last_round_seconds"), 0);
	retention_tick(r);
	ck_assert_int_eq(metric(r, "candour_retention_last_round_seconds"), wall_s);
	ck_assert_int_eq(metric(r, "candour_bodies_erased{lane=\"answers\"}"), 0);
	wall_s += 31 * 86400;
	retention_tick(r);	/* not before the hour is over */
	ck_assert_int_eq(metric(r, "candour_retention_erased_total"), 0);
	boot_ms += 3600000;
	retention_tick(r);
	ck_assert_int_eq(metric(r, "candour_retention_erased_total"), 299);
	ck_assert_int_eq(metric(r, "candour_bodies_erased{lane=\"answers\"}"), 299);
	ck_assert_int_eq(metric(r, "candour_bodies_erased{lane=\"concerns\"}"), 0);
	ck_assert_int_eq(metric(r, "candour_retention_failures_total"), 0);
	retention_free(r);
	/* Started anew it knows what went before. */
	ck_ok(retention_new(&conf, &r, &err));
	retention_tick(r);
	ck_assert_int_eq(metric(r, "candour_retention_erased_total"), 0);
	ck_assert_int_eq(metric(r, "candour_bodies_erased{lane=\"answers\"}"), 299);
	retention_free(r);
	retention_free(NULL);
	remove_store();
}
END_TEST

/* More than one tick's work goes on at the next; a store that cannot be opened is tried again after an hour. */
START_TEST(a_round_may_take_several_ticks_and_may_fail)
{
	const struct clock clock = { now_ms, since_boot, NULL };
	struct retention_conf conf = { .store = path, .clock = &clock, .answers_days = 30 };
	struct retention *r = NULL;
	char aside[160];
	unsigned ticks = 0;

	log_to(open("/dev/null", O_WRONLY));
	make_store(50200);
	wall_s += 31 * 86400;
	snprintf(aside, sizeof(aside), "%s.aside", path);
	ck_ok(retention_new(&conf, &r, &err));
	ck_assert_int_eq(rename(path, aside), 0);
	retention_tick(r);
	ck_assert_int_eq(metric(r, "candour_retention_failures_total"), 1);
	ck_assert_int_eq(rename(aside, path), 0);
	retention_tick(r);
	ck_assert_int_eq(metric(r, "candour_retention_erased_total"), 0);
	boot_ms += 3600000;
	while (metric(r, "candour_retention_last_round_seconds") == 0) {
		retention_tick(r);
		ck_assert_uint_lt(++ticks, 10);
	}
	ck_assert_uint_gt(ticks, 1);
	ck_assert_int_eq(metric(r, "candour_retention_erased_total"), 50199);
	ck_assert_int_eq(metric(r, "candour_retention_failures_total"), 1);
	retention_free(r);
	remove_store();
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("retention");
	TCase *t = tcase_create("retention");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, a_setting_that_erases_too_soon_is_refused, 0, (int)(sizeof(settings) / sizeof(settings[0])));
	tcase_add_test(t, a_round_is_made_each_hour_and_counted);
	tcase_add_test(t, a_round_may_take_several_ticks_and_may_fail);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite)
