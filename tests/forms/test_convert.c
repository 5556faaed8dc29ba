/* XLSForm to XForm. Expected fragments follow the ODK XForms specification and what pyxform 4.5.0's own tests
 * assert of its output (the vectors hold those; make vectors-xlsform runs them); messages are ours. */
#include <string.h>

#include "base/file.h"
#include "forms/xlsform.h"
#include "tests/test.h"

static struct buf xml, said;
static struct findings found;
static struct err err;

static enum err_code
convert(const void *data, size_t len, const char *name)
{
	enum err_code rc;

	memset(&err, 0, sizeof(err));
	findings_init(&found);
	buf_init(&xml, 16 << 20);
	buf_init(&said, 1 << 20);
	rc = xlsform_convert(data, len, name, NULL, &xml, &found, &err);
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

static enum err_code
convert_text(const char *text)
{
	return convert(text, strlen(text), "form.csv");
}

static void
has(const char *want)
{
	ck_assert_msg(strstr(buf_str(&xml), want) != NULL, "no %s in:\n%s\n%s", want, buf_str(&xml), buf_str(&said));
}

static void
says(const char *want)
{
	ck_assert_msg(strstr(buf_str(&said), want) != NULL, "\"%s\" is not said in:\n%s", want, buf_str(&said));
}

/* --- what comes out ------------------------------------------------------------------------------------ */

#define CHOICES "choices\n,list_name,name,label\n,c,a,A\n,c,b,B\n"

static const struct { const char *sheet, *want; } OUT[] = {
	{ "survey\n,type,name,label,,\n,text,q,Q", "<bind nodeset=\"/data/q\" type=\"string\"/>" },
	{ "survey\n,type,name,label,,\n,int,q,Q", "<bind nodeset=\"/data/q\" type=\"int\"/>" },
	{ "survey\n,type,name,label,,\n,text,q,Q", "<data id=\"form\">" },
	{ "survey\n,type,name,label,,\n,text,q,Q", "<bind nodeset=\"/data/meta/instanceID\" type=\"string\" readonly=\"true()\" jr:preload=\"uid\"/>" },
	{ "survey\n,type,name,label,required,\n,text,q,Q,yes", "required=\"true()\"" },
	{ "survey\n,type,name,label,relevant,\n,int,a,A,\n,text,q,Q,${a} > 3", "relevant=\" /data/a  &gt; 3\"" },
	{ "survey\n,type,name,label,,\n,note,,Hello", "generated_note_name_2" },
	{ "survey\n,type,name,label,,\n,start,s,\n,text,q,Q", "jr:preload=\"timestamp\" jr:preloadParams=\"start\"" },
	{ "survey\n,type,name,label,,\n,select_one c,q,Q\n" CHOICES, "<itemset nodeset=\"instance('c')/root/item\">" },
	{ "survey\n,type,name,label,choice_filter,\n,text,t,T,\n,select_one c,q,Q,name = ${t}\n" CHOICES,
	    "instance('c')/root/item[name =  /data/t ]" },
	{ "survey\n,type,name,label,parameters,\n,select_one c,q,Q,\"randomize=true, seed=42\"\n" CHOICES,
	    "randomize(instance('c')/root/item, 42)" },
	{ "survey\n,type,name,label,,\n,select_multiple c or_other,q,Q\n" CHOICES, "relevant=\"selected(../q, 'other')\"" },
	{ "survey\n,type,name,label,parameters,\n,range,q,Q,start=0.5 end=5 step=0.5", "start=\"0.5\" end=\"5\" step=\"0.5\"" },
	{ "survey\n,type,name,label,,\n,rank c,q,Q\n" CHOICES, "<odk:rank ref=\"/data/q\">" },
	{ "survey\n,type,name,label,calculation,\n,begin_repeat,r,R,\n,int,a,A,\n,calculate,b,,${a} * 2\n,end_repeat,,,",
	    "calculate=\" ../a  * 2\"" },
	{ "survey\n,type,name,label,repeat_count,\n,int,n,N,\n,begin_repeat,r,R,${n}\n,text,a,A,\n,end_repeat,,,",
	    "jr:count=\" /data/n \"" },
	{ "survey\n,type,name,label,repeat_count,\n,begin_repeat,r,R,3\n,text,a,A,\n,end_repeat,,,",
	    "<bind nodeset=\"/data/r_count\" type=\"string\" readonly=\"true()\" calculate=\"3\"/>" },
	/* pyxform, choices from repeats: what the candidates' repeat holds is asked of each candidate */
	{ "survey\n,type,name,label,choice_filter,\n,begin_repeat,h,H,\n,begin_repeat,m,M,\n,text,n,N,\n,int,age,A,\n,begin_repeat,w,W,\n"
	    ",select_one ${n},who,Who,${age} > 18\n,end_repeat,,,\n,end_repeat,,,\n,end_repeat,,,", "nodeset=\"../../../m[ ./age  &gt; 18]\"" },
	{ "survey\n,type,name,label,,\n,begin_repeat,r,R\n,text,a,A\n,end_repeat,,", "<r jr:template=\"\">" },
	{ "survey\n,type,name,label,default,\n,date,q,Q,today()", "<setvalue event=\"odk-instance-first-load\" ref=\"/data/q\" value=\"today()\"/>" },
	{ "survey\n,type,name,label,default,\n,date,q,Q,2024-04-01", "<q>2024-04-01</q>" },
	{ "survey\n,type,name,label,trigger,calculation\n,text,a,A,,\n,dateTime,t,,${a},now()",
	    "<setvalue event=\"xforms-value-changed\" ref=\"/data/t\" value=\"now()\"/>" },
	{ "survey\n,type,name,label,label::French (fr),\n,text,q,Hello,Bonjour", "<translation default=\"true()\" lang=\"default\">" },
	{ "survey\n,type,name,label::English (en),label::Cymraeg (cy),\n,text,p,One,Un\n,text,q,Hello,", "<value>-</value>" },
	{ "survey\n,type,name,label,image,\n,note,n,N,a.png", "<value form=\"image\">jr://images/a.png</value>" },
	{ "survey\n,type,name,label,,\n,text,q,Q\n,note,n,\"Hi ${q} & <all>\"", "Hi <output value=\" /data/q \"/> &amp; &lt;all&gt;" },
	{ "survey\n,type,name,label,,\n,select_one_from_file towns.csv,q,Q", "<instance id=\"towns\" src=\"jr://file-csv/towns.csv\"/>" },
	{ "survey\n,type,name,label,,\n,begin_loop over c,g,G\n,text,q,Say %(label)s\n,end_loop,,\n" CHOICES, "<label>Say B</label>" },
	{ "survey\n,type,name,label,appearance,\n,begin_group,g,G,table-list\n,select_one c,q,Q,\n,end_group,,,\n" CHOICES,
	    "reserved_name_for_field_list_labels_3" },
	{ "survey\n,type,name,label,kiosk::max_chars,\n,text,q,Q,100", "candour:max_chars=\"100\"" },
	{ "survey\n,type,name,label,kiosk::alt::French (fr),\n,text,q,Q,vue", "candour:alt.fr=\"vue\"" },
	/* pyxform: what the row says of a bind comes after what its type says */
	{ "survey\n,type,name,label,bind::jr:preload,\n,text,q,Q,\n,start,s,,uid", "<bind nodeset=\"/data/s\" type=\"dateTime\" jr:preload=\"uid\" jr:preloadParams=\"start\"/>" },
	{ "survey\n,type,name,label,body::jr:count,\n,int,n,N,\n,begin_repeat,r,R,${n}\n,text,a,A,\n,end_repeat,,,", "jr:count=\" /data/n \"" },
	{ "survey\n,type,name,label,kiosk::alt,\n,begin_loop over c,g,G,\n,text,q,Q,Face of %(label)s\n,end_loop,,,\n" CHOICES, "candour:alt=\"Face of B\"" },
	{ "survey\n,type,name,label,,\n,text,q,Q\nsettings\n,form_id,kiosk::lane,kiosk::anonymous,\n,f,concern,yes", "candour:lane=\"concern\"" },
	{ "survey\n,type,name,label,bind::candour:role,\n,text,q,Q,comment\nsettings\n,form_id,namespaces,\n,f,\"candour=\"\"urn:candour:form:1\"\"\"",
	    "candour:role=\"comment\"" },
	{ "survey\n,type,name,label,,\n,select_one c,q,Q\nchoices\n,list_name,name,label,score,opt_out\n,c,1,Good,5,\n,c,dk,I do not know,,dk",
	    "<opt_out>dk</opt_out>" },
};

START_TEST(comes_out_as_the_reference_writes_it)
{
	ck_ok(convert_text(OUT[_i].sheet));
	has(OUT[_i].want);
	done();
}
END_TEST

/* --- what is refused, where, and the way out ----------------------------------------------------------- */

static const struct { const char *sheet, *want; } REFUSED[] = {
	{ "survey\n,type,name,label,relevant,\n,int,age,A,\n,text,q,Q,${agee} > 3",
	    "f: sheet survey, row 3 (line 4), column relevant: no question is called \"agee\"; did you mean \"age\"?\n" },
	{ "survey\n,type,name,label,,\n,txt,q,Q", "row 2 (line 3), column type: there is no question type \"txt\"; did you mean \"text\"?" },
	{ "survey\n,type,name,label,,\n,text,q,Q\n,text,q,Q", "row 3 (line 4), column name: the name \"q\" is used already in row 2" },
	{ "survey\n,type,name,label,,\n,text,a b,Q", "\"a b\" cannot be a name" },
	{ "survey\n,type,name,label,,\n,text,meta,Q", "taken by the form itself" },
	{ "survey\n,type,name,label,,\n,text,,Q", "has no name" },
	{ "survey\n,type,name,label,,\n,,q,Q", "has no type" },
	{ "survey\n,type,name,label,,\n,text,q,", "shows nothing" },
	{ "survey\n,type,name,label,,\n,calculate,q,", "without a calculation" },
	{ "survey\n,type,name,label,,\n,begin_group,g,G\n,text,q,Q", "row 2 (line 3), column type: the group \"g\" begins here and never ends" },
	{ "survey\n,type,name,label,,\n,text,q,Q\n,end_group,,", "row 3 (line 4), column type: end_group without a begin_group" },
	{ "survey\n,type,name,label,,\n,begin_group,g,G\n,text,q,Q\n,end_repeat,,", "end_repeat, but what is open here is the group \"g\" of row 2" },
	{ "survey\n,type,name,label,,\n,select_one d,q,Q\n" CHOICES, "there is no list \"d\" on the choices sheet" },
	{ "survey\n,type,name,label,,\n,select_one c,q,Q", "there is no sheet called choices" },
	{ "survey\n,type,name,label,,\n,select_one c,q,Q\nchioces\n,list_name,name,label\n,c,a,A", "did you mean the sheet \"chioces\"" },
	{ "survey\n,type,name,label,,\n,select_one c,q,Q\n" CHOICES ",c,a,A2", "has the choice \"a\" already, in row 2" },
	{ "survey\n,type,name,label,,\n,text,q,Q ${ x }", "is not a reference" },
	{ "survey\n,type,name,label,parameters,\n,text,q,Q,rows=many", "rows is a whole number" },
	{ "survey\n,type,name,label,parameters,\n,text,q,Q,row=3", "did you mean \"rows\"?" },
	{ "survey\n,type,name,label,parameters,\n,range,q,Q,start=1 end=3 step=0", "step must not be 0" },
	{ "survey\n,type,name,label,trigger,calculation\n,calculate,a,,,1\n,text,b,B,${a},2", "can trigger nothing" },
	{ "survey\n,type,name,label,kiosk::max_char,\n,text,q,Q,100", "did you mean \"kiosk::max_chars\"?" },
	{ "survey\n,type,name,label,,\n,text,q,Q\nsettings\n,form_id,kiosk::lane,,\n,f,concerns", "\"concerns\" is none of: feedback concern ; did you mean \"concern\"?" },
	{ "survey\n,type,name,label,,\n,text,q,Q\nsettings\n,form_id,kiosk::idle_seconds,,\n,f,5", "no whole number from 60 to 600" },
	{ "survey\n,type,name,label,bind::candour:role,\n,text,q,Q,coment", "did you mean \"comment\"?" },
	{ "survey\n,type,name,label,save_to,\n,begin_group,g,G,\n,text,q,Q,\n,end_group,,,p\nentities\n,list_name,label,,\n,e,E",
	    "row 4 (line 5), column save_to: groups and repeats cannot be saved" },
	{ "survey\n,type,name,label,,\n,begin_loop over c,l,L\n,begin_repeat,r,R\n,text,q,Q\n,end_repeat,,\n,end_loop,,\n" CHOICES,
	    "row 3 (line 4), column type: a repeat cannot stand in a loop" },
	/* XML 1.0, 3.1: an attribute stands once in a tag, and has a Name */
	{ "survey\n,type,name,label,bind::nodeset,\n,text,q,Q,/data/x", "column bind::nodeset: \"nodeset\" is written by the converter: remove this column and use name" },
	{ "survey\n,type,name,label,body::ref,\n,text,q,Q,/data/x", "column body::ref: \"ref\" is written by the converter" },
	{ "survey\n,type,name,label,,\n,text,q,Q\nsettings\n,form_id,attribute::version,\n,f,2", "remove this column and use version" },
	{ "survey\n,type,name,label,kiosk::alt::French,\n,text,q,Q,a", "the language \"French\" has no tag" },
	{ "survey\n,type,name,label,kiosk::max_chars::French (fr),\n,text,q,Q,9", "kiosk::max_chars has no languages" },
	{ "survey\n,type,name,label,,\n,text,q,Q\nsettings\n,form_id,client_editable,\n,f,maybe", "\"maybe\" is neither yes nor no" },
	{ "survey\n,type,name,label,,\n,include other.xlsx,q,Q", "include other.xlsx pulls in another file" },
	{ "servey\n,type,name,label,,\n,text,q,Q\nchoices\n,list_name,name,label\n,c,a,A", "there is no sheet called survey, which holds the questions; did you mean \"servey\"" },
	{ "<x/>   ,,,,,", "this is not well-formed XML" },
	{ "<html/>", "this XML is no XForm" },
	{ "<!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]><html>&b;</html>", "DOCTYPE" },
};

START_TEST(is_refused_with_its_place_and_a_way_out)
{
	ck_assert_int_eq(convert_text(REFUSED[_i].sheet), ERR_INPUT);
	says(REFUSED[_i].want);
	ck_assert_uint_eq(xml.len, 0);
	done();
}
END_TEST

static const struct { const char *sheet, *want; } WARNED[] = {
	{ "survey\n,type,name,label,constriant,\n,text,q,Q,. > 1", "column constriant: warning: this column is not used: no column is called \"constriant\"; did you mean \"constraint\"?" },
	{ "survey\n,type,name,label,,\n,text,q,Q\n,text,Q,Q", "differ only in capital letters" },
	{ "survey\n,type,name,label,hint,\n,text,q,Q,\n,,,,only a remark", "skipped as a comment" },
	{ "survey\n,type,name,label,,\n,text,q,Q\nsetings\n,form_id,x\n,a,b", "did you mean \"settings\"?" },
	{ "survey\n,type,name,media,,\n,text,q,m.png", "column media: warning: this column is not used: say of what kind" },
	{ "survey\n,type,name,label,relevant,\n,begin_group,g,G,\n,text,q,Q,\n,end_group,,,1 = 2", "not used in the row of end_group: move it to row 2" },
	{ "survey\n,type,name,label,,\n,geopoint,q,Q", "geopoint asks where people are" },
	{ "survey\n,type,name,label,,\n,select_one c,q,Q\nchoices\n,list_name,name,label,my column\n,c,a,A,x", "the column \"my column\" is left out" },
	/* forms.md 1: nothing is silent. pyxform 4.5.0 drops all of these without a word. */
	{ "survey\n,type,name,label,calculation\n,text,q,Q,\n,calculate,c,Sum,1 + 1", "row 3 (line 4), column label: warning: a row of type calculate shows nothing" },
	{ "survey\n,type,name,label,appearance,calculation\n,note,n,N,,\n,text,q,,w1,1 + 1", "column appearance: warning: a row of type text shows nothing" },
	{ "survey\n,type,name,label,hint,\n,text,q,Q,\n,start,s,,when", "column hint: warning: a row of type start shows nothing" },
	{ "survey\n,type,name,label,relevant,\n,text,q,Q,\n,csv-external,f,,${q} = 1", "column relevant: warning: a row of type csv-external attaches a file" },
	{ "survey\n,type,name,label,default,\n,begin_group,g,G,5\n,text,q,Q,\n,end_group,,,", "column default: warning: a row of type group holds no answer" },
	{ "survey\n,type,name,label,hint,\n,begin_repeat,g,G,h\n,text,q,Q,\n,end_repeat,,,", "column hint: warning: a row of type repeat has no hint" },
	{ "survey\n,type,name,label,parameters,\n,begin_group,g,G,rows=3\n,text,q,Q,\n,end_group,,,", "column parameters: warning: a row of type group takes no" },
	{ "survey\n,type,name,label,,\n,begin_group,g,G\n,text,q,Q\n,end_group,,Bye", "row 4 (line 5), column label: warning: this is not used in the row of end_group" },
	{ "survey\n,type,name,label,,\n,begin_group,g,G\n,text,q,Q\n,end_group,h,", "column name: warning: this ends \"g\" of row 2, not \"h\"" },
	{ "survey\n,type,name,label,disabled,\n,text,q,Q,\n,text,r,R,yes", "row 3 (line 4), column disabled: warning: this row is disabled" },
	{ "survey\n,type,name,label,disabled,\n,text,q,Q,maybe", "\"maybe\" is neither yes nor no, so the row is kept" },
	{ "survey\n,type,name,label,sms_field,\n,text,q,Q,f", "column sms_field: warning: this column is not used: answers are not sent by text" },
	{ "survey\n,type,name,label,,\n,text,q,Q\nsettings\n,form_id,SMS Keyword,\n,f,k", "column SMS Keyword: warning: this column is not used" },
	{ "survey\n,type,name,label,choice_filter,\n,range,q,Q,name = 1", "column choice_filter: warning: a row of type range has no choices" },
	{ "survey\n,type,name,label,,\n,text,q,Q\nosm\n,list_name,name,label,\n,t,a,A", "sheet osm: warning: this sheet is not used" },
	{ "survey\n,type,name,label,,\n,osm t,q,Q\nosm\n,list_name,name,label,colour\n,t,a,A,red", "column colour: warning: this column is not used: tags have" },
	{ "survey\n,type,name,label,,\n,text,q,Q\nexternal_choices\n,list_name,name,label,\n,t,a,A", "sheet external_choices: warning: this sheet is not in the XForm" },
};

START_TEST(nothing_is_dropped_without_a_word)
{
	ck_ok(convert_text(WARNED[_i].sheet));
	says(WARNED[_i].want);
	ck_assert_uint_gt(xml.len, 0);
	done();
}
END_TEST

START_TEST(a_root_that_is_no_name_is_refused)
{
	static const char sheet[] = "survey\n,type,name,label,,\n,text,q,Q";

	memset(&err, 0, sizeof(err));
	findings_init(&found);
	buf_init(&xml, 1 << 20);
	buf_init(&said, 1 << 20);
	ck_assert_int_eq(xlsform_convert(sheet, strlen(sheet), "f.csv", "bad@name", &xml, &found, &err), ERR_INPUT);
	findings_print(&found, "f", &said);
	says("\"bad@name\" cannot name the form's root");
	ck_assert_uint_eq(xml.len, 0);
	done();
}
END_TEST

START_TEST(all_errors_come_at_once_in_the_order_of_rows)
{
	ck_assert_int_eq(convert_text("survey\n,type,name,label,relevant,\n,txt,a,A,\n,text,b,,\n,text,c,C,${nobody} = 1\n,select_one l,d,D,\n"
	    "choices\n,list_name,name,label\n,m,,no name\n"), ERR_INPUT);
	ck_assert_uint_eq(found.errors, 5);
	ck_assert(strstr(buf_str(&said), "row 2") < strstr(buf_str(&said), "row 3"));
	ck_assert(strstr(buf_str(&said), "row 3") < strstr(buf_str(&said), "row 4"));
	ck_assert(strstr(buf_str(&said), "sheet survey, row 5") < strstr(buf_str(&said), "sheet choices, row 2"));
	done();
}
END_TEST

/* --- form check ---------------------------------------------------------------------------------------- */

static enum err_code
check_text(const char *text)
{
	enum err_code rc;

	memset(&err, 0, sizeof(err));
	findings_init(&found);
	buf_init(&said, 1 << 20);
	rc = xlsform_check(text, strlen(text), "form.csv", NULL, &found, NULL, &err);
	findings_print(&found, "f", &said);
	return rc;
}

#define SETTINGS "\nsettings\n,form_id,version,default_language,kiosk::languages\n,f,1,English (en),en cy\n"

static const struct { const char *sheet, *want; bool error; } CHECKED[] = {
	{ "survey\n,type,name,label,calculation,\n,calculate,bad,,$(q) = 1\n", "a question is written ${name}", true },
	{ "survey\n,type,name,label::English,,\n,text,q,Q\nsettings\n,form_id,default_language,,,\n,f,English", "has no tag", true },
	{ "survey\n,type,name,label::English (en),,\n,text,q,Q\n", "default_language is not set", true },
	{ "survey\n,type,name,label::English (en),label::Cymraeg (cy),\n,text,p,One,Un\n,text,q,Two,\n" SETTINGS, "the label is empty in Cymraeg (cy)", true },
	{ "survey\n,type,name,label,image,\n,note,n,,a.png\n", "a picture without words", true },
	{ "survey\n,type,name,label,required,\n,select_one c,q,Q,yes\n" CHOICES, "has no way out", false },
	{ "survey\n,type,name,label,constraint,\n,int,q,Q,. > 1\n", "no constraint_message", false },
	{ "survey\n,type,name,label,constraint,constraint_message\n,text,q,Q,\"regex(., '[0-9]+')\",No\n", "begin it with ^", false },
	{ "survey\n,type,name,label,,\n,text,q,One two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
	    "seventeen eighteen nineteen twenty twenty-one\n", "a sentence of 21 words is hard to follow", false },
	{ "survey\n,type,name,label,,\n,text,q,a b c d e f g h i j k l m n o p q r s t u v w x y z\n", "a sentence of 26 words", true },
	{ "survey\n,type,name,label,relevant,\n,text,q,Q,nosuch(1)\n", "sheet survey, row 2", true },
	{ "survey\n,type,name,label,,\n,username,u,\n,text,q,Q\n", "sheet survey, row 2", true },
};

START_TEST(check_says_what_people_would_stumble_over)
{
	enum err_code rc = check_text(CHECKED[_i].sheet);

	says(CHECKED[_i].want);
	ck_assert_int_eq(rc, CHECKED[_i].error ? ERR_INPUT : ERR_OK);
	findings_clear(&found);
	buf_free(&said);
}
END_TEST

/* --- the questionnaires that ship ---------------------------------------------------------------------- */

static const char *const LIBRARY[] = { "satisfaction", "satisfaction-easy", "visit", "concern" };

START_TEST(a_library_form_is_the_same_from_csv_and_xlsx)
{
	char path[100], other[100];
	struct buf file, first;

	snprintf(path, sizeof(path), "forms/library/%s.csv", LIBRARY[_i]);
	snprintf(other, sizeof(other), "forms/library/%s.xlsx", LIBRARY[_i]);
	buf_init(&file, 1 << 20);
	ck_ok(file_read(path, &file, &err));
	ck_ok(convert(file.data, file.len, path));
	ck_assert_uint_eq(found.n, 0);
	has("lang=\"Cymraeg (cy)\"");
	ck_assert_ptr_null(strstr(buf_str(&xml), "<value>-</value>"));
	first = xml;
	memset(&xml, 0, sizeof(xml));
	done();
	buf_reset(&file);
	ck_ok(file_read(other, &file, &err));
	ck_ok(convert(file.data, file.len, other));
	ck_assert_str_eq(buf_str(&xml), buf_str(&first));
	done();
	findings_init(&found);
	ck_ok(xlsform_check(file.data, file.len, other, NULL, &found, NULL, &err));
	ck_assert_uint_eq(found.n, 0);
	findings_clear(&found);
	buf_free(&first);
	buf_free(&file);
}
END_TEST

START_TEST(its_own_xform_comes_out_byte_for_byte)
{
	struct buf first;

	ck_ok(convert_text("survey\n,type,name,label,,\n,text,q,Q"));
	first = xml;
	memset(&xml, 0, sizeof(xml));
	done();
	ck_ok(convert(first.data, first.len, "form.xml"));
	ck_assert_str_eq(buf_str(&xml), buf_str(&first));
	done();
	buf_free(&first);
}
END_TEST

START_TEST(survives_every_failed_allocation)
{
	static const char text[] = "survey\n,type,name,label::English (en),relevant,,\n,begin_repeat,r,R,\n,text,q,Q ${q},${q} != ''\n"
		",select_one c,s,S,\n,end_repeat,,,\nchoices\n,list_name,name,label\n,c,a,A\n";
	enum err_code rc;
	long n = 0;

	do {
		torture_hit = 0;
		torture_left = n++;
		rc = convert(text, sizeof(text) - 1, "f.csv");
		torture_left = -1;
		ck_assert_msg(rc == ERR_NOMEM || rc == ERR_OK || found.failed, "allocation %ld: %s", n - 1, err_word(rc));
		ck_assert(rc == ERR_OK || xml.len == 0);
		done();
	} while (torture_hit && n < 10000);
	ck_assert_int_eq(rc, ERR_OK);
	ck_assert_int_gt(n, 5);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("convert");
	TCase *t = tcase_create("convert");

	tcase_add_loop_test(t, comes_out_as_the_reference_writes_it, 0, (int)ARRAY_LEN(OUT));
	tcase_add_loop_test(t, is_refused_with_its_place_and_a_way_out, 0, (int)ARRAY_LEN(REFUSED));
	tcase_add_loop_test(t, nothing_is_dropped_without_a_word, 0, (int)ARRAY_LEN(WARNED));
	tcase_add_test(t, a_root_that_is_no_name_is_refused);
	tcase_add_test(t, all_errors_come_at_once_in_the_order_of_rows);
	tcase_add_loop_test(t, check_says_what_people_would_stumble_over, 0, (int)ARRAY_LEN(CHECKED));
	tcase_add_loop_test(t, a_library_form_is_the_same_from_csv_and_xlsx, 0, (int)ARRAY_LEN(LIBRARY));
	tcase_add_test(t, its_own_xform_comes_out_byte_for_byte);
	tcase_add_test(t, survives_every_failed_allocation);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite)
