/* Inside admin/: what the commands about publications share. */
#ifndef ADMIN_PUBLISH_CMD_H
#define ADMIN_PUBLISH_CMD_H

#include "collector/keyring.h"

/* The key ring at PATH, its text appended to TEXT (at most KEYRING_MAX); ROOT: the file with the organisation's pin that it
 * must be signed by, or NULL (believed as it is). */
enum err_code ring_load(const char *path, const char *root, struct buf *text, struct keyring **out, struct err *err) MUST_CHECK;

/* candour verify publication; ARGV[0] is "publication". */
int verify_publication(int argc, char **argv);

#endif
