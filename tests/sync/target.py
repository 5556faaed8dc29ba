#!/usr/bin/env python3
"""From a bundle at the centre to the page somebody sees: questions for one site reach the kiosk that stands there, while
it runs and through the real daemons; those of another site do not; and a site.target that is nonsense, or a row put under
the wrong target, changes nothing and stops nothing. target.py BUILD"""
import os
import json
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import urllib.request

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [here, os.path.join(here, "..", "chain")]
from place import Place, Score, wait_for  # noqa: E402
from visitor import Visitor  # noqa: E402

FORMS, NOTICES = 1, 3
NONSENSE = {"elm": b"../../" + b"x" * 65000, "oak": bytes(range(7, 23))}	# too long; as long as it should be


class Box:
    """A site with both daemons."""

    def __init__(self, place, name):
        self.place, self.name, self.folder = place, name, place.site(name)
        conf = f"{self.folder}/kiosk.conf"
        with open(conf) as f:
            text = re.sub(r"(?m)^listen = .*", "listen = 127.0.0.1:0\nlook_s = 1", f.read())
        with open(conf, "w") as f:
            f.write(text)
        self.start()
        place.start_sync(self.folder, f"sync-{name}")

    def start(self):
        skip = len(self.log()) if os.path.exists(f"{self.place.top}/kiosk-{self.name}.log") else 0
        self.process = self.place.start(f"kiosk-{self.name}", f"{self.place.build}/candour-kiosk", "-c", f"{self.folder}/kiosk.conf")
        port = wait_for("the kiosk listens", 60, lambda: re.search(r"listening=\S+ port=(\d+)", self.log()[skip:]))
        self.port = int(port[1])

    def log(self):
        return self.place.log(f"kiosk-{self.name}")

    def db(self):
        return sqlite3.connect(f"{self.folder}/site.db", timeout=30, isolation_level=None)

    def forms(self):
        """Serials of the forms bundles that are there."""
        with self.db() as db:
            rows = db.execute("SELECT serial FROM bundle WHERE kind = ? ORDER BY serial", (FORMS,)).fetchall()
        db.close()
        return [serial for (serial,) in rows]

    def refused(self):
        """The serial that the kiosk says it could not load."""
        with self.db() as db:
            row = db.execute("SELECT v FROM meta WHERE k = 'kiosk.refused'").fetchone()
        db.close()
        return row and int.from_bytes(row[0], "big")

    def target(self):
        with self.db() as db:
            row = db.execute("SELECT v FROM meta WHERE k = 'site.target'").fetchone()
        db.close()
        return row and row[0]

    def put_target(self, value):
        with self.db() as db:
            db.execute("INSERT INTO meta (k, v) VALUES ('site.target', ?) ON CONFLICT (k) DO UPDATE SET v = excluded.v", (value,))
        db.close()

    def asked(self):
        """The first question somebody gets, or what the page says instead."""
        v = Visitor("127.0.0.1", self.port)
        page = v.get("/")
        for _ in range(12):
            if re.search(r"^(At|For|Is it|Old) ", page.h1.strip()) or not page.forms:
                break
            page = v.press(page, v.onward(page))
        asked = page.h1.strip()
        for form in page.forms:
            if any(b["value"] == "stop" for b in form["buttons"]):
                v.press(page, "stop")
                break
        return asked

    def whom_to_call(self):
        """The page behind "Something is wrong"."""
        v = Visitor("127.0.0.1", self.port)
        page = v.press(v.get("/"), "wrong")
        v.press(page, "back")
        return page.text

    def goes_on(self):
        return self.process.poll() is None and Visitor("127.0.0.1", self.port).get("/healthz").status == 200


NAMES = {"the kiosk's": {"candour_outbox_records", "candour_outbox_oldest_hours", "candour_receipt_age_seconds", "candour_sync_failures"},
         "the centre's": {"candour_outbox_records", "candour_outbox_oldest_hours", "candour_receipt_age_seconds", "candour_batches", "candour_records", "candour_records_kept",
                          "candour_store_up", "candour_quarantine_bytes", "candour_bodies_erased", "candour_bundle_refused"}}


# By Debian's own Python, which has the Prometheus project's reader (python3-prometheus-client).
READER = """import json, sys
from prometheus_client.parser import text_string_to_metric_families
print(json.dumps([[f.name, f.type, [[s.name, sorted(s.labels.items())] for s in f.samples]] for f in text_string_to_metric_families(sys.stdin.read())]))"""


def read_metrics(port):
    """Names of the families: each with a type, in one run, no value twice. None: there is no reader."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as r:
        assert r.headers["Content-Type"].startswith("text/plain; version=0.0.4"), r.headers["Content-Type"]
        text = r.read().decode()
    if subprocess.run(["/usr/bin/python3", "-c", "import prometheus_client.parser"], capture_output=True).returncode != 0:
        print("SKIP: python3-prometheus-client is not installed")
        return None
    families = json.loads(subprocess.run(["/usr/bin/python3", "-c", READER], input=text, capture_output=True, text=True, check=True).stdout)
    names, samples = [f[0] for f in families], [str(s) for f in families for s in f[2]]
    assert len(names) == len(set(names)) and all(f[1] in ("counter", "gauge") for f in families), names
    assert samples and len(samples) == len(set(samples)), samples
    return names


def publish(place, kind, serial, files, site=None, device=None):
    out = f"{place.top}/{kind}-{serial}.bundle"
    place.candour("bundle", "make", kind, "--publish-key", f"{place.keys}/publish.key", "--serial", str(serial), *(["--site", site] if site else []), *(["--device", device] if device else []), "--out", out, *files)
    place.candour("bundle", "post", out, "--centre", place.centre)
    with open(out, "rb") as f:
        return f.read()


def main():
    score, top, place = Score(), tempfile.mkdtemp(prefix="candour-target-"), None
    try:
        place = Place(top, os.path.abspath(sys.argv[1]))
        place.start_aggregator()
        xml = place.candour("form", "convert", "forms/library/satisfaction.csv")
        first = re.search(r"<value>([^<]*\?)</value>", xml)[1]

        def form(question):
            folder = f"{top}/{question.replace(' ', '-').replace('?', '')}"
            os.makedirs(folder, exist_ok=True)
            with open(f"{folder}/satisfaction.xml", "w") as f:
                f.write(xml.replace(first, question))
            return f"{folder}/satisfaction.xml"

        elm, oak = Box(place, "elm"), Box(place, "oak")
        rings = iter(range(2, 50))

        def arrives(box, what, word):
            place.ring(next(rings))	# the aggregator looks again at what there is
            for b in (elm, oak):
                place.put(b.folder, 1)
            wait_for(f"{box.name}: {what}", 120, lambda: word in box.log())

        score.check(f"no questions yet: {elm.asked()!r}", not re.match("At|For", elm.asked()))
        bytes_all = publish(place, "forms", 1, [form("For everybody?")])
        bytes_oak = publish(place, "forms", 2, [form("At oak?")], "oak")
        bytes_elm = publish(place, "forms", 3, [form("At elm?")], "elm")
        with open(f"{top}/tea.notice", "w") as f:
            f.write("from = 2020-01-01\nuntil = 2099-01-01\nsaid.en = Tea at elm is cold.\ndid.en = We bought pots.\n")
        bytes_tea = publish(place, "notices", 4, [f"{top}/tea.notice"], "elm")
        arrives(elm, "its own questions", "bundle=3")
        wait_for("elm has its notice", 120, lambda: "notices=1 bundle=4" in elm.log())
        wait_for("oak has its own questions", 120, lambda: "bundle=2" in oak.log())
        score.check(f"each site's own reach its kiosk: {elm.asked()!r} {oak.asked()!r}", (elm.asked(), oak.asked()) == ("At elm?", "At oak?"))
        notices = [Visitor("127.0.0.1", b.port).get("/notices").text for b in (elm, oak)]
        score.check("a notice for elm is shown at elm alone", "Tea at elm" in notices[0] and "Tea at elm" not in notices[1])
        score.check("sync has told both kiosks whose they are", len(elm.target() or b"") == len(oak.target() or b"") == 16 and elm.target() != oak.target())

        # Nonsense, while it runs. Its own questions are not found by that; everybody's, put there too, are older than what
        # was in force: that they are refused tells that the kiosk has looked.
        place.stop("sync-elm")
        place.stop("sync-oak")
        right, before = elm.target(), {b.name: len(b.log()) for b in (elm, oak)}
        for b in (elm, oak):
            with b.db() as db:
                db.execute("INSERT OR REPLACE INTO bundle (kind, target, serial, bytes) VALUES (?, zeroblob(16), 1, ?)", (FORMS, bytes_all))
            db.close()
            b.put_target(NONSENSE[b.name])
        for b, question in ((elm, "At elm?"), (oak, "At oak?")):
            wait_for(f"{b.name} looked", 60, lambda: "forms bundle 1 is older than" in b.log()[before[b.name]:])
            score.check(f"{b.name}: with a target that is nonsense what was in force is asked", b.asked() == question)
            score.check(f"{b.name}: the kiosk goes on, and says what it refused", b.goes_on() and b.refused() == 1)
        score.check("the notice is still shown", "Tea at elm" in Visitor("127.0.0.1", elm.port).get("/notices").text)

        # A bundle of oak's where its own would be; a notice whose target was changed to the box's.
        forged = bytearray(bytes_tea)
        forged[8] ^= 1
        other, before = bytes(forged[8:24]), len(elm.log())
        with elm.db() as db:
            db.execute("BEGIN")
            db.execute("UPDATE bundle SET bytes = ?, target = ? WHERE kind = ? AND target = ?", (bytes_oak, other, FORMS, right))
            db.execute("UPDATE bundle SET bytes = ?, target = ? WHERE kind = ?", (bytes(forged), other, NOTICES))
            db.execute("UPDATE meta SET v = ? WHERE k = 'site.target'", (other,))
            db.execute("COMMIT")
        wait_for("oak's questions are refused at elm", 60, lambda: "bundle 2 is meant for others" in elm.log()[before:])
        wait_for("the changed notice is refused", 60, lambda: "bundle 4 is not signed" in elm.log()[before:])
        score.check("what was in force is asked", elm.asked() == "At elm?")
        score.check("and the notice is shown", "Tea at elm" in Visitor("127.0.0.1", elm.port).get("/notices").text)

        # Put right again: taken up, and after a restart too.
        with elm.db() as db:
            db.execute("BEGIN")
            for kind, raw in ((FORMS, bytes_elm), (NOTICES, bytes_tea)):
                db.execute("UPDATE bundle SET bytes = ?, target = ? WHERE kind = ? AND target = ?", (raw, right, kind, other))
            db.execute("UPDATE meta SET v = ? WHERE k = 'site.target'", (right,))
            db.execute("COMMIT")
        db.close()
        score.check("the kiosk stops with 0", place.stop("kiosk-elm") == 0)
        elm.start()
        wait_for("its forms", 60, lambda: elm.asked() == "At elm?")
        score.check("put right: asked after a restart", elm.asked() == "At elm?")
        score.check("nothing is said to be refused any more", elm.refused() == 0)
        # Forms that it cannot load, of a later version, say: those before them are asked, after a restart too, and it is said.
        with elm.db() as db:
            db.execute("UPDATE bundle SET previous = bytes, serial = 4, bytes = ? WHERE kind = ? AND target = ?", (b"CBND\x02" + bytes_elm[5:], FORMS, right))
        db.close()
        wait_for("the kiosk says what it could not load", 60, lambda: elm.refused() == 4)
        score.check("the kiosk stops with 0", place.stop("kiosk-elm") == 0)
        elm.start()
        wait_for("its forms", 60, lambda: elm.asked() == "At elm?")
        score.check("forms that do not load leave those before them, after a restart too", elm.asked() == "At elm?" and elm.refused() == 4)
        place.start_sync(elm.folder, "sync-elm")
        place.put(elm.folder, 1)
        wait_for("the centre knows", 60, lambda: "could not use bundle 4" in place.candour("status", place.centre))
        score.check("and says so, for that box alone", place.candour("status", place.centre).count("could not use") == 1)
        place.stop("sync-elm")
        with elm.db() as db:
            db.execute("UPDATE bundle SET bytes = previous, serial = 3 WHERE kind = ? AND target = ?", (FORMS, right))
        db.close()
        # Sync says it anew with the next bundle it takes.
        elm.put_target(b"nonsense")
        place.start_sync(elm.folder, "sync-elm")
        publish(place, "forms", 5, [form("Is it mended?")], "elm")
        arrives(elm, "the next of its own", "bundle=5")
        score.check("the next bundle mends the target and is asked", elm.target() == right and elm.asked() == "Is it mended?")

        # A box that is enrolled later gets what was there for its site, though a newer one for everybody is there.
        publish(place, "forms", 6, [form("For ash, before it was there?")], "ash")
        publish(place, "forms", 8, [form("For everybody again?")])
        r = place.candour("bundle", "post", f"{top}/forms-6.bundle", "--centre", place.centre, ok=False)
        score.check(f"one that boxes would never ask for is not posted: {r.stderr!r}", r.returncode == 1 and "8 is there already" in r.stderr and "make this bundle again" in r.stderr)
        ash = Box(place, "ash")
        wait_for("ash has both", 120, lambda: ash.forms() == [6, 8])
        wait_for("and asks its own", 60, lambda: ash.asked() == "For ash, before it was there?")
        score.check("a box that comes later asks what its site asks", True)
        arrives(elm, "everybody's", "")
        wait_for("elm has everybody's", 120, lambda: elm.forms() == [5, 8])
        score.check("elm goes on with its own", elm.asked() == "Is it mended?")
        # Of two for one site the box that comes last needs the newest only; one for a box stands above its site's.
        mine = place.device_id("ash")
        publish(place, "forms", 9, [form("For this box?")], device=mine)
        r = place.candour("bundle", "make", "forms", "--publish-key", f"{place.keys}/publish.key", "--serial", "9", "--site", "ash", "--out", f"{top}/level.bundle", form("Never?"))
        r = place.candour("bundle", "post", f"{top}/level.bundle", "--centre", place.centre, ok=False)
        score.check(f"nor one for its site at the serial of its own: {r.stderr!r}", r.returncode == 1 and "the box at ash is given serial 9 already" in r.stderr)
        arrives(ash, "its own", "bundle=9")
        wait_for("and asks it", 60, lambda: ash.asked() == "For this box?")
        score.check("a box's own stand above its site's", ash.forms() == [6, 8, 9])
        # Settings: for elm alone, over those of its own file, while it runs and after a restart; what cannot be sent is not made.
        with open(f"{top}/settings.conf", "w") as f:
            f.write("numbers = Night desk of elm: 01234 567890\n")
        publish(place, "settings", 20, [f"{top}/settings.conf"], "elm")
        arrives(elm, "its settings", "settings=taken bundle=20")
        score.check("the number that was sent is shown", "Night desk of elm" in elm.whom_to_call() and "Night desk" not in oak.whom_to_call())
        with open(f"{top}/settings.conf", "w") as f:
            f.write("# shorter\nwithdraw_days = 1\n")
        r = place.candour("bundle", "make", "settings", "--publish-key", f"{place.keys}/publish.key", "--out", f"{top}/never.bundle", f"{top}/settings.conf", ok=False)
        score.check(f"what cannot be sent is refused with its line: {r.stderr!r}", r.returncode == 1 and "settings.conf:2: withdraw_days cannot be sent" in r.stderr
                    and not os.path.exists(f"{top}/never.bundle"))
        place.stop("kiosk-elm")
        elm.start()
        score.check("after a restart too", "Night desk of elm" in elm.whom_to_call())

        for what, port in (("the kiosk's", elm.port), ("the centre's", place.status_port)):
            said = read_metrics(port)
            score.check(f"{what} metrics: {said}", said is None or NAMES[what] <= set(said))

        # An order of the centre takes a box out of service, and no other; without one its screen goes on.
        place.candour("device", "revoke", mine, "--publish-key", f"{place.keys}/publish.key", "--centre", place.centre)
        place.candour("device", "revoke", place.device_id("oak"), "--centre", place.centre)
        place.start_sync(oak.folder, "sync-oak")
        for b in (ash, oak):
            place.put(b.folder, 1)
            wait_for(f"{b.name} hears that it is revoked", 90, lambda: "taken out of service" in place.candour("status", b.folder))
        wait_for("ash accepts nothing more", 60, lambda: "alarm=revoked" in ash.log() and not re.match("For", ash.asked()))
        said = {b.name: place.candour("status", b.folder) for b in (ash, oak)}
        score.check(f"said on the box: {said}", "accepts nothing more" in said["ash"] and "Take its screen away" in said["oak"])
        score.check("oak's screen goes on, and elm's", oak.asked() == "At oak?" and elm.asked() == "Is it mended?")
        said = place.candour("status", place.centre)
        score.check(f"said at the centre: {said}", said.count("out of service (revoked)") == 2)
        place.stop("kiosk-ash")
        ash.start()
        score.check("after a restart too", not re.match("For", ash.asked()) and Visitor("127.0.0.1", ash.port).get("/healthz").status == 503)
        codes = place.stop_all()
        score.check(f"all stop with 0: {codes}", not any(codes.values()))
    except Exception as e:
        score.check(f"{type(e).__name__}: {e}", False)
        for n in ("aggregator", "sync-elm", "kiosk-elm", "kiosk-oak", "sync-ash", "kiosk-ash"):
            if place and os.path.exists(f"{top}/{n}.log"):
                print(n, place.log(n)[-1500:])
    finally:
        if place:
            place.close()
        shutil.rmtree(top, ignore_errors=True)
    return score.end()


if __name__ == "__main__":
    sys.exit(main())
