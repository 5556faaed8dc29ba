/* aggregator.conf. */
#ifndef AGGREGATOR_SETTINGS_H
#define AGGREGATOR_SETTINGS_H

#include "base/config.h"

struct aggregator_settings {
	char *store, *devices_listen, *devices_cert, *devices_key, *ca, *receipt_key, *log_id, *ring, *root;
	char *pages_listen, *pages_cert, *pages_key, *pages_db, *organisation, *status_listen;
	int64_t threads, per_address, batches_a_minute, answers_days, concerns_days;
};

extern const struct config_key aggregator_keys[];
extern const size_t aggregator_n_keys;

/* What the table cannot say of a single value. ERR_INPUT. */
enum err_code aggregator_settings_check(const struct aggregator_settings *set, struct err *err) MUST_CHECK;

#endif
