/* Whole files, safely. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <sys/types.h>

#include "base/buf.h"

/* Append the whole of PATH (at most OUT's limit) to OUT. ERR_ABSENT if there is no such file, ERR_LIMIT
 * if it is longer, ERR_INPUT if it is no regular file, ERR_AGAIN if it changed meanwhile (its size or time of
 * change), ERR_BROKEN otherwise. OUT gains nothing on failure. */
enum err_code file_read(const char *path, struct buf *out, struct err *err) MUST_CHECK;
/* Write PATH durably and at once: temporary file in the same folder with MODE, fsync, rename, fsync of
 * the folder. Either the old or the new content is there after a power cut. Written by root, a file stays
 * its owner's. */
enum err_code file_write(const char *path, const void *data, size_t len, mode_t mode, struct err *err) MUST_CHECK;
/* The same, but ERR_EXISTS (and nothing changed) if PATH is there already. */
enum err_code file_create(const char *path, const void *data, size_t len, mode_t mode, struct err *err) MUST_CHECK;
/* fsync the folder that holds PATH. */
enum err_code file_sync_parent(const char *path, struct err *err) MUST_CHECK;
/* mkdir -p with MODE for what is new. */
enum err_code file_mkdirs(const char *path, mode_t mode, struct err *err) MUST_CHECK;

#endif
