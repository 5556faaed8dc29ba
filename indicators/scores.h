/* Scores of the Adult Social Care Survey: quality of life (1A), adjusted for what services can change (1J),
 * and one series out of standard and easy-read answers. Missing answers are NAN. */
#ifndef INDICATORS_SCORES_H
#define INDICATORS_SCORES_H

#include <stdbool.h>

/* The eight items in the order q3a q4a q5a q6a q7a q8a q9a q11, codes 1..4. 0..24, NAN if any is missing. */
double score_quality_of_life(const double item[8]);

struct score_1j {
	double item[8];		/* as above */
	double q13, q17, q18;	/* general health 1..5, home 1..4, getting around 1..4 */
	double help[7];		/* q15a-d, q16a-c: 1..3 */
	bool age_65;		/* 65 or older */
	bool can_answer_2c;
};
double score_impact(const struct score_1j *s);

struct score_combined {
	double standard, easy_read, combined;	/* NAN: not this one */
	double satisfied;
};
/* Standard 1..7 becomes 1..5 (ends joined), easy read stays; satisfied: 1 for combined 1, else 0. */
struct score_combined score_easy_read(double answer, bool is_easy_read);

/* The Friends and Family Test: shares in percent of all six answers, "neither" and "don't know" too. */
struct score_fft {
	double very_good, good, neither, poor, very_poor, dont_know;
};
struct score_fft_result {
	double positive_pct, negative_pct, responses;	/* NAN percents: nobody answered */
};
struct score_fft_result score_friends_family(const struct score_fft *f);

#endif
