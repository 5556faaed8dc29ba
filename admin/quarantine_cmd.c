/* candour quarantine: what the centre put aside instead of counting it: batches of revoked devices, of chains that
 * contradict what is kept, and second records under a known id. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "admin/commands.h"
#include "admin/site.h"
#include "aggregator/settings.h"
#include "base/codec.h"
#include "sync/batch.h"

static const char usage[] =
    "usage: candour quarantine list [--centre DIR]\n"
    "       candour quarantine show NAME [--centre DIR]\n"
    "       candour quarantine release NAME [--centre DIR]\n"
    "       candour quarantine discard NAME --reason TEXT [--centre DIR]\n"
    "  --centre DIR  the centre's folder [/var/lib/candour/centre]\n"
    "  NAME          as `list` shows it\n"
    "Only what a revoked device sent can be released: the aggregator then takes it in within half a minute. What\n"
    "contradicts records that are kept stays aside, as evidence, until somebody has found out why and discards it: its\n"
    "bytes go, that they were there, who sent them and TEXT stay in the centre's events.\n";

enum { REASON_MAX = 300 };

struct wanted {
	struct store *st;
	const char *name, *reason;
	struct store_aside found;
	char why[16];
	size_t n;
};

/* Short enough to type: the first 4 bytes of the device and what tells the row apart. */
static void
name_of(const struct store_aside *a, char out[60])
{
	char device[9], id[33], *p = id;

	hex_str(a->device, 4, device);
	hex_str(a->id, 16, id);
	while (*p == '0' && p[1] != '\0')
		p++;
	snprintf(out, 60, "%s-%s", device, p);
}

static enum err_code
on_list(void *arg, const struct store_aside *a, struct err *err)
{
	struct wanted *w = arg;
	struct store_device d = { .site = "?" };
	char name[60], when[60];
	struct err ignored;

	(void)err;
	if (w->st->ops->device_get(w->st, a->device, &d, &ignored) != ERR_OK)
		snprintf(d.site, sizeof(d.site), "?");
	name_of(a, name);
	admin_when(a->at, time(NULL), when, sizeof(when));
	printf("%-24s %-9s %8llu bytes  %-20s %s\n", name, a->why, (unsigned long long)a->size, d.site, when);
	store_device_clear(&d);
	w->n++;
	return ERR_OK;
}

static enum err_code
on_find(void *arg, const struct store_aside *a, struct err *err)
{
	struct wanted *w = arg;
	char name[60];

	(void)err;
	name_of(a, name);
	if (strcmp(name, w->name) == 0) {
		w->found = *a;
		snprintf(w->why, sizeof(w->why), "%s", a->why);
		w->n++;
	}
	return ERR_OK;
}

static enum err_code
list(struct store *st, struct err *err)
{
	struct wanted w = { .st = st };
	enum err_code rc = st->ops->aside_each(st, on_list, &w, err);

	if (rc == ERR_OK && w.n == 0)
		printf("Nothing was put aside.\n");
	return rc;
}

static void
show_batch(const struct buf *bytes)
{
	struct batch_header h;
	struct err err;
	char epoch[33];

	if (batch_head_read(bytes->data, bytes->len, &h, &err) != ERR_OK) {
		printf("holds     one record of %zu bytes, sealed\n", bytes->len);
		return;
	}
	hex_str(h.epoch, 16, epoch);
	printf("holds     a batch of %u records, sealed; lane %d, epoch %s, from number %llu\n", h.n, h.lane, epoch,
	    (unsigned long long)h.a);
}

static enum err_code
show(struct store *st, const struct wanted *w, struct err *err)
{
	static const struct { const char *why, *words; } words[] = {
		{ "revoked", "sent by a device after it was revoked; `candour quarantine release` takes it in" },
		{ "released", "released; the aggregator takes it in" },
		{ "fork", "its chain contradicts what is kept under the same numbers: a copied or restored box" },
		{ "duplicate", "another record under an id that is known" },
	};
	struct store_device d = { .site = "" };
	char id[33], finger[20], when[60];
	struct buf bytes;
	enum err_code rc = st->ops->device_get(st, w->found.device, &d, err);

	buf_init(&bytes, BATCH_MAX);
	if (rc == ERR_OK)
		rc = st->ops->aside_get(st, w->found.device, w->found.id, &bytes, err);
	if (rc == ERR_OK) {
		hex_str(w->found.device, 16, id);
		chain_fingerprint(w->found.device, finger);
		admin_when(w->found.at, time(NULL), when, sizeof(when));
		printf("device    %s  %s  at %s\nput aside %s, %llu bytes\n", id, finger, d.site, when,
		    (unsigned long long)w->found.size);
		for (size_t i = 0; i < ARRAY_LEN(words); i++)
			if (strcmp(words[i].why, w->why) == 0)
				printf("why       %s\n", words[i].words);
		show_batch(&bytes);
	}
	store_device_clear(&d);
	buf_free(&bytes);
	return rc;
}

static enum err_code
release(struct store *st, const struct wanted *w, struct err *err)
{
	enum err_code rc;

	if (strcmp(w->why, "revoked") != 0)
		return err_set(err, ERR_DENIED, "%s is not what a revoked device sent (%s): it contradicts what is kept and stays "
		    "aside", w->name, w->why);
	rc = st->ops->aside_release(st, w->found.device, w->found.id, time(NULL), err);
	if (rc == ERR_OK)
		printf("Released: the aggregator takes it in within half a minute.\n");
	return rc;
}

/* The event first: cut in between, the bytes are there still and can be discarded again. */
static enum err_code
discard(struct store *st, const struct wanted *w, struct err *err)
{
	struct store_event e = { .at = time(NULL), .what = "discarded" };
	char detail[REASON_MAX + 200];
	enum err_code rc;

	if (strcmp(w->why, "released") == 0)
		return err_set(err, ERR_DENIED, "%s was released: the aggregator takes it in", w->name);
	if (w->reason[0] == '\0' || strlen(w->reason) > REASON_MAX || strpbrk(w->reason, "\r\n") != NULL)
		return err_set(err, ERR_INPUT, "--reason: one line of 1 to %d characters, for whoever asks later", REASON_MAX);
	snprintf(detail, sizeof(detail), "%s, %s, put aside at %lld, %llu bytes: %s", w->name, w->why, (long long)w->found.at,
	    (unsigned long long)w->found.size, w->reason);
	memcpy(e.device, w->found.device, 16);
	e.detail = detail;
	rc = st->ops->event(st, &e, err);
	if (rc == ERR_OK)
		rc = st->ops->aside_done(st, w->found.device, w->found.id, err);
	if (rc == ERR_OK)
		printf("Discarded; why stays in the centre's events.\n");
	return rc;
}

static enum err_code
one(struct store *st, const char *what, const char *name, const char *reason, struct err *err)
{
	struct wanted w = { .st = st, .name = name, .reason = reason };
	enum err_code rc = st->ops->aside_each(st, on_find, &w, err);

	if (rc == ERR_OK && w.n != 1)
		rc = err_set(err, ERR_ABSENT, "nothing of the name %.50s is aside", name);
	if (rc == ERR_OK)
		rc = strcmp(what, "show") == 0 ? show(st, &w, err) : strcmp(what, "discard") == 0 ? discard(st, &w, err)
		    : release(st, &w, err);
	return rc;
}

int
cmd_quarantine(int argc, char **argv)
{
	const char *dir = admin_option(&argc, argv, "--centre"), *reason = admin_option(&argc, argv, "--reason");
	struct aggregator_settings set = { 0 };
	struct store *st = NULL;
	char path[PATH_MAX];
	struct err err = { 0 };
	enum err_code rc;

	if (argc > 1 && strcmp(argv[1], "-h") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	admin_no_more(argc, argv, usage);
	if (!(argc == 2 && reason == NULL && strcmp(argv[1], "list") == 0)
	    && !(argc == 3 && reason == NULL && (strcmp(argv[1], "show") == 0 || strcmp(argv[1], "release") == 0))
	    && !(argc == 3 && reason != NULL && strcmp(argv[1], "discard") == 0)) {
		fputs(usage, stderr);
		return 2;
	}
	rc = admin_path(dir != NULL ? dir : "/var/lib/candour/centre", "aggregator.conf", path, sizeof(path), &err);
	if (rc == ERR_OK)
		rc = config_read(path, aggregator_keys, aggregator_n_keys, &set, &err);
	if (rc == ERR_OK)
		rc = store_open(set.store, false, &st, &err);
	if (rc == ERR_OK)
		rc = argc == 2 ? list(st, &err) : one(st, argv[1], argv[2], reason, &err);
	store_close(st);
	config_clear(aggregator_keys, aggregator_n_keys, &set);
	return rc == ERR_OK ? 0 : admin_fail(argv[1], &err);
}
