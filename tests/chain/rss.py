#!/usr/bin/env python3
"""Start the four daemons, let some people answer, wait for delivery, print what each keeps in memory
(VmRSS and, fairer, Pss without the file-backed share) beside its budget.    rss.py BUILD"""
import os
import random
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from chain import give  # noqa: E402
from stack import Stack, wait_for  # noqa: E402

BUDGET = {"kiosk": 16, "sync": 16, "aggregator": 64}


def memory(pid):
    rss = anon = 0
    with open(f"/proc/{pid}/status") as f:
        for line in f:
            if line.startswith("VmRSS:"):
                rss = int(line.split()[1])
            if line.startswith("RssAnon:"):
                anon = int(line.split()[1])
    return rss / 1024, anon / 1024


def main():
    top = tempfile.mkdtemp(prefix="candour-rss-")
    stack = None
    try:
        stack = Stack(os.path.join(top, "stack"), os.path.abspath(sys.argv[1]))
        stack.start()
        rng, bad = random.Random(1), 0
        for i in range(50):
            ok, why = give(stack, i, rng)
            if not ok:
                raise AssertionError(f"visit {i}: {why}")
        wait_for("delivery", 60, lambda: len(stack.facts()[0]) >= 50)
        for name, d in stack.daemons.items():
            rss, anon = memory(d.process.pid)
            budget = BUDGET.get(name)
            print(f"{name:11} RSS {rss:6.1f} MB, of it its own {anon:5.1f} MB" + (f"; budget {budget} MB, ratio {rss / budget:.2f}" if budget else ""))
            bad += budget is not None and rss > budget
        return 1 if bad else 0
    finally:
        if stack:
            stack.stop()
        shutil.rmtree(top, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
