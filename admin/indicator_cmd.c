/* candour indicator: the verbs about definitions and figures. */
#include <stdio.h>
#include <string.h>

#include "admin/commands.h"

static const struct command verbs[] = {
	{ "publish", cmd_publish, "prepare, sign and post a publication" },
	{ NULL, NULL, NULL },
};

static int
usage(FILE *to)
{
	fprintf(to, "usage: candour indicator VERB ...\n\n");
	for (const struct command *c = verbs; c->name != NULL; c++)
		fprintf(to, "  %-12s %s\n", c->name, c->what);
	return to == stdout ? 0 : 2;
}

int
cmd_indicator(int argc, char **argv)
{
	if (argc >= 2 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0))
		return usage(stdout);
	for (const struct command *c = verbs; argc >= 2 && c->name != NULL; c++)
		if (strcmp(argv[1], c->name) == 0)
			return c->run(argc - 1, argv + 1);
	return usage(stderr);
}
