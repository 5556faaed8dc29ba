/* Any bytes as multi-sheet .csv: no crash, clean cells, rows in order. "survey" is put in front so that most
 * inputs get as far as the rows. */
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "forms/sheet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char head[] = "survey\n,type,name,label,,\n";
	struct workbook book;
	struct findings found;
	struct err err = { 0 };
	char *text = malloc(size + sizeof(head));

	if (text == NULL)
		return 0;
	memcpy(text, head, sizeof(head) - 1);
	memcpy(text + sizeof(head) - 1, data, size);
	findings_init(&found);
	if (workbook_read(text, size + sizeof(head) - 1, &book, &found, &err) == ERR_OK) {
		if (book.n_sheets == 0 || strcmp(book.sheets[0].name, "survey") != 0 || book.sheets[0].n_columns != 3)
			abort();
		for (size_t r = 0; r < book.sheets[0].n_rows; r++)
			for (size_t i = 0; i < 3; i++)
				if (book.sheets[0].rows[r].cells[i] != NULL && !utf8_valid(book.sheets[0].rows[r].cells[i],
				    strlen(book.sheets[0].rows[r].cells[i]), NULL))
					abort();
	}
	workbook_clear(&book);
	findings_clear(&found);
	free(text);
	return 0;
}
