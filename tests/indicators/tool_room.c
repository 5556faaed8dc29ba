/* Serve the reading room on made-up answers, to look at, until SIGTERM or for ten minutes. Prints its address. Sign in as ann (analyst)
 * or sue (safeguarding) with "blue teapot on the hill". */
#include "aggregator/users.h"
#include "indicators/quotes.h"
#include "indicators/room.h"
#include "tests/indicators/centre.h"

#include <signal.h>

enum { DAY = NOW / 86400 - 60 };

static void
fill(void)
{
	static const char *const comments[] = { "The new cook is a joy.", "I waited long for help on Sunday, and nobody said why.", "" };
	struct seal_key *other = NULL;

	for (int i = 0; i < 60; i++)
		centre_answer(&(struct answer){ .device = (uint8_t)(1 + i % 2), .seq = 1 + i / 2, .q1 = i % 4 == 0 ? "4" : "1",
		    .comment = i == 0 ? "The night nurse, Mary, is kind. Ring 07700 900123." : comments[i % 3], .day = DAY - i * 4,
		    .quality = CLOCK_SYNCED, .id = i == 0 ? 1 : 0, .quote = i % 3 == 0 ? "yes" : "no" });
	centre_key(KEY_RESPONSE, 8, &other);
	centre_answer(&(struct answer){ .device = 1, .seq = 31, .q1 = "1", .day = DAY, .quality = CLOCK_SYNCED, .to = other });
	seal_key_free(other);
}

/* One that waits for another person, one that is released. */
static void
fill_quotes(void)
{
	struct quote q = { .site = "elm", .record = { 1 }, .question = "comment", .role = "individual", .area = "elm",
	    .quarter = "2026-07..2026-09", .text = "The night nurse, [name], is kind." };
	struct facts *f = NULL;
	int64_t id;

	ck_ok(facts_open(facts_path, &f, &err));
	ck_ok(quote_propose(f, &q, "sue", "safeguarding", NOW, &id, &err));
	ck_ok(quote_decide(f, id, "released", "cal", "commissioner", NOW, &err));
	q.text = "The night nurse [..] is kind.";
	ck_ok(quote_propose(f, &q, "sue", "safeguarding", NOW, &id, &err));
	facts_close(f);
}

static void
on_term(int number)
{
	(void)number;
}

/* A test, because what makes the answers (centre.h) speaks through Check; run it with CK_FORK=no. */
START_TEST(serve)
{
	static const struct { const char *name; enum user_role role; } people[] = { { "ann", ROLE_ANALYST }, { "sue", ROLE_SAFEGUARDING } };
	struct sigaction stop = { .sa_handler = on_term };
	struct room_state state = {0};
	struct worker *worker = NULL;
	struct room *room = NULL;
	struct users *u = NULL;
	char users_path[128];

	sigaction(SIGTERM, &stop, NULL);
	centre_setup();
	fill();
	snprintf(users_path, sizeof(users_path), "%s/room.db", folder);
	ck_ok(users_open(users_path, &u, &err));
	for (size_t i = 0; i < ARRAY_LEN(people); i++)
		ck_ok(users_add(u, people[i].name, people[i].role, "blue teapot on the hill", NOW, &err));
	ck_ok(worker_open(&worker_conf, &worker, &err));
	ck_ok(worker_run(worker, &err));
	fill_quotes();
	struct room_conf conf = { .listen = "127.0.0.1:0", .listen_fd = -1, .users = users_path, .store = store_path,
	    .facts = facts_path, .organisation = "Sampleshire Council", .worker = worker };

	ck_ok(room_start(&conf, &state, &room, &err));
	printf("http://127.0.0.1:%u\n", room_port(room));
	fflush(stdout);
	sleep(600);
	room_stop(room);
	worker_close(worker);
	users_close(u);
	centre_teardown();
}
END_TEST

static Suite *
room_tool(void)
{
	Suite *s = suite_create("tool");
	TCase *t = tcase_create("tool");

	tcase_set_timeout(t, 0);
	tcase_add_test(t, serve);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(room_tool)
