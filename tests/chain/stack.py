"""The four daemons of a made-up organisation, in a folder, for tests: set up by tools/stack.sh, then started,
killed and looked into from here. Standard library only."""
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import time
import urllib.request


def free_ports(n):
    """The first of N ports in a row that nobody uses now."""
    for base in random.sample(range(15000, 31000, n), 1000):
        socks = []
        try:
            for i in range(n):
                s = socket.socket()
                socks.append(s)
                s.bind(("127.0.0.1", base + i))
            return base
        except OSError:
            continue
        finally:
            for s in socks:
                s.close()
    raise RuntimeError("no free ports")


def wait_for(what, seconds, check):
    """Poll CHECK until it gives something true; its value. Fails after SECONDS."""
    until = time.monotonic() + seconds
    while True:
        v = check()
        if v:
            return v
        if time.monotonic() > until:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


class Daemon:
    def __init__(self, name, command, env, log):
        self.name, self.command, self.env, self.log, self.process, self.kills = name, command, env, log, None, 0

    def start(self):
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen(self.command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, env={**os.environ, **self.env})

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.kills += 1

    def has_begun(self):
        """Our programs hold SIGTERM back and wait for it, right after they began to ignore SIGPIPE; one that was started a
        moment ago may not have got there. (While they wait SigBlk does not show SIGTERM.)"""
        try:
            with open(f"/proc/{self.process.pid}/status") as f:
                ignored = next(x for x in f if x.startswith("SigIgn:"))
        except (OSError, StopIteration):
            return True
        return int(ignored.split()[1], 16) >> (signal.SIGPIPE - 1) & 1 == 1 or self.process.poll() is not None

    def stop(self):
        """SIGTERM; its exit status."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            for _ in range(1200):
                if self.has_begun():
                    break
                time.sleep(0.05)
            self.process.send_signal(signal.SIGTERM)
            try:
                return self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                return -9
        return self.process.returncode


class Stack:
    """tools/stack.sh setup made DIR; stack.json there says what to run and where it listens."""

    def __init__(self, folder, build, sites=1):
        self.dir = folder
        self.base = free_ports(16)
        subprocess.run(["bash", "tools/stack.sh", "setup", folder, str(self.base), build, str(sites)], check=True,
                       stdin=subprocess.DEVNULL, stdout=open(os.path.join(os.path.dirname(folder), "setup.log"), "wb"), stderr=subprocess.STDOUT)
        with open(os.path.join(folder, "stack.json")) as f:
            self.about = json.load(f)
        self.daemons = {d["name"]: Daemon(d["name"], d["command"], d.get("env", {}), os.path.join(folder, d["name"] + ".log")) for d in self.about["daemons"]}
        self.kiosk_port, self.pages_port = self.about["kiosk_port"], self.about["pages_port"]
        self.devices_port, self.room_port = self.about["devices_port"], self.about["room_port"]
        self.build = build

    def start(self):
        for d in self.daemons.values():
            d.start()
        self.ready()

    def ready(self):
        for port in (self.kiosk_port, self.pages_port, self.room_port):
            wait_for(f"healthz on {port}", 60, lambda: self.healthy(port))

    @staticmethod
    def healthy(port):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as r:
                return r.status == 200
        except OSError:
            return False

    def stop(self):
        """Stop all; {name: exit status}."""
        return {d.name: d.stop() for d in self.daemons.values()}

    def opened(self, field="comment"):
        """{record id: text of FIELD} of what is at the centre, opened with the response key."""
        out = subprocess.run([f"{self.build}/tests/chain/tool_open", self.about["store"], self.about["response_key"], self.about["form"], field],
                             check=True, capture_output=True, text=True).stdout
        return dict(line.split(" ", 1) for line in out.splitlines())

    def facts(self):
        """{record id: [(definition, item, sum of signs)]} of facts.db, and how often each record is there."""
        db = sqlite3.connect(f"file:{self.about['facts']}?mode=ro", uri=True, timeout=20)
        try:
            records = {}
            for (r,) in db.execute("SELECT lower(hex(record)) FROM record"):
                records[r] = records.get(r, 0) + 1
            facts = {}
            for r, d, n in db.execute("SELECT lower(hex(f.record)), d.id, sum(f.sign) FROM fact f JOIN definition d USING (def) GROUP BY f.record, d.id"):
                facts.setdefault(r, []).append((d, n))
            return records, facts
        finally:
            db.close()
