/* aggregator.conf. See settings.h. */
#include "aggregator/settings.h"

#include <stddef.h>

#define AT(field) offsetof(struct aggregator_settings, field)

const struct config_key aggregator_keys[] = {
	{ "", "store", CONFIG_TEXT, AT(store), NULL, 0, 1000,
	    "central store: path of the SQLite file, or postgresql://..." },
	{ "", "log_id", CONFIG_TEXT, AT(log_id), NULL, 0, 32, "this aggregator's log: 32 hex digits, never two alike" },
	{ "", "ring", CONFIG_TEXT, AT(ring), NULL, 0, 1000, "file of the signed key ring that devices fetch" },
	{ "", "root", CONFIG_TEXT, AT(root), NULL, 0, 1000, "file that pins the organisation's root key" },
	{ "", "receipt_key", CONFIG_TEXT, AT(receipt_key), "", 0, 1000,
	    "key file of the receipt key; empty: the credential \"receipt\" from systemd" },
	{ "", "threads", CONFIG_INT, AT(threads), "8", 1, 256,
	    "threads that read requests of devices; each connection wakes all of them, each batch holds one until it is kept" },
	{ "devices", "listen", CONFIG_TEXT, AT(devices_listen), "0.0.0.0:8443", 0, 100, "where devices connect" },
	{ "devices", "cert", CONFIG_TEXT, AT(devices_cert), NULL, 0, 1000, "certificate for devices (PEM), by our CA" },
	{ "devices", "key", CONFIG_TEXT, AT(devices_key), NULL, 0, 1000, "its key (PEM)" },
	{ "devices", "ca", CONFIG_TEXT, AT(ca), NULL, 0, 1000, "CA of device certificates (PEM)" },
	{ "devices", "per_address", CONFIG_INT, AT(per_address), "100", 1, 100000,
	    "most connections from one address (a council's sites may share one)" },
	{ "devices", "batches_a_minute", CONFIG_INT, AT(batches_a_minute), "60", 0, 1000000,
	    "most batches of one device in a minute; 0: no limit" },
	{ "pages", "listen", CONFIG_TEXT, AT(pages_listen), "127.0.0.1:8090", 0, 100,
	    "where commissioners' pages are; plain HTTP on a loopback address only; empty: none" },
	{ "pages", "cert", CONFIG_TEXT, AT(pages_cert), "", 0, 1000, "public certificate (PEM); empty: plain HTTP" },
	{ "pages", "key", CONFIG_TEXT, AT(pages_key), "", 0, 1000, "its key (PEM)" },
	{ "pages", "db", CONFIG_TEXT, AT(pages_db), NULL, 0, 1000, "users and publications (SQLite file)" },
	{ "pages", "organisation", CONFIG_TEXT, AT(organisation), "", 0, 200, "its name, as the pages show it" },
	{ "retention", "answers_days", CONFIG_INT, AT(answers_days), "730", 0, 36500,
	    "days after which the body of an answer that the indicators have read is erased, at least 30; 0: never" },
	{ "retention", "concerns_days", CONFIG_INT, AT(concerns_days), "30", 0, 3650,
	    "days after a holder pulled them that bodies of the concern lane are erased, at least 7; 0: never" },
	{ "status", "listen", CONFIG_TEXT, AT(status_listen), "", 0, 100,
	    "loopback address of /healthz and /metrics of the devices' side; empty: none" },
};
const size_t aggregator_n_keys = ARRAY_LEN(aggregator_keys);

enum { ANSWERS_LEAST = 30, CONCERNS_LEAST = 7 };

enum err_code
aggregator_settings_check(const struct aggregator_settings *set, struct err *err)
{
	if (set->answers_days != 0 && set->answers_days < ANSWERS_LEAST)
		return err_set(err, ERR_INPUT, "[retention] answers_days = %lld: at least %d, so that figures can be looked into "
		    "before the answers go, or 0 to keep them for ever", (long long)set->answers_days, ANSWERS_LEAST);
	if (set->concerns_days != 0 && set->concerns_days < CONCERNS_LEAST)
		return err_set(err, ERR_INPUT, "[retention] concerns_days = %lld: at least %d, so that a holder whose disk fails can "
		    "pull again, or 0 to keep them for ever", (long long)set->concerns_days, CONCERNS_LEAST);
	return ERR_OK;
}
