/* Simulation: one process, from a seed, N boxes and a centre over a network that loses questions and answers and
 * doubles them, boxes that restart, are killed or are restored from an old copy, a centre that is killed or restored
 * from an old copy, commits that fail before or after the fact, and a clock that jumps. Time, network, faults and
 * random numbers (keys, ids, sealing) all come from the seed. Afterwards every thanked answer is at the centre, once,
 * in chains that verify. Most schedules have 3 boxes, one in ten 30, each 200th 1,000.
 * CANDOUR_SIM_SEEDS says how many seeds (200 of them in `make test` are 40 here times five schedules each);
 * CANDOUR_SIM_SEED replays one; CANDOUR_SIM_BOXES sets the number of boxes. */
#include "tests/sync/world.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/resource.h>

enum { MANY = 100, FILES = 4 };	/* files that an open box holds, at most */

struct sim {
	struct world w;
	struct box *boxes;
	size_t n;
	uint64_t rng;
	unsigned lose, lose_answer, twice;	/* per thousand */
	bool has_backup;
	bool lazy;	/* not all boxes may be open at once: only while something happens to one */
};

static struct store_ops flaky;
static const struct store_ops *real_ops;
static struct sim *now_running;

/* splitmix64: repeatable; no secret comes from it. */
static uint32_t
draw(struct sim *s, uint32_t n)
{
	uint64_t z = s->rng += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((z ^ (z >> 31)) >> 32) % n;
}

/* libsodium's random numbers of this process, from the seed: a stream of its own, so that what a schedule decides
 * does not hang on how many numbers a library takes. For tests; worth nothing as secrets. */
static uint64_t noise;

static const char *
seeded_name(void)
{
	return "seeded";
}

static uint32_t
seeded_random(void)
{
	uint64_t z = noise += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((z ^ (z >> 31)) >> 32);
}

static void
seeded_buf(void *const out, const size_t len)
{
	for (size_t i = 0; i < len; i++)
		((uint8_t *)out)[i] = (uint8_t)seeded_random();
}

static struct randombytes_implementation seeded = { .implementation_name = seeded_name, .random = seeded_random,
	.buf = seeded_buf };

static enum fate
fate_by_chance(struct box *b, const char *method, const char *path)
{
	struct sim *s = b->fate_arg;
	uint32_t x = draw(s, 1000);

	(void)method;
	(void)path;
	if (x < s->lose)
		return FATE_LOST_ASKING;
	if (x < s->lose + s->lose_answer)
		return FATE_LOST_ANSWER;
	return x < s->lose + s->lose_answer + s->twice ? FATE_DOUBLED : FATE_GOOD;
}

static enum err_code
flaky_commit(struct store *st, struct err *err)
{
	uint32_t x = draw(now_running, 100);
	enum err_code rc;

	if (x < 5) {
		real_ops->rollback(st);
		return err_set(err, ERR_AGAIN, "disk full");
	}
	rc = real_ops->commit(st, err);
	if (rc == ERR_OK && x < 10)
		return err_set(err, ERR_BROKEN, "lost at commit");
	return rc;
}

static void
restart(struct box *b)
{
	enum fate (*fate)(struct box *, const char *, const char *) = b->fate;

	box_close(b);
	box_open(b);
	b->fate = fate;
}

/* SIGKILL: what is in the files goes on, what was in memory does not. */
static void
kill_box(struct box *b)
{
	enum fate (*fate)(struct box *, const char *, const char *) = b->fate;
	char now[160];

	snprintf(now, sizeof(now), "%s.now", b->db);
	copy_db(b->db, now);
	box_close(b);
	copy_db(now, b->db);
	box_open(b);
	b->fate = fate;
}

/* The centre's files as they are, kept at TO. A server keeps its own. */
static bool
copy_centre(struct sim *s, const char *to)
{
	if (strncmp(s->w.where, s->w.dir, strlen(s->w.dir)) != 0)
		return false;
	copy_db(s->w.where, to);
	return true;
}

static void
centre_goes_on_from(struct sim *s, const char *from)
{
	store_close(s->w.store);
	copy_db(from, s->w.where);
	world_open(&s->w);
	s->w.store->ops = &flaky;
}

static void
wake(struct box *b)
{
	if (b->outbox == NULL)
		box_open(b);
}

static void
rest(struct sim *s, struct box *b)
{
	if (s->lazy)
		box_close(b);
}

/* One thing that happens. */
static void
event(struct sim *s)
{
	struct box *b = &s->boxes[draw(s, (uint32_t)s->n)];
	char copy[500];

	wake(b);
	s->w.now_ms += draw(s, 600000);
	s->w.boot_ms += draw(s, 600000);
	switch (draw(s, 24)) {
	case 0: case 1: case 2: case 3: case 4: case 5: case 6:
		box_give(b, 1 + draw(s, 6));
		break;
	case 7:
		restart(b);
		break;
	case 8:
		/* A copy of the disk is taken. */
		snprintf(copy, sizeof(copy), "%s.copy", b->db);
		box_close(b);
		copy_db(b->db, copy);
		box_open(b);
		break;
	case 9:
		/* The disk is restored from it, after what was there had been delivered: what a lost disk held and
		 * nobody had sent is lost by any system. */
		snprintf(copy, sizeof(copy), "%s.copy", b->db);
		if (access(copy, F_OK) != 0 || draw(s, 3) != 0)
			break;
		s->lose = s->lose_answer = 0;
		s->w.store->ops = real_ops;
		box_deliver(b);
		s->w.store->ops = &flaky;
		box_close(b);
		copy_db(copy, b->db);
		box_open(b);
		/* What this box sent is nowhere but at the centre now: an older backup of that would lose it. */
		s->has_backup = false;
		break;
	case 10:
		s->lose = draw(s, 400);
		s->lose_answer = draw(s, 400);
		s->twice = draw(s, 200);
		break;
	case 11:
		s->w.now_ms += draw(s, 2) == 0 ? -86400000 : 86400000;
		break;
	case 12:
		kill_box(b);
		break;
	case 13:
		if (s->n > MANY && draw(s, 20) != 0)
			break;
		snprintf(copy, sizeof(copy), "%s.now", s->w.where);
		if (copy_centre(s, copy))
			centre_goes_on_from(s, copy);
		break;
	case 14:
		if (s->n > MANY && draw(s, 20) != 0)
			break;
		/* A backup of the centre is taken, or what was taken is brought back: the boxes keep what they sent. */
		snprintf(copy, sizeof(copy), "%s.backup", s->w.where);
		if (!s->has_backup || draw(s, 3) != 0)
			s->has_backup = copy_centre(s, copy);
		else
			centre_goes_on_from(s, copy);
		break;
	default:
		(void)box_round(b);
		break;
	}
	rest(s, b);
}

static void
run(uint64_t seed, size_t n, size_t events)
{
	struct sim *s = calloc(1, sizeof(*s));
	size_t given = 0, chains = 0;
	struct rlimit files;
	char name[32];

	ck_assert_ptr_nonnull(s);
	s->rng = seed;
	s->n = n;
	noise = ~seed;
	if (n > MANY && getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		s->lazy = setrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur < n * FILES + MANY;
	}
	ck_assert_int_eq(randombytes_set_implementation(&seeded), 0);
	world_init(&s->w, NULL);
	s->boxes = calloc(n, sizeof(*s->boxes));
	ck_assert_ptr_nonnull(s->boxes);
	for (size_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "box%zu", i);
		box_init(&s->boxes[i], &s->w, name);
		s->boxes[i].fate = fate_by_chance;
		s->boxes[i].fate_arg = s;
		rest(s, &s->boxes[i]);
	}
	now_running = s;
	real_ops = s->w.store->ops;
	flaky = *real_ops;
	flaky.commit = flaky_commit;
	s->w.store->ops = &flaky;
	for (size_t i = 0; i < events; i++)
		event(s);
	/* The weather clears. */
	s->lose = s->lose_answer = s->twice = 0;
	s->w.store->ops = real_ops;
	for (size_t i = 0; i < n; i++) {
		wake(&s->boxes[i]);
		box_deliver(&s->boxes[i]);
		rest(s, &s->boxes[i]);
		chains += box_all_kept(&s->boxes[i]);
		given += s->boxes[i].n_given;
	}
	/* Each answer is one row, and each chain's opening one: nothing is there twice. */
	ck_assert_msg(world_records(&s->w) == given + chains, "seed %llu: %llu records of %zu answers and %zu epochs",
	    (unsigned long long)seed, (unsigned long long)world_records(&s->w), given, chains);
	for (size_t i = 0; i < n; i++) {
		wake(&s->boxes[i]);
		box_free(&s->boxes[i]);
	}
	free(s->boxes);
	world_free(&s->w);
	free(s);
}

static uint64_t
number(const char *name, uint64_t preset)
{
	const char *text = getenv(name);

	return text == NULL ? preset : strtoull(text, NULL, 10);
}

START_TEST(nothing_is_lost_or_doubled)
{
	uint64_t first = number("CANDOUR_SIM_SEED", 0);

	log_to(open("/dev/null", O_WRONLY));
	if (first == 0)
		first = 1 + (uint64_t)_i * 5;
	for (uint64_t seed = first; seed < first + (getenv("CANDOUR_SIM_SEED") != NULL ? 1 : 5); seed++) {
		/* The last line of a run that fails names its seed. */
		uint64_t boxes = number("CANDOUR_SIM_BOXES", seed % 200 == 0 ? 1000 : seed % 10 == 5 ? 30 : 3);

		fprintf(stderr, "seed %llu boxes %llu\n", (unsigned long long)seed, (unsigned long long)boxes);
		run(seed, boxes, boxes > MANY ? 5 * boxes : boxes > 3 ? 10 * boxes : 90);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("simulation");
	TCase *t = tcase_create("seeds");

	tcase_set_timeout(t, 600);
	tcase_add_loop_test(t, nothing_is_lost_or_doubled, 0, getenv("CANDOUR_SIM_SEED") != NULL ? 1
	    : (int)number("CANDOUR_SIM_SEEDS", 200) / 5);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite)
