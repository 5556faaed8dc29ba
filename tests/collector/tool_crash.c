/* tool_crash --cuts N --seed S [--no-extra | --no-folder-sync | --lying]: N power cuts at every point of a store's
 * life. --no-extra leaves out what synchronous=EXTRA adds to FULL; SQLite's unix VFS still syncs the folder at the
 * first sync of a WAL (strace shows it), so this must hold, too. In the two broken worlds (the folder is never
 * synced; the disk lies about flushing) promises must break, else the test cannot see anything: there the exit
 * status is 0 only if something went wrong. */
#include <stdarg.h>
#include <time.h>

#include "tests/collector/life.h"

static struct life life;
static bool broken_world;

/* Live on from where the life is until its end or the next cut. True at the end. */
static bool
live(struct life *l)
{
	struct err err;

	while (l->step < LIFE_STEPS) {
		enum err_code rc = l->kiosk == NULL || l->sync == NULL ? do_open(l, &err) : ERR_OK;

		if (rc == ERR_OK)
			rc = life_steps[l->step](l, &err);
		if (cut.dead)
			return false;
		if (rc != ERR_OK && broken_world) {
			blame(l, &l->unopened, "step %zu: %s", l->step, err.msg);
			return true;
		}
		if (rc != ERR_OK) {
			fprintf(stderr, "step %zu failed without a cut: %s\n", l->step, err.msg);
			exit(1);
		}
		l->step++;
	}
	return true;
}

int
main(int argc, char **argv)
{
	uint64_t cuts = 10000, seed = 0, done = 0, first = 0, lives = 0, all, before;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--cuts") == 0 && i + 1 < argc)
			cuts = strtoull(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
			seed = strtoull(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--no-extra") == 0)
			cut.no_extra = true;
		else if (strcmp(argv[i], "--no-folder-sync") == 0)
			cut.no_folder_sync = broken_world = true;
		else if (strcmp(argv[i], "--lying") == 0)
			cut.lies = broken_world = true;
		else {
			fprintf(stderr, "usage: tool_crash [--cuts N] [--seed S] [--no-extra | --no-folder-sync | --lying]\n");
			return 2;
		}
	}
	if (seed == 0)
		seed = (uint64_t)time(NULL);
	cut_start(seed);
	life_init(&life);
	life_again(&life);
	live(&life);
	life_close(&life);
	all = cut.ops;
	while (done < cuts) {
		bool over = false;

		life_again(&life);
		/* The first cut of each life goes through all operations in turn; then some at random. */
		first = first % all + 1;
		cut.cut_at = first;
		lives++;
		while (!over && done < cuts) {
			over = live(&life);
			if (over)
				break;
			life_close(&life);
			cut_recover();
			done++;
			before = life_bad(&life);
			life_judge(&life);
			life_close(&life);
			if (life_bad(&life) > before && !broken_world) {
				fprintf(stderr, "seed %llu, cut %llu, at operation %llu of life %llu, step %zu: %s\n",
				    (unsigned long long)seed, (unsigned long long)done, (unsigned long long)first,
				    (unsigned long long)lives, life.step, life.why);
				return 1;
			}
			if (life_bad(&life) > before)
				break;	/* a broken world: this life is over */
			cut.cut_at = cut.ops + 1 + cut_random() % (all / 2);
		}
		life_close(&life);
	}
	printf("%llu cuts in %llu lives of %llu operations: %llu lost, %llu doubled, "
	    "%llu not opened, %llu not verified, %llu undone (seed %llu)\n", (unsigned long long)done, (unsigned long long)lives, (unsigned long long)all, (unsigned long long)life.lost,
	    (unsigned long long)life.doubled, (unsigned long long)life.unopened, (unsigned long long)life.unverified,
	    (unsigned long long)life.broken_promises, (unsigned long long)seed);
	life_clear(&life);
	return (life_bad(&life) > 0) == broken_world ? 0 : 1;
}
