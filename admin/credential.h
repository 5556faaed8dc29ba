/* Secrets kept as systemd's encrypted credentials: under the machine's TPM2 where it has one (and its firmware's and
 * Secure Boot's state is the same, PCR 7), else under the host's key. systemd opens them for one service when it starts
 * (LoadCredentialEncrypted=). The work is `systemd-creds`'; the secret goes to it through memory, never a file. */
#ifndef ADMIN_CREDENTIAL_H
#define ADMIN_CREDENTIAL_H

#include "base/buf.h"

/* Seal SECRET for a service that will know it as NAME, see that it opens again, and write PATH, new or anew, 0600.
 * Needs root. ERR_ABSENT: there is no systemd-creds; ERR_BROKEN: what it said. PATH is as it was then. */
enum err_code credential_write(const char *path, const char *name, const struct buf *secret, struct err *err) MUST_CHECK;
/* "the TPM2 and the host's key" or "the host's key alone (this machine has no TPM2)": what guards it here. */
const char *credential_guard(void);

#endif
