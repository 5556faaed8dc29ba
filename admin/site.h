/* What the commands about sites, devices and the centre share. */
#ifndef ADMIN_SITE_H
#define ADMIN_SITE_H

#include <stdbool.h>

#include "aggregator/store.h"
#include "base/buf.h"

/* Print "candour WHAT: message" to stderr; the exit status 1. */
int admin_fail(const char *what, const struct err *err);
/* DIR/NAME into PATH. ERR_INPUT if it is too long. */
enum err_code admin_path(const char *dir, const char *name, char *path, size_t room, struct err *err) MUST_CHECK;
/* The value of --NAME in ARGV (taken out of it), or NULL; exits with 2 if the value is missing. */
const char *admin_option(int *argc, char **argv, const char *name);
bool admin_flag(int *argc, char **argv, const char *name);
/* Exits with 2 if an option is left that nobody took. */
void admin_no_more(int argc, char **argv, const char *usage);

/* "today 09:40", "yesterday 17:02", "12 November 2026 08:00" of AT as seen at NOW (UTC). */
void admin_when(int64_t at, int64_t now, char *text, size_t room);
/* What becomes of the lines of KEY in a settings file: "KEY = VALUE", "KEY =" ("": empty), or nothing (NULL). */
struct site_setting {
	const char *key, *value;
};
/* The settings file FROM into TO (mode 0644; they may be the same): lines of the N keys in SET become what it says, all
 * others stay as they are, APPEND (NULL: nothing) comes last. Durable. */
enum err_code site_settings(const char *from, const char *to, const struct site_setting *set, size_t n, const char *append,
	struct err *err) MUST_CHECK;
/* candour site pin DIR: an exit status. */
int site_pin(int argc, char **argv);
/* candour site tls ..: an exit status. */
int site_tls(int argc, char **argv);
/* candour site seal DIR ..: an exit status. */
int site_seal(int argc, char **argv);
/* candour site rekey DIR ..: an exit status. */
int site_rekey(int argc, char **argv);

/* The public halves of a box's keys. */
struct site_keys {
	uint8_t device[16];
	uint8_t sign[32], spki[256];
	size_t spki_len;
};
/* New device keys in DIR/keys: device.key, tls.key, provisional.pem, the last one last. OUT may be NULL. ERR_EXISTS. */
enum err_code site_make_keys(const char *dir, struct site_keys *out, struct err *err) MUST_CHECK;
/* Nobody else may have the site.db at PATH open, now or until *FD is closed. ERR_AGAIN says which process has. ERR_ABSENT,
 * ERR_DENIED. Close *FD if it is not -1, also after an error. */
enum err_code site_lock(const char *path, int *fd, struct err *err) MUST_CHECK;
/* candour site repair DIR ..: an exit status. */
int site_repair(int argc, char **argv);

#endif
