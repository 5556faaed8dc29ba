#!/usr/bin/env python3
"""The chain test: people answer at the kiosk while each of the four daemons is killed with SIGKILL again and
again. Every response for which "Thank you" was seen must be in the facts exactly once; one that was cut off
before, at most once.

    chain.py BUILD RESPONSES KILLS      (KILLS: how often each daemon is killed, at least)

The last line is "N given, N thanked, M unknown, 0 lost, 0 doubled"."""
import os
import random
import shutil
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from stack import Stack, wait_for  # noqa: E402
from visitor import Lost, Visitor  # noqa: E402


class Killer(threading.Thread):
    """Kills a random daemon at a random moment, as fast as the visits go on, until each had its share."""

    def __init__(self, stack, kills, rng, progress):
        super().__init__(daemon=True)
        self.stack, self.kills, self.rng, self.progress, self.done = stack, kills, rng, progress, threading.Event()
        self.failed = None

    def run(self):
        total = self.kills * len(self.stack.daemons)
        killed = 0
        try:
            while killed < total and not self.done.is_set():
                # Spread over the visits: the n-th kill comes when its share of them is over.
                if self.progress() * total < killed * 0.95 and not self.done.wait(0.01):
                    continue
                if self.done.wait(self.rng.uniform(0, 0.25)):
                    break
                d = self.rng.choice([d for d in self.stack.daemons.values() if d.kills < self.kills])
                d.kill()
                if self.rng.random() < 0.3:
                    self.done.wait(self.rng.uniform(0, 0.3))
                d.start()
                killed += 1
        except Exception as e:  # a daemon that does not start again is what this test is for
            self.failed = e


def sensible(page, answers):
    """An individual who answers alone; one answer only where several are offered."""
    form = next((f for f in page.forms if f["method"] == "post"), None)
    values = {f["value"]: f["name"] for f in form["fields"]} if form else {}
    for want in ("individual", "self", "standard", "1"):
        if want in values:
            answers[values[want]] = want
            break


def give(stack, i, rng):
    """One visit. (thanked, error)."""
    v = Visitor("127.0.0.1", stack.kiosk_port, timeout=20)
    try:
        v.visit(f"ZZ{i:06d}ZZ", rng, sensible)
        return True, None
    except Lost as e:
        return False, e


def main():
    build, responses, kills = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    seed = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 31)))
    print(f"seed {seed}", flush=True)
    rng = random.Random(seed)
    top = tempfile.mkdtemp(prefix="candour-chain-")
    stack, killer, given = None, None, 0
    try:
        stack = Stack(os.path.join(top, "stack"), os.path.abspath(build))
        stack.start()
        thanked, unknown = set(), {}
        killer = Killer(stack, kills, random.Random(seed + 1), lambda: given / responses)
        killer.start()
        for i in range(responses):
            ok, why = give(stack, i, rng)
            given += 1
            if ok:
                thanked.add(i)
            else:
                unknown[i] = why
                wait_for("the kiosk answers again", 60, lambda: stack.healthy(stack.kiosk_port))
        wait_for("every daemon had its kills", 120, lambda: not killer.is_alive() or all(d.kills >= kills for d in stack.daemons.values()))
        killer.done.set()
        killer.join()
        if killer.failed:
            raise killer.failed
        stack.ready()

        def arrived():
            by_text = {}
            for record, text in stack.opened().items():
                by_text.setdefault(text, []).append(record)
            records, facts = stack.facts()
            have = {i for i in thanked if any(r in records for r in by_text.get(f"ZZ{i:06d}ZZ", []))}
            return (by_text, records, facts) if have == thanked else None

        try:
            by_text, records, facts = wait_for("every thanked response is in the facts", 180, arrived)
        except AssertionError as e:
            print(e)
            by_text, (records, facts) = {}, stack.facts()
            for record, text in stack.opened().items():
                by_text.setdefault(text, []).append(record)
        lost = doubled = 0
        for i in range(responses):
            mine = by_text.get(f"ZZ{i:06d}ZZ", [])
            counted = [n for r in mine for d, n in facts.get(r, []) if d == "sat-users"]
            times = sum(records.get(r, 0) for r in mine)
            if i in thanked and (times == 0 or not counted):
                lost += 1
                print(f"LOST {i}: {len(mine)} at the centre, {times} in the facts, counted {counted}")
            if times > 1 or len(mine) > 1 or sum(counted) > 1:
                doubled += 1
                print(f"DOUBLED {i}: {len(mine)} at the centre, {times} in the facts, counted {counted}")
        late = sum(1 for i in unknown if by_text.get(f"ZZ{i:06d}ZZ"))
        for n, d in stack.daemons.items():
            print(f"{n}: killed {d.kills} times")
        reasons = sorted({str(e)[:60] for e in unknown.values()})
        print(f"unknown that arrived all the same: {late}; why unknown: {reasons}")
        codes = stack.stop()
        wrong = any(codes.values())
        if wrong:
            print(f"FAIL exit status after SIGTERM: {codes}")
        if any(d.kills < kills for d in stack.daemons.values()) or len(thanked) < responses // 2:
            print("too few kills or too few thanked: nothing was shown")
            lost += 1
        print(f"{responses} given, {len(thanked)} thanked, {len(unknown)} unknown, {lost} lost, {doubled} doubled")
        return 0 if lost == doubled == 0 and not wrong else 1
    finally:
        if killer:
            killer.done.set()
            killer.join()
        if stack:
            stack.stop()
        if os.environ.get("KEEP"):
            print(f"kept {top}")
        else:
            shutil.rmtree(top, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
