/* candour concern. See concern.h. */
#include "admin/concern.h"

#include <stdio.h>
#include <string.h>

#include "admin/commands.h"
#include "admin/site.h"

static const char usage[] =
    "usage: candour concern pull --key FILE [--centre DIR | --store STORE] [--notify PROGRAM] INTO\n"
    "       candour concern list --key FILE INTO\n"
    "       candour concern show --key FILE INTO ID\n"
    "       candour concern note --by NAME INTO ID TEXT\n"
    "       candour concern table --key FILE INTO\n\n"
    "For who holds a concern key: what people wrote behind \"Something is wrong\". INTO is a folder of the holder's own.\n";

int
cmd_concern(int argc, char **argv)
{
	const char *key = admin_option(&argc, argv, "--key"), *centre = admin_option(&argc, argv, "--centre");
	const char *store = admin_option(&argc, argv, "--store"), *program = admin_option(&argc, argv, "--notify");
	const char *by = admin_option(&argc, argv, "--by"), *what = argc > 1 ? argv[1] : "";
	struct err err = { 0 };
	enum err_code rc;

	if (strcmp(what, "-h") == 0 || strcmp(what, "--help") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	admin_no_more(argc, argv, usage);
	if (strcmp(what, "pull") == 0 && argc == 3 && key != NULL)
		rc = concern_pull(argv[2], key, centre, store, program, &err);
	else if (strcmp(what, "list") == 0 && argc == 3 && key != NULL)
		rc = concern_read_out(argv[2], key, CONCERN_LIST, NULL, &err);
	else if (strcmp(what, "table") == 0 && argc == 3 && key != NULL)
		rc = concern_read_out(argv[2], key, CONCERN_TABLE, NULL, &err);
	else if (strcmp(what, "show") == 0 && argc == 4 && key != NULL)
		rc = concern_read_out(argv[2], key, CONCERN_SHOW, argv[3], &err);
	else if (strcmp(what, "note") == 0 && argc == 5 && by != NULL)
		rc = concern_note(argv[2], argv[3], by, argv[4], &err);
	else {
		fputs(usage, stderr);
		return 2;
	}
	return rc == ERR_OK ? 0 : admin_fail("concern", &err);
}
