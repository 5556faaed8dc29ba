/* Inside admin/: a subcommand of `candour verify`. */
#ifndef ADMIN_AUDIT_CMD_H
#define ADMIN_AUDIT_CMD_H

/* ARGV[0] is "audit". */
int verify_audit(int argc, char **argv);

#endif
