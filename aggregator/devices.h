/* The devices' listener: HTTPS with client certificates, the requests of docs/formats/batch.md and enrol.md.
 * Registry before body, signature before records, one log line a batch or refusal. */
#ifndef AGGREGATOR_DEVICES_H
#define AGGREGATOR_DEVICES_H

#include "aggregator/intake.h"
#include "base/buf.h"

struct devices;

struct devices_conf {
	const char *listen;		/* "0.0.0.0:8443" */
	int listen_fd;			/* a bound socket to use instead, or -1 */
	const char *cert_pem, *key_pem, *ca_pem;
	const char *store;		/* as store_open; opened for reading the registry */
	const char *ring_path;		/* the key ring's text, looked at for each request */
	struct intake_writer *writer;
	const struct seal_key *receipt_key;
	const struct clock *clock;
	atomic_uint *ring_serial;	/* told in receipts; updated when the file changes */
	atomic_uint *bundle_serial;
	unsigned threads;
	unsigned per_address;		/* connections from one address */
	unsigned batches_a_minute;	/* of one device; 0: no limit */
};

enum err_code devices_start(const struct devices_conf *conf, struct devices **out, struct err *err) MUST_CHECK;
uint16_t devices_port(const struct devices *d);
/* Finish what was accepted, free. NULL is fine. */
void devices_stop(struct devices *d);
/* Prometheus text, appended. */
void devices_metrics(struct devices *d, struct buf *out);
/* Look again at the ring file and the newest bundle; call every half minute. */
void devices_refresh(struct devices *d);
/* Take in what people released from quarantine (`candour quarantine release`). Not from a request. */
void devices_release(struct devices *d);

#endif
