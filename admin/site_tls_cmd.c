/* candour site tls: HTTPS on the site's own network, for tablets. `make` is a CA of the site's own (for one name only)
 * and a certificate by it; `request` and `install` are for a CA the organisation has; `show` says what is there.
 * docs/kiosk.md. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "admin/cert.h"
#include "admin/cert_site.h"
#include "admin/commands.h"
#include "admin/site.h"
#include "base/file.h"

enum { PATH_LEN = 4096, FILE_MAX_LEN = 1 << 20 };

static const char usage[] =
    "usage: candour site tls make DIR --name NAME [--new-ca]   a CA of the site's own and a certificate; again: renewed\n"
    "       candour site tls request DIR --name NAME           a request for the organisation's CA\n"
    "       candour site tls install DIR CHAIN.pem             what that CA gave\n"
    "       candour site tls show DIR\n";

static const char key_name[] = "lan/lan.key", chain_name[] = "lan/lan.crt", ca_name[] = "lan/tablets-ca.crt";
static const char ca_key_name[] = "keys/lan-ca.key", asked_name[] = "lan/name";

static enum err_code
read_in(const char *dir, const char *name, struct buf *out, struct err *err)
{
	char path[PATH_LEN];
	enum err_code rc = admin_path(dir, name, path, sizeof(path), err);

	buf_reset(out);
	return rc != ERR_OK ? rc : file_read(path, out, err);
}

static enum err_code
write_in(const char *dir, const char *name, const struct buf *b, mode_t mode, struct err *err)
{
	char path[PATH_LEN];
	enum err_code rc = admin_path(dir, name, path, sizeof(path), err);

	return rc != ERR_OK ? rc : file_write(path, b->data, b->len, mode, err);
}

/* 1 to 253 characters: labels of letters, digits and inner dashes; not an address. */
static bool
is_name(const char *s)
{
	size_t label = 0, len = strlen(s);
	bool letter = false;

	if (len == 0 || len > 253)
		return false;
	for (size_t i = 0; i <= len; i++) {
		if (s[i] == '.' || s[i] == '\0') {
			if (label == 0 || label > 63 || s[i - 1] == '-')
				return false;
			label = 0;
		} else {
			bool alpha = (s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z');

			if (!alpha && !(s[i] >= '0' && s[i] <= '9') && !(s[i] == '-' && label > 0))
				return false;
			letter |= alpha;
			label++;
		}
	}
	return letter;
}

/* kiosk.conf without the lines about the network, then with them. */
static enum err_code
set_conf(const char *dir, const char *name, struct err *err)
{
	static const struct site_setting gone[] = { { "lan", NULL }, { "lan_name", NULL }, { "lan_cert", NULL },
	    { "lan_key", NULL }, { "lan_plain", NULL }, { "lan_plain_risk", NULL } };
	char path[PATH_LEN], real[PATH_LEN];
	struct buf lines;
	enum err_code rc = admin_path(dir, "kiosk.conf", path, sizeof(path), err);

	buf_init(&lines, FILE_MAX_LEN);
	if (rc == ERR_OK && realpath(dir, real) == NULL)
		rc = err_set(err, ERR_ABSENT, "%s: cannot be found", dir);
	if (rc == ERR_OK) {
		buf_printf(&lines, "lan = yes\nlan_name = %s\nlan_cert = %s/%s\nlan_key = %s/%s\n", name, real, chain_name, real,
		    key_name);
		rc = buf_check(&lines, err);
	}
	if (rc == ERR_OK)
		rc = site_settings(path, path, gone, ARRAY_LEN(gone), buf_str(&lines), err);
	buf_free(&lines);
	return rc;
}

static enum err_code
make_folder(const char *dir, struct err *err)
{
	char path[PATH_LEN];
	struct stat s;
	enum err_code rc = admin_path(dir, "kiosk.conf", path, sizeof(path), err);

	if (rc == ERR_OK && stat(path, &s) != 0)
		return err_set(err, ERR_ABSENT, "%s is not there: make the site first (candour site init)", path);
	if (rc == ERR_OK)
		rc = admin_path(dir, "lan", path, sizeof(path), err);
	if (rc == ERR_OK)
		rc = file_mkdirs(path, 0750, err);
	if (rc == ERR_OK)
		rc = admin_path(dir, "keys", path, sizeof(path), err);
	return rc != ERR_OK ? rc : file_mkdirs(path, 0700, err);
}

/* The site's CA and its key: as they are, or new ones. */
static enum err_code
site_ca(const char *dir, const char *name, bool fresh, struct buf *ca, struct buf *ca_key, bool *is_new, struct err *err)
{
	enum err_code rc = fresh ? ERR_ABSENT : read_in(dir, ca_key_name, ca_key, err);

	*is_new = rc == ERR_ABSENT;
	if (rc == ERR_OK)
		return read_in(dir, ca_name, ca, err);
	if (rc != ERR_ABSENT)
		return rc;
	buf_reset(ca_key);
	buf_reset(ca);
	rc = cert_key_new(ca_key, NULL, err);
	if (rc == ERR_OK)
		rc = cert_site_ca(name, ca_key, time(NULL), ca, err);
	if (rc == ERR_OK)
		rc = write_in(dir, ca_key_name, ca_key, 0600, err);
	return rc != ERR_OK ? rc : write_in(dir, ca_name, ca, 0644, err);
}

static void
tell(const struct cert_facts *f)
{
	char until[80];

	admin_when(f->until, time(NULL), until, sizeof(until));
	printf("Name:         %s\nGood until:   %s\nIssued by:    %s\nFingerprint:  %s\n", f->name, until, f->issuer, f->words);
}

static enum err_code
make(const char *dir, const char *name, bool fresh, struct err *err)
{
	struct buf ca, ca_key, key, chain;
	struct cert_facts facts;
	bool is_new = false;
	enum err_code rc;

	buf_init(&ca, FILE_MAX_LEN);
	buf_init_secret(&ca_key, FILE_MAX_LEN);
	buf_init_secret(&key, FILE_MAX_LEN);
	buf_init(&chain, FILE_MAX_LEN);
	rc = make_folder(dir, err);
	if (rc == ERR_OK)
		rc = site_ca(dir, name, fresh, &ca, &ca_key, &is_new, err);
	if (rc == ERR_OK)
		rc = cert_key_new(&key, NULL, err);
	if (rc == ERR_OK)
		rc = cert_site_server(&ca, &ca_key, name, &key, time(NULL), &chain, err);
	if (rc == ERR_OK) {
		buf_put(&chain, ca.data, ca.len);
		rc = cert_site_check(&chain, &key, name, time(NULL), err);
	}
	/* Nothing of what is in use changes before all of the new is good. */
	if (rc == ERR_OK)
		rc = write_in(dir, key_name, &key, 0640, err);
	if (rc == ERR_OK)
		rc = write_in(dir, chain_name, &chain, 0644, err);
	if (rc == ERR_OK)
		rc = set_conf(dir, name, err);
	if (rc == ERR_OK)
		rc = cert_site_facts(&chain, &facts, err);
	if (rc == ERR_OK) {
		tell(&facts);
		if (is_new)
			printf("Put %s/%s on each tablet as a trusted authority: it is good for %s alone.\n", dir, ca_name, name);
		puts("Restart candour-kiosk to use it.");
	}
	buf_free(&ca);
	buf_free(&ca_key);
	buf_free(&key);
	buf_free(&chain);
	return rc;
}

static enum err_code
request(const char *dir, const char *name, struct err *err)
{
	struct buf key, csr, asked;
	enum err_code rc;

	buf_init_secret(&key, FILE_MAX_LEN);
	buf_init(&csr, FILE_MAX_LEN);
	buf_init(&asked, 300);
	rc = make_folder(dir, err);
	if (rc == ERR_OK)
		rc = cert_key_new(&key, NULL, err);
	if (rc == ERR_OK)
		rc = cert_site_request(name, &key, &csr, err);
	if (rc == ERR_OK) {
		buf_puts(&asked, name);
		rc = write_in(dir, "lan/new.key", &key, 0600, err);
	}
	if (rc == ERR_OK)
		rc = write_in(dir, asked_name, &asked, 0644, err);
	if (rc == ERR_OK)
		rc = write_in(dir, "lan/request.csr", &csr, 0644, err);
	if (rc == ERR_OK)
		printf("Have your CA sign %s/lan/request.csr for %s, server authentication, at most 825 days; then:\n"
		    "  candour site tls install %s CHAIN.pem\n", dir, name, dir);
	buf_free(&key);
	buf_free(&csr);
	buf_free(&asked);
	return rc;
}

static enum err_code
install(const char *dir, const char *path, struct err *err)
{
	struct buf key, chain, name;
	struct cert_facts facts;
	char new_key[PATH_LEN];
	enum err_code rc;

	buf_init_secret(&key, FILE_MAX_LEN);
	buf_init(&chain, FILE_MAX_LEN);
	buf_init(&name, 300);
	rc = read_in(dir, "lan/new.key", &key, err);
	if (rc == ERR_ABSENT)
		rc = err_set(err, ERR_ABSENT, "there is no open request in %s: candour site tls request comes first", dir);
	if (rc == ERR_OK)
		rc = read_in(dir, asked_name, &name, err);
	if (rc == ERR_OK)
		rc = file_read(path, &chain, err);
	if (rc == ERR_OK)
		rc = cert_site_check(&chain, &key, buf_str(&name), time(NULL), err);
	if (rc == ERR_OK)
		rc = write_in(dir, key_name, &key, 0640, err);
	if (rc == ERR_OK)
		rc = write_in(dir, chain_name, &chain, 0644, err);
	if (rc == ERR_OK)
		rc = set_conf(dir, buf_str(&name), err);
	if (rc == ERR_OK)
		rc = admin_path(dir, "lan/new.key", new_key, sizeof(new_key), err);
	if (rc == ERR_OK)
		(void)unlink(new_key);
	if (rc == ERR_OK)
		rc = cert_site_facts(&chain, &facts, err);
	if (rc == ERR_OK) {
		tell(&facts);
		puts("Restart candour-kiosk to use it.");
	}
	buf_free(&key);
	buf_free(&chain);
	buf_free(&name);
	return rc;
}

static enum err_code
show(const char *dir, struct err *err)
{
	struct cert_facts facts;
	struct buf chain;
	enum err_code rc;

	buf_init(&chain, FILE_MAX_LEN);
	rc = read_in(dir, chain_name, &chain, err);
	if (rc == ERR_ABSENT)
		rc = err_set(err, ERR_ABSENT, "%s has no certificate yet: candour site tls make", dir);
	if (rc == ERR_OK)
		rc = cert_site_facts(&chain, &facts, err);
	if (rc == ERR_OK)
		tell(&facts);
	buf_free(&chain);
	return rc;
}

int
site_tls(int argc, char **argv)
{
	const char *name = admin_option(&argc, argv, "--name"), *what = argc > 2 ? argv[2] : "";
	bool fresh = admin_flag(&argc, argv, "--new-ca"), named = strcmp(what, "make") == 0 || strcmp(what, "request") == 0;
	struct err err = { 0 };
	enum err_code rc;

	admin_no_more(argc, argv, usage);
	if (argc != (strcmp(what, "install") == 0 ? 5 : 4) || named != (name != NULL)) {
		fputs(usage, stderr);
		return 2;
	}
	if (named && !is_name(name)) {
		fprintf(stderr, "candour site tls: \"%.80s\" is no DNS name: kiosk.home.example, not an address\n", name);
		return 2;
	}
	umask(0027);
	if (strcmp(what, "make") == 0)
		rc = make(argv[3], name, fresh, &err);
	else if (strcmp(what, "request") == 0)
		rc = request(argv[3], name, &err);
	else if (strcmp(what, "install") == 0)
		rc = install(argv[3], argv[4], &err);
	else if (strcmp(what, "show") == 0)
		rc = show(argv[3], &err);
	else {
		fputs(usage, stderr);
		return 2;
	}
	return rc == ERR_OK ? 0 : admin_fail("site tls", &err);
}
