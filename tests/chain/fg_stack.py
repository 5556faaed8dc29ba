"""A whole stack for the walk of focus groups: fg_stack.py BUILD brings one up, prints one line of JSON (where the site
is, the kiosk's port), then answers one line a question on standard input: "facts RECORD" waits for the record and
prints what indicators says of it; "room TEXT" opens the reading room and says whether TEXT is read there. The end of
the input stops everything."""
import http.cookiejar
import json
import re
import sqlite3
import sys
import tempfile
import urllib.parse
import urllib.request

sys.path.insert(0, "tests/chain")
import stack as stacks  # noqa: E402


def facts(stack, after):
    """Rows of facts.db of the only record: (definition, item, bucket, num, people)."""
    db = sqlite3.connect(f"file:{stack.about['facts']}?mode=ro", uri=True, timeout=20)
    try:
        return db.execute("SELECT d.id, f.item, b.keys, f.num, f.people FROM fact f JOIN definition d USING (def) JOIN bucket b "
                          "ON b.bucket = f.bucket AND b.def = f.def WHERE f.sign = 1 ORDER BY d.id, f.item").fetchall()
    except sqlite3.OperationalError:
        return []
    finally:
        db.close()


def cells(stack, definitions):
    db = sqlite3.connect(f"file:{stack.about['facts']}?mode=ro", uri=True, timeout=20)
    try:
        return db.execute("SELECT d.id, c.item, c.n, c.num FROM cell c JOIN definition d USING (def)").fetchall()
    finally:
        db.close()


class Room:
    """The reading room, signed in as the analyst."""

    def __init__(self, stack):
        self.url = f"http://127.0.0.1:{stack.room_port}"
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        page = self.get("/sign-in")
        token = re.search(r'name="t" value="([^"]*)"', page)
        fields = {"name": "analyst", "password": stack.about["analyst"]}
        if token:
            fields["t"] = token.group(1)
        self.opener.open(urllib.request.Request(f"{self.url}/sign-in", urllib.parse.urlencode(fields).encode()), timeout=30).read()

    def get(self, path):
        with self.opener.open(f"{self.url}{path}", timeout=60) as r:
            return r.read().decode()


def main():
    with tempfile.TemporaryDirectory(prefix="candour-fg-") as folder:
        stack = stacks.Stack(f"{folder}/stack", sys.argv[1])
        try:
            stack.start()
            print(json.dumps({"site": stack.about["sites"][0], "port": stack.kiosk_port}), flush=True)
            for line in sys.stdin:
                verb, _, rest = line.strip().partition(" ")
                if verb == "facts":
                    rows = stacks.wait_for("the facts of the session", 120, lambda: facts(stack, rest))
                    print(json.dumps({"facts": rows, "cells": cells(stack, rest)}), flush=True)
                elif verb == "room":
                    page = Room(stack).get("/comments?site=elm-house")
                    print(json.dumps({"found": page.count(rest), "page": len(page), "start": page[:200]}), flush=True)
        finally:
            stack.stop()


main()
