/* See help.h. */
#include "admin/help.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"

struct help {
	const char *path;	/* "site init" */
	const char *options;	/* "--host= --no-wait": = where a value follows */
	const char *usage;	/* after "candour PATH" */
	const char *what;
	const char *example;
};

static const struct help helps[] = {
	{ "form convert", "--root=", "[--root NAME] FILE",
	    "Prints the ODK XForm of a questionnaire (.xlsx, .csv of all its sheets, or XForm XML).\n"
	    "  --root NAME   the name of the root element, where the sheets give none",
	    "candour form convert visit.xlsx > visit.xml" },
	{ "form check", "--strict", "[--strict] FILE...",
	    "Says what is wrong or doubtful in questionnaires and how to mend it, each with sheet, row and column.\n"
	    "  --strict      warnings count as errors: exit status 1",
	    "candour form check visit.xlsx" },
	{ "form preview", "--port=", "[--port N] FILE",
	    "Shows a questionnaire in the kiosk's own pages, in a browser on this computer. Nothing is kept.\n"
	    "  --port N      where it listens on 127.0.0.1",
	    "candour form preview visit.xlsx" },
	{ "indicator check", "--forms= --duties", "[--forms DIR] [--duties] FILE|DIR...",
	    "Says what is wrong with definitions of indicators, and prints the hash of each that is right.\n"
	    "  --forms DIR   the questionnaires they ask of\n"
	    "  --duties      print what duty each serves",
	    "candour indicator check indicators/library" },
	{ "indicator codes", "-c= --frame=", "-c indicators.conf --frame NAME@VERSION FIRST.csv SECOND.csv AGREED.csv",
	    "What two people agreed that comments are about becomes facts of the definitions with theme = NAME@VERSION/CODE. FIRST and\n"
	    "SECOND are their own sheets; AGREED has every comment that was coded. Nothing is taken if a theme does not reach a kappa\n"
	    "of 0.6, or two people coded less than a fifth of AGREED (at least 50).\n"
	    "  -c FILE         the configuration of candour-indicators\n"
	    "  --frame FRAME   the frame of themes and its version, such as care@2",
	    "candour indicator codes -c indicators.conf --frame care@2 first.csv second.csv agreed.csv" },
	{ "indicator diff", "--library=", "FILE FILE | [--library DIR] ID@VERSION ID@VERSION",
	    "Shows what one version of a definition says other than another.\n"
	    "  --library DIR where ID@VERSION is looked for [indicators/library]",
	    "candour indicator diff sat-users@1 sat-users@2" },
	{ "indicator evaluate", "--forms= --by= --published", "[--forms DIR] [--by NAME] [--published] FILE|DIR RESPONSES.csv",
	    "Evaluates indicators over a table of responses, for the eyes of the analyst: nothing is hidden or rounded.\n"
	    "  --by NAME     only points by that breakdown (site, role ..)\n"
	    "  --published   what a publication would show instead\n"
	    "  --forms DIR   the questionnaires",
	    "candour indicator evaluate indicators/library responses.csv" },
	{ "indicator health", "--forms= -c=", "[--forms DIR] FILE|DIR RESPONSES.csv  |  -c indicators.conf",
	    "Says how well indicators work: missing answers, ceilings, width of intervals; with -c, how the facts are.\n"
	    "  --forms DIR   the questionnaires\n"
	    "  -c FILE       the configuration of candour-indicators",
	    "candour indicator health -c /etc/candour/indicators.conf" },
	{ "indicator import", "--area= --period= --group= --level=",
	    "ascof FILE.csv ID.ind --area NAME ... [--period FROM..TO] [--group NAME] [--level NAME]",
	    "Looks up what a country, region or council reached in the measure that ID.ind names by alias.ascof, and prints it as\n"
	    "lines comparator = .. for its [estimate], with where it comes from. Nothing is written: a new comparator is a new\n"
	    "version, which people agree on. FILE is the framework's long CSV, or that of another Candour.\n"
	    "  --area NAME         may be given several times\n"
	    "  --period FROM..TO   the months of FILE's figures, as 2023-04..2024-03, if it has no columns for them\n"
	    "  --group NAME        column Disaggregation level [Total]\n"
	    "  --level NAME        column Geographical level, if an area's name stands at several",
	    "candour indicator import ascof measures.csv indicators/library/sat-users.ind --area England" },
	{ "indicator kappa", "--of=", "[--of N] FIRST.csv SECOND.csv",
	    "Two people coded the same comments, each without seeing the other's codes: how far they agree, theme by theme.\n"
	    "A sheet has columns record and themes (codes with blanks between them). Exit status: 0 every theme may be published,\n"
	    "1 one has to be coded again, or too few comments were coded.\n"
	    "  --of N    how many comments there are in all",
	    "candour indicator kappa --of 400 first.csv second.csv" },
	{ "indicator publish", "-c= --key= --to= --until= --drafts --out= --dry-run --ca=",
	    "-c indicators.conf --key KEY --to URL [options]  |  FILE --key KEY --to URL [options]",
	    "Prepares the next publication (or takes FILE, prepared in the reading room), signs and posts it.\n"
	    "  --until YYYY-MM  also periods up to that month that are not complete yet\n"
	    "  --drafts         also definitions that are not agreed yet\n"
	    "  --out FILE       keep the signed file too\n"
	    "  --dry-run        show what would be published; sign and post nothing\n"
	    "  --ca FILE        certificates believed for https",
	    "candour indicator publish -c indicators.conf --key publish.key --to https://centre.example --dry-run" },
	{ "indicator retain", "-c= --now", "-c indicators.conf [--now]",
	    "Says which facts have come to the end of their time ([retention] facts_months), what holds them back, and what is\n"
	    "gone. candour-indicators erases them by itself, once it trusts the clock; figures stay.\n"
	    "  -c FILE   the configuration of candour-indicators\n"
	    "  --now     you looked at this machine's clock and it is right: erase today's now",
	    "candour indicator retain -c /etc/candour/indicators.conf" },
	{ "pull publication", "--from= --reader= --token-file= --ring= --root= --into= --ca=",
	    "--from URL --reader NAME --token-file FILE --ring FILE [--root PIN] [--into DIR] [--ca FILE]",
	    "Fetches every publication from the first on and checks form, hashes, chain and signatures.\n"
	    "  --into DIR    keep them there as publication-N.pub\n"
	    "  --root PIN    the pin of the organisation's root key",
	    "candour pull publication --from https://centre.example --reader council --token-file token --ring ring --into pubs" },
	{ "action add", "--db= --out= --language= --said= --did= --indicator= --owner= --state= --due= --from= --until=",
	    "--db pages.db --said TEXT --did TEXT [options]",
	    "Notes what people said and what is done about it (30 words each), for figures and kiosks to show.\n"
	    "  --indicator ID   the figure it follows from        --owner NAME   who does it\n"
	    "  --state WORD     planned, doing, done or dropped   --due DAY      2026-12-31\n"
	    "  --from DAY --until DAY   when kiosks show it",
	    "candour action add --db pages.db --said 'The garden gate sticks.' --did 'It was mended on Monday.' --state done" },
	{ "action change", "--db= --out= --language= --said= --did= --indicator= --owner= --state= --due= --from= --until=",
	    "NUMBER --db pages.db [options]",
	    "Changes what was noted; every version is kept. The options are those of action add.",
	    "candour action change 3 --db pages.db --state done" },
	{ "action list", "--db= --due", "--db pages.db [--due]",
	    "Lists what is done about what people said.\n  --due   only what is due by today and not done; exit status 1 if there is any",
	    "candour action list --db pages.db --due" },
	{ "action notices", "--db= --out= --language=", "--db pages.db --out DIR [--language en]",
	    "Writes a NAME.notice for each that kiosks show, for candour bundle make notices.",
	    "candour action notices --db pages.db --out notices" },
	{ "user add", "--db= --password-file=", "NAME ROLE --db FILE [--password-file FILE]",
	    "Lets somebody sign in. ROLE: viewer analyst commissioner safeguarding administrator. FILE: pages.db or room.db.\n"
	    "  --password-file FILE   the password (-: standard input); else one of five words is made and printed",
	    "candour user add meera analyst --db /var/lib/candour/centre/room.db" },
	{ "user password", "--db= --password-file=", "NAME --db FILE [--password-file FILE]",
	    "Gives somebody a new password.", "candour user password meera --db room.db" },
	{ "user disable", "--db=", "NAME --db FILE", "Somebody may not sign in any more.", "candour user disable meera --db room.db" },
	{ "user list", "--db=", "--db FILE", "Lists who may sign in.", "candour user list --db room.db" },
	{ "user reader", "--db=", "NAME --db FILE", "Makes a token for a program that pulls CSV, OData or publications.",
	    "candour user reader council --db pages.db" },
	{ "user pulls", "--db= --since=", "--db FILE [--since YYYY-MM-DD]", "Says who took which files and figures, a line a day.",
	    "candour user pulls --db pages.db --since 2026-04-01" },
	{ "centre init", "--root= --host= --organisation= --devices= --pages= --status= --store= --batches-a-minute=",
	    "DIR --root FILE --host NAME[,NAME] [--organisation NAME] [--devices ADDRESS:PORT]\n"
	    "       [--pages ADDRESS:PORT] [--status ADDRESS:PORT] [--store postgresql://..] [--batches-a-minute N]",
	    "Makes the centre's folder: keys, certificates, configuration, store.\n"
	    "  --root FILE   key file of the organisation's root key, or its pin: only the public half is read\n"
	    "  --host NAME   the name under which boxes reach it",
	    "candour centre init /var/lib/candour/centre --root root.key --host centre.example" },
	{ "centre ring", "", "DIR FILE", "Takes a signed key ring into use.", "candour centre ring /var/lib/candour/centre ring" },
	{ "centre cert", "--host=", "DIR [--host NAME[,NAME]]",
	    "A new certificate for the server that boxes call, good for two years, for the same key. `candour status` says when it\n"
	    "is due. Boxes need nothing new; restart candour-aggregator to use it.\n"
	    "  --host NAME   other names than those of the certificate that is there",
	    "candour centre cert /var/lib/candour/centre" },
	{ "site init", "--kiosk= --forms= --send-every= --concern-slot=",
	    "DIR [--kiosk ADDRESS:PORT] [--forms DIR] [--send-every S] [--concern-slot S]",
	    "Makes a box's folder: its store, keys and configuration. Once.\n"
	    "  --kiosk ADDRESS:PORT   where the kiosk listens [127.0.0.1:8080]\n"
	    "  --forms DIR            questionnaires from a folder, without a centre\n"
	    "  --send-every S         seconds between deliveries [900]\n"
	    "  --concern-slot S       seconds between deliveries of the concern lane [1800]",
	    "candour site init /var/lib/candour/site" },
	{ "site invite", "--host= --port= --centre= --label= --group= --minutes=",
	    "SITE --host NAME [--port N] [--centre DIR] [--label TEXT] [--group NAME] [--minutes N]",
	    "At the centre: prints an invitation for one box, as a code to scan and as text.\n"
	    "  --host NAME    the name under which the box reaches the centre   --port N   its port [8443]\n"
	    "  --label TEXT   the site's name as people say it                  --group NAME   of sites\n"
	    "  --minutes N    how long it is good [15], at most a day\n"
	    "  --centre DIR   the centre's folder [/var/lib/candour/centre]",
	    "candour site invite oak-house --host centre.example --label 'Oak House'" },
	{ "site enrol", "--no-wait", "DIR [TEXT] [--no-wait]",
	    "On the box: follows an invitation, shows the fingerprint, and waits until the centre approves.\n"
	    "  --no-wait      return at once; say it again without TEXT later",
	    "candour site enrol /var/lib/candour/site 'candour:1:centre.example:8443:..'" },
	{ "site pin", "", "DIR", "On the box: sets the PIN of the kiosk's staff pages, asked on the terminal.",
	    "candour site pin /var/lib/candour/site" },
	{ "site seal", "--units=", "DIR [--units DIR]",
	    "On the box, as root: puts its keys under the TPM2, or the host's key, for systemd to open.\n"
	    "  --units DIR    where systemd is told of them [/etc/systemd/system]",
	    "candour site seal /var/lib/candour/site" },
	{ "site tls", "--name= --new-ca", "make DIR --name NAME [--new-ca] | request DIR --name NAME | install DIR CHAIN.pem | show DIR",
	    "On the box: the certificate for tablets. make: by a CA of the site's own (again: renewed); request and install:\n"
	    "by the organisation's CA; show: what there is.\n"
	    "  --name NAME    the name under which tablets reach the box\n"
	    "  --new-ca       a new CA: every tablet needs it again",
	    "candour site tls make /var/lib/candour/site --name kiosk.oak-house.example" },
	{ "site rekey", "--no-wait --units=", "DIR [TEXT] [--no-wait] [--units DIR]",
	    "On the box, as root, its programs stopped: new device keys for lost or stolen ones, by an invitation of the centre.\n"
	    "Its answers stay; what was not delivered goes to the centre under the new keys.\n"
	    "  --no-wait      ask and return; say it again without TEXT when the centre has approved\n"
	    "  --units DIR    where `candour site seal` told systemd of the old keys [/etc/systemd/system]",
	    "candour site rekey /var/lib/candour/site 'candour:1:centre.example:8443:..'" },
	{ "site repair", "--device=", "DIR [--device ID]",
	    "On the box, as root, its programs stopped: carries everything that can still be read of a damaged site.db, and whose\n"
	    "hashes hold, over into a new one. The old file is kept beside it; a sound one is left as it is.\n"
	    "  --device ID    whose store it is, where neither the file nor the keys say it any more",
	    "systemctl stop candour-kiosk.socket candour-kiosk candour-sync && candour site repair /var/lib/candour/site" },
	{ "device list", "--centre=", "[--centre DIR]", "Lists every box: id, state, site, fingerprint, address, since when.",
	    "candour device list" },
	{ "device approve", "--centre= --fingerprint= --succeeds=", "ID [--centre DIR] [--fingerprint TEXT] [--succeeds ID]",
	    "Lets a box deliver, after comparing what its screen shows.\n"
	    "  ID                   hex digits as `device list` shows them, at least 8, or the site's name\n"
	    "  --fingerprint TEXT   the whole fingerprint; else its first and last group are asked for\n"
	    "  --succeeds ID        it has the store of that box of its site (`candour site rekey` says so), or `none`",
	    "candour device approve oak-house" },
	{ "device revoke", "--centre= --publish-key=", "ID [--centre DIR] [--publish-key FILE]",
	    "A box may not deliver any more: what it still sends is put aside.\n"
	    "  --publish-key FILE   sign the order, so that the box itself stops",
	    "candour device revoke 1f2e3d4c" },
	{ "quarantine list", "--centre=", "[--centre DIR]", "Lists what was put aside at the centre, and why.", "candour quarantine list" },
	{ "quarantine show", "--centre=", "NAME [--centre DIR]", "Tells more of one piece.", "candour quarantine show NAME" },
	{ "quarantine release", "--centre=", "NAME [--centre DIR]",
	    "Takes in what a revoked box sent. What contradicts kept records stays aside.", "candour quarantine release NAME" },
	{ "quarantine discard", "--centre= --reason=", "NAME --reason TEXT [--centre DIR]",
	    "Deletes what was put aside, when you know why it came. That it was there, and TEXT, stay in the centre's events.",
	    "candour quarantine discard NAME --reason 'the box at elm was restored from an old copy'" },
	{ "bundle make", "--publish-key= --out= --site= --device= --serial= --centre=",
	    "KIND --publish-key FILE --out FILE [--site NAME | --device ID] [--serial N] FILE...",
	    "Signs forms, settings or notices (KIND) for boxes.\n"
	    "  --site NAME, --device ID   for one of them; else for all\n"
	    "  --serial N                 counts up for each kind [the time]\n"
	    "Settings are one FILE, settings.conf: a few of kiosk.conf's lines.",
	    "candour bundle make forms --publish-key publish.key --out forms.bundle visit.xml" },
	{ "bundle post", "--centre=", "FILE [--centre DIR]", "Gives a signed bundle to the centre, from where boxes fetch it.",
	    "candour bundle post forms.bundle" },
	{ "bundle show", "--centre=", "FILE", "Says what is in a bundle.", "candour bundle show forms.bundle" },
	{ "export pack", "--out= --ring= --root=", "PUBLICATION --out FILE.zip [--ring FILE [--root PIN]]",
	    "Packs a signed publication to hand on: workbook, CSV, definitions, the signed file, how to cite and check it.\n"
	    "  --ring FILE   the organisation's key ring, checked and put in   --root PIN   its pin",
	    "candour export pack publication-3.pub --out figures.zip" },
	{ "concern pull", "--key= --centre= --store= --notify=", "--key FILE [--centre DIR | --store STORE] [--notify PROGRAM] INTO",
	    "For who holds a concern key: takes what has come since the last pull into the folder INTO, where it stays sealed. The\n"
	    "centre erases it 30 days later (aggregator.conf, [retention] concerns_days).\n"
	    "  --centre DIR       the centre's folder [/var/lib/candour/centre]\n"
	    "  --store STORE      the central store itself (postgresql://..), from another machine\n"
	    "  --notify PROGRAM   run as PROGRAM COUNT INTO when there are new ones",
	    "candour concern pull --key concern.key /media/concerns" },
	{ "concern list", "--key=", "--key FILE INTO", "A line or two for each: site, days, what it is about, the last note, and what is late.",
	    "candour concern list --key concern.key /media/concerns" },
	{ "concern show", "--key=", "--key FILE INTO ID", "Everything that was written, and every note. Four characters of the ID will do.",
	    "candour concern show --key concern.key /media/concerns 3f2a" },
	{ "concern table", "--key=", "--key FILE INTO",
	    "Kind, site and day of each as CSV, for the rates of concerns and complaints: no text, and no site of reports by staff.",
	    "candour concern table --key concern.key /media/concerns > concerns.csv" },
	{ "concern note", "--by=", "--by NAME INTO ID TEXT", "Keeps who did what about it, with the time.",
	    "candour concern note --by 'J. Evans' /media/concerns 3f2a 'rang the home, spoke to her, safe now'" },
	{ "status", "", "DIR", "How a site (DIR its folder) or the centre is doing.", "candour status /var/lib/candour/site" },
	{ "key new", "--use= --file= --credential=", "--use USE (--file FILE | --credential FILE)",
	    "Makes a key. USE: root response escrow concern publish receipt.\n"
	    "  --file FILE         locked with a passphrase, asked on the terminal\n"
	    "  --credential FILE   as it is, mode 0600, for a service",
	    "candour key new --use root --file root.key" },
	{ "key show", "", "FILE...", "Says what key files and key rings are: use, id, public key.", "candour key show root.key ring" },
	{ "key ring", "--root= --out= --from= --next-root= --days= --next= --active= --old= --stop=",
	    "--root FILE --out FILE [--from RING] [--next-root FILE] [--days N] [[STATE=]FILE...] [--STATE ID...]",
	    "Signs the public halves of keys (and of the CA's certificate, PEM) with the root key.\n"
	    "  --from RING   go on from an earlier ring   --days N   how long keys are good [3653]\n"
	    "  STATE         next, active, old or stop; --stop ID changes one that is in the earlier ring\n"
	    "  --next-root FILE   announce a new root",
	    "candour key ring --root root.key --out ring response.key escrow.key concern.key publish.key receipt.key ca.pem" },
	{ "key split", "--to= --qr", "[--qr] --to DIR FILE",
	    "Writes the escrow key as three shares, any two of which bring it back.\n"
	    "  --qr   each as a page to print: a code to scan, the text, and what its holder has to know",
	    "candour key split --qr --to /media/usb escrow.key" },
	{ "key join", "--of= --file= --credential=", "--of FILE (--file FILE | --credential FILE) SHARE SHARE",
	    "Brings the escrow key back from two shares: files, or - to scan or type them.\n"
	    "  --of FILE   the ring or key file it must agree with",
	    "candour key join --of ring --file escrow.key - -" },
	{ "key seal", "--out=", "--out FILE KEYFILE",
	    "As root: makes a credential of a key that systemd opens on this machine alone.",
	    "candour key seal --out /var/lib/candour/credentials/response response.key" },
	{ "draft recover", "--key= --store=", "--key FILE SITE.DB | --key FILE --store STORE",
	    "Prints the lines of focus groups that were never closed, with the response or escrow key.",
	    "candour draft recover --key response.key site.db" },
	{ "verify", "--pin= --device= --file", "[--pin FILE] [--device ID] [--file] SITE.DB",
	    "Proves a site's store from its public parts, and says what is wrong with it. Changes nothing; a copy will do.\n"
	    "  --pin FILE    also verify the signatures of receipts   --device ID   compare whose it is\n"
	    "  --file        have SQLite check every page as well",
	    "candour verify /var/lib/candour/site/site.db" },
	{ "verify audit", "--list", "[--list] DB [PUBLICATION...]", "Recomputes the audit in facts.db, pages.db or room.db.\n  --list   print who did what",
	    "candour verify audit room.db" },
	{ "verify publication", "--ring= --root=", "--ring FILE [--root PIN] PUBLICATION...", "Checks signed publications.",
	    "candour verify publication --ring ring publication-3.pub" },
	{ "backup", "", "DIR OUT", "Puts a centre's databases aside, into a new folder in OUT, while it works.",
	    "candour backup /var/lib/candour/centre /media/backup" },
	{ "restore", "", "FROM DIR", "Takes a backup into a centre's folder whose databases are gone. Stop its programs first.",
	    "candour restore /media/backup/2026-11-22 /var/lib/candour/centre" },
	{ "demo fill", "--months= --rate= --seed= --form=", "[--months N] [--rate N] [--seed N] --form FILE.xml SITE_DIR...",
	    "Made-up responses through the real path, for trying out.\n"
	    "  --months N   of responses [24]   --rate N   a site and month [22]   --seed N   what they follow from [1]",
	    "candour demo fill --form visit.xml site" },
};

/* --- the nearest --------------------------------------------------------------------------------- */

enum { WORD = 40, FAR = 4 };

/* Letters to change, add or leave out to make B of A (of N bytes). */
static unsigned
distance(const char *a, size_t n, const char *b, size_t m)
{
	unsigned row[WORD + 1];

	if (n > WORD || m > WORD)
		return FAR;
	for (size_t j = 0; j <= m; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned before = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			unsigned best = before + (a[i - 1] != b[j - 1]);

			before = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[m];
}

struct nearest {
	const char *word;
	size_t len;
	unsigned far;
};

static void
offer(struct nearest *near, const char *typed, size_t n, const char *word, size_t len)
{
	unsigned far = distance(typed, n, word, len);

	/* What was not typed to its end is nearest. */
	if (n >= 3 && n < len && strncmp(typed, word, n) == 0)
		far = 0;
	if (far < near->far && far < len) {
		near->word = word;
		near->len = len;
		near->far = far;
	}
}

/* --- which ---------------------------------------------------------------------------------------- */

/* Is HELP for COMMAND, and (SUB not NULL) its subcommand SUB? "verify" is for verify without one. */
static bool
is_for(const struct help *h, const char *command, const char *sub)
{
	size_t n = strlen(command);

	if (strncmp(h->path, command, n) != 0 || (h->path[n] != ' ' && h->path[n] != '\0'))
		return false;
	return sub == NULL || (h->path[n] == ' ' && strcmp(h->path + n + 1, sub) == 0);
}

/* ARG as an option of H: 0 no, 1 yes, 2 yes and a value follows. */
static int
has_option(const struct help *h, const char *arg)
{
	size_t n = strcspn(arg, "=");

	for (const char *o = h->options; *o != '\0'; o += strspn(o, " ")) {
		size_t len = strcspn(o, " ="), whole = strcspn(o, " ");

		if (len == n && strncmp(o, arg, n) == 0)
			return o[len] == '=' && arg[n] == '\0' ? 2 : 1;
		o += whole;
	}
	return 0;
}

static bool
is_help(const char *arg)
{
	return strcmp(arg, "-h") == 0 || strcmp(arg, "--help") == 0;
}

static void
print(const struct help *h)
{
	printf("usage: candour %s %s\n\n%s\n\nExample:\n  %s\n", h->path, h->usage, h->what, h->example);
}

static void
no_option(const char *command, const char *sub, const char *arg)
{
	struct nearest near = { .far = FAR };

	for (size_t i = 0; i < ARRAY_LEN(helps); i++) {
		if (!is_for(&helps[i], command, sub))
			continue;
		for (const char *o = helps[i].options; *o != '\0'; o += strspn(o, " ")) {
			offer(&near, arg, strcspn(arg, "="), o, strcspn(o, " ="));
			o += strcspn(o, " ");
		}
	}
	fprintf(stderr, "candour %s%s%s: there is no option %.40s", command, sub != NULL ? " " : "", sub != NULL ? sub : "", arg);
	if (near.word != NULL)
		fprintf(stderr, ": is it %.*s?", (int)near.len, near.word);
	fprintf(stderr, " (candour %s%s%s --help)\n", command, sub != NULL ? " " : "", sub != NULL ? sub : "");
}

/* False if nothing is near it: then the command itself says what it has (it may be newer than its line here). */
static bool
no_subcommand(const char *command, const char *typed)
{
	struct nearest near = { .far = FAR - 1 };
	size_t n = strlen(command);

	for (size_t i = 0; i < ARRAY_LEN(helps); i++)
		if (is_for(&helps[i], command, NULL) && helps[i].path[n] == ' ')
			offer(&near, typed, strlen(typed), helps[i].path + n + 1, strlen(helps[i].path + n + 1));
	if (near.word != NULL)
		fprintf(stderr, "candour %s: there is no %.40s: is it %s? (candour %s --help)\n", command, typed, near.word, command);
	return near.word != NULL;
}

void
help_no_command(const char *command, const char *const *names)
{
	struct nearest near = { .far = FAR };

	for (; *names != NULL; names++)
		offer(&near, command, strlen(command), *names, strlen(*names));
	fprintf(stderr, "candour: there is no command %.40s", command);
	if (near.word != NULL)
		fprintf(stderr, ": is it %s?", near.word);
	fprintf(stderr, " (candour help)\n");
}

void
help_list(void)
{
	for (size_t i = 0; i < ARRAY_LEN(helps); i++)
		puts(helps[i].path);
}

/* Every argument from ARGV[FIRST] on: an option that is known where it stands, or no option. */
static bool
options_good(int argc, char **argv, int first, const char *command, const char *sub)
{
	for (int i = first; i < argc; i++) {
		int known = 0;

		if (argv[i][0] != '-' || argv[i][1] == '\0')
			continue;
		for (size_t h = 0; h < ARRAY_LEN(helps); h++) {
			/* "verify --pin FILE SITE.DB" has no subcommand, and no other's options. */
			if (is_for(&helps[h], command, sub) && (sub != NULL || strchr(helps[h].path, ' ') == NULL
			    || strcmp(command, "verify") != 0)) {
				int got = has_option(&helps[h], argv[i]);

				known = got > known ? got : known;
			}
		}
		if (known == 0) {
			no_option(command, sub, argv[i]);
			return false;
		}
		i += known == 2;
	}
	return true;
}

/* Is an argument from ARGV[FIRST] on, that is no option's value, a wish for help? */
static bool
wants_help(int argc, char **argv, int first, const struct help *h)
{
	for (int i = first; i < argc; i++) {
		if (is_help(argv[i]))
			return true;
		i += argv[i][0] == '-' && has_option(h, argv[i]) == 2;
	}
	return false;
}

bool
help_first(int argc, char **argv, int *status)
{
	const char *command = argv[1], *sub = NULL;
	const struct help *one = NULL;
	bool any = false, alone = false;

	for (size_t i = 0; i < ARRAY_LEN(helps); i++) {
		any |= is_for(&helps[i], command, NULL);
		if (strcmp(helps[i].path, command) == 0) {
			alone = true;
			one = one == NULL ? &helps[i] : one;
		}
		if (argc > 2 && is_for(&helps[i], command, argv[2])) {
			sub = argv[2];
			one = &helps[i];
		}
	}
	if (!any)
		return false;
	if (one != NULL && wants_help(argc, argv, sub != NULL ? 3 : 2, one) && (sub != NULL || strcmp(command, "verify") != 0)) {
		print(one);
		*status = 0;
		return true;
	}
	if (argc < 3 || is_help(argv[2]))
		return false;
	if (sub == NULL && !alone && argv[2][0] != '-') {
		*status = 2;
		return no_subcommand(command, argv[2]);
	}
	if (!options_good(argc, argv, sub != NULL ? 3 : 2, command, sub)) {
		*status = 2;
		return true;
	}
	return false;
}
