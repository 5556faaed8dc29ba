/* Inside admin/: what the subcommands of `candour indicator` share. */
#ifndef ADMIN_INDICATOR_CMD_H
#define ADMIN_INDICATOR_CMD_H

#include "indicators/definition.h"

/* Forms to check and evaluate against, by the order of their files' names. */
struct form_folder {
	struct form **list;
	char (*ids)[33];	/* chain_form_id in hex, of each */
	size_t n;
};
/* Every .csv, .xlsx and .xml of DIR; NULL: the forms that ship beside the definition file or folder BESIDE. ERR_ABSENT: no
 * such folder; ERR_INPUT names the file that is wrong. *OUT: form_folder_clear. */
enum err_code form_folder_read(const char *dir, const char *beside, struct form_folder *out, struct err *err) MUST_CHECK;
void form_folder_clear(struct form_folder *f);

/* Findings as lines FILE:LINE: [warning: ]TEXT to stderr, in the order of lines. */
void print_findings(struct findings *f);

int indicator_check(int argc, char **argv);
int indicator_diff(int argc, char **argv);
int indicator_evaluate(int argc, char **argv);
int indicator_health(int argc, char **argv);
int indicator_import(int argc, char **argv);
int indicator_kappa(int argc, char **argv);
int indicator_codes(int argc, char **argv);
/* How the facts are that the configuration at PATH names: facts_cmd.c. */
int facts_health(const char *conf_path);
int indicator_retain(int argc, char **argv);

#endif
