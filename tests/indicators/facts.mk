# Facts: speeds.
.PHONY: bench-facts
bench-facts: $(O)/tests/indicators/bench_facts ## indicator updates against full recomputes and plain SQL
	@$<
