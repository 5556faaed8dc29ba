/* candour-sync: carries what the outbox holds to the centre and brings receipts, key rings and bundles back. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/program.h"
#include "sync/agent.h"
#include "sync/route.h"

enum { NOT_ENROLLED_MS = 5000, WAIT_MAX_MS = 10000 };	/* a route that came up is seen after 10 s at most */

/* SIGTERM and SIGINT are blocked and waited for; a pending one ends network waits early. */
static bool
stopped(void *arg)
{
	sigset_t pending;

	(void)arg;
	sigpending(&pending);
	return sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1;
}

/* What reads and means nothing is said before anything begins, by -n too. */
static enum err_code
check_proxy(const struct sync_settings *set, struct err *err)
{
	struct net_proxy proxy;
	struct buf credentials;
	char host[256];
	enum err_code rc;

	buf_init_secret(&credentials, 4096);
	rc = agent_proxy(set->proxy, set->proxy_credentials, host, sizeof(host), &credentials, &proxy, err);
	buf_free(&credentials);
	return rc;
}

/* Until the box is enrolled there is nothing to do but to wait for it, saying so once. */
static enum err_code
when_enrolled(const struct program *p, struct sync_settings *set, const struct net *net, struct agent **out,
    bool *stop, struct err *err)
{
	bool said = false;
	enum err_code rc;

	*stop = false;
	while ((rc = agent_new(set, net, &clock_system, out, err)) == ERR_ABSENT && !*stop) {
		if (!said)
			log_event("sync", "state=not_enrolled why=\"%s\"", err->msg);
		said = true;
		*stop = program_wait(NOT_ENROLLED_MS);
		config_clear(sync_keys, sync_n_keys, set);
		rc = config_read(p->config_path, sync_keys, sync_n_keys, set, err);
		if (rc != ERR_OK)
			return rc;
	}
	return *stop ? ERR_OK : rc;
}

int
main(int argc, char **argv)
{
	struct net_stop stop_net = { stopped, NULL };
	struct net net = net_tcp;
	struct sync_settings set = { 0 };
	struct agent *agent = NULL;
	struct program p;
	struct err err = { 0 };
	bool stop = false;
	int routes = -1;
	enum err_code rc;

	program_start(&p, "candour-sync", argc, argv, sync_keys, sync_n_keys);
	net.arg = &stop_net;
	rc = config_read(p.config_path, sync_keys, sync_n_keys, &set, &err);
	if (rc == ERR_OK)
		rc = check_proxy(&set, &err);
	if (rc == ERR_OK && p.check_only) {
		printf("%s: ok\n", p.config_path);
	} else if (rc == ERR_OK) {
		rc = when_enrolled(&p, &set, &net, &agent, &stop, &err);
		if (rc == ERR_OK && !stop)
			log_event("sync", "started to=%s port=%lld", set.host, (long long)set.port);
		if (rc == ERR_OK && !stop && route_listen(&routes, &err) != ERR_OK)
			log_err("sync", "routes", &err);
		while (rc == ERR_OK && !stop) {
			int64_t wait;

			if (route_came_up(routes))
				agent_route_up(agent);
			wait = agent_tick(agent);
			stop = program_wait(wait > WAIT_MAX_MS ? WAIT_MAX_MS : (int)wait);
		}
		if (rc == ERR_OK)
			log_event("sync", "stopped");
	}
	if (rc != ERR_OK)
		log_err("sync", "start", &err);
	if (routes >= 0)
		close(routes);
	agent_free(agent);
	config_clear(sync_keys, sync_n_keys, &set);
	return rc == ERR_OK ? 0 : 1;
}
