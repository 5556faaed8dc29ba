/* Pictures, sound and film of forms: what is taken is known by its bytes; what was changed on the disk is not shown;
 * sounds of any rate become samples of one. Expected bytes are those of the formats' standards. */
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/file.h"
#include "kiosk/say.h"
#include "tests/test.h"

static struct err err;
static char dir[64];

static void
setup(void)
{
	snprintf(dir, sizeof(dir), "/tmp/candour-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void
teardown(void)
{
	char command[100];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

/* Hex of the bytes, what they are, width and height; NULL: refused, because of WHY. PNG: ISO 15948, 11.2.2; JPEG: T.81,
 * B.2.2; WebP: RFC 9649, 2.5 to 2.7. */
#define PNG "89504e470d0a1a0a" "0000000d49484452" "00000140000000f00806000000" "12345678"
#define IDAT "00000000" "49444154" "12345678"
static const struct { const char *hex, *type; unsigned w, h; const char *why; } looks[] = {
	{ PNG IDAT, "image/png", 320, 240, NULL },
	{ PNG "00000008" "6163544c" "0000000200000000" "12345678" IDAT, NULL, 0, 0, "moves" },
	{ PNG, NULL, 0, 0, "cut off" },
	{ PNG "7fffffff" "7a545874" "12345678", NULL, 0, 0, "cut off" },
	{ "89504e470d0a1a0a" "0000000d49484452" "00002000000000f00806000000" "12345678" IDAT, NULL, 0, 0, "8192 x 240" },
	{ "89504e470d0a1a0a" "0000000d49484452" "00000000000000f00806000000" "12345678" IDAT, NULL, 0, 0, "cut off" },
	{ "ffd8" "ffe00004abcd" "ffc4000300" "ffc0000b08" "00f0" "0140" "0101110000", "image/jpeg", 320, 240, NULL },
	{ "ffd8" "ffe0ffff" "0000000000000000", NULL, 0, 0, "cut off" },
	{ "ffd8ffd9", NULL, 0, 0, "cut off" },
	{ "52494646" "16000000" "57454250" "56503858" "0a000000" "00000000" "3f0100" "ef0000", "image/webp", 320, 240, NULL },
	{ "52494646" "16000000" "57454250" "56503858" "0a000000" "02000000" "3f0100" "ef0000", NULL, 0, 0, "moves" },
	{ "52494646" "16000000" "57454250" "56503820" "0a000000" "300100" "9d012a" "4001" "f000", "image/webp", 320, 240, NULL },
	/* 14 bits of 319, then 14 bits of 239, from the lowest: 0x03bbc13f */
	{ "52494646" "16000000" "57454250" "5650384c" "0a000000" "2f" "3fc13b00" "0000000000", "image/webp", 320, 240, NULL },
	{ "52494646" "24000000" "57415645" "666d7420", "audio/wav", 0, 0, NULL },
	{ "4f676753" "0002", "audio/ogg", 0, 0, NULL },
	{ "664c6143" "00000022", "audio/flac", 0, 0, NULL },
	{ "49443304" "00000000", "audio/mpeg", 0, 0, NULL },
	{ "fffb9064" "00000000", "audio/mpeg", 0, 0, NULL },
	{ "00000018" "66747970" "6d703432", "video/mp4", 0, 0, NULL },
	{ "1a45dfa3" "01000000", "video/webm", 0, 0, NULL },
	{ "47494638396101000100", NULL, 0, 0, "neither" },
	{ "3c737667206f6e6c6f61643d22", NULL, 0, 0, "neither" },
	{ "3c21646f63747970652068746d6c3e", NULL, 0, 0, "neither" },
	{ "", NULL, 0, 0, "neither" },
	{ "00000000" "00000000" "57415645", NULL, 0, 0, "neither" },
};

START_TEST(a_file_is_what_its_bytes_say)
{
	struct media_file f = { .kind = MEDIA_NONE };
	uint8_t bytes[200];
	size_t n = strlen(looks[_i].hex) / 2;

	ck_assert(hex_get(looks[_i].hex, 2 * n, bytes, n));
	if (looks[_i].type == NULL) {
		enum err_code rc = media_look(bytes, n, &f, &err);

		ck_assert(rc == ERR_INPUT || rc == ERR_LIMIT);
		ck_assert_msg(strstr(err.msg, looks[_i].why) != NULL, "%s", err.msg);
		return;
	}
	ck_ok(media_look(bytes, n, &f, &err));
	ck_assert_str_eq(f.type, looks[_i].type);
	ck_assert_uint_eq(f.width, looks[_i].w);
	ck_assert_uint_eq(f.height, looks[_i].h);
}
END_TEST

/* Whatever is cut off is refused or read; never past its end (the sanitizer watches a copy of exactly that size). */
START_TEST(cut_off_files_are_read_within_their_bytes)
{
	uint8_t bytes[200];
	size_t n = strlen(looks[_i].hex) / 2;

	ck_assert(hex_get(looks[_i].hex, 2 * n, bytes, n));
	for (size_t len = 0; len <= n; len++) {
		struct media_file f = { .kind = MEDIA_NONE };
		uint8_t *copy = malloc(len + 1);

		ck_assert_ptr_nonnull(copy);
		memcpy(copy + 1, bytes, len);
		if (media_look(copy + 1, len, &f, &err) == ERR_OK)
			ck_assert_uint_eq(f.len, len);
		free(copy);
	}
}
END_TEST

static const uint8_t wav[] = "RIFF\x24\0\0\0WAVEfmt ";

static void
add(struct media *m, const char *name)
{
	ck_ok(media_add(m, name, wav, sizeof(wav), &err));
}

START_TEST(a_changed_file_is_not_read)
{
	const struct media_file *f;
	struct media m, other;
	struct buf b;
	char path[200];

	media_init(&m, dir);
	media_init(&other, dir);
	buf_init(&b, 4096);
	add(&m, "tea.wav");
	ck_err(media_add(&m, "tea.wav", wav, sizeof(wav), &err), ERR_EXISTS, "tea.wav");
	ck_err(media_add(&m, "tea.txt", (const uint8_t *)"tea", 3, &err), ERR_INPUT, "tea.txt: neither");
	f = media_find(&m, "jr://audio/tea.wav", MEDIA_AUDIO);
	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_eq(f, media_at(&m, f->id));
	ck_assert_ptr_null(media_find(&m, "jr://images/tea.wav", MEDIA_IMAGE));
	ck_assert_ptr_null(media_find(&m, "jr://audio/tea.wav", MEDIA_IMAGE));
	ck_assert_ptr_null(media_find(&m, "jr://audio/../tea.wav", MEDIA_AUDIO));
	ck_assert_ptr_null(media_find(&m, "", MEDIA_AUDIO));
	ck_ok(media_read(dir, f, &b, &err));
	ck_assert_uint_eq(b.len, sizeof(wav));
	snprintf(path, sizeof(path), "%s/%s", dir, f->id);
	ck_ok(file_write(path, "RIFF", 4, 0600, &err));
	buf_reset(&b);
	ck_err(media_read(dir, f, &b, &err), ERR_DENIED, "tea.wav");
	ck_assert_uint_eq(b.len, 0);
	ck_err(media_read(dir, f, &b, &err), ERR_ABSENT, "");
	add(&other, "coffee.wav");
	ck_ok(media_read(dir, f, &b, &err));
	media_clean(&other);
	ck_assert_int_eq(access(path, F_OK), 0);
	media_clear(&other);
	media_init(&other, dir);
	media_clean(&other);
	ck_assert_int_ne(access(path, F_OK), 0);
	media_clear(&other);
	media_clear(&m);
	buf_free(&b);
}
END_TEST

START_TEST(what_a_form_names_and_nobody_brought_is_told)
{
	static const char xml[] = "<value form=\"image\">jr://images/a.png</value><value>jr://audio/tea.wav</value>"
	    "<value>jr://video/tea.wav</value><x>jr://file-csv/towns.csv jr://</x>jr://images/";
	char name[MEDIA_NAME + 1];
	struct media m;
	size_t at = 0;

	media_init(&m, dir);
	add(&m, "tea.wav");
	ck_assert(media_missing(&m, xml, sizeof(xml) - 1, &at, name));
	ck_assert_str_eq(name, "a.png");
	ck_assert(media_missing(&m, xml, sizeof(xml) - 1, &at, name));
	ck_assert_str_eq(name, "tea.wav");
	ck_assert(!media_missing(&m, xml, sizeof(xml) - 1, &at, name));
	media_clear(&m);
}
END_TEST

static void
le(struct buf *b, uint32_t v, int n)
{
	for (int i = 0; i < n; i++)
		buf_u8(b, (uint8_t)(v >> (8 * i)));
}

/* A tone of 440 Hz and one second in WAV (Microsoft's RIFF, PCM 16). */
static void
tone(struct buf *b, unsigned rate, unsigned channels)
{
	buf_puts(b, "RIFF");
	le(b, 36 + rate * channels * 2, 4);
	buf_puts(b, "WAVEfmt ");
	le(b, 16, 4);
	le(b, 1, 2);
	le(b, channels, 2);
	le(b, rate, 4);
	le(b, rate * channels * 2, 4);
	le(b, channels * 2, 2);
	le(b, 16, 2);
	buf_puts(b, "data");
	le(b, rate * channels * 2, 4);
	for (unsigned i = 0; i < rate; i++)
		for (unsigned c = 0; c < channels; c++)
			le(b, (uint16_t)(int16_t)(12000 * sin(2 * 3.14159265358979 * 440 * i / rate)), 2);
}

/* One second stays one second, and 440 times up through zero. */
static const struct { unsigned rate, channels; } tones[] = { { 22050, 1 }, { 8000, 1 }, { 16000, 2 }, { 44100, 2 }, { 48000, 1 } };

START_TEST(sounds_of_any_rate_become_samples_of_one)
{
	struct buf in, out;
	size_t up = 0, n;
	int16_t last = -1, peak = 0;

	buf_init(&in, 1 << 20);
	buf_init(&out, 1 << 20);
	tone(&in, tones[_i].rate, tones[_i].channels);
	ck_ok(say_samples(&in, &out, &err));
	n = out.len / 2;
	ck_assert_uint_ge(n, SAY_RATE - 10);
	ck_assert_uint_le(n, SAY_RATE + 10);
	for (size_t i = 0; i < n; i++) {
		int16_t s;

		memcpy(&s, out.data + 2 * i, 2);
		up += last < 0 && s >= 0;
		peak = s > peak ? s : peak;
		last = s;
	}
	ck_assert_uint_ge(up, 438);
	ck_assert_uint_le(up, 442);
	ck_assert_int_ge(peak, 11000);
	ck_assert_int_le(peak, 12100);
	buf_reset(&out);
	buf_truncate(&in, 30);
	ck_assert_int_ne(say_samples(&in, &out, &err), ERR_OK);
	ck_assert_uint_eq(out.len, 0);
	buf_free(&in);
	buf_free(&out);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("media");
	TCase *c = tcase_create("media");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, a_file_is_what_its_bytes_say, 0, ARRAY_LEN(looks));
	tcase_add_loop_test(c, cut_off_files_are_read_within_their_bytes, 0, ARRAY_LEN(looks));
	tcase_add_test(c, a_changed_file_is_not_read);
	tcase_add_test(c, what_a_form_names_and_nobody_brought_is_told);
	tcase_add_loop_test(c, sounds_of_any_rate_become_samples_of_one, 0, ARRAY_LEN(tones));
	suite_add_tcase(s, c);
	return s;
}

TEST_MAIN(suite)
