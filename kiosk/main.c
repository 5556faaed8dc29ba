/* candour-kiosk: the pages people answer on, at a care site. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "base/program.h"
#include "base/socket.h"
#include "kiosk/kiosk.h"

enum { BODY_MAX = 256 << 10, PEM_MAX = 1 << 20 };

static int
fail(const struct err *err)
{
	log_err("kiosk", "start", err);
	return 1;
}

/* HTTPS for tablets, or HTTP where the organisation has accepted it. PEM texts stay until the server has gone. */
static enum err_code
start_lan(const struct kiosk_conf *conf, struct kiosk *k, struct buf *cert, struct buf *key,
    struct http_server **out, struct err *err)
{
	struct http_conf http = { .name = "kiosk", .listen = conf->lan_listen, .listen_fd = -1,
	    .threads = (unsigned)conf->threads, .connections = 256, .per_address = 32, .timeout_s = 30,
	    .body_max = BODY_MAX, .close_posts = true, .handle = kiosk_handle_lan, .arg = k };
	enum err_code rc;

	if (conf->lan_plain) {
		log_event("kiosk", "lan=plain risk=\"%s\"", LAN_PLAIN_RISK);
		return http_start(&http, out, err);
	}
	rc = file_read(conf->lan_cert, cert, err);
	if (rc == ERR_OK)
		rc = file_read(conf->lan_key, key, err);
	if (rc != ERR_OK)
		return rc;
	http.cert_pem = buf_str(cert);
	http.key_pem = buf_str(key);
	kiosk_certificate(k, http.cert_pem);
	return http_start(&http, out, err);
}

int
main(int argc, char **argv)
{
	struct http_server *server = NULL, *lan = NULL;
	struct kiosk_conf conf = { .site = NULL };
	struct http_conf http;
	struct buf cert, key;
	struct kiosk *k = NULL;
	struct program p;
	struct err err;
	int status = 1;

	/* One heap for all threads, and what is large goes back at once: a kiosk that runs for months stays small. Requests
	 * wait for one lock anyway. */
	(void)mallopt(M_ARENA_MAX, 1);
	(void)mallopt(M_MMAP_THRESHOLD, 128 << 10);
	(void)mallopt(M_TRIM_THRESHOLD, 128 << 10);
	program_start(&p, "candour-kiosk", argc, argv, kiosk_keys, kiosk_n_keys);
	buf_init(&cert, PEM_MAX);
	buf_init_secret(&key, PEM_MAX);
	umask(0007);
	if (config_read(p.config_path, kiosk_keys, kiosk_n_keys, &conf, &err) != ERR_OK)
		return fail(&err);
	if (kiosk_conf_check(&conf, &err) != ERR_OK) {
		config_clear(kiosk_keys, kiosk_n_keys, &conf);
		return fail(&err);
	}
	if (p.check_only) {
		config_clear(kiosk_keys, kiosk_n_keys, &conf);
		return 0;
	}
	if (kiosk_open(&conf, &clock_system, &k, &err) != ERR_OK)
		goto out;
	http = (struct http_conf){ .name = "kiosk", .listen = conf.listen, .listen_fd = socket_from_systemd(),
	    .threads = (unsigned)conf.threads, .connections = 128, .timeout_s = 30, .body_max = BODY_MAX,
	    .close_posts = true, .handle = kiosk_handle, .arg = k };
	if (http_start(&http, &server, &err) != ERR_OK)
		goto out;
	if (conf.lan && start_lan(&conf, k, &cert, &key, &lan, &err) != ERR_OK)
		goto out;
	kiosk_ports(k, http_port(server), lan != NULL ? http_port(lan) : 0);
	log_event("kiosk", "listening=%s port=%u lan_port=%u version=%s", conf.listen, http_port(server),
	    lan != NULL ? http_port(lan) : 0, CANDOUR_VERSION);
	while (!program_wait(1000))
		kiosk_tick(k);
	log_event("kiosk", "stopping=yes");
	status = 0;
out:
	if (status != 0)
		fail(&err);
	http_stop(server);
	http_stop(lan);
	kiosk_close(k);
	config_clear(kiosk_keys, kiosk_n_keys, &conf);
	buf_free(&cert);
	buf_free(&key);
	return status;
}
