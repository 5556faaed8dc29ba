/* A time zone, from TZif data (RFC 8536) including its POSIX rule for the time after the last
 * transition. Never touches the process's own zone. */
#ifndef FORMS_ZONE_H
#define FORMS_ZONE_H

#include <stdint.h>

#include "base/buf.h"

struct zone;

/* Read TZif bytes. ERR_INPUT, ERR_NOMEM. The caller's; zone_free. */
enum err_code zone_parse(const void *data, size_t len, struct zone **out, struct err *err) MUST_CHECK;
/* From the system's zone data by name ("Europe/London"; "UTC" needs no file), or "" for the system's own
 * (/etc/localtime). ERR_ABSENT, ERR_INPUT. */
enum err_code zone_load(const char *name, struct zone **out, struct err *err) MUST_CHECK;
void zone_free(struct zone *z);
/* Seconds to add to UTC at that instant. NULL: UTC. */
int32_t zone_offset(const struct zone *z, int64_t utc_s);
/* The instant of a local time (seconds as if it were UTC): in a gap the time after it by the gap's
 * length, in an overlap the earlier instant. */
int64_t zone_to_utc(const struct zone *z, int64_t local_s);

#endif
