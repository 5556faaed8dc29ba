/* tool_fault [--stride N] [--seed S] [--only KIND] [--from KIND]: the n-th write, sync, truncation, open, deletion, lock, mapping,
 * rename or allocation of a store's life fails, for every n (or each N-th), once, and so does every one of the files
 * beside it. The step it hits must say so in words or succeed; then, every other time, the power goes at once; all that
 * was promised must be there. Then the step is tried again, and every tenth time the life goes on to its end. (Of SQLite's
 * allocations, which are some 33,000: every eighth, every fortieth time.)
 *
 * A life is 61 steps; each fault begins at its own step, from a copy of what the disk had before it. */
#include <errno.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <time.h>

#include "tests/collector/fault_files.h"
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

/* --- system calls of SQLite --- */

enum sys { SYS_PWRITE, SYS_PREAD, SYS_OPEN, SYS_TRUNCATE, SYS_LOCK, SYS_MAP, SYS_STAT, SYS_ALL };

static struct {
	enum sys which;
	long left;
	int with;	/* errno; 0: half of it is done, and that is said */
	bool hit;
} sys = { .left = -1 };

static bool
sys_fails(enum sys which)
{
	if (sys.left < 0 || which != sys.which || sys.left-- > 0)
		return false;
	sys.hit = true;
	errno = sys.with;
	return true;
}

static ssize_t
sys_pwrite(int fd, const void *p, size_t n, off_t at)
{
	if (sys_fails(SYS_PWRITE))
		return sys.with != 0 ? -1 : pwrite(fd, p, (n + 1) / 2, at);
	return pwrite(fd, p, n, at);
}

static ssize_t
sys_pread(int fd, void *p, size_t n, off_t at)
{
	if (sys_fails(SYS_PREAD))
		return sys.with != 0 ? -1 : pread(fd, p, (n + 1) / 2, at);
	return pread(fd, p, n, at);
}

static int
sys_open(const char *path, int flags, int mode)
{
	return sys_fails(SYS_OPEN) ? -1 : open(path, flags, mode);
}

static int
sys_truncate(int fd, off_t n)
{
	return sys_fails(SYS_TRUNCATE) ? -1 : ftruncate(fd, n);
}

static int
sys_lock(int fd, int op, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, op);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (op == F_SETLK && ((struct flock *)arg)->l_type != F_UNLCK && sys_fails(SYS_LOCK))
		return -1;
	return fcntl(fd, op, arg);
}

static void *
sys_map(void *at, size_t n, int prot, int flags, int fd, off_t from)
{
	return sys_fails(SYS_MAP) ? MAP_FAILED : mmap(at, n, prot, flags, fd, from);
}

static int
sys_stat(int fd, struct stat *st)
{
	return sys_fails(SYS_STAT) ? -1 : fstat(fd, st);
}

static void
sys_start(void)
{
	static const struct { const char *name; sqlite3_syscall_ptr fn; } calls[] = {
		{ "pwrite", (sqlite3_syscall_ptr)sys_pwrite }, { "pwrite64", (sqlite3_syscall_ptr)sys_pwrite },
		{ "pread", (sqlite3_syscall_ptr)sys_pread }, { "pread64", (sqlite3_syscall_ptr)sys_pread },
		{ "open", (sqlite3_syscall_ptr)sys_open }, { "ftruncate", (sqlite3_syscall_ptr)sys_truncate },
		{ "fcntl", (sqlite3_syscall_ptr)sys_lock }, { "mmap", (sqlite3_syscall_ptr)sys_map },
		{ "fstat", (sqlite3_syscall_ptr)sys_stat },
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (cut.real->xSetSystemCall(cut.real, calls[i].name, calls[i].fn) != SQLITE_OK) {
			fprintf(stderr, "tool_fault: SQLite has no %s to replace\n", calls[i].name);
			exit(1);
		}
}

/* --- faults --- */

enum where { DISK, SYSTEM, OURS, SQLITE_MEMORY, OUR_MEMORY };

struct fault {
	const char *name;
	enum where where;
	int op;		/* enum cut_op, enum sys, enum torture_call */
	int with;	/* SQLite's code, errno */
	bool is_short;
};

static const struct fault faults[] = {
	{ "disk: write, no space", DISK, CUT_WRITE, SQLITE_FULL, false },
	{ "disk: write, no space, half written", DISK, CUT_WRITE, SQLITE_FULL, true },
	{ "disk: write, EIO", DISK, CUT_WRITE, SQLITE_IOERR_WRITE, false },
	{ "disk: sync, EIO", DISK, CUT_SYNC, SQLITE_IOERR_FSYNC, false },
	{ "disk: truncate, EIO", DISK, CUT_TRUNCATE, SQLITE_IOERR_TRUNCATE, false },
	{ "disk: open, refused", DISK, CUT_OPEN, SQLITE_CANTOPEN, false },
	{ "disk: delete, EIO", DISK, CUT_DELETE, SQLITE_IOERR_DELETE, false },
	{ "call: pwrite, EINTR", SYSTEM, SYS_PWRITE, EINTR, false },
	{ "call: pwrite, short", SYSTEM, SYS_PWRITE, 0, true },
	{ "call: pwrite, ENOSPC", SYSTEM, SYS_PWRITE, ENOSPC, false },
	{ "call: pread, EINTR", SYSTEM, SYS_PREAD, EINTR, false },
	{ "call: pread, short", SYSTEM, SYS_PREAD, 0, true },
	{ "call: pread, EIO", SYSTEM, SYS_PREAD, EIO, false },
	{ "call: open, EINTR", SYSTEM, SYS_OPEN, EINTR, false },
	{ "call: open, EMFILE", SYSTEM, SYS_OPEN, EMFILE, false },
	{ "call: ftruncate, EINTR", SYSTEM, SYS_TRUNCATE, EINTR, false },
	{ "call: ftruncate, ENOSPC", SYSTEM, SYS_TRUNCATE, ENOSPC, false },
	{ "call: fcntl lock, ENOLCK", SYSTEM, SYS_LOCK, ENOLCK, false },
	{ "call: mmap, ENOMEM", SYSTEM, SYS_MAP, ENOMEM, false },
	{ "call: fstat, EIO", SYSTEM, SYS_STAT, EIO, false },
	{ "ours: open, EMFILE", OURS, TORTURE_OPEN, EMFILE, false },
	{ "ours: write, ENOSPC", OURS, TORTURE_WRITE, ENOSPC, false },
	{ "ours: write, EINTR", OURS, TORTURE_WRITE, EINTR, false },
	{ "ours: write, short", OURS, TORTURE_WRITE, 0, true },
	{ "ours: fsync, EIO", OURS, TORTURE_FSYNC, EIO, false },
	{ "ours: fchmod, EIO", OURS, TORTURE_FCHMOD, EIO, false },
	{ "ours: unlink, EIO", OURS, TORTURE_UNLINK, EIO, false },
	{ "ours: close, EINTR", OURS, TORTURE_CLOSE, EINTR, false },
	{ "memory: SQLite's", SQLITE_MEMORY, 0, 0, false },
	{ "memory: ours", OUR_MEMORY, 0, 0, false },
};

/* Nothing fails from here on. Did it? */
static bool
disarm(void)
{
	bool hit = cut.failed > 0 || sqlite_hit || torture_hit || sys.hit || torture_calls.hit;

	cut.failed = 0;
	cut.fail_armed = sqlite_hit = sys.hit = false;
	torture_hit = torture_calls.hit = 0;
	sqlite_left = torture_left = sys.left = torture_calls.left = -1;
	return hit;
}

static void
arm(const struct fault *f, uint64_t n)
{
	disarm();
	switch (f->where) {
	case DISK:
		memset(cut.seen, 0, sizeof(cut.seen));
		cut.fail_armed = true;
		cut.fail_op = (enum cut_op)f->op;
		cut.fail_n = n;
		cut.fail_with = f->with;
		cut.fail_short = f->is_short;
		break;
	case SYSTEM:
		sys.which = (enum sys)f->op;
		sys.with = f->with;
		sys.left = (long)n - 1;
		break;
	case OURS:
		torture_calls.call = (enum torture_call)f->op;
		torture_calls.with = f->with;
		torture_calls.is_short = f->is_short;
		torture_calls.left = (long)n - 1;
		break;
	case SQLITE_MEMORY:
		sqlite_left = (long)n - 1;
		break;
	case OUR_MEMORY:
		torture_left = (long)n - 1;
		break;
	}
}

/* --- a step, from the state before it --- */

struct station {
	struct life life;	/* without its connections */
	struct cut_saved disk;
};
static struct station stations[LIFE_STEPS];

static enum err_code
one_step(struct life *l, struct err *err)
{
	enum err_code rc = l->kiosk == NULL || l->sync == NULL ? do_open(l, err) : ERR_OK;

	if (rc == ERR_OK)
		rc = life_steps[l->step](l, err);
	if (rc == ERR_OK)
		l->step++;
	return rc;
}

static void
make_stations(struct life *l)
{
	struct err err = { 0 };

	life_again(l);
	while (l->step < LIFE_STEPS) {
		struct station *s = &stations[l->step];

		s->life = *l;
		s->life.kiosk = s->life.sync = NULL;
		cut_save(&s->disk);
		if (one_step(l, &err) != ERR_OK)
			life_die("a step without a fault", &err);
	}
	life_close(l);
}

static void
go_to(struct life *l, size_t step)
{
	life_again(l);
	cut_load(&stations[step].disk);
	*l = stations[step].life;
}

/* On with the life, without faults, up to step END. */
static void
go_on(struct life *l, size_t end)
{
	struct err err = { 0 };

	for (int tries = 0; l->step < end;) {
		if (one_step(l, &err) == ERR_OK) {
			tries = 0;
		} else if (++tries > 2) {
			blame(l, &l->unopened, "step %zu does not recover: %s", l->step, err.msg);
			return;
		}
	}
}

/* The N-th of what F says fails in STEP. False if there is no such. */
static bool
suffer(struct life *l, const struct fault *f, size_t step, uint64_t n)
{
	/* There are more of SQLite's allocations than of all the rest. */
	bool is_many = f->where == SQLITE_MEMORY, power_goes = n % (is_many ? 8 : 2) == 0;
	bool to_the_end = (n + step) % (is_many ? 40 : 10) == 0;
	struct err err = { 0 };
	enum err_code rc;

	go_to(l, step);
	/* The connections are there before, but where opening them is the step. */
	if (l->created && do_open(l, &err) != ERR_OK)
		life_die("open", &err);
	arm(f, n);
	rc = one_step(l, &err);
	if (!disarm()) {
		life_close(l);
		return false;
	}
	steps_failed += rc != ERR_OK;
	if (rc != ERR_OK && err.msg[0] == '\0') {
		silent++;
		snprintf(l->why, sizeof(l->why), "step %zu failed without a word", step);
	}
	/* The power goes at once: what was told must hold already. Or it stays, and the same connections go on. */
	if (power_goes) {
		cut.dead = true;
		life_close(l);
		cut_recover();
	}
	life_judge(l);
	go_on(l, to_the_end ? LIFE_STEPS : step + 1);
	if (to_the_end) {
		life_close(l);
		life_judge(l);
	}
	life_close(l);
	return true;
}

static bool
all_of(const struct fault *f, uint64_t stride, uint64_t seed)
{
	uint64_t begin = hits;

	for (size_t step = 0; step < LIFE_STEPS; step++) {
		uint64_t n = 1 + (seed + step * 7) % stride;

		for (; suffer(&life, f, step, n); n += stride) {
			hits++;
			if (life_bad(&life) + silent > 0) {
				fprintf(stderr, "seed %llu, %s, step %zu, number %llu: %s\n", (unsigned long long)seed, f->name, step,
				    (unsigned long long)n, life.why);
				return false;
			}
		}
	}
	printf("%-36s %6llu%s\n", f->name, (unsigned long long)(hits - begin), stride > 1 ? "" : ", all there are");
	fflush(stdout);
	return true;
}

int
main(int argc, char **argv)
{
	uint64_t stride = 1, seed = 0, only = UINT64_MAX, from = 0, files;
	sqlite3_mem_methods own;
	bool good = true;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--stride") == 0)
			stride = strtoull(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--seed") == 0)
			seed = strtoull(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--only") == 0)
			only = strtoull(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--from") == 0)
			from = strtoull(argv[i + 1], NULL, 10);
	}
	if (stride == 0 || argc % 2 == 0) {
		fprintf(stderr, "usage: tool_fault [--stride N] [--seed S] [--only KIND] [--from KIND]\n");
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
	sys_start();
	life_init(&life);
	make_stations(&life);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]) && good; i++) {
		/* In a slice, of SQLite's allocations only one of each hundred strides. */
		uint64_t by = stride > 1 && faults[i].where == SQLITE_MEMORY ? stride * 101 : stride;

		if (i >= from && (only == UINT64_MAX || i == only))
			good = all_of(&faults[i], by, seed);
	}
	files = good && only == UINT64_MAX ? files_suffer(life.dir, &silent) : 0;
	printf("%llu faults in a store's life, %llu steps refused in words: %llu lost, %llu doubled, %llu stuck, %llu not verified, "
	    "%llu undone, %llu silent; %llu faults in writing files (seed %llu)\n", (unsigned long long)hits,
	    (unsigned long long)steps_failed, (unsigned long long)life.lost, (unsigned long long)life.doubled,
	    (unsigned long long)life.unopened, (unsigned long long)life.unverified, (unsigned long long)life.broken_promises,
	    (unsigned long long)silent, (unsigned long long)files, (unsigned long long)seed);
	for (size_t i = 0; i < LIFE_STEPS; i++)
		cut_forget(&stations[i].disk);
	good &= life_bad(&life) + silent == 0 && hits > 0 && (files > 0 || only != UINT64_MAX);
	life_clear(&life);
	return good ? 0 : 1;
}
