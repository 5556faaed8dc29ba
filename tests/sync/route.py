#!/usr/bin/env python3
"""A box whose centre cannot be reached tries soon when a way to other machines comes up, in a network of its own.
route.py BUILD"""
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from place import Place, Score, wait_for  # noqa: E402

IN_NAMESPACE = "CANDOUR_ROUTE_IN_NAMESPACE"


def main():
    score, top, place = Score(), tempfile.mkdtemp(prefix="candour-route-"), None
    try:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        place = Place(top, os.path.abspath(sys.argv[1]))
        place.start_aggregator()
        elm = place.site("elm")
        place.stop("aggregator")
        place.start_sync(elm, "sync-elm")
        given = place.put(elm, 3)
        wait_for("nobody is reached", 60, lambda: "lane=0" in place.log("sync-elm") and "result=unreachable" in place.log("sync-elm"))
        score.check("no route has come up so far", "route=up" not in place.log("sync-elm"))
        # A documentation network (RFC 5737): nothing goes there, it is the telling that counts.
        subprocess.run(["ip", "route", "add", "192.0.2.0/24", "dev", "lo"], check=True)
        wait_for("the box has heard of it", 60, lambda: "lane=0 route=up" in place.log("sync-elm"))
        line = next(x for x in place.log("sync-elm").splitlines() if "lane=0 route=up" in x)
        score.check(f"it tries soon, not at once: {line}", 0 <= int(line.split("retry_s=")[1].split()[0]) <= 60)
        place.start_aggregator()
        wait_for("all arrive", 120, lambda: sorted(place.kept()) == sorted(given))
        score.check("each once", sorted(place.kept()) == sorted(given))
        score.check("the box goes on", place.daemons["sync-elm"].poll() is None)
    except Exception as e:  # noqa: BLE001
        score.check(f"{type(e).__name__}: {e}", False)
        if place:
            print("".join(f"\n--- {n}\n{place.log(n)[-1500:]}" for n in place.daemons))
    finally:
        if place:
            place.stop_all()
        shutil.rmtree(top, ignore_errors=True)
    return score.end()


if __name__ == "__main__":
    if IN_NAMESPACE not in os.environ:
        if subprocess.run(["unshare", "-Urn", "ip", "link", "set", "lo", "up"], capture_output=True).returncode != 0:
            print("SKIP: this machine lets nobody make a network namespace\n0 passed, 0 failed, 1 skipped")
            sys.exit(0)
        os.execvpe("unshare", ["unshare", "-Urn", sys.executable, *sys.argv], {**os.environ, IN_NAMESPACE: "1"})
    sys.exit(main())
