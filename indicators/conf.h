/* The configuration of candour-indicators, shared with `candour indicator publish`. */
#ifndef INDICATORS_CONF_H
#define INDICATORS_CONF_H

#include "base/config.h"

struct indicators_conf {
	char *store, *facts, *forms, *definitions, *key;
	char *listen, *cert, *cert_key, *users, *organisation;
	int64_t poll_ms, batch, facts_months;
};

extern const struct config_key indicators_keys[];
extern const size_t indicators_n_keys;

#endif
