#!/usr/bin/env python3
"""A care site on a disk of 8 MiB (the marks scaled) that fills up under the real kiosk: the page says that it cannot
take answers now, takes them again when there is room, and nothing that was thanked is lost. full.py BUILD"""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(here, "../sync"), os.path.join(here, "../chain")]
from chain import sensible  # noqa: E402
from place import Score, wait_for  # noqa: E402
from visitor import Lost, Visitor  # noqa: E402

IN_NAMESPACE = "CANDOUR_FULL_IN_NAMESPACE"
FULL = "This screen cannot keep more answers now."  # kiosk/words/en.txt


class Site:
    def __init__(self, top, build):
        self.build, self.dir, self.log_path, self.kiosk = build, f"{top}/site", f"{top}/kiosk.log", None
        os.mkdir(self.dir)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", self.dir], check=True)
        form = f"{top}/satisfaction.xml"
        with open(form, "wb") as f:
            f.write(self.run("candour", "form", "convert", "forms/library/satisfaction.csv").encode())
        self.run("tests/kiosk/tool_site", "make", self.dir, form)
        with open(f"{self.dir}/kiosk.conf", "a") as f:  # low 1 MiB and resume 2 MiB are there already
            f.write("ballast_mib = 1\nvoice =\n")

    def run(self, program, *args):
        return subprocess.run([os.path.join(self.build, program), *args], check=True, capture_output=True, text=True).stdout

    def log(self):
        with open(self.log_path) as f:
            return f.read()

    def start(self):
        with open(self.log_path, "w") as log:
            self.kiosk = subprocess.Popen([os.path.join(self.build, "candour-kiosk"), "-c", f"{self.dir}/kiosk.conf"], stderr=log)
        self.port = int(wait_for("the kiosk listens", 60, lambda: re.search(r"listening=\S+ port=(\d+)", self.log()))[1])

    def stop(self, how=signal.SIGTERM):
        if self.kiosk:
            self.kiosk.send_signal(how)
            self.kiosk.wait(60)
            self.kiosk = None

    def visitor(self):
        return Visitor("127.0.0.1", self.port, timeout=60)

    def free(self):
        v = os.statvfs(self.dir)
        return v.f_bavail * v.f_frsize

    def fill(self, leave):
        """Something else takes the room, until LEAVE bytes are left."""
        with open(f"{self.dir}/something-else", "ab", buffering=0) as f:
            while self.free() > leave:
                try:
                    f.write(os.urandom(min(65536, max(4096, self.free() - leave))))
                except OSError:
                    break

    def count(self):
        return int(self.run("tests/kiosk/tool_site", "count", self.dir))


def main():
    score, top, site = Score(), tempfile.mkdtemp(prefix="candour-full-"), None
    thanked = refused = unknown = 0

    def give(v):
        nonlocal thanked, refused
        try:
            v.visit("The disk is nearly full.", choose=sensible)
            thanked += 1
            return True
        except Lost:
            refused += 1
            return False

    try:
        site = Site(top, os.path.abspath(sys.argv[1]))
        site.start()
        for _ in range(3):
            give(site.visitor())
        score.check(f"three are thanked: {thanked}", thanked == 3 and refused == 0)
        ballast = f"{site.dir}/site.ballast"
        wait_for("the ballast is laid", 60, lambda: os.path.exists(ballast) and os.path.getsize(ballast) == 1 << 20)

        # In the middle of a visit, and to the last byte: what is thanked from here on must be there.
        site.fill(0)
        while thanked + refused < 30 and give(site.visitor()):
            pass
        wait_for("the kiosk says that storage is full", 90, lambda: "storage=full" in site.log())
        page = site.visitor().get("/")
        score.check(f"the first page says so: {page.text[-600:]!r}", FULL in page.text)
        before = thanked
        score.check(f"and whoever begins all the same is not thanked: {page.forms}", not give(site.visitor()) and thanked == before)
        health = site.visitor().get("/healthz")
        score.check(f"machines are told: {health.status} {health.text!r}", health.status == 503 and "storage full" in health.text)
        score.check("the ballast was given up", not os.path.exists(ballast) and site.free() > 500000)
        score.check(f"what was thanked is there: {thanked} of {site.count()}", site.count() == thanked)

        # A little room is not enough: no flicker around one mark.
        os.truncate(f"{site.dir}/something-else", os.path.getsize(f"{site.dir}/something-else") - (300 << 10))
        score.check("still full with a little room", FULL in site.visitor().get("/").text)
        site.fill(200 << 10)
        site.stop(signal.SIGKILL)
        site.start()
        wait_for("full after a start, too", 60, lambda: FULL in site.visitor().get("/").text)
        score.check("nothing is lost over a SIGKILL", site.count() == thanked)

        os.unlink(f"{site.dir}/something-else")
        wait_for("the kiosk takes answers again", 90, lambda: FULL not in site.visitor().get("/").text)
        before = thanked
        for _ in range(3):
            give(site.visitor())
        score.check("three more are thanked", thanked == before + 3)
        wait_for("the ballast is laid again", 60, lambda: os.path.exists(ballast) and os.path.getsize(ballast) == 1 << 20)
        site.stop()
        score.check(f"each thanked one is there once: {thanked} of {site.count()}", site.count() == thanked)
        proved = site.run("candour", "verify", "--file", f"{site.dir}/site.db")
        score.check(f"and the store is proved: {proved!r}", proved.rstrip().endswith("none is missing"))
    except Exception as e:  # noqa: BLE001
        score.check(f"{type(e).__name__}: {e}", False)
        if site and os.path.exists(site.log_path):
            print(site.log()[-3000:])
    finally:
        if site:
            site.stop(signal.SIGKILL)
            subprocess.run(["umount", site.dir], capture_output=True)
        shutil.rmtree(top, ignore_errors=True)
    return score.end()


if __name__ == "__main__":
    if IN_NAMESPACE not in os.environ:
        # A disk of our own, which no other program sees and which goes with us.
        if subprocess.run(["unshare", "-Urm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True).returncode != 0:
            print("SKIP: this machine lets nobody make a mount namespace\n0 passed, 0 failed, 1 skipped")
            sys.exit(0)
        os.execvpe("unshare", ["unshare", "-Urm", sys.executable, *sys.argv], {**os.environ, IN_NAMESPACE: "1"})
    sys.exit(main())
