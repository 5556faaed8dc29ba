/* sync.conf. */
#ifndef SYNC_SETTINGS_H
#define SYNC_SETTINGS_H

#include "base/config.h"

struct sync_settings {
	char *site_db, *pin, *device_key, *tls_key, *tls_cert, *site;
	char *host, *proxy, *proxy_credentials;
	int64_t port, send_every, concern_slot;
};

extern const struct config_key sync_keys[];
extern const size_t sync_n_keys;

#endif
