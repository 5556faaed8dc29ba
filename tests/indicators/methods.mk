# Indicator methods against published implementations.
.PHONY: vectors-statistics
vectors-statistics: $(O)/tests/indicators/vectors-statistics ## indicator methods against the vectors in VECTORS/statistics
	@$< $(wildcard $(VECTORS)/statistics/*.jsonl)
