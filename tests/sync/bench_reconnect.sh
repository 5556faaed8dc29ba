#!/bin/bash
# 2,000 devices reconnecting, a stalled ClientHello, 500 idle connections. `make bench-reconnect` takes 10,000 devices.
exec python3 tests/sync/reconnect.py "${BUILD:-build/release}" "${DEVICES:-2000}"
