/* tool_fault [--stride N] [--seed S] [--only KIND]: the n-th write, sync, truncation, open, deletion or allocation of a store's
 * life fails, for every n (or each N-th), once. The step it hits must say so in words or succeed; then the power
 * goes at once, and all that was promised must be there. Then the step is tried again and the life goes on. */
#include <stdarg.h>
#include <time.h>

#include "tests/collector/life.h"
#include "tests/test.h"

static struct life life;
static uint64_t silent, hits, steps_failed;

/* --- allocations of SQLite --- */

static sqlite3_mem_methods mem;
static long sqlite_left = -1;
static bool sqlite_hit;

static bool
starve(void)
{
	if (sqlite_left < 0 || sqlite_left-- > 0)
		return false;
	sqlite_hit = true;
	return true;
}

static void *
fault_malloc(int n)
{
	return starve() ? NULL : mem.xMalloc(n);
}

static void *
fault_realloc(void *p, int n)
{
	return starve() ? NULL : mem.xRealloc(p, n);
}

/* --- faults --- */

struct fault {
	const char *name;
	enum cut_op op;
	int code;
	bool is_short;
};

static const struct fault faults[] = {
	{ "write: no space", CUT_WRITE, SQLITE_FULL, false },
	{ "write: no space, half written", CUT_WRITE, SQLITE_FULL, true },
	{ "write: EIO", CUT_WRITE, SQLITE_IOERR_WRITE, false },
	{ "sync: EIO", CUT_SYNC, SQLITE_IOERR_FSYNC, false },
	{ "truncate: EIO", CUT_TRUNCATE, SQLITE_IOERR_TRUNCATE, false },
	{ "open: refused", CUT_OPEN, SQLITE_CANTOPEN, false },
	{ "delete: EIO", CUT_DELETE, SQLITE_IOERR_DELETE, false },
	{ "allocation of SQLite", CUT_OPS, 0, false },
	{ "allocation of ours", CUT_OPS, 1, false },
};

static void
arm(const struct fault *f, uint64_t n)
{
	sqlite_left = torture_left = -1;
	sqlite_hit = false;
	torture_hit = 0;
	if (f->op != CUT_OPS) {
		cut.fail_armed = true;
		cut.fail_op = f->op;
		cut.fail_n = n;
		cut.fail_with = f->code;
		cut.fail_short = f->is_short;
	} else if (f->code == 0) {
		sqlite_left = (long)n - 1;
	} else {
		torture_left = (long)n - 1;
	}
}

/* Did the fault happen? Then it is over. */
static bool
was_hit(void)
{
	if (cut.failed == 0 && !sqlite_hit && torture_hit == 0)
		return false;
	cut.failed = 0;
	cut.fail_armed = sqlite_hit = false;
	torture_hit = 0;
	sqlite_left = torture_left = -1;
	return true;
}

static void
disarm(void)
{
	was_hit();
	cut.fail_armed = false;
	sqlite_left = torture_left = -1;
}

/* One life with one fault. False if it never came. */
static bool
suffer(struct life *l, const struct fault *f, uint64_t n)
{
	bool hit = false;
	struct err err = { 0 };
	enum err_code rc;

	life_again(l);
	arm(f, n);
	for (int tries = 0; l->step < LIFE_STEPS;) {
		err.msg[0] = '\0';
		rc = l->kiosk == NULL || l->sync == NULL ? do_open(l, &err) : ERR_OK;
		if (rc == ERR_OK)
			rc = life_steps[l->step](l, &err);
		steps_failed += rc != ERR_OK;
		if (rc != ERR_OK && err.msg[0] == '\0') {
			silent++;
			snprintf(l->why, sizeof(l->why), "step %zu failed without a word", l->step);
		}
		if (!hit && was_hit()) {
			/* The power goes at once: what was told must hold already. */
			hit = true;
			if (rc == ERR_OK)
				l->step++;
			cut.dead = true;
			life_close(l);
			cut_recover();
			life_judge(l);
			life_close(l);
			tries = 0;
			continue;
		}
		if (rc == ERR_OK) {
			l->step++;
			tries = 0;
		} else if (++tries > 2) {
			blame(l, &l->unopened, "step %zu does not recover: %s", l->step, err.msg);
			break;
		}
	}
	disarm();
	life_close(l);
	life_judge(l);
	life_close(l);
	return hit;
}

int
main(int argc, char **argv)
{
	uint64_t stride = 1, seed = 0, only = UINT64_MAX;
	sqlite3_mem_methods own;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--stride") == 0)
			stride = strtoull(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--seed") == 0)
			seed = strtoull(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--only") == 0)
			only = strtoull(argv[i + 1], NULL, 10);
	}
	if (stride == 0 || argc % 2 == 0) {
		fprintf(stderr, "usage: tool_fault [--stride N] [--seed S] [--only KIND]\n");
		return 2;
	}
	if (seed == 0)
		seed = (uint64_t)time(NULL);
	sqlite3_config(SQLITE_CONFIG_GETMALLOC, &mem);
	own = mem;
	own.xMalloc = fault_malloc;
	own.xRealloc = fault_realloc;
	sqlite3_config(SQLITE_CONFIG_MALLOC, &own);
	cut_start(seed);
	life_init(&life);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		if (only != UINT64_MAX && i != only)
			continue;
		/* SQLite allocates some 86,000 times: of each hundred one, at another place each time. */
		uint64_t step = faults[i].op == CUT_OPS ? stride * (faults[i].code == 0 ? 101 : 1) : stride, n, count = 0;

		for (n = 1 + seed % step; suffer(&life, &faults[i], n); n += step) {
			hits++;
			count++;
			if (life_bad(&life) + silent > 0) {
				fprintf(stderr, "seed %llu, %s, number %llu, step %zu: %s\n", (unsigned long long)seed, faults[i].name,
				    (unsigned long long)n, life.step, life.why);
				return 1;
			}
		}
		printf("%-32s %6llu of about %llu\n", faults[i].name, (unsigned long long)count, (unsigned long long)n);
		fflush(stdout);
	}
	printf("%llu faults, %llu steps refused in words: %llu lost, %llu doubled, %llu stuck, %llu not verified, %llu undone, "
	    "%llu silent (seed %llu)\n", (unsigned long long)hits, (unsigned long long)steps_failed,
	    (unsigned long long)life.lost, (unsigned long long)life.doubled, (unsigned long long)life.unopened,
	    (unsigned long long)life.unverified, (unsigned long long)life.broken_promises, (unsigned long long)silent,
	    (unsigned long long)seed);
	life_clear(&life);
	return life_bad(&life) + silent > 0 || hits == 0;
}
