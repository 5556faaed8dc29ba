/* Numbers for Prometheus, in its text format 0.0.4: for each name what it is, its type, and all its values in one run. */
#ifndef AGGREGATOR_METRICS_H
#define AGGREGATOR_METRICS_H

#include "aggregator/store.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE };

/* What NAME is (HELP: a line of plain text); its values follow. */
void metric_head(struct buf *out, const char *name, enum metric_type type, const char *help);
/* A name with one value and no labels, with its head. */
void metric_one(struct buf *out, const char *name, enum metric_type type, const char *help, uint64_t value);
/* What ST last heard of each box. */
enum err_code metrics_boxes(struct store *st, int64_t now, struct buf *out, struct err *err) MUST_CHECK;

#endif
