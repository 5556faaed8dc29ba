/* What may be set in kiosk.conf. */
#ifndef KIOSK_CONF_H
#define KIOSK_CONF_H

#include "base/config.h"

struct kiosk_conf {
	char *listen;
	char *site;		/* site.db */
	char *pin;		/* root.pin: the pinned root and the newest serials accepted */
	char *ballast;
	char *cache;		/* folder for what forms show and for their words as sound */
	char *forms;		/* folder of XForm files used while site.db holds no bundle */
	char *languages;	/* "en cy": in this order on the attract page; "": all */
	char *fonts;		/* folder with Andika-Regular.woff2, Andika-Bold.woff2 */
	char *voice;		/* espeak-ng, "" for none */
	char *keyboard;		/* page, system, none */
	char *numbers;		/* "Name: number; Name: number" on "Something is wrong" */
	int64_t mm_px;		/* hundredths of pixels in a millimetre */
	int64_t idle_warn_s, idle_answer_s;
	int64_t answers_days, withdraw_days;
	int64_t concern_slot_s;
	int64_t look_s;
	int64_t keep_after_receipt;
	int64_t low_mib, resume_mib, ballast_mib;
	int64_t threads;
	bool scale_coin;	/* turn scales by a coin per visit */
	bool paper_key_in;
	char *paper_return;	/* where sheets of paper are sent, "": the envelope says it */
	bool lan, lan_join;
	char *lan_listen, *lan_name, *lan_cert, *lan_key;
	bool lan_plain;		/* over HTTP: only with LAN_PLAIN_RISK in lan_plain_risk */
	char *lan_plain_risk;
	char *wifi_name, *wifi_key;	/* for the QR code of the staff's page about tablets; "": none */
};

/* What an organisation that wants tablets without HTTPS has to write down. */
#define LAN_PLAIN_RISK "anyone on this Wi-Fi may read answers as given"

extern const struct config_key kiosk_keys[];
extern const size_t kiosk_n_keys;

/* What settings say together: ERR_INPUT names those that do not fit, and never the Wi-Fi's password. */
enum err_code kiosk_conf_check(const struct kiosk_conf *c, struct err *err) MUST_CHECK;

#endif
