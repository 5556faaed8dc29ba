# Facts: speeds.
.PHONY: bench-facts
bench-facts: $(O)/tests/indicators/bench_facts ## indicator updates against full recomputes and plain SQL
	@$<

# The acceptance sizes: 10,000,000 facts, and 1,000,000 responses with 20 indicators. Some minutes and 5 GB of /tmp.
.PHONY: bench-facts-large
bench-facts-large: $(O)/tests/indicators/bench_facts ## the same with 10,000,000 and 20,000,000 facts
	@$< 10000000
	@$< 20000000
