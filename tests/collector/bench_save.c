/* The sealed store against its limit lines, each measured in the same run (ARCHITECTURE.md, Budgets): a durable save
 * against append + fdatasync + two crypto_box_seal; sealing and opening against the bare sealed boxes.
 * SAVES can be set; the files are made under build/. bench_verify.c has the rest. */
#include <fcntl.h>
#include <sodium.h>
#include <time.h>

#include "tests/collector/site.h"

static double
now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static size_t
setting(const char *name, size_t preset)
{
	const char *v = getenv(name);

	return v == NULL ? preset : (size_t)strtoull(v, NULL, 10);
}

static void
die(const char *what)
{
	fprintf(stderr, "bench_save: %s: %s\n", what, err.msg);
	exit(1);
}

static struct seal_key *keys[2];
static struct seal_recipient to[2];
static char answer[700];	/* an answer of usual size: 736 bytes with its head, padded to 1,024 */

static void
seal_one(struct sealed_record *r)
{
	struct record_plain plain = { .type = PLAIN_INSTANCE, .content = (const uint8_t *)answer, .len = sizeof(answer) };

	if (seal_record(to, 2, LANE_ANSWERS, device_a, NULL, NULL, &plain, r, &err) != ERR_OK)
		die("seal");
}

static void
bare_seal(uint8_t box[2][80])
{
	uint8_t dek[32];

	randombytes_buf(dek, sizeof(dek));
	for (int i = 0; i < 2; i++)
		if (crypto_box_seal(box[i], dek, sizeof(dek), to[i].public_) != 0)
			die("crypto_box_seal");
}

/* --- durable save --- */

static void
save(void)
{
	size_t n = setting("SAVES", 1000), rounds = 20, per = n / rounds;
	double *ours = calloc(n, sizeof(*ours)), *bare = calloc(n, sizeof(*bare)), sum_ours = 0, sum_bare = 0;
	struct outbox *ob = NULL;
	char path[128], line[1400];
	int fd;

	if (ours == NULL || bare == NULL || per == 0)
		die("SAVES");
	n = per * rounds;
	snprintf(path, sizeof(path), "%s/append", folder);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd < 0 || outbox_create(db_path, device_a, &err) != ERR_OK
	    || outbox_open(db_path, OUTBOX_KIOSK, &ob, &err) != ERR_OK)
		die("make");
	memset(line, 'x', sizeof(line));
	for (size_t round = 0; round < rounds; round++) {
		for (size_t i = 0; i < per; i++) {
			double start = now(CLOCK_MONOTONIC);
			uint8_t box[2][80];

			bare_seal(box);
			memcpy(line, box, sizeof(box));
			if (write(fd, line, sizeof(line)) != sizeof(line) || fdatasync(fd) != 0)
				die("append");
			bare[round * per + i] = now(CLOCK_MONOTONIC) - start;
		}
		for (size_t i = 0; i < per; i++) {
			double start = now(CLOCK_MONOTONIC);
			struct sealed_record r;

			seal_one(&r);
			if (outbox_put(ob, &r, 20000, &err) != ERR_OK)
				die("put");
			ours[round * per + i] = now(CLOCK_MONOTONIC) - start;
			sealed_record_clear(&r);
		}
		if (outbox_idle(ob, &err) != ERR_OK)	/* between visits, as the kiosk does */
			die("idle");
	}
	for (size_t i = 0; i < n; i++) {
		sum_ours += ours[i];
		sum_bare += bare[i];
	}
	qsort(ours, n, sizeof(*ours), by_value);
	qsort(bare, n, sizeof(*bare), by_value);
	printf("durable save: %.0f/s, limit line %.0f/s: ratio %.2f (goal >= 0.80); median %.2f of %.2f ms, p99 %.2f of "
	    "%.2f ms: %.2f (goal < 3)\n", (double)n / sum_ours, (double)n / sum_bare, sum_bare / sum_ours,
	    ours[n / 2] * 1e3, bare[n / 2] * 1e3, ours[n * 99 / 100] * 1e3, bare[n * 99 / 100] * 1e3,
	    ours[n * 99 / 100] / bare[n * 99 / 100]);
	outbox_close(ob);
	close(fd);
	free(ours);
	free(bare);
}

/* --- CPU of sealing and opening --- */

static void
seal_cpu(void)
{
	double ours = 0, bare = 0, opened = 0, bare_opened = 0;
	size_t n = 4000;
	struct buf wire, out;
	uint8_t secret[32];	/* of main's keys */

	memset(secret, 1, sizeof(secret));
	buf_init(&wire, RECORD_WIRE_MAX);
	buf_init_secret(&out, 65536);
	for (size_t round = 0; round < 20; round++) {
		struct sealed_record r;
		struct record view;
		uint8_t box[2][80], dek[32];
		double start = now(CLOCK_PROCESS_CPUTIME_ID);

		for (size_t i = 0; i < n / 20; i++)
			bare_seal(box);
		bare += now(CLOCK_PROCESS_CPUTIME_ID) - start;
		start = now(CLOCK_PROCESS_CPUTIME_ID);
		for (size_t i = 0; i < n / 20; i++) {
			seal_one(&r);
			if (i + 1 < n / 20)
				sealed_record_clear(&r);
		}
		ours += now(CLOCK_PROCESS_CPUTIME_ID) - start;
		buf_reset(&wire);
		sealed_record_put(&r, &wire);
		sealed_record_clear(&r);
		start = now(CLOCK_PROCESS_CPUTIME_ID);
		for (size_t i = 0; i < n / 20; i++)
			if (crypto_box_seal_open(dek, box[0], 80, to[0].public_, secret) != 0)
				die("crypto_box_seal_open");
		bare_opened += now(CLOCK_PROCESS_CPUTIME_ID) - start;
		start = now(CLOCK_PROCESS_CPUTIME_ID);
		for (size_t i = 0; i < n / 20; i++) {
			buf_reset(&out);
			if (record_view(wire.data, wire.len, &view, &err) != ERR_OK
			    || seal_open(keys[0], &view, &out, &err) != ERR_OK)
				die("open");
		}
		opened += now(CLOCK_PROCESS_CPUTIME_ID) - start;
	}
	printf("seal to 2 keys: %.1f us, two crypto_box_seal %.1f us: ratio %.2f (goal <= 1.10)\n", ours / (double)n * 1e6,
	    bare / (double)n * 1e6, ours / bare);
	printf("open: %.0f/s, crypto_box_seal_open %.0f/s: ratio %.2f (goal >= 0.90)\n", (double)n / opened,
	    (double)n / bare_opened, bare_opened / opened);
	buf_free(&wire);
	buf_free(&out);
}

int
main(void)
{
	char command[128];
	uint8_t secret[32];

	snprintf(folder, sizeof(folder), "build/bench-XXXXXX");
	if (mkdtemp(folder) == NULL)
		die("folder");
	snprintf(db_path, sizeof(db_path), "%s/site.db", folder);
	memset(answer, 'a', sizeof(answer));
	memset(secret, 1, sizeof(secret));
	if (seal_key_from(KEY_RESPONSE, secret, &keys[0], &err) != ERR_OK
	    || seal_key_from(KEY_ESCROW, secret, &keys[1], &err) != ERR_OK)
		die("keys");
	to[0] = recipient(keys[0]);
	to[1] = recipient(keys[1]);
	save();
	seal_cpu();
	seal_key_free(keys[0]);
	seal_key_free(keys[1]);
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command) == 0 ? 0 : 1;
}
