#!/usr/bin/env python3
"""`candour site repair` as somebody at a care home meets it: a sound store, a wrong mode, a store in use, damaged ones, one
of zeros, one whose chain was rewritten; killed at every step of its own; and what comes of it at a real centre.
repair.py BUILD"""
import glob
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from place import Place, Score, wait_for  # noqa: E402

PAGE = 4096


def lanes(folder):
    db = sqlite3.connect(f"file:{folder}/site.db?mode=ro", uri=True, timeout=20)
    try:
        return db.execute("SELECT head_seq, acked_seq FROM lane WHERE lane = 0").fetchone()
    finally:
        db.close()


def ids(folder):
    db = sqlite3.connect(f"{folder}/site.db", timeout=20)
    try:
        return {r for (r,) in db.execute("SELECT lower(hex(id)) FROM record WHERE lane = 0 AND substr(header, 7, 1) = x'00'")}
    finally:
        db.close()


def digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def damage(folder, *pages):
    with open(f"{folder}/site.db", "r+b") as f:
        for page in pages:
            f.seek((page - 1) * PAGE)
            f.write(b"\xa5" * PAGE)


def index_pages(folder):
    """Pages of indices that hold no sealed key: their loss costs no record."""
    with open(f"{folder}/site.db", "rb") as f:
        data = f.read()
    db = sqlite3.connect(f"{folder}/site.db")
    wraps = [bytes(w) for (w,) in db.execute("SELECT wrap FROM wrap")]
    db.close()
    holds = {data.find(w) // PAGE + 1 for w in wraps}
    return [n for n in range(2, len(data) // PAGE + 1) if data[(n - 1) * PAGE] in (0x0a, 0x02, 0x05) and n not in holds]


def main():
    score, top, place = Score(), tempfile.mkdtemp(prefix="candour-repair-"), None
    try:
        place = Place(top, os.path.abspath(sys.argv[1]))
        place.start_aggregator()
        oak = place.site("oak")

        def repair(folder, *more):
            return place.candour("site", "repair", folder, *more, ok=False)

        def verified(folder):
            r = place.candour("verify", f"{folder}/site.db", ok=False)
            return r.returncode == 0 and "proved" in r.stdout

        def deliver(folder, name):
            place.start_sync(folder, name)
            wait_for("everything is delivered", 60, lambda: len(set(lanes(folder))) == 1)
            place.stop(name)

        given = set(place.put(oak, 6))
        deliver(oak, "oak")
        given |= set(place.put(oak, 7))

        # --- nothing wrong
        was = ids(oak)
        r = repair(oak)
        score.check(f"a sound store is left as it is: {r.stdout}{r.stderr}", r.returncode == 0 and "Nothing is wrong" in r.stdout
                    and ids(oak) == was and not glob.glob(f"{oak}/*.damaged-*"))
        os.chmod(f"{oak}/site.db", 0o600)
        r = repair(oak)
        score.check(f"a wrong mode is mended: {r.stdout}", r.returncode == 0 and "0660" in r.stdout and os.stat(f"{oak}/site.db").st_mode & 0o777 == 0o660)
        r = repair(top)
        score.check(f"another folder is refused: {r.stderr}", r.returncode == 1 and "not a site's folder" in r.stderr)
        r = place.candour("site", "repair", ok=False)
        score.check("no folder is a wrong call", r.returncode == 2 and "usage" in r.stderr)

        # --- in use
        # In a process of its own: reading the file here would drop this process's locks on it.
        holder = subprocess.Popen([sys.executable, "-c", "import sqlite3, sys\ndb = sqlite3.connect(sys.argv[1])\n"
                                   "db.execute('SELECT count(*) FROM record').fetchone()\nprint('open', flush=True)\nsys.stdin.read()",
                                   f"{oak}/site.db"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        holder.stdout.readline()
        before = digest(f"{oak}/site.db")
        r = repair(oak)
        score.check(f"a store in use is not touched: {r.stderr}", r.returncode == 1 and f"process {holder.pid}" in r.stderr
                    and "systemctl stop" in r.stderr and digest(f"{oak}/site.db") == before)
        # --- a copy with a log, taken while it is open
        given |= set(place.put(oak, 5))
        hurt = f"{top}/hurt"
        shutil.copytree(oak, hurt)
        score.check("the copy has a log", os.path.getsize(f"{hurt}/site.db-wal") > PAGE)
        holder.communicate("")
        os.remove(f"{hurt}/site.db-shm")
        with open(f"{hurt}/sync.conf") as f:
            conf = f.read()
        with open(f"{hurt}/sync.conf", "w") as f:
            f.write(conf.replace(oak, hurt))
        pages = index_pages(oak)
        score.check("there are indices to lose", len(pages) >= 3)
        damage(hurt, 1, *pages)
        os.chmod(f"{hurt}/site.db", 0o640)
        digests = [digest(f"{hurt}/site.db"), digest(f"{hurt}/site.db-wal")]

        # --- killed anywhere
        strace = ["strace", "-f", "-o", "/dev/null"]
        env = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}
        if shutil.which("strace") is None or subprocess.run([*strace, "true"], capture_output=True).returncode != 0:
            print("SKIP: strace does not run here: no kills")
        else:
            kills = 0
            for call, step in (("link", 1), ("rename", 1), ("unlink", 3), ("fsync", 2), ("fdatasync", 3), ("pwrite64", 60)):
                n = 1
                while True:
                    try_ = f"{top}/try"
                    shutil.copytree(hurt, try_)
                    with open(f"{try_}/sync.conf", "w") as f:
                        f.write(conf.replace(oak, try_))
                    r = subprocess.run([*strace, "-e", f"inject={call}:signal=KILL:when={n}", f"{place.build}/candour", "site", "repair", try_],
                                       capture_output=True, stdin=subprocess.DEVNULL, env=env, timeout=120)
                    if r.returncode == 0:
                        shutil.rmtree(try_)
                        break
                    kills += 1
                    files = {digest(p) for p in glob.glob(f"{try_}/site.db*") if not p.endswith("-shm")}
                    score.check(f"killed at {call} {n}: the old file is still there, and its log", all(d in files for d in digests))
                    r = repair(try_)
                    score.check(f"killed at {call} {n}: said again, all is there: {r.stdout}{r.stderr}",
                                r.returncode == 0 and ids(try_) == given and verified(try_))
                    score.check(f"killed at {call} {n}: nothing half-made stays", not glob.glob(f"{try_}/site.db.repair-*"))
                    shutil.rmtree(try_)
                    n += step
            score.check(f"it was killed at many points: {kills}", kills >= 12)

        # --- to the end
        r = repair(hurt)
        score.check(f"a damaged store is repaired: {r.stdout}{r.stderr}", r.returncode == 0 and "there is a new one in its place" in r.stdout
                    and "Lost: nothing" in r.stdout and "systemctl start" in r.stdout)
        aside = [p for p in glob.glob(f"{hurt}/site.db.damaged-*") if not p.endswith("-wal")]
        score.check("the old file is kept as it was, with its log", len(aside) == 1 and [digest(aside[0]), digest(aside[0] + "-wal")] == digests)
        score.check("every answer is there and it is proved", ids(hurt) == given and verified(hurt))
        score.check("both programs can use it", os.stat(f"{hurt}/site.db").st_mode & 0o777 == 0o660)
        r = place.candour("status", hurt)
        score.check(f"status tells of it: {r}", "repaired" in r and "12 answers waiting" in r)
        given |= set(place.put(hurt, 2))
        deliver(hurt, "hurt")
        kept = place.kept()
        score.check("the centre has every answer once", sorted(kept) == sorted(given))
        r = repair(hurt)
        score.check("again: nothing is wrong", r.returncode == 0 and "Nothing is wrong" in r.stdout)

        # --- a record is gone
        given |= set(place.put(hurt, 3))
        db = sqlite3.connect(f"{hurt}/site.db")
        row, = db.execute("SELECT id FROM record WHERE lane = 0 ORDER BY n DESC LIMIT 1 OFFSET 1").fetchone(),
        gone = row[0].hex()
        db.execute("DELETE FROM record WHERE id = ?", (row[0],))
        db.commit()
        db.close()
        r = repair(hurt)
        score.check(f"what is lost is said: {r.stdout}", r.returncode == 0 and "not delivered, is missing or damaged" in r.stdout
                    and "1 entry of people's answers" in r.stdout)
        deliver(hurt, "hurt")
        given.discard(gone)
        score.check("the rest is at the centre, once", sorted(place.kept()) == sorted(given))

        # --- the end of the chain was cut off after the device had signed its head
        place.put(hurt, 2)
        place.stop("aggregator")
        place.start_sync(hurt, "hurt")
        head = lanes(hurt)[0]

        def signed():
            d = sqlite3.connect(f"file:{hurt}/site.db?mode=ro", uri=True, timeout=20)
            try:
                return d.execute("SELECT seq FROM signed_head WHERE lane = 0").fetchone()
            finally:
                d.close()
        wait_for("the head is signed", 30, lambda: signed() == (head,))
        place.stop("hurt")
        db = sqlite3.connect(f"{hurt}/site.db")
        cut, = db.execute("SELECT lower(hex(id)) FROM record WHERE lane = 0 AND seq = ? AND epoch = (SELECT epoch FROM lane WHERE lane = 0)", (head,)).fetchone()
        db.execute("DELETE FROM record WHERE hex(id) = upper(?)", (cut,))
        db.execute("UPDATE lane SET head_seq = head_seq - 1, head_link = (SELECT link FROM record WHERE epoch = lane.epoch AND record.lane = 0 AND seq = head_seq - 1) WHERE lane = 0")
        db.commit()
        db.close()
        place.start_aggregator()
        r = place.candour("verify", f"{hurt}/site.db", ok=False)
        score.check("verify finds it", r.returncode == 1 and "signed" in r.stdout)
        given |= ids(hurt)
        r = repair(hurt)
        score.check(f"a cut chain is repaired and said: {r.stdout}", r.returncode == 0 and f"number {head}, not delivered" in r.stdout)
        deliver(hurt, "hurt")
        score.check("what was there is delivered once", sorted(place.kept()) == sorted(given) and cut not in place.kept())

        # --- zeros
        size = os.path.getsize(f"{hurt}/site.db")
        with open(f"{hurt}/site.db", "wb") as f:
            f.write(bytes(size))
        r = repair(hurt)
        score.check(f"zeros give an empty store, with the centre's key ring: {r.stdout}{r.stderr}", r.returncode == 0
                    and "Nothing of the answers could be found" in r.stdout and "key ring" not in r.stdout and verified(hurt))
        given |= set(place.put(hurt, 2))
        deliver(hurt, "hurt")
        score.check("the box goes on", sorted(place.kept()) == sorted(given))
        # --- the same, and the centre cannot be reached
        place.stop("aggregator")
        with open(f"{hurt}/site.db", "wb") as f:
            f.write(bytes(size))
        r = repair(hurt)
        score.check(f"without the centre it says what is missing: {r.stdout}{r.stderr}", r.returncode == 0 and "key ring could not be fetched" in r.stdout)
        place.start_aggregator()
        r = repair(hurt)
        score.check(f"and fetches it later: {r.stdout}{r.stderr}", r.returncode == 0 and "has come from the centre" in r.stdout)
        score.check("every old file is kept", len([p for p in glob.glob(f"{hurt}/site.db.damaged-*") if not p.endswith("-wal")]) == 5)
        os.remove(f"{hurt}/site.db")
        r = repair(hurt)
        score.check(f"a missing one is said, and what to do: {r.stderr}", r.returncode == 1 and "touch" in r.stderr)
    finally:
        if place is not None:
            place.close()
        shutil.rmtree(top, ignore_errors=True)
    return score.end()


if __name__ == "__main__":
    sys.exit(main())
