/* What every daemon does the same: options, signals, no core dumps. */
#ifndef BASE_PROGRAM_H
#define BASE_PROGRAM_H

#include <stdbool.h>

#include "base/config.h"

#define CANDOUR_VERSION "0.1.0"

struct program {
	const char *name;
	const char *config_path;	/* -c FILE, or NULL */
	bool check_only;		/* -n */
	bool verbose;			/* -d */
};

/* Reads -c FILE, -n, -d, -V, -h. Exits: 0 after -V and -h, 2 for usage. Turns core dumps off
 * (PR_SET_DUMPABLE 0), blocks SIGTERM and SIGINT for program_wait, ignores SIGPIPE. */
void program_start(struct program *p, const char *name, int argc, char **argv,
	const struct config_key *keys, size_t n);
/* Blocks until SIGTERM or SIGINT, or MS milliseconds (-1: for ever). True: asked to stop. */
bool program_wait(int ms);

#endif
