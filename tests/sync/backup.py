#!/usr/bin/env python3
"""A centre is backed up while it works, loses its disk, and is restored: every answer is there once, those given after
the backup too, and what was withdrawn stays gone. backup.py BUILD"""
import glob
import os
import shutil
import sqlite3
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from place import Place, Score, wait_for  # noqa: E402


def rows(path, query):
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return db.execute(query).fetchall()
    finally:
        db.close()


def main():
    score, top, place = Score(), tempfile.mkdtemp(prefix="candour-backup-"), None
    try:
        place = Place(top, os.path.abspath(sys.argv[1]))
        shelf, db = f"{top}/shelf", f"{place.centre}/aggregator.db"
        os.mkdir(shelf)
        place.start_aggregator()
        elm = place.site("elm")
        place.start_sync(elm, "sync")
        first = place.put(elm, 30)
        wait_for("the first answers arrive", 60, lambda: sorted(place.kept()) == sorted(first))

        out = place.candour("backup", place.centre, shelf).strip()
        score.check("a backup is a folder of its own", os.path.isdir(out) and os.path.dirname(out) == shelf)
        score.check("for its owner alone", all(os.stat(f).st_mode & 0o077 == 0 for f in glob.glob(f"{out}/**", recursive=True)))
        score.check("no key is in it", not [f for f in glob.glob(f"{out}/**", recursive=True) if "key" in os.path.basename(f) and f != f"{out}/keep/keyring"])
        wraps = [bytes(w) for (w,) in rows(db, "SELECT wraps FROM wrap")]
        with open(f"{out}/keep/records.db", "rb") as f:
            kept = f.read()
        score.check("what is kept for ever holds no wrap", len(wraps) >= 30 and not any(w[-64:] in kept for w in wraps if w))
        score.check("but all bodies", rows(f"{out}/keep/records.db", "SELECT count(*) FROM body") == rows(db, "SELECT count(*) FROM body"))
        score.check("and the same schema", rows(f"{out}/keep/records.db", "SELECT name, sql FROM sqlite_schema ORDER BY 1") == rows(db, "SELECT name, sql FROM sqlite_schema ORDER BY 1"))

        # One that the backup does not know.
        oak = place.site("oak")
        place.start_sync(oak, "sync-oak")
        theirs = place.put(oak, 4)
        wait_for("oak's arrive", 60, lambda: sorted(place.kept()) == sorted(first + theirs))

        later = place.put(elm, 20) + theirs
        wait_for("later answers arrive", 60, lambda: sorted(place.kept()) == sorted(first + later))
        r = place.candour("restore", out, place.centre, ok=False)
        score.check(f"nothing is written over a database: {r.stderr.strip()}", r.returncode == 1 and "is there" in r.stderr)
        place.stop("aggregator")
        for f in glob.glob(f"{place.centre}/*.db*"):
            os.remove(f)

        # A changed file is not taken, and leaves nothing.
        bad = f"{top}/candour-bad"
        shutil.copytree(out, bad)
        with open(f"{bad}/keep/records.db", "r+b") as f:
            f.seek(5000)
            f.write(b"\x55")
        r = place.candour("restore", bad, place.centre, ok=False)
        score.check(f"a changed backup is not taken: {r.stderr.strip()}", r.returncode == 1 and "changed" in r.stderr and not os.path.exists(db))
        os.remove(f"{bad}/days30/wraps.db")
        shutil.copy(f"{out}/keep/records.db", f"{bad}/keep/records.db")
        r = place.candour("restore", bad, place.centre, ok=False)
        score.check(f"nor one without its wraps: {r.stderr.strip()}", r.returncode == 1 and "newer backup" in r.stderr and not os.path.exists(db))
        r = place.candour("restore", shelf, place.centre, ok=False)
        score.check(f"nor any other folder: {r.stderr.strip()}", r.returncode == 1 and "no backup" in r.stderr)

        place.candour("restore", out, place.centre)
        score.check("the store is as it was", sorted(place.kept()) == sorted(first) and rows(db, "PRAGMA journal_mode") == [("wal",)])
        score.check("with its wraps", [bytes(w) for (w,) in rows(db, "SELECT wraps FROM wrap")] == wraps[:len(rows(db, "SELECT 1 FROM wrap"))])
        place.start_aggregator()
        theirs = place.put(oak, 1)
        wait_for("oak's box says that it is not known", 60, lambda: "The centre does not know this box" in place.candour("status", oak))
        place.enrol(oak, "oak")
        later += theirs
        place.stop("sync-oak")
        place.start_sync(oak, "sync-oak")
        wait_for("boxes send again what came later", 120, lambda: sorted(place.kept()) == sorted(first + later))
        last = place.put(elm, 5)
        wait_for("and go on", 60, lambda: sorted(place.kept()) == sorted(first + later + last))
        score.check("all answers, each once", len(place.kept()) == len(set(place.kept())) == 60)

        # Erasure reaches backups: after 30 days what opens a record leaves the shelf.
        old = f"{shelf}/{time.strftime('candour-%Y%m%dT%H%M%SZ', time.gmtime(time.time() - 31 * 86400))}"
        young = f"{shelf}/{time.strftime('candour-%Y%m%dT%H%M%SZ', time.gmtime(time.time() - 29 * 86400))}"
        shutil.copytree(out, old)
        os.rename(out, young)
        said = place.candour("backup", place.centre, shelf)
        score.check(f"said: {said.strip()}", "1 older backup" in said)
        score.check("after 30 days only what may be kept is left", not os.path.exists(f"{old}/days30") and os.path.exists(f"{old}/keep/records.db")
                    and os.path.exists(f"{young}/days30/wraps.db"))
    except Exception as e:  # noqa: BLE001
        score.check(f"{type(e).__name__}: {e}", False)
        if place:
            print("".join(f"\n--- {n}\n{place.log(n)[-1500:]}" for n in place.daemons))
    finally:
        if place:
            place.stop_all()
        shutil.rmtree(top, ignore_errors=True)
    return score.end()


sys.exit(main())
