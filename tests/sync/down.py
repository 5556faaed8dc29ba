#!/usr/bin/env python3
"""What comes down, and wrong clocks: a bundle reaches its box and no other, one by a wrong key reaches nobody; a key
ring goes round; a box whose clock is at 1970, at 2010 or five years ahead delivers all the same. down.py BUILD"""
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from place import Place, Score, wait_for  # noqa: E402

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"


def bundles(folder):
    db = sqlite3.connect(f"file:{folder}/site.db?mode=ro", uri=True, timeout=20)
    try:
        return sorted(db.execute("SELECT kind, serial FROM bundle").fetchall())
    finally:
        db.close()


def waiting(folder):
    db = sqlite3.connect(f"file:{folder}/site.db?mode=ro", uri=True, timeout=20)
    try:
        return db.execute("SELECT head_seq - acked_seq FROM lane WHERE lane = 0").fetchone()[0]
    finally:
        db.close()


def look_at_log(score, place, elm, oak, runtime):
    """The daily look at the centre's log, on the days after: it holds; then the centre has dropped what it confirmed."""
    for days, word, said in ((1, "log=holds", "it holds what the centre confirmed here"),
                             (2, "alarm=log log=wrong", "does not hold a delivery of this box that the centre confirmed")):
        place.stop("aggregator")
        if days == 2:
            with sqlite3.connect(f"{place.centre}/aggregator.db") as db:
                db.executescript(f"DROP TRIGGER receipt_delete; DELETE FROM receipt WHERE device = x'{place.device_id('elm')}'")
            db.close()
        place.start("aggregator", "env", f"LD_PRELOAD={runtime} {FAKETIME}", f"FAKETIME=+{days}d", "DONT_FAKE_MONOTONIC=1", "FAKETIME_DONT_FAKE_MONOTONIC=1",
                    "ASAN_OPTIONS=detect_leaks=0", f"{place.build}/candour-aggregator", "-c", f"{place.centre}/aggregator.conf")
        wait_for("the aggregator listens", 60, lambda: place.listens(place.port))
        place.put(elm, 3)
        name = f"sync-day{days}"
        place.start_sync(elm, name)
        try:
            wait_for("a look at the log", 90, lambda: word in place.log(name))
        except AssertionError:
            print(place.log(name)[-1500:])
        score.check(f"the day after day {days - 1}: {word}", word in place.log(name))
        place.put(elm, 2)
        wait_for("delivery", 60, lambda: waiting(elm) == 0)
        status = place.candour("status", elm)
        score.check(f"said in words: {status!r}", said in status and ("All is well." in status) == (days == 1))
        place.stop(name)
        if days == 1:  # so that the day has a root without elm
            place.put(oak, 1)
            place.start_sync(oak, "sync-oak")
            wait_for("delivery", 60, lambda: waiting(oak) == 0)
            place.stop("sync-oak")


def moved_clock(score, place, elm, top, runtime):
    """The system's clock is put right after signed time has told how wrong it was: the time stays right."""
    with sqlite3.connect(f"{elm}/site.db", timeout=30) as db:
        db.execute("DELETE FROM clock")	# as in a boot of which nothing is known
    db.close()
    with open(f"{top}/faketime", "w") as f:
        f.write("-3000d\n")
    place.start("sync-moved", "env", f"LD_PRELOAD={runtime} {FAKETIME}", f"FAKETIME_TIMESTAMP_FILE={top}/faketime", "FAKETIME_NO_CACHE=1", "DONT_FAKE_MONOTONIC=1",
                "FAKETIME_DONT_FAKE_MONOTONIC=1", "ASAN_OPTIONS=detect_leaks=0", f"{place.build}/candour-sync", "-c", f"{elm}/sync.conf")

    def off():
        return place.ask("SELECT clock_off_s FROM seen WHERE device = ?", bytes.fromhex(place.device_id("elm")))[0][0]

    def delivered(n):
        place.put(elm, n)
        wait_for("delivery", 60, lambda: waiting(elm) == 0)

    wait_for("a clock of years ago is corrected", 60, lambda: "clock=corrected offset_s=25" in place.log("sync-moved"))
    delivered(1)
    score.check(f"what is told is corrected: {off()} s off", abs(off()) < 60)
    with open(f"{top}/faketime", "w") as f:
        f.write("+0d\n")
    delivered(1)
    score.check(f"and stays so when the clock is put right: {off()} s off", abs(off()) < 60)
    status = place.candour("status", elm)
    score.check(f"said in words: {status!r}", "last delivered today" in status)
    place.stop("sync-moved")


def main():
    score, top, place = Score(), tempfile.mkdtemp(prefix="candour-down-"), None
    try:
        place = Place(top, os.path.abspath(sys.argv[1]))
        place.start_aggregator()
        elm, oak = place.site("elm"), place.site("oak")
        place.start_sync(elm, "sync-elm")
        place.start_sync(oak, "sync-oak")
        for name, text in (("hello.txt", "Thank you. We now serve supper at six."), ("b.xml", "<x/>")):
            with open(f"{top}/{name}", "w") as f:
                f.write(text)
        make = ("bundle", "make", "notices", "--publish-key", f"{place.keys}/publish.key")
        place.candour(*make, "--serial", "3", "--site", "elm", "--out", f"{top}/elm.bundle", f"{top}/hello.txt", f"{top}/b.xml")
        shown = place.candour("bundle", "show", f"{top}/elm.bundle")
        score.check(f"a bundle shows its files: {shown!r}", "file hello.txt, 38 bytes" in shown and "kind notices" in shown)
        os.mkdir(f"{top}/rogue")
        place.run("tests/sync/tool_keys", "-", f"{top}/rogue")
        place.candour("bundle", "make", "notices", "--publish-key", f"{top}/rogue/publish.key", "--serial", "9", "--out", f"{top}/rogue.bundle", f"{top}/hello.txt")
        r = place.candour("bundle", "post", f"{top}/rogue.bundle", "--centre", place.centre, ok=False)
        score.check(f"one by a wrong key is not posted: {r.stderr.strip()}", r.returncode == 1 and "publish key" in r.stderr)
        with open(f"{top}/elm.bundle", "rb") as f:
            bad = bytearray(f.read())
        bad[-1] ^= 1
        with open(f"{top}/bad.bundle", "wb") as f:
            f.write(bad)
        score.check("nor a changed one", place.candour("bundle", "post", f"{top}/bad.bundle", "--centre", place.centre, ok=False).returncode == 1)
        place.candour("bundle", "post", f"{top}/elm.bundle", "--centre", place.centre)
        r = place.candour("bundle", "post", f"{top}/elm.bundle", "--centre", place.centre, ok=False)
        score.check("nor the same serial again", r.returncode == 1 and "already" in r.stderr)
        place.ring(2)	# also makes the aggregator look again at what there is
        wait_for("elm has its bundle", 90, lambda: bundles(elm) == [(3, 3)])
        wait_for("oak has the new key ring", 60, lambda: "keyring=taken serial=2" in place.log("sync-oak"))
        score.check("oak has none", bundles(oak) == [])
        wait_for("elm has it too", 60, lambda: "keyring=taken serial=2" in place.log("sync-elm"))
        # What a box cannot take, by a key that is not in the ring or of a later version, does not hold up those above it.
        with open(f"{top}/rogue.bundle", "rb") as f:
            rogue = f.read()
        with sqlite3.connect(f"{place.centre}/aggregator.db", timeout=30) as db:
            for serial, version, site in ((9, 1, "oak"), (10, 2, "elm")):
                db.execute("INSERT INTO bundle (kind, target, serial, bytes) VALUES (3, ?, ?, ?)", (bytes.fromhex(place.device_id(site)), serial,
                           rogue[:4] + bytes([version]) + rogue[5:24] + serial.to_bytes(4, "big") + rogue[28:]))
        db.close()
        # Nor is it fetched again each time, while the ring is the same.
        wait_for("the refusal", 90, lambda: "version 2 is not known" in place.log("sync-elm"))
        score.check("the centre is told", wait_for("told", 60, lambda: place.ask("SELECT bundle_refused FROM seen WHERE device = ?", bytes.fromhex(place.device_id("elm")))[0][0] == 10))
        place.candour(*make, "--serial", "12", "--out", f"{top}/all.bundle", f"{top}/hello.txt")
        place.candour("bundle", "post", f"{top}/all.bundle", "--centre", place.centre)
        for site in (elm, oak):
            wait_for("the good one above", 90, lambda: (3, 12) in bundles(site))
        score.check(f"what was refused is not there, and is said: {bundles(elm)} {bundles(oak)}", bundles(elm) == [(3, 3), (3, 12)] and bundles(oak) == [(3, 12)]
                    and "not signed by a publish key" in place.log("sync-oak") and place.log("sync-elm").count("version 2 is not known") == 1)
        # The root hands over: elm is there and starts anew with that ring, oak is off and gets a later one, by both roots.
        place.stop("sync-oak")
        for serial in (3, 4):
            place.candour("key", "ring", "--root", f"{place.keys}/root.key", "--next-root", f"{top}/rogue/root.key", "--from", f"{place.keys}/ring" if serial == 3 else f"{top}/ring-3",
                          "--out", f"{top}/ring-{serial}")
            place.candour("centre", "ring", place.centre, f"{top}/ring-{serial}")
            name = "sync-elm" if serial == 3 else "sync-elm-again"
            wait_for(f"elm has ring {serial}", 90, lambda: f"keyring=taken serial={serial}" in place.log(name))
            place.stop(name)
            place.start_sync(elm, "sync-elm-again" if serial == 3 else "sync-elm-later")
        place.start_sync(oak, "sync-oak-later")
        wait_for("oak has ring 4", 90, lambda: "keyring=taken serial=4" in place.log("sync-oak-later"))
        place.stop("sync-oak-later")
        place.start_sync(oak, "sync-oak-last")
        for site in (elm, oak):
            place.put(site, 1)
            wait_for("delivery after the handover", 60, lambda: waiting(site) == 0)
        score.check("boxes that were there and that were off follow a new root", True)
        place.stop("sync-oak-last")
        place.stop("sync-elm-later")

        asan = "asan" in sys.argv[1]
        runtime = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True).stdout.strip() if asan else ""
        if not os.path.exists(FAKETIME):
            print("SKIP: faketime is not installed")
        for when in ("@1970-01-02 00:00:00", "@2010-06-01 00:00:00", "+5y") if os.path.exists(FAKETIME) else ():
            place.put(elm, 3)
            env = {"LD_PRELOAD": f"{runtime} {FAKETIME}".strip(), "FAKETIME": when, "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                   "ASAN_OPTIONS": "detect_leaks=0", "TZ": "UTC"}
            out = open(f"{top}/fake.log", "wb")
            p = subprocess.Popen([f"{place.build}/candour-sync", "-c", f"{elm}/sync.conf", "-d"], env={**os.environ, **env}, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
            try:
                wait_for("delivery", 60, lambda: waiting(elm) == 0)
                score.check(f"a clock at {when} delivers", True)
            except AssertionError:
                score.check(f"a clock at {when} delivers: {open(f'{top}/fake.log', errors='replace').read()[-800:]}", False)
            p.terminate()
            p.wait(30)
            out.close()
        if os.path.exists(FAKETIME):
            moved_clock(score, place, elm, top, runtime)
        score.check("each is kept once", len(place.kept()) == len(set(place.kept())))
        if os.path.exists(FAKETIME):
            look_at_log(score, place, elm, oak, runtime)
        status = place.candour("status", place.centre)
        score.check(f"what is erased when is said: {status!r}", "Answers are kept until the indicators have read them; nobody has yet." in status
                    and "Concerns are kept until a holder pulled them; nobody has yet." in status)
        conf = open(f"{place.centre}/aggregator.conf").read()
        for line, said in (("answers_days = 3", "[retention] answers_days = 3: at least 30"), ("answers_days = -1", "answers_days"), ("concerns_days = soon", "concerns_days"), ("answers_days = 90", "ok")):
            with open(f"{top}/hasty.conf", "w") as f:
                f.write(f"{conf}\n[retention]\n{line}\n")
            p = subprocess.run([f"{place.build}/candour-aggregator", "-n", "-c", f"{top}/hasty.conf"], capture_output=True, text=True)
            score.check(f"{line}: {p.stdout}{p.stderr}", said in p.stdout + p.stderr and p.returncode == (0 if said == "ok" else 1))
        codes = place.stop_all()
        score.check(f"the aggregator stops with 0: {codes}", not any(codes.values()))
    except Exception as e:
        score.check(f"{type(e).__name__}: {e}", False)
        for n in ("aggregator", "sync-elm"):
            if place and os.path.exists(f"{top}/{n}.log"):
                print(place.log(n)[-1500:])
    finally:
        if place:
            place.close()
        shutil.rmtree(top, ignore_errors=True)
    return score.end()


if __name__ == "__main__":
    sys.exit(main())
