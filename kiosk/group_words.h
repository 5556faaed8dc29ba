/* The words of focus groups: part of KIOSK_WORDS (words_list.h). */
#ifndef KIOSK_GROUP_WORDS_H
#define KIOSK_GROUP_WORDS_H

#define GROUP_WORDS(X) \
	X(g_title) X(g_door_lead) X(g_need_staff) X(g_new) X(g_drafts) X(g_draft_of) X(g_resume) \
	X(g_resume_hint) X(g_locked) X(g_leave) X(g_lock) X(g_lost) X(g_lost_text) \
	X(g_lost_drop_text) X(g_lost_send) X(g_lost_drop) X(g_pass) X(g_pass_hint) X(g_pass_wrong) \
	X(g_pass_broken) X(g_wait) X(g_setup) X(g_guide) X(g_place) X(g_leader) X(g_no_guide) \
	X(g_err_guide) X(g_err_setup) X(g_err_pass) X(g_err_open) X(g_err_kept) X(g_err_full) \
	X(g_err_what) X(g_who_title) X(g_who_lead) X(g_who_sum) X(g_second) X(g_fewer) \
	X(g_more_people) X(g_err_nobody) X(g_role_lives_here) X(g_role_family) X(g_role_carer) \
	X(g_role_advocate) X(g_role_interpreter) X(g_role_staff) X(g_short_lives_here) \
	X(g_short_family) X(g_short_carer) X(g_short_advocate) X(g_short_interpreter) \
	X(g_short_staff) X(g_agree_title) X(g_rules) X(g_rule_1) X(g_rule_2) X(g_rule_3) \
	X(g_rule_4) X(g_all_yes) X(g_say_no) X(g_agree_notes) X(g_agree_notes_yes) \
	X(g_agree_notes_no) X(g_agree_sound) X(g_agree_sound_yes) X(g_agree_sound_no) \
	X(g_agree_quote) X(g_agree_quote_yes) X(g_agree_quote_no) X(g_err_agree) X(g_topic_of) \
	X(g_minutes) X(g_who_said) X(g_words) X(g_exact) X(g_themes) X(g_save) X(g_next_topic) \
	X(g_ask) X(g_read) X(g_no_notes) X(g_last_note) X(g_err_words) X(g_err_who) X(g_err_long) \
	X(g_ask_title) X(g_ask_lead) X(g_ask_this) X(g_see) X(g_poll_open) X(g_poll_closed) \
	X(g_to_talk) X(g_own) X(g_own_title) X(g_own_go) X(g_question) X(g_answer_n) X(g_kind) \
	X(g_kind_poll) X(g_kind_dots) X(g_kind_hands) X(g_err_question) X(g_hands_hint) \
	X(g_poll_scan) X(g_poll_no_lan) X(g_poll_address) X(g_poll_code) X(g_qr) X(g_pass_round) \
	X(g_voted_n) X(g_too_many) X(g_latest) X(g_poll_close) X(g_poll_cancel) X(g_few) \
	X(g_vote) X(g_dots_hint) X(g_err_choose) X(g_err_dots) X(g_err_cookie) \
	X(g_voted) X(g_voted_text) X(g_vote_change) X(g_vote_over) X(g_vote_over_text) \
	X(g_vote_failed) X(g_vote_failed_text) X(g_code_title) X(g_code) X(g_code_hint) \
	X(g_err_code) X(g_err_code_wait) X(g_join) X(g_join_text) X(g_err_desks) X(g_pass_title) \
	X(g_pass_text) X(g_pass_mine) X(g_pass_done) X(g_pass_none) X(g_number_is) X(g_number_title) \
	X(g_number_hint) X(g_number) X(g_err_number) X(g_read_lead) X(g_notes) X(g_strike) \
	X(g_keep) X(g_struck) X(g_sentence) X(g_read_agree) X(g_read_change) X(g_read_not) \
	X(g_minority) X(g_err_counts) X(g_more) X(g_close_title) X(g_close_lead) X(g_close_second) \
	X(g_leaves_people) X(g_leaves_vote) X(g_leaves_votes) X(g_page_of) X(g_seal) \
	X(g_err_poll_open) X(g_err_seal) X(g_people) X(g_ask_short) X(g_leaves_one) X(g_leaves_who) X(g_leaves_lead) X(g_leaves_out) \
	X(g_leaves_stay) X(g_err_leaves) X(g_err_notes) X(g_err_two) X(g_other_says) X(g_err_changed) \
	X(g_guide_length) X(g_leaves_place) X(g_leaves_agreed) X(g_done_title) X(g_done_lead) X(g_summary) X(g_paper) X(g_paper_large) X(g_paper_very)

#endif
