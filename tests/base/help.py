#!/usr/bin/env python3
"""Every subcommand of candour: --help exits 0 and prints its usage with an example on standard output; an option it does not
have exits 2 with one line on standard error that names the nearest; the options its help names are options it knows, and so
are those that the commands name in their own usage. help.py BUILD"""
import os
import re
import subprocess
import sys
import tempfile

passed = failed = 0


def check(what, ok):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    if not ok:
        print(f"FAIL {what}", flush=True)


def main():
    candour = os.path.abspath(f"{sys.argv[1]}/candour")
    with tempfile.TemporaryDirectory(prefix="candour-help-") as empty:
        def run(*words):
            # In an empty folder: nothing that is named is there.
            r = subprocess.run([candour, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=empty, timeout=60)
            return r.returncode, r.stdout, r.stderr

        def known(path, option):
            return "there is no option" not in run(*path.split(), "nowhere", option)[2]

        rc, out, err = run("help", "all")
        paths = out.split("\n")[:-1]
        check(f"candour help all: {len(paths)}", rc == 0 and len(paths) > 40 and err == "")
        for path in paths:
            words = path.split()
            if path != "verify":
                rc, out, err = run(*words, "--help")
                check(f"{path} --help: {rc} {err!r}", rc == 0 and err == "" and out.startswith(f"usage: candour {path} "))
                usage, _, example = out.partition("\nExample:\n")
                check(f"{path} --help: an example", "candour " in example)
                for option in sorted(set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", usage.split("\n\n")[0]))):
                    check(f"{path} has {option}", known(path, option))
            rc, out, err = run(*words, "--no-such-option")
            check(f"{path} --no-such-option: {rc} {err!r}", rc == 2 and out == "" and err.count("\n") == 1
                  and "--no-such-option" in err and f"(candour {path} --help)" in err)
        # The other way round: what a command's own usage names is known here.
        commands = re.findall(r"^  ([a-z]+) ", run("help")[1], re.M)
        check("there are commands", len(commands) > 10)
        for command in commands:
            rc, own, err = run(command, "-h")
            check(f"{command} -h: {rc} {err!r}", rc == 0 and err == "" and own.startswith(f"usage: candour {command}"))
            check(f"{command} has help", any(p.split()[0] == command for p in paths))
            for line in re.findall(rf"(?:usage: |^ +)candour {command} ([a-z]+)\b(.*)", own, re.M):
                path = f"{command} {line[0]}"
                check(f"{path} has help", path in paths)
                for option in set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", line[1])):
                    check(f"{path} has {option}, as its usage says", known(path, option))

        def near(want, *words):
            rc, out, err = run(*words)
            check(f"{' '.join(words)}: {rc} {err!r}", rc == 2 and out == "" and err.count("\n") == 1 and f"is it {want}?" in err)
        near("--host", "site", "invite", "oak", "--hots", "centre.example")
        near("--succeeds", "device", "approve", "oak", "--suceeds", "none")
        near("--password-file", "user", "add", "meera", "analyst", "--db", "x", "--password", "x")
        near("--no-wait", "site", "enrol", "DIR", "--nowait")
        near("--concern-slot", "site", "init", "DIR", "--concern")
        near("--centre", "device", "--center", "x", "list")
        near("--pin", "verify", "--pim", "x", "site.db")
        near("status", "statsu", "x")
        near("site", "sight", "init", "x")
        near("invite", "site", "invit", "x")
        near("repair", "site", "repare", "x")
        rc, out, err = run("frobnicate")
        check(f"nothing near: {err!r}", rc == 2 and err.count("\n") == 1 and "is it" not in err)
        check("what stands after an option is its value", "Example:" not in run("site", "init", "--kiosk", "--help")[1])
        check("candour help site init", run("help", "site", "init")[1].startswith("usage: candour site init "))
        rc, out, err = run()
        check("candour alone", rc == 2 and out == "" and err.startswith("usage: candour COMMAND"))
        check("nothing was made", os.listdir(empty) == [])
    print(f"{passed} passed, {failed} failed")
    return failed != 0 or passed < 200


if __name__ == "__main__":
    sys.exit(main())
