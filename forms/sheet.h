/* The sheets of a workbook as text: .xlsx and .xlsm (ECMA-376), or our multi-sheet .csv (RFC 4180; column 1
 * names a sheet, the next filled row is its header). What the kind is, is seen from the bytes. */
#ifndef FORMS_SHEET_H
#define FORMS_SHEET_H

#include <stdint.h>

#include "base/arena.h"
#include "forms/findings.h"

enum sheet_limits {
	SHEET_FILE_MAX = 16 << 20,	/* bytes of the file */
	SHEET_PART_MAX = 64 << 20,	/* bytes of an inflated part of an .xlsx */
	SHEET_ALL_MAX = 256 << 20,	/* of all parts read */
	SHEET_RATIO_MAX = 100,		/* inflated to stored, of a part over 1 MiB */
	SHEET_MEM_MAX = 32 << 20,	/* all cells kept */
	SHEET_SHEETS_MAX = 64,
	SHEET_COLUMNS_MAX = 1024,
	SHEET_CELL_MAX = 32767,		/* characters of a cell */
	SHEET_EMPTY_COLUMNS = 20,	/* the header ends after so many empty cells, */
	SHEET_EMPTY_ROWS = 60,		/* a sheet after so many empty rows */
	SHEET_PLACE = 200,		/* bytes of what sheet_place writes */
};

enum sheet_kind { SHEET_XLSX, SHEET_CSV, SHEET_XFORM };

struct sheet_row {
	unsigned number;	/* 2 is the first below the header, as the spreadsheet shows it */
	unsigned line;		/* of the .csv file; 0 in .xlsx */
	const char **cells;	/* one a header column; NULL: empty. Stripped, never "" */
};

struct sheet {
	const char *name;
	const char **header;	/* NULL where the header cell is empty */
	size_t n_columns;
	struct sheet_row *rows;	/* rows with at least one filled cell */
	size_t n_rows, cap;
	unsigned header_line;
	struct {
		unsigned row, line;
		size_t column;
	} beside;		/* the first cell right of the header, which was left out; row 0: none */
	unsigned stray_row;	/* the first that was left out after SHEET_EMPTY_ROWS empty ones, 0: none */
	bool hidden;
};

struct workbook {
	enum sheet_kind kind;
	struct arena mem;	/* everything below */
	struct sheet *sheets;
	size_t n_sheets;
};

/* The kind of LEN bytes, from their first ones. ERR_INPUT for an old .xls, other archives, empty or binary
 * files; the message says what it is and how to save it. */
enum err_code sheet_kind(const void *data, size_t len, enum sheet_kind *kind, struct err *err) MUST_CHECK;
/* Read all sheets. Cells that cannot be used (error values, repeated headers) become findings. On failure
 * *BOOK is empty. ERR_INPUT, ERR_LIMIT (a cap above, named), ERR_NOMEM. Free with workbook_clear. */
enum err_code workbook_read(const void *data, size_t len, struct workbook *book, struct findings *findings,
	struct err *err) MUST_CHECK;
void workbook_clear(struct workbook *book);

/* A sheet called NAME says something of a form: survey, choices .. in any case. */
bool sheet_has_role(const char *name);
/* "A", "AB": column I (from 0) of a KIND as the spreadsheet names it: in a .csv the first holds names of sheets. */
void sheet_column_name(enum sheet_kind kind, size_t i, char name[8]);

/* --- for xlsx.c and csv.c ---------------------------------------------------------------------------- */

struct sheet_build {
	struct workbook *book;
	struct findings *findings;
	struct sheet *sheet;
	size_t at;		/* index of the sheet */
	const char **cells;	/* the row being read, SHEET_COLUMNS_MAX long */
	size_t used;		/* filled up to here */
	bool has_header, done;
	size_t beside;		/* the first column of this row right of the header, SIZE_MAX: none */
	unsigned last;		/* number of the last filled row */
};

/* "sheet survey, row 3 (line 7), column C"; without the line if it is 0. */
void sheet_place(const struct sheet_build *b, unsigned row, unsigned line, size_t column, char place[SHEET_PLACE]);
/* Start a sheet called NAME, blanks around it cut: nobody sees them. */
enum err_code sheet_begin(struct sheet_build *b, const char *name, struct err *err) MUST_CHECK;
/* Put TEXT into column I of the current row: nbsp to space, stripped, copied. */
enum err_code sheet_put(struct sheet_build *b, size_t i, const char *text, size_t len, struct err *err) MUST_CHECK;
/* A text that many cells share, cleaned and kept; then put without another copy. */
enum err_code sheet_share(struct sheet_build *b, const char *text, size_t len, const char **out,
	struct err *err) MUST_CHECK;
void sheet_put_shared(struct sheet_build *b, size_t i, const char *text);
/* The current row is complete: it is row NUMBER (1 = header). */
enum err_code sheet_row_end(struct sheet_build *b, unsigned number, unsigned line, struct err *err) MUST_CHECK;

enum err_code xlsx_read(const void *data, size_t len, struct sheet_build *b, struct err *err) MUST_CHECK;
enum err_code csv_read(const char *text, size_t len, struct sheet_build *b, struct err *err) MUST_CHECK;

#endif
