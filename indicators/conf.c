/* What may be set in indicators.conf. */
#include "indicators/conf.h"

#include <stddef.h>

#define KEY(field, type, preset, min, max, help) \
	{ "", #field, type, offsetof(struct indicators_conf, field), preset, min, max, help }

const struct config_key indicators_keys[] = {
	KEY(store, CONFIG_TEXT, NULL, 0, 0, "the central store: a file, or postgresql://..."),
	KEY(facts, CONFIG_TEXT, NULL, 0, 0, "facts.db, made if absent"),
	KEY(forms, CONFIG_TEXT, NULL, 0, 0, "folder with the XForm XML of every form that was ever used"),
	KEY(definitions, CONFIG_TEXT, NULL, 0, 0, "folder with the .ind files"),
	KEY(key, CONFIG_TEXT, "", 0, 0, "response key: file; empty: $CREDENTIALS_DIRECTORY/response"),
	KEY(listen, CONFIG_TEXT, "127.0.0.1:8091", 0, 0, "address of the reading room"),
	KEY(cert, CONFIG_TEXT, "", 0, 0, "certificate of the reading room (PEM); empty: plain HTTP on 127.0.0.1"),
	KEY(cert_key, CONFIG_TEXT, "", 0, 0, "its private key (PEM)"),
	KEY(users, CONFIG_TEXT, NULL, 0, 0, "database of the reading room's users, made if absent"),
	KEY(organisation, CONFIG_TEXT, "The organisation", 1, 200, "its name, as pages and publications show it"),
	KEY(poll_ms, CONFIG_INT, "2000", 100, 3600000, "milliseconds between looks into the central store"),
	KEY(batch, CONFIG_INT, "500", 1, 100000, "records a transaction"),
	{ "retention", "facts_months", CONFIG_INT, offsetof(struct indicators_conf, facts_months), "24", 0, 1200,
	    "months after the end of its longest period that a fact is erased (figures stay), at least 6; 0: never" },
};
const size_t indicators_n_keys = sizeof(indicators_keys) / sizeof(indicators_keys[0]);
