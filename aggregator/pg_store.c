/* The central store in PostgreSQL. */
#include "aggregator/store_open.h"

enum err_code
store_open_pg(const char *url, bool create, struct store **out, struct err *err)
{
	(void)url;
	(void)create;
	(void)out;
	return err_set(err, ERR_INPUT, "this program was built without the PostgreSQL store: give the path of a file");
}
