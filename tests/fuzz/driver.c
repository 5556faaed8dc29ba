/* A fuzz target without libFuzzer: runs every seed given, then mutations of them for some seconds.
 *	fuzz_x SECONDS SEED FILE...
 * The random seed is printed, so a failure can be repeated; the input that fails is in the file named by
 * FUZZ_LAST, written before each run. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static uint64_t state;

static uint32_t
next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32);
}

static void
keep(const uint8_t *data, size_t len)
{
	const char *path = getenv("FUZZ_LAST");
	FILE *f = path == NULL ? NULL : fopen(path, "wb");

	if (f == NULL)
		return;
	fwrite(data, 1, len, f);
	fclose(f);
}

static void
run(const uint8_t *data, size_t len)
{
	uint8_t *exact = malloc(len == 0 ? 1 : len);

	if (exact == NULL)
		abort();
	memcpy(exact, data, len);
	keep(exact, len);
	LLVMFuzzerTestOneInput(exact, len);
	free(exact);
}

static size_t
mutate(uint8_t *p, size_t len)
{
	for (uint32_t n = 1 + next() % 6; n > 0; n--) {
		size_t at = len == 0 ? 0 : next() % len, k = 1 + next() % 32;

		switch (next() % 6) {
		case 0: if (len > 0) p[at] ^= (uint8_t)(1u << next() % 8); break;
		case 1: if (len > 0) p[at] = (uint8_t)next(); break;
		case 2: if (k > len - at) k = len - at; memmove(p + at, p + at + k, len - at - k); len -= k; break;
		case 3: if (k > MAX - len) k = MAX - len; memmove(p + at + k, p + at, len - at);
			for (size_t i = 0; i < k; i++) p[at + i] = (uint8_t)next();
			len += k; break;
		case 4: if (k > len - at) k = len - at;
			if (len > 0) memmove(p + next() % (len - k + 1), p + at, k);
			break;
		default: if (len > 0) p[at] = "\0\xff\x7f\x80<>&'\"/$({[]})=,:0-9"[next() % 24]; break;
		}
	}
	return len;
}

int
main(int argc, char **argv)
{
	static uint8_t data[MAX], work[MAX];
	time_t until;
	unsigned long runs = 0;
	long seconds = argc > 1 ? strtol(argv[1], NULL, 10) : 1;

	state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	if (state == 0)
		state = 1;
	printf("seed %llu\n", (unsigned long long)state);
	fflush(stdout);
	run(data, 0);
	for (int i = 3; i < argc; i++) {
		FILE *f = fopen(argv[i], "rb");

		if (f == NULL)
			continue;
		run(data, fread(data, 1, MAX, f));
		fclose(f);
		runs++;
	}
	until = time(NULL) + seconds;
	while (time(NULL) < until) {
		size_t len = 0;

		if (argc > 3) {
			FILE *f = fopen(argv[3 + next() % (uint32_t)(argc - 3)], "rb");

			len = f == NULL ? 0 : fread(data, 1, MAX, f);
			if (f != NULL)
				fclose(f);
		}
		for (int i = 0; i < 64; i++, runs++) {
			memcpy(work, data, len);
			run(work, mutate(work, len));
		}
	}
	printf("runs %lu\n", runs);
	return 0;
}
