/* Pauses between tries: docs/sync.md says uniform(5 s, min(1 h, 5 s * 2^n)), and that Retry-After is a minimum, plus
 * up to a quarter. */
#include "sync/backoff.h"

#include <fcntl.h>

#include "tests/sync/world.h"

START_TEST(pauses_grow_to_an_hour_and_no_further)
{
	for (int round = 0; round < 200; round++) {
		struct backoff b = { 0 };
		int64_t top = 5000;

		for (int n = 0; n < 20; n++) {
			int64_t wait = backoff_next(&b, -1);

			top = top * 2 > 3600000 ? 3600000 : top * 2;
			ck_assert_int_ge(wait, 5000);
			ck_assert_int_le(wait, top);
		}
		backoff_reset(&b);
		ck_assert_int_le(backoff_next(&b, -1), 10000);
	}
}
END_TEST

START_TEST(retry_after_is_a_minimum_and_at_most_a_quarter_more)
{
	bool above = false;

	for (int round = 0; round < 200; round++) {
		struct backoff b = { 0 };
		int64_t wait = backoff_next(&b, 600);

		ck_assert_int_ge(wait, 600000);
		ck_assert_int_le(wait, 750000);
		above = above || wait > 610000;
		/* A shorter one than our own pause shortens nothing. */
		ck_assert_int_ge(backoff_next(&b, 0), 5000);
	}
	ck_assert_msg(above, "never any jitter: all boxes would come back at once");
}
END_TEST

/* After a night of failures the line is back: soon, but not all boxes at once, and never later than it would have been. */
START_TEST(a_route_that_comes_up_ends_the_long_pause_not_the_jitter)
{
	int64_t least = INT64_MAX, most = 0, now = 1000000;

	for (int round = 0; round < 500; round++) {
		struct backoff b = { .n = 20 };
		int64_t due = backoff_route_up(&b, now + 3600000, now);

		ck_assert_int_ge(due, now + 5000);
		ck_assert_int_le(due, now + 60000);
		least = due < least ? due : least;
		most = due > most ? due : most;
		ck_assert_int_eq(backoff_route_up(&b, now + 1000, now), now + 1000);
		ck_assert_int_le(backoff_next(&b, -1), 10000);
	}
	ck_assert_int_gt(most - least, 40000);
}
END_TEST

/* A centre that says 503, and when. */
static enum err_code
later(void *arg, const char *method, const char *path, const void *body, size_t len, struct reply *out,
    struct err *err)
{
	const unsigned *status = arg;

	(void)method;
	(void)path;
	(void)body;
	(void)len;
	(void)err;
	reply_text(out, *status, "code=later come again\n");
	out->retry_after_s = 90;
	return ERR_OK;
}

START_TEST(the_courier_hands_on_what_the_centre_asks_for)
{
	static struct world w;
	struct box *b = calloc(1, sizeof(*b));
	unsigned status[] = { 503, 429, 500 };

	ck_assert_ptr_nonnull(b);
	log_to(open("/dev/null", O_WRONLY));
	world_init(&w, NULL);
	box_init(b, &w, "b");
	box_give(b, 3);
	b->courier.ask = later;
	for (size_t i = 0; i < ARRAY_LEN(status); i++) {
		b->courier.arg = &status[i];
		ck_assert_int_eq(box_round(b), COURIER_LATER);
		ck_assert_int_eq(b->courier.retry_after_s, 90);
	}
	/* Nothing was taken for sent. */
	b->courier.ask = box_ask;
	b->courier.arg = b;
	box_deliver(b);
	ck_assert_uint_eq(box_all_kept(b), 1);
	box_free(b);
	free(b);
	world_free(&w);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("pauses");
	TCase *t = tcase_create("pauses");

	suite_add_tcase(s, t);
	tcase_add_test(t, pauses_grow_to_an_hour_and_no_further);
	tcase_add_test(t, a_route_that_comes_up_ends_the_long_pause_not_the_jitter);
	tcase_add_test(t, retry_after_is_a_minimum_and_at_most_a_quarter_more);
	tcase_add_test(t, the_courier_hands_on_what_the_centre_asks_for);
	return s;
}

TEST_MAIN(suite)
