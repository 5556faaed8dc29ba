#!/usr/bin/env python3
"""The centre's disk fills up: boxes are told to come again, nothing that was acknowledged is lost, the other services of
the centre go on, and with room again everything arrives, once. full.py BUILD"""
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from place import Place, Score, wait_for  # noqa: E402

IN_NAMESPACE = "CANDOUR_FULL_IN_NAMESPACE"


def size(folder, mib, *more):
    subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join((*more, f"size={mib}m")), "tmpfs", folder], check=True)


def main():
    score, top, place = Score(), tempfile.mkdtemp(prefix="candour-full-"), None
    try:
        os.mkdir(f"{top}/centre")
        size(f"{top}/centre", 6)
        place = Place(top, os.path.abspath(sys.argv[1]))
        place.start_aggregator()
        elm, oak = place.site("elm"), place.site("oak")
        place.start_sync(elm, "sync-elm")
        first = place.put(elm, 20)
        wait_for("the first arrive", 60, lambda: sorted(place.kept()) == sorted(first))

        text = "<data><q1>5</q1><comment>" + "x" * 14000 + "</comment></data>"
        big = place.put(elm, 600, text)
        wait_for("the disk is full", 120, lambda: "status=503" in place.log("aggregator"))
        kept = place.kept()
        score.check(f"some have arrived, not all: {len(kept)} of 620", 20 <= len(kept) < 620 and len(set(kept)) == len(kept))
        said = place.candour("status", elm)
        score.check(f"the care manager reads that answers are safe: {said!r}", "Answers are safe here" in said and "waiting" in said)
        line = next(x for x in place.log("aggregator").splitlines() if "status=503" in x)
        score.check(f"the log says why: {line}", "full" in place.log("aggregator"))
        place.start_sync(oak, "sync-oak")
        more = place.put(oak, 3)
        wait_for("the other box is told so too", 60, lambda: "result=later" in place.log("sync-oak"))
        score.check("the aggregator runs", place.daemons["aggregator"].poll() is None)

        # What was acknowledged before stays so over a power cut, as far as a SIGKILL is one.
        place.stop("aggregator", 9)
        place.start_aggregator()
        score.check("nothing acknowledged is gone", set(kept) <= set(place.kept()))

        size(f"{top}/centre", 64, "remount")
        wait_for("with room again all arrive", 180, lambda: len(place.kept()) >= 623)
        score.check("each once", sorted(place.kept()) == sorted(first + big + more))
        said = place.candour("status", elm)
        score.check(f"and the box says so: {said!r}", said.startswith("0 answers waiting"))
    except Exception as e:  # noqa: BLE001
        score.check(f"{type(e).__name__}: {e}", False)
        if place:
            print("".join(f"\n--- {n}\n{place.log(n)[-1500:]}" for n in place.daemons))
    finally:
        if place:
            place.stop_all()
        subprocess.run(["umount", f"{top}/centre"], capture_output=True)
        shutil.rmtree(top, ignore_errors=True)
    return score.end()


if __name__ == "__main__":
    if IN_NAMESPACE not in os.environ:
        # A disk of our own, which no other program sees and which goes with us.
        if subprocess.run(["unshare", "-Urm", "true"], capture_output=True).returncode != 0:
            print("SKIP: this machine lets nobody make a mount namespace\n0 passed, 0 failed, 1 skipped")
            sys.exit(0)
        os.execvpe("unshare", ["unshare", "-Urm", sys.executable, *sys.argv], {**os.environ, IN_NAMESPACE: "1"})
    sys.exit(main())
