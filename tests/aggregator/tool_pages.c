/* Serve the published pages with the sample publication, to look at them: tool_pages DIR [SECONDS [MONTHS]].
 * Prints the address and a reader's token. Sign in as viewer / "blue teapot on the hill". */
#include "aggregator/pages.h"
#include "aggregator/publication_store.h"
#include "aggregator/users.h"
#include "base/program.h"
#include "tests/aggregator/sample.h"

#include <unistd.h>

int
main(int argc, char **argv)
{
	struct pages_conf conf = { .listen = "127.0.0.1:0", .listen_fd = -1 };
	struct publications *store = NULL;
	struct users *users = NULL;
	struct pages *pages = NULL;
	struct keyring *ring = NULL;
	char token[TOKEN_TEXT], db[4096], ring_path[4096];
	struct buf file, text;
	struct err err = {0};
	int64_t no;

	if (argc < 2)
		return 2;
	snprintf(db, sizeof(db), "%s/pages.db", argv[1]);
	snprintf(ring_path, sizeof(ring_path), "%s/ring", argv[1]);
	conf.db = db;
	conf.ring = ring_path;
	buf_init(&file, PUB_MAX);
	buf_init(&text, KEYRING_MAX);
	sample_groups = argc <= 3;
	sample_ring(ring_path);
	sample_months(1, "", 5, argc > 3 ? atoi(argv[3]) : 24, &file);
	if (file_read(ring_path, &text, &err) != ERR_OK
	    || keyring_parse((const char *)text.data, text.len, &ring, &err) != ERR_OK
	    || users_open(db, &users, &err) != ERR_OK
	    || users_add(users, "viewer", ROLE_VIEWER, "blue teapot on the hill", 1790000000, &err) != ERR_OK
	    || users_reader(users, "reader", 1790000000, token, &err) != ERR_OK
	    || publications_open(db, &store, &err) != ERR_OK
	    || publications_put(store, file.data, file.len, ring, 1790000000, &no, &err) != ERR_OK
	    || pages_start(&conf, &pages, &err) != ERR_OK) {
		fprintf(stderr, "%s\n", err.msg);
		return 1;
	}
	printf("http://127.0.0.1:%u\nreader %s\n", pages_port(pages), token);
	fflush(stdout);
	sleep(argc > 2 ? (unsigned)atoi(argv[2]) : 600);
	pages_stop(pages);
	publications_close(store);
	users_close(users);
	keyring_free(ring);
	buf_free(&file);
	buf_free(&text);
	return 0;
}
