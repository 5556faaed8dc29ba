#!/usr/bin/env python3
"""What people wrote behind "Something is wrong", from a real kiosk to who holds a concern key: pulled once, sealed in the folder, readable with
that key alone, in words; late ones are said; the centre is told what was pulled, and only that. concern.py BUILD"""
import http.client
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from place import Place, Score, free_port, wait_for  # noqa: E402

MARK = "ZZNIGHTZZ"


class Visitor:
    """Cookie and token, as a browser keeps them."""

    def __init__(self, port):
        self.port, self.cookie, self.body = port, "", ""

    def ask(self, method, path, fields=None):
        for _ in range(10):
            c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            c.request(method, path, urllib.parse.urlencode(fields) if fields else None,
                      {"Cookie": self.cookie, **({"Content-Type": "application/x-www-form-urlencoded"} if fields else {})})
            r = c.getresponse()
            self.body = r.read().decode()
            for line in r.headers.get_all("Set-Cookie") or []:
                self.cookie = line.split(";")[0]
            c.close()
            if r.status != 303:
                return
            method, path, fields = "GET", r.headers["Location"], None

    def press(self, go, **fields):
        self.ask("POST", "/s", {"go": go, "t": re.search('name="t" value="([0-9a-f]*)"', self.body).group(1), **fields})


def raise_concern(v, kind, words, contact):
    v.press("wrong")
    v.press(kind)
    for _ in range(8):
        if "<textarea" in v.body:
            v.press("next", a0=words)
        elif 'class="field line"' in v.body:
            v.press("next", a0=contact)
    taken = "We have your message" in v.body
    v.press("next")
    return taken


def main():
    score, top, place = Score(), tempfile.mkdtemp(prefix="candour-concern-"), None
    try:
        place = Place(top, os.path.abspath(sys.argv[1]))
        place.start_aggregator()
        forms = f"{top}/forms"
        os.mkdir(forms)
        for form in ("visit", "satisfaction", "concern"):
            with open(f"{forms}/{form}.xml", "wb") as f:
                f.write(place.run("candour", "form", "convert", f"forms/library/{form}.csv"))
        elm, port = f"{top}/elm", free_port()
        place.candour("site", "init", elm, "--kiosk", f"127.0.0.1:{port}", "--forms", forms, "--send-every", "1", "--concern-slot", "1")
        place.enrol(elm, "elm")
        place.start("kiosk", f"{place.build}/candour-kiosk", "-c", f"{elm}/kiosk.conf")
        wait_for("the kiosk listens", 60, lambda: place.listens(port))
        place.start_sync(elm, "sync-elm")
        key, into = f"{place.keys}/concern.key", f"{top}/pulled"

        def pull(*more, ok=True):
            return place.candour("concern", "pull", "--key", key, "--centre", place.centre, *more, into, ok=ok)

        wait_for("dummies arrive", 120, lambda: place.ask("SELECT count(*) FROM record WHERE lane = 1")[0][0] > 0)
        score.check("dummies are no concerns", pull() == "0 new concerns.\n")
        score.check("said to be none", "No concerns were pulled" in place.candour("concern", "list", "--key", key, into))

        v = Visitor(port)
        v.ask("GET", "/")
        v.ask("POST", "/start", {"go": "start", "l": "en"})
        nasty = f"{MARK} he shouts\nat night \x9b31m and \u00e9"
        score.check("the kiosk takes one", raise_concern(v, "not_safe", nasty, "room 4"))
        score.check("and another", raise_concern(v, "complaint", "cold food", ""))
        told = f"{top}/told"
        with open(f"{top}/tell", "w") as f:
            f.write(f'#!/bin/sh\necho "$1 $2" >> {told}\n')
        os.chmod(f"{top}/tell", 0o755)
        got = []

        def both():
            got.append(pull("--notify", f"{top}/tell"))
            return len([x for x in os.listdir(into) if x.endswith(".concern")]) == 2

        wait_for("both are pulled", 180, both)
        words = "".join(got)
        score.check(f"said as they came: {words!r}", sum(int(x.split()[0]) for x in words.splitlines()) == 2)
        lines = open(told).read().split("\n")[:-1]
        score.check(f"the program was run for them alone: {lines}", sum(int(x.split()[0]) for x in lines) == 2 and all(x.endswith(into) for x in lines))
        score.check("once", pull() == "0 new concerns.\n")

        listed = place.candour("concern", "list", "--key", key, into)
        score.check(f"the list: {listed!r}", "I am not safe" in listed and "I want to complain" in listed and listed.count("elm  given ") == 2
                    and listed.count("nobody has noted anything") == 2 and "LATE" not in listed and MARK not in listed)
        ids = [x[:32] for x in os.listdir(into) if x.endswith(".concern")]
        shown = {i: place.candour("concern", "show", "--key", key, into, i[:8]) for i in ids}
        one = next(i for i in ids if MARK in shown[i])
        score.check(f"everything that was written: {shown[one]!r}", "What they want to tell us" in shown[one] and "    at night " in shown[one]
                    and "room 4" in shown[one] and "\u00e9" in shown[one])
        score.check("nothing moves the cursor", all(ord(c) >= 32 or c in "\n\t" for c in shown[one]) and "\x9b" not in shown[one])

        place.candour("concern", "note", "--by", "J. Evans", into, one[:6], "rang the home, she is safe")
        listed = place.candour("concern", "list", "--key", key, into)
        score.check(f"a note stands in the list: {listed!r}", "J. Evans" in listed and "rang the home" in listed and listed.count("nobody has noted") == 1)
        with open(f"{top}/rates.csv", "w") as f:
            f.write(place.candour("concern", "table", "--key", key, into))
        table = open(f"{top}/rates.csv").read()
        score.check(f"a table without words: {table!r}", table.startswith("concern_kind,_site,_day\n") and "not_safe,elm,20" in table and "complaint,elm,20" in table and MARK not in table)
        people = f"{top}/people"
        os.mkdir(people)
        for name in ("concern-rate.ind", "complaint-rate.ind"):
            shutil.copy(f"indicators/library/{name}", people)
        with open(f"{people}/people_supported.csv", "w") as f:
            f.write("site,from,until,n\nelm,2020-01-01,,40\n")
        rates = place.candour("indicator", "evaluate", "--forms", "forms/library", people, f"{top}/rates.csv")
        score.check(f"which the rates are made of: {rates!r}", "concern-rate@1" in rates and "complaint-rate@1" in rates and "\t25\t" in rates)

        # Long after: the folder says when it was pulled.
        for i in ids:
            with open(f"{into}/{i}.concern", "r+b") as f:
                text = re.sub(rb"pulled = [0-9]{10}", b"pulled = 1000000000", f.read(), count=1)
                f.seek(0)
                f.write(text)
        listed = place.candour("concern", "list", "--key", key, into)
        score.check(f"what nobody noted is late: {listed!r}", listed.count("LATE") == 1 and "3 working days" in listed)

        modes = {x: stat.S_IMODE(os.stat(f"{into}/{x}").st_mode) for x in os.listdir(into)}
        score.check(f"the folder is its owner's: {modes}", stat.S_IMODE(os.stat(into).st_mode) == 0o700 and set(modes.values()) == {0o600})
        found = subprocess.run(["grep", "-rl", MARK, into], capture_output=True, text=True).stdout
        score.check(f"and sealed: {found!r}", found == "")
        r = place.candour("concern", "list", "--key", f"{place.keys}/response.key", into, ok=False)
        score.check(f"another key opens nothing: {r.stderr!r}", r.returncode == 1 and MARK not in r.stdout)

        # The centre was told of all of it, the dummies too: nothing else tells them apart.
        hw = place.ask("SELECT max(seq) FROM entry WHERE lane = 1")[0][0]
        pull()
        told_seq = place.ask("SELECT max(seq) FROM pull WHERE lane = 1")[0][0]
        score.check(f"the centre knows up to where: {told_seq} of {hw}", told_seq >= hw)
        score.check("and says when they go", "Concerns go 30 days after" in place.candour("status", place.centre))

        # A holder whose key they were not sealed to reads nothing, and nothing goes because of it.
        place.run("candour", "key", "new", "--use", "concern", "--credential", f"{top}/other.key")
        pulls = place.ask("SELECT count(*), max(seq) FROM pull WHERE lane = 1")
        said = place.candour("concern", "pull", "--key", f"{top}/other.key", "--centre", place.centre, f"{top}/others")
        score.check(f"another holder is told: {said!r}", "0 new concerns" in said and "not sealed to this key" in said)
        score.check("and marks nothing as pulled", place.ask("SELECT count(*), max(seq) FROM pull WHERE lane = 1") == pulls)

        # A pull that was cut off: what is there already is passed over.
        os.remove(f"{into}/positions")
        score.check("from the start again, nothing twice", pull() == "0 new concerns.\n" and len([x for x in os.listdir(into) if x.endswith(".concern")]) == 2)
        good = open(f"{into}/positions").read()
        line = good.splitlines()[0]
        for bad in ("junk\n", f"{line.rsplit(' ', 1)[0]}\n7 {line}\n", f"{line} 1\n", f"{line[:66]}3 4\n", f"{line[:66]}-1 -1\n", "\0" * 200, "\xff" * 200):
            with open(f"{into}/positions", "w", encoding="latin-1") as f:
                f.write(good + bad)
            r = pull(ok=False)
            score.check(f"a broken position {bad[:90]!r} is named: {r.stderr!r}", r.returncode == 1 and f"positions:{good.count(chr(10)) + 1}:" in r.stderr and "Take the file away" in r.stderr)
        open(f"{into}/positions", "w").close()
        score.check("an empty one begins anew", pull() == "0 new concerns.\n" and open(f"{into}/positions").read() == good)
        for name, what in (("0" * 32, b""), ("1" * 32, b"\0" * 5000), ("2" * 32, b"candour-concern 1\nsite = \xff\npulled = x\n\n\xff"), ("3" * 32, b"candour-concern 1\n" + b"x" * 3000000)):
            with open(f"{into}/{name}.concern", "wb") as f:
                f.write(what)
        listed = place.candour("concern", "list", "--key", key, into)
        score.check(f"strangers in the folder are said, the others shown: {listed!r}", listed.count("cannot be read") == 4 and listed.count("elm  given ") == 2)
        for i in "0123":
            os.remove(f"{into}/{i * 32}.concern")
        before = open(f"{into}/notes", "rb").read()
        r = subprocess.run([f"{place.build}/candour", "concern", "note", "--by", "x", into, one[:6], b"\xff\xfe"], capture_output=True, text=True)
        score.check(f"a note that is no text: {r.stderr!r}", r.returncode == 1 and "UTF-8" in r.stderr and open(f"{into}/notes", "rb").read() == before)
        for args, want in ((("show", "--key", key, into, "zz"), "four characters"), (("show", "--key", key, into, "ffffffffffff"), "no such concern"),
                           (("note", "--by", "x", into, one[:6], "two\nlines"), "one line"), (("list", "--key", key, f"{top}/nowhere"), "nowhere")):
            r = place.candour("concern", *args, ok=False)
            score.check(f"{args[0]}: {r.stderr!r}", r.returncode == 1 and want in r.stderr)
        with open(f"{into}/{one}.concern", "r+b") as f:
            f.seek(-1, 2)
            last = f.read(1)
            f.seek(-1, 2)
            f.write(bytes([last[0] ^ 1]))
        listed = place.candour("concern", "list", "--key", key, into)
        score.check(f"a changed one is said, the other shown: {listed!r}", "cannot be read" in listed and "I want to complain" in listed)
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
    sys.exit(main())
