/* Every text the kiosk says: a key of kiosk/words/TAG.txt and a field of struct words. A key that is
 * missing in a file, unknown, or misspelt in a template is an error (words.h). */
#ifndef KIOSK_WORDS_LIST_H
#define KIOSK_WORDS_LIST_H

#include "kiosk/group_words.h"

#define KIOSK_WORDS(X) \
	X(back) X(continue_) X(start) X(finished) X(listen) X(listen_stop) X(text_size) \
	X(something_wrong) X(stop_delete) X(question_n) X(of_n) X(skip) X(skip_main) X(nav) \
	X(more_below) X(error) X(close) X(yes) X(no) X(change) X(optional) X(attract_title) \
	X(attract_how_long) X(attract_promise) X(attract_in_use) X(attract_no_form) \
	X(attract_full) X(easy_read) X(about) X(other_ways) X(choose_language) X(lost) \
	X(language_title) X(style_title) X(style_standard) X(style_easy) X(style_words) \
	X(style_read) \
	X(which_form) \
	X(practice_title) X(practice_hint) X(practice_tea) X(practice_coffee) X(practice_neither) X(privacy_title) X(privacy_1) X(privacy_2) X(privacy_3) \
	X(privacy_4) X(privacy_5) X(privacy_6) X(privacy_keep) X(privacy_no_easy) X(privacy_agree) X(privacy_no) X(err_choose) \
	X(err_choose_optout) X(err_choose_some) X(err_choose_some_optout) X(err_exclusive) X(err_answer) X(err_number) \
	X(err_decimal) X(err_date) X(err_month) X(err_year) X(err_time) X(err_constraint) X(err_long) X(err_text) \
	X(err_rank) X(err_summary) X(minus) X(plus) X(day) X(month) X(year) X(hour) X(minute) X(up) X(down) \
	X(no_names) X(typed_show) X(typed_hide) X(choose_many) X(more_answers) X(earlier_answers) X(tick_ok) X(add_another) \
	X(add_title) X(search) X(search_label) X(search_none) X(search_all) X(review_title) \
	X(review_page) X(review_empty) X(review_masked) X(review_send) X(review_quote) X(review_more) \
	X(review_quote_yes) X(review_quote_no) X(send_failed_title) X(send_failed_text) \
	X(try_again) X(thanks_title) X(thanks_kept) X(thanks_words) X(thanks_until) \
	X(thanks_private) X(thanks_qr) X(wrong_title) X(wrong_call) X(wrong_cannot) \
	X(wrong_numbers) X(wrong_not_safe) X(wrong_complaint) X(wrong_staff) X(wrong_back) \
	X(wrong_write) X(wrong_no_form) X(number_emergency) X(number_cqc) \
	X(concern_title_not_safe) X(concern_title_complaint) X(concern_title_staff_report) \
	X(concern_sent_title) X(concern_sent) X(concern_no_words) X(concern_send) X(look_title) \
	X(look_size) X(look_size_1) X(look_size_2) X(look_size_3) X(look_colour) X(look_light) \
	X(look_dark) X(look_pictures) X(look_with) X(look_without) X(look_voice) X(look_slow) \
	X(look_usual) X(look_fast) X(look_language) X(look_volume) X(look_quieter) X(look_louder) X(look_read) X(look_read_on) X(look_read_off) X(sign) X(sign_again) X(sign_back) X(keys) X(keys_letters) X(keys_qwerty) X(keys_shift) X(keys_space) X(keys_line) X(keys_delete) X(keys_done) \
	X(still_title) \
	X(still_text) X(still_sent) X(still_yes) X(about_title) X(about_text) X(about_withdraw) X(about_notices) \
	X(about_staff) X(about_tablet) X(tablet_or) X(about_privacy) X(withdraw_title) X(withdraw_label) X(withdraw_hint) \
	X(withdraw_do) X(withdraw_done_title) X(withdraw_done) X(withdraw_published) \
	X(withdraw_wrong) X(withdraw_wait) X(withdraw_failed) X(notices_title) X(notices_none) X(notices_more) \
	X(notices_said) X(notices_did) \
	X(staff_title) X(staff_pin) X(staff_pin_hint) X(staff_in) X(staff_out) X(staff_wrong) \
	X(staff_wait) X(staff_busy) X(staff_none) X(staff_well) X(staff_look) X(staff_look_here) \
	X(staff_waiting) X(staff_oldest) X(staff_receipt) X(staff_never) X(staff_clock) \
	X(staff_clock_is) X(staff_clock_0) X(staff_clock_1) X(staff_clock_2) X(staff_room) \
	X(staff_room_good) X(staff_room_low) X(staff_room_full) X(staff_forms) X(staff_version) \
	X(staff_ring) X(staff_ring_none) X(staff_visits) X(staff_cert) X(staff_cert_until) \
	X(staff_plain) X(staff_plain_risk) X(lan_plain_title) X(lan_plain_text) \
	X(staff_ring_is) X(staff_keys) X(staff_keys_answers) X(staff_keys_escrow) X(staff_keys_concerns) X(staff_refused) X(staff_refused_is) X(staff_signed) X(staff_unsigned) \
	X(staff_battery) X(staff_battery_in) X(staff_battery_out) X(staff_sound) X(staff_volume) X(staff_volume_hint) \
	X(staff_first) X(staff_first_hint) X(staff_none_forms) X(staff_setup) X(staff_screen) X(staff_screen_hint) X(staff_bigger) \
	X(staff_smaller) X(staff_set_clock) X(staff_set_clock_hint) X(staff_clock_done) \
	X(paper_title) X(paper_hint) X(paper_copies) X(paper_copies_bad) X(paper_print) \
	X(paper_print_hint) X(sheet_number) X(sheet_do) X(sheet_empty) X(sheet_help) X(sheet_post) \
	X(sheet_post_none) X(sheet_staff) X(sheet_reads) X(sheet_private) X(sheet_no_back) \
	X(sheet_who) X(sheet_many) X(sheet_only) X(sheet_or) X(sheet_if) X(sheet_rank) \
	X(sheet_range) X(sheet_number_here) X(sheet_again) X(sheet_date) X(key_title) X(key_sheet) \
	X(key_hint) X(key_date) X(key_begin) X(key_keep) X(key_check) X(key_empty) X(key_bad) \
	X(key_date_bad) X(key_kept) X(key_gone) X(tablets_title) X(tablets_hint) X(tablets_or) \
	X(tablets_once) X(tablets_new) X(tablets_list) X(tablets_one) X(tablets_since) \
	X(tablets_none) X(tablets_remove) X(tablets_full) X(tablets_off) X(tablets_words) X(tablets_wifi) X(tablets_wifi_qr) \
	X(join_title) X(join_label) X(join_hint) X(join_do) X(join_wrong) \
	X(unavailable_title) X(unavailable_text) X(not_found_title) X(not_found_text) \
	X(refused_title) X(refused_text) X(too_fast_title) X(to_start) \
	GROUP_WORDS(X)

#endif
