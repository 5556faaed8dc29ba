/* A question page against libmicrohttpd serving 4 KB from memory: CPU a request, at most 2x; and the kiosk's memory
 * after many visits. Each server runs in a child of its own, so that only its CPU is counted. */
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include <microhttpd.h>

#include "tests/kiosk/client.h"

enum { PAGE = 4096, REQUESTS = 8000, SLICES = 40, WARM = 500, SHORT = 300, GROWTH_KIB = 512 };

static enum MHD_Result
bare(void *cls, struct MHD_Connection *c, const char *url, const char *method, const char *version, const char *data,
    size_t *len, void **state)
{
	static int seen;

	(void)url;
	(void)method;
	(void)version;
	(void)data;
	(void)len;
	if (*state == NULL) {
		*state = &seen;
		return MHD_YES;
	}
	return MHD_queue_response(c, 200, cls);
}

static double
cpu_s(pid_t pid)
{
	struct timespec t;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0)
		return 0;
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static long
rss_kib(pid_t pid)
{
	char path[64], line[200];
	long kib = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "VmRSS: %ld", &kib) == 1)
			break;
	if (f != NULL)
		fclose(f);
	return kib;
}

/* N times HEAD on one connection kept alive; bodies are read by their length. */
static void
load(uint16_t port, const char *head, int n)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	for (int i = 0; i < n; i++) {
		size_t len = 0, want = SIZE_MAX;

		ck_assert_int_eq(send(fd, head, strlen(head), MSG_NOSIGNAL), (ssize_t)strlen(head));
		while (len < want) {
			ssize_t got = recv(fd, answer + len, sizeof(answer) - 1 - len, 0);
			const char *end, *length;

			ck_assert_msg(got > 0, "request %d", i);
			len += (size_t)got;
			answer[len] = '\0';
			end = want == SIZE_MAX ? strstr(answer, "\r\n\r\n") : NULL;
			length = end == NULL ? NULL : strstr(answer, "Content-Length: ");
			if (length != NULL)
				want = (size_t)(end - answer) + 4 + strtoul(length + 16, NULL, 10);
		}
		ck_assert_int_eq(strncmp(answer, "HTTP/1.1 200", 12), 0);
	}
	close(fd);
}

struct served { pid_t pid; uint16_t port; char head[512]; double us[SLICES]; };

static double
slice(struct served *s)
{
	double before = cpu_s(s->pid);

	load(s->port, s->head, REQUESTS / SLICES);
	return (cpu_s(s->pid) - before) / (REQUESTS / SLICES) * 1e6;
}

static int
ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
middle(const double *list)
{
	double sorted[SLICES];

	memcpy(sorted, list, sizeof(sorted));
	qsort(sorted, SLICES, sizeof(*sorted), ascending);
	return sorted[SLICES / 2];
}

/* Both by turns in short slices: whatever else the machine does meets both, and the middle of the ratios of
 * neighbours is the figure. */
static double
measure(struct served *plain, struct served *real)
{
	double ratio[SLICES];

	load(plain->port, plain->head, WARM);
	load(real->port, real->head, WARM);
	for (int i = 0; i < SLICES; i++) {
		plain->us[i] = slice(plain);
		real->us[i] = slice(real);
		ratio[i] = real->us[i] / plain->us[i];
	}
	return middle(ratio);
}

static pid_t
start_bare(uint16_t *port)
{
	static char page[PAGE];
	int fds[2];
	pid_t pid;

	ck_assert_int_eq(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		struct MHD_Response *r;
		struct MHD_Daemon *d;

		memset(page, 'x', sizeof(page));
		r = MHD_create_response_from_buffer(sizeof(page), page, MHD_RESPMEM_PERSISTENT);
		d = MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD, 0, NULL, NULL, bare, r, MHD_OPTION_END);
		*port = d == NULL ? 0 : MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT)->port;
		if (write(fds[1], port, sizeof(*port)) != sizeof(*port))
			_exit(1);
		for (;;)
			pause();
	}
	ck_assert_int_eq(read(fds[0], port, sizeof(*port)), sizeof(*port));
	return pid;
}

/* The kiosk itself, as a program; its port from its log. */
static pid_t
start_kiosk(uint16_t *port)
{
	char text[4096] = "", *at = NULL;
	size_t len = 0;
	int fds[2];
	pid_t pid;

	ck_assert_int_eq(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		char program[300];

		snprintf(program, sizeof(program), "%s/candour-kiosk", build_dir());
		dup2(fds[1], STDERR_FILENO);
		execl(program, program, "-c", conf_path, (char *)NULL);
		_exit(1);
	}
	while (at == NULL) {
		ssize_t n = read(fds[0], text + len, sizeof(text) - 1 - len);

		ck_assert_msg(n > 0, "%s", text);
		len += (size_t)n;
		text[len] = '\0';
		at = strstr(text, " port=");
	}
	*port = (uint16_t)atoi(at + 6);
	return pid;
}

/* Everything on one processor. Waking a sleeping one costs as much as a page, and the scheduler lets that meet now one
 * server, now the other: 0.7x and 3x of the same programs were seen. */
static void
stay_here(void)
{
	cpu_set_t set;
	int cpu = 0;

	ck_assert_int_eq(sched_getaffinity(0, sizeof(set), &set), 0);
	while (!CPU_ISSET(cpu, &set))
		cpu++;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	ck_assert_int_eq(sched_setaffinity(0, sizeof(set), &set), 0);
}

/* A test only so that ck_assert works; one process, no time limit. */
START_TEST(pages)
{
	struct served bare_one = { .pid = 0 }, page_one = { .pid = 0 };
	uint16_t bare_port = 0, port = 0;
	double times;
	pid_t plain, real;
	long first, last, visits = getenv("VISITS") != NULL ? atol(getenv("VISITS")) : SHORT;
	long early = visits >= 10000 ? 1000 : visits / 3;
	char head[512];

	stay_here();
	setenv("BUILD", "build/release", 0);
	open_kiosk(NULL);
	http_stop(server);
	kiosk_close(kiosk);
	plain = start_bare(&bare_port);
	real = start_kiosk(&port);
	/* One visit to a question, through the same code as the tests' (its server is the program now). */
	bench_port = port;
	to_questions();
	ck_assert(has("Question 1 of"));
	bare_one.pid = plain;
	bare_one.port = bare_port;
	snprintf(bare_one.head, sizeof(bare_one.head), "GET / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", bare_port);
	page_one.pid = real;
	page_one.port = port;
	snprintf(page_one.head, sizeof(page_one.head), "GET /s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nCookie: %s\r\n\r\n", port, cookie);
	times = measure(&bare_one, &page_one);
	printf("%-58s %8.2fx (goal at most 2x) %s\n", "question page: CPU over libmicrohttpd serving 4 KB", times,
	    times <= 2 ? "ok" : "MISSED");
	printf("  %.1f us a page of %zu bytes, %.1f us a bare one\n", middle(page_one.us), strlen(answer), middle(bare_one.us));
	press("stop", "");
	first = 0;
	for (long i = 0; i < visits; i++) {
		to_questions();
		for (int k = 0; k < 20 && !has("class=\"thanks\""); k++)
			press(has("value=\"send\"") ? "send" : "next", "&a0=1");
		ck_assert(has("class=\"four\""));
		press("next", "");
		if (i + 1 == early)
			first = rss_kib(real);
	}
	last = rss_kib(real);
	snprintf(head, sizeof(head), "kiosk: resident after %ld whole visits", visits);
	printf("%-58s %8.1f MiB (goal under 16) %s\n", head, (double)last / 1024, last < 16 * 1024 ? "ok" : "MISSED");
	snprintf(head, sizeof(head), "kiosk: grown since the first %ld of them", early);
	printf("%-58s %8.1f MiB (goal at most %.1f) %s\n", head, (double)(last - first) / 1024, GROWTH_KIB / 1024.0,
	    last - first <= GROWTH_KIB ? "ok" : "MISSED");
	if (visits > SHORT)
		ck_assert_msg(last < 16 * 1024 && last - first <= GROWTH_KIB, "%ld KiB, then %ld KiB", first, last);
	kill(plain, SIGKILL);
	kill(real, SIGTERM);
	waitpid(plain, NULL, 0);
	waitpid(real, NULL, 0);
	config_clear(kiosk_keys, kiosk_n_keys, &conf);
	run("rm -rf '%s'", site);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("bench_page");
	TCase *c = tcase_create("bench_page");
	SRunner *sr;
	int bad;

	tcase_set_timeout(c, 0);
	tcase_add_test(c, pages);
	suite_add_tcase(s, c);
	sr = srunner_create(s);
	srunner_set_fork_status(sr, CK_NOFORK);
	srunner_run_all(sr, CK_MINIMAL);
	bad = srunner_ntests_failed(sr);
	srunner_free(sr);
	return bad == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
