# Indicator methods against published implementations; disclosure control against attackers.
.PHONY: vectors-statistics
vectors-statistics: $(O)/tests/indicators/vectors-statistics ## indicator methods against the vectors in VECTORS/statistics
	@$< $(wildcard $(VECTORS)/statistics/*.jsonl)

# Each base seed is 10,000 publications and 10,000 small tables, some three minutes.
DISCLOSURE_SEEDS ?= 20261122 31415926 271828182
.PHONY: disclosure
disclosure: $(O)/tests/indicators/test_disclosure ## attackers on 10,000 made-up publications and 10,000 small tables for each of DISCLOSURE_SEEDS
	@for s in $(DISCLOSURE_SEEDS); do DISCLOSURE_SEED=$$s DISCLOSURE_TABLES=10000 $< || exit 1; done
