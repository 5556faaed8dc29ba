/* Entities (ODK entities 2025.1.0). */
#include <string.h>

#include "forms/xlsform_int.h"

struct entity {
	const char *list;
};

void
xf_entities(struct xlsform *x)
{
	if (x->entities.sheet != NULL && x->entities.sheet->n_rows > 0)
		xf_error(x, &x->entities, x->entities.sheet->rows[0].number, x->entities.sheet->rows[0].line, NULL,
		    "entities are not supported: remove the sheet");
}

void
xf_write_entity_instance(struct writer *w, const struct entity *e)
{
	(void)w, (void)e;
}

void
xf_write_entity_binds(struct writer *w, const struct entity *e)
{
	(void)w, (void)e;
}

void
xf_write_entity_new_repeat(struct writer *w, const struct entity *e)
{
	(void)w, (void)e;
}
