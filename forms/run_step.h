/* What run.c and run_step.c share. */
#ifndef FORMS_RUN_STEP_H
#define FORMS_RUN_STEP_H

#include "forms/eval.h"

/* A growing list of nodes in the scratch. */
struct nlist { struct run *x; struct nref *list; uint32_t n, cap; };
bool nlist_add(struct nlist *l, struct nref node);
bool put_set(struct run *x, struct val *out, const struct nref *list, uint32_t n);
bool run_predicates(struct run *x, uint32_t pc, unsigned n, struct nref *list, uint32_t *count);
/* One step with its predicates over the set in V. */
bool step_run(struct run *x, uint32_t pc, const struct op *op, struct val *v);
bool is_above(const struct tree *t, uint32_t row, uint32_t of);
bool tree_is(const struct tree *t, uint32_t row, const char *s, size_t n);
bool table_lookup(struct run *x, const struct op *op, struct val *v);

#endif
