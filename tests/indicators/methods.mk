# Indicator methods against published implementations; disclosure control against attackers.
.PHONY: vectors-statistics
vectors-statistics: $(O)/tests/indicators/vectors-statistics ## indicator methods against the vectors in VECTORS/statistics
	@$< $(wildcard $(VECTORS)/statistics/*.jsonl)

# Each base seed is 10,000 publications and 10,000 small tables, some four minutes; then whole publications prepared from facts.
DISCLOSURE_SEEDS ?= 20261122 31415926 271828182
.PHONY: disclosure
disclosure: $(addprefix $(O)/tests/indicators/test_,disclosure prepare prepare_family) ## attackers on 10,000 made-up publications and 10,000 small tables for each of DISCLOSURE_SEEDS
	@for s in $(DISCLOSURE_SEEDS); do DISCLOSURE_SEED=$$s DISCLOSURE_TABLES=10000 $< || exit 1; done
	@for s in $(DISCLOSURE_SEEDS); do for i in 0 1 2 3 4 5 6 7 8 9; do for t in prepare prepare_family; do \
	    SEEDS_FROM=$$(($$s + $$i * 1000)) $(O)/tests/indicators/test_$$t || exit 1; done; done; done
