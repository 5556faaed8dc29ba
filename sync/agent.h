/* What candour-sync does over and over: lanes on their schedules, each with a connection and a backoff of its
 * own, the concern lane first; key ring, bundles and signed time in between; the signed head each minute; and a
 * few words of status for people. */
#ifndef SYNC_AGENT_H
#define SYNC_AGENT_H

#include "base/clock.h"
#include "collector/outbox.h"
#include "sync/net.h"
#include "sync/settings.h"
#include "sync/status.h"

struct agent;

/* Reads keys, pin and ring. ERR_ABSENT: not enrolled yet (the message says what to do). */
enum err_code agent_new(const struct sync_settings *set, const struct net *net, const struct clock *clock,
	struct agent **out, struct err *err) MUST_CHECK;
void agent_free(struct agent *a);	/* NULL is fine */
/* Do what is due; milliseconds until something else is. */
int64_t agent_tick(struct agent *a);
/* A way to other machines has come up (sync/route.h): lanes that reached nobody try soon. What the centre asked us to
 * wait (Retry-After), or refused, waits on. */
void agent_route_up(struct agent *a);

/* A GET that needs no trust in the connection, because what comes is signed: by a probe connection with the
 * certificate CERT_PEM (any). PATH "/v1/keyring" or "/v1/time?..". */
struct reply;
enum err_code agent_probe(const struct net *net, const struct net_proxy *proxy, const char *host, uint16_t port,
	const char *cert_pem, const char *key_pem, const char *path, struct reply *out, struct err *err) MUST_CHECK;
/* "http://HOST:PORT" into PROXY (host in ROOM), with the credentials of FILE ("" or NULL: none) in CREDENTIALS. */
enum err_code agent_proxy(const char *text, const char *file, char *host, size_t room, struct buf *credentials,
	struct net_proxy *out, struct err *err) MUST_CHECK;

#endif
