#!/usr/bin/env python3
"""`candour site rekey`: a box whose keys are gone gets new ones on the site.db it has; killed at its steps, said again; what
was not delivered arrives under the new keys, once. rekey.py BUILD"""
import glob
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from place import Place, Score, wait_for  # noqa: E402


def lanes(folder):
    db = sqlite3.connect(f"file:{folder}/site.db?mode=ro", uri=True, timeout=20)
    try:
        return db.execute("SELECT head_seq, acked_seq FROM lane WHERE lane = 0").fetchone()
    finally:
        db.close()


def main():
    score, top, place = Score(), tempfile.mkdtemp(prefix="candour-rekey-"), None
    try:
        place = Place(top, os.path.abspath(sys.argv[1]))
        place.start_aggregator()
        oak, units = place.site("oak"), f"{top}/units"
        other = place.site("elm")

        def rekey(*more, ok=False):
            return place.candour("site", "rekey", oak, *more, "--units", units, ok=ok)

        def deliver():
            place.start_sync(oak, "oak")
            wait_for("everything is delivered", 60, lambda: len(set(lanes(oak))) == 1)
            place.stop("oak")

        def once():
            return sorted(place.kept()) == sorted(given)

        given = set(place.put(oak, 4))
        deliver()
        given |= set(place.put(oak, 5))
        old = place.device_id("oak")

        # --- the keys are gone: they were credentials that do not open any more
        for name in ("device.key", "tls.key", "tls.pem", "provisional.pem"):
            os.remove(f"{oak}/keys/{name}")
        with open(f"{oak}/sync.conf") as f:
            conf = f.read()
        with open(f"{oak}/sync.conf", "w") as f:
            f.write("".join(x.split(" =")[0] + " =\n" if x.startswith(("device_key", "tls_key")) else x for x in conf.splitlines(True)))
        os.makedirs(f"{units}/candour-sync.service.d")
        with open(f"{units}/candour-sync.service.d/keys.conf", "w") as f:
            f.write("# Written by `candour site seal`: the device's keys\n[Service]\nLoadCredentialEncrypted=device:x\n")

        r = rekey()
        score.check(f"without an invitation it asks for one: {r.stderr!r}", r.returncode == 1 and "candour site invite" in r.stderr and not os.path.exists(f"{oak}/rekey"))
        r = rekey(place.invite("elm"), "--no-wait")
        score.check(f"an invitation for another site is refused: {r.stderr!r}", r.returncode == 1 and "for the site elm" in r.stderr)
        r = rekey(place.invite("oak"), "--no-wait")
        score.check(f"it says how the centre approves it: {r.stdout}{r.stderr}", r.returncode == 0 and f"--succeeds {old}" in r.stdout and "fingerprint" in r.stdout)
        finger = next(x.split(" ", 1)[1] for x in r.stdout.splitlines() if x.startswith("fingerprint"))
        score.check("until then nothing has changed", not os.path.exists(f"{oak}/keys/device.key"))
        r = rekey("--no-wait")
        score.check(f"not approved yet: {r.stderr!r}", r.returncode == 1 and "not approved" in r.stderr)
        approve = ["device", "approve", "oak", "--fingerprint", finger, "--centre", place.centre]
        r = place.candour(*approve, ok=False)
        score.check(f"the centre is not let forget whose answers it holds: {r.stderr!r}", r.returncode == 1 and f"--succeeds {old}" in r.stderr)
        place.candour(*approve, "--succeeds", old)

        # --- killed at each of its renames, and in the store's writes
        strace = ["strace", "-f", "-o", "/dev/null"]
        env = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}
        if shutil.which("strace") is None or subprocess.run([*strace, "true"], capture_output=True).returncode != 0:
            print("SKIP: strace does not run here: no kills")
            rekey(ok=True)
        else:
            kills, done = 0, False
            for call, n in [("pwrite64", 1), ("fdatasync", 1), ("pwrite64", 6), ("fdatasync", 2)] + [("rename", n) for n in range(1, 30)]:
                r = subprocess.run([*strace, "-e", f"inject={call}:signal=KILL:when={n}", f"{place.build}/candour", "site", "rekey", oak, "--units", units],
                                   capture_output=True, text=True, stdin=subprocess.DEVNULL, env=env, timeout=120)
                if r.returncode == 0:
                    done = True
                    break
                kills += 1
            score.check(f"said again after {kills} kills it is done: {r.stdout}{r.stderr}", done and kills >= 4)
        new = place.device_id("oak", "approved")
        ids = [x.split()[0] for x in place.candour("device", "list", "--centre", place.centre).splitlines() if x.split()[2] == "oak"]
        score.check("two boxes stand at the centre for it", len(ids) == 2 and old in ids and new in ids)
        score.check("no key lies about, none is readable by others", not os.path.exists(f"{oak}/rekey") and not os.path.exists(f"{units}/candour-sync.service.d/keys.conf")
                    and all(os.stat(p).st_mode & 0o077 == 0 for p in glob.glob(f"{oak}/keys/*.key")) and len(glob.glob(f"{oak}/keys/*.key")) == 2)
        r = place.candour("verify", f"{oak}/site.db", ok=False)
        score.check(f"the store is proved: {r.stdout}", r.returncode == 0 and "public keys not in the file" not in r.stdout)
        given |= set(place.put(oak, 2))
        deliver()
        score.check("everything is at the centre, once", once() and place.ask("SELECT count(*) FROM quarantine") == [(0,)])
        r = place.candour("status", oak)
        score.check(f"all is well: {r}", "All is well" in r)

        # --- stolen: the old ones are there, and are revoked after
        given |= set(place.put(oak, 3))
        stolen = next(x for x in ids if x != old)
        holder = subprocess.Popen([sys.executable, "-c", "import sqlite3, sys\ndb = sqlite3.connect(sys.argv[1])\n"
                                   "db.execute('SELECT count(*) FROM record').fetchone()\nprint('open', flush=True)\nsys.stdin.read()",
                                   f"{oak}/site.db"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        holder.stdout.readline()
        r = rekey(place.invite("oak"), "--no-wait")
        score.check(f"not while the box runs: {r.stderr!r}", r.returncode == 1 and "systemctl stop" in r.stderr)
        holder.communicate("")
        r = rekey(place.invite("oak"), "--no-wait")
        finger = next(x.split(" ", 1)[1] for x in r.stdout.splitlines() if x.startswith("fingerprint"))
        place.candour("device", "approve", "oak", "--fingerprint", finger, "--centre", place.centre, "--succeeds", stolen)
        r = rekey()
        score.check(f"it says how the stolen keys are shut out: {r.stdout}{r.stderr}", r.returncode == 0 and f"device revoke {stolen}" in r.stdout)
        place.candour("device", "revoke", stolen, "--centre", place.centre)
        given |= set(place.put(oak, 1))
        deliver()
        score.check("again everything is at the centre, once", once())
        r = place.candour("site", "repair", oak)
        score.check(f"and nothing is wrong with the store: {r}", "Nothing is wrong" in r)
        del other
    finally:
        if place is not None:
            place.close()
        shutil.rmtree(top, ignore_errors=True)
    return score.end()


if __name__ == "__main__":
    sys.exit(main())
