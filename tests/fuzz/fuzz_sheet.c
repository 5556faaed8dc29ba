/* Any bytes as a workbook: never a crash, never more memory than the caps; what is read is clean text, and
 * reading it twice gives the same. */
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "forms/sheet.h"

static void
check_sheet(const struct sheet *s)
{
	for (size_t r = 0; r < s->n_rows; r++) {
		if (r > 0 && s->rows[r].number <= s->rows[r - 1].number)
			abort();
		for (size_t i = 0; i < s->n_columns; i++) {
			const char *cell = s->rows[r].cells[i];

			if (cell == NULL)
				continue;
			if (*cell == '\0' || *cell == ' ' || cell[strlen(cell) - 1] == ' ' || !utf8_valid(cell, strlen(cell), NULL))
				abort();
		}
	}
}

static size_t
once(const uint8_t *data, size_t size)
{
	struct workbook book;
	struct findings found;
	struct err err = { 0 };
	size_t cells = 0;
	enum err_code rc;

	findings_init(&found);
	rc = workbook_read(data, size, &book, &found, &err);
	if (rc != ERR_OK && (err.msg[0] == '\0' || book.n_sheets != 0))
		abort();
	for (size_t i = 0; i < book.n_sheets; i++) {
		check_sheet(&book.sheets[i]);
		cells += book.sheets[i].n_rows * (book.sheets[i].n_columns + 1);
	}
	workbook_clear(&book);
	findings_clear(&found);
	return cells;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (once(data, size) != once(data, size))
		abort();
	return 0;
}
