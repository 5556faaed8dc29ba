/* Many tablets at once over HTTPS, as light as can be, so that a machine of two cores measures the kiosk and not the
 * client:
 *	tool_load PORT NAME PAGES VISITORS TABLETS THINK_MS [COOKIE]
 * VISITORS people answer until PAGES pages were seen in all, each with words of their own; every page is searched for
 * those of others. TABLETS show the start page and ask for it once a second. Each person thinks for up to twice
 * THINK_MS before a press, and sends the answers after some sixty pages and begins anew. COOKIE: what each sends besides (a tablet that has joined). Every person and tablet comes
 * from an address of its own in 127/8. Prints counts, and times in milliseconds. */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <gnutls/gnutls.h>
#include <netinet/tcp.h>

enum { ANSWER_MAX = 256 << 10, BODY_MAX = 2048, POLLERS = 4, POLL_MS = 1000, TIMES_MAX = 400000, TRIES = 200, VISIT_PAGES = 60 };

static uint16_t port;
static const char *name, *more = "";
static int think_ms;
static _Atomic long pages_left, foreign, own, errors, handshakes, sent;
static _Atomic bool over;
static gnutls_certificate_credentials_t credentials;

struct times { double *list; _Atomic size_t n; };
static struct times page_times, press_times, poll_times;

struct client {
	unsigned number;
	int fd;
	gnutls_session_t tls;
	gnutls_datum_t ticket;
	char cookie[200], token[64], location[40];
	char *answer;		/* headers and body */
	const char *body;
	int status;
	unsigned seed;
};

static double
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void
took(struct times *t, double ms)
{
	size_t at = atomic_fetch_add(&t->n, 1);

	if (at < TIMES_MAX)
		t->list[at] = ms;
}

static void
hang_up(struct client *c)
{
	if (c->tls != NULL) {
		gnutls_free(c->ticket.data);
		c->ticket.data = NULL;
		if (gnutls_session_get_data2(c->tls, &c->ticket) != 0)
			c->ticket.data = NULL;
		gnutls_deinit(c->tls);
	}
	if (c->fd >= 0)
		close(c->fd);
	c->tls = NULL;
	c->fd = -1;
}

static bool
dial(struct client *c)
{
	struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f010001u + c->number) };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int no = 0, yes = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || bind(c->fd, (struct sockaddr *)&from, sizeof(from)) != 0
	    || connect(c->fd, (struct sockaddr *)&to, sizeof(to)) != 0
	    || gnutls_init(&c->tls, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL) != 0)
		return false;
	/* As browsers do: the request does not wait for the other side to confirm the end of the handshake. */
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	gnutls_set_default_priority(c->tls);
	gnutls_credentials_set(c->tls, GNUTLS_CRD_CERTIFICATE, credentials);
	gnutls_server_name_set(c->tls, GNUTLS_NAME_DNS, name, strlen(name));
	if (c->ticket.data != NULL)
		gnutls_session_set_data(c->tls, c->ticket.data, c->ticket.size);
	gnutls_transport_set_int(c->tls, c->fd);
	gnutls_handshake_set_timeout(c->tls, 20000);
	atomic_fetch_add(&handshakes, 1);
	do
		no = gnutls_handshake(c->tls);
	while (no == GNUTLS_E_AGAIN || no == GNUTLS_E_INTERRUPTED || no == GNUTLS_E_WARNING_ALERT_RECEIVED);
	return no == 0;
}

static void
field(const char *from, const char *before, const char *ends, char *to, size_t room)
{
	const char *at = strstr(from, before);

	if (at != NULL)
		snprintf(to, room, "%.*s", (int)strcspn(at + strlen(before), ends), at + strlen(before));
}

/* One request and its answer; dials if there is no connection. */
static bool
ask(struct client *c, const char *method, const char *path, const char *body)
{
	char head[BODY_MAX + 1024];
	size_t len = 0, want = SIZE_MAX;
	int n;

	if (c->tls == NULL && !dial(c)) {
		hang_up(c);
		return false;
	}
	n = snprintf(head, sizeof(head), "%s %s HTTP/1.1\r\nHost: %s:%u\r\nCookie: %s%s%s\r\n%s%zu\r\n\r\n%s", method, path, name,
	    port, c->cookie, c->cookie[0] != '\0' && more[0] != '\0' ? "; " : "", more, body != NULL
	    ? "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " : "Content-Length: ",
	    body != NULL ? strlen(body) : 0, body != NULL ? body : "");
	if (gnutls_record_send(c->tls, head, (size_t)n) != n) {
		hang_up(c);
		return false;
	}
	while (len < want) {
		ssize_t got = gnutls_record_recv(c->tls, c->answer + len, ANSWER_MAX - 1 - len);
		const char *end, *length;

		if (got == GNUTLS_E_AGAIN || got == GNUTLS_E_INTERRUPTED)
			continue;
		if (got <= 0) {
			hang_up(c);
			return false;
		}
		len += (size_t)got;
		c->answer[len] = '\0';
		end = want == SIZE_MAX ? strstr(c->answer, "\r\n\r\n") : NULL;
		length = end == NULL ? NULL : strstr(c->answer, "Content-Length: ");
		if (length != NULL) {
			want = (size_t)(end - c->answer) + 4 + strtoul(length + 16, NULL, 10);
			c->body = end + 4;
		}
	}
	c->status = atoi(c->answer + 9);
	field(c->answer, "Set-Cookie: __Host-v=", ";\r", c->cookie + 9, sizeof(c->cookie) - 9);
	if (strstr(c->answer, "Set-Cookie: __Host-v=") != NULL)
		memcpy(c->cookie, "__Host-v=", 9);
	field(c->answer, "Location: ", "\r", c->location, sizeof(c->location));
	if (strstr(c->answer, "onnection: close") != NULL || strstr(c->answer, "onnection: Close") != NULL)
		hang_up(c);
	return true;
}

static void
look_for_others(struct client *c)
{
	char mine[16];

	snprintf(mine, sizeof(mine), "ZZ%03uZZ", c->number);
	for (const char *at = c->body; (at = strstr(at, "ZZ")) != NULL; at += 2)
		if (strlen(at) >= 7 && at[5] == 'Z' && at[6] == 'Z') {
			if (strncmp(at, mine, 7) != 0)
				atomic_fetch_add(&foreign, 1);
			at += 5;
		}
	if (strstr(c->body, mine) != NULL)
		atomic_fetch_add(&own, 1);
}

static bool
see(struct client *c)
{
	double began = now_ms();

	if (!ask(c, "GET", "/s", NULL))
		return false;
	took(&page_times, now_ms() - began);
	field(c->body, "name=\"t\" value=\"", "\"", c->token, sizeof(c->token));
	look_for_others(c);
	atomic_fetch_sub(&pages_left, 1);
	return c->status == 200;
}

static bool
press(struct client *c, const char *go, const char *fields)
{
	struct timespec wait;
	char body[BODY_MAX];
	double began;
	long ms = think_ms > 0 ? (long)(rand_r(&c->seed) % (unsigned)(2 * think_ms)) : 0;
	bool ok;

	wait = (struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
	nanosleep(&wait, NULL);
	snprintf(body, sizeof(body), "t=%s&go=%s%s", c->token, go, fields);
	began = now_ms();
	ok = ask(c, "POST", "/s", body) && c->status == 303 && see(c);
	took(&press_times, now_ms() - began);
	return ok;
}

/* Whatever is asked: the first choice, a number, nothing. */
static bool
go_on(struct client *c)
{
	char fields[200] = "", group[16] = "", value[80] = "", id[80] = "";
	const char *radio = strstr(c->body, "type=\"radio\" name=\""), *number = strstr(c->body, "class=\"field number\"");

	if (radio != NULL) {
		field(radio, "name=\"", "\"", group, sizeof(group));
		field(radio, "value=\"", "\"", value, sizeof(value));
		snprintf(fields, sizeof(fields), "&%s=%s", group, value);
	} else if (number != NULL) {
		field(number, "id=\"", "\"", id, sizeof(id));
		snprintf(fields, sizeof(fields), "&%s=3", id);
	}
	return press(c, "next", fields);
}

/* From the question with words to the thanks: sent, and thanked for. */
static bool
send_it(struct client *c, const char *typed)
{
	char end[120];

	if (!press(c, "next", typed))
		return false;
	for (int i = 0; i < TRIES && strstr(c->body, "class=\"four\"") == NULL; i++)
		if (strstr(c->body, "name=\"go\" value=\"send\"") != NULL ? !press(c, "send", "") : !go_on(c))
			return false;
	if (strstr(c->body, "class=\"four\"") == NULL)
		return false;
	atomic_fetch_add(&sent, 1);
	snprintf(end, sizeof(end), "t=%s&go=next", c->token);
	return ask(c, "POST", "/s", end) && c->status == 303 && strcmp(c->location, "/") == 0;
}

/* A visit with many pages that hold this person's words; sent, unless there were pages enough before. */
static bool
one_visit(struct client *c)
{
	char typed[40];

	snprintf(typed, sizeof(typed), "&a0=ZZ%03uZZ", c->number);
	if (!ask(c, "POST", "/start", "go=start&l=en") || c->status != 303 || !see(c))
		return false;
	for (int i = 0; i < TRIES && strstr(c->body, "<textarea") == NULL; i++)
		if (!go_on(c))
			return false;
	for (int i = 0; i < VISIT_PAGES && pages_left > 0; i++)
		if (i % 3 == 0 ? !press(c, "look", typed) : i % 3 == 1 ? !press(c, "next", "") : !see(c))
			return false;
	return send_it(c, typed);
}

static struct client *
client_new(unsigned number)
{
	struct client *c = calloc(1, sizeof(*c));

	if (c == NULL)
		abort();
	c->number = number;
	c->seed = number + 1;
	c->fd = -1;
	c->answer = malloc(ANSWER_MAX);
	if (c->answer == NULL)
		abort();
	c->body = "";
	return c;
}

static void
client_free(struct client *c)
{
	hang_up(c);
	gnutls_free(c->ticket.data);
	free(c->answer);
	free(c);
}

static void *
visitor(void *arg)
{
	struct client *c = client_new((unsigned)(size_t)arg);

	do {
		if (!one_visit(c)) {
			fprintf(stderr, "visitor %u: status %d, %.60s\n", c->number, c->status, c->answer);
			atomic_fetch_add(&errors, 1);
			break;
		}
	} while (pages_left > 0);
	client_free(c);
	return NULL;
}

/* Some tablets, one after another in each second. */
struct polling { unsigned first, n; };

static void *
poller(void *arg)
{
	const struct polling *p = arg;
	struct client **all = calloc(p->n + 1, sizeof(*all));

	if (all == NULL)
		abort();
	for (unsigned i = 0; i < p->n; i++)
		all[i] = client_new(p->first + i);
	for (unsigned i = 0; !over && p->n > 0; i = (i + 1) % p->n) {
		struct timespec gap = { .tv_nsec = POLL_MS * 1000000L / (long)p->n };
		double began = now_ms();

		nanosleep(&gap, NULL);
		began = now_ms();
		if (!ask(all[i], "GET", "/", NULL) || all[i]->status != 200)
			atomic_fetch_add(&errors, 1);
		took(&poll_times, now_ms() - began);
	}
	for (unsigned i = 0; i < p->n; i++)
		client_free(all[i]);
	free(all);
	return NULL;
}

static int
ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
report(const char *what, struct times *t)
{
	size_t n = t->n < TIMES_MAX ? t->n : TIMES_MAX;

	qsort(t->list, n, sizeof(*t->list), ascending);
	if (n > 0)
		printf("%s n=%zu p50=%.1f p95=%.1f p99=%.1f max=%.1f\n", what, n, t->list[n / 2], t->list[n * 95 / 100],
		    t->list[n * 99 / 100], t->list[n - 1]);
}

int
main(int argc, char **argv)
{
	struct times *all[] = { &page_times, &press_times, &poll_times };
	struct polling part[POLLERS];
	pthread_t *people, machines[POLLERS];
	long visitors, tablets;
	double began;

	if (argc < 7) {
		fputs("usage: tool_load PORT NAME PAGES VISITORS TABLETS THINK_MS [COOKIE]\n", stderr);
		return 2;
	}
	port = (uint16_t)atoi(argv[1]);
	name = argv[2];
	pages_left = atol(argv[3]);
	visitors = atol(argv[4]);
	tablets = atol(argv[5]);
	think_ms = atoi(argv[6]);
	more = argc > 7 ? argv[7] : "";
	people = calloc((size_t)visitors + 1, sizeof(*people));
	for (size_t i = 0; i < 3; i++)
		all[i]->list = calloc(TIMES_MAX, sizeof(double));
	if (people == NULL || gnutls_certificate_allocate_credentials(&credentials) != 0)
		return 1;
	began = now_ms();
	for (unsigned i = 0; i < POLLERS; i++) {
		part[i] = (struct polling){ 200 + i * (unsigned)(tablets / POLLERS), (unsigned)(tablets / POLLERS) };
		pthread_create(&machines[i], NULL, poller, &part[i]);
	}
	for (long i = 0; i < visitors; i++)
		pthread_create(&people[i], NULL, visitor, (void *)(size_t)i);
	for (long i = 0; i < visitors; i++)
		pthread_join(people[i], NULL);
	over = true;
	for (unsigned i = 0; i < POLLERS; i++)
		pthread_join(machines[i], NULL);
	printf("visitors=%ld tablets=%ld seconds=%.1f handshakes=%ld foreign=%ld own=%ld errors=%ld sent=%ld\n", visitors, tablets,
	    (now_ms() - began) / 1000, (long)handshakes, (long)foreign, (long)own, (long)errors, (long)sent);
	report("page", &page_times);
	report("press", &press_times);
	report("poll", &poll_times);
	for (size_t i = 0; i < 3; i++)
		free(all[i]->list);
	free(people);
	gnutls_certificate_free_credentials(credentials);
	return errors == 0 && foreign == 0 ? 0 : 1;
}
