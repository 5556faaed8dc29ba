#!/bin/bash
# Memory of each daemon at rest after some visits, against its budget (docs/ARCHITECTURE.md).
exec python3 "$(dirname "$0")/rss.py" "${BUILD:-build/release}"
