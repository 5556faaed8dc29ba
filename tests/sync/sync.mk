.PHONY: cuts
cuts: deps-test ## a connection cut after every byte of a delivery, both ways, and along an enrolment: 0 lost, 0 doubled
	@$(MAKE) --no-print-directory $(JOBS) all runners
	@python3 tests/sync/cuts.py build/release 1

.PHONY: tls
tls: deps-test ## hostile devices: wrong CA, no, rogue, expired and revoked certificates, garbage, half a ClientHello
	@$(MAKE) --no-print-directory $(JOBS) V=asan all tests
	@python3 tests/sync/hostile.py build/asan

SIM_SEEDS ?= 10000
.PHONY: sim
sim: deps-test ## boxes (each 200th time 1,000) and a centre from SIM_SEEDS (10000) seeds: loss, doubling, kills, restores, failing commits
	@$(MAKE) --no-print-directory $(JOBS) V=asan build/asan/tests/sync/test_sim
	@CANDOUR_SIM_SEEDS=$(SIM_SEEDS) CK_DEFAULT_TIMEOUT=3600 build/asan/tests/sync/test_sim

.PHONY: bench-reconnect
bench-reconnect: deps-test ## 10,000 devices reconnecting by full mutual TLS against GnuTLS handshakes alone (`make bench` takes 2,000)
	@$(MAKE) --no-print-directory $(JOBS) all build/release/tests/sync/tool_reconnect build/release/tests/sync/tool_keys
	@DEVICES=10000 tests/sync/bench_reconnect.sh
