/* The common frame of a daemon. See program.h. */
#include "base/program.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

static void
usage(const char *name, FILE *to)
{
	fprintf(to, "usage: %s [-c FILE] [-n] [-d] [-V] [-h]\n"
	    "  -c FILE  configuration\n  -n       check the configuration and exit\n"
	    "  -d       say more\n  -V       print the version\n  -h       this and every key\n", name);
}

void
program_start(struct program *p, const char *name, int argc, char **argv, const struct config_key *keys,
    size_t n)
{
	struct rlimit none = { 0, 0 };
	sigset_t set;
	int c;

	*p = (struct program){ .name = name };
	while ((c = getopt(argc, argv, "c:ndVh")) != -1) {
		switch (c) {
		case 'c': p->config_path = optarg; break;
		case 'n': p->check_only = true; break;
		case 'd': p->verbose = true; break;
		case 'V': printf("%s %s\n", name, CANDOUR_VERSION); exit(0);
		case 'h':
			usage(name, stdout);
			printf("\nKeys of FILE:\n");
			config_print(keys, n);
			exit(0);
		default: usage(name, stderr); exit(2);
		}
	}
	if (optind != argc) {
		usage(name, stderr);
		exit(2);
	}
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	setrlimit(RLIMIT_CORE, &none);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	log_verbose(p->verbose);
}

bool
program_wait(int ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sig = ms < 0 ? sigwaitinfo(&set, NULL) : sigtimedwait(&set, NULL, &ts);
	return sig > 0;
}
