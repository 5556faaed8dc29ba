#!/bin/bash
exec python3 tests/base/help.py "${BUILD:-build/asan}"
