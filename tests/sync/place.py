"""A centre and sites in a folder, for tests of the link between them: made with the real commands, the daemons
started, killed and looked into from here. Python's standard library only."""
import os
import random
import socket
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from watch import watch  # noqa: E402


def wait_for(what, seconds, check):
    until = time.monotonic() + seconds
    while True:
        v = check()
        if v:
            return v
        if time.monotonic() > until:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


def free_port():
    """Not one that the kernel gives to connections going out: nobody takes it between now and its use."""
    for port in random.SystemRandom().sample(range(15000, 31000), 1000):
        try:
            with socket.socket() as s:
                s.bind(("127.0.0.1", port))
                return port
        except OSError:
            continue
    raise RuntimeError("no free port")


class Place:
    def __init__(self, top, build, store=None):
        self.top, self.build, self.store = watch.folder(top), build, store
        self.centre, self.keys = f"{top}/centre", f"{top}/keys"
        self.port, self.status_port = free_port(), free_port()
        self.daemons = {}
        os.makedirs(self.keys)
        self.run("tests/sync/tool_keys", "-", self.keys)
        extra = ["--store", store] if store else []
        self.candour("centre", "init", self.centre, "--root", f"{self.keys}/root.key", "--host", "localhost", "--devices", f"127.0.0.1:{self.port}",
                     "--pages", f"127.0.0.1:{free_port()}", "--status", f"127.0.0.1:{self.status_port}", "--batches-a-minute", "0", *extra)
        self.ring(1)

    def ring(self, serial):
        self.run("tests/sync/tool_keys", self.centre, self.keys, str(serial))
        self.candour("centre", "ring", self.centre, f"{self.keys}/ring")

    def run(self, program, *args, **kw):
        return subprocess.run([f"{self.build}/{program}", *args], check=True, capture_output=True, stdin=subprocess.DEVNULL, **kw).stdout

    def candour(self, *args, ok=True):
        r = subprocess.run([f"{self.build}/candour", *args], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
        if ok and r.returncode != 0:
            raise AssertionError(f"candour {' '.join(args)}: {r.stderr}")
        return r.stdout if ok else r

    def start(self, name, *command, log=None):
        with open(log or f"{self.top}/{name}.log", "ab") as out:
            self.daemons[name] = watch.began(subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL))
        return self.daemons[name]

    def start_aggregator(self, conf=None, name="aggregator", port=None):
        self.start(name, f"{self.build}/candour-aggregator", "-c", conf or f"{self.centre}/aggregator.conf")
        wait_for("the aggregator listens", 30, lambda: self.listens(port or self.port))

    @staticmethod
    def listens(port):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=2).close()
            return True
        except OSError:
            return False

    def stop(self, name, sig=15):
        p = self.daemons.pop(name)
        p.send_signal(sig)
        code = p.wait(30)
        watch.ended(p)
        return code

    def stop_all(self):
        return {n: self.stop(n) for n in list(self.daemons)}

    def close(self):
        """What still runs is killed."""
        for p in self.daemons.values():
            p.kill()
            p.wait()
            watch.ended(p)
        self.daemons = {}

    def log(self, name):
        with open(f"{self.top}/{name}.log", errors="replace") as f:
            return f.read()

    def invite(self, site):
        return self.candour("site", "invite", site, "--host", "localhost", "--port", str(self.port), "--centre", self.centre).splitlines()[-1]

    def site(self, name, send_every=1):
        folder = f"{self.top}/{name}"
        self.candour("site", "init", folder, "--send-every", str(send_every), "--concern-slot", "3600")
        self.enrol(folder, name)
        return folder

    def enrol(self, folder, name):
        out = self.candour("site", "enrol", folder, self.invite(name), "--no-wait")
        finger = next(x.split(" ", 1)[1] for x in out.splitlines() if x.startswith("fingerprint"))
        self.candour("device", "approve", name, "--fingerprint", finger, "--centre", self.centre)
        self.candour("site", "enrol", folder)

    def device_id(self, site, state="approved"):
        return next(x.split()[0] for x in self.candour("device", "list", "--centre", self.centre).splitlines() if x.split()[2] == site and x.split()[1] == state)

    def start_sync(self, folder, name):
        self.start(name, f"{self.build}/candour-sync", "-c", f"{folder}/sync.conf")

    def put(self, folder, n, text="<data><q1>5</q1></data>"):
        return self.run("tests/sync/tool_put", folder, str(n), text).decode().split()

    def ask(self, query, *args):
        db = sqlite3.connect(f"file:{self.centre}/aggregator.db?mode=ro", uri=True, timeout=20)
        try:
            return db.execute(query, args).fetchall()
        finally:
            db.close()

    def kept(self):
        """Ids of sealed answers at the centre, with repetition if that were possible."""
        return [r for (r,) in self.ask("SELECT lower(hex(id)) FROM record WHERE kind = 0 AND lane = 0")]


class Score:
    """Counts checks; the last line is what tools/run-tests.sh reads."""

    def __init__(self):
        self.passed = self.failed = 0
        self.seed = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 31)))
        print(f"seed {self.seed}", flush=True)

    def check(self, what, ok):
        if ok:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAIL {what}", flush=True)

    def end(self):
        print(f"{self.passed} passed, {self.failed} failed")
        return 0 if self.failed == 0 and self.passed > 0 else 1
