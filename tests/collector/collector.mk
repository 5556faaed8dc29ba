# The sealed store: collector/.
.PHONY: crash
crash: ## 10,000 power cuts at every point of a store's life (CUTS=N, SEED=N)
	@$(MAKE) --no-print-directory $(JOBS) build/release/tests/collector/tool_crash
	@echo "Proof that these checks can fail: without the folder's sync, and on a disk that lies about its syncs, something is lost:"
	build/release/tests/collector/tool_crash --cuts 400 --no-folder-sync --seed $(or $(SEED),0)
	build/release/tests/collector/tool_crash --cuts 400 --lying --seed $(or $(SEED),0)
	@echo "The store as it is, with the columns of later versions left out, and in full: nothing may be lost:"
	build/release/tests/collector/tool_crash --cuts 1000 --no-extra --seed $(or $(SEED),0)
	build/release/tests/collector/tool_crash --cuts $(or $(CUTS),10000) --seed $(or $(SEED),0)

.PHONY: faults
faults: ## the n-th disk operation, system call, allocation of a store's life and of the files beside it fails, for every n (STRIDE=N)
	@$(MAKE) --no-print-directory $(JOBS) build/release/tests/collector/tool_fault
	build/release/tests/collector/tool_fault --stride $(or $(STRIDE),1) --seed $(or $(SEED),0)

.PHONY: full
full: deps-test ## disks that fill up: 8 MiB under the kiosk, 6 MiB under the centre
	@$(MAKE) --no-print-directory $(JOBS) V=asan all tests
	BUILD=build/asan bash tests/collector/test_full.sh
	BUILD=build/asan bash tests/sync/test_full.sh

.PHONY: memory
memory: deps-test ## the kiosk's memory, registers and files a minute after the last visit: none of the words that were typed
	@$(MAKE) --no-print-directory $(JOBS) all
	@python3 tests/collector/memory.py build/release 60
