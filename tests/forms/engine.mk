# The engine: vectors of other projects' own tests, benches.
.PHONY: vectors-xpath vectors-scenarios vectors-probes bench-engine
vectors-xpath: $(O)/tests/forms/vectors-xpath ## expressions of other engines' tests (VECTORS=DIR)
	@if [ -d $(VECTORS)/xpath ]; then $< $(VECTORS)/xpath/*.jsonl; else echo "SKIP: no $(VECTORS)/xpath"; fi
vectors-scenarios: $(O)/tests/forms/vectors-scenarios ## whole forms of other engines' tests (VECTORS=DIR)
	@if [ -d $(VECTORS)/scenarios ]; then $< $(VECTORS)/scenarios/*.jsonl; else echo "SKIP: no $(VECTORS)/scenarios"; fi
vectors-probes: $(O)/tests/forms/vectors-probes ## where engines differ, and what we do (VECTORS=DIR)
	@if [ -d $(VECTORS)/probes ]; then $< tests/forms/probes.csv $(VECTORS)/probes; else echo "SKIP: no $(VECTORS)/probes"; fi
bench-engine: $(O)/tests/forms/bench_engine ## form load, answers, session size, choice filter
	@$<
