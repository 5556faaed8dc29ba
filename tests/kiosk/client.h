/* What the kiosk's tests in C share: a site of their own, the kiosk in this process with a given clock, and plain
 * requests to it over a socket. */
#ifndef TESTS_KIOSK_CLIENT_H
#define TESTS_KIOSK_CLIENT_H

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/http.h"
#include "kiosk/kiosk.h"
#include "tests/test.h"

static struct err err;
static char site[64], conf_path[96], cookie[80], token[64];
static struct kiosk_conf conf;
static struct kiosk *kiosk;
static struct http_server *server;
static _Atomic int64_t given_ms;	/* added to both clocks */
static char answer[1 << 20];
static uint16_t bench_port;	/* another kiosk than the one in this process; 0: this one */

__attribute__((unused)) static uint16_t
kiosk_port(void)
{
	return bench_port != 0 ? bench_port : http_port(server);
}

static int64_t
given_now(void *arg)
{
	(void)arg;
	return 1760000000000 + given_ms;
}

static int64_t
given_boot(void *arg)
{
	(void)arg;
	return 100000 + given_ms;
}

static const struct clock given = { .now_ms = given_now, .boot_ms = given_boot };

static const char *
build_dir(void)
{
	return getenv("BUILD") != NULL ? getenv("BUILD") : "build/asan";
}

static void
run(const char *fmt, ...)
{
	char command[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	ck_assert_msg(system(command) == 0, "%s", command);
}

/* A site with the library's forms; FORM (may be NULL) instead of the satisfaction questionnaire. */
__attribute__((unused)) static void
open_kiosk(const char *form)
{
	struct http_conf http = { .name = "kiosk", .listen = "127.0.0.1:0", .listen_fd = -1, .threads = 4,
	    .body_max = 256 << 10, .close_posts = true, .handle = kiosk_handle };

	given_ms = 0;
	snprintf(site, sizeof(site), "/tmp/candour-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(site));
	for (const char *const *f = (const char *const []){ "visit", "concern", NULL }; *f != NULL; f++)
		run("%s/candour form convert forms/library/%s.csv > %s/%s.xml", build_dir(), *f, site, *f);
	run("%s/candour form convert %s > %s/asked.xml", build_dir(),
	    form != NULL ? form : "forms/library/satisfaction.csv", site);
	run("%s/tests/kiosk/tool_site make %s %s/visit.xml %s/concern.xml %s/asked.xml", build_dir(), site, site, site,
	    site);
	snprintf(conf_path, sizeof(conf_path), "%s/kiosk.conf", site);
	ck_ok(config_read(conf_path, kiosk_keys, kiosk_n_keys, &conf, &err));
	ck_ok(kiosk_open(&conf, &given, &kiosk, &err));
	http.arg = kiosk;
	ck_ok(http_start(&http, &server, &err));
	kiosk_ports(kiosk, http_port(server), 0);
	cookie[0] = token[0] = '\0';
}

__attribute__((unused)) static void
close_kiosk(void)
{
	http_stop(server);
	kiosk_close(kiosk);
	config_clear(kiosk_keys, kiosk_n_keys, &conf);
	run("rm -rf '%s'", site);
}

/* One request; the whole answer in `answer`, its status returned. Cookies and tokens are kept. */
__attribute__((unused)) static int
ask(const char *method, const char *path, const char *body)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(kiosk_port()),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	char head[1024];
	size_t len = 0;
	const char *at;
	ssize_t n;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), status = 0;

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	snprintf(head, sizeof(head), "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\n%s%s%s%s%zu\r\n\r\n",
	    method, path, kiosk_port(), cookie[0] != '\0' ? "Cookie: " : "", cookie, cookie[0] != '\0' ? "\r\n" : "",
	    body != NULL ? "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " : "Content-Length: ",
	    body != NULL ? strlen(body) : 0);
	ck_assert_int_eq(send(fd, head, strlen(head), MSG_NOSIGNAL), (ssize_t)strlen(head));
	if (body != NULL)
		ck_assert_int_eq(send(fd, body, strlen(body), MSG_NOSIGNAL), (ssize_t)strlen(body));
	while ((n = recv(fd, answer + len, sizeof(answer) - 1 - len, 0)) > 0)
		len += (size_t)n;
	close(fd);
	answer[len] = '\0';
	ck_assert_int_eq(sscanf(answer, "HTTP/1.1 %d", &status), 1);
	at = strstr(answer, "Set-Cookie: v=");
	if (at != NULL)
		snprintf(cookie, sizeof(cookie), "%.*s", (int)strcspn(at + 12, ";\r"), at + 12);
	if (strstr(answer, "Max-Age=0") != NULL)
		cookie[0] = '\0';
	at = strstr(answer, "name=\"t\" value=\"");
	if (at != NULL)
		snprintf(token, sizeof(token), "%.*s", (int)strcspn(at + 16, "\""), at + 16);
	return status;
}

/* Press GO with more FIELDS ("&a0=1" or ""), then see where the visit stands. */
__attribute__((unused)) static int
press(const char *go, const char *fields)
{
	char body[8192];

	snprintf(body, sizeof(body), "t=%s&go=%s%s", token, go, fields);
	ck_assert_int_eq(ask("POST", "/s", body), 303);
	return ask("GET", strstr(answer, "Location: /s") != NULL ? "/s" : "/", NULL);
}

__attribute__((unused)) static void
to_questions(void)
{
	ck_assert_int_eq(ask("POST", "/start", "go=start&l=en"), 303);
	ck_assert_int_eq(ask("GET", "/s", NULL), 200);
	press("next", "&a0=individual");
	press("next", "&a0=self");
	press("next", "");
}

__attribute__((unused)) static bool
has(const char *text)
{
	return strstr(answer, text) != NULL;
}

__attribute__((unused)) static void
after(int seconds)
{
	given_ms += (int64_t)seconds * 1000;
	kiosk_tick(kiosk);
}

__attribute__((unused)) static int
sealed(void)
{
	char command[300], line[40] = "";
	FILE *p;

	snprintf(command, sizeof(command), "%s/tests/kiosk/tool_site count %s", build_dir(), site);
	p = popen(command, "r");
	ck_assert_ptr_nonnull(p);
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), p));
	pclose(p);
	return atoi(line);
}

#endif
