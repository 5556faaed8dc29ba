/* Where the aggregator keeps publications: whole signed files, append-only; the last one is also held in
 * memory, read, for the pages. Safe from any thread. */
#ifndef AGGREGATOR_PUBLICATION_STORE_H
#define AGGREGATOR_PUBLICATION_STORE_H

#include "aggregator/publication.h"

struct publications;

enum err_code publications_open(const char *path, struct publications **out, struct err *err) MUST_CHECK;
void publications_close(struct publications *p);

/* Check the file (form, hashes, number, chain, signature by a publish key of RING) and keep it. *NO is its
 * number. ERR_EXISTS: it is there already (fine); ERR_INPUT, ERR_DENIED as pub_read, pub_verify_ring. */
enum err_code publications_put(struct publications *p, const void *bytes, size_t len,
	const struct keyring *ring, int64_t now, int64_t *no, struct err *err) MUST_CHECK;
/* The file of number NO (0: the last) appended to OUT. ERR_ABSENT. */
enum err_code publications_get(struct publications *p, int64_t no, struct buf *out, struct err *err) MUST_CHECK;
/* Number and file hash of the last; 0 and "" if there is none. */
enum err_code publications_last(struct publications *p, int64_t *no, char sha256[65], struct err *err) MUST_CHECK;

/* The last publication, read. NULL if there is none. Hold it as short as a request; give it back with
 * publications_release. */
struct publication_held;
struct publication_held *publications_hold(struct publications *p);
const struct publication *publication_of(const struct publication_held *h);
void publications_release(struct publications *p, struct publication_held *h);

struct publication_line {
	int64_t no, stored_at;
	const char *sha256;
	size_t len;
};
enum err_code publications_each(struct publications *p, enum err_code (*fn)(void *arg,
	const struct publication_line *line, struct err *err), void *arg, struct err *err) MUST_CHECK;

#endif
