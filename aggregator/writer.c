/* The one thread that writes: takes what has come within a few milliseconds, decides and commits it as one
 * group, then answers. See intake.h. */
#include "aggregator/intake.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aggregator/logroot.h"
#include "base/log.h"

enum { GROUP_WAIT_MS = 5, GROUP_RECORDS = 1000, GROUP_BATCHES = 256, WAITING_MAX = 16 << 20 };

struct waiting {
	struct waiting *next;
	struct intake_batch *batch;
	bool done;
};

struct intake_writer {
	struct store *store;
	struct intake_log log;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t come, done;
	struct waiting *first, **last;
	size_t bytes;		/* waiting or being written */
	size_t records;
	bool stop;
};

static int
by_device(const void *x, const void *y)
{
	const struct intake_batch *a = *(struct intake_batch *const *)x, *b = *(struct intake_batch *const *)y;
	int order = memcmp(a->h.device, b->h.device, 16);

	if (order == 0 && a->h.lane != b->h.lane)
		return a->h.lane < b->h.lane ? -1 : 1;
	if (order == 0 && a->h.a != b->h.a)
		return a->h.a < b->h.a ? -1 : 1;
	return order;
}

static enum err_code
run(struct store *st, struct intake_log *log, struct intake_batch **batches, size_t n, struct err *err)
{
	enum err_code rc = st->ops->begin(st, err);

	if (rc != ERR_OK)
		return rc;
	for (size_t i = 0; i < n && rc == ERR_OK; i++)
		rc = intake_decide(st, log, batches[i], err);
	if (rc == ERR_OK)
		return st->ops->commit(st, err);
	st->ops->rollback(st);
	return rc;
}

static void
later(struct intake_batch **batches, size_t n, const struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		batches[i]->result = INTAKE_LATER;
		batches[i]->why = *err;
	}
}

/* Batches FIRST..N of a group: together, and where that fails one by one, so that none fails for another. */
static void
part(struct store *st, struct intake_log *log, struct intake_batch **batches, size_t n)
{
	struct err err = { 0 };

	if (run(st, log, batches, n, &err) == ERR_OK)
		return;
	log_err("aggregator", "group", &err);
	for (size_t i = 0; i < n; i++)
		if (run(st, log, &batches[i], 1, &err) != ERR_OK) {
			log_err("aggregator", "batch", &err);
			later(&batches[i], 1, &err);
		}
}

void
intake_group(struct store *st, struct intake_log *log, struct intake_batch **batches, size_t n)
{
	uint32_t today = (uint32_t)(clock_now_s(log->clock) / 86400);
	size_t from = 0, to;
	struct err err;

	/* A new day: close those before, ahead of the first receipt of this one. */
	if (today > log->log_day) {
		log->log_day = today;
		if (logroot_close(st, log, &err) != ERR_OK)
			log_err("aggregator", "root", &err);
	}
	qsort(batches, n, sizeof(*batches), by_device);
	for (; from < n; from = to) {
		to = n;
		if (st->ops->one_device)
			for (to = from + 1; to < n && memcmp(batches[to]->h.device, batches[from]->h.device, 16) == 0; )
				to++;
		part(st, log, batches + from, to - from);
	}
}

/* Wait for the first batch, then a few milliseconds for company. Called and left with the lock held. */
static void
gather(struct intake_writer *w)
{
	struct timespec until;

	while (w->first == NULL && !w->stop)
		pthread_cond_wait(&w->come, &w->lock);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += GROUP_WAIT_MS * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_nsec -= 1000000000L;
		until.tv_sec++;
	}
	while (w->first != NULL && w->records < GROUP_RECORDS && !w->stop)
		if (pthread_cond_timedwait(&w->come, &w->lock, &until) == ETIMEDOUT)
			break;
}

static void *
write_all(void *arg)
{
	struct intake_writer *w = arg;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		struct intake_batch *batches[GROUP_BATCHES];
		struct waiting *group[GROUP_BATCHES];
		size_t n = 0, records = 0;

		gather(w);
		while (w->first != NULL && n < GROUP_BATCHES && (n == 0 || records < GROUP_RECORDS)) {
			group[n] = w->first;
			batches[n] = w->first->batch;
			records += w->first->batch->h.n;
			w->first = w->first->next;
			n++;
		}
		if (w->first == NULL)
			w->last = &w->first;
		w->records -= records;
		if (n == 0 && w->stop)
			break;
		pthread_mutex_unlock(&w->lock);
		intake_group(w->store, &w->log, batches, n);
		pthread_mutex_lock(&w->lock);
		for (size_t i = 0; i < n; i++) {
			w->bytes -= group[i]->batch->len;
			group[i]->done = true;
		}
		pthread_cond_broadcast(&w->done);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

enum err_code
intake_writer_start(struct store *st, const struct intake_log *log, struct intake_writer **out, struct err *err)
{
	struct intake_writer *w = calloc(1, sizeof(*w));

	*out = NULL;
	if (w == NULL)
		return err_nomem(err);
	w->store = st;
	w->log = *log;
	w->last = &w->first;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->come, NULL);
	pthread_cond_init(&w->done, NULL);
	if (pthread_create(&w->thread, NULL, write_all, w) != 0) {
		free(w);
		return err_set(err, ERR_BROKEN, "the writer thread did not start");
	}
	*out = w;
	return ERR_OK;
}

void
intake_submit(struct intake_writer *w, struct intake_batch *b)
{
	struct waiting me = { .batch = b };

	pthread_mutex_lock(&w->lock);
	if (w->stop || w->bytes > WAITING_MAX - b->len) {
		pthread_mutex_unlock(&w->lock);
		b->result = INTAKE_LATER;
		err_set(&b->why, ERR_AGAIN, "too much is waiting to be written");
		return;
	}
	*w->last = &me;
	w->last = &me.next;
	w->bytes += b->len;
	w->records += b->h.n;
	pthread_cond_signal(&w->come);
	while (!me.done)
		pthread_cond_wait(&w->done, &w->lock);
	pthread_mutex_unlock(&w->lock);
}

void
intake_writer_stop(struct intake_writer *w)
{
	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->come);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->come);
	pthread_cond_destroy(&w->done);
	free(w);
}
