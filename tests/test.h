/* What every test program shares: TEST_MAIN runs one suite, as tests/run-tests.sh expects; TORTURE runs
 * an expression with every allocation failing in turn. */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/torture.h"

/* Run SUITE (a function returning Suite *) as the whole program. */
#define TEST_MAIN(suite) \
	int main(void) \
	{ \
		SRunner *sr = srunner_create(suite()); \
		int bad; \
		srunner_run_all(sr, CK_NORMAL); \
		bad = srunner_ntests_failed(sr); \
		srunner_free(sr); \
		return bad == 0 ? EXIT_SUCCESS : EXIT_FAILURE; \
	}

/* Run EXPR again and again, with the first allocation failing, the second .., until it runs through
 * without one having failed; each run in which one did must return ERR_NOMEM, or ERR_OK if it could do
 * without. Put into EXPR all that it needs and frees. */
#define TORTURE(rc, expr) \
	do { \
		long torture_n_ = 0; \
		do { \
			ck_assert_int_lt(torture_n_, 100000); \
			torture_hit = 0; \
			torture_left = torture_n_++; \
			(rc) = (expr); \
			torture_left = -1; \
			if (torture_hit) \
				ck_assert_msg((rc) == ERR_NOMEM || (rc) == ERR_OK, "%s: allocation %ld: %s", \
				    #expr, torture_n_ - 1, err_word(rc)); \
		} while (torture_hit); \
	} while (0)

/* ERR_OK or the message. */
#define ck_ok(expr) \
	do { \
		enum err_code ck_rc_ = (expr); \
		ck_assert_msg(ck_rc_ == ERR_OK, "%s: %s: %s", #expr, err_word(ck_rc_), err.msg); \
	} while (0)

/* CODE, and a message that holds TEXT. */
#define ck_err(expr, want, text) \
	do { \
		enum err_code ck_rc_ = (expr); \
		ck_assert_msg(ck_rc_ == (want), "%s: %s, wanted %s", #expr, err_word(ck_rc_), err_word(want)); \
		ck_assert_msg(strstr(err.msg, text) != NULL, "\"%s\" is not in \"%s\"", text, err.msg); \
	} while (0)

#endif
