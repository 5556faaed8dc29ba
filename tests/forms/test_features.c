/* Every type, column, setting, parameter and appearance of XLSForm: converted into what the documentation says, or
 * refused by its name; and nothing is dropped in silence (forms.md 1). Expected values: the ODK documentation ("Question
 * types", "Form logic", "XLSForm"), the XLSForm reference table and the ODK XForms specification (3.3 bindings, 4 body,
 * 5 preloaders, 6.5 actions, 14 audit logs), which a comment names where it is not plain. */
#include <string.h>

#include "forms/xlsform.h"
#include "tests/test.h"

static struct findings found;
static struct buf xml, said;
static struct err err;

static enum err_code
convert(const struct buf *sheet)
{
	enum err_code rc;

	memset(&err, 0, sizeof(err));
	findings_init(&found);
	buf_init(&xml, 1 << 20);
	buf_init(&said, 1 << 20);
	rc = xlsform_convert(sheet->data, sheet->len, "form.csv", NULL, &xml, &found, &err);
	findings_print(&found, "f", &said);
	return rc;
}

static void
done(void)
{
	findings_clear(&found);
	buf_free(&xml);
	buf_free(&said);
}

static void
put_cell(struct buf *out, const char *text)
{
	buf_puts(out, ",\"");
	for (; *text != '\0'; text++)
		buf_printf(out, *text == '"' ? "\"\"" : "%c", *text);
	buf_putc(out, '"');
}

static void
put_row(struct buf *out, const char *const *cells)
{
	for (; *cells != NULL; cells++)
		put_cell(out, *cells);
	buf_puts(out, "\n");
}

#define ROW(out, ...) put_row(out, (const char *const[]){ __VA_ARGS__, NULL })

/* A question z, then one of TYPE called q whose COLUMN holds VALUE, what is needed to close it, lists c (a, b) and n
 * (1, 5), the file-less sheets, and SETTING = WORTH. */
static void
put_form(struct buf *out, const char *type, const char *label, const char *column, const char *value, const char *setting, const char *worth)
{
	const char *calculation = strcmp(type, "calculate") == 0 ? "1 + 1" : "";

	buf_init(out, 1 << 16);
	buf_puts(out, "survey\n");
	ROW(out, "type", "name", "label", *calculation != '\0' ? "calculation" : "_calculation", column);
	ROW(out, "text", "z", "Z", "", "");
	ROW(out, type, strcmp(type, "audit") == 0 ? "audit" : "q", label, calculation, value);
	if (strncmp(type, "begin", 5) == 0) {
		ROW(out, "text", "inner", "Inner", "", "");
		buf_printf(out, ",end%.*s,,,,\n", (int)strcspn(type + 5, " _") + 7, type + 5);
	}
	buf_puts(out, "choices\n,list_name,name,label,a_b\n,c,a,A,1\n,c,b,B,2\n,n,1,One,1\n,n,5,Five,2\n");
	buf_puts(out, "settings\n");
	ROW(out, "kiosk::minutes", setting);
	ROW(out, "5", worth);
}

/* --- types --------------------------------------------------------------------------------------------- */

/* What every spelling becomes. */
static const struct { const char *types, *want, *also; } TYPES[] = {
	{ "text|string|add text prompt|q string", "<bind nodeset=\"/data/q\" type=\"string\"/>", "<input ref=\"/data/q\">" },
	{ "integer|int|add integer prompt|q int", "<bind nodeset=\"/data/q\" type=\"int\"/>", "<input ref=\"/data/q\">" },
	{ "decimal|add decimal prompt|q decimal", "<bind nodeset=\"/data/q\" type=\"decimal\"/>", "<input ref=\"/data/q\">" },
	{ "date|add date prompt|q date", "<bind nodeset=\"/data/q\" type=\"date\"/>", "<input ref=\"/data/q\">" },
	{ "time", "<bind nodeset=\"/data/q\" type=\"time\"/>", "<input ref=\"/data/q\">" },
	{ "dateTime|datetime|date time|add date time prompt|add dateTime prompt|q date time|q dateTime",
	    "<bind nodeset=\"/data/q\" type=\"dateTime\"/>", "<input ref=\"/data/q\">" },
	{ "note|add note prompt|q note", "<bind nodeset=\"/data/q\" type=\"string\" readonly=\"true()\"/>", "<input ref=\"/data/q\">" },
	{ "acknowledge|trigger|add acknowledge prompt|q acknowledge", "nodeset=\"/data/q\"", "<trigger ref=\"/data/q\">" },
	{ "barcode|add barcode prompt|q barcode", "<bind nodeset=\"/data/q\" type=\"barcode\"/>", "<input ref=\"/data/q\">" },
	{ "percentage", "type=\"int\" constraint=\"0 &lt;= . and . &lt;= 100\"", "<input ref=\"/data/q\">" },
	{ "phone number", "constraint=\"regex(., '^\\d*$')\"", "<hint>Enter numbers only.</hint>" },
	{ "number of days in last month", "constraint=\"0 &lt;= . and . &lt;= 31\"", "<hint>Enter a number 0-31.</hint>" },
	{ "number of days in last six months", "constraint=\"0 &lt;= . and . &lt;= 183\"", "<hint>Enter a number 0-183.</hint>" },
	{ "number of days in last year", "constraint=\"0 &lt;= . and . &lt;= 365\"", "<hint>Enter a number 0-365.</hint>" },
	{ "select_one c|select one c|select1 c|select one from c|add select one prompt using c|select one using c|q select1 c",
	    "<bind nodeset=\"/data/q\" type=\"string\"/>", "<select1 ref=\"/data/q\">" },
	{ "select_multiple c|select all that apply c|select all that apply from c|select multiple from c|select multiple using c|q select c|"
	    "add select multiple prompt using c", "<bind nodeset=\"/data/q\" type=\"string\"/>", "<select ref=\"/data/q\">" },
	{ "select_one c or_other|select one c or other|select_multiple c or specify other", "relevant=\"selected(../q, 'other')\"",
	    "<label>Specify other.</label>" },
	{ "rank c", "<bind nodeset=\"/data/q\" type=\"odk:rank\"/>", "<odk:rank ref=\"/data/q\">" },
	{ "select_one_from_file t.csv|select one from file t.csv", "<instance id=\"t\" src=\"jr://file-csv/t.csv\"/>", "<select1 ref=\"/data/q\">" },
	{ "select_multiple_from_file t.xml|select multiple from file t.xml", "<instance id=\"t\" src=\"jr://file/t.xml\"/>", "<select ref=\"/data/q\">" },
	{ "select_one_from_file t.geojson", "<instance id=\"t\" src=\"jr://file/t.geojson\"/>", "<label ref=\"title\"/>" },
	{ "range", "<bind nodeset=\"/data/q\" type=\"int\"/>", "<range ref=\"/data/q\" start=\"1\" end=\"10\" step=\"1\">" },
	{ "begin_group|begin group", "<q>", "<group ref=\"/data/q\">" },
	{ "begin_repeat|begin repeat", "<q jr:template=\"\">", "<repeat nodeset=\"/data/q\">" },
	/* places and files: for other programs; the kiosk refuses the form (see below) */
	{ "geopoint|gps|location|q geopoint|q location|add location prompt", "<bind nodeset=\"/data/q\" type=\"geopoint\"/>", "<input ref=\"/data/q\">" },
	{ "geotrace|q geotrace", "<bind nodeset=\"/data/q\" type=\"geotrace\"/>", "<input ref=\"/data/q\">" },
	{ "geoshape|q geoshape", "<bind nodeset=\"/data/q\" type=\"geoshape\"/>", "<input ref=\"/data/q\">" },
	{ "image|photo|add image prompt|add photo prompt|q image|q picture", "<bind nodeset=\"/data/q\" type=\"binary\"/>",
	    "<upload ref=\"/data/q\" mediatype=\"image/*\">" },
	{ "audio|add audio prompt|q audio", "<bind nodeset=\"/data/q\" type=\"binary\"/>", "<upload ref=\"/data/q\" mediatype=\"audio/*\">" },
	{ "video|add video prompt|q video", "<bind nodeset=\"/data/q\" type=\"binary\"/>", "<upload ref=\"/data/q\" mediatype=\"video/*\">" },
	{ "file|add file prompt", "<bind nodeset=\"/data/q\" type=\"binary\"/>", "<upload ref=\"/data/q\" mediatype=\"application/*\">" },
	{ "osm c", "<bind nodeset=\"/data/q\" type=\"binary\"/>", "<upload ref=\"/data/q\" mediatype=\"osm/*\">" },
};

/* The same for what shows nothing. */
static const struct { const char *types, *want; } HIDDEN[] = {
	{ "calculate", "<bind nodeset=\"/data/q\" type=\"string\" calculate=\"1 + 1\"/>" },
	{ "hidden", "<bind nodeset=\"/data/q\" type=\"string\"/>" },
	{ "start|start time|get start time", "type=\"dateTime\" jr:preload=\"timestamp\" jr:preloadParams=\"start\"" },
	{ "end|end time|get end time", "type=\"dateTime\" jr:preload=\"timestamp\" jr:preloadParams=\"end\"" },
	{ "today|get today", "type=\"date\" jr:preload=\"date\" jr:preloadParams=\"today\"" },
	{ "deviceid|device id|get device id|imei", "type=\"string\" jr:preload=\"property\" jr:preloadParams=\"deviceid\"" },
	{ "username", "jr:preload=\"property\" jr:preloadParams=\"username\"" },
	{ "email", "jr:preload=\"property\" jr:preloadParams=\"email\"" },
	{ "phonenumber|get phone number", "jr:preload=\"property\" jr:preloadParams=\"phonenumber\"" },
	{ "simserial|sim id|get sim id", "jr:preload=\"property\" jr:preloadParams=\"simserial\"" },
	{ "subscriberid|subscriber id|get subscriber id", "jr:preload=\"property\" jr:preloadParams=\"subscriberid\"" },
	{ "uri:deviceid", "jr:preloadParams=\"uri:deviceid\"" }, { "uri:username", "jr:preloadParams=\"uri:username\"" },
	{ "uri:email", "jr:preloadParams=\"uri:email\"" }, { "uri:phonenumber", "jr:preloadParams=\"uri:phonenumber\"" },
	{ "uri:simserial", "jr:preloadParams=\"uri:simserial\"" }, { "uri:subscriberid", "jr:preloadParams=\"uri:subscriberid\"" },
	{ "audit", "<bind nodeset=\"/data/meta/audit\" type=\"binary\"/>" },
	{ "start-geopoint", "<odk:setgeopoint event=\"odk-instance-first-load\" ref=\"/data/q\"/>" },
	{ "background-audio", "<odk:recordaudio event=\"odk-instance-load\" ref=\"/data/q\"/>" },
	{ "csv-external", "<instance id=\"q\" src=\"jr://file-csv/q.csv\"/>" }, { "xml-external", "<instance id=\"q\" src=\"jr://file/q.xml\"/>" },
};

static void
each_spelling(const char *types, const char *label, const char *want, const char *also)
{
	for (const char *p = types; *p != '\0'; p += strspn(p, "|")) {
		char type[64];
		struct buf sheet;

		snprintf(type, sizeof(type), "%.*s", (int)strcspn(p, "|"), p);
		p += strcspn(p, "|");
		put_form(&sheet, type, label, "_", "", "_", "");
		ck_assert_msg(convert(&sheet) == ERR_OK, "%s: %s", type, buf_str(&said));
		ck_assert_msg(strstr(buf_str(&xml), want) != NULL, "%s: no %s in\n%s", type, want, buf_str(&xml));
		ck_assert_msg(strstr(buf_str(&xml), also) != NULL, "%s: no %s in\n%s", type, also, buf_str(&xml));
		done();
		buf_free(&sheet);
	}
}

START_TEST(a_type_becomes_what_the_documentation_says_in_every_spelling)
{
	each_spelling(TYPES[_i].types, "Q", TYPES[_i].want, TYPES[_i].also);
}
END_TEST

START_TEST(a_type_that_shows_nothing_becomes_what_the_documentation_says)
{
	each_spelling(HIDDEN[_i].types, "", HIDDEN[_i].want, "<h:body>");
}
END_TEST

/* No type of ODK's, Kobo's or Survey123's goes without a word: what is none is refused with its row. */
static const char *const NO_TYPES[] = { "Text", "TEXT", "select_one", "select one d", "kobomatrix", "begin_kobomatrix", "begin_score", "begin_rank", "matrix",
	"likert", "signature", "bearing", "map", "image-map", "select_one_from_file t.txt", "select_one_from_file t.csv or_other", "include x.xlsx",
	"begin_include", "cascading_select c", "select_one_external c", "deviceID", "calculation", "group", "end", "repeat" };

START_TEST(a_type_that_is_none_is_refused_with_its_row)
{
	struct buf sheet;

	if (strcmp(NO_TYPES[_i], "end") == 0)
		return;		/* the time of the end */
	put_form(&sheet, NO_TYPES[_i], "Q", "_", "", "_", "");
	ck_assert_int_eq(convert(&sheet), ERR_INPUT);
	ck_assert_msg(strstr(buf_str(&said), "f: sheet survey, row 3 (line 4), column type: ") != NULL, "%s: %s", NO_TYPES[_i], buf_str(&said));
	done();
	buf_free(&sheet);
}
END_TEST

/* --- appearances --------------------------------------------------------------------------------------- */

/* ODK documentation, "Question types"; XLSForm reference table for Enketo's. ONLY: the types it is documented for. */
static const struct { const char *words, *types; } APPEARANCES[] = {
	{ "numbers multiline", "text" }, { "masked thousands-sep", "text integer decimal" }, { "url", "text" }, { "counter bearing", "integer decimal" },
	{ "no-calendar month-year year", "date" },
	{ "minimal search autocomplete columns columns-pack columns-1 columns-4 columns-10 no-buttons compact compact-2 label list list-nolabel "
	  "horizontal horizontal-compact", "select_one select_multiple" },
	{ "quick quickcompact likert", "select_one" }, { "no-ticks picker rating distress", "range" }, { "vertical", "range" },
	{ "hide-input streets satellite terrain", "geopoint geotrace geoshape" }, { "front hidden-answer", "barcode" },
	{ "field-list no-collapse", "begin_group begin_repeat" },
	{ "w1 w2 w3 w4 w5 w6 w7 w8 w9 w10 w11 w12", "text integer decimal date time dateTime note acknowledge barcode select_one select_multiple rank range geopoint "
	  "geotrace geoshape image audio video file begin_group begin_repeat" },
};

static const char *const ASKED[] = { "text", "integer", "decimal", "date", "time", "dateTime", "note", "acknowledge", "barcode", "select_one", "select_multiple",
	"rank", "range", "geopoint", "geotrace", "geoshape", "image", "audio", "video", "file", "begin_group", "begin_repeat" };

static bool
word_in(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = strstr(list, word); p != NULL; p = strstr(p + 1, word))
		if ((p == list || p[-1] == ' ') && (p[n] == '\0' || p[n] == ' '))
			return true;
	return false;
}

/* Convert TYPE with APPEARANCE; it must succeed. */
static void
with_appearance(const char *type, const char *appearance)
{
	struct buf sheet;
	char whole[64];

	snprintf(whole, sizeof(whole), "%s%s", type, strncmp(type, "select_", 7) == 0 || strcmp(type, "rank") == 0 ? " c" : "");
	put_form(&sheet, whole, "Q", "appearance", appearance, "_", "");
	ck_assert_msg(convert(&sheet) == ERR_OK, "%s %s: %s", type, appearance, buf_str(&said));
	buf_free(&sheet);
}

START_TEST(an_appearance_is_carried_over_and_warned_about_where_it_means_nothing)
{
	for (const char *p = APPEARANCES[_i].words; *p != '\0'; ) {
		char word[32], attribute[64];

		snprintf(word, sizeof(word), "%.*s", (int)strcspn(p, " "), p);
		p += strcspn(p, " ");
		p += strspn(p, " ");
		snprintf(attribute, sizeof(attribute), "appearance=\"%s\"", word);
		for (size_t i = 0; i < ARRAY_LEN(ASKED); i++) {
			bool fits = word_in(APPEARANCES[_i].types, ASKED[i]), warned;

			with_appearance(ASKED[i], word);
			ck_assert_msg(strstr(buf_str(&xml), attribute) != NULL, "%s %s", ASKED[i], word);
			warned = strstr(buf_str(&said), "column appearance: warning: the appearance ") != NULL;
			/* carried by more types than the documentation names */
			if (!fits && !warned)
				ck_assert_msg(word_in("minimal compact url thousands-sep vertical horizontal no-calendar month-year year", word), "%s %s: no warning", ASKED[i], word);
			ck_assert_msg(!fits || !warned, "%s %s: %s", ASKED[i], word, buf_str(&said));
			done();
		}
	}
}
END_TEST

/* forms.md 1.2: refused at load, so said at once. */
static const struct { const char *type, *appearance, *says; } BARRED[] = {
	{ "geopoint", "maps", "\"maps\" cannot be answered without seeing, so Candour will not run this form" },
	{ "geopoint", "placement-map", "\"placement-map\" cannot be answered without seeing" },
	{ "select_one", "map", "\"map\" cannot" }, { "select_one", "image-map", "\"image-map\" cannot" }, { "image", "signature", "\"signature\" cannot" },
	{ "image", "draw", "\"draw\" cannot" }, { "image", "annotate", "\"annotate\" cannot" }, { "image", "new", "\"new\" takes a picture" },
	{ "image", "new-front", "\"new-front\" takes a picture" }, { "video", "selfie", "\"selfie\" takes a picture" },
	{ "date", "ethiopian", "\"ethiopian\" is a calendar that is not offered" }, { "date", "coptic", "\"coptic\" is a calendar" },
	{ "date", "islamic", "\"islamic\" is a calendar" }, { "date", "bikram-sambat", "\"bikram-sambat\" is a calendar" },
	{ "date", "myanmar", "\"myanmar\" is a calendar" }, { "date", "persian", "\"persian\" is a calendar" },
	{ "text", "ex:org.example.app(x='1 2')", "starts another program" }, { "integer", "w1 ex:org.example.app", "starts another program" },
	{ "text", "printer:org.opendatakit.sensors.ZebraPrinter", "starts another program" },
	{ "select_one", "minimal search('towns')", "use select_one_from_file FILE.csv with a choice_filter" },
	{ "select_one", "likret", "no appearance is called \"likret\"; did you mean \"likert\"?" },
	{ "text", "multi-line", "no appearance is called \"multi-line\"; did you mean \"multiline\"?" },
	{ "select_one", "columns-0", "no appearance is called \"columns-0\"" }, { "text", "w13x", "no appearance is called \"w13x\"" },
	{ "text", "sparkling", "no appearance is called \"sparkling\"" },
};

START_TEST(an_appearance_that_bars_the_kiosk_or_is_unknown_is_named)
{
	with_appearance(BARRED[_i].type, BARRED[_i].appearance);
	ck_assert_msg(strstr(buf_str(&said), "row 3 (line 4), column appearance: warning: ") != NULL && strstr(buf_str(&said), BARRED[_i].says) != NULL, "%s",
	    buf_str(&said));
	done();
}
END_TEST

/* What convert says that the kiosk will not run, load refuses. */
static const struct { const char *type, *column, *value; } NOT_RUN[] = {
	{ "geopoint", "_", "" }, { "geotrace", "_", "" }, { "geoshape", "_", "" }, { "image", "_", "" }, { "audio", "_", "" }, { "video", "_", "" }, { "file", "_", "" },
	{ "osm c", "_", "" }, { "simserial", "_", "" }, { "subscriberid", "_", "" }, { "uri:simserial", "_", "" }, { "uri:subscriberid", "_", "" },
	{ "start-geopoint", "_", "" }, { "background-audio", "_", "" }, { "text", "appearance", "ex:a.b" }, { "text", "appearance", "printer:a.b" },
	{ "select_one c", "appearance", "search('f')" }, { "select_one c", "appearance", "map" }, { "date", "appearance", "persian" },
	{ "image", "parameters", "app=org.example.draw" }, { "begin_group", "intent", "org.example.app" },
};

START_TEST(what_is_said_not_to_run_is_refused_by_the_kiosk)
{
	struct buf sheet;

	put_form(&sheet, NOT_RUN[_i].type, "Q", NOT_RUN[_i].column, NOT_RUN[_i].value, "kiosk::anonymous", "no");
	ck_assert_msg(convert(&sheet) == ERR_OK, "%s", buf_str(&said));
	ck_assert_msg(strstr(buf_str(&said), "so Candour will not run this form") != NULL, "%s %s: %s", NOT_RUN[_i].type, NOT_RUN[_i].value, buf_str(&said));
	done();
	findings_init(&found);
	ck_assert_msg(xlsform_check(sheet.data, sheet.len, "form.csv", NULL, &found, NULL, &err) == ERR_INPUT, "%s %s loads", NOT_RUN[_i].type, NOT_RUN[_i].value);
	findings_clear(&found);
	buf_free(&sheet);
}
END_TEST

/* --- columns, settings, parameters: what each becomes -------------------------------------------------- */

static const struct { const char *type, *column, *value, *setting, *worth, *want; } BECOMES[] = {
	/* survey columns; XForms specification, bind attributes and body attributes */
	{ "text", "hint", "H", "_", "", "<hint>H</hint>" },
	{ "text", "guidance_hint", "G", "_", "", "<value form=\"guidance\">G</value>" },
	{ "text", "hint::French (fr)", "H", "_", "", "<translation lang=\"French (fr)\">" },
	{ "text", "required", "yes", "_", "", "required=\"true()\"" }, { "text", "required", "${z} = 'a'", "_", "", "required=\" /data/z  = 'a'\"" },
	{ "text", "required_message", "M", "_", "", "jr:requiredMsg=\"M\"" }, { "text", "requiredMsg", "M", "_", "", "jr:requiredMsg=\"M\"" },
	{ "text", "relevant", "${z} = 'a'", "_", "", "relevant=\" /data/z  = 'a'\"" }, { "text", "relevance", "1 = 1", "_", "", "relevant=\"1 = 1\"" },
	{ "text", "constraint", ". != 'a'", "_", "", "constraint=\". != 'a'\"" },
	{ "text", "constraint_message", "M", "_", "", "jr:constraintMsg=\"M\"" }, { "text", "constraining message", "M", "_", "", "jr:constraintMsg=\"M\"" },
	{ "text", "constraint_message::French (fr)", "M", "_", "", "jr:constraintMsg=\"jr:itext('/data/q:jr:constraintMsg')\"" },
	{ "text", "calculation", "1 + 1", "_", "", "calculate=\"1 + 1\"" }, { "text", "default", "x", "_", "", "<q>x</q>" },
	{ "text", "default", "now()", "_", "", "<setvalue event=\"odk-instance-first-load\" ref=\"/data/q\" value=\"now()\"/>" },
	{ "text", "read_only", "yes", "_", "", "readonly=\"true()\"" }, { "text", "readonly", "true()", "_", "", "readonly=\"true()\"" },
	{ "text", "trigger", "${z}", "_", "", "<setvalue event=\"xforms-value-changed\" ref=\"/data/q\"/>" },
	{ "select_one c", "choice_filter", "a_b = 1", "_", "", "nodeset=\"instance('c')/root/item[a_b = 1]\"" },
	{ "begin_repeat", "repeat_count", "3", "_", "", "jr:count=\" /data/q_count \"" }, { "begin_repeat", "count", "${z}", "_", "", "jr:count=\" /data/z \"" },
	{ "begin_repeat", "body::jr:noAddRemove", "true()", "_", "", "jr:noAddRemove=\"true()\"" },
	{ "text", "image", "a.png", "_", "", "<value form=\"image\">jr://images/a.png</value>" },
	{ "text", "media::audio", "a.mp3", "_", "", "<value form=\"audio\">jr://audio/a.mp3</value>" },
	{ "text", "video::French (fr)", "a.mp4", "_", "", "<value form=\"video\">jr://video/a.mp4</value>" },
	{ "text", "autoplay", "audio", "_", "", "autoplay=\"audio\"" }, { "text", "rows", "4", "_", "", "rows=\"4\"" },
	{ "text", "no_app_error_string", "N", "_", "", "jr:noAppErrorString=\"N\"" },
	{ "text", "bind::odk:length", "5", "_", "", "odk:length=\"5\"" }, { "text", "body::accuracyThreshold", "5", "_", "", "accuracyThreshold=\"5\"" },
	{ "text", "instance::odk:x", "y", "_", "", "<q odk:x=\"y\"/>" }, { "text", "compact_tag", "t", "_", "", "odk:tag=\"t\"" },
	{ "text", "bind::foo:x", "y", "namespaces", "foo=\"http://example.org/foo\"", "xmlns:foo=\"http://example.org/foo\"" },
	/* parameters; ODK documentation, "Question types" */
	{ "text", "parameters", "rows=3", "_", "", "rows=\"3\"" }, { "image", "parameters", "max-pixels=800", "_", "", "orx:max-pixels=\"800\"" },
	{ "audio", "parameters", "quality=voice-only", "_", "", "odk:quality=\"voice-only\"" }, { "audio", "parameters", "quality=external", "_", "", "odk:quality=\"external\"" },
	{ "background-audio", "parameters", "quality=low", "_", "", "odk:quality=\"low\"" },
	{ "geopoint", "parameters", "capture-accuracy=10", "_", "", "accuracyThreshold=\"10\"" },
	{ "geopoint", "parameters", "warning-accuracy=20.5", "_", "", "unacceptableAccuracyThreshold=\"20.5\"" },
	{ "geopoint", "parameters", "allow-mock-accuracy=true", "_", "", "odk:allow-mock-accuracy=\"true\"" },
	{ "geotrace", "parameters", "incremental=true", "_", "", "incremental=\"true\"" },
	{ "select_one c", "parameters", "randomize=true", "_", "", "nodeset=\"randomize(instance('c')/root/item)\"" },
	{ "select_multiple c", "parameters", "randomize=true, seed=42", "_", "", "randomize(instance('c')/root/item, 42)" },
	{ "select_one c", "parameters", "randomize=true;seed=${z}", "_", "", "randomize(instance('c')/root/item, /data/z)" },
	{ "rank c", "parameters", "randomize=true", "_", "", "randomize(instance('c')/root/item)" },
	{ "select_one_from_file t.csv", "parameters", "value=id label=title", "_", "", "<label ref=\"title\"/>" },
	{ "range", "parameters", "start=0;end=5;step=0.5", "_", "", "<range ref=\"/data/q\" start=\"0\" end=\"5\" step=\"0.5\">" },
	{ "range", "parameters", "start=1 end=9 step=2 tick_interval=4", "_", "", "odk:tick-interval=\"4\"" },
	{ "range", "parameters", "placeholder=3", "_", "", "odk:placeholder=\"3\"" },
	{ "range", "parameters", "end=5 tick_labelset=n", "_", "", "<itemset nodeset=\"instance('n')/root/item\">" },
	{ "audit", "parameters", "location-priority=balanced location-min-interval=60 location-max-age=120", "_", "",
	    "odk:location-priority=\"balanced\" odk:location-min-interval=\"60\" odk:location-max-age=\"120\"" },
	{ "audit", "parameters", "track-changes=true", "_", "", "odk:track-changes=\"true\"" },
	{ "audit", "parameters", "identify-user=true", "_", "", "odk:identify-user=\"true\"" },
	{ "audit", "parameters", "track-changes-reasons=on-form-edit", "_", "", "odk:track-changes-reasons=\"on-form-edit\"" },
	/* settings; XForms specification, primary instance, submission, encryption */
	{ "text", "_", "", "form_title", "T & T", "<h:title>T &amp; T</h:title>" }, { "text", "_", "", "set form title", "T", "<h:title>T</h:title>" },
	{ "text", "_", "", "form_id", "fi", "id=\"fi\"" }, { "text", "_", "", "id_string", "fi", "id=\"fi\"" }, { "text", "_", "", "version", "2024", "version=\"2024\"" },
	{ "text", "_", "", "name", "root", "nodeset=\"/root/q\"" }, { "text", "_", "", "style", "pages theme-grid", "<h:body class=\"pages theme-grid\">" },
	{ "text", "_", "", "instance_name", "${z}", "<bind nodeset=\"/data/meta/instanceName\" type=\"string\" calculate=\" /data/z \"/>" },
	{ "text", "label::French (fr)", "F", "default_language", "French (fr)", "<translation default=\"true()\" lang=\"French (fr)\">" },
	{ "text", "_", "", "public_key", "MIIB", "base64RsaPublicKey=\"MIIB\"" }, { "text", "_", "", "submission_url", "https://a.example/", "action=\"https://a.example/\"" },
	{ "text", "_", "", "auto_send", "true", "orx:auto-send=\"true\"" }, { "text", "_", "", "auto_delete", "true", "orx:auto-delete=\"true\"" },
	{ "text", "_", "", "client_editable", "yes", "odk:client-editable=\"true\"" }, { "text", "_", "", "instance_xmlns", "http://a.example/", "xmlns=\"http://a.example/\"" },
	{ "text", "_", "", "prefix", "J1!", "odk:prefix=\"J1!\"" }, { "text", "_", "", "delimiter", "+", "odk:delimiter=\"+\"" },
	{ "text", "_", "", "attribute::x", "y", "x=\"y\"" },
};

START_TEST(a_column_setting_or_parameter_becomes_what_the_documentation_says)
{
	struct buf sheet;
	bool silent = strcmp(BECOMES[_i].type, "background-audio") == 0 || strcmp(BECOMES[_i].type, "audit") == 0;

	put_form(&sheet, BECOMES[_i].type, silent ? "" : "Q", BECOMES[_i].column, BECOMES[_i].value, BECOMES[_i].setting, BECOMES[_i].worth);
	ck_assert_msg(convert(&sheet) == ERR_OK, "%s", buf_str(&said));
	ck_assert_msg(strstr(buf_str(&xml), BECOMES[_i].want) != NULL, "no %s in\n%s\n%s", BECOMES[_i].want, buf_str(&xml), buf_str(&said));
	done();
	buf_free(&sheet);
}
END_TEST

/* --- nothing in silence -------------------------------------------------------------------------------- */

/* Headers of ODK, Kobo, Survey123, SurveyCTO and of people's own, each with a value that says something. */
static const struct { const char *column, *value; } HEADERS[] = {
	{ "hint", "H" }, { "guidance_hint", "G" }, { "required", "yes" }, { "required_message", "M" }, { "requiredMsg", "M" }, { "relevant", "1 = 1" },
	{ "relevance", "1 = 1" }, { "constraint", ". != 'a'" }, { "constraint_message", "M" }, { "constraint-msg", "M" }, { "calculation", "1" }, { "default", "x" },
	{ "read_only", "yes" }, { "readonly", "yes" }, { "appearance", "multiline" }, { "parameters", "rows=2" }, { "choice_filter", "a = 1" },
	{ "repeat_count", "3" }, { "repeat-count", "3" }, { "count", "3" }, { "jr:count", "3" }, { "image", "a.png" }, { "media::image", "a.png" }, { "media", "a.png" },
	{ "big-image", "a.png" }, { "audio", "a.mp3" }, { "video", "a.mp4" }, { "autoplay", "audio" }, { "trigger", "${z}" }, { "rows", "3" },
	{ "disabled", "yes" }, { "disabled", "maybe" }, { "save_to", "p" }, { "intent", "a.b" }, { "noAppErrorString", "N" }, { "compact_tag", "t" },
	{ "sms_field", "f" }, { "sms_option", "f" }, { "sms_separator", "f" }, { "sms_allow_media", "f" }, { "sms_date_format", "f" },
	{ "sms_datetime_format", "f" }, { "sms_response", "f" }, { "bind::type", "int" }, { "bind::foo", "x" }, { "bind::jr:preload", "uid" },
	{ "bind::esri:fieldType", "x" }, { "bind::foo:bar", "x" }, { "bind::nodeset", "x" }, { "bind::relevant::fr", "1 = 1" }, { "bind", "x" },
	{ "body::accept", ".pdf" }, { "body::foo:bar", "x" }, { "body", "x" }, { "control::x", "x" }, { "instance::x", "x" }, { "instance", "x" },
	{ "attribute::x", "x" }, { "label::French (fr)", "F" }, { "label::French (fr)::x", "F" }, { "label:French (fr)", "F" },
	{ "LABEL::French (fr)", "F" }, { "caption::French (fr)", "F" }, { "hint::French (fr)", "F" }, { "image::French (fr)", "f.png" },
	{ "media::foo", "x" }, { "media::image::French (fr)::x", "f.png" }, { "appearance::French (fr)", "x" }, { "required::French (fr)", "yes" },
	{ "default::French (fr)", "x" }, { "relevant::fr", "1 = 1" }, { "calculation::fr", "1" }, { "constraint::fr", "1 = 1" }, { "parameters::fr", "rows=2" },
	{ "short", "S" }, { "notes", "n" }, { "comments", "n" }, { "list_name", "c" }, { "query", "q" }, { "tags", "t" }, { "hxl", "#adm1" },
	{ "$given_name", "x" }, { "kobo--score-choices", "c" }, { "kobo--matrix_list", "c" }, { "autofill", "x" }, { "odk:length", "3" },
	{ "esri:fieldType", "x" }, { "publishable", "no" }, { "minimum_seconds", "9" }, { "response_note", "x" }, { "calculations", "1" }, { "reqired", "yes" },
	{ "kiosk::alt", "A" }, { "kiosk::alts", "A" }, { "kiosk::max_chars", "9" }, { "kiosk", "x" },
};

static const struct { const char *setting, *value; } SETTINGS[] = {
	{ "form_title", "T" }, { "form_id", "fi" }, { "version", "3" }, { "default_language", "French (fr)" }, { "name", "root" }, { "style", "pages" },
	{ "instance_name", "${z}" }, { "namespaces", "foo=\"http://a.example/\"" }, { "namespaces", "foo" }, { "omit_instanceID", "yes" },
	{ "public_key", "MIIB" }, { "submission_url", "https://a.example/" }, { "auto_send", "true" }, { "auto_delete", "true" },
	{ "client_editable", "yes" }, { "client_editable", "perhaps" }, { "instance_xmlns", "http://a.example/" }, { "prefix", "J" }, { "delimiter", "+" },
	{ "attribute::x", "y" }, { "attribute::foo:x", "y" }, { "attribute::id", "y" }, { "sms_keyword", "k" }, { "sms_separator", "k" },
	{ "sms_response", "k" }, { "flat", "yes" }, { "add_none_option", "yes" }, { "allow_choice_duplicates", "perhaps" }, { "clean_text_values", "perhaps" },
	{ "form_title::French (fr)", "T" }, { "xform_root", "x" }, { "custom", "x" }, { "entities_version", "2024.1.0" }, { "crs", "x" },
	{ "kiosk::lane", "concern" }, { "kiosk::lanes", "concern" }, { "kiosk::title::French (fr)", "T" }, { "kiosk::title", "T" },
	{ "kiosk::lane::French (fr)", "concern" }, { "defualt_language", "French (fr)" }, { "auto-send", "true" },
};

/* In CHOICES the column stands beside the list c. */
static const struct { const char *column, *value; } CHOICE_COLUMNS[] = {
	{ "label::French (fr)", "F" }, { "image", "a.png" }, { "media::audio", "a.mp3" }, { "video::French (fr)", "a.mp4" }, { "big-image", "b.png" },
	{ "score", "5" }, { "opt_out", "dk" }, { "region", "north" }, { "geometry", "0 0 0 0" }, { "marker-color", "#fff" }, { "order", "3" }, { "my column", "x" },
	{ "region::French (fr)", "x" }, { "9x", "x" }, { "foo:bar", "x" }, { "media::foo", "x" }, { "kiosk::alt", "x" }, { "bind::x", "x" }, { "hint", "h" },
	{ "sms_option", "1" }, { "filter", "x" }, { "name::x", "x" }, { "label::French (fr)::x", "F" },
};

/* WITH differs from what comes out WITHOUT, or something is said. */
static void
not_silent(const struct buf *with, const struct buf *without, const char *what)
{
	struct buf plain;

	ck_assert_msg(convert(without) == ERR_OK, "%s", buf_str(&said));
	plain = xml;
	memset(&xml, 0, sizeof(xml));
	done();
	(void)!convert(with);
	ck_assert_msg(found.n > 0 || strcmp(buf_str(&plain), buf_str(&xml)) != 0, "%s is dropped in silence", what);
	if (found.n > 0 && found.errors > 0)
		ck_assert_msg(strstr(buf_str(&said), "f: sheet ") == buf_str(&said), "%s: no place in %s", what, buf_str(&said));
	done();
	buf_free(&plain);
}

START_TEST(no_survey_column_is_dropped_in_silence)
{
	struct buf with, without;

	put_form(&with, "text", "Q", HEADERS[_i].column, HEADERS[_i].value, "_", "");
	put_form(&without, "text", "Q", "_", "", "_", "");
	not_silent(&with, &without, HEADERS[_i].column);
	buf_free(&with);
	buf_free(&without);
}
END_TEST

START_TEST(no_setting_is_dropped_in_silence)
{
	struct buf with, without;
	bool languages = strcmp(SETTINGS[_i].setting, "default_language") == 0;

	put_form(&with, "text", "Q", languages ? "label::French (fr)" : "_", languages ? "F" : "", SETTINGS[_i].setting, SETTINGS[_i].value);
	put_form(&without, "text", "Q", languages ? "label::French (fr)" : "_", languages ? "F" : "", "_", "");
	not_silent(&with, &without, SETTINGS[_i].setting);
	buf_free(&with);
	buf_free(&without);
}
END_TEST

START_TEST(no_column_of_choices_is_dropped_in_silence)
{
	struct buf with, without;
	const char *column = CHOICE_COLUMNS[_i].column, *value = CHOICE_COLUMNS[_i].value;

	buf_init(&with, 1 << 14);
	buf_printf(&with, "survey\n,type,name,label,,\n,select_one c,q,Q,,\nchoices\n,list_name,name,label,%s\n,c,a,A,%s\n,c,b,B,\n", column, value);
	buf_init(&without, 1 << 14);
	buf_puts(&without, "survey\n,type,name,label,,\n,select_one c,q,Q,,\nchoices\n,list_name,name,label,\n,c,a,A,\n,c,b,B,\n");
	not_silent(&with, &without, column);
	buf_free(&with);
	buf_free(&without);
}
END_TEST

/* A parameter that its type does not take: an error where the type takes others, else a warning. */
static const struct { const char *type, *value; } PARAMETERS[] = {
	{ "text", "rows=x" }, { "text", "row=3" }, { "text", "rows=3 rows=4" }, { "text", "rows" }, { "integer", "rows=3" }, { "note", "rows=3" }, { "date", "x=y" },
	{ "acknowledge", "x=y" }, { "barcode", "x=y" }, { "image", "max-pixels=x" }, { "image", "quality=low" }, { "video", "quality=low" }, { "file", "x=y" },
	{ "audio", "quality=best" }, { "geopoint", "incremental=true" }, { "geotrace", "capture-accuracy=1" }, { "geopoint", "allow-mock-accuracy=perhaps" },
	{ "select_one c", "seed=42" }, { "select_one c", "randomize=perhaps" }, { "select_one c", "value=x" }, { "select_one c", "randomize=true seed=x" },
	{ "select_one_from_file t.csv", "value=9x" }, { "range", "min=1" }, { "range", "start=x" }, { "range", "start=5 end=1 step=9" },
	{ "range", "tick_labelset=c" }, { "range", "tick_labelset=nowhere" }, { "begin_group", "rows=3" }, { "begin_repeat", "rows=3" }, { "osm c", "x=y" },
};

START_TEST(a_parameter_that_means_nothing_is_named_with_its_row)
{
	struct buf sheet;

	put_form(&sheet, PARAMETERS[_i].type, "Q", "parameters", PARAMETERS[_i].value, "_", "");
	(void)!convert(&sheet);
	ck_assert_msg(strstr(buf_str(&said), "sheet survey, row 3 (line 4), column parameters: ") != NULL, "%s: %s", PARAMETERS[_i].value, buf_str(&said));
	done();
	buf_free(&sheet);
}
END_TEST

/* --- a repeat asked for one value ---------------------------------------------------------------------- */

/* z stands outside; x and w in the repeat r; y in the repeat s inside it; q outside. Which arguments are node-sets: XPath 1.0, 4,
 * and the ODK XForms specification, 7 (functions). SAYS NULL: nothing to say. */
static const struct { char at; const char *column, *value; const char *says; } REPEATS[] = {
	{ 'q', "relevant", "${x} > 3", "row 10 (line 11), column relevant: warning: one value is needed here, and ${x} has one in each \"r\"" },
	{ 'q', "relevant", "${x} > 3", "sum(${x}), max(${x}), count-non-empty(${x}) or join(', ', ${x}) for all of them, or indexed-repeat(${x}, ${r}, 1)" },
	{ 'q', "constraint", ". > ${x}", "column constraint: warning: one value" }, { 'q', "calculation", "coalesce(${x}, 1)", "column calculation: warning: one value" },
	{ 'q', "calculation", "if(count(${x}) > 1, ${x}, 0)", "column calculation: warning: one value" }, { 'q', "required", "${x} = 1", "column required: warning" },
	{ 'q', "relevant", "selected(${x}, '1')", "one value" }, { 'q', "relevant", "not(${y} = 1)", "${y} has one in each \"s\"" },
	{ 'q', "relevant", "/data/r/x = 3", "one value" }, { 'q', "relevant", "${r}/x = 3", "one value" }, { 'q', "relevant", "${r} > 3", "write count(${r})" },
	{ 'q', "relevant", "indexed-repeat(${x}, ${r}, ${x}) > 3", "one value" }, { 'q', "calculation", "concat(${x}, 1)", "one value" },
	{ 'q', "default", "${x} + 1", "column default: warning: one value" }, { 'w', "relevant", "${y} > 3", "row 8 (line 9), column relevant: warning: one value" },
	{ 'q', "relevant", "sum(${x}) > 3", NULL }, { 'q', "relevant", "count(${r}) > 3", NULL }, { 'q', "relevant", "indexed-repeat(${x}, ${r}, 1) > 3", NULL },
	{ 'q', "relevant", "${r}[1]/x = 3", NULL }, { 'q', "relevant", "/data/r[position() = 2]/x = 3", NULL }, { 'q', "relevant", "sum(/data/r/x) = 3", NULL },
	{ 'q', "constraint", ". > max(${x})", NULL }, { 'q', "calculation", "join(' ', ${x})", NULL }, { 'q', "calculation", "concat(${x})", NULL },
	{ 'q', "relevant", "count(${r}[x > 3]) > 1", NULL }, { 'q', "relevant", "count-non-empty(${y}) = 1", NULL }, { 'q', "relevant", "${z} = 1", NULL },
	{ 'w', "relevant", "${x} > 3", NULL }, { 'w', "relevant", "sum(${y}) > 3", NULL }, { 'w', "relevant", "count(${s}) > 1", NULL }, { 'w', "calculation", "${z}", NULL },
	{ 'y', "relevant", "${x} > ${z}", NULL }, { 'y', "relevant", "${w} = 1", NULL },
};

START_TEST(a_repeat_asked_for_one_value_from_outside_is_warned_about)
{
	static const struct { const char *type, *name; } rows[] = { { "text", "z" }, { "begin_repeat", "r" }, { "integer", "x" }, { "begin_repeat", "s" },
		{ "integer", "y" }, { "end_repeat", "" }, { "integer", "w" }, { "end_repeat", "" }, { "integer", "q" } };
	struct buf sheet;
	bool warned;

	buf_init(&sheet, 1 << 14);
	buf_puts(&sheet, "survey\n");
	ROW(&sheet, "type", "name", "label", "constraint_message", REPEATS[_i].column);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool here = rows[i].name[0] == REPEATS[_i].at;

		ROW(&sheet, rows[i].type, rows[i].name, rows[i].name, here && strcmp(REPEATS[_i].column, "constraint") == 0 ? "No" : "", here ? REPEATS[_i].value : "");
	}
	findings_init(&found);
	buf_init(&said, 1 << 16);
	ck_assert_int_eq(xlsform_check(sheet.data, sheet.len, "form.csv", NULL, &found, NULL, &err), ERR_OK);
	findings_print(&found, "f", &said);
	warned = strstr(buf_str(&said), "one value is needed here") != NULL;
	ck_assert_msg(warned == (REPEATS[_i].says != NULL), "%s: %s", REPEATS[_i].value, buf_str(&said));
	ck_assert_msg(!warned || strstr(buf_str(&said), REPEATS[_i].says) != NULL, "%s: %s", REPEATS[_i].value, buf_str(&said));
	ck_assert_uint_eq(found.n, warned ? 1 : 0);
	findings_clear(&found);
	buf_free(&said);
	buf_free(&sheet);
}
END_TEST

/* --- expressions as they are written ------------------------------------------------------------------- */

/* What people write who know spreadsheets and programs, and what the place and the way out are: XPath 1.0, 3.1 to 3.7 has none
 * of these operators. Characters are counted in the cell, from 1. */
static const struct { const char *column, *value, *says; } WRITTEN[] = {
	{ "relevant", "${z} == 1", "row 3 (line 4), column relevant: at character 6: \"==\" is no operator: write = once" },
	{ "relevant", "${z} <> 1", "column relevant: at character 6: \"<>\" is no operator: write !=" },
	{ "relevant", "${z} = 1 && ${z} = 2", "at character 10: \"&\" is no operator: write \"and\"" },
	{ "relevant", "${z} = 1 || ${z} = 2", "at character 10: \"||\" is no operator: write \"or\"" },
	{ "constraint", ". > 1 AND . < 5", "column constraint: at character 7: \"AND\" is no operator: write \"and\" in small letters" },
	{ "calculation", "=${z} + 1", "column calculation: at character 1: an expression does not begin with \"=\": remove it" },
	{ "calculation", "IF(${z} = 1, 2, 3)", "column calculation: at character 1: there is no function IF(); did you mean if()?" },
	{ "relevant", "1 = 1 and slected(${z}, 'a')", "at character 11: there is no function slected(); did you mean selected()?" },
	{ "required", "(${z} = 1", "column required: at character 10: \")\" is missing at the end" },
	{ "relevant", "${z} = 'a", "at character 8: the text that begins with ' has no closing '" },
	{ "relevant", "$(z) = 1", "a question is written ${name}, with curly brackets" },
};

START_TEST(an_expression_that_cannot_be_read_is_told_once_with_its_place)
{
	struct buf sheet;

	put_form(&sheet, "text", "Q", WRITTEN[_i].column, WRITTEN[_i].value, "_", "");
	findings_init(&found);
	buf_init(&said, 1 << 16);
	ck_assert_int_eq(xlsform_check(sheet.data, sheet.len, "form.csv", NULL, &found, NULL, &err), ERR_INPUT);
	findings_print(&found, "f", &said);
	ck_assert_msg(strstr(buf_str(&said), WRITTEN[_i].says) != NULL, "%s", buf_str(&said));
	ck_assert_msg(found.errors == 1 || strncmp(WRITTEN[_i].value, "$(", 2) == 0, "%s", buf_str(&said));
	findings_clear(&found);
	buf_free(&said);
	buf_free(&sheet);
}
END_TEST

/* q is a select of the list c (a, b). SAYS NULL: nothing. */
static const struct { const char *value, *says; } ANSWERS[] = {
	{ "${q} = 'c'", "column relevant: warning: no choice of the list \"c\" is called 'c'" }, { "'bb' != ${q}", "is called 'bb'" },
	{ "selected(${q}, 'yes')", "no choice of the list \"c\" is called 'yes': use the names of the choices, not their labels" },
	{ "${q} = 'A'", "did you mean 'a'?" }, { "${q} = 1", "is called 1:" }, { "${q} = 'a' or selected(${q}, 'b')", NULL }, { "${q} != ''", NULL },
	{ "${z} = 'anything'", NULL }, { "concat(${q}, 'x') = 'ax'", NULL },
};

START_TEST(an_answer_that_a_list_does_not_have_is_warned_about)
{
	struct buf sheet;

	buf_init(&sheet, 1 << 14);
	buf_puts(&sheet, "survey\n");
	ROW(&sheet, "type", "name", "label", "relevant");
	ROW(&sheet, "text", "z", "Z", "");
	ROW(&sheet, "select_one c", "q", "Q", "");
	ROW(&sheet, "text", "t", "T", ANSWERS[_i].value);
	buf_puts(&sheet, "choices\n,list_name,name,label\n,c,a,A\n,c,b,B\n");
	findings_init(&found);
	buf_init(&said, 1 << 16);
	ck_assert_int_eq(xlsform_check(sheet.data, sheet.len, "form.csv", NULL, &found, NULL, &err), ERR_OK);
	findings_print(&found, "f", &said);
	ck_assert_msg(found.n == (ANSWERS[_i].says != NULL), "%s", buf_str(&said));
	ck_assert_msg(found.n == 0 || strstr(buf_str(&said), ANSWERS[_i].says) != NULL, "%s", buf_str(&said));
	findings_clear(&found);
	buf_free(&said);
	buf_free(&sheet);
}
END_TEST

/* --- what could never be --------------------------------------------------------------------------------- */

static const struct { const char *type, *column, *value, *says; } NEVER[] = {
	{ "integer", "default", "abc", "column default: warning: \"abc\" is no whole number" }, { "integer", "default", "-3", NULL }, { "integer", "default", "1.5", "no whole" },
	{ "decimal", "default", "1,5", "\"1,5\" is no number" }, { "decimal", "default", "1.5", NULL }, { "decimal", "default", "1 + 1", NULL },
	{ "date", "default", "2024-31-01", "is no date" }, { "date", "default", "2023-02-29", "is no date" }, { "date", "default", "2024-02-29", NULL },
	{ "date", "default", "2024-04-01 00:00:00", "is no date as it is stored: write it like 2024-04-01, in a cell" }, { "date", "default", "today()", NULL },
	{ "select_one c", "default", "x", "column default: warning: no choice of the list \"c\" is called \"x\"" }, { "select_one c", "default", "b", NULL },
	{ "select_multiple c", "default", "a b", NULL }, { "select_multiple c", "default", "a x", "is called \"x\"" }, { "rank c", "default", "b a", NULL },
	{ "text", "constraint_message", "M", "column constraint_message: warning: there is no constraint" }, { "percentage", "constraint_message", "M", NULL },
	{ "text", "required_message", "M", "column required_message: warning: the question is not required" },
};

START_TEST(a_default_or_message_that_could_never_be_is_warned_about)
{
	struct buf sheet;

	put_form(&sheet, NEVER[_i].type, "Q", NEVER[_i].column, NEVER[_i].value, "_", "");
	findings_init(&found);
	buf_init(&said, 1 << 16);
	ck_assert_int_eq(xlsform_check(sheet.data, sheet.len, "form.csv", NULL, &found, NULL, &err), ERR_OK);
	findings_print(&found, "f", &said);
	ck_assert_msg(found.n == (NEVER[_i].says != NULL), "%s %s: %s", NEVER[_i].type, NEVER[_i].value, buf_str(&said));
	ck_assert_msg(found.n == 0 || strstr(buf_str(&said), NEVER[_i].says) != NULL, "%s", buf_str(&said));
	findings_clear(&found);
	buf_free(&said);
	buf_free(&sheet);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("features");
	TCase *t = tcase_create("features");

	tcase_add_loop_test(t, a_type_becomes_what_the_documentation_says_in_every_spelling, 0, (int)ARRAY_LEN(TYPES));
	tcase_add_loop_test(t, a_type_that_shows_nothing_becomes_what_the_documentation_says, 0, (int)ARRAY_LEN(HIDDEN));
	tcase_add_loop_test(t, a_type_that_is_none_is_refused_with_its_row, 0, (int)ARRAY_LEN(NO_TYPES));
	tcase_add_loop_test(t, an_appearance_is_carried_over_and_warned_about_where_it_means_nothing, 0, (int)ARRAY_LEN(APPEARANCES));
	tcase_add_loop_test(t, an_appearance_that_bars_the_kiosk_or_is_unknown_is_named, 0, (int)ARRAY_LEN(BARRED));
	tcase_add_loop_test(t, what_is_said_not_to_run_is_refused_by_the_kiosk, 0, (int)ARRAY_LEN(NOT_RUN));
	tcase_add_loop_test(t, a_column_setting_or_parameter_becomes_what_the_documentation_says, 0, (int)ARRAY_LEN(BECOMES));
	tcase_add_loop_test(t, no_survey_column_is_dropped_in_silence, 0, (int)ARRAY_LEN(HEADERS));
	tcase_add_loop_test(t, no_setting_is_dropped_in_silence, 0, (int)ARRAY_LEN(SETTINGS));
	tcase_add_loop_test(t, no_column_of_choices_is_dropped_in_silence, 0, (int)ARRAY_LEN(CHOICE_COLUMNS));
	tcase_add_loop_test(t, a_parameter_that_means_nothing_is_named_with_its_row, 0, (int)ARRAY_LEN(PARAMETERS));
	tcase_add_loop_test(t, a_repeat_asked_for_one_value_from_outside_is_warned_about, 0, (int)ARRAY_LEN(REPEATS));
	tcase_add_loop_test(t, an_expression_that_cannot_be_read_is_told_once_with_its_place, 0, (int)ARRAY_LEN(WRITTEN));
	tcase_add_loop_test(t, an_answer_that_a_list_does_not_have_is_warned_about, 0, (int)ARRAY_LEN(ANSWERS));
	tcase_add_loop_test(t, a_default_or_message_that_could_never_be_is_warned_about, 0, (int)ARRAY_LEN(NEVER));
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite)
