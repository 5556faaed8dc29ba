#!/usr/bin/env python3
"""What of an answer is left in the kiosk's memory, and in its files, once the visit is over: people answer, stop, change
their mind, raise a concern, post too much; the kiosk then stands idle; then every byte of memory it can write (and a
core, where gcore is there) and every file of the site is searched for each word they typed.

    memory.py BUILD SECONDS     (idle; `make memory` waits the minute, `make test` less)

A build without sanitizers: those keep freed memory on purpose."""
import glob
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "chain"))
from chain import sensible  # noqa: E402
from stack import Stack  # noqa: E402
from visitor import Lost, Visitor  # noqa: E402

passed = failed = 0


def check(what, ok):
    global passed, failed
    if ok:
        passed += 1
    else:
        failed += 1
        print(f"FAIL {what}", flush=True)


def words(rng, tag, n):
    """N words that stand nowhere else, each with TAG in its middle: half a page that is left shows as well as a whole one."""
    def letters(k):
        return "".join(rng.choice("bcdfghjklmnpqrstvwxz") for _ in range(k))
    return [letters(2) + tag + letters(4) for _ in range(n)]


def image(pid):
    """Every byte of the process's memory that is its own to write, frozen while it is read; and a core, which has the
    threads' registers as well."""
    out = []
    if shutil.which("gcore"):
        with tempfile.TemporaryDirectory() as d:
            subprocess.run(["gcore", "-o", f"{d}/core", str(pid)], capture_output=True)
            for core in glob.glob(f"{d}/core*"):
                with open(core, "rb") as f:
                    out.append(f.read())
    os.kill(pid, signal.SIGSTOP)
    try:
        with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
            for line in maps:
                m = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S{4})", line)
                if m is None or m.group(3)[0] != "r" or line.rstrip().endswith(("[vvar]", "[vsyscall]", "[vdso]")):
                    continue
                start, end = int(m.group(1), 16), int(m.group(2), 16)
                if m.group(3)[1] != "w" and "/" in line:
                    continue	# the program itself
                try:
                    mem.seek(start)
                    while start < end:
                        part = mem.read(min(1 << 20, end - start))
                        if not part:
                            break
                        out.append(part if part.strip(b"\0") else b"")
                        start += len(part)
                except OSError:
                    pass	# guard pages
    finally:
        os.kill(pid, signal.SIGCONT)
    return b"\0".join(out)


def left(where, tag):
    """How often TAG is in WHERE, as UTF-8 or UTF-16."""
    return where.count(tag.encode()) + where.count(tag.encode("utf-16-le"))


def to_text(v, page, text):
    """On to the page that asks for words, with nothing typed yet."""
    rng = random.Random(3)
    for _ in range(30):
        if any(f["type"] == "textarea" for form in page.forms for f in form["fields"]):
            return page
        answers = v.answers(page, rng, text)
        sensible(page, answers)
        page = v.press(page, v.onward(page), answers)
    raise Lost("no page asks for words")


def typed(v, page, text):
    name = next(f["name"] for form in page.forms for f in form["fields"] if f["type"] == "textarea")
    return v.press(page, v.onward(page), {**v.answers(page, random.Random(3), text), name: text})


def on_to(v, page, name, text):
    """To the page with a button NAME."""
    for _ in range(30):
        if any(b["value"] == name for form in page.forms for b in form["buttons"]):
            return page
        answers = v.answers(page, random.Random(3), text)
        sensible(page, answers)
        page = v.press(page, v.onward(page), answers)
    raise Lost(f"no page with {name}")


def main():
    build, idle = os.path.abspath(sys.argv[1]), float(sys.argv[2])
    seed = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 31)))
    print(f"seed {seed}", flush=True)
    rng = random.Random(seed)
    top, stack = tempfile.mkdtemp(prefix="candour-memory-"), None
    marks, memory = {}, None
    try:
        stack = Stack(os.path.join(top, "stack"), build)
        stack.start()

        def visitor(what, n=60):
            marks[what] = "".join(rng.choice("bcdfghjklmnpqrstvwxz") for _ in range(7))
            return Visitor("127.0.0.1", stack.kiosk_port), " ".join(words(rng, marks[what], n))

        v, text = visitor("a visit that was sent")
        thanks = v.visit(text, random.Random(1), sensible)
        check("thanked", thanks.name == "thanks")
        shown = re.findall(r"[a-z]{3,}", re.sub(r"<[^>]*>", " ", thanks.text))
        check("the thanks page says words for withdrawing", len(shown) > 3)

        v, text = visitor("one that was stopped on the page of the words")
        page = typed(v, to_text(v, v.get("/"), text), text)
        page = v.press(page, "stop")
        check("stopped", page.name == "attract")

        v, text = visitor("one that was stopped at the review")
        page = on_to(v, typed(v, to_text(v, v.get("/"), text), text), "send", text)
        check("the review shows the words", marks["one that was stopped at the review"] in page.text)
        page = v.press(page, "stop")
        check("stopped", page.name == "attract")

        v, text = visitor("words that are too many", 900)
        page = to_text(v, v.get("/"), text)
        page = typed(v, page, text)
        check("too many are met with a page", page.status in (200, 400, 413, 422))
        try:
            page = v.press(page, "stop")
        except Lost:
            page = v.get("/")

        v, text = visitor("words that were changed")
        page = to_text(v, v.get("/"), text)
        page = typed(v, page, text)
        page = v.press(page, "back")
        page = typed(v, to_text(v, page, "Fine."), "Fine.")
        page = on_to(v, page, "send", "Fine.")
        check("the review has the new words", marks["words that were changed"] not in page.text)
        page = v.press(page, "send")
        check("thanked", page.name == "thanks")
        v.press(page, v.onward(page))

        v, text = visitor("a concern")
        page = v.press(to_text(v, v.get("/"), text), "wrong")
        page = v.press(page, "complaint")
        for _ in range(12):
            if not any(f["type"] == "textarea" or f["name"] == "page" for form in page.forms for f in form["fields"]):
                break
            answers = v.answers(page, random.Random(3), text)
            page = v.press(page, "next", answers)
        check("the concern was taken", "It is locked" in page.text)
        page = v.press(page, v.onward(page))
        v.press(page, "stop")

        # No page is asked for from here on: idle as after the last visitor of the day.
        pid = stack.daemons["kiosk"].process.pid
        time.sleep(idle)
        try:
            memory = image(pid)
            # The promise is the minute: a machine that is slow may take all of it.
            while any(left(memory, m) for m in marks.values()) and idle < 60:
                time.sleep(5)
                idle += 5
                memory = image(pid)
        except PermissionError:
            print("SKIP: this user may not read the memory of another process")
            memory = None
        if memory is not None:
            check(f"the image holds the process's memory ({len(memory) >> 20} MiB)", len(memory) > 4 << 20 and b"candour" in memory)
            for what, m in marks.items():
                check(f"{what}: {left(memory, m)} of its words are in the kiosk's memory", left(memory, m) == 0)
        sites = os.path.join(stack.dir, "sites")
        kept = {}
        for base, _, files in os.walk(sites):
            for name in files:
                with open(os.path.join(base, name), "rb") as f:
                    kept[name] = kept.get(name, b"") + f.read()
        check(f"site.db, its WAL and -shm were there: {sorted(kept)}", {"site.db", "site.db-wal", "site.db-shm"} <= set(kept))
        for what, m in marks.items():
            found = [n for n, b in kept.items() if left(b, m)]
            check(f"{what}: in files {found}", not found)
        with open(os.path.join(stack.dir, "kiosk.log"), "rb") as f:
            log = f.read()
        check("nor in the log", not [m for m in marks.values() if left(log, m)])
        # That the search finds what is there: somebody in the middle of a visit.
        if memory is not None:
            v, text = visitor("a visit under way")
            typed(v, to_text(v, v.get("/"), text), text)
            check("a visit under way is in memory", left(image(pid), marks["a visit under way"]) >= 60)
    except (Lost, AssertionError, StopIteration, OSError) as e:
        check(f"{type(e).__name__}: {e} (line {e.__traceback__.tb_lineno})", False)
    finally:
        if stack:
            stack.stop()
        shutil.rmtree(top, ignore_errors=True)
    print(f"{passed} passed, {failed} failed" + ("" if memory is not None else ", 1 skipped"))
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
