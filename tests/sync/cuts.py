#!/usr/bin/env python3
"""The connection cut after byte k of a delivery, for every k (in steps of STEP), both ways, and of an enrolment:
afterwards every answer is at the centre once and nothing is stuck. cuts.py BUILD STEP"""
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from place import Place, Score, free_port  # noqa: E402


class Proxy(threading.Thread):
    """Passes bytes on to PORT and cuts both sides after k bytes of one direction ("up" or "down")."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.to, self.port, self.way, self.k = port, free_port(), None, 0
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.seen = {"up": 0, "down": 0}
        self.start()

    def run(self):
        while True:
            a, _ = self.listener.accept()
            try:
                b = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                a.close()
                continue
            for way, x, y in (("up", a, b), ("down", b, a)):
                threading.Thread(target=self.pump, args=(way, x, y), daemon=True).start()

    def pump(self, way, x, y):
        try:
            while True:
                data = x.recv(65536)
                if not data:
                    break
                if self.way == way:
                    left = self.k - self.seen[way]
                    if left <= len(data):
                        y.sendall(data[:max(left, 0)])
                        self.seen[way] += max(left, 0)
                        break
                self.seen[way] += len(data)
                y.sendall(data)
        except OSError:
            pass
        for s in (x, y):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self, way, k):
        self.way, self.k, self.seen = way, k, {"up": 0, "down": 0}


def main():
    score, top, place = Score(), tempfile.mkdtemp(prefix="candour-cuts-"), None
    step = int(sys.argv[2])
    try:
        place = Place(top, os.path.abspath(sys.argv[1]))
        place.start_aggregator()
        folder = place.site("elm")
        r = subprocess.run([f"{place.build}/tests/sync/tool_cuts", folder, str(step)], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        print(r.stderr.strip())
        ids = r.stdout.split()
        score.check(f"tool_cuts: {r.stderr[-300:]}", r.returncode == 0 and re.search(r"\b0 stuck", r.stderr))
        kept = place.kept()
        lost, doubled = len(set(ids) - set(kept)), len(kept) - len(set(kept))
        score.check(f"{lost} lost", lost == 0)
        score.check(f"{doubled} doubled, {len(set(kept) - set(ids))} unknown", doubled == 0 and set(kept) == set(ids))
        chains = place.ask("SELECT count(*) FROM epoch WHERE lane = 0")[0][0]
        score.check(f"one chain, not {chains}", chains == 1)
        score.check("as many entries as answers, and the opening", place.ask("SELECT count(*) FROM entry WHERE lane = 0")[0][0] == len(ids) + 1)
        print(f"batches: {len(ids)} given, {lost} lost, {doubled} doubled")

        # A bundle on its way down: a connection cut anywhere leaves the last good one, or none; then the next one comes whole.
        with open(f"{top}/notice.txt", "wb") as f:
            f.write(os.urandom(60000))
        place.candour("bundle", "make", "notices", "--publish-key", f"{place.keys}/publish.key", "--serial", "4", "--site", "oak", "--out", f"{top}/oak.bundle", f"{top}/notice.txt")
        place.candour("bundle", "post", f"{top}/oak.bundle", "--centre", place.centre)
        oak = place.site("oak")
        r = subprocess.run([f"{place.build}/tests/sync/tool_cuts", oak, str(step * 41), "4", str(os.path.getsize(f"{top}/oak.bundle"))], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        print(r.stderr.strip())
        score.check(f"bundles: {r.stderr[-300:]}", r.returncode == 0 and re.search(r"[1-9][0-9]* cut, 0 stuck", r.stderr))

        # Enrolment through a proxy that cuts: whatever k, enrolling again finishes it, and one device comes of it.
        proxy = Proxy(place.port)
        done = over = 0
        for way in ("up", "down"):
            k = 1
            while True:
                name = f"{way}{k}"
                box = f"{top}/{name}"
                place.candour("site", "init", box)
                text = place.invite(name).replace(f":{place.port}:", f":{proxy.port}:")
                proxy.cut(way, k)
                first = place.candour("site", "enrol", box, text, "--no-wait", ok=False)
                proxy.cut(None, 0)
                if first.returncode == 0:
                    over += 1
                again = first if first.returncode == 0 else place.candour("site", "enrol", box, text, "--no-wait", ok=False)
                waiting = [x for x in place.candour("device", "list", "--centre", place.centre).splitlines() if x.split()[2] == name]
                # The code may have been used up by the cut try itself: the same box may give it again all the same.
                score.check(f"{name}: {len(waiting)} waiting; {again.stderr.strip()}", len(waiting) == 1 and again.returncode == 0 and "fingerprint" in again.stdout)
                if waiting:
                    place.candour("device", "approve", name, "--fingerprint", waiting[0].split()[3], "--centre", place.centre)
                    last = place.candour("site", "enrol", box, ok=False)
                    score.check(f"{name}: finished: {last.stderr.strip()}", last.returncode == 0 and os.path.exists(f"{box}/keys/tls.pem"))
                    done += 1
                shutil.rmtree(box, ignore_errors=True)
                if first.returncode == 0:
                    break
                k += 100 if step == 1 else 1000
        print(f"enrolments: {done} finished, {over} undisturbed")
        codes = place.stop_all()
        score.check(f"the aggregator stops with 0: {codes}", not any(codes.values()))
        score.check("no sanitizer's report", "ERROR: " not in place.log("aggregator") and "runtime error" not in place.log("aggregator"))
    except Exception as e:
        score.check(f"{type(e).__name__}: {e}", False)
        if place and os.path.exists(f"{top}/aggregator.log"):
            print(place.log("aggregator")[-2000:])
    finally:
        if place:
            place.close()
        shutil.rmtree(top, ignore_errors=True)
    return score.end()


if __name__ == "__main__":
    sys.exit(main())
