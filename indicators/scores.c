/* Scores of the Adult Social Care Survey. See scores.h. */
#include "indicators/scores.h"

#include <math.h>
#include <stddef.h>

/* A whole code from 1 to MAX, as an index from 0; -1 if it is missing or none. */
static int
code(double v, int max)
{
	return v >= 1 && v <= max && v == floor(v) ? (int)v - 1 : -1;
}

double
score_quality_of_life(const double item[8])
{
	double sum = 32;

	for (size_t i = 0; i < 8; i++) {
		if (code(item[i], 4) < 0)
			return NAN;
		sum -= item[i];
	}
	return sum;
}

double
score_impact(const struct score_1j *s)
{
	/* weights of the preference study behind the measure, in the order of the items */
	static const double weight[8][4] = { { 1, .919, .541, 0 }, { .911, .789, .265, .195 }, { .879, .775, .294, .184 },
		{ .863, .780, .374, .288 }, { .880, .452, .298, .114 }, { .873, .748, .497, .241 }, { .962, .927, .567, .170 },
		{ .847, .637, .295, .263 } };
	static const double health[5] = { 0, 0, -.0148, -.109, -.109 }, home[5] = { 0, -.0308, -.125, -.125, -.125 },
		around[4] = { 0, -.0603, -.11, -.11 };
	int c13 = code(s->q13, 5), c17 = code(s->q17, 5), c18 = code(s->q18, 4);
	double sum = 0, help = 0;

	if (!s->can_answer_2c || c13 < 0 || c17 < 0 || c18 < 0)
		return NAN;
	for (size_t i = 0; i < 8; i++) {
		int c = code(s->item[i], 4);

		if (c < 0)
			return NAN;
		sum += weight[i][c];
	}
	for (size_t i = 0; i < 7; i++) {
		int c = code(s->help[i], 3);

		if (c < 0)
			return NAN;
		help += c;
	}
	return 0.203 * sum - 0.466 - (health[c13] + home[c17] + around[c18] + (s->age_65 ? .0473 : 0) + 0.5798 - 0.0202 * help);
}

struct score_combined
score_easy_read(double answer, bool is_easy_read)
{
	struct score_combined r = { NAN, NAN, NAN, NAN };

	if (code(answer, is_easy_read ? 5 : 7) < 0)
		return r;
	if (is_easy_read) {
		r.easy_read = r.combined = answer;
	} else {
		r.standard = answer;
		r.combined = answer - 1 < 1 ? 1 : answer - 1 > 5 ? 5 : answer - 1;
	}
	r.satisfied = r.combined == 1;
	return r;
}

struct score_fft_result
score_friends_family(const struct score_fft *f)
{
	double all = f->very_good + f->good + f->neither + f->poor + f->very_poor + f->dont_know;

	if (!(all > 0))
		return (struct score_fft_result){ NAN, NAN, 0 };
	return (struct score_fft_result){ (f->very_good + f->good) / all * 100, (f->poor + f->very_poor) / all * 100, all };
}
