/* candour status: how a site or the centre is doing, in words for people who run a care home. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#include "admin/cert.h"
#include "admin/commands.h"
#include "admin/site.h"
#include "aggregator/settings.h"
#include "base/codec.h"
#include "base/config.h"
#include "base/file.h"
#include "collector/keyring.h"
#include "collector/outbox.h"
#include "sync/agent.h"
#include "sync/bundle.h"
#include "sync/logcheck.h"

static const char usage[] = "usage: candour status DIR     (a site's folder or the centre's)\n";

enum { STALE_HOURS = 24, PROBLEM_DAYS = 30, LOW_MIB = 64 };	/* the kiosk's own mark, if it is not set otherwise */

static void
count_text(char *text, size_t room, uint64_t n, const char *one, const char *many)
{
	snprintf(text, room, "%llu %s", (unsigned long long)n, n == 1 ? one : many);
}

static void
oldest_text(char *text, size_t room, int64_t day, int64_t today)
{
	if (day < 0)
		text[0] = '\0';
	else if (day >= today)
		snprintf(text, room, ", oldest from today");
	else if (day == today - 1)
		snprintf(text, room, ", oldest from yesterday");
	else
		snprintf(text, room, ", oldest %lld days", (long long)(today - day));
}

/* What came of the daily look at the centre's log. */
static void
print_log(const struct logcheck_status *l, bool problem, int64_t now)
{
	char when[60], date[16];

	if (problem) {
		admin_when(l->problem_at, now, when, sizeof(when));
		printf("The centre's log is not as it should be (seen %s): %s.\nTell whoever runs the centre, and those who "
		    "commission it. Answers are kept and sent as before.\n", when, l->problem);
	}
	if (l->held_day > 0) {
		logcheck_date(l->held_day, date);
		printf("The centre's log of %s was looked at: it holds what the centre confirmed here.\n", date);
	}
}

/* What somebody in a care home can do about it: a line, or nothing. */
static const char *
what_helps(const char *why)
{
	static const struct {
		const char *part, *helps;
	} known[] = {
		{ "proxy wants a user name", "Ask whoever runs your network for the proxy's user name and password.\n" },
		{ "proxy refuses", "Ask whoever runs your network to let this box through their proxy to the centre.\n" },
		{ "intercepting proxy", "Something on the way opens the connection: ask whoever runs your network to let the centre's name and\n"
		    "port through unopened.\n" },
		{ "sign in first", "Ask whoever runs your network for a connection on which nobody has to sign in.\n" },
		{ "is not found", "Is the box connected to the network? It could not look up the centre's name.\n" },
		{ "Network is unreachable", "Is the box connected to the network? Look at its cable or its Wi-Fi.\n" },
		{ "No route to host", "Is the box connected to the network? Look at its cable or its Wi-Fi.\n" },
		{ "Connection refused", "The centre's machine is there and its program is not: tell whoever runs the centre.\n" },
		{ "no answer in time", "Nothing comes back: a slow line, or something on the way that lets nothing through. It is tried again by\n"
		    "itself; if it lasts for days, ask whoever runs your network.\n" },
		{ "code=unknown", "The centre does not know this box: it was perhaps restored from a backup made before the box was enrolled. Ask\n"
		    "for an invitation and say: candour site enrol, with it. The box keeps its answers and its keys.\n" },
		{ "by this box's clock", "The box's clock may be wrong: staff can set it on the screen (staff page). Or the centre's certificate has\n"
		    "ended: tell whoever runs the centre (candour centre cert).\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strstr(why, known[i].part) != NULL)
			return known[i].helps;
	return "";
}

static uint64_t
free_mib(const char *path)
{
	struct statvfs v;

	return statvfs(path, &v) != 0 ? UINT64_MAX : (uint64_t)v.f_bavail * v.f_frsize >> 20;
}

/* Is there a signed order that takes this box out of service? The kiosk obeys it. */
static bool
has_order(struct outbox *ob)
{
	uint8_t device[16];
	uint32_t serial = 0;
	struct buf bytes;
	struct err err;
	bool is;

	buf_init(&bytes, BUNDLE_MAX);
	is = outbox_device(ob, device, &err) == ERR_OK
	    && outbox_bundle(ob, BUNDLE_REVOKE, device, &serial, &bytes, &err) == ERR_OK;
	buf_free(&bytes);
	return is;
}

/* By what somebody vouches for in this boot, else by the system's clock. */
static int64_t
known_now(struct outbox *ob)
{
	uint8_t boot[16], quality = CLOCK_UNKNOWN;
	int64_t began = 0;
	struct err err;

	record_boot_id(boot);
	if (outbox_clock(ob, boot, &began, &quality, &err) == ERR_OK && quality != CLOCK_UNKNOWN)
		return began + clock_boot_ms(&clock_system) / 1000;
	return time(NULL);
}

static int
site_status(const char *path, struct err *err)
{
	struct outbox_counts counts;
	struct sync_status s = { .result = "" };
	struct logcheck_status log = { .problem = "" };
	struct outbox *ob = NULL;
	int64_t now = time(NULL);
	char waiting[80], oldest[60], when[60];
	uint32_t serial = 0;
	struct buf ring, repaired;
	enum err_code rc = outbox_open(path, OUTBOX_READ, &ob, err);
	bool enrolled = false, ordered = false, problem;

	buf_init(&ring, KEYRING_MAX);
	buf_init(&repaired, 65536);
	if (rc == ERR_OK)
		rc = outbox_counts(ob, &counts, err);
	if (rc == ERR_OK) {
		now = known_now(ob);
		enrolled = outbox_ring(ob, &serial, &ring, err) == ERR_OK;
		ordered = has_order(ob);
		if (sync_status_get(ob, &s, err) != ERR_OK)
			memset(&s, 0, sizeof(s));
		rc = logcheck_status(ob, &log, err);
		if (rc == ERR_OK && outbox_meta(ob, "repair.last", &repaired, err) != ERR_OK)
			buf_reset(&repaired);
	}
	outbox_close(ob);
	buf_free(&ring);
	if (rc != ERR_OK) {
		buf_free(&repaired);
		err_in(err, "its store cannot be read (if it is damaged: candour site repair)");
		return admin_fail("status", err);
	}
	problem = log.problem_at > 0 && now - log.problem_at < (int64_t)PROBLEM_DAYS * 86400;
	count_text(waiting, sizeof(waiting), counts.waiting, "answer waiting", "answers waiting");
	oldest_text(oldest, sizeof(oldest), counts.oldest_day, now / 86400);
	admin_when(s.delivered_at, now, when, sizeof(when));
	printf("%s%s, last delivered %s\n", waiting, oldest, when);
	if (!enrolled)
		printf("This box is not enrolled yet: its answers are kept here until it is.\n");
	else if (strcmp(s.result, "revoked") == 0) {
		printf("This box was taken out of service at the centre (it was revoked): nothing is taken from it any more.\n"
		    "What was given here before stays here, sealed. %s\nAsk whoever runs the centre.\n", ordered
		    ? "Its screen accepts nothing more." : "Take its screen away: what is given there now reaches nobody.");
	} else if (s.failures > 0) {
		if (s.failures == 1)
			printf("The centre was not reached the last time.");
		else
			printf("The centre was not reached the last %u times.", s.failures);
		printf(" Answers are safe here meanwhile.\nWhy: %s\n%s", s.why, what_helps(s.why));
		if (s.next_at > now) {
			admin_when(s.next_at, now, when, sizeof(when));
			printf("Next try: %s\n", when);
		}
	} else if (s.tried_at == 0) {
		printf("Nothing was ever sent from here: is candour-sync running? (systemctl enable --now candour-sync)\n");
	} else if (s.tried_at > 0 && now - s.tried_at > STALE_HOURS * 3600) {
		printf("Nothing was tried for more than a day: is candour-sync running?\n");
	} else if (!problem && free_mib(path) >= LOW_MIB) {
		printf("All is well.\n");
	}
	if (free_mib(path) < LOW_MIB)
		printf("The storage of this box is nearly full: %llu MiB are free. Its screen stops taking answers before the last is used.\n",
		    (unsigned long long)free_mib(path));
	print_log(&log, problem, now);
	if (repaired.len > 0)
		printf("\nThis store was repaired. What was said then:\n%s", buf_str(&repaired));
	buf_free(&repaired);
	return 0;
}

struct centre_arg {
	struct store *st;
	int64_t now;
	size_t waiting, silent, refused;
	uint8_t (*heard)[16];	/* the boxes that have delivered, by id */
	size_t n_heard, room;
};

static enum err_code
remember(struct centre_arg *a, const uint8_t id[16], struct err *err)
{
	if (a->n_heard == a->room) {
		size_t room = a->room > 0 ? 2 * a->room : 64;
		void *more = realloc(a->heard, room * sizeof(*a->heard));

		if (more == NULL)
			return err_nomem(err);
		a->heard = more;
		a->room = room;
	}
	memcpy(a->heard[a->n_heard++], id, 16);
	return ERR_OK;
}

static int
by_id(const void *x, const void *y)
{
	return memcmp(x, y, 16);
}

static enum err_code
on_seen(void *arg, const struct store_seen *s, struct err *err)
{
	struct centre_arg *a = arg;
	struct store_device d;
	char when[60], finger[20];
	enum err_code rc = a->st->ops->device_get(a->st, s->device, &d, err);

	if (rc != ERR_OK)
		return rc == ERR_ABSENT ? ERR_OK : rc;
	rc = remember(a, s->device, err);
	admin_when(s->at, a->now, when, sizeof(when));
	chain_fingerprint(s->device, finger);
	printf("%-24s %.9s  last delivered %s", d.site, finger, when);
	if (d.state == STORE_REVOKED) {
		printf("; out of service (revoked)\n");
		store_device_clear(&d);
		return rc;
	}
	if (s->waiting > 0)
		printf(", %u still waiting there, oldest %u hours", s->waiting, s->oldest_hours);
	if (a->now - s->at > STALE_HOURS * 3600) {
		printf("   <- silent for more than a day");
		a->silent++;
	}
	if (s->free_mib < 128)
		printf("   <- its storage is nearly full");
	if (s->clock_off_s > 86400 || s->clock_off_s < -86400)
		printf("   <- its clock is wrong by %lld days", (long long)(s->clock_off_s / 86400));
	if (s->bundle_refused > 0) {
		printf("   <- it could not use bundle %u and goes on with the one before", s->bundle_refused);
		a->refused++;
	}
	printf("\n");
	store_device_clear(&d);
	return rc;
}

static enum err_code
on_device(void *arg, const struct store_device *d, struct err *err)
{
	struct centre_arg *a = arg;
	char finger[20];

	(void)err;
	chain_fingerprint(d->id, finger);
	if (d->state == STORE_PENDING) {
		printf("%-24s %s  waits for approval: candour device approve\n", d->site, finger);
		a->waiting++;
	} else if (d->state == STORE_APPROVED && (a->n_heard == 0
	    || bsearch(d->id, a->heard, a->n_heard, sizeof(*a->heard), by_id) == NULL)) {
		printf("%-24s %.9s  approved, and nothing has come from it yet", d->site, finger);
		if (a->now - d->since > STALE_HOURS * 3600) {
			printf("   <- for more than a day");
			a->silent++;
		}
		printf("\n");
	}
	return ERR_OK;
}

/* When bodies go, what went, and what stays because nobody has pulled it. */
static enum err_code
print_retention(struct store *st, const struct aggregator_settings *set, struct err *err)
{
	static const char *const what[] = { "Answers", "Concerns" };
	static const char *const reader[] = { "the indicators have read them", "a holder pulled them" };
	const int64_t days[] = { set->answers_days, set->concerns_days };
	struct store_retention kept;
	char date[16];
	enum err_code rc = st->ops->retention(st, &kept, err);

	for (int lane = 0; rc == ERR_OK && lane < 2; lane++) {
		if (days[lane] == 0)
			printf("%s are kept for ever ([retention] in aggregator.conf)", what[lane]);
		else if (kept.chains_pulled[lane] == 0)
			printf("%s are kept until %s; nobody has yet", what[lane], reader[lane]);
		else
			printf("%s go %lld days after %s", what[lane], (long long)days[lane],
			    lane == 0 ? "they came" : reader[lane]);
		if (kept.erased[lane] > 0)
			printf("; %llu went so far", (unsigned long long)kept.erased[lane]);
		printf(".\n");
	}
	if (rc == ERR_OK && kept.erased_day > 0) {
		logcheck_date(kept.erased_day, date);
		printf("The last went on %s; what proves that they were kept stays.\n", date);
	}
	return rc;
}

/* The key ring in use (none, not to be trusted, or with a use whose keys end soon) and the server's certificate.
 * *WELL: there is nothing to say. */
static void
print_ends(const struct aggregator_settings *set, int64_t today, bool *well)
{
	enum { SOON_DAYS = 60 };
	struct keyring *ring = NULL;
	struct keyring_pin pin;
	struct buf text;
	struct err err;
	enum err_code rc;
	char date[16];

	*well = false;
	buf_init(&text, KEYRING_MAX);
	rc = file_read(set->ring, &text, &err);
	if (rc == ERR_ABSENT)
		printf("There is no key ring yet, so no box can enrol or deliver: candour key ring, then candour centre ring.\n");
	if (rc == ERR_OK)
		rc = keyring_pin_read(set->root, &pin, &err);
	if (rc == ERR_OK)
		rc = keyring_read(buf_str(&text), text.len, &pin, &ring, &err);
	if (rc != ERR_OK && rc != ERR_ABSENT)
		printf("The key ring cannot be used: %s\n", err.msg);
	*well = rc == ERR_OK;
	for (int use = KEY_RESPONSE; rc == ERR_OK && use <= KEY_CA; use++) {
		int64_t last = -1;
		bool any = false;

		for (size_t i = 0; i < ring->n; i++)
			if (ring->keys[i].use == (enum key_use)use && ring->keys[i].state == KEY_ACTIVE) {
				any = true;
				last = ring->keys[i].not_after > last ? ring->keys[i].not_after : last;
			}
		if (!any || last - today > SOON_DAYS)
			continue;
		logcheck_date((uint32_t)last, date);
		printf("The %s key ends on %s: make a new one and a key ring with it (candour key ring --from).\n",
		    key_use_word((enum key_use)use), date);
		*well = false;
	}
	keyring_free(ring);
	buf_reset(&text);
	/* What boxes check when they connect; where devices are served at all. */
	if (set->devices_cert != NULL && set->devices_cert[0] != '\0') {
		int64_t until = 0;

		rc = file_read(set->devices_cert, &text, &err);
		if (rc == ERR_OK)
			rc = cert_server_read(&text, NULL, &until, &err);
		if (rc != ERR_OK)
			printf("The certificate that boxes check cannot be used: %s\n", err.msg);
		else if (until / 86400 - today <= SOON_DAYS) {
			logcheck_date((uint32_t)(until / 86400), date);
			printf("The certificate that boxes check ends on %s: candour centre cert, then restart candour-aggregator.\n",
			    date);
		}
		*well = *well && rc == ERR_OK && until / 86400 - today > SOON_DAYS;
	}
	buf_free(&text);
}

static int
centre_status(const char *path, struct err *err)
{
	struct aggregator_settings set = { 0 };
	struct centre_arg a = { .now = time(NULL) };
	uint64_t records = 0, devices = 0, aside = 0;
	bool ring_well = false;
	char what[80];
	enum err_code rc = config_read(path, aggregator_keys, aggregator_n_keys, &set, err);

	if (rc == ERR_OK)
		rc = store_open(set.store, false, &a.st, err);
	if (rc == ERR_OK)
		rc = a.st->ops->counts(a.st, &records, &devices, &aside, err);
	if (rc == ERR_OK) {
		count_text(what, sizeof(what), records, "record kept", "records kept");
		printf("%s, from %llu box%s\n", what, (unsigned long long)devices, devices == 1 ? "" : "es");
		rc = a.st->ops->seen_each(a.st, on_seen, &a, err);
	}
	if (rc == ERR_OK && a.n_heard > 0)
		qsort(a.heard, a.n_heard, sizeof(*a.heard), by_id);
	if (rc == ERR_OK)
		rc = a.st->ops->device_each(a.st, on_device, &a, err);
	if (rc == ERR_OK)
		rc = print_retention(a.st, &set, err);
	if (rc == ERR_OK && aside > 0)
		printf("%llu KiB of contradictory or revoked records were put aside: `candour quarantine list`.\n",
		    (unsigned long long)(aside + 1023) / 1024);
	if (rc == ERR_OK)
		print_ends(&set, a.now / 86400, &ring_well);
	if (rc == ERR_OK && ring_well && a.waiting + a.silent + a.refused == 0 && aside == 0)
		printf("All is well.\n");
	store_close(a.st);
	free(a.heard);
	config_clear(aggregator_keys, aggregator_n_keys, &set);
	return rc == ERR_OK ? 0 : admin_fail("status", err);
}

int
cmd_status(int argc, char **argv)
{
	char path[PATH_MAX];
	struct err err = { 0 };
	struct stat s;

	if (argc == 2 && strcmp(argv[1], "-h") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	admin_no_more(argc, argv, usage);
	if (argc != 2) {
		fputs(usage, stderr);
		return 2;
	}
	if (admin_path(argv[1], "site.db", path, sizeof(path), &err) == ERR_OK && stat(path, &s) == 0)
		return site_status(path, &err);
	if (admin_path(argv[1], "aggregator.conf", path, sizeof(path), &err) == ERR_OK && stat(path, &s) == 0)
		return centre_status(path, &err);
	if (err.code == ERR_OK && errno == EACCES)
		err_set(&err, ERR_DENIED, "%s may not be looked into by you: say this as root (sudo)", argv[1]);
	else if (err.code == ERR_OK)
		err_set(&err, ERR_ABSENT, "%s is neither a site's folder (it has no site.db) nor the centre's (it has no "
		    "aggregator.conf); usually they are /var/lib/candour/site and /var/lib/candour/centre", argv[1]);
	return admin_fail("status", &err);
}
