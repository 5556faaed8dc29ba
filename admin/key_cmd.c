/* candour key new|show|ring|split|join|seal: the keys of an organisation, made and signed offline. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "admin/commands.h"
#include "admin/credential.h"
#include "admin/share_page.h"
#include "admin/site.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/file.h"
#include "base/num.h"
#include "collector/keyfile.h"
#include "collector/keyring.h"

static int
usage(FILE *to)
{
	fprintf(to, "usage: candour key new --use USE (--file FILE | --credential FILE)\n"
	    "       candour key show FILE...\n"
	    "       candour key ring --root FILE --out FILE [--from RING] [--next-root FILE] [--days N]\n"
	    "                        [[STATE=]FILE...] [--STATE ID...]\n"
	    "       candour key split [--qr] --to DIR FILE\n"
	    "       candour key join --of FILE (--file FILE | --credential FILE) SHARE SHARE\n"
	    "       candour key seal --out FILE KEYFILE\n\n"
	    "USE is root, response, escrow, concern, publish or receipt. --file locks the key with a passphrase\n"
	    "asked on the terminal; --credential writes it as it is, mode 0600, for a service to load.\n"
	    "ring signs the public halves of key files and of the CA's certificate (PEM) with the root key;\n"
	    "--from goes on from an earlier ring (its serial plus one). STATE is next, active (if none is given),\n"
	    "old or stop; --stop ID and so on change the state of a key that is in the earlier ring.\n"
	    "split writes the escrow key as three shares, any two of which bring it back; with --qr each is a page to\n"
	    "print, with a code to scan, the text, and what its holder has to know. join brings the key back and checks\n"
	    "the result against the key file or ring named by --of; a SHARE is a file, or - to scan or type it.\n"
	    "seal (as root) makes of a key a credential that systemd opens on this machine alone, under its TPM2 where\n"
	    "it has one, for a unit's LoadCredentialEncrypted=USE:FILE.\n");
	return to == stdout ? 0 : 2;
}

static int
failed(const struct err *err)
{
	fprintf(stderr, "candour key: %s\n", err->msg);
	return 1;
}

static void
print_key(enum key_use use, const uint8_t id[8], const char *more)
{
	char text[17];

	hex_str(id, 8, text);
	printf("%s %s%s%s\n", key_use_word(use), text, *more != '\0' ? " " : "", more);
}

/* Write K to FILE, locked, or to CREDENTIAL, raw; exactly one is not NULL. */
static enum err_code
write_key(const struct keyfile *k, const char *file, const char *credential, struct err *err)
{
	struct buf pass;
	enum err_code rc;

	if (credential != NULL)
		return keyfile_write_raw(credential, k, err);
	buf_init_secret(&pass, 1024);
	rc = keyfile_ask_new(NULL, file, &pass, err);
	if (rc == ERR_OK)
		rc = keyfile_write_locked(file, k, buf_str(&pass), pass.len, err);
	buf_free(&pass);
	return rc;
}

/* --- new --- */

static int
run_new(int argc, char **argv)
{
	const char *use_word = NULL, *file = NULL, *credential = NULL;
	struct keyfile k = { .use = 0 };
	struct seal_key *key = NULL;
	struct err err = { 0 };
	enum key_use use;
	enum err_code rc;

	for (int i = 1; i < argc; i += 2) {
		if (i + 1 == argc)
			return usage(stderr);
		if (strcmp(argv[i], "--use") == 0)
			use_word = argv[i + 1];
		else if (strcmp(argv[i], "--file") == 0)
			file = argv[i + 1];
		else if (strcmp(argv[i], "--credential") == 0)
			credential = argv[i + 1];
		else
			return usage(stderr);
	}
	if (use_word == NULL || (file == NULL) == (credential == NULL))
		return usage(stderr);
	use = key_use_of(use_word);
	if (use < KEY_ROOT || use > KEY_RECEIPT) {
		fprintf(stderr, "candour key: %.40s is no use of a key made here: root, response, escrow, concern, "
		    "publish or receipt\n", use_word);
		return 2;
	}
	rc = seal_key_new(use, &key, &err);
	if (rc == ERR_OK)
		rc = keyfile_of(key, &k, &err);
	if (rc == ERR_OK)
		rc = write_key(&k, file, credential, &err);
	if (rc == ERR_OK)
		print_key(use, k.id, file != NULL ? file : credential);
	keyfile_clear(&k);
	seal_key_free(key);
	return rc == ERR_OK ? 0 : failed(&err);
}

/* --- show --- */

static void
show_ring(const struct keyring *ring)
{
	char org[33], when[32], id[17];
	int y, m, d;

	hex_str(ring->org, 16, org);
	time_text(ring->made, when);
	printf("key ring of %s\nserial %u, made %s%s\n", org, ring->serial, when,
	    ring->has_next_root ? ", announces a new root" : "");
	for (size_t i = 0; i < ring->n; i++) {
		const struct keyring_key *k = &ring->keys[i];

		hex_str(k->id, 8, id);
		date_from_day(k->not_before, &y, &m, &d);
		printf("  %-9s %s %-6s %04d-%02d-%02d", key_use_word(k->use), id, key_state_word(k->state), y, m, d);
		date_from_day(k->not_after, &y, &m, &d);
		printf(" to %04d-%02d-%02d\n", y, m, d);
	}
}

static enum err_code
show_one(const char *path, struct err *err)
{
	struct keyfile k = { .use = 0 };
	struct keyring *ring = NULL;
	struct buf text, base64;
	enum err_code rc;

	buf_init_secret(&text, KEYRING_MAX);
	buf_init(&base64, 16384);
	rc = file_read(path, &text, err);
	if (rc == ERR_OK && strncmp(buf_str(&text), "candour-keyring ", 16) == 0) {
		rc = keyring_parse(buf_str(&text), text.len, &ring, err);
		if (rc == ERR_OK)
			show_ring(ring);
		else
			err_in(err, "%s", path);
	} else if (rc == ERR_OK) {
		rc = keyfile_show(path, &k, err);
		if (rc == ERR_OK) {
			base64_put(&base64, k.public_.data, k.public_.len);
			print_key(k.use, k.id, buf_str(&base64));
		}
	}
	keyring_free(ring);
	keyfile_clear(&k);
	buf_free(&text);
	buf_free(&base64);
	return rc;
}

static int
run_show(int argc, char **argv)
{
	struct err err = { 0 };

	if (argc < 2)
		return usage(stderr);
	for (int i = 1; i < argc; i++)
		if (show_one(argv[i], &err) != ERR_OK)
			return failed(&err);
	return 0;
}

/* --- ring --- */

/* The DER bytes of the first certificate in PEM text; false if there is none. */
static bool
pem_der(const struct buf *pem, struct buf *der)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----", end[] = "-----END CERTIFICATE-----";
	const char *from = strstr(buf_str(pem), begin), *to;
	struct buf flat;
	bool good;

	if (from == NULL)
		return false;
	from += sizeof(begin) - 1;
	to = strstr(from, end);
	if (to == NULL)
		return false;
	buf_init(&flat, 16384);
	for (; from < to; from++)
		if (*from != '\n' && *from != '\r' && *from != ' ')
			buf_putc(&flat, *from);
	good = base64_get(buf_str(&flat), flat.len, der) && der->len > 0;
	buf_free(&flat);
	return good;
}

static int
state_of(const char *word, size_t len)
{
	for (int s = KEY_NEXT; s <= KEY_STOP; s++) {
		const char *w = key_state_word((enum key_state)s);

		if (strlen(w) == len && memcmp(w, word, len) == 0)
			return s;
	}
	return -1;
}

/* "[STATE=]FILE": the public half of a key file, or a certificate. */
static enum err_code
add_file(struct keyring *ring, const char *arg, int64_t day, int64_t days, struct err *err)
{
	const char *equals = strchr(arg, '='), *path = arg;
	int state = KEY_ACTIVE;
	struct keyfile k = { .use = 0 };
	struct buf text, der;
	enum err_code rc;

	if (equals != NULL && state_of(arg, (size_t)(equals - arg)) >= 0) {
		state = state_of(arg, (size_t)(equals - arg));
		path = equals + 1;
	}
	buf_init_secret(&text, KEYFILE_MAX);
	buf_init(&der, 8192);
	rc = file_read(path, &text, err);
	if (rc == ERR_OK && pem_der(&text, &der)) {
		rc = keyring_add(ring, KEY_CA, der.data, der.len, day, day + days, (enum key_state)state, err);
	} else if (rc == ERR_OK) {
		rc = keyfile_show(path, &k, err);
		if (rc == ERR_OK && (k.use < KEY_RESPONSE || k.use > KEY_RECEIPT))
			rc = err_set(err, ERR_INPUT, "%s: a %s key does not belong into a ring", path, key_use_word(k.use));
		if (rc == ERR_OK)
			rc = keyring_add(ring, k.use, k.public_.data, k.public_.len, day, day + days, (enum key_state)state,
			    err);
	}
	keyfile_clear(&k);
	buf_free(&text);
	buf_free(&der);
	return rc;
}

static enum err_code
set_state(struct keyring *ring, enum key_state state, const char *id_text, struct err *err)
{
	uint8_t id[8];

	if (hex_get(id_text, strlen(id_text), id, sizeof(id))) {
		for (size_t i = 0; i < ring->n; i++) {
			if (memcmp(ring->keys[i].id, id, sizeof(id)) == 0) {
				ring->keys[i].state = state;
				return ERR_OK;
			}
		}
	}
	return err_set(err, ERR_ABSENT, "no key of the earlier ring has the id %.40s", id_text);
}

struct ring_args {
	const char *root, *out, *from, *next;
	int64_t days;
	int first;	/* of the arguments that name keys */
};

static enum err_code
build_ring(struct keyring *ring, const struct ring_args *a, int argc, char **argv, struct err *err)
{
	int64_t day = ring->made / 86400;

	for (int i = 1; i < argc; i++) {
		enum err_code rc = ERR_OK;
		int state = strncmp(argv[i], "--", 2) == 0 ? state_of(argv[i] + 2, strlen(argv[i] + 2)) : -1;

		if (strncmp(argv[i], "--", 2) != 0)
			rc = add_file(ring, argv[i], day, a->days, err);
		else if (state >= 0 && i + 1 < argc)
			rc = set_state(ring, (enum key_state)state, argv[++i], err);
		else
			i++;	/* --root FILE and the like, read before */
		if (rc != ERR_OK)
			return rc;
	}
	return ERR_OK;
}

/* The ring must be one that readers take: read it back as they do. */
static enum err_code
check_ring(const struct buf *text, const struct keyring *ring, const struct seal_key *root, struct err *err)
{
	struct keyring_pin pin;
	struct keyring *back = NULL;
	enum err_code rc;

	keyring_pin_init(&pin, seal_key_public(root));
	memcpy(pin.org, ring->org, 16);
	rc = keyring_read(buf_str(text), text->len, &pin, &back, err);
	keyring_free(back);
	return rc;
}

static enum err_code
start_ring(const struct ring_args *a, const struct seal_key *root, struct keyring **out, struct err *err)
{
	struct keyring_pin pin;
	struct buf text;
	enum err_code rc = ERR_OK;

	keyring_pin_init(&pin, seal_key_public(root));
	if (a->from == NULL) {
		*out = calloc(1, sizeof(**out));
		if (*out == NULL)
			return err_nomem(err);
		memcpy((*out)->org, pin.org, 16);
		(*out)->serial = 1;
	} else {
		buf_init(&text, KEYRING_MAX);
		rc = file_read(a->from, &text, err);
		if (rc == ERR_OK)
			rc = keyring_parse(buf_str(&text), text.len, out, err);
		buf_free(&text);
		if (rc != ERR_OK)
			return err_in(err, "%s", a->from);
		(*out)->serial++;
		(*out)->has_next_root = false;
	}
	(*out)->made = clock_now_s(&clock_system);
	return ERR_OK;
}

static int
run_ring(int argc, char **argv)
{
	struct ring_args a = { .days = 3653 };
	struct seal_key *root = NULL, *next = NULL;
	struct keyring *ring = NULL;
	struct err err = { 0 };
	struct buf text;
	enum err_code rc;

	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "--", 2) != 0)
			continue;
		if (i + 1 == argc)
			return usage(stderr);
		if (strcmp(argv[i], "--root") == 0)
			a.root = argv[i + 1];
		else if (strcmp(argv[i], "--out") == 0)
			a.out = argv[i + 1];
		else if (strcmp(argv[i], "--from") == 0)
			a.from = argv[i + 1];
		else if (strcmp(argv[i], "--next-root") == 0)
			a.next = argv[i + 1];
		else if (strcmp(argv[i], "--days") == 0) {
			if (!num_i64(argv[i + 1], strlen(argv[i + 1]), 1, 36525, &a.days))
				return usage(stderr);
		} else if (state_of(argv[i] + 2, strlen(argv[i] + 2)) < 0) {
			return usage(stderr);
		}
		i++;
	}
	if (a.root == NULL || a.out == NULL)
		return usage(stderr);
	buf_init(&text, KEYRING_MAX);
	rc = keyfile_load(a.root, KEY_ROOT, keyfile_ask_terminal, NULL, &root, &err);
	if (rc == ERR_OK && a.next != NULL)
		rc = keyfile_load(a.next, KEY_ROOT, keyfile_ask_terminal, NULL, &next, &err);
	if (rc == ERR_OK)
		rc = start_ring(&a, root, &ring, &err);
	if (rc == ERR_OK)
		rc = build_ring(ring, &a, argc, argv, &err);
	if (rc == ERR_OK)
		rc = keyring_write(ring, root, next, &text, &err);
	if (rc == ERR_OK)
		rc = check_ring(&text, ring, root, &err);
	if (rc == ERR_OK)
		rc = file_write(a.out, text.data, text.len, 0644, &err);
	if (rc == ERR_OK)
		show_ring(ring);
	keyring_free(ring);
	seal_key_free(root);
	seal_key_free(next);
	buf_free(&text);
	return rc == ERR_OK ? 0 : failed(&err);
}

/* --- split and join --- */

/* Share number I, as text or (MADE not NULL) as a page, into DIR. */
static enum err_code
write_share(const char *dir, int i, struct buf *share, const struct seal_key *key, const char *made, char *path,
	size_t room, struct err *err)
{
	uint8_t id[8];
	char hex[17];
	struct buf page;
	enum err_code rc = ERR_OK;

	if ((size_t)snprintf(path, room, "%s/share-%d.%s", dir, i + 1, made != NULL ? "html" : "txt") >= room)
		return err_set(err, ERR_INPUT, "%.60s..: the path is too long", dir);
	buf_init_secret(&page, 1 << 20);
	if (made != NULL) {
		seal_key_id(key, id);
		hex_str(id, sizeof(id), hex);
		rc = share_page(buf_str(share), (unsigned)i + 1, hex, made, &page, err);
	} else {
		buf_put(&page, share->data, share->len);
		buf_putc(&page, '\n');
		rc = buf_check(&page, err);
	}
	if (rc == ERR_OK)
		rc = file_create(path, page.data, page.len, 0600, err);
	buf_free(&page);
	return rc;
}

/* It is not made here: where a stick is not mounted that would leave the shares on this machine's disk. */
static enum err_code
share_folder(const char *dir, struct err *err)
{
	struct stat st;

	if (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode))
		return err_set(err, ERR_INPUT, "%.300s is no folder: make it, or mount the stick that shall take the shares", dir);
	return ERR_OK;
}

static int
run_split(int argc, char **argv)
{
	const char *dir = admin_option(&argc, argv, "--to");
	bool qr = admin_flag(&argc, argv, "--qr");
	struct seal_key *key = NULL;
	struct buf shares[3] = { 0 };
	struct err err = { 0 };
	char path[3][4096], made[20];
	int y, m, d, written = 0;
	enum err_code rc;

	if (argc != 2 || dir == NULL || argv[1][0] == '-')
		return usage(stderr);
	date_from_day(clock_now_s(&clock_system) / 86400, &y, &m, &d);
	snprintf(made, sizeof(made), "%04d-%02d-%02d", y, m, d);
	rc = share_folder(dir, &err);
	if (rc == ERR_OK)
		rc = keyfile_load(argv[1], KEY_ESCROW, keyfile_ask_terminal, NULL, &key, &err);
	if (rc == ERR_OK)
		rc = keyfile_split(key, shares, &err);
	for (int i = 0; i < 3 && rc == ERR_OK; i++) {
		rc = write_share(dir, i, &shares[i], key, qr ? made : NULL, path[i], sizeof(path[i]), &err);
		written += rc == ERR_OK;
	}
	/* Two of a set that was not finished would be a key lying about. */
	for (int i = 0; i < written; i++) {
		if (rc == ERR_OK)
			printf("%s\n", path[i]);
		else
			(void)remove(path[i]);
	}
	if (rc == ERR_OK)
		printf("Each pair of shares brings the key back (tried). Print each for its holder%s, then destroy the\n"
		    "three files and %s.\n", qr ? " (open it in a browser without a network)" : "", argv[1]);
	for (int i = 0; i < 3; i++)
		buf_free(&shares[i]);
	seal_key_free(key);
	return rc == ERR_OK ? 0 : failed(&err);
}

/* The public escrow key (32 bytes) that PATH, a key file or a ring, names. */
static enum err_code
escrow_public(const char *path, uint8_t out[32], struct err *err)
{
	struct keyfile k = { .use = 0 };
	struct keyring *ring = NULL;
	const struct keyring_key *found = NULL;
	struct buf text;
	enum err_code rc;

	buf_init_secret(&text, KEYRING_MAX);
	rc = file_read(path, &text, err);
	if (rc == ERR_OK && strncmp(buf_str(&text), "candour-keyring ", 16) == 0) {
		rc = keyring_parse(buf_str(&text), text.len, &ring, err);
		if (rc == ERR_OK)
			found = keyring_active(ring, KEY_ESCROW, 0);
		if (found != NULL)
			memcpy(out, found->public_, 32);
		else if (rc == ERR_OK)
			rc = err_set(err, ERR_ABSENT, "%s: no active escrow key", path);
	} else if (rc == ERR_OK) {
		rc = keyfile_show(path, &k, err);
		if (rc == ERR_OK && k.use != KEY_ESCROW)
			rc = err_set(err, ERR_INPUT, "%s: no escrow key", path);
		else if (rc == ERR_OK)
			memcpy(out, k.public_.data, 32);
	}
	keyring_free(ring);
	keyfile_clear(&k);
	buf_free(&text);
	return rc;
}

static int
run_join(int argc, char **argv)
{
	const char *of = NULL, *file = NULL, *credential = NULL, *share[2] = { NULL, NULL };
	struct buf text[2] = { 0 };
	struct seal_key *key = NULL;
	struct keyfile k = { .use = 0 };
	struct err err = { 0 };
	uint8_t public_[32];
	enum err_code rc;
	int n = 0;

	for (int i = 1; i < argc; i++) {
		bool has_value = strncmp(argv[i], "--", 2) == 0;	/* "-" is a share: it is asked for */

		if (has_value && i + 1 == argc)
			return usage(stderr);
		if (!has_value && n < 2)
			share[n++] = argv[i];
		else if (strcmp(argv[i], "--of") == 0)
			of = argv[++i];
		else if (strcmp(argv[i], "--file") == 0)
			file = argv[++i];
		else if (strcmp(argv[i], "--credential") == 0)
			credential = argv[++i];
		else
			return usage(stderr);
	}
	if (n != 2 || of == NULL || (file == NULL) == (credential == NULL))
		return usage(stderr);
	rc = escrow_public(of, public_, &err);
	for (int i = 0; i < 2; i++) {
		buf_init_secret(&text[i], 4096);
		if (rc == ERR_OK && strcmp(share[i], "-") == 0)
			rc = keyfile_ask_share(i == 0 ? "first" : "second", &text[i], &err);
		else if (rc == ERR_OK)
			rc = file_read(share[i], &text[i], &err);
	}
	if (rc == ERR_OK)
		rc = keyfile_join(buf_str(&text[0]), buf_str(&text[1]), public_, &key, &err);
	if (rc == ERR_OK)
		rc = keyfile_of(key, &k, &err);
	if (rc == ERR_OK)
		rc = write_key(&k, file, credential, &err);
	if (rc == ERR_OK)
		print_key(KEY_ESCROW, k.id, file != NULL ? file : credential);
	buf_free(&text[0]);
	buf_free(&text[1]);
	keyfile_clear(&k);
	seal_key_free(key);
	return rc == ERR_OK ? 0 : failed(&err);
}

/* --- seal --- */

static int
run_seal(int argc, char **argv)
{
	const char *out = admin_option(&argc, argv, "--out");
	struct keyfile k = { .use = 0 };
	struct err err = { 0 };
	struct buf raw;
	enum err_code rc;

	if (argc != 2 || out == NULL || argv[1][0] == '-')
		return usage(stderr);
	buf_init_secret(&raw, KEYFILE_MAX);
	rc = keyfile_read(argv[1], keyfile_ask_terminal, NULL, &k, &err);
	if (rc == ERR_OK) {
		keyfile_put_raw(&k, &raw);
		rc = buf_check(&raw, &err);
	}
	if (rc == ERR_OK)
		rc = credential_write(out, key_use_word(k.use), &raw, &err);
	if (rc == ERR_OK) {
		print_key(k.use, k.id, out);
		printf("sealed under %s; the key file %s is still there\n", credential_guard(), argv[1]);
	}
	buf_free(&raw);
	keyfile_clear(&k);
	return rc == ERR_OK ? 0 : failed(&err);
}

int
cmd_key(int argc, char **argv)
{
	static const struct command verbs[] = { { "new", run_new, NULL }, { "show", run_show, NULL },
		{ "ring", run_ring, NULL }, { "split", run_split, NULL }, { "join", run_join, NULL }, { "seal", run_seal, NULL } };

	if (argc >= 2 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0))
		return usage(stdout);
	for (size_t i = 0; argc >= 2 && i < ARRAY_LEN(verbs); i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].run(argc - 1, argv + 1);
	return usage(stderr);
}
