/* candour: the command people type. See commands.h. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "admin/commands.h"
#include "admin/help.h"
#include "base/program.h"

static const struct command commands[] = {
	{ "form", cmd_form, "convert and check questionnaires" },
	{ "indicator", cmd_indicator, "check and evaluate definitions; publish figures" },
	{ "pull", cmd_pull, "fetch all publications and check them" },
	{ "export", cmd_export, "a publication as a pack to hand on: figures, meanings, proof" },
	{ "action", cmd_action, "what is done about what people said: add, change, list, notices" },
	{ "user", cmd_user, "people who may sign in: add, password, disable, list, reader" },
	{ "centre", cmd_centre, "make the centre's folder; key ring, server certificate" },
	{ "site", cmd_site, "make a site's folder; invite and enrol a box" },
	{ "device", cmd_device, "list, approve and revoke boxes" },
	{ "quarantine", cmd_quarantine, "what was put aside at the centre: list, show, release, discard" },
	{ "bundle", cmd_bundle, "forms, settings and notices for boxes: sign, post, show" },
	{ "status", cmd_status, "how a site or the centre is doing" },
	{ "key", cmd_key, "make, show, sign and share keys" },
	{ "draft", cmd_draft, "focus groups whose passphrase is lost, read with the organisation's key" },
	{ "concern", cmd_concern, "what people wrote behind \"Something is wrong\": pull, list, show, note, table" },
	{ "verify", cmd_verify, "prove what a site.db holds, and say what is wrong with it" },
	{ "backup", cmd_backup, "put a centre's databases aside while it works" },
	{ "restore", cmd_restore, "take a backup into use" },
	{ "demo", cmd_demo, "made-up responses through the real path, for trying out" },
	{ NULL, NULL, NULL },
};

static int
usage(FILE *to)
{
	fprintf(to, "usage: candour COMMAND ...\n       candour COMMAND -h\n       candour -V\n\n");
	for (const struct command *c = commands; c->name != NULL; c++)
		fprintf(to, "  %-12s %s\n", c->name, c->what);
	fprintf(to, "\nEach tells more, with an example: candour site --help, candour site init --help.\n"
	    "candour help all lists every subcommand.\n"
	    "Exit status: 0 done, 1 it could not be done (standard error says why and what to do), 2 not called rightly.\n");
	return to == stdout ? 0 : 2;
}

/* The command called NAME, or NULL. */
static const struct command *
find(const char *name)
{
	for (const struct command *c = commands; c->name != NULL; c++)
		if (strcmp(name, c->name) == 0)
			return c;
	return NULL;
}

static int
no_command(const char *name)
{
	const char *names[ARRAY_LEN(commands)];

	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		names[i] = commands[i].name;
	help_no_command(name, names);
	return 2;
}

int
main(int argc, char **argv)
{
	const struct command *c;
	char *asks = NULL;
	int status;

	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2)
		return usage(stderr);
	if (strcmp(argv[1], "-V") == 0 || strcmp(argv[1], "--version") == 0) {
		printf("candour %s\n", CANDOUR_VERSION);
		return 0;
	}
	if (strcmp(argv[1], "help") == 0 && argc == 3 && strcmp(argv[2], "all") == 0) {
		help_list();
		return 0;
	}
	/* "candour help site init" is "candour site init --help". */
	if (strcmp(argv[1], "help") == 0 && argc > 2) {
		asks = argv[1];
		memmove(&argv[1], &argv[2], (size_t)(argc - 2) * sizeof(*argv));
		asks = memcpy(asks, "-h", 3);
		argv[argc - 1] = asks;
	}
	if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
		return usage(stdout);
	c = find(argv[1]);
	if (c == NULL)
		return no_command(argv[1]);
	if (help_first(argc, argv, &status))
		return status;
	/* Whatever follows: the command itself says what it has. */
	if (argc > 2 && strcmp(argv[2], "--help") == 0)
		argv[2] = memcpy(argv[2], "-h", 3);
	return c->run(argc - 1, argv + 1);
}
