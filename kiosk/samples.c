/* Sound files as samples of one rate. See say.h; libsndfile reads the files. Resampling takes the mean over what an
 * output sample covers when there are more samples than needed (so that high tones do not come back as others), and a
 * straight line between two when there are fewer: enough for speech. */
#include <sndfile.h>
#include <string.h>

#include "kiosk/say.h"

enum { BLOCK = 4096, CHANNELS = 8, RATE_MAX = 192000 };

struct reader { const uint8_t *data; sf_count_t len, at; };

static sf_count_t
reader_len(void *arg)
{
	return ((struct reader *)arg)->len;
}

static sf_count_t
reader_tell(void *arg)
{
	return ((struct reader *)arg)->at;
}

static sf_count_t
reader_seek(sf_count_t offset, int whence, void *arg)
{
	struct reader *r = arg;
	sf_count_t to = whence == SEEK_SET ? offset : whence == SEEK_CUR ? r->at + offset : r->len + offset;

	if (to < 0 || to > r->len)
		return -1;
	r->at = to;
	return to;
}

static sf_count_t
reader_read(void *to, sf_count_t n, void *arg)
{
	struct reader *r = arg;

	if (n > r->len - r->at)
		n = r->len - r->at;
	memcpy(to, r->data + r->at, (size_t)n);
	r->at += n;
	return n;
}

/* From samples of one rate to samples of another, a sample at a time. */
struct rate {
	double step;		/* input samples to an output sample */
	double next;		/* where the next output sample stands, in input samples */
	double seen;		/* input samples so far */
	double sum, last;
	unsigned n;
};

static void
emit(struct buf *out, double v)
{
	int16_t s = v > 0.999 ? 32735 : v < -0.999 ? -32735 : (int16_t)(v * 32767);

	buf_put(out, &s, sizeof(s));
}

static void
rate_put(struct rate *r, double v, struct buf *out)
{
	if (r->step >= 1) {
		r->sum += v;
		r->n++;
		if (r->seen + 1 >= r->next) {
			emit(out, r->sum / r->n);
			r->sum = 0;
			r->n = 0;
			r->next += r->step;
		}
	} else {
		for (; r->next <= r->seen; r->next += r->step) {
			double part = r->next - (r->seen - 1);

			emit(out, r->last + (v - r->last) * part);
		}
	}
	r->last = v;
	r->seen += 1;
}

static void
convert(SNDFILE *file, const SF_INFO *info, float *block, struct buf *out)
{
	struct rate rate = { .step = (double)info->samplerate / SAY_RATE };
	sf_count_t n;

	rate.next = rate.step >= 1 ? rate.step : 0;
	while (out->failed == ERR_OK && (n = sf_readf_float(file, block, BLOCK / info->channels)) > 0)
		for (sf_count_t i = 0; i < n; i++) {
			double v = 0;

			for (int c = 0; c < info->channels; c++)
				v += block[i * info->channels + c];
			rate_put(&rate, v / info->channels, out);
		}
}

enum err_code
say_samples(const struct buf *in, struct buf *out, struct err *err)
{
	struct reader reader = { .data = in->data, .len = (sf_count_t)in->len };
	SF_VIRTUAL_IO io = { .get_filelen = reader_len, .seek = reader_seek, .read = reader_read, .tell = reader_tell };
	size_t before = out->len;
	SF_INFO info = { .format = 0 };
	float block[BLOCK];
	SNDFILE *file = sf_open_virtual(&io, SFM_READ, &info, &reader);

	if (file == NULL)
		return err_set(err, ERR_INPUT, "a sound of %zu bytes cannot be read", in->len);
	if (info.channels < 1 || info.channels > CHANNELS || info.samplerate < 4000 || info.samplerate > RATE_MAX) {
		sf_close(file);
		return err_set(err, ERR_INPUT, "a sound with %d channels of %d samples a second", info.channels,
		    info.samplerate);
	}
	convert(file, &info, block, out);
	sf_close(file);
	wipe(block, sizeof(block));
	if (out->failed != ERR_OK) {
		buf_truncate(out, before);
		return err_set(err, ERR_LIMIT, "a sound of %zu bytes is too long", in->len);
	}
	return ERR_OK;
}
