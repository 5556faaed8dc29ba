/* Reading workbooks: kinds, cells, dates, rows, and hostile files. Expected cells: what spreadsheet programs
 * show (ECMA-376 18.8.30 for dates; serial 60 is Excel's 29 February 1900). Limits: forms.md 1.1. */
#include <string.h>
#include <time.h>
#include <zip.h>

#include "forms/sheet.h"
#include "tests/test.h"

static struct workbook book;
static struct findings found;
static struct err err;

static enum err_code
read_bytes(const void *data, size_t len)
{
	memset(&err, 0, sizeof(err));
	findings_init(&found);
	return workbook_read(data, len, &book, &found, &err);
}

static void
done(void)
{
	workbook_clear(&book);
	findings_clear(&found);
}

static const char *
cell(size_t sheet, size_t row, size_t column)
{
	ck_assert_uint_lt(sheet, book.n_sheets);
	ck_assert_uint_lt(row, book.sheets[sheet].n_rows);
	ck_assert_uint_lt(column, book.sheets[sheet].n_columns);
	return book.sheets[sheet].rows[row].cells[column];
}

/* --- a workbook from its parts ------------------------------------------------------------------------- */

static const char RELS[] = "<Relationships xmlns='r'><Relationship Id='rId1' Type='x/officeDocument' Target='xl/workbook.xml'/></Relationships>";
static const char BOOK[] = "<workbook xmlns:r='r'>%s<sheets><sheet name='survey' sheetId='1' r:id='rId1'/></sheets></workbook>";
static const char BOOK_RELS[] = "<Relationships xmlns='r'><Relationship Id='rId1' Type='x/worksheet' Target='worksheets/sheet1.xml'/>"
	"<Relationship Id='rId2' Type='x/sharedStrings' Target='sharedStrings.xml'/>"
	"<Relationship Id='rId3' Type='x/styles' Target='/xl/styles.xml'/></Relationships>";

struct part {
	const char *name;
	const char *text;
	size_t len;	/* 0: strlen */
};

/* Zip PARTS (until name NULL); *OUT is malloc'ed. */
static size_t
zip_parts(const struct part *parts, unsigned char **out)
{
	zip_error_t ze;
	zip_source_t *src;
	zip_t *z;
	zip_stat_t st;
	size_t len;

	zip_error_init(&ze);
	src = zip_source_buffer_create(NULL, 0, 0, &ze);
	z = zip_open_from_source(src, ZIP_CREATE | ZIP_TRUNCATE, &ze);
	ck_assert_ptr_nonnull(z);
	zip_source_keep(src);
	for (; parts->name != NULL; parts++) {
		zip_source_t *s = zip_source_buffer(z, parts->text, parts->len != 0 ? parts->len : strlen(parts->text), 0);

		ck_assert_ptr_nonnull(s);
		ck_assert_int_ge(zip_file_add(z, parts->name, s, ZIP_FL_ENC_UTF_8), 0);
	}
	ck_assert_int_eq(zip_close(z), 0);
	zip_source_open(src);
	zip_source_stat(src, &st);
	len = (size_t)st.size;
	*out = malloc(len);
	ck_assert_int_eq(zip_source_read(src, *out, len), (zip_int64_t)len);
	zip_source_close(src);
	zip_source_free(src);
	return len;
}

/* Read a workbook whose only sheet holds ROWS. */
static enum err_code
read_rows(const char *head, const char *rows, const char *strings, const char *styles)
{
	char workbook[512];
	struct buf sheet;
	unsigned char *data;
	size_t len;
	enum err_code rc;

	snprintf(workbook, sizeof(workbook), BOOK, head);
	buf_init(&sheet, 1 << 20);
	buf_printf(&sheet, "<worksheet><sheetData>%s</sheetData></worksheet>", rows);
	const struct part parts[] = { { "_rels/.rels", RELS, 0 }, { "xl/workbook.xml", workbook, 0 },
		{ "xl/_rels/workbook.xml.rels", BOOK_RELS, 0 }, { "xl/worksheets/sheet1.xml", buf_str(&sheet), 0 },
		{ "xl/sharedStrings.xml", strings, 0 }, { "xl/styles.xml", styles, 0 }, { NULL, NULL, 0 } };
	len = zip_parts(parts, &data);
	rc = read_bytes(data, len);
	free(data);
	buf_free(&sheet);
	return rc;
}

#define NO_STRINGS "<sst/>"
#define NO_STYLES "<styleSheet/>"
#define HEAD "<row r='1'><c r='A1' t='inlineStr'><is><t>a</t></is></c><c r='B1' t='inlineStr'><is><t>b</t></is></c></row>"

START_TEST(shared_inline_formula_and_boolean_cells_read_as_shown)
{
	ck_ok(read_rows("", HEAD "<row r='2'><c r='A2' t='s'><v>0</v></c><c r='B2' t='str'><f>A1</f><v>x y</v></c></row>"
	    "<row r='3'><c r='A3' t='b'><v>1</v></c><c r='B3' t='inlineStr'><is><r><t>one </t></r><r><t>two</t></r>"
	    "<rPh><t>reading</t></rPh></is></c></row>",
	    "<sst><si><t xml:space='preserve'>  in \xC2\xA0the middle\xC2\xA0</t></si></sst>", NO_STYLES));
	ck_assert_str_eq(book.sheets[0].name, "survey");
	ck_assert_str_eq(cell(0, 0, 0), "in  the middle");
	ck_assert_str_eq(cell(0, 0, 1), "x y");
	ck_assert_str_eq(cell(0, 1, 0), "TRUE");
	ck_assert_str_eq(cell(0, 1, 1), "one two");
	done();
}
END_TEST

static const struct { const char *v; const char *shown; } NUMBERS[] = { { "1", "1" }, { "1.0", "1" }, { "2.50", "2.5" },
	{ "1E3", "1000" }, { "-0", "0" }, { "0.30000000000000004", "0.30000000000000004" }, { "1E+05", "100000" }, { "0.1", "0.1" }, { "-7", "-7" }, { "12345678901", "12345678901" }, { "1E-5", "1e-05" } };

START_TEST(numbers_read_without_needless_points)
{
	char rows[400];

	snprintf(rows, sizeof(rows), HEAD "<row r='2'><c r='A2'><v>%s</v></c></row>", NUMBERS[_i].v);
	ck_ok(read_rows("", rows, NO_STRINGS, NO_STYLES));
	ck_assert_str_eq(cell(0, 0, 0), NUMBERS[_i].shown);
	done();
}
END_TEST

/* LibreOffice Calc and Excel show these serials so. */
static const struct { const char *head, *v, *shown; } DATES[] = {
	{ "", "45383", "2024-04-01 00:00:00" }, { "", "1", "1900-01-01 00:00:00" }, { "", "59", "1900-02-28 00:00:00" },
	{ "", "61", "1900-03-01 00:00:00" }, { "", "45383.75", "2024-04-01 18:00:00" }, { "", "0.5", "12:00:00" },
	{ "<workbookPr date1904='1'/>", "0.25", "06:00:00" }, { "<workbookPr date1904='1'/>", "43921", "2024-04-01 00:00:00" } };

START_TEST(date_cells_read_as_dates)
{
	char rows[400];

	/* style 1: built-in date; 2: own format; 3: a format with d and m only inside quotes */
	snprintf(rows, sizeof(rows), HEAD "<row r='2'><c r='A2' s='%d'><v>%s</v></c><c r='B2' s='3'><v>5</v></c></row>",
	    _i % 2 + 1, DATES[_i].v);
	ck_ok(read_rows(DATES[_i].head, rows, NO_STRINGS, "<styleSheet><numFmts><numFmt numFmtId='164' formatCode='yyyy\\-mm\\-dd'/>"
	    "<numFmt numFmtId='165' formatCode='[Red]0&quot; months, days&quot;'/></numFmts><cellStyleXfs><xf numFmtId='14'/></cellStyleXfs>"
	    "<cellXfs><xf numFmtId='0'/><xf numFmtId='14'/><xf numFmtId='164'/><xf numFmtId='165'/></cellXfs></styleSheet>"));
	ck_assert_str_eq(cell(0, 0, 0), DATES[_i].shown);
	ck_assert_str_eq(cell(0, 0, 1), "5");
	done();
}
END_TEST

START_TEST(rows_keep_their_numbers_and_stop_after_60_empty_ones)
{
	ck_ok(read_rows("", HEAD "<row r='2'/><row r='4'><c r='A4'><v>1</v></c></row><row r='64'><c r='A64'><v>2</v></c></row>"
	    "<row r='125'><c r='A125'><v>3</v></c></row>", NO_STRINGS, NO_STYLES));
	ck_assert_uint_eq(book.sheets[0].n_rows, 2);
	ck_assert_uint_eq(book.sheets[0].rows[0].number, 4);
	ck_assert_uint_eq(book.sheets[0].rows[1].number, 64);
	done();
}
END_TEST

START_TEST(an_error_value_is_named_with_its_cell)
{
	struct buf text;

	ck_ok(read_rows("", HEAD "<row r='2'><c r='B2' t='e'><f>1/0</f><v>#DIV/0!</v></c></row>", NO_STRINGS, NO_STYLES));
	buf_init(&text, 4096);
	findings_print(&found, "f.xlsx", &text);
	ck_assert_str_eq(buf_str(&text),
	    "f.xlsx: sheet survey, row 2, column B: the formula gives #DIV/0!: mend it or type the value\n");
	buf_free(&text);
	done();
}
END_TEST

START_TEST(a_header_twice_is_an_error_that_names_its_column)
{
	struct buf text;

	ck_ok(read_rows("", "<row r='1'><c t='inlineStr'><is><t>type</t></is></c><c t='inlineStr'><is><t> type </t></is></c></row>",
	    NO_STRINGS, NO_STYLES));
	ck_assert_uint_eq(found.errors, 1);
	buf_init(&text, 4096);
	findings_print(&found, "f", &text);
	ck_assert_ptr_nonnull(strstr(buf_str(&text), "sheet survey, row 1, column B: the header \"type\" is there twice"));
	buf_free(&text);
	done();
}
END_TEST

/* --- .csv ---------------------------------------------------------------------------------------------- */

START_TEST(csv_holds_several_sheets_and_counts_records_not_lines)
{
	static const char text[] = "\xEF\xBB\xBFsurvey,,\r\n,type,\"label, \"\"long\"\"\"\r\n,,\r\n,text,\"two\nlines\"\r\n,note,x\r\nchoices\r\n,list_name,name\r\n,l,1";

	ck_ok(read_bytes(text, sizeof(text) - 1));
	ck_assert_uint_eq(book.n_sheets, 2);
	ck_assert_str_eq(book.sheets[0].header[1], "label, \"long\"");
	ck_assert_str_eq(cell(0, 0, 1), "two\nlines");
	ck_assert_uint_eq(book.sheets[0].rows[0].number, 2);
	ck_assert_uint_eq(book.sheets[0].rows[0].line, 4);
	ck_assert_uint_eq(book.sheets[0].rows[1].number, 3);
	ck_assert_uint_eq(book.sheets[0].rows[1].line, 6);
	ck_assert_str_eq(cell(1, 0, 1), "1");
	done();
}
END_TEST

/* One survey as the programs at hand save it as text: RFC 4180, and what Excel does in lands of the decimal comma. */
static const struct { const char *what, *text; size_t len; } CSV[] = {
#define CSV_OF(what, text) { what, text, sizeof(text) - 1 }
	CSV_OF("LF, no last one", "survey\n,type,name,label\n,text,a,\"x, y; z\"\n,note,b,B"),
	CSV_OF("CRLF, padded", "survey,,,\r\n,type,name,label\r\n,text,a,\"x, y; z\"\r\n,note,b,B\r\n"),
	CSV_OF("CR", "survey,,,\r,type,name,label\r,text,a,\"x, y; z\"\r,note,b,B\r"),
	CSV_OF("BOM and quotes everywhere", "\xEF\xBB\xBF\"survey\",\"\",\"\",\"\"\n\"\",\"type\",\"name\",\"label\"\n\"\",\"text\",\"a\",\"x, y; z\"\n"
	    "\"\",\"note\",\"b\",\"B\"\n"),
	CSV_OF("semicolons", "\xEF\xBB\xBFsurvey;;;\r\n;type;name;label\r\n;text;a;\"x, y; z\"\r\n;note;b;B\r\n"),
	CSV_OF("semicolons, name alone", "survey\n;type;name;label\n;text;a;\"x, y; z\"\n;note;b;B\n"),
	CSV_OF("tabs", "survey\t\t\t\n\ttype\tname\tlabel\n\ttext\ta\tx, y; z\n\tnote\tb\tB\n"),
	CSV_OF("a line for Excel", "sep=;\r\nsurvey;;;\r\n;type;name;label\r\n;text;a;\"x, y; z\"\r\n;note;b;B\r\n"),
	CSV_OF("header beside the name", "survey,type,name,label\n,text,a,\"x, y; z\"\n,note,b,B\n"),
	CSV_OF("blank lines and blanks", "\n  Survey ,,,\n\n, type,name ,label\n,,,\n,text,a,\" x, y; z \"\n,note,b,B\n\n"),
	CSV_OF("short rows and long ones of nothing", "survey\n,type,name,label,\n,text,a,\"x, y; z\",,,\n,note,b,B\n,\n"),
};

START_TEST(a_csv_reads_the_same_however_it_was_saved)
{
	ck_assert_msg(read_bytes(CSV[_i].text, CSV[_i].len) == ERR_OK, "%s: %s", CSV[_i].what, err.msg);
	ck_assert_uint_eq(book.n_sheets, 1);
	ck_assert_int_eq(strcasecmp(book.sheets[0].name, "survey"), 0);
	ck_assert_uint_eq(book.sheets[0].n_columns, 3);
	ck_assert_str_eq(book.sheets[0].header[0], "type");
	ck_assert_uint_eq(book.sheets[0].n_rows, 2);
	ck_assert_str_eq(cell(0, 0, 2), "x, y; z");
	ck_assert_str_eq(cell(0, 1, 0), "note");
	ck_assert_str_eq(cell(0, 1, 2), "B");
	ck_assert_uint_eq(book.sheets[0].beside.row, 0);
	ck_assert_uint_eq(found.n, 0);
	done();
}
END_TEST

/* Column D of the file is the third of the sheet: in a .csv column A holds names of sheets. */
static const struct { const char *text; size_t len; const char *says; } CSV_BAD[] = {
#define BAD_CSV(text, says) { text, sizeof(text) - 1, says }
	BAD_CSV("survey,,,\n,type,name,label\n,text,q,Caf\xE9\n", "sheet survey, row 2 (line 3), column D: the character after \"Caf\" is not in UTF-8"),
	BAD_CSV("survey,,,\n,type,name,label\n,text,q,a long sentence of the B\xFC" "cher\n", "after \"ng sentence of the B\" is"),
	BAD_CSV("survey,,,\n,type,name,l\xE4" "bel\n,text,q,Q\n", "sheet survey, row 1 (line 2), column D: "),
	BAD_CSV("survey,,,\n,type,name,label\n\n,text,q,\"open\n\n,text,r,R\n",
	    "sheet survey, row 2 (line 4), column D: the cell starts with \" and never ends"),
	BAD_CSV("type,name,label,hint\ntext,q,Q,\n", "line 1: \"type\" stands where the name of a sheet is needed"),
	BAD_CSV("List_Name,name,label\nl,1,,,One\n", "write survey into column 1"),
	BAD_CSV("surv\xFFy,,,\n,type,name,label\n", "line 1: the character after \"surv\" is not in UTF-8"),
	BAD_CSV("\xFE\xFF\0s\0u\0r", "this is text in UTF-16: save it as \"CSV UTF-8\""),
	BAD_CSV("s\0u\0r\0v\0e\0y\0,\0,\0,\0,\0", "neither an .xlsx workbook nor text: save it as .xlsx"),
};

START_TEST(a_csv_that_cannot_be_read_is_told_where_and_how_to_mend_it)
{
	ck_err(read_bytes(CSV_BAD[_i].text, CSV_BAD[_i].len), ERR_INPUT, CSV_BAD[_i].says);
	ck_assert_uint_eq(book.n_sheets, 0);
	done();
}
END_TEST

/* Behind the first 5 KiB, by which the kind of a file is told. */
START_TEST(a_byte_0_or_a_huge_cell_far_into_a_csv_has_a_place)
{
	struct buf text;

	buf_init(&text, 1 << 20);
	buf_puts(&text, "survey,,,\n,type,name,label\n");
	for (int i = 0; i < 1000; i++)
		buf_printf(&text, ",text,q%d,Q\n", i);
	buf_put(&text, ",text,last,a\0b\n", 15);
	ck_err(read_bytes(text.data, text.len), ERR_INPUT, "sheet survey, row 1002 (line 1003), column D: the cell holds a byte 0");
	done();
	buf_truncate(&text, text.len - 15);
	buf_puts(&text, ",text,last,\"");
	for (int i = 0; i < 4 * SHEET_CELL_MAX; i++)
		buf_putc(&text, 'x');
	buf_puts(&text, "y\"\n");
	ck_err(read_bytes(text.data, text.len), ERR_LIMIT, "sheet survey, row 1002 (line 1003), column D: the cell is longer than 32,767");
	done();
	buf_free(&text);
}
END_TEST

START_TEST(values_beside_the_header_have_a_place)
{
	static const char text[] = "survey,,,\n,type,name,label\n,text,q,Q\n,text,r,Hello, you\n,text,s,a,b\n";

	ck_ok(read_bytes(text, sizeof(text) - 1));
	ck_assert_uint_eq(book.sheets[0].n_rows, 3);
	ck_assert_str_eq(cell(0, 1, 2), "Hello");
	ck_assert_uint_eq(book.sheets[0].beside.row, 3);
	ck_assert_uint_eq(book.sheets[0].beside.line, 4);
	ck_assert_uint_eq(book.sheets[0].beside.column, 3);
	done();
	/* a header ends after 20 empty columns */
	ck_ok(read_rows("", "<row r='1'><c r='A1'><v>1</v></c><c r='Z1'><v>1</v></c></row>", NO_STRINGS, NO_STYLES));
	ck_assert_uint_eq(book.sheets[0].beside.row, 1);
	ck_assert_uint_eq(book.sheets[0].beside.column, 25);
	done();
}
END_TEST

START_TEST(ends_of_lines_inside_a_csv_cell_are_one)
{
	static const char text[] = "survey,,,\r\n,type,name,label\r\n,text,q,\"a\r\nb\rc\nd\"\r\n,text,r,R\r\n";

	ck_ok(read_bytes(text, sizeof(text) - 1));
	ck_assert_str_eq(cell(0, 0, 2), "a\nb\nc\nd");
	ck_assert_uint_eq(book.sheets[0].rows[1].line, 7);
	done();
}
END_TEST

/* --- what is no workbook ------------------------------------------------------------------------------- */

static const struct { const char *bytes; size_t len; const char *says; } STRANGE[] = {
	{ "", 0, "empty" }, { "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1....", 12, "save it as .xlsx" },
	{ "\xD0\xCF\x11\xE0....E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0", 40, "has a password" }, { "%PDF-1.4", 8, "PDF" },
	{ "hello", 5, "neither an .xlsx" }, { "a,b,c,\xFF,e", 9, "UTF-8" }, { "\xFF\xFEs\0u\0", 6, "UTF-16" },
	{ "PK\5\6\0\0", 6, "empty zip" }, { "{\"url\": \"x\"}", 12, "download it as .xlsx" }, { "MIME-Version: 1.0", 17, "web archive" },
	{ "\xEF\xBB\xBF<HTML><table>", 16, "a web page, whatever its name: open it in a spreadsheet program and save it as .xlsx" },
	{ "<table><tr><td>type", 19, "web page" }, { "<?xml version='1.0'?><office:document xmlns:office='o'>", 54, "flat OpenDocument" },
	{ "<Workbook xmlns='urn:schemas-microsoft-com:office:spreadsheet'>", 63, "an XML spreadsheet of Excel 2003" },
	{ "PK\3\4 cut short", 14, "damaged or cut short" }, { ",a,b,c,d\n", 9, "before the name of a sheet" },
	{ "survey\n,a,b,c,\"open", 19, "line 2" } };

START_TEST(a_file_of_another_kind_is_told_what_it_is)
{
	ck_err(read_bytes(STRANGE[_i].bytes, STRANGE[_i].len), ERR_INPUT, STRANGE[_i].says);
	ck_assert_uint_eq(book.n_sheets, 0);
	done();
}
END_TEST

START_TEST(zeros_are_refused)
{
	char *zeros = calloc(1, 1 << 20);

	ck_err(read_bytes(zeros, 1 << 20), ERR_INPUT, "neither an .xlsx workbook nor text");
	free(zeros);
	done();
}
END_TEST

/* Seconds of processor time. */
static double
cpu(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

/* A part of 40 MiB of blanks shrinks to 40 KiB: ratio 1,000. */
START_TEST(a_zip_bomb_is_refused_at_once)
{
	enum { SIZE = 40 << 20 };
	char *blanks = malloc(SIZE + 1), workbook[512];
	unsigned char *data;
	size_t len;
	double start;

	memset(blanks, ' ', SIZE);
	blanks[SIZE] = '\0';
	memcpy(blanks, "<worksheet>", 11);
	snprintf(workbook, sizeof(workbook), BOOK, "");
	const struct part parts[] = { { "_rels/.rels", RELS, 0 }, { "xl/workbook.xml", workbook, 0 },
		{ "xl/_rels/workbook.xml.rels", BOOK_RELS, 0 }, { "xl/sharedStrings.xml", NO_STRINGS, 0 },
		{ "xl/styles.xml", NO_STYLES, 0 }, { "xl/worksheets/sheet1.xml", blanks, SIZE }, { NULL, NULL, 0 } };
	len = zip_parts(parts, &data);
	free(blanks);
	start = cpu();
	ck_err(read_bytes(data, len), ERR_LIMIT, "swells");
	ck_assert_double_lt(cpu() - start, 1.0);
	free(data);
	done();
}
END_TEST

START_TEST(a_part_that_is_too_long_is_refused_before_it_is_read)
{
	enum { SIZE = SHEET_PART_MAX + 1 };
	char *blanks = malloc(SIZE), workbook[512];
	unsigned char *data;
	size_t len;

	memset(blanks, ' ', SIZE);
	snprintf(workbook, sizeof(workbook), BOOK, "");
	const struct part parts[] = { { "_rels/.rels", RELS, 0 }, { "xl/workbook.xml", workbook, 0 },
		{ "xl/_rels/workbook.xml.rels", BOOK_RELS, 0 }, { "xl/sharedStrings.xml", blanks, SIZE }, { NULL, NULL, 0 } };
	len = zip_parts(parts, &data);
	free(blanks);
	ck_err(read_bytes(data, len), ERR_LIMIT, "at most");
	free(data);
	done();
}
END_TEST

/* Every cut of a small workbook is refused with a sentence, never half read. */
START_TEST(a_truncated_workbook_is_refused_wherever_it_is_cut)
{
	char workbook[512];
	unsigned char *data;
	size_t len;

	snprintf(workbook, sizeof(workbook), BOOK, "");
	const struct part parts[] = { { "_rels/.rels", RELS, 0 }, { "xl/workbook.xml", workbook, 0 },
		{ "xl/_rels/workbook.xml.rels", BOOK_RELS, 0 }, { "xl/sharedStrings.xml", NO_STRINGS, 0 },
		{ "xl/styles.xml", NO_STYLES, 0 }, { "xl/worksheets/sheet1.xml", "<worksheet><sheetData>" HEAD "</sheetData></worksheet>", 0 },
		{ NULL, NULL, 0 } };
	len = zip_parts(parts, &data);
	for (size_t cut = 0; cut < len; cut += 7) {
		ck_assert_int_ne(read_bytes(data, cut), ERR_OK);
		ck_assert_str_ne(err.msg, "");
		ck_assert_uint_eq(book.n_sheets, 0);
		done();
	}
	ck_ok(read_bytes(data, len));
	done();
	free(data);
}
END_TEST

START_TEST(a_document_type_in_a_part_is_refused)
{
	char workbook[512];
	unsigned char *data;
	size_t len;

	snprintf(workbook, sizeof(workbook), BOOK, "");
	const struct part parts[] = { { "_rels/.rels", RELS, 0 }, { "xl/workbook.xml", workbook, 0 },
		{ "xl/_rels/workbook.xml.rels", BOOK_RELS, 0 }, { "xl/sharedStrings.xml", NO_STRINGS, 0 },
		{ "xl/styles.xml", NO_STYLES, 0 },
		{ "xl/worksheets/sheet1.xml", "<!DOCTYPE w [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]><worksheet>&b;</worksheet>", 0 },
		{ NULL, NULL, 0 } };
	len = zip_parts(parts, &data);
	ck_err(read_bytes(data, len), ERR_INPUT, "document type");
	free(data);
	done();
}
END_TEST

START_TEST(an_opendocument_file_is_told_how_to_save_it)
{
	unsigned char *data;
	size_t len;
	const struct part parts[] = { { "mimetype", "application/vnd.oasis.opendocument.spreadsheet", 0 },
		{ "content.xml", "<x/>", 0 }, { NULL, NULL, 0 } };

	len = zip_parts(parts, &data);
	ck_err(read_bytes(data, len), ERR_INPUT, "OpenDocument");
	free(data);
	done();
}
END_TEST

/* ECMA-376 part 1: 22.9.2.19 for _xHHHH_, 18.18.11 for the types of cells. */
static const struct { const char *c, *shown; } CELLS[] = {
	{ "<c r='A2' t='inlineStr'><is><t>a_x000D__x000A_b</t></is></c>", "a\nb" },
	{ "<c r='A2' t='str'><v>a_x000D_\nb</v></c>", "a\nb" },
	{ "<c r='A2' t='inlineStr'><is><t>_x005F_x0041_ _x0041_ _x20AC_ _x00e9_</t></is></c>", "_x0041_ A \xE2\x82\xAC \xC3\xA9" },
	{ "<c r='A2' t='inlineStr'><is><t>_x0001_ _xD800_ _x12_ _xGGGG_ a_x</t></is></c>", "_x0001_ _xD800_ _x12_ _xGGGG_ a_x" },
	{ "<c r='A2' t='s'><v>0</v></c>", "x\ny" },
	{ "<c r='A2' t='b'><v>true</v></c>", "TRUE" }, { "<c r='A2' t='b'><v>0</v></c>", "FALSE" },
	{ "<c r='A2' t='d'><v>2023-03-15T12:00:00</v></c>", "2023-03-15 12:00:00" }, { "<c r='A2' t='d'><v>2023-03-15T12:00:00Z</v></c>", "2023-03-15 12:00:00" },
	{ "<c r='A2' t='d'><v>2023-03-15</v></c>", "2023-03-15 00:00:00" }, { "<c r='A2' t='d'><v>2023-03-15T12:00:00.250</v></c>", "2023-03-15 12:00:00" },
	{ "<c r='A2' t='str'><f>B2</f><v/></c><c r='B2'><v>1</v></c>", NULL },
	{ "<c><v>1.0</v></c>", "1" },
};

START_TEST(cells_of_every_kind_read_as_shown)
{
	char rows[400];
	const char *got;

	snprintf(rows, sizeof(rows), HEAD "<row r='2'>%s</row>", CELLS[_i].c);
	ck_ok(read_rows("", rows, "<sst><si><t>x_x000D_\ny</t></si></sst>", NO_STYLES));
	got = cell(0, 0, 0);
	ck_assert_uint_eq(found.n, 0);
	if (CELLS[_i].shown == NULL)
		ck_assert_ptr_null(got);
	else
		ck_assert_str_eq(got, CELLS[_i].shown);
	done();
}
END_TEST

/* openpyxl and others write formulas without what they come to; to read them as empty would lose a condition. */
START_TEST(a_formula_that_nobody_has_calculated_is_an_error)
{
	struct buf text;

	ck_ok(read_rows("", HEAD "<row r='2'><c r='A2'><f>1+1</f></c><c r='B2'><f>1+1</f><v/></c></row>", NO_STRINGS, NO_STYLES));
	buf_init(&text, 4096);
	findings_print(&found, "f", &text);
	ck_assert_ptr_nonnull(strstr(buf_str(&text), "f: sheet survey, row 2, column A: the formula has no stored result"));
	ck_assert_ptr_nonnull(strstr(buf_str(&text), "f: sheet survey, row 2, column B: the formula has no stored result"));
	buf_free(&text);
	done();
	/* right of the header nobody reads it */
	ck_ok(read_rows("", HEAD "<row r='2'><c r='B2'><v>1</v></c><c r='D2'><f>1+1</f></c><c r='E2' t='e'><v>#REF!</v></c></row>", NO_STRINGS,
	    NO_STYLES));
	ck_assert_uint_eq(found.n, 0);
	done();
}
END_TEST

START_TEST(rows_far_below_are_told_about)
{
	ck_ok(read_rows("", HEAD "<row r='2'><c r='A2'><v>1</v></c></row><row r='900' ht='20'/><row r='1048576'><c r='A1048576'><v>3</v></c></row>",
	    NO_STRINGS, NO_STYLES));
	ck_assert_uint_eq(book.sheets[0].n_rows, 1);
	ck_assert_uint_eq(book.sheets[0].stray_row, 1048576);
	done();
	ck_ok(read_rows("", HEAD "<row r='2'><c r='A2'><v>1</v></c></row><row r='1048576' ht='20'/>", NO_STRINGS, NO_STYLES));
	ck_assert_uint_eq(book.sheets[0].stray_row, 0);
	done();
	ck_err(read_rows("", HEAD "<row r='3'><c r='A3'><v>1</v></c></row><row r='2'><c r='A2'><v>2</v></c></row>", NO_STRINGS, NO_STYLES),
	    ERR_INPUT, "row 2 after row 3");
	done();
}
END_TEST

#define OFFICE "<Relationships><Relationship Id='r' Type='x/officeDocument' Target='%s'/></Relationships>"

/* How other programs name the parts, ECMA-376 part 2, 9.3: relative and absolute targets. */
static const struct { const char *name, *target; bool ok; } NAMED[] = { { "survey", "worksheets/sheet1.xml", true },
	{ "Survey ", "/xl/worksheets/sheet1.xml", true }, { "\xC2\xA0SURVEY", "./worksheets/sheet1.xml", true },
	{ "survey", "worksheets\\sheet1.xml", true }, { "survey", "../xl/worksheets/Sheet1.xml", true }, { "survey", "worksheets/sheet2.xml", false } };

START_TEST(a_sheet_is_found_however_it_is_named)
{
	char workbook[300], rels[400];
	unsigned char *data;
	size_t len;

	snprintf(workbook, sizeof(workbook), "<workbook xmlns:r='r'><sheets><sheet name='%s' sheetId='1' r:id='a'/></sheets></workbook>", NAMED[_i].name);
	snprintf(rels, sizeof(rels), "<Relationships><Relationship Id='a' Type='x/worksheet' Target='%s'/></Relationships>", NAMED[_i].target);
	const struct part parts[] = { { "_rels/.rels", RELS, 0 }, { "xl/workbook.xml", workbook, 0 }, { "xl/_rels/workbook.xml.rels", rels, 0 },
		{ "xl/worksheets/sheet1.xml", "<worksheet><sheetData>" HEAD "</sheetData></worksheet>", 0 }, { NULL, NULL, 0 } };
	len = zip_parts(parts, &data);
	if (NAMED[_i].ok) {
		ck_ok(read_bytes(data, len));
		ck_assert_uint_eq(book.sheets[0].n_columns, 2);
		ck_assert_int_eq(strcasecmp(book.sheets[0].name, "survey"), 0);
	} else {
		ck_err(read_bytes(data, len), ERR_INPUT, "is missing from the workbook");
	}
	free(data);
	done();
}
END_TEST

#define PACKAGE "http://schemas.openxmlformats.org/package/2006/relationships"
#define TRANSITIONAL "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#define MAIN "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
#define STRICT "http://purl.oclc.org/ooxml/officeDocument/relationships"
#define STRICT_MAIN "http://purl.oclc.org/ooxml/spreadsheetml/main"

/* One workbook in the shapes in which the programs at hand write it: survey with "type" and "l\303\251gende" over "text"
 * and 42. Written from ECMA-376 (5th edition) and the shape of those programs' files, not copied from any. */
static const struct {
	const char *writer, *rel_ns, *sep;	/* relationship types begin so; separator in the archive */
	const char *book, *sheet, *strings, *sheet_target;
} WRITERS[] = {
	{ "LibreOffice", TRANSITIONAL, "/", "<workbook xmlns='" MAIN "' xmlns:r='" TRANSITIONAL "'><fileVersion appName='Calc'/>"
	    "<workbookPr backupFile='false' showObjects='all' date1904='false'/><sheets><sheet name='survey' sheetId='1' state='visible' r:id='s'/></sheets></workbook>",
	    "<worksheet xmlns='" MAIN "'><sheetPr filterMode='false'/><dimension ref='A1:B2'/><cols><col min='1' max='1025' width='11.52'/></cols><sheetData>"
	    "<row r='1' customFormat='false' ht='12.8'><c r='A1' s='0' t='s'><v>0</v></c><c r='B1' s='0' t='s'><v>1</v></c></row>"
	    "<row r='2'><c r='A2' s='0' t='s'><v>2</v></c><c r='B2' s='0' t='n'><v>42</v></c></row></sheetData></worksheet>",
	    "<sst xmlns='" MAIN "' count='3' uniqueCount='3'><si><t xml:space='preserve'>type</t></si><si><t xml:space='preserve'>l\303\251gende</t></si>"
	    "<si><t xml:space='preserve'>text</t></si></sst>", "worksheets/sheet1.xml" },
	{ "Google Sheets", TRANSITIONAL, "/", "<workbook xmlns='" MAIN "' xmlns:r='" TRANSITIONAL "'><workbookPr/><sheets><sheet state='visible' name='survey' "
	    "sheetId='1' r:id='s'/></sheets><definedNames/><calcPr/></workbook>",
	    "<worksheet xmlns='" MAIN "'><sheetData><row r='1'><c r='A1' s='1' t='s'><v>0</v></c><c r='B1' s='1' t='s'><v>1</v></c><c r='C1' s='1'/></row>"
	    "<row r='2' ht='15.75'><c r='A2' s='1' t='s'><v>2</v></c><c r='B2' s='1'><v>42.0</v></c><c r='C2' s='1'/></row><row r='3'/></sheetData></worksheet>",
	    "<sst xmlns='" MAIN "'><si><t>type</t></si><si><t>l\303\251gende</t></si><si><t>text</t></si></sst>", "worksheets/sheet1.xml" },
	{ "openpyxl", TRANSITIONAL, "/", "<workbook xmlns='" MAIN "'><workbookPr/><bookViews><workbookView visibility='visible'/></bookViews><sheets>"
	    "<sheet xmlns:ns1='" TRANSITIONAL "' name='survey' sheetId='1' state='visible' ns1:id='s'/></sheets></workbook>",
	    "<worksheet xmlns='" MAIN "'><sheetData><row r='1'><c r='A1' t='inlineStr'><is><t>type</t></is></c><c r='B1' t='inlineStr'><is><t>l\303\251gende</t></is></c>"
	    "</row><row r='2'><c r='A2' t='inlineStr'><is><t>text</t></is></c><c r='B2' t='n'><v>42</v></c></row></sheetData></worksheet>",
	    "<sst xmlns='" MAIN "' uniqueCount='0'/>", "/xl/worksheets/sheet1.xml" },
	{ "exceljs", TRANSITIONAL, "/", "<workbook xmlns='" MAIN "' xmlns:r='" TRANSITIONAL "' xmlns:mc='m' mc:Ignorable='x15'><workbookPr defaultThemeVersion='164011'/>"
	    "<sheets><sheet sheetId='1' name='survey' state='visible' r:id='s'/></sheets></workbook>",
	    "<worksheet xmlns='" MAIN "'><sheetData><row r='1' spans='1:2' x14ac:dyDescent='0.25' xmlns:x14ac='a'><c r='A1' t='s'><v>0</v></c><c r='B1' t='s'><v>1</v></c></row>"
	    "<row r='2' spans='1:2'><c r='A2' t='s'><v>2</v></c><c r='B2'><f>40+2</f><v>42</v></c></row></sheetData></worksheet>",
	    "<sst xmlns='" MAIN "'><si><t>type</t></si><si><r><rPr><b/></rPr><t>l\303\251</t></r><r><t>gende</t></r></si><si><t>text</t></si></sst>", "worksheets/sheet1.xml" },
	{ "WPS", TRANSITIONAL, "/", "<workbook xmlns='" MAIN "' xmlns:r='" TRANSITIONAL "'><fileVersion appName='xl' lastEdited='3'/><workbookPr/><sheets>"
	    "<sheet name='survey' sheetId='1' r:id='s'/></sheets></workbook>",
	    "<worksheet xmlns='" MAIN "'><sheetData><row r='1' spans='1:2'><c r='A1' t='s'><v>0</v></c><c r='B1' t='s'><v>1</v></c></row>"
	    "<row r='2' spans='1:2'><c r='A2' t='s'><v>2</v></c><c r='B2'><v>42</v></c></row></sheetData><phoneticPr fontId='1' type='noConversion'/></worksheet>",
	    "<sst xmlns='" MAIN "'><si><t>type</t><phoneticPr fontId='1'/></si><si><t>l\303\251gende</t><rPh sb='0' eb='1'><t>la</t></rPh><phoneticPr fontId='1'/></si>"
	    "<si><t>text</t></si></sst>", "worksheets/sheet1.xml" },
	{ "Excel, strict", STRICT, "/", "<workbook xmlns='" STRICT_MAIN "' xmlns:r='" STRICT "' conformance='strict'><workbookPr date1904='false'/><sheets>"
	    "<sheet name='survey' sheetId='1' r:id='s'/></sheets></workbook>",
	    "<worksheet xmlns='" STRICT_MAIN "'><sheetData><row r='1'><c r='A1' t='s'><v>0</v></c><c r='B1' t='s'><v>1</v></c></row><row r='2'><c r='A2' t='s'>"
	    "<v>2</v></c><c r='B2'><v>42</v></c></row></sheetData></worksheet>",
	    "<sst xmlns='" STRICT_MAIN "'><si><t>type</t></si><si><t>l\303\251gende</t></si><si><t>text</t></si></sst>", "worksheets/sheet1.xml" },
	{ "Open XML SDK (a prefix, no references)", TRANSITIONAL, "/", "<x:workbook xmlns:x='" MAIN "' xmlns:r='" TRANSITIONAL "'><x:sheets><x:sheet name='survey' "
	    "sheetId='1' r:id='s'/></x:sheets></x:workbook>",
	    "<x:worksheet xmlns:x='" MAIN "'><x:sheetData><x:row><x:c t='str'><x:v>type</x:v></x:c><x:c t='str'><x:v>l&#233;gende</x:v></x:c></x:row>"
	    "<x:row><x:c t='inlineStr'><x:is><x:t><![CDATA[text]]></x:t></x:is></x:c><x:c><x:v>4.2E1</x:v></x:c></x:row></x:sheetData></x:worksheet>",
	    "<x:sst xmlns:x='" MAIN "'/>", "/xl/worksheets/sheet1.xml" },
	{ ".NET before 4.6.1", TRANSITIONAL, "\\", "<workbook xmlns='" MAIN "' xmlns:r='" TRANSITIONAL "'><sheets><sheet name='survey' sheetId='1' r:id='s'/></sheets></workbook>",
	    "<worksheet xmlns='" MAIN "'><sheetData><row r='1'><c r='A1' t='s'><v>0</v></c><c r='B1' t='s'><v>1</v></c></row><row r='2'><c r='A2' t='s'>"
	    "<v>2</v></c><c r='B2'><v>42</v></c></row></sheetData></worksheet>",
	    "<sst xmlns='" MAIN "'><si><t>type</t></si><si><t>l\303\251gende</t></si><si><t>text</t></si></sst>", "worksheets\\sheet1.xml" },
};

START_TEST(the_same_workbook_reads_the_same_from_every_writer)
{
	char root[400], rels[1000], names[5][60] = { "_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/worksheets/sheet1.xml",
		"xl/sharedStrings.xml" };
	unsigned char *data;
	size_t len;

	snprintf(root, sizeof(root), "<Relationships xmlns='" PACKAGE "'><Relationship Id='b' Type='%s/officeDocument' Target='xl/workbook.xml'/></Relationships>",
	    WRITERS[_i].rel_ns);
	snprintf(rels, sizeof(rels), "<Relationships xmlns='" PACKAGE "'><Relationship Id='s' Type='%s/worksheet' Target='%s'/><Relationship Id='t' "
	    "Type='%s/sharedStrings' Target='sharedStrings.xml'/></Relationships>", WRITERS[_i].rel_ns, WRITERS[_i].sheet_target, WRITERS[_i].rel_ns);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		for (char *p = names[i]; *p != '\0'; p++)
			if (*p == '/')
				*p = WRITERS[_i].sep[0];
	const struct part parts[] = { { names[0], root, 0 }, { names[1], WRITERS[_i].book, 0 }, { names[2], rels, 0 },
		{ names[3], WRITERS[_i].sheet, 0 }, { names[4], WRITERS[_i].strings, 0 }, { NULL, NULL, 0 } };
	len = zip_parts(parts, &data);
	ck_assert_msg(read_bytes(data, len) == ERR_OK, "%s: %s", WRITERS[_i].writer, err.msg);
	ck_assert_msg(found.n == 0, "%s", WRITERS[_i].writer);
	ck_assert_str_eq(book.sheets[0].name, "survey");
	ck_assert_str_eq(book.sheets[0].header[0], "type");
	ck_assert_str_eq(book.sheets[0].header[1], "l\303\251gende");
	ck_assert_uint_eq(book.sheets[0].n_rows, 1);
	ck_assert_uint_eq(book.sheets[0].rows[0].number, 2);
	ck_assert_str_eq(cell(0, 0, 0), "text");
	ck_assert_str_eq(cell(0, 0, 1), "42");
	free(data);
	done();
}
END_TEST

static const struct { const char *name, *text, *target, *says; } ARCHIVES[] = {
	{ "Index/Document.iwa", "x", NULL, "Apple Numbers" }, { "my form.xlsx", "x", NULL, "unpack it and give the file \"my form.xlsx\"" },
	{ "readme.txt", "x", NULL, "no .xlsx workbook" }, { "xl/workbook.bin", "x", "xl/workbook.bin", "(.xlsb): open it and save it as .xlsx" },
	{ "word/document.xml", "<x/>", "word/document.xml", "text document" },
	{ "xl/workbook.xml", "\xFF\xFE<\0x\0/\0>\0", "xl/workbook.xml", "open it in a spreadsheet program and save it again" },
};

START_TEST(another_archive_is_told_what_it_is)
{
	char rels[300];
	unsigned char *data;
	size_t len;

	snprintf(rels, sizeof(rels), OFFICE, ARCHIVES[_i].target != NULL ? ARCHIVES[_i].target : "");
	const struct part parts[] = { { ARCHIVES[_i].name, ARCHIVES[_i].text, ARCHIVES[_i].text[0] == '\xFF' ? 10 : 0 },
		{ ARCHIVES[_i].target != NULL ? "_rels/.rels" : NULL, rels, 0 }, { NULL, NULL, 0 } };
	len = zip_parts(parts, &data);
	ck_err(read_bytes(data, len), ERR_INPUT, ARCHIVES[_i].says);
	free(data);
	done();
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("sheet");
	TCase *t = tcase_create("sheet");

	tcase_add_test(t, shared_inline_formula_and_boolean_cells_read_as_shown);
	tcase_add_loop_test(t, numbers_read_without_needless_points, 0, (int)ARRAY_LEN(NUMBERS));
	tcase_add_loop_test(t, date_cells_read_as_dates, 0, (int)ARRAY_LEN(DATES));
	tcase_add_test(t, rows_keep_their_numbers_and_stop_after_60_empty_ones);
	tcase_add_test(t, an_error_value_is_named_with_its_cell);
	tcase_add_test(t, a_header_twice_is_an_error_that_names_its_column);
	tcase_add_test(t, csv_holds_several_sheets_and_counts_records_not_lines);
	tcase_add_loop_test(t, a_csv_reads_the_same_however_it_was_saved, 0, (int)ARRAY_LEN(CSV));
	tcase_add_loop_test(t, a_csv_that_cannot_be_read_is_told_where_and_how_to_mend_it, 0, (int)ARRAY_LEN(CSV_BAD));
	tcase_add_test(t, a_byte_0_or_a_huge_cell_far_into_a_csv_has_a_place);
	tcase_add_test(t, values_beside_the_header_have_a_place);
	tcase_add_test(t, ends_of_lines_inside_a_csv_cell_are_one);
	tcase_add_loop_test(t, a_file_of_another_kind_is_told_what_it_is, 0, (int)ARRAY_LEN(STRANGE));
	tcase_add_test(t, zeros_are_refused);
	tcase_add_test(t, a_zip_bomb_is_refused_at_once);
	tcase_add_test(t, a_part_that_is_too_long_is_refused_before_it_is_read);
	tcase_add_test(t, a_truncated_workbook_is_refused_wherever_it_is_cut);
	tcase_add_test(t, a_document_type_in_a_part_is_refused);
	tcase_add_loop_test(t, cells_of_every_kind_read_as_shown, 0, (int)ARRAY_LEN(CELLS));
	tcase_add_test(t, a_formula_that_nobody_has_calculated_is_an_error);
	tcase_add_test(t, rows_far_below_are_told_about);
	tcase_add_loop_test(t, a_sheet_is_found_however_it_is_named, 0, (int)ARRAY_LEN(NAMED));
	tcase_add_loop_test(t, the_same_workbook_reads_the_same_from_every_writer, 0, (int)ARRAY_LEN(WRITERS));
	tcase_add_loop_test(t, another_archive_is_told_what_it_is, 0, (int)ARRAY_LEN(ARCHIVES));
	tcase_add_test(t, an_opendocument_file_is_told_how_to_save_it);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite)
