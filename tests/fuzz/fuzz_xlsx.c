/* The parts of an .xlsx: the first byte says which part the rest becomes, the others are sound; so the zip and
 * its checks are passed and the XML of each part is what is tried. Never a crash; cells are clean text. */
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "base/codec.h"
#include "forms/sheet.h"

static const char *const PARTS[][2] = {
	{ "xl/worksheets/sheet1.xml", "<worksheet><sheetData><row r='1'><c r='A1' t='s'><v>0</v></c><c t='s'><v>1</v></c></row>"
	    "<row r='3'><c r='A3' s='1'><v>45000</v></c><c r='B3' t='b'><v>1</v></c></row></sheetData></worksheet>" },
	{ "xl/sharedStrings.xml", "<sst><si><t>type</t></si><si><r><t>na</t></r><r><t>me</t></r></si></sst>" },
	{ "xl/styles.xml", "<styleSheet><cellXfs><xf numFmtId='0'/><xf numFmtId='14'/></cellXfs></styleSheet>" },
	{ "xl/workbook.xml", "<workbook xmlns:r='r'><sheets><sheet name='survey' r:id='rId1'/></sheets></workbook>" },
	{ "xl/_rels/workbook.xml.rels", "<Relationships><Relationship Id='rId1' Type='x/worksheet' Target='worksheets/sheet1.xml'/>"
	    "<Relationship Id='rId2' Type='x/sharedStrings' Target='sharedStrings.xml'/>"
	    "<Relationship Id='rId3' Type='x/styles' Target='styles.xml'/></Relationships>" },
	{ "_rels/.rels", "<Relationships><Relationship Id='r' Type='x/officeDocument' Target='xl/workbook.xml'/></Relationships>" },
};

static size_t
make(const uint8_t *data, size_t size, unsigned char **out)
{
	zip_error_t ze;
	zip_source_t *src;
	zip_stat_t st;
	zip_t *z;
	size_t which = data[0] % ARRAY_LEN(PARTS), len;

	zip_error_init(&ze);
	src = zip_source_buffer_create(NULL, 0, 0, &ze);
	z = zip_open_from_source(src, ZIP_CREATE | ZIP_TRUNCATE, &ze);
	if (z == NULL)
		abort();
	zip_source_keep(src);
	for (size_t i = 0; i < ARRAY_LEN(PARTS); i++) {
		const void *text = i == which ? (const void *)(data + 1) : (const void *)PARTS[i][1];
		zip_int64_t at = zip_file_add(z, PARTS[i][0], zip_source_buffer(z, text, i == which ? size - 1 : strlen(PARTS[i][1]),
		    0), 0);

		if (at < 0 || zip_set_file_compression(z, (zip_uint64_t)at, ZIP_CM_STORE, 0) != 0)
			abort();
	}
	if (zip_close(z) != 0)
		abort();
	zip_source_open(src);
	zip_source_stat(src, &st);
	len = (size_t)st.size;
	*out = malloc(len);
	if (*out == NULL || zip_source_read(src, *out, len) != (zip_int64_t)len)
		abort();
	zip_source_close(src);
	zip_source_free(src);
	return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct workbook book;
	struct findings found;
	struct err err = { 0 };
	unsigned char *file;
	size_t len;
	enum err_code rc;

	if (size < 1)
		return 0;
	len = make(data, size, &file);
	findings_init(&found);
	rc = workbook_read(file, len, &book, &found, &err);
	if (rc != ERR_OK && err.msg[0] == '\0')
		abort();
	for (size_t s = 0; s < book.n_sheets; s++)
		for (size_t r = 0; r < book.sheets[s].n_rows; r++)
			for (size_t i = 0; i < book.sheets[s].n_columns; i++) {
				const char *cell = book.sheets[s].rows[r].cells[i];

				if (cell != NULL && (*cell == '\0' || !utf8_valid(cell, strlen(cell), NULL)))
					abort();
			}
	workbook_clear(&book);
	findings_clear(&found);
	free(file);
	return 0;
}
