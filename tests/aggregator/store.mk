.PHONY: store
store: deps-test ## the central store's suite on SQLite, PostgreSQL and, where CANDOUR_TEST_CITUS names one, Citus
	@$(MAKE) --no-print-directory $(JOBS) V=asan build/asan/tests/aggregator/test_store build/asan/tests/aggregator/test_store_faults \
		build/asan/tests/aggregator/test_store_retain build/asan/tests/aggregator/test_store_shards
	@build/asan/tests/aggregator/test_store_shards
	@build/asan/tests/aggregator/test_store
	@build/asan/tests/aggregator/test_store_faults
	@build/asan/tests/aggregator/test_store_retain

CHAIN_PG_KILLS ?= 100
.PHONY: chain-pg
chain-pg: deps-test ## 3 kiosks, 3 syncs, 2 aggregators, one PostgreSQL, any of them killed at random 100 times: 0 lost, 0 doubled
	@$(MAKE) --no-print-directory $(JOBS) V=asan all build/asan/tests/chain/tool_open
	@python3 tests/chain/chain_pg.py build/asan $(CHAIN_PG_KILLS)
