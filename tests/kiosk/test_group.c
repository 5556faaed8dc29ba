/* kiosk/group*.c: whatever happens in a session, in whatever order, the lines of its draft say it again, and it can be
 * closed: as one instance of its guide that the form engine takes. What a session refuses leaves no trace. */
#include <time.h>

#include "base/codec.h"
#include "kiosk/group.h"
#include "tests/collector/site.h"

static const char pass[] = "anchor velvet lemon bridge";
static struct outbox *ob;
static struct catalog *forms;
static struct group *g;
static int64_t now = 1790000000;

static void
convert(const char *csv, const char *name)
{
	const char *build = getenv("BUILD") != NULL ? getenv("BUILD") : "build/asan";
	char command[400];

	snprintf(command, sizeof(command), "%s/candour form convert %s > %s/%s.xml 2>/dev/null", build, csv, folder, name);
	ck_assert_msg(system(command) == 0, "%s", command);
}

static const struct shelf *
guide_shelf(void)
{
	for (size_t i = 0; i < forms->n; i++)
		if (forms->shelf[i].is_group)
			return &forms->shelf[i];
	ck_abort_msg("no guide");
	return NULL;
}

static void
begin(void)
{
	struct seal_key *key = test_key(KEY_RESPONSE, 1);
	struct seal_recipient to = recipient(key);
	struct group_guide guide;
	struct draft *draft = NULL;

	ck_ok(group_guide_read(guide_shelf(), 0, &guide, &err));
	ck_ok(draft_new(ob, guide_shelf()->id, 20000, pass, strlen(pass), &to, 1, &draft, &err));
	ck_ok(group_begin(draft, &guide, "care_home", "outside", "en", &g, &err));
	group_guide_clear(&guide);
	seal_key_free(key);
}

static void
setup(void)
{
	make_folder();
	convert("forms/library/focus-group.csv", "guide");
	ck_ok(catalog_folder(folder, NULL, &forms, &err));
	ck_ok(outbox_create(db_path, device_a, &err));
	ck_ok(outbox_open(db_path, OUTBOX_KIOSK, &ob, &err));
	begin();
}

static void
teardown(void)
{
	group_free(g);
	g = NULL;
	outbox_close(ob);
	ob = NULL;
	catalog_free(forms);
	forms = NULL;
	drop_folder();
}

/* As after a power cut. */
static void
again(void)
{
	struct draft *draft = NULL;
	uint8_t id[16];
	struct buf lines;

	memcpy(id, draft_id(g->draft), 16);
	group_free(g);
	g = NULL;
	buf_init_secret(&lines, 1 << 20);
	ck_ok(draft_open(ob, id, pass, strlen(pass), group_collect, &lines, &draft, &err));
	ck_ok(group_resume(draft, forms, &lines, &g, &err));
	buf_free(&lines);
}

static int64_t
env_now(void *arg)
{
	(void)arg;
	return now * 1000;
}

static void
env_random(void *arg, void *out, size_t len)
{
	(void)arg;
	memset(out, 7, len);
}

/* The instance that would be sealed now; the same session makes the same. */
static void
instance(struct buf *out)
{
	struct session_env env = { .now_ms = env_now, .random = env_random, .device_id = "device" };

	buf_init_secret(out, 1 << 20);
	ck_ok(group_instance(g, &env, now, out, &err));
	ck_assert_uint_lt(out->len, RECORD_PLAIN_MAX - 200);
}

static bool
leaves(const char *text)
{
	struct buf xml;
	bool found;

	instance(&xml);
	found = memmem(xml.data, xml.len, text, strlen(text)) != NULL;
	buf_free(&xml);
	return found;
}

static void
people(enum group_role role, unsigned n)
{
	while (n-- > 0)
		ck_ok(group_come(g, role, &err));
}

static void
say_yes(void)
{
	for (int i = 0; i < GROUP_CONSENTS; i++)
		ck_ok(group_agree(g, (enum group_consent)i, 0, &err));
}

static enum err_code
note(unsigned who, const char *words)
{
	struct group_note n = { .topic = g->topic, .who = who, .words = words, .themes = 1,
	    .minute = group_topic_seconds(g, g->topic, now) / 60 };

	return group_write(g, &n, &err);
}

static void
ready(void)
{
	people(GROUP_LIVES_HERE, 4);
	people(GROUP_FAMILY, 2);
	people(GROUP_STAFF, 2);
	say_yes();
	ck_ok(group_turn(g, 0, now, &err));
}

/* --- any order of anything --- */

static uint64_t state;

static uint32_t
below(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 33) % n;
}

static int64_t
number(int64_t max)
{
	switch (below(8)) {
	case 0: return max + 1;
	case 1: return INT32_MAX;
	case 2: return max;
	default: return below((uint32_t)max + 1);
	}
}

/* Bytes as browsers send them, and as they never would; always UTF-8 without NUL, which the pages hold. */
static const char *
some_text(char *out, size_t max)
{
	static const char *const bits[] = { "a", "é", "\xef\xbf\xbf", "\xef\xbf\xbe", "\x1f", "\x01", "<", "&", "\"", "]]>", "\n", "\r",
		"\t", "\x7f", "\xc2\x85", "\xe2\x80\xae", "\xf0\x9f\x98\x80", "مرحبا", " ", "0", "note", "\xcc\x81" };
	size_t n = 0, words = below(40);

	if (below(30) == 0)
		words = max;
	while (words-- > 0) {
		const char *bit = bits[below(ARRAY_LEN(bits))];

		if (n + strlen(bit) >= max)
			break;
		memcpy(out + n, bit, strlen(bit));
		n += strlen(bit);
	}
	out[n] = '\0';
	return out;
}

static enum err_code
ask_something(void)
{
	static char question[9000], labels[GROUP_OPTIONS][9000];
	struct group_poll p = { .topic = (unsigned)number(5), .kind = (enum group_vote)below(3), .dots = (unsigned)number(10),
	    .id = below(5) ? "own" : "", .n_options = below(GROUP_OPTIONS + 1) };
	size_t at;

	p.question = some_text(question, 700);
	for (size_t i = 0; i < p.n_options; i++)
		p.options[i] = (struct group_option){ "o", some_text(labels[i], 400) };
	return group_ask(g, &p, &at, &err);
}

static enum err_code
anything(void)
{
	static char a[20000], b[20000];
	unsigned hands[GROUP_OPTIONS];
	uint8_t n[GROUP_OPTIONS], voter[16];
	struct group_summary s = { .agree = (unsigned)number(9), .change = (unsigned)number(9), .not_agreed = (unsigned)number(999) };
	struct group_note w = { .topic = (unsigned)number(5), .who = (unsigned)number(9), .minute = (unsigned)number(200000),
	    .is_exact = below(2), .themes = below(UINT32_MAX), .id = below(4) ? 0 : (uint32_t)number(20) };

	now += below(100) ? (int64_t)below(200) : (int64_t)below(2000000000) - 1000000000;
	switch (below(14)) {
	case 0: return group_come(g, (enum group_role)below(GROUP_ROLES), &err);
	case 1: return group_leave(g, (unsigned)number(9), below(2), &err);
	case 2: return group_agree(g, (enum group_consent)below(GROUP_CONSENTS), (unsigned)(below(3) ? 0 : number(9)), &err);
	case 3: return group_turn(g, (unsigned)number(5), now, &err);
	case 4: return group_strike(g, (uint32_t)number(30), below(2), &err);
	case 5: return ask_something();
	case 6:
		for (size_t i = 0; i < GROUP_OPTIONS; i++)
			n[i] = below(4) ? 0 : (uint8_t)number(3);
		memset(voter, (int)below(9), sizeof(voter));
		return group_vote(g, (size_t)number((int64_t)g->n_polls), voter, n, &err);
	case 7:
		for (size_t i = 0; i < GROUP_OPTIONS; i++)
			hands[i] = (unsigned)number(999);
		return group_hands(g, (size_t)number((int64_t)g->n_polls), hands, &err);
	case 8: return group_end_poll(g, (size_t)number((int64_t)g->n_polls), below(2), &err);
	case 9:
		s.sentence = some_text(a, below(20) ? 900 : 5000);
		s.minority = some_text(b, below(20) ? 900 : 5000);
		return group_read_back(g, (unsigned)number(5), &s, &err);
	case 10: return group_pause(g, now, &err);
	case 11: return group_again(g, now, &err);
	default:
		w.words = some_text(a, below(20) ? 1000 : 9000);
		return group_write(g, &w, &err);
	}
}

/* Three sessions of 250 events each, opened again after every 50: the same instance, and never a session that cannot
 * be opened or closed. */
START_TEST(any_events_in_any_order_are_read_again)
{
	unsigned kept = 0;

	state = (uint64_t)time(NULL) << 8 | (uint64_t)_i | 1;
	printf("any_events: seed %llu\n", (unsigned long long)state);
	people(GROUP_LIVES_HERE, 3);
	say_yes();
	for (int i = 1; i <= 250; i++) {
		enum err_code rc = anything();

		ck_assert_msg(rc == ERR_OK || rc == ERR_INPUT || rc == ERR_LIMIT || rc == ERR_ABSENT || rc == ERR_DENIED,
		    "event %d: %s: %s", i, err_word(rc), err.msg);
		kept += rc == ERR_OK;
		if (i % 50 == 0) {
			struct buf before, after;

			instance(&before);
			again();
			instance(&after);
			ck_assert_uint_eq(before.len, after.len);
			ck_assert_mem_eq(before.data, after.data, after.len);
			buf_free(&before);
			buf_free(&after);
		}
	}
	ck_assert_uint_gt(kept, 40);
}
END_TEST

/* --- the clock --- */

/* A box without a clock of its own begins in 1970 and is set while the group talks. */
START_TEST(a_clock_that_jumps_spoils_nothing)
{
	now = 100;
	ready();
	now += 120;
	ck_ok(note(0, "before"));
	ck_assert_uint_eq(g->notes[0].minute, 2);
	now = 1790000000;
	ck_ok(note(0, "after the clock was set"));
	ck_assert_uint_lt(g->notes[1].minute, 600);
	ck_ok(group_turn(g, 1, now, &err));
	now = 50;
	ck_ok(note(0, "set back"));
	ck_assert_uint_eq(g->notes[2].minute, 0);
	again();
	ck_assert_uint_eq(g->n_notes, 3);
	ck_assert(leaves("after the clock was set"));
}
END_TEST

START_TEST(the_time_a_session_lies_is_no_time_of_its_topic)
{
	ready();
	now += 300;
	ck_ok(group_pause(g, now, &err));
	now += 86400;
	again();
	ck_ok(group_again(g, now, &err));
	now += 60;
	ck_assert_uint_eq(group_topic_seconds(g, 0, now), 360);
}
END_TEST

START_TEST(after_a_power_cut_the_notes_tell_how_long_it_was)
{
	ready();
	now += 250;
	ck_ok(note(1, "in minute four"));
	now += 86400;
	again();
	ck_ok(group_again(g, now, &err));
	ck_assert_uint_eq(group_topic_seconds(g, 0, now + 60), 300);
}
END_TEST

/* --- what does not fit --- */

/* XML 1.0, production 2: these two are no characters. The session must close all the same. */
START_TEST(what_xml_cannot_say_is_left_out)
{
	ready();
	ck_ok(note(0, "a\xef\xbf\xbf" "b\xef\xbf\xbe" "c \x01\x1f\x08 d"));
	ck_assert(leaves("a b c     d"));
	again();
	ck_assert(leaves("a b c     d"));
}
END_TEST

/* CHAR in every place of the longest notes: in XML some take six times their room. */
START_TEST(a_full_session_is_closed_like_any_other)
{
	static const char *const chars[] = { "a", "\"", "é", "&" };
	struct group_summary s = { .agree = 8, .minority = "" };
	uint8_t n[GROUP_OPTIONS] = { 1 }, voter[16] = { 1 };
	struct group_poll p = { .topic = 0, .kind = GROUP_POLL, .dots = 1, .id = "own", .question = "?",
	    .options = { { "o1", "yes" }, { "o2", "no" } }, .n_options = 2 };
	char words[4 * GROUP_WORDS + 1] = "", sentence[4 * GROUP_SENTENCE + 1] = "";
	enum err_code rc = ERR_OK;
	unsigned notes = 0;
	size_t at;

	for (size_t i = 0; i < GROUP_WORDS; i++)
		strcat(words, chars[_i]);
	for (size_t i = 0; i < GROUP_SENTENCE; i++)
		strcat(sentence, "&");
	ready();
	ck_ok(group_ask(g, &p, &at, &err));
	while ((rc = note(0, words)) == ERR_OK)
		notes++;
	ck_assert_int_eq(rc, ERR_LIMIT);
	ck_assert_uint_gt(notes, 50);
	ck_assert_uint_eq(g->n_notes, notes);
	ck_ok(group_vote(g, at, voter, n, &err));
	ck_ok(group_end_poll(g, at, false, &err));
	s.sentence = sentence;
	s.minority = sentence;
	for (unsigned i = 0; i < g->guide.n_topics; i++)
		ck_ok(group_read_back(g, i, &s, &err));
	again();
	ck_assert_uint_eq(g->n_notes, notes);
	ck_assert(leaves("<option_n>1</option_n>"));
}
END_TEST

/* A tablet that changes its vote for ever does not fill the session. */
START_TEST(a_vote_is_changed_twenty_times)
{
	struct group_poll p = { .topic = 0, .kind = GROUP_POLL, .dots = 1, .id = "own", .question = "?",
	    .options = { { "o1", "yes" }, { "o2", "no" } }, .n_options = 2 };
	uint8_t yes[GROUP_OPTIONS] = { 1 }, no[GROUP_OPTIONS] = { 0, 1 }, voter[16] = { 1 }, other[16] = { 2 };
	size_t at;

	ready();
	ck_ok(group_ask(g, &p, &at, &err));
	ck_ok(group_vote(g, at, voter, yes, &err));
	for (int i = 0; i < 20; i++)
		ck_ok(group_vote(g, at, voter, i % 2 ? yes : no, &err));
	ck_err(group_vote(g, at, voter, no, &err), ERR_LIMIT, "20 changes");
	ck_ok(group_vote(g, at, other, no, &err));
	ck_assert_uint_eq(group_votes(&g->polls[at], 0), 1);
	ck_assert_uint_eq(group_votes(&g->polls[at], 1), 1);
	again();
	ck_err(group_vote(g, at, voter, no, &err), ERR_LIMIT, "20 changes");
}
END_TEST

/* --- people --- */

/* B goes, not the last of the role; the letters of the others stay theirs. */
START_TEST(whoever_leaves_takes_their_own_letter)
{
	ready();
	ck_ok(note(1, "said by B"));
	ck_ok(note(2, "said by C"));
	ck_ok(group_leave(g, 1, false, &err));
	ck_assert(g->people[1].has_left && !g->people[2].has_left && !g->people[3].has_left);
	ck_assert_uint_eq(group_of_role(g, GROUP_LIVES_HERE), 3);
	ck_assert(leaves("said by B"));
	ck_err(group_leave(g, 1, true, &err), ERR_ABSENT, "nobody of that letter");
	ck_err(group_leave(g, 25, true, &err), ERR_ABSENT, "nobody of that letter");
}
END_TEST

START_TEST(whoever_leaves_can_take_back_what_they_said)
{
	ready();
	ck_ok(note(1, "said by B"));
	ck_ok(note(2, "said by C"));
	ck_ok(note(1, "more of B"));
	ck_ok(group_leave(g, 1, true, &err));
	for (int i = 0; i < 2; i++) {
		ck_assert(!leaves("said by B") && !leaves("more of B") && leaves("said by C"));
		again();
	}
}
END_TEST

/* One no to notes, and one person of a role: docs/focus-groups.md, "What leaves". */
START_TEST(what_was_not_agreed_to_does_not_leave)
{
	ready();
	people(GROUP_ADVOCATE, 1);
	ck_ok(note(8, "of the advocate"));
	ck_assert(leaves("<note_role>other<") && !leaves("<note_role>advocate<"));
	ck_ok(group_agree(g, GROUP_NOTING, 1, &err));
	ck_err(note(0, "too late"), ERR_DENIED, "no to notes");
	ck_assert(!leaves("of the advocate") && leaves("<notes_no>1<"));
	ck_err(group_agree(g, GROUP_NOTING, 10, &err), ERR_INPUT, "10 of 9");
}
END_TEST

/* --- guides --- */

/* The library's guide with one line changed; what the message must say. */
static const struct { const char *from, *to, *says; } faults[] = {
	{ "s/\\(begin_group,t_.*\\),[0-9]*$/\\1/", "guide", "no topics" },
	{ "/,note,day_1/{p;s/day_1/day_1a/p;s/1a/1b/p;s/1b/1c/p;s/1c/1d/p;s/1d/1e/p;s/1e/1f/p;s/1f/1g/}", "t_day", "more than 8" },
	{ "/^,first,food/d;/^,first,e/d;/^,first,g/d;/^,first,v/d", "first", "two choices" },
	{ "/note_words/d", "note_words", "missing" },
};

START_TEST(a_bad_guide_is_named_with_its_fault)
{
	char command[300], csv[100];
	struct group_guide guide;
	struct catalog *c = NULL;
	enum err_code rc;

	snprintf(csv, sizeof(csv), "%s/bad.csv", folder);
	snprintf(command, sizeof(command), "sed '%s' forms/library/focus-group.csv > %s; rm %s/guide.xml", faults[_i].from, csv, folder);
	ck_assert_int_eq(system(command), 0);
	convert(csv, "bad");
	ck_ok(catalog_folder(folder, NULL, &c, &err));
	ck_assert_uint_eq(c->n, 1);
	rc = group_guide_read(&c->shelf[0], 0, &guide, &err);
	ck_assert_int_eq(rc, ERR_INPUT);
	ck_assert_msg(strstr(err.msg, faults[_i].to) != NULL && strstr(err.msg, faults[_i].says) != NULL, "%s", err.msg);
	group_guide_clear(&guide);
	catalog_free(c);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("group");
	TCase *t = tcase_create("group");

	tcase_set_timeout(t, 240);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, any_events_in_any_order_are_read_again, 0, 3);
	tcase_add_test(t, a_clock_that_jumps_spoils_nothing);
	tcase_add_test(t, the_time_a_session_lies_is_no_time_of_its_topic);
	tcase_add_test(t, after_a_power_cut_the_notes_tell_how_long_it_was);
	tcase_add_test(t, what_xml_cannot_say_is_left_out);
	tcase_add_loop_test(t, a_full_session_is_closed_like_any_other, 0, 4);
	tcase_add_test(t, a_vote_is_changed_twenty_times);
	tcase_add_test(t, whoever_leaves_takes_their_own_letter);
	tcase_add_test(t, whoever_leaves_can_take_back_what_they_said);
	tcase_add_test(t, what_was_not_agreed_to_does_not_leave);
	tcase_add_loop_test(t, a_bad_guide_is_named_with_its_fault, 0, (int)ARRAY_LEN(faults));
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite)
