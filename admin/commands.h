/* The subcommands of `candour`, one a file: admin/X_cmd.c. Each gets its own argc and argv (argv[0] is
 * the subcommand's name), prints to stdout what was asked for and to stderr what went wrong, and returns
 * the exit status: 0, 1 for failure, 2 for usage. */
#ifndef ADMIN_COMMANDS_H
#define ADMIN_COMMANDS_H

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *what;	/* one line of help */
};

int cmd_form(int argc, char **argv);
int cmd_indicator(int argc, char **argv);
int cmd_action(int argc, char **argv);
int cmd_user(int argc, char **argv);
int cmd_publish(int argc, char **argv);	/* candour indicator publish */
int cmd_pull(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_demo(int argc, char **argv);
int cmd_site(int argc, char **argv);
int cmd_device(int argc, char **argv);
int cmd_quarantine(int argc, char **argv);
int cmd_centre(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_bundle(int argc, char **argv);
int cmd_key(int argc, char **argv);
int cmd_draft(int argc, char **argv);
int cmd_concern(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_backup(int argc, char **argv);
int cmd_restore(int argc, char **argv);

#endif
