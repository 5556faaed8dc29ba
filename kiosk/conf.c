/* What may be set in kiosk.conf. See conf.h. */
#include "kiosk/conf.h"

#include <stddef.h>

#define KEY(name, type, preset, min, max, help) \
	{ "", #name, type, offsetof(struct kiosk_conf, name), preset, min, max, help },

const struct config_key kiosk_keys[] = {
	KEY(listen, CONFIG_TEXT, "127.0.0.1:8080", 0, 100, "address and port of the kiosk's pages; port 0: any")
	KEY(site, CONFIG_TEXT, NULL, 0, 0, "site.db, made by candour site init")
	KEY(pin, CONFIG_TEXT, NULL, 0, 0, "the pinned root key, made by candour site enrol")
	KEY(ballast, CONFIG_TEXT, "", 0, 0, "file that is given up when storage is full; empty: site.ballast beside site.db")
	KEY(cache, CONFIG_TEXT, "", 0, 0, "folder for pictures of forms and the sound of their words; empty: cache beside site.db")
	KEY(forms, CONFIG_TEXT, "", 0, 0, "folder of XForm files (*.xml), used while no bundle has come")
	KEY(languages, CONFIG_TEXT, "", 0, 200, "language tags in the order of the attract page; empty: all there are")
	KEY(fonts, CONFIG_TEXT, "/usr/share/fonts-sil-andika/woff2", 0, 0, "folder with Andika-Regular.woff2 and Andika-Bold.woff2")
	KEY(voice, CONFIG_TEXT, "/usr/bin/espeak-ng", 0, 0, "the program that reads pages aloud; empty: none")
	KEY(keyboard, CONFIG_TEXT, "page", 0, 6, "what is typed with on this screen: page (keys on the page), system, none; tablets have their own")
	KEY(numbers, CONFIG_TEXT, "", 0, 2000, "who can be called: Name: number; Name: number")
	KEY(mm_px, CONFIG_INT, "588", 200, 3000, "hundredths of CSS pixels in a millimetre of this screen")
	KEY(idle_warn_s, CONFIG_INT, "90", 60, 600, "seconds without a press before the page asks: are you still there?")
	KEY(idle_answer_s, CONFIG_INT, "60", 20, 300, "seconds to say so")
	KEY(withdraw_days, CONFIG_INT, "60", 1, 365, "days in which four words take an answer back")
	KEY(concern_slot_s, CONFIG_INT, "1800", 1, 86400, "seconds of a slot in which one record of lane 1 is chained")
	KEY(keep_after_receipt, CONFIG_INT, "14", 1, 365, "days a record stays after its receipt")
	KEY(low_mib, CONFIG_INT, "64", 0, 1048576, "free MiB under which nothing more is accepted")
	KEY(resume_mib, CONFIG_INT, "128", 0, 1048576, "free MiB from which answers are accepted again")
	KEY(ballast_mib, CONFIG_INT, "4", 0, 1024, "MiB of the ballast file")
	KEY(threads, CONFIG_INT, "4", 1, 64, "threads that answer requests")
	KEY(scale_coin, CONFIG_BOOL, "yes", 0, 0, "toss a coin for each visit which end of a scale comes first")
	KEY(paper_key_in, CONFIG_BOOL, "no", 0, 0, "staff here may type in paper forms")
	KEY(paper_return, CONFIG_TEXT, "", 0, 200, "the address sheets of paper are posted to")
	KEY(lan, CONFIG_BOOL, "no", 0, 0, "serve tablets on the site's network over HTTPS")
	KEY(lan_join, CONFIG_BOOL, "yes", 0, 0, "only tablets that staff have let in may answer")
	KEY(lan_listen, CONFIG_TEXT, "0.0.0.0:8443", 0, 100, "address and port for tablets")
	KEY(lan_name, CONFIG_TEXT, "", 0, 253, "the DNS name in the certificate")
	KEY(lan_cert, CONFIG_TEXT, "", 0, 0, "certificate chain, PEM")
	KEY(lan_key, CONFIG_TEXT, "", 0, 0, "its key, PEM, 0600")
};
const size_t kiosk_n_keys = sizeof(kiosk_keys) / sizeof(kiosk_keys[0]);
