CHAIN_RESPONSES ?= 200
CHAIN_KILLS ?= 25
.PHONY: chain
chain: deps-test ## 200 responses while each of the four daemons is killed 25 times, then chain-pg: 0 lost, 0 doubled
	@$(MAKE) --no-print-directory $(JOBS) V=asan all tests
	@python3 tests/chain/chain.py build/asan $(CHAIN_RESPONSES) $(CHAIN_KILLS)
	@$(MAKE) --no-print-directory chain-pg

.PHONY: readme-shots
readme-shots: deps-test ## the two pictures of the README, from a demo of its own
	@$(MAKE) --no-print-directory $(JOBS) all
	@tests/chain/readme-shots.sh
