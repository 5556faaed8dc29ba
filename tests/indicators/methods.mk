# Indicator methods against published implementations.
.PHONY: vectors-statistics
vectors-statistics: $(O)/tests/indicators/vectors-statistics ## indicator methods against the vectors in VECTORS/statistics
	@$< $(wildcard $(VECTORS)/statistics/*.jsonl)

.PHONY: disclosure
disclosure: $(O)/tests/indicators/test_disclosure ## attackers on 10,000 made-up publications and 10,000 small tables
	@DISCLOSURE_TABLES=10000 $<
