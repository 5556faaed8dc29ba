.PHONY: store
store: deps-test ## the central store's suite on SQLite, PostgreSQL and, where CANDOUR_TEST_CITUS names one, Citus
	@$(MAKE) --no-print-directory $(JOBS) V=asan build/asan/tests/aggregator/test_store build/asan/tests/aggregator/test_store_faults
	@build/asan/tests/aggregator/test_store
	@build/asan/tests/aggregator/test_store_faults
