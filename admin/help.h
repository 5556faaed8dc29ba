/* What each subcommand of `candour` says of itself, and which options it has: read before it runs, so that --help works
 * everywhere alike and a mistyped option is named with the nearest one. A new subcommand or option needs its line in
 * help.c; tests/base/test_help.sh asks each for its help. */
#ifndef ADMIN_HELP_H
#define ADMIN_HELP_H

#include <stdbool.h>

/* ARGV as main has it, ARGV[1] being a command. True if that was all: asked for help, it was printed (*STATUS 0); with an
 * option that the subcommand does not have, or a subcommand that the command does not have, one line was said on standard
 * error (*STATUS 2). False: run it. "candour COMMAND -h" is left to the command. */
bool help_first(int argc, char **argv, int *status);
/* One line on standard error about a COMMAND that is none of NAMES (NULL at the end). */
void help_no_command(const char *command, const char *const *names);
/* `candour help all`: one path a line ("site init"). */
void help_list(void);

#endif
