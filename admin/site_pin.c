/* candour site pin: sets the PIN of the kiosk's staff area (docs/kiosk.md). */
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "admin/commands.h"
#include "admin/site.h"
#include "collector/outbox.h"
#include "collector/seal.h"

enum { PIN_MIN = 6, PIN_MAX = 12, LINE_LEN = 64, PATH_LEN = 4096 };

/* One line of standard input; from a terminal without echo. False: there is none, or it is too long. */
static bool
ask(const char *what, char line[LINE_LEN])
{
	struct termios was, quiet;
	bool tty = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &was) == 0, ok;
	size_t n;

	if (tty) {
		fprintf(stderr, "%s: ", what);
		quiet = was;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	}
	ok = fgets(line, LINE_LEN, stdin) != NULL;
	if (tty) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
		fputc('\n', stderr);
	}
	n = ok ? strcspn(line, "\r\n") : 0;
	ok = ok && line[n] != '\0';
	line[n] = '\0';
	return ok || n > 0;
}

static bool
is_pin(const char *text)
{
	size_t n = strlen(text);

	return n >= PIN_MIN && n <= PIN_MAX && strspn(text, "0123456789") == n;
}

int
site_pin(int argc, char **argv)
{
	char pin[LINE_LEN] = "", again[LINE_LEN] = "", hash[SEAL_PASSWORD], path[PATH_LEN];
	struct outbox *ob = NULL;
	enum err_code rc = ERR_OK;
	struct err err = { 0 };

	if (argc != 3) {
		fputs("usage: candour site pin DIR    (asks for the PIN; or one line of standard input)\n", stderr);
		return 2;
	}
	if (!ask("PIN, 6 to 12 digits", pin) || !is_pin(pin))
		rc = err_set(&err, ERR_INPUT, "a PIN is 6 to 12 digits");
	else if (isatty(STDIN_FILENO) && (!ask("The same again", again) || strcmp(pin, again) != 0))
		rc = err_set(&err, ERR_INPUT, "the two PINs are not the same; nothing was changed");
	if (rc == ERR_OK)
		rc = admin_path(argv[2], "site.db", path, sizeof(path), &err);
	if (rc == ERR_OK)
		rc = seal_password_hash(pin, strlen(pin), hash, &err);
	if (rc == ERR_OK)
		rc = outbox_open(path, OUTBOX_SYNC, &ob, &err);
	if (rc == ERR_OK)
		rc = outbox_meta_put(ob, "staff.pin", hash, strlen(hash), &err);
	if (rc == ERR_OK)
		rc = outbox_meta_put(ob, "staff.tries", NULL, 0, &err);
	outbox_close(ob);
	wipe(pin, sizeof(pin));
	wipe(again, sizeof(again));
	if (rc != ERR_OK)
		return admin_fail("site pin", &err);
	printf("The staff area of %s has this PIN now.\n", argv[2]);
	return 0;
}
