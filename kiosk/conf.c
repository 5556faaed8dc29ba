/* What may be set in kiosk.conf. See conf.h. */
#include "kiosk/conf.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

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
	KEY(answers_days, CONFIG_INT, "730", 0, 36500, "days the centre keeps answers, said on the privacy page: as answers_days of its aggregator.conf; 0: nothing is said")
	KEY(concern_slot_s, CONFIG_INT, "1800", 1, 86400, "seconds of a slot in which one record of lane 1 is chained")
	KEY(look_s, CONFIG_INT, "10", 1, 60, "seconds between looks at what sync has brought")
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
	KEY(lan_plain, CONFIG_BOOL, "no", 0, 0, "serve tablets without HTTPS; needs lan_plain_risk")
	KEY(lan_plain_risk, CONFIG_TEXT, "", 0, 0, "word for word: " LAN_PLAIN_RISK)
	KEY(wifi_name, CONFIG_TEXT, "", 0, 0, "the Wi-Fi for tablets: staff get a QR code that joins it")
	KEY(wifi_key, CONFIG_TEXT, "", 0, 0, "its password; empty: it has none")
};
const size_t kiosk_n_keys = sizeof(kiosk_keys) / sizeof(kiosk_keys[0]);

static enum err_code
check_lan(const struct kiosk_conf *c, struct err *err)
{
	if (c->lan_plain && !c->lan)
		return err_set(err, ERR_INPUT, "lan_plain = yes says how tablets are served: it needs lan = yes");
	if (!c->lan)
		return ERR_OK;
	if (!c->lan_plain) {
		if (c->lan_name[0] == '\0' || c->lan_cert[0] == '\0' || c->lan_key[0] == '\0')
			return err_set(err, ERR_INPUT, "lan = yes needs lan_name, lan_cert and lan_key: candour site tls makes them");
		return ERR_OK;
	}
	if (strcmp(c->lan_plain_risk, LAN_PLAIN_RISK) != 0)
		return err_set(err, ERR_INPUT, "lan_plain = yes needs, word for word, lan_plain_risk = %s", LAN_PLAIN_RISK);
	if (c->lan_name[0] == '\0')
		return err_set(err, ERR_INPUT, "lan_plain = yes needs lan_name: the name or address that tablets call");
	if (c->lan_cert[0] != '\0' || c->lan_key[0] != '\0')
		return err_set(err, ERR_INPUT, "lan_plain = yes, and lan_cert or lan_key as well: only one of them can be meant");
	return ERR_OK;
}

/* Lengths of IEEE 802.11 and WPA: a name of 32 bytes; 8 to 63 printable ASCII characters, or the key itself as 64
 * hex digits. The password is in no message. */
static enum err_code
check_wifi(const struct kiosk_conf *c, struct err *err)
{
	size_t n = strlen(c->wifi_key), hex = 0;

	if (strlen(c->wifi_name) > 32)
		return err_set(err, ERR_INPUT, "wifi_name has %zu bytes: at most 32", strlen(c->wifi_name));
	if (n > 0 && c->wifi_name[0] == '\0')
		return err_set(err, ERR_INPUT, "wifi_key without wifi_name");
	for (const char *p = c->wifi_key; *p != '\0'; p++) {
		if (*p < ' ' || *p > '~')
			return err_set(err, ERR_INPUT, "wifi_key: only letters, digits and signs of ASCII");
		hex += isxdigit((unsigned char)*p) != 0;
	}
	if (n > 0 && (n < 8 || n > 63) && !(n == 64 && hex == 64))
		return err_set(err, ERR_INPUT, "wifi_key has %zu characters: 8 to 63, or 64 hex digits", n);
	return ERR_OK;
}

enum err_code
kiosk_conf_check(const struct kiosk_conf *c, struct err *err)
{
	enum err_code rc = check_lan(c, err);

	return rc == ERR_OK ? check_wifi(c, err) : rc;
}
