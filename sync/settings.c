/* sync.conf. See settings.h. */
#include "sync/settings.h"

#include <stddef.h>

#define AT(field) offsetof(struct sync_settings, field)

const struct config_key sync_keys[] = {
	{ "", "site_db", CONFIG_TEXT, AT(site_db), NULL, 0, 1000, "the site's database" },
	{ "", "site", CONFIG_TEXT, AT(site), "", 0, 64, "the site's name at the centre; written by `candour site enrol`" },
	{ "", "pin", CONFIG_TEXT, AT(pin), NULL, 0, 1000, "file that pins the organisation's root key for this program" },
	{ "", "device_key", CONFIG_TEXT, AT(device_key), "", 0, 1000,
	    "key file of the device key; empty: the credential \"device\" from systemd" },
	{ "", "tls_key", CONFIG_TEXT, AT(tls_key), "", 0, 1000,
	    "the device's TLS key (PEM); empty: the credential \"device-tls\" from systemd" },
	{ "", "tls_cert", CONFIG_TEXT, AT(tls_cert), NULL, 0, 1000, "its certificate (PEM), from `candour site enrol`" },
	{ "centre", "host", CONFIG_TEXT, AT(host), "", 0, 253, "host name of the centre; written by `candour site enrol`" },
	{ "centre", "port", CONFIG_INT, AT(port), "8443", 1, 65535, "its port" },
	{ "centre", "send_every", CONFIG_INT, AT(send_every), "900", 1, 86400, "seconds between deliveries" },
	{ "centre", "concern_slot", CONFIG_INT, AT(concern_slot), "1800", 1, 86400,
	    "seconds between deliveries of the concern lane; as in kiosk.conf" },
	{ "centre", "proxy", CONFIG_TEXT, AT(proxy), "", 0, 300, "http://HOST:PORT of a proxy, or empty" },
	{ "centre", "proxy_credentials", CONFIG_TEXT, AT(proxy_credentials), "", 0, 1000,
	    "file (0600) holding user:password for the proxy, or empty" },
};
const size_t sync_n_keys = ARRAY_LEN(sync_keys);
