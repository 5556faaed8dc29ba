/* Write files as C arrays: embed FOLDER OUT.c FILE... makes table embed_FOLDER (base/embed.h). Names in
 * the table are the paths without "FOLDER/". The order is that of the arguments, sorted by the caller. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long
array(FILE *out, const char *path, int n)
{
	FILE *in = fopen(path, "rb");
	long len = 0;
	int c;

	if (in == NULL) {
		perror(path);
		exit(1);
	}
	fprintf(out, "static const char file_%d[] = {", n);
	while ((c = getc(in)) != EOF)
		fprintf(out, "%s%d,", len++ % 24 == 0 ? "\n" : "", c < 128 ? c : c - 256);
	fprintf(out, "\n0};\n");
	fclose(in);
	return len;
}

int
main(int argc, char **argv)
{
	FILE *out;
	long *len = calloc((size_t)argc, sizeof(*len));
	size_t skip;

	if (argc < 3 || len == NULL) {
		fprintf(stderr, "usage: embed FOLDER OUT.c FILE...\n");
		return 2;
	}
	skip = strlen(argv[1]) + 1;
	out = fopen(argv[2], "w");
	if (out == NULL) {
		perror(argv[2]);
		return 1;
	}
	fprintf(out, "#include \"%s/embed.h\"\n", argv[1]);
	for (int i = 3; i < argc; i++)
		len[i] = array(out, argv[i], i);
	fprintf(out, "const struct embed_file embed_%s[] = {\n", argv[1]);
	for (int i = 3; i < argc; i++)
		fprintf(out, "\t{ \"%s\", file_%d, %ld },\n", argv[i] + skip, i, len[i]);
	fprintf(out, "\t{ NULL, NULL, 0 },\n};\n");
	free(len);
	if (fclose(out) != 0) {
		perror(argv[2]);
		return 1;
	}
	return 0;
}
